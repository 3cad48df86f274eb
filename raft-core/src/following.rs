//! The receiver of AppendEntries (Figure 2, §5.3): the entries that a follower takes over from its
//! leader, and its acknowledgements. The sender is in `replication`.

use crate::cards::RuleId;
use crate::effect::{Append, Source};
use crate::event::{Event, Observer};
use crate::log::share;
use crate::message::{AppendEntries, AppendEntriesReply, Body, Malformed, Outcome};
use crate::raft::Raft;
use crate::role::Role;
use crate::rules::Rules;
use crate::types::{Index, Instant, NodeId};

impl<R: Rules + ?Sized> Raft<R> {
    /// AppendEntries of the current term (Figure 2).
    pub(crate) fn handle_append_entries<O: Observer>(
        &mut self,
        from: NodeId,
        append: &AppendEntries,
        observer: &mut O,
    ) {
        if !self.follow(from, append.seq, append.sent_at, observer) {
            return;
        }
        let prev = append.prev;
        // Everything up to the base is committed, so it matches any leader's log.
        let base = self.log.base().last;
        let own = self.log.term_at(prev.index);
        let covered = prev.index < base.index;
        // The follower cannot build on entries whose terms alone are known: the leader must send
        // them again first.
        let whole = self.durability.submitted_index();
        let matches = prev.index <= whole && self.rules.previous_matches(own, prev.term);
        if !covered && !matches {
            let hint = self.log.latest_not_after(prev.index.min(whole), prev.term);
            observer.event(Event::AppendRejected {
                prev,
                own: own.ok(),
                hint,
            });
            self.reply_append(Outcome::Rejected {
                prev_index: prev.index,
                hint,
            });
            return;
        }
        let verified = append.last.max(base.index);
        if !append.is_empty() && append.last > base.index {
            let prev = prev.index.max(base.index);
            if let Err(why) = self.store(prev, append, observer) {
                observer.event(Event::MalformedDropped { from, why });
                return;
            }
        }
        if let Role::Follower(follower) = &mut self.role {
            follower.verified = follower.verified.max(verified);
        }
        self.follow_commit(append.commit, verified, observer);
        let (ack, _) = self.ack();
        if append.is_empty() || ack >= append.last {
            self.acknowledge(ack, observer);
        } else {
            let durable = self.durability.durable_index();
            observer.event(Event::AckWithheld { verified, durable });
        }
    }

    /// Notes that the log matches the leader's up to here. The follower acknowledges the durable
    /// part of it.
    pub(crate) fn verify<O: Observer>(
        &mut self,
        verified: Index,
        leader_commit: Index,
        observer: &mut O,
    ) {
        if let Role::Follower(follower) = &mut self.role {
            follower.verified = follower.verified.max(verified);
        }
        self.follow_commit(leader_commit, verified, observer);
        let (ack, _) = self.ack();
        self.acknowledge(ack, observer);
    }

    /// Recognises the leader of the term and notes the values that its next reply must echo.
    /// Returns `false` if another server leads the term.
    pub(crate) fn follow<O: Observer>(
        &mut self,
        from: NodeId,
        seq: u64,
        sent_at: Instant,
        observer: &mut O,
    ) -> bool {
        assert!(from != self.id, "nobody leads itself by message");
        if self.leader().is_some_and(|leader| leader != from) {
            observer.event(Event::MalformedDropped {
                from,
                why: Malformed::SecondLeader,
            });
            return false;
        }
        match &mut self.role {
            Role::Follower(follower) => {
                if follower.leader.is_none() {
                    follower.leader = Some(from);
                    observer.event(Event::Follows {
                        leader: from,
                        term: self.current_term,
                    });
                }
            }
            _ => {
                let (term, rule) = (self.current_term, RuleId::LeaderOfTerm);
                self.become_follower(term, Some(from), rule, observer);
            }
        }
        // Only a message that left before the leader asked for silence leaves a sleeping follower
        // asleep.
        if !self.is_asleep() {
            self.election_deadline = Some(self.fresh_election_deadline());
        }
        self.heard_at = self.now;
        self.last_leader = Some(from);
        self.leaderless_since = self.now;
        assert!(
            self.leader() == Some(from),
            "whom a server follows is its leader"
        );
        if let Role::Follower(follower) = &mut self.role
            && seq > follower.newest_seq
        {
            follower.newest_seq = seq;
            follower.newest_sent_at = sent_at;
        }
        self.ask_leader_again();
        true
    }

