//! Entries: sent, appended, rejected, acknowledged, committed.

use raft_core::Event;
use serde_json::json;

use super::{Kind, Phrase, Words, at};
use crate::words::range;

impl Words<'_> {
    pub(super) fn follower(&self, event: &Event) -> Option<Phrase> {
        let append = Some(Kind::Append);
        Some(match event {
            Event::Appended { first, last } => {
                let values = json!({"first": first.0, "last": at(*last)});
                let text = format!("appended {}", range(first.0, last.index.0));
                Phrase::new("appended", append, text, values)
            }
            Event::Truncated { from, own, theirs } => {
                let text = format!("cut its log from {from}: own {own}, the leader's {theirs}");
                let values = json!({"from": from.0, "own": own.0, "theirs": theirs.0});
                Phrase::new("truncated", append, text, values).notable()
            }
            Event::AppendRejected { prev, own, hint } => {
                let has = own.map_or(String::new(), |own| format!(", has {own} there"));
                let text = format!("rejected: lacks {prev}{has}; could match {hint}");
                let values = json!({
                    "prev": at(*prev), "own": own.map(|own| own.0), "hint": at(*hint)
                });
                Phrase::new("append_rejected", append, text, values).notable()
            }
            Event::AckWithheld { verified, durable } => {
                let text = format!("acknowledges later: {verified} matches, {durable} is durable");
                let values = json!({"verified": verified.0, "durable": durable.0});
                Phrase::new("ack_withheld", append, text, values)
            }
            Event::Acknowledged { match_index } => {
                let values = json!({"match_index": match_index.0});
                Phrase::new(
                    "acknowledged",
                    append,
                    format!("acknowledges {match_index}"),
                    values,
                )
            }
            _ => return None,
        })
    }

    pub(super) fn leader(&self, event: &Event) -> Option<Phrase> {
        let append = Some(Kind::Append);
        Some(match event {
            Event::MatchAdvanced { peer, match_index } => {
                let name = self.name(*peer);
                let values = json!({"peer": name, "match_index": match_index.0});
                Phrase::new(
                    "match_advanced",
                    append,
                    format!("{name} holds {match_index}"),
                    values,
                )
            }
            Event::BackedOff {
                peer,
                refused,
                next,
            } => {
                let name = self.name(*peer);
                let text = format!("backs off for {name}: {refused} refused, next {next}");
                let values = json!({"peer": name, "refused": refused.0, "next": next.0});
                Phrase::new("backed_off", append, text, values).notable()
            }
            Event::Committed { commit, was, .. } => {
                let values = json!({"commit": commit.0, "was": was.0});
                Phrase::new(
                    "committed",
                    Some(Kind::Commit),
                    format!("commit {commit}"),
                    values,
                )
                .notable()
            }
            Event::CommitHeld {
                replicated,
                entry_term,
                term,
            } => {
                let text = format!(
                    "{replicated} is on a quorum, but of {entry_term}: not counted in {term}"
                );
                let values = json!({
                    "replicated": replicated.0, "entry_term": entry_term.0, "term": term.0
                });
                Phrase::new("commit_held", Some(Kind::Commit), text, values).notable()
            }
            Event::StaleDropped { from, theirs, .. } => {
                let name = self.name(*from);
                let values = json!({"from": name, "theirs": theirs.0});
                Phrase::new(
                    "stale_dropped",
                    None,
                    format!("old, of {theirs}: put aside"),
                    values,
                )
                .notable()
            }
            Event::MalformedDropped { from, why } => {
                let name = self.name(*from);
                let values = json!({"from": name, "why": format!("{why:?}")});
                Phrase::new(
                    "malformed_dropped",
                    None,
                    format!("malformed: {why:?}"),
                    values,
                )
                .notable()
            }
            _ => return None,
        })
    }
}
