//! Selects the events of a trace to show.

use sut::decisions::Kind;

use super::record::{Line, Record};

/// The events to show; by default all but idle heartbeats.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only events of these nodes, or about messages from them; empty: all.
    pub nodes: Vec<String>,
    /// Only events of one of these kinds; empty: all.
    pub kinds: Vec<Kind>,
    /// Only from this time on, in nanoseconds.
    pub from: Option<u64>,
    /// Only up to this time, itself included.
    pub to: Option<u64>,
    /// Idle heartbeats too.
    pub idle: bool,
}

/// Whether a line is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is shown.
    Shown,
    /// It is one of many idle ones.
    Folded,
    /// The filter does not want it.
    Hidden,
}

impl Filter {
    /// Whether a line is shown.
    #[must_use]
    pub fn fate(&self, line: &Line) -> Fate {
        let (time, wanted, idle) = match line {
            Line::Header(_) => return Fate::Hidden,
            Line::World(change) => {
                let kind = self.kinds.is_empty() || self.kinds.contains(&Kind::Fault);
                (change.time, kind && self.nodes.is_empty(), false)
            }
            Line::Event(record) => (record.time, self.wants(record), record.idle),
        };
        let early = self.from.is_some_and(|from| time < from);
        let late = self.to.is_some_and(|to| time > to);
        match (wanted && !early && !late, idle && !self.idle) {
            (true, false) => Fate::Shown,
            (true, true) => Fate::Folded,
            (false, _) => Fate::Hidden,
        }
    }

    fn wants(&self, record: &Record) -> bool {
        let at =
            |name: &Option<String>| name.as_ref().is_some_and(|name| self.nodes.contains(name));
        let node = self.nodes.is_empty()
            || at(&record.node)
            || (record.node.is_none() && (at(&record.from) || at(&record.to)));
        let kind = self.kinds.is_empty() || self.kinds.iter().any(|k| record.kinds.contains(k));
        node && kind
    }
}