    /// Removes conflicting entries and adds missing ones (§5.3). The logs agree at `prev`.
    fn store<O: Observer>(
        &mut self,
        prev: Index,
        append: &AppendEntries,
        observer: &mut O,
    ) -> Result<(), Malformed> {
        let (first, last) = (prev.next(), append.last);
        assert!(first <= last, "there is something to store");
        assert!(self.pending.append.is_none(), "a step appends once");
        let conflict = self.log.first_conflict(first, last, append.entries_term);
        if conflict.is_some_and(|from| from <= self.commit_index) {
            return Err(Malformed::OverwritesCommitted);
        }
        if conflict.is_some_and(|from| from <= self.verified()) {
            return Err(Malformed::ContradictsItself);
        }
        let own_last = self.log.last_index();
        let configured_at = self.log.configured_at();
        let cut = self
            .rules
            .truncation(conflict, prev, last)
            .filter(|from| *from >= first && *from <= own_last);
        let end = cut.map_or(own_last, Index::previous);
        let fits = self
            .log
            .term_at(end)
            .is_ok_and(|term| term <= append.entries_term);
        if (end < last && !fits) || append.entries_term < self.log.base().last.term {
            return Err(Malformed::OutOfOrder);
        }
        if let Some(from) = cut {
            let own = self.log.term_at(from).expect("the cut is within the log");
            observer.event(Event::Truncated {
                from,
                own,
                theirs: append.entries_term,
            });
            let forgotten = self.rules.configurations_forgotten(from);
            self.log.truncate(from, forgotten);
            self.durability.truncate(&self.rules, from);
            self.pending.truncate_from = Some(from);
        }
        let new = self.log.last_index().next();
        if new <= last {
            let configuration = append.configuration.as_deref();
            let whole = append.last.0 - append.prev.index.0;
            let bytes = share(append.bytes, last.0 - new.0 + 1, whole);
            self.log
                .append_run(last, append.entries_term, bytes, configuration);
            observer.event(Event::Appended {
                first: new,
                last: self.log.last(),
            });
        }
        assert!(
            self.log.last_index() >= last,
            "what was stored is in the log"
        );
        // Entries whose payloads were lost, so that only their terms are known, are written again.
        let unwritten = new.min(self.durability.submitted_index().next()).max(first);
        if unwritten <= last {
            if let Some(configuration) = &append.configuration {
                self.log.configure(last, configuration);
            }
            self.pending.append = Some(Append {
                first: unwritten,
                last,
                term: append.entries_term,
                source: Source::Message,
                configuration: append.configuration.clone(),
            });
        }
        self.tell_configured(configured_at, observer);
        Ok(())
    }

    /// The last entry known to match the leader's log.
    fn verified(&self) -> Index {
        match &self.role {
            Role::Follower(follower) => follower.verified,
            _ => Index(0),
        }
    }

    /// The last entry that the follower may acknowledge, and the last one that it has acknowledged.
    fn ack(&self) -> (Index, Index) {
        let Role::Follower(follower) = &self.role else {
            return (Index(0), Index(0));
        };
        let durable = self.durability.durable_index();
        let ack = self
            .rules
            .ack_index(follower.verified, durable, self.log.last_index());
        (ack, follower.acknowledged)
    }

    /// Acknowledges entries that have become durable since.
    pub(crate) fn release_ack<O: Observer>(&mut self, observer: &mut O) {
        let (ack, acknowledged) = self.ack();
        if ack > acknowledged {
            self.acknowledge(ack, observer);
        }
    }

    fn acknowledge<O: Observer>(&mut self, match_index: Index, observer: &mut O) {
        observer.event(Event::Acknowledged { match_index });
        if let Role::Follower(follower) = &mut self.role {
            follower.acknowledged = match_index;
        }
        self.reply_append(Outcome::Accepted { match_index });
    }

    fn reply_append(&mut self, outcome: Outcome) {
        let Role::Follower(follower) = &self.role else {
            return;
        };
        let Some(leader) = follower.leader else {
            return;
        };
        let (seq, sent_at) = (follower.newest_seq, follower.newest_sent_at);
        assert!(seq > 0, "an answer answers something");
        let reply = AppendEntriesReply {
            seq,
            sent_at,
            outcome,
        };
        self.send(leader, Body::AppendEntriesReply(reply));
    }
}
