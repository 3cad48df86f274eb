//! Changes of members, and quiescence.

use raft_core::{ChangeFailure, Event};
use serde_json::json;

use super::{Kind, Phrase, Words, at};
use crate::time_text;

impl Words<'_> {
    pub(super) fn members(&self, event: &Event) -> Option<Phrase> {
        let kind = Some(Kind::Role);
        Some(match event {
            Event::Configured { at: entry, joint } => {
                let what = match joint {
                    true => "a joint configuration",
                    false => "a configuration",
                };
                let text = format!("{what} is in force from {entry} on");
                let values = json!({"at": at(*entry), "joint": joint});
                Phrase::new("configured", kind, text, values).notable()
            }
            Event::ConfigurationRolledBack { from, at: entry } => {
                let text = format!("the configuration of {from} is gone, that of {entry} is back");
                let values = json!({"from": from.0, "at": at(*entry)});
                Phrase::new("configuration_rolled_back", kind, text, values).notable()
            }
            Event::CatchUpRound { peer, round, took } => {
                let (name, took_text) = (self.name(*peer), time_text::brief(took.0));
                let text = format!("{name} took {took_text} for round {round} of catching up");
                let values = json!({"peer": name, "round": round, "took_ns": took.0});
                Phrase::new("catch_up_round", kind, text, values).notable()
            }
            Event::CaughtUp { peer } => {
                let name = self.name(*peer);
                let values = json!({"peer": name});
                Phrase::new("caught_up", kind, format!("{name} has caught up"), values).notable()
            }
            Event::ChangeMade { at } => {
                let text = format!("the change of members is made, at {at}");
                Phrase::new("change_made", kind, text, json!({"at": at.0})).notable()
            }
            Event::ChangeFailed { why } => {
                let text = format!("does not change the members: {}", self.failure(*why));
                let values = json!({"why": self.failure(*why)});
                Phrase::new("change_failed", kind, text, values).notable()
            }
            Event::FellAsleep { last } => {
                let values = json!({"last": at(*last)});
                Phrase::new(
                    "fell_asleep",
                    kind,
                    format!("falls silent after {last}"),
                    values,
                )
                .notable()
            }
            Event::Woke => Phrase::new("woke", kind, "wakes".to_owned(), json!({})).notable(),
            _ => return None,
        })
    }

    /// The reason, with the names of the nodes.
    fn failure(&self, why: ChangeFailure) -> String {
        let named = |id| self.known(id).map_or_else(|| id.to_string(), Clone::clone);
        match why {
            ChangeFailure::NoMember(id) => format!("{} is no member", named(id)),
            ChangeFailure::NoVoter(id) => format!("{} has no vote", named(id)),
            ChangeFailure::TooSlow(id) => format!("{} is too slow to catch up", named(id)),
            ChangeFailure::Silent(id) => format!("{} does not get on", named(id)),
            ChangeFailure::Transferring { to } => {
                format!("leadership is being handed to {}", named(to))
            }
            other => other.to_string(),
        }
    }
}
