//! The events of the picture, each with its mark and its words.

use sut::time_text;
use svg::node::element::Group;

use super::draw::Canvas;
use super::label::{self, Part};
use super::lanes::Stretch;
use super::layout::{LEFT, NUMBERS, TIMES};
use super::parts::{self, Anchor, Point};
use super::plan::Row;
use super::{Scale, style};
use crate::trace::{ActionKind, Record};

/// On the scale of time, labels keep this distance.
const LABEL: i64 = 13;
/// How far words stay away from their event.
const BESIDE: i64 = 9;

/// An event as it is drawn.
struct Spot {
    at: Point,
    /// Whether it has a mark of its own: a lost message has its cross already.
    marked: bool,
    /// The new role and term of the node, if they change.
    badge: Option<String>,
    words: Vec<Part>,
    /// On which side the words stand: 1 is right, -1 is left.
    side: i64,
}

impl Spot {
    fn badge_width(&self) -> i64 {
        let badge = self.badge.as_deref();
        badge.map_or(0, |badge| parts::pill_width(badge) + 6)
    }

    /// How much room the words take.
    fn width(&self) -> i64 {
        BESIDE + self.badge_width() + parts::label_width(&self.words)
    }
}

impl Canvas<'_> {
    /// How far to the right words reach.
    pub(super) fn reach(&self) -> i64 {
        let spots = self.plan.rows.iter().enumerate().filter_map(|(row, what)| {
            let Row::Event(record) = what else {
                return None;
            };
            self.spot(record, row)
        });
        let right = spots.filter(|spot| spot.side > 0);
        right
            .map(|spot| spot.at.0 + spot.width())
            .max()
            .unwrap_or(0)
    }

    pub(super) fn events(&self) -> Group {
        let mut group = Group::new();
        let mut labelled = i64::MIN / 2;
        for (row, what) in self.plan.rows.iter().enumerate() {
            let y = self.layout.y(row);
            let room = self.options.scale == Scale::Even || y - labelled >= LABEL;
            if room {
                labelled = y;
            }
            let drawn = match what {
                Row::Names => self.names(Group::new(), y + 5),
                Row::World(change) => self.remark(change.time, y, "ink told", &change.text),
                Row::Folded { events, from, to } => {
                    let span = time_text::brief(to - from);
                    let text = format!("⋯ {events} events of idle heartbeats in {span}");
                    self.remark(*from, y, "dim halo", &text)
                }
                Row::Event(record) => self.event(record, row, room),
            };
            group = group.add(drawn);
        }
        group
    }

    fn remark(&self, time: u64, y: i64, class: &str, words: &str) -> Group {
        let words = parts::text((LEFT, y + 4), Anchor::Start, class, words);
        timed(Group::new(), time, y).add(words)
    }

    fn event(&self, record: &Record, row: usize, labelled: bool) -> Group {
        let mut group = parts::titled(&label::tooltip(record));
        let y = self.layout.y(row);
        if labelled {
            let number = format!("#{}", record.id);
            let number = parts::text((NUMBERS, y + 4), Anchor::End, "dim time", &number);
            group = timed(group, record.time, y).add(number);
        }
        let Some(spot) = self.spot(record, row) else {
            return group;
        };
        if spot.marked {
            group = group.add(mark(record, spot.at));
        }
        let ending = self.options.ending.as_ref();
        if ending.and_then(|ending| ending.event) == Some(record.id) {
            group = group.add(parts::dot(spot.at, 14, "ring"));
        }
        if labelled {
            words(group, record, &spot)
        } else {
            group
        }
    }

    fn spot(&self, record: &Record, row: usize) -> Option<Spot> {
        let flight = self.flights.iter().find(|flight| flight.end.0 == Some(row));
        let lane = self.plan.lane_of(record);
        let x = match (lane, flight) {
            (Some(lane), _) => self.layout.x(lane),
            (None, Some(flight)) => self.ends(flight).1.0,
            (None, None) => return None,
        };
        let changes = |lane: usize| {
            let begins = |stretch: &&Stretch| (stretch.lane, stretch.from) == (lane, row);
            let begun = self.stretches.iter().find(begins);
            begun.is_some_and(|stretch| row > 0 || stretch.status != self.initial[lane])
        };
        let mut words = label::label(record);
        if let Some(flight) = flight.filter(|flight| flight.start.0.is_none())
            && let Some(first) = words.first_mut()
        {
            let from = &self.plan.lanes[flight.start.1].name;
            first.text = format!("from {from}: {}", first.text);
        }
        let from_right = match (flight, lane) {
            (Some(flight), _) => self.layout.x(flight.start.1) > x,
            (None, Some(lane)) => self.plan.lanes[lane].clients,
            (None, None) => false,
        };
        // The dotted line shows the pause; the role is unchanged.
        let only_stands = matches!(record.action, ActionKind::Pause | ActionKind::Resume);
        let mut spot = Spot {
            at: (x, self.layout.y(row)),
            marked: lane.is_some(),
            badge: record
                .state
                .filter(|_| lane.is_some_and(changes) && !only_stands)
                .map(|state| label::badge(state.role, state.term)),
            words,
            side: 1,
        };
        // Where its message does not come from, if there is room.
        if from_right && x - spot.width() > LEFT - 8 {
            spot.side = -1;
        }
        Some(spot)
    }
}

fn timed(group: Group, time: u64, y: i64) -> Group {
    let time = time_text::micros(time);
    group.add(parts::text((TIMES, y + 4), Anchor::End, "dim time", &time))
}

/// Words stand a little above the arrows that leave their event.
fn words(mut group: Group, record: &Record, spot: &Spot) -> Group {
    let (x, y) = spot.at;
    let anchor = if spot.side > 0 {
        Anchor::Start
    } else {
        Anchor::End
    };
    if let Some(badge) = &spot.badge {
        let class = style::term(record.state.map_or(0, |state| state.term));
        let at = (x + spot.side * BESIDE, y - 4);
        group = group.add(parts::pill(at, anchor, badge, &class));
    }
    let at = (x + spot.side * (BESIDE + spot.badge_width()), y - 1);
    group.add(parts::label(at, anchor, &spot.words))
}

/// The mark on a lane at an event.
fn mark(record: &Record, at: Point) -> Group {
    if record.action == ActionKind::Crash {
        return Group::new().add(parts::cross(at));
    }
    let class = style::term(record.state.map_or(0, |state| state.term));
    Group::new()
        .set("class", class)
        .add(parts::dot(at, 4, "solid"))
}
