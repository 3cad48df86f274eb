//! Space-time diagrams: a run as an SVG picture that needs nothing but a viewer.
//!
//! Time goes down. Each node has a lane whose line shows what the node is: thin a follower, dashed
//! a candidate, double a leader, none while it is down. A message is an arrow from the event that
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

/// So many events are drawn unless more are asked for.
pub const LIMIT: usize = 400;

/// What to draw, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which events; idle heartbeats are folded into one row unless it asks for them.
    pub filter: Filter,
    /// What the distance between rows means.
    pub scale: Scale,
    /// At most so many events are drawn; the diagram says how many it leaves out. With an ending
    /// the last ones are drawn, else the first ones.
    pub limit: usize,
    /// What ended the run early, if something did.
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

/// What the distance between two rows means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// Nothing: each event has the same room.
    #[default]
    Even,
    /// The time between them. Labels that would overlap are left out; the tooltips have them.
    Time,
}

/// What ended a run early; it is marked at its event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The event at which it was seen, if it was at one.
    pub event: Option<u64>,
    /// What it is, in one line.
    pub title: String,
    /// What is known about it, in a line each.
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
