//! Proposals that a leader refuses, and those that a follower forwards to it.

use raft_core::{Event, Refusal};
use serde_json::json;

use super::{Kind, Phrase, Words, at};

impl Words<'_> {
    pub(super) fn proposal(&self, event: &Event) -> Option<Phrase> {
        let kind = Some(Kind::Client);
        Some(match event {
            Event::ProposalRefused { leader, why } => {
                let known = leader.map(|leader| self.name(leader));
                let text = match (why, known) {
                    (Refusal::NotLeader, Some(name)) => format!("not leader, {name} is"),
                    (Refusal::NotLeader, None) => "not leader, knows none".to_owned(),
                    (Refusal::Transferring { to }, _) => {
                        format!("hands leadership to {}", self.name(*to))
                    }
                    (Refusal::TooMuchUncommitted, _) => "too much is not committed".to_owned(),
                };
                let values = json!({"leader": known, "why": refusal(*why)});
                Phrase::new("proposal_refused", Some(Kind::Client), text, values).notable()
            }
            Event::ProposalForwarded { leader } => {
                let leader = self.name(*leader);
                let text = format!("passes it on to {leader}");
                Phrase::new("proposal_forwarded", kind, text, json!({"leader": leader}))
            }
            Event::ForwardedAppended { from, first } => {
                let from = self.name(*from);
                let text = format!("takes it for {from} as {first}");
                let values = json!({"from": from, "first": at(*first)});
                Phrase::new("forwarded_appended", kind, text, values)
            }
            Event::ForwardedAccepted { first } => {
                let text = format!("its client waits for {first}");
                let values = json!({"first": at(*first)});
                Phrase::new("forwarded_accepted", kind, text, values)
            }
            Event::ForwardedLost => {
                let text = "nobody says what became of what it passed on".to_owned();
                Phrase::new("forwarded_lost", kind, text, json!({})).notable()
            }
            _ => return None,
        })
    }
}

fn refusal(why: Refusal) -> &'static str {
    match why {
        Refusal::NotLeader => "not_leader",
        Refusal::Transferring { .. } => "transferring",
        Refusal::TooMuchUncommitted => "too_much_uncommitted",
    }
}
