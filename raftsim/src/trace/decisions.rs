//! What nodes decided, in words, with the rule and the compared values.

use raft_core::{EntryId, Event, NodeId, RoleKind, VoteRefusal};
use serde_json::{Map, Value, json};

use super::record::{Decision, Kind};
use crate::clock;
use crate::server::engine_id;

/// Puts decisions into words, for nodes with these names.
#[derive(Clone, Copy)]
pub(crate) struct Words<'a>(pub(crate) &'a [String]);

/// A decision half put into words: one stable name, a sentence, the values.
struct Said {
    what: &'static str,
    text: String,
    values: Value,
    kind: Option<Kind>,
    notable: bool,
}

impl Said {
    fn new(what: &'static str, kind: Option<Kind>, text: String, values: Value) -> Said {
        Said {
            what,
            text,
            values,
            kind,
            notable: false,
        }
    }

    fn notable(self) -> Said {
        Said {
            notable: true,
            ..self
        }
    }
}

impl Words<'_> {
    fn name(&self, id: NodeId) -> &str {
        &self.0[engine_id(id).0 as usize]
    }

    fn known(&self, id: Option<NodeId>) -> Option<&str> {
        id.map(|id| self.name(id))
    }

    /// The decision, and what kind of event it makes of its event.
    pub(crate) fn of(&self, event: &kv::Event) -> (Decision, Option<Kind>) {
        let (said, rule) = match event {
            kv::Event::Core(core) => (self.core(core), core.rule()),
            other => (self.store(other), None),
        };
        let values = match said.values {
            Value::Object(values) => values,
            _ => Map::new(),
        };
        let decision = Decision {
            what: said.what.to_owned(),
            rule: rule.map(|rule| rule.card().name.to_owned()),
            text: said.text,
            values,
            notable: said.notable,
        };
        (decision, said.kind)
    }

    fn store(&self, event: &kv::Event) -> Said {
        match event {
            kv::Event::Applied { entry, .. } => Said::new(
                "applied",
                None,
                format!("applied {entry}"),
                json!({"entry": at(*entry)}),
            ),
            kv::Event::Answered {
                client,
                serial,
                entry,
                lost,
            } => {
                let (client, serial) = (client.0, serial.0);
                let text = match lost {
                    false => format!("c{client}.{serial} answered by {entry}"),
                    true => format!("c{client}.{serial} was replaced by {entry}"),
                };
                let values = json!({
                    "client": client, "serial": serial, "entry": at(*entry), "lost": lost
                });
                Said::new("answered", Some(Kind::Client), text, values)
            }
            kv::Event::PayloadsMissing { from } => {
                let text = format!("dropped: payloads missing for {}", self.name(*from));
                let values = json!({"from": self.name(*from)});
                Said::new("payloads_missing", None, text, values).notable()
            }
            kv::Event::Core(core) => self.core(core),
        }
    }

    fn core(&self, event: &Event) -> Said {
        match event {
            Event::Became { .. } | Event::Follows { .. } | Event::QuorumLost { .. } => {
                self.role(event)
            }
            Event::VoteGranted { .. }
            | Event::VoteRefused { .. }
            | Event::PreVoteGranted { .. }
            | Event::PreVoteRefused { .. }
            | Event::VoteCounted { .. }
            | Event::CandidacyDurable { .. } => self.vote(event),
            Event::Appended { .. }
            | Event::Truncated { .. }
            | Event::AppendRejected { .. }
            | Event::AckWithheld { .. }
            | Event::Acknowledged { .. } => self.follower(event),
            _ => self.leader(event),
        }
    }

    fn role(&self, event: &Event) -> Said {
        let role = Some(Kind::Role);
        match event {
            Event::Became {
                role: is,
                was,
                term,
                ..
            } => {
                let text = match is {
                    RoleKind::Leader => format!("LEADER of {term}"),
                    RoleKind::Candidate => format!("candidate in {term}"),
                    RoleKind::PreCandidate => format!("pre-candidate in {term}"),
                    RoleKind::Follower => format!("follower in {term}"),
                };
                let values = json!({
                    "role": is.to_string(), "was": was.to_string(), "term": term.0
                });
                Said::new("became", role, text, values).notable()
            }
            Event::Follows { leader, term } => {
                let name = self.name(*leader);
                let values = json!({"leader": name, "term": term.0});
                Said::new("follows", role, format!("follows {name}"), values).notable()
            }
            Event::QuorumLost { contact, allowed } => {
                let (at, allowed) = (clock::brief(contact.0), clock::brief(allowed.0));
                let text =
                    format!("no quorum heard since {at} of its clock, {allowed} is the most");
                let values = json!({"contact": contact.0, "allowed": allowed});
                Said::new("quorum_lost", role, text, values).notable()
            }
            other => unreachable!("{other:?} is no change of role"),
        }
    }

    fn vote(&self, event: &Event) -> Said {
        let vote = Some(Kind::Vote);
        match event {
            Event::VoteGranted {
                candidate,
                term,
                durable,
                theirs,
                own,
            } => {
                let name = self.name(*candidate);
                let text = format!(
                    "vote of {term} for {name}, its log ends {theirs}, own {own}; leaves once \
                     {durable} is durable"
                );
                let values = json!({
                    "candidate": name, "term": term.0, "write": durable.0,
                    "theirs": at(*theirs), "own": at(*own)
                });
                Said::new("vote_granted", vote, text, values)
            }
            Event::VoteRefused { candidate, why } => {
                let text = format!(
                    "no vote for {}: {}",
                    self.name(*candidate),
                    self.refusal(*why)
                );
                Said::new(
                    "vote_refused",
                    vote,
                    text,
                    self.refusal_values(*candidate, *why),
                )
                .notable()
            }
            Event::PreVoteGranted {
                candidate,
                theirs,
                own,
            } => {
                let name = self.name(*candidate);
                let text = format!("would vote for {name}, its log ends {theirs}, own {own}");
                let values = json!({
                    "candidate": name, "theirs": at(*theirs), "own": at(*own)
                });
                Said::new("pre_vote_granted", vote, text, values)
            }
            Event::PreVoteRefused { candidate, why } => {
                let name = self.name(*candidate);
                let text = format!("would not vote for {name}: {}", self.refusal(*why));
                Said::new(
                    "pre_vote_refused",
                    vote,
                    text,
                    self.refusal_values(*candidate, *why),
                )
                .notable()
            }
            Event::VoteCounted {
                voter,
                granted,
                role,
            } => {
                let name = self.name(*voter);
                let text = format!(
                    "{} from {name} counted",
                    if *granted { "yes" } else { "no" }
                );
                let values = json!({"voter": name, "granted": granted, "role": role.to_string()});
                Said::new("vote_counted", vote, text, values)
            }
            Event::CandidacyDurable { term, last } => {
                let text = format!("asks for votes in {term}, log ends {last}");
                let values = json!({"term": term.0, "last": at(*last)});
                Said::new("candidacy_durable", vote, text, values).notable()
            }
            other => unreachable!("{other:?} is about no vote"),
        }
    }

    fn refusal(&self, why: VoteRefusal) -> String {
        match why {
            VoteRefusal::StaleTerm { theirs } => format!("its term {theirs} is old"),
            VoteRefusal::AlreadyVoted { voted_for } => {
                format!("already voted for {}", self.name(voted_for))
            }
            VoteRefusal::LogBehind { theirs, own } => format!("log behind: {theirs} < own {own}"),
            VoteRefusal::LeaderIsFresh { heard, needed } => {
                let (heard, needed) = (clock::brief(heard.0), clock::brief(needed.0));
                format!("heard from a leader {heard} ago, {needed} is the least")
            }
            VoteRefusal::MayNotVote => "its own promises may be lost".to_owned(),
        }
    }

    fn refusal_values(&self, candidate: NodeId, why: VoteRefusal) -> Value {
        let candidate = self.name(candidate);
        match why {
            VoteRefusal::StaleTerm { theirs } => {
                json!({"candidate": candidate, "theirs": theirs.0})
            }
            VoteRefusal::AlreadyVoted { voted_for } => {
                json!({"candidate": candidate, "voted_for": self.name(voted_for)})
            }
            VoteRefusal::LogBehind { theirs, own } => {
                json!({"candidate": candidate, "theirs": at(theirs), "own": at(own)})
            }
            VoteRefusal::LeaderIsFresh { heard, needed } => {
                json!({"candidate": candidate, "heard": heard.0, "needed": needed.0})
            }
            VoteRefusal::MayNotVote => json!({"candidate": candidate}),
        }
    }

    fn follower(&self, event: &Event) -> Said {
        let append = Some(Kind::Append);
        match event {
            Event::Appended { first, last } => {
                let values = json!({"first": first.0, "last": at(*last)});
                let text = format!("appended {}", super::letters::range(first.0, last.index.0));
                Said::new("appended", append, text, values)
            }
            Event::Truncated { from, own, theirs } => {
                let text = format!("cut its log from {from}: own {own}, the leader's {theirs}");
                let values = json!({"from": from.0, "own": own.0, "theirs": theirs.0});
                Said::new("truncated", append, text, values).notable()
            }
            Event::AppendRejected { prev, own, hint } => {
                let has = own.map_or(String::new(), |own| format!(", has {own} there"));
                let text = format!("rejected: lacks {prev}{has}; could match {hint}");
                let values = json!({
                    "prev": at(*prev), "own": own.map(|own| own.0), "hint": at(*hint)
                });
                Said::new("append_rejected", append, text, values).notable()
            }
            Event::AckWithheld { verified, durable } => {
                let text = format!("acknowledges later: {verified} matches, {durable} is durable");
                let values = json!({"verified": verified.0, "durable": durable.0});
                Said::new("ack_withheld", append, text, values)
            }
            Event::Acknowledged { match_index } => {
                let values = json!({"match_index": match_index.0});
                Said::new(
                    "acknowledged",
                    append,
                    format!("acknowledges {match_index}"),
                    values,
                )
            }
            other => unreachable!("{other:?} is decided by no follower"),
        }
    }

    fn leader(&self, event: &Event) -> Said {
        let append = Some(Kind::Append);
        match event {
            Event::MatchAdvanced { peer, match_index } => {
                let name = self.name(*peer);
                let values = json!({"peer": name, "match_index": match_index.0});
                Said::new(
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
                Said::new("backed_off", append, text, values).notable()
            }
            Event::Committed { commit, was, .. } => {
                let values = json!({"commit": commit.0, "was": was.0});
                Said::new(
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
                Said::new("commit_held", Some(Kind::Commit), text, values).notable()
            }
            Event::ProposalRefused { leader } => {
                let known = self.known(*leader);
                let text = match known {
                    Some(name) => format!("not leader, {name} is"),
                    None => "not leader, knows none".to_owned(),
                };
                let values = json!({"leader": known});
                Said::new("proposal_refused", Some(Kind::Client), text, values).notable()
            }
            Event::StaleDropped { from, theirs, .. } => {
                let name = self.name(*from);
                let values = json!({"from": name, "theirs": theirs.0});
                Said::new(
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
                Said::new(
                    "malformed_dropped",
                    None,
                    format!("malformed: {why:?}"),
                    values,
                )
                .notable()
            }
            other => unreachable!("{other:?} is put into words elsewhere"),
        }
    }
}

fn at(entry: EntryId) -> String {
    entry.to_string()
}
