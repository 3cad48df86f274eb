//! What nodes decided, in words, with the rule and the compared values.

use kv::Came;
use raft_core::{EntryId, Event, NodeId, Refusal, RoleKind, VoteRefusal};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::ids::engine_id;
use crate::time_text;

/// Something that a node decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// What was decided, in one stable word.
    pub what: String,
    /// The rule that decided; `raftsim explain RULE` tells what it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The same in words, with the compared values.
    pub text: String,
    /// The compared values by name. Entries are written `#index` `tterm`.
    pub values: Map<String, Value>,
    /// Whether it is worth a word beside the event.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub notable: bool,
}

impl Decision {
    /// A compared value that is a number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        self.values.get(name)?.as_u64()
    }
}

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Elections: votes asked for, given, refused and counted.
    Vote,
    /// Replication: entries sent, taken, refused and acknowledged; heartbeats.
    Append,
    /// Entries that became committed.
    Commit,
    /// A node that became something else.
    Role,
    /// Writes that became durable.
    Disk,
    /// Requests, replies, and what clients do by themselves.
    Client,
    /// Timers.
    Timer,
    /// Crashes, restarts, pauses, clocks, and what was done to the world.
    Fault,
    /// Messages that were lost.
    Drop,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 9] = [
        Kind::Vote,
        Kind::Append,
        Kind::Commit,
        Kind::Role,
        Kind::Disk,
        Kind::Client,
        Kind::Timer,
        Kind::Fault,
        Kind::Drop,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Vote => "vote",
            Kind::Append => "append",
            Kind::Commit => "commit",
            Kind::Role => "role",
            Kind::Disk => "disk",
            Kind::Client => "client",
            Kind::Timer => "timer",
            Kind::Fault => "fault",
            Kind::Drop => "drop",
        }
    }
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the roles of the paper")]
pub enum Role {
    Follower,
    PreCandidate,
    Candidate,
    Leader,
}

/// Puts decisions into words, for nodes with these names.
#[derive(Clone, Copy)]
pub struct Words<'a>(pub &'a [String]);

/// A decision half put into words: one stable name, a sentence, the values.
pub(super) struct Said {
    what: &'static str,
    text: String,
    values: Value,
    kind: Option<Kind>,
    notable: bool,
}

impl Said {
    pub(super) fn new(what: &'static str, kind: Option<Kind>, text: String, values: Value) -> Said {
        Said {
            what,
            text,
            values,
            kind,
            notable: false,
        }
    }

    pub(super) fn notable(self) -> Said {
        Said {
            notable: true,
            ..self
        }
    }
}

