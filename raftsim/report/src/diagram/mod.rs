//! Space-time diagrams: a run as an SVG picture that needs nothing but a viewer.
//!
//! Time goes down. Each node has a lane whose line shows its role: thin for a follower, dashed for a
//! candidate, double for a leader, none while it is down. A message is an arrow from the event that
//! sent it to the event that received it. One event is one row, so that labels never meet; the
//! distances are those of the run where [`Scale::Time`] is asked for.
//!
//! ```text
//! trace lines ─plan─► rows, lanes ─lanes─► stretches ─┐
//!                         └──────flights─► arrows ────┴─layout, draw─► SVG
//! ```
//!
//! All coordinates are integers: the same run gives the same bytes.

mod draw;
mod events;
mod flights;
mod frame;
mod label;
mod lanes;
mod layout;
mod parts;
mod plan;
mod style;

use checks::Violation;

use crate::trace::{Filter, Line};

/// At most this many events are drawn by default.
pub const LIMIT: usize = 400;

/// The options of a diagram.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which events; idle heartbeats are folded into one row unless it asks for them.
    pub filter: Filter,
    /// The meaning of the distance between rows.
    pub scale: Scale,
    /// At most this many events are drawn; the diagram says how many it leaves out. With an ending the
    /// last events are drawn, else the first ones.
    pub limit: usize,
    /// The early end of the run, if it had one.
    pub ending: Option<Ending>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            filter: Filter::default(),
            scale: Scale::Even,
            limit: LIMIT,
            ending: None,
        }
    }
}

/// The meaning of the distance between two rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// Nothing: each event has the same room.
    #[default]
    Even,
    /// The time between them. Labels that would overlap are left out; the tooltips have them.
    Time,
}

/// The early end of a run, which is marked at its event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The event at which it was seen, if it was at one.
    pub event: Option<u64>,
    /// A title in one line.
    pub title: String,
    /// Its facts, one line each.
    pub facts: Vec<String>,
}

impl Ending {
    /// The ending of a run in which a property does not hold.
    #[must_use]
    pub fn of(violation: &Violation) -> Self {
        Self {
            event: Some(violation.event.0),
            title: format!("VIOLATED {}", violation.broken.name()),
            facts: violation.facts.to_vec(),
        }
    }
}

/// The diagram of a run, as the text of an SVG file. The header should be among the lines: it has
/// the nodes' names.
#[must_use]
pub fn svg(lines: &[Line], options: &Options) -> String {
    let plan = plan::Plan::new(lines, options);
    let mut text = draw::document(&plan, lines, options).to_string();
    text.push('\n');
    text
}
