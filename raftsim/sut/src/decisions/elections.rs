//! Roles and votes.

use raft_core::{Event, NodeId, RoleKind, VoteRefusal};
use serde_json::{Value, json};

use super::{Kind, Phrase, Words, at};
use crate::time_text;

impl Words<'_> {
    pub(super) fn role(&self, event: &Event) -> Option<Phrase> {
        let role = Some(Kind::Role);
        Some(match event {
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
                Phrase::new("became", role, text, values).notable()
            }
            Event::Follows { leader, term } => {
                let name = self.name(*leader);
                let values = json!({"leader": name, "term": term.0});
                Phrase::new("follows", role, format!("follows {name}"), values).notable()
            }
            Event::QuorumLost { contact, allowed } => {
                let (at, allowed) = (time_text::brief(contact.0), time_text::brief(allowed.0));
                let text =
                    format!("no quorum heard since {at} of its clock, {allowed} is the most");
                let values = json!({"contact": contact.0, "allowed": allowed});
                Phrase::new("quorum_lost", role, text, values).notable()
            }
            _ => return None,
        })
    }

    pub(super) fn vote(&self, event: &Event) -> Option<Phrase> {
        let vote = Some(Kind::Vote);
        Some(match event {
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
                Phrase::new("vote_granted", vote, text, values)
            }
            Event::VoteRefused { candidate, why } => {
                let text = format!(
                    "no vote for {}: {}",
                    self.name(*candidate),
                    self.refusal(*why)
                );
                Phrase::new(
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
                Phrase::new("pre_vote_granted", vote, text, values)
            }
            Event::PreVoteRefused { candidate, why } => {
                let name = self.name(*candidate);
                let text = format!("would not vote for {name}: {}", self.refusal(*why));
                Phrase::new(
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
                Phrase::new("vote_counted", vote, text, values)
            }
            Event::CandidacyDurable { term, last } => {
                let text = format!("asks for votes in {term}, log ends {last}");
                let values = json!({"term": term.0, "last": at(*last)});
                Phrase::new("candidacy_durable", vote, text, values).notable()
            }
            _ => return None,
        })
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
}