impl Words<'_> {
    pub(super) fn name(&self, id: NodeId) -> &str {
        &self.0[engine_id(id).0 as usize]
    }

    fn known(&self, id: Option<NodeId>) -> Option<&str> {
        id.map(|id| self.name(id))
    }

    /// The decision, and what kind of event it makes of its event.
    pub fn of(&self, event: &kv::Event) -> (Decision, Option<Kind>) {
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
            kv::Event::Applied { entry, came } => {
                let but = match came {
                    Came::Nothing | Came::Executed | Came::Opened | Came::Kept => "",
                    Came::Repeated => ", which was done before",
                    Came::Superseded => ", after a newer request of its client",
                    Came::Expired => ", whose session had expired",
                };
                let text = format!("applied {entry}{but}");
                Said::new("applied", None, text, json!({"entry": at(*entry)}))
            }
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
            kv::Event::ReadAnswered {
                client,
                serial,
                needs,
                applied,
            } => {
                let (client, serial) = (client.0, serial.0);
                let text = match needs {
                    Some(needs) => format!("c{client}.{serial} read at {applied}, needs {needs}"),
                    None => format!("c{client}.{serial} read at {applied}, whatever that is"),
                };
                let values = json!({
                    "client": client, "serial": serial, "applied": applied.0,
                    "needs": needs.map(|needs| needs.0)
                });
                Said::new("read_answered", Some(Kind::Client), text, values)
            }
            kv::Event::AcceptedTooLate {
                client,
                serial,
                entry,
            } => {
                let (client, serial) = (client.0, serial.0);
                let text = format!("c{client}.{serial} became {entry}, which is past: lost");
                let values = json!({"client": client, "serial": serial, "entry": at(*entry)});
                Said::new("accepted_too_late", Some(Kind::Client), text, values).notable()
            }
            kv::Event::ReadBehind {
                client,
                after,
                applied,
            } => {
                let client = client.0;
                let text = format!("c{client} has seen {after}, only {applied} is applied");
                let values = json!({
                    "client": client, "after": after.0, "applied": applied.0
                });
                Said::new("read_behind", Some(Kind::Client), text, values).notable()
            }
            kv::Event::SnapshotBegun { snapshot } => {
                let (last, bytes) = (snapshot.last, snapshot.bytes);
                let text = format!("takes a snapshot at {last}, {bytes} B");
                let values = json!({"last": at(last), "bytes": bytes});
                Said::new("snapshot_begun", None, text, values)
            }
            kv::Event::SnapshotUnsound { snapshot } => {
                let text = format!("the snapshot at {} came damaged", snapshot.last);
                let values = json!({"last": at(snapshot.last)});
                Said::new("snapshot_unsound", None, text, values).notable()
            }
            kv::Event::PayloadsMissing { from } => {
                let text = format!("dropped: contents missing for {}", self.name(*from));
                let values = json!({"from": self.name(*from)});
                Said::new("payloads_missing", None, text, values).notable()
            }
            kv::Event::DataMissing { from } => {
                let text = "dropped: lacks the data that it is to hold".to_owned();
                let values = json!({"from": self.name(*from)});
                Said::new("data_missing", None, text, values).notable()
            }
            kv::Event::Core(core) => self.core(core),
        }
    }

    fn core(&self, event: &Event) -> Said {
        match event {
            Event::Became { .. } | Event::Follows { .. } | Event::QuorumLost { .. } => {
                self.role(event)
            }
            Event::ReadsHeld { .. }
            | Event::ReadRoundBegan { .. }
            | Event::ReadRoundEnded { .. }
            | Event::ReadByLease { .. }
            | Event::LeaseOver { .. }
            | Event::ReadsForwarded { .. }
            | Event::ReadFailed { .. } => self.read(event),
            Event::ProposalForwarded { .. }
            | Event::ForwardedAppended { .. }
            | Event::ForwardedAccepted { .. }
            | Event::ForwardedLost => self.forwarding(event),
            Event::SnapshotTaken { .. }
            | Event::LogCut { .. }
            | Event::SnapshotSent { .. }
            | Event::SnapshotPassedOver { .. }
            | Event::SnapshotInstalled { .. } => self.snapshot(event),
            Event::DiskStalled { .. }
            | Event::TransferBegan { .. }
            | Event::TargetTold { .. }
            | Event::TransferFailed { .. } => self.leaving(event),
            Event::Configured { .. }
            | Event::ConfigurationRolledBack { .. }
            | Event::CatchUpRound { .. }
            | Event::CaughtUp { .. }
            | Event::ChangeMade { .. }
            | Event::ChangeFailed { .. }
            | Event::FellAsleep { .. }
            | Event::Woke => self.members(event),
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
                let (at, allowed) = (time_text::brief(contact.0), time_text::brief(allowed.0));
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
                let (heard, needed) = (time_text::brief(heard.0), time_text::brief(needed.0));
                format!("heard from a leader {heard} ago, {needed} is the least")
            }
            VoteRefusal::LowerPriority {
                theirs,
                own,
                leaderless,
            } => {
                let (theirs, own) = (theirs.0, own.0);
                let leaderless = time_text::brief(leaderless.0);
                format!("priority {theirs} < own {own}, no leader for only {leaderless}")
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
            VoteRefusal::LowerPriority {
                theirs,
                own,
                leaderless,
            } => {
                json!({
                    "candidate": candidate, "theirs": theirs.0, "own": own.0,
                    "leaderless": leaderless.0
                })
            }
            VoteRefusal::MayNotVote => json!({"candidate": candidate}),
        }
    }

    fn follower(&self, event: &Event) -> Said {
        let append = Some(Kind::Append);
        match event {
            Event::Appended { first, last } => {
                let values = json!({"first": first.0, "last": at(*last)});
                let text = format!("appended {}", range(first.0, last.index.0));
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
            Event::ProposalRefused { leader, why } => {
                let known = self.known(*leader);
                let text = match (why, known) {
                    (Refusal::NotLeader, Some(name)) => format!("not leader, {name} is"),
                    (Refusal::NotLeader, None) => "not leader, knows none".to_owned(),
                    (Refusal::Transferring { to }, _) => {
                        format!("hands leadership to {}", self.name(*to))
                    }
                    (Refusal::TooMuchUncommitted, _) => "too much is not committed".to_owned(),
                };
                let values = json!({"leader": known, "why": refusal(*why)});
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

impl Words<'_> {
    fn read(&self, event: &Event) -> Said {
        let kind = Some(Kind::Client);
        match event {
            Event::ReadsHeld { commit } => {
                let text = format!("reads wait: {commit} is not of this term");
                Said::new("reads_held", kind, text, json!({"commit": commit.0})).notable()
            }
            Event::ReadRoundBegan { index, reads } => {
                let text = format!("asks a quorum for {}", count(*reads));
                let values = json!({"index": index.0, "reads": reads});
                Said::new("read_round_began", kind, text, values)
            }
            Event::ReadRoundEnded { index, reads } => {
                let text = format!("still leads: {} at {index}", count(*reads));
                let values = json!({"index": index.0, "reads": reads});
                Said::new("read_round_ended", kind, text, values)
            }
            Event::ReadByLease { index, until } => {
                let text = format!("lease until {}: read at {index}", time_text::show(until.0));
                let values = json!({"index": index.0, "until_ns": until.0});
                Said::new("read_by_lease", kind, text, values)
            }
            Event::LeaseOver { until } => {
                let text = format!("no lease since {}", time_text::show(until.0));
                let values = json!({"until_ns": until.0});
                Said::new("lease_over", kind, text, values).notable()
            }
            Event::ReadsForwarded { leader, reads } => {
                let text = format!("asks {} for {}", self.name(*leader), count(*reads));
                let values = json!({"leader": self.name(*leader), "reads": reads});
                Said::new("reads_forwarded", kind, text, values)
            }
            Event::ReadFailed { why } => {
                let text = format!("read fails: {why}");
                let values = json!({"why": why.to_string()});
                Said::new("read_failed", kind, text, values).notable()
            }
            other => unreachable!("{other:?} is no read"),
        }
    }

    fn forwarding(&self, event: &Event) -> Said {
        let kind = Some(Kind::Client);
        match event {
            Event::ProposalForwarded { leader } => {
                let leader = self.name(*leader);
                let text = format!("passes it on to {leader}");
                Said::new("proposal_forwarded", kind, text, json!({"leader": leader}))
            }
            Event::ForwardedAppended { from, first } => {
                let from = self.name(*from);
                let text = format!("takes it for {from} as {first}");
                let values = json!({"from": from, "first": at(*first)});
                Said::new("forwarded_appended", kind, text, values)
            }
            Event::ForwardedAccepted { first } => {
                let text = format!("its client waits for {first}");
                let values = json!({"first": at(*first)});
                Said::new("forwarded_accepted", kind, text, values)
            }
            Event::ForwardedLost => {
                let text = "nobody says what became of what it passed on".to_owned();
                Said::new("forwarded_lost", kind, text, json!({})).notable()
            }
            other => unreachable!("{other:?} is about nothing that was passed on"),
        }
    }

    fn snapshot(&self, event: &Event) -> Said {
        let kind = Some(Kind::Append);
        match event {
            Event::SnapshotTaken { last } => {
                let values = json!({"last": at(*last)});
                Said::new(
                    "snapshot_taken",
                    kind,
                    format!("snapshot at {last}"),
                    values,
                )
                .notable()
            }
            Event::LogCut { base } => {
                let text = format!("log begins after {base}");
                Said::new("log_cut", kind, text, json!({"base": at(*base)})).notable()
            }
            Event::SnapshotSent { peer, last } => {
                let name = self.name(*peer);
                let text = format!("sends {name} its snapshot at {last}");
                let values = json!({"peer": name, "last": at(*last)});
                Said::new("snapshot_sent", kind, text, values).notable()
            }
            Event::SnapshotInstalled { last, was, whole } => {
                let text = match whole {
                    true => format!("snapshot at {last} replaces the log"),
                    false => format!("snapshot at {last} replaces the log up to there"),
                };
                let values = json!({"last": at(*last), "was": was.0, "whole": whole});
                Said::new("snapshot_installed", kind, text, values).notable()
            }
            Event::SnapshotPassedOver { last, held } => {
                let text = match held {
                    true => format!("needs no snapshot at {last}, holds that entry"),
                    false => format!("needs no snapshot at {last}, knows more"),
                };
                let values = json!({"last": at(*last), "held": held});
                Said::new("snapshot_passed_over", kind, text, values)
            }
            other => unreachable!("{other:?} is about no snapshot"),
        }
    }

    /// How a leader leaves, or does not.
    fn leaving(&self, event: &Event) -> Said {
        let kind = Some(Kind::Role);
        match event {
            Event::DiskStalled { since, allowed } => {
                let allowed_text = time_text::brief(allowed.0);
                let text = format!("its disk has finished nothing for {allowed_text}");
                let values = json!({"since_ns": since.0, "allowed_ns": allowed.0});
                Said::new("disk_stalled", kind, text, values).notable()
            }
            Event::TransferBegan { to } => {
                let text = format!("hands leadership to {}", self.name(*to));
                let values = json!({"to": self.name(*to)});
                Said::new("transfer_began", kind, text, values).notable()
            }
            Event::TargetTold { to } => {
                let text = format!("{} has the whole log", self.name(*to));
                let values = json!({"to": self.name(*to)});
                Said::new("target_told", kind, text, values).notable()
            }
            Event::TransferFailed { to, why } => {
                let text = format!("does not hand leadership over: {why}");
                let to = engine_id_or_none(*to).and_then(|place| self.0.get(place));
                let values = json!({"to": to, "why": why.to_string()});
                Said::new("transfer_failed", kind, text, values).notable()
            }
            other => unreachable!("{other:?} is about no leader that leaves"),
        }
    }
}

/// An operator may name a node that does not exist.
pub(super) fn engine_id_or_none(id: NodeId) -> Option<usize> {
    usize::try_from(id.0.checked_sub(1)?).ok()
}

fn count(reads: u64) -> String {
    match reads {
        1 => "a read".to_owned(),
        reads => format!("{reads} reads"),
    }
}

fn refusal(why: Refusal) -> &'static str {
    match why {
        Refusal::NotLeader => "not_leader",
        Refusal::Transferring { .. } => "transferring",
        Refusal::TooMuchUncommitted => "too_much_uncommitted",
    }
}

pub(super) fn at(entry: EntryId) -> String {
    entry.to_string()
}

/// `#5` or `#5..7`.
pub fn range(first: u64, last: u64) -> String {
    if first == last {
        format!("#{first}")
    } else {
        format!("#{first}..{last}")
    }
}
