//! The story of one run, for people: who led when, what went wrong, who was answered.
//!
//! It is made from the lines of the run's trace and from nothing else, so it tells what happened
//! and not what was planned.

use crate::clock::brief;
use crate::trace::{Act, Deed, Line, Record, Role};

/// So many moments of a run are told; the trace has the others.
const MOMENTS: usize = 14;

/// One moment worth telling.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Moment {
    time: u64,
    text: String,
}

/// A time in which one node led a term.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Reign {
    node: String,
    term: u64,
    from: u64,
    until: Option<u64>,
}

/// Collects the story while the run goes on.
#[derive(Clone, Debug, Default)]
pub struct Story {
    moments: Vec<Moment>,
    reigns: Vec<Reign>,
    answered: u64,
    given_up: u64,
    refused_votes: u64,
    /// Answers since the last moment, to be told with the next one.
    since: u64,
}

impl Story {
    /// Takes in the next line of the trace.
    pub fn hear(&mut self, line: &Line) {
        match line {
            Line::Header(_) => {}
            Line::World(Deed { time, text }) => self.moment(*time, text.clone()),
            Line::Event(record) => self.event(record),
        }
    }

    fn moment(&mut self, time: u64, text: String) {
        self.moments.push(Moment { time, text });
    }

    fn event(&mut self, record: &Record) {
        let node = record.node.clone().unwrap_or_default();
        let fault = match record.action {
            Act::Crash => Some(format!("{node} crashes{}", record.text.trim_start_matches("CRASH"))),
            Act::Restart => Some(format!("{node} starts again from its disk")),
            Act::Pause => Some(format!("{node} stands still")),
            Act::Resume => Some(format!("{node} goes on")),
            Act::Clock => Some(format!("{node}'s {}", record.text)),
            _ => None,
        };
        let leads = self.reigns.last().is_some_and(|reign| reign.until.is_none());
        let was_leader = leads && self.reigns.iter().any(|r| r.until.is_none() && r.node == node);
        if let Some(mut text) = fault {
            if was_leader && record.action == Act::Crash {
                text = text.replacen(&node, &format!("{node}, the leader,"), 1);
            }
            self.moment(record.time, text);
        }
        self.role(record, &node);
        match record.action {
            Act::GiveUp => self.given_up += 1,
            Act::Deliver | Act::Duplicate => {
                self.answered += u64::from(record.answer == Some(true));
            }
            _ => {}
        }
    }

    fn role(&mut self, record: &Record, node: &str) {
        let leads = record.state.is_some_and(|state| state.role == Role::Leader);
        let term = record.state.map_or(0, |state| state.term);
        let reign = self.reigns.iter_mut().rev().find(|r| r.node == node && r.until.is_none());
        match reign {
            Some(reign) if leads && reign.term == term => {}
            Some(reign) => reign.until = Some(record.time),
            None => {}
        }
        for decision in &record.decisions {
            if decision.what != "became" {
                continue;
            }
            let text = match decision.values.get("role").and_then(|role| role.as_str()) {
                Some("leader") => format!("{node} is elected leader of term {term}"),
                Some("candidate") => format!("{node} stands for election in term {term}"),
                Some("follower")
                    if decision.values.get("was").and_then(|w| w.as_str()) == Some("leader") =>
                {
                    format!("{node} leads no more and follows in term {term}")
                }
                _ => continue,
            };
            self.moment(record.time, text);
            if leads {
                let reign = Reign { node: node.to_owned(), term, from: record.time, until: None };
                self.reigns.push(reign);
            }
        }
    }
}
