//! The plan of a diagram: its lanes and its rows.

use std::collections::{BTreeMap, BTreeSet};

use super::Options;
use crate::trace::{ActionKind, Fate, Header, Line, Record, WorldChange};

/// The names of the lanes are repeated after this many rows.
const REPEAT: usize = 40;
/// Fewer idle events in a row than this have no row, only a count.
const WORTH_A_ROW: usize = 4;

/// The name of the lane of all clients.
pub(super) const CLIENTS: &str = "clients";

/// A column of the diagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lane {
    pub(super) name: String,
    pub(super) clients: bool,
}

/// One row of the diagram.
#[derive(Clone, Copy, Debug)]
pub(super) enum Row<'a> {
    /// The names of the lanes once more.
    Names,
    /// A change of the world.
    World(&'a WorldChange),
    /// Idle heartbeats, from the first to the last.
    Folded { events: u64, from: u64, to: u64 },
    /// An event.
    Event(&'a Record),
}

impl Row<'_> {
    /// When it happens, if it happens.
    pub(super) fn time(&self) -> Option<u64> {
        match self {
            Row::Names => None,
            Row::World(change) => Some(change.time),
            Row::Folded { from, .. } => Some(*from),
            Row::Event(record) => Some(record.time),
        }
    }
}

/// The rows and lanes of a diagram.
pub(super) struct Plan<'a> {
    pub(super) header: Option<&'a Header>,
    pub(super) lanes: Vec<Lane>,
    pub(super) rows: Vec<Row<'a>>,
    /// Before which row each line of the trace happens; the number of rows for those after all.
    pub(super) places: Vec<usize>,
    /// The number of lines of the trace up to the end of the diagram.
    pub(super) end: usize,
    /// The rows of events by their number.
    pub(super) row_of: BTreeMap<u64, usize>,
    /// Idle events that have no row.
    pub(super) passed_over: usize,
    /// Events that were asked for and are not drawn, before and after those that are.
    pub(super) left_out: (usize, usize),
}

impl<'a> Plan<'a> {
    pub(super) fn new(lines: &'a [Line], options: &Options) -> Self {
        let mut fates = fates(lines, options);
        let passed_over = pass_over(&mut fates);
        let (window, left_out) = window(&fates, lines, options);
        let mut plan = Self {
            header: lines.iter().find_map(|line| match line {
                Line::Header(header) => Some(header),
                _ => None,
            }),
            lanes: Vec::new(),
            rows: Vec::new(),
            places: Vec::with_capacity(lines.len()),
            end: 0,
            row_of: BTreeMap::new(),
            passed_over,
            left_out,
        };
        let mut since_names = 0;
        for (at, (line, fate)) in lines.iter().zip(&fates).enumerate() {
            let drawn = window.contains(&at) && *fate != Fate::Hidden;
            if drawn && since_names >= REPEAT && *fate == Fate::Shown {
                plan.rows.push(Row::Names);
                since_names = 0;
            }
            let before = plan.rows.len();
            if drawn {
                plan.add_row(line, *fate);
                plan.end = at + 1;
            }
            since_names += plan.rows.len() - before;
            plan.places.push(before);
        }
        plan.lanes = lanes(&plan, options);
        plan
    }

    fn add_row(&mut self, line: &'a Line, fate: Fate) {
        match (line, fate) {
            (Line::World(change), Fate::Shown) => self.rows.push(Row::World(change)),
            (Line::Event(record), Fate::Shown) => {
                self.row_of.insert(record.id, self.rows.len());
                self.rows.push(Row::Event(record));
            }
            (Line::Event(record), Fate::Folded) => match self.rows.last_mut() {
                Some(Row::Folded { events, to, .. }) => {
                    *events += 1;
                    *to = record.time;
                }
                _ => self.rows.push(Row::Folded {
                    events: 1,
                    from: record.time,
                    to: record.time,
                }),
            },
            _ => {}
        }
    }

