//! The positions of rows and lanes, in pixels.

use super::Scale;
use super::plan::{Plan, Row};

/// The ends of times and event numbers, and the start of labels.
pub(super) const TIMES: i64 = 78;
pub(super) const NUMBERS: i64 = 120;
pub(super) const LEFT: i64 = 132;

const FIRST_LANE: i64 = 320;
const RIGHT: i64 = 120;
const TOP: i64 = 118;
const ROW: i64 = 22;
/// The height of the legend, below the last row.
const LEGEND: i64 = 66;
/// The ending: its title, and each of its facts.
const ENDING: i64 = 40;
const FACT: i64 = 18;

/// The coordinates of a diagram.
pub(super) struct Layout {
    xs: Vec<i64>,
    ys: Vec<i64>,
    pub(super) width: i64,
    /// Where lanes end.
    pub(super) bottom: i64,
    pub(super) height: i64,
}

impl Layout {
    pub(super) fn new(plan: &Plan<'_>, scale: Scale, facts: Option<usize>) -> Self {
        let gap = match plan.lanes.len() {
            0..=4 => 190,
            5..=6 => 165,
            _ => 140,
        };
        let xs: Vec<_> = (0..plan.lanes.len())
            .map(|lane| FIRST_LANE + gap * length(lane))
            .collect();
        let ys = match scale {
            Scale::Even => (0..plan.rows.len())
                .map(|row| TOP + ROW * length(row))
                .collect(),
            Scale::Time => by_time(plan),
        };
        let bottom = ys.last().map_or(TOP, |last| last + ROW);
        let ending = facts.map_or(0, |facts| ENDING + FACT * length(facts));
        Self {
            width: xs.last().unwrap_or(&FIRST_LANE) + RIGHT,
            height: bottom + ending + LEGEND,
            xs,
            ys,
            bottom,
        }
    }

    /// Makes room for words that reach so far.
    pub(super) fn widen(&mut self, reach: i64) {
        self.width = self.width.max(reach + 16);
    }

    /// The middle of a lane.
    pub(super) fn x(&self, lane: usize) -> i64 {
        self.xs[lane]
    }

    /// The middle of a row; the end of the lanes for the row after the last.
    pub(super) fn y(&self, row: usize) -> i64 {
        self.ys.get(row).copied().unwrap_or(self.bottom)
    }

    /// Where lanes begin.
    pub(super) fn top(&self) -> i64 {
        TOP - 14
    }

    /// Where the legend stands.
    pub(super) fn legend(&self) -> i64 {
        self.height - LEGEND + 24
    }
}

/// As much height as with even rows, shared out by time.
fn by_time(plan: &Plan<'_>) -> Vec<i64> {
    let times = || plan.rows.iter().filter_map(Row::time);
    let (first, last) = (
        times().next().unwrap_or(0),
        times().next_back().unwrap_or(0),
    );
    let span = i128::from(last.saturating_sub(first)).max(1);
    let height = i128::from(ROW * length(plan.rows.len()));
    let mut y = TOP;
    let position = |row: &Row<'_>| {
        if let Some(time) = row.time() {
            let part = i128::from(time.saturating_sub(first)) * height / span;
            y = TOP + i64::try_from(part).unwrap_or(i64::MAX / 2);
        }
        y
    };
    plan.rows.iter().map(position).collect()
}

/// A number of things as a coordinate.
pub(super) fn length(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX / 1_000)
}