    /// The lane on which an event happens; a lost message happens on none.
    pub(super) fn lane_of(&self, record: &Record) -> Option<usize> {
        match (&record.node, record.action) {
            (Some(node), _) => self.lane(node),
            (None, ActionKind::Drop) => None,
            (None, ActionKind::Call | ActionKind::Retry | ActionKind::GiveUp) => {
                self.lane(record.from.as_deref()?)
            }
            (None, _) => self.lane(record.to.as_deref()?),
        }
    }

    /// The lane of a node or client.
    pub(super) fn lane(&self, name: &str) -> Option<usize> {
        let own = self
            .lanes
            .iter()
            .position(|lane| lane.name == name && !lane.clients);
        let is_node = self
            .header
            .is_some_and(|header| header.nodes.iter().any(|node| node == name));
        match own {
            Some(own) => Some(own),
            None if is_node => None,
            None => self.lanes.iter().position(|lane| lane.clients),
        }
    }

    /// How many events are drawn.
    pub(super) fn events(&self) -> usize {
        self.row_of.len()
    }
}

/// The fate of each line. An idle event is drawn if a drawn message begins there, or if the run ended
/// there.
fn fates(lines: &[Line], options: &Options) -> Vec<Fate> {
    let mut fates: Vec<_> = lines.iter().map(|line| options.filter.fate(line)).collect();
    let mut needed: BTreeSet<u64> = lines
        .iter()
        .zip(&fates)
        .filter_map(|(line, fate)| match (line, fate) {
            (Line::Event(record), Fate::Shown) => record.cause,
            _ => None,
        })
        .collect();
    needed.extend(options.ending.as_ref().and_then(|ending| ending.event));
    for (line, fate) in lines.iter().zip(&mut fates) {
        if let Line::Event(record) = line
            && *fate == Fate::Folded
            && needed.contains(&record.id)
        {
            *fate = Fate::Shown;
        }
    }
    fates
}

/// Hides idle events that are few between those that are drawn. How many these are.
fn pass_over(fates: &mut [Fate]) -> usize {
    let mut hidden = 0;
    let (mut from, mut run) = (0, 0);
    for at in 0..=fates.len() {
        match fates.get(at) {
            Some(Fate::Folded) => run += 1,
            Some(Fate::Hidden) => {}
            Some(Fate::Shown) | None => {
                if run < WORTH_A_ROW {
                    hidden += run;
                    fates[from..at].fill(Fate::Hidden);
                }
                (from, run) = (at + 1, 0);
            }
        }
    }
    hidden
}

/// Which lines are drawn, by their places, and how many events before and after them are not.
fn window(
    fates: &[Fate],
    lines: &[Line],
    options: &Options,
) -> (std::ops::Range<usize>, (usize, usize)) {
    let shown: Vec<usize> = (0..lines.len())
        .filter(|at| fates[*at] == Fate::Shown && matches!(lines[*at], Line::Event(_)))
        .collect();
    let surplus = shown.len().saturating_sub(options.limit);
    if surplus == 0 {
        (0..lines.len(), (0, 0))
    } else if options.ending.is_some() {
        (shown[surplus]..lines.len(), (surplus, 0))
    } else {
        (0..shown[options.limit], (0, surplus))
    }
}

/// The nodes that were asked for, after the clients if they do something that is drawn.
fn lanes(plan: &Plan<'_>, options: &Options) -> Vec<Lane> {
    let nodes = plan.header.map_or(&[][..], |header| &header.nodes);
    let is_client = |name: &Option<String>| {
        name.as_ref()
            .is_some_and(|name| !nodes.iter().any(|node| node == name))
    };
    let acts = plan.rows.iter().any(|row| match row {
        Row::Event(record) => is_client(&record.from) || is_client(&record.to),
        _ => false,
    });
    let asked = &options.filter.nodes;
    let wanted = nodes
        .iter()
        .filter(|name| asked.is_empty() || asked.contains(name));
    let clients = acts.then(|| Lane {
        name: CLIENTS.to_owned(),
        clients: true,
    });
    let named = wanted.map(|name| Lane {
        name: name.clone(),
        clients: false,
    });
    clients.into_iter().chain(named).collect()
}
