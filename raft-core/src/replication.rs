//! Log replication (§5.3): the leader's side and the follower's.

use alloc::boxed::Box;

use crate::effect::{Append, Effect, Source};
use crate::event::{Event, Observer};
use crate::message::{AppendEntries, AppendEntriesReply, Body, Malformed, Outcome};
use crate::progress::Pace;
use crate::raft::Raft;
use crate::role::Role;
use crate::rules::{RuleId, Rules};
use crate::types::{EntryId, Index, LIMIT, NodeId};

impl<R: Rules> Raft<R> {
    // ---- leader -----------------------------------------------------------------------------

    /// Appends entries of these sizes, or refuses them all.
    pub(crate) fn propose<O: Observer>(&mut self, sizes: &[u64], observer: &mut O) {
        if !matches!(self.role, Role::Leader(_)) {
            let leader = self.leader();
            observer.event(Event::ProposalRefused { leader });
            self.effects.push_back(Effect::ProposalRefused { leader });
            return;
        }
        if sizes.is_empty() {
            return;
        }
        let first = self.log.last_index().next();
        for bytes in sizes {
            assert!(*bytes < LIMIT, "an entry of {bytes} bytes cannot exist");
            self.log.append(self.current_term, *bytes, None);
        }
        let last = self.log.last_index();
        let term = self.current_term;
        self.effects
            .push_back(Effect::Proposed { first, last, term });
        self.appended(first, Source::Proposals, observer);
        self.replicate();
    }

    /// A new leader's first entry (§8), or its first heartbeat.
    pub(crate) fn open_term<O: Observer>(&mut self, observer: &mut O) {
        assert!(
            matches!(self.role, Role::Leader(_)),
            "only a leader opens a term"
        );
        if self.rules.term_opens_with_noop() {
            let first = self.log.last_index().next();
            self.log.append(self.current_term, 0, None);
            self.appended(first, Source::Noop, observer);
        }
        self.send_to_all(true);
    }

    /// The leader's own log grew: make it durable beside the followers (dissertation §10.2.1).
    fn appended<O: Observer>(&mut self, first: Index, source: Source, observer: &mut O) {
        let last = self.log.last();
        assert!(self.pending.append.is_none(), "a step appends once");
        assert!(first <= last.index, "something was appended");
        let append = Append {
            first,
            last: last.index,
            term: last.term,
            source,
            configuration: None,
        };
        self.pending.append = Some(append);
        observer.event(Event::Appended { first, last });
    }

    /// The leader speaks (§5.2): entries that may go, else nothing but its presence. That finds
    /// out what was lost: it names the last entry sent, and is rejected if that never arrived.
    pub(crate) fn heartbeat<O: Observer>(&mut self, observer: &mut O) {
        if self.check_quorum(observer) {
            return;
        }
        let next = self.now.after(self.settings.heartbeat);
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        leader.next_heartbeat = next;
        self.send_to_all(true);
    }

    /// Sends what the windows allow to everyone.
    pub(crate) fn replicate(&mut self) {
        self.send_to_all(false);
    }

    /// Tells followers of a new commit index at once, where that is wanted.
    pub(crate) fn announce_commit(&mut self) {
        if !self.settings.eager_commit {
            return;
        }
        let commit = self.commit_index;
        let Role::Leader(leader) = &self.role else {
            return;
        };
        for place in 0..leader.peers.len() {
            let Role::Leader(leader) = &self.role else {
                return;
            };
            let peer = &leader.peers[place];
            if peer.pace == Pace::Replicate && peer.sent_commit < commit {
                self.send_to(place, true);
            }
        }
    }

    fn send_to_all(&mut self, speak: bool) {
        let Role::Leader(leader) = &self.role else {
            return;
        };
        for place in 0..leader.peers.len() {
            self.send_to(place, speak);
        }
    }

    /// Sends all entries that the window allows to one follower; with `speak`, at least a
    /// heartbeat.
    pub(crate) fn send_to(&mut self, place: usize, speak: bool) {
        let Self {
            role,
            log,
            settings,
            effects,
            ..
        } = self;
        let Role::Leader(leader) = role else { return };
        let peer = &mut leader.peers[place];
        let mut silent = speak;
        loop {
            let more = peer.next_index <= log.last_index() && peer.may_send(settings);
            if !more && !silent {
                return;
            }
            silent = false;
            let prev_index = peer.next_index.previous();
            let Ok(prev_term) = log.term_at(prev_index) else {
                // The follower needs what lies before the base: a snapshot.
                return;
            };
            let prev = EntryId {
                index: prev_index,
                term: prev_term,
            };
            peer.sent_seq += 1;
            peer.sent_commit = self.commit_index;
            let mut append = AppendEntries {
                prev,
                last: prev_index,
                entries_term: self.current_term,
                bytes: 0,
                configuration: None,
                commit: self.commit_index,
                seq: peer.sent_seq,
                sent_at: self.now,
            };
            if more {
                let run = log.run_from(peer.next_index);
                append.last = run.last;
                append.entries_term = run.term;
                append.bytes = run.bytes_through - peer.sent_bytes.min(run.bytes_through);
                append.configuration = log.configuration_at(run.last).cloned().map(Box::new);
            }
            match &mut peer.pace {
                Pace::Probe { waiting } => *waiting = true,
                Pace::Replicate if more => {
                    peer.next_index = append.last.next();
                    peer.sent_bytes = log.run_from(append.last).bytes_through;
                }
                Pace::Replicate => {}
            }
            let body = Body::AppendEntries(append);
            let message = crate::message::Message {
                term: self.current_term,
                body,
            };
            effects.push_back(Effect::Send {
                to: peer.id,
                message,
            });
        }
    }

    /// A follower's answer (Figure 2, "rules for servers: leaders").
    pub(crate) fn handle_append_entries_reply<O: Observer>(
        &mut self,
        from: NodeId,
        reply: &AppendEntriesReply,
        observer: &mut O,
    ) {
        let (now, last) = (self.now, self.log.last_index());
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        let Some(place) = leader.peers.iter().position(|peer| peer.id == from) else {
            return;
        };
        let peer = &mut leader.peers[place];
        let acknowledged = match reply.outcome {
            Outcome::Accepted { match_index } => match_index,
            Outcome::Rejected { .. } => Index(0),
        };
        if reply.seq > peer.sent_seq || reply.sent_at > now || acknowledged > last {
            observer.event(Event::MalformedDropped {
                from,
                why: Malformed::AcknowledgesUnsent,
            });
            return;
        }
        peer.received_seq = peer.received_seq.max(reply.seq);
        peer.contact = peer.contact.max(reply.sent_at);
        match reply.outcome {
            Outcome::Accepted { match_index } => self.accepted(place, match_index, observer),
            Outcome::Rejected { prev_index, hint } => {
                self.rejected(place, prev_index, hint, observer);
            }
        }
    }

    fn accepted<O: Observer>(&mut self, place: usize, acknowledged: Index, observer: &mut O) {
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        let peer = &mut leader.peers[place];
        let matched = self.rules.match_after_ack(peer.match_index, acknowledged);
        let moved = matched != peer.match_index;
        if moved {
            peer.matched(matched, &self.log);
            observer.event(Event::MatchAdvanced {
                peer: peer.id,
                match_index: matched,
            });
        }
        if peer.pace != Pace::Replicate {
            peer.pace = Pace::Replicate;
            let next = peer.next_index.max(peer.match_index.next());
            peer.send_from(next.min(self.log.last_index().next()), &self.log);
        }
        if moved {
            self.advance_commit(observer);
        }
        self.send_to(place, false);
    }

    /// The follower does not hold what was built on: go back (end of §5.3).
    fn rejected<O: Observer>(
        &mut self,
        place: usize,
        refused: Index,
        hint: EntryId,
        observer: &mut O,
    ) {
        let common = self.log.latest_not_after(hint.index, hint.term).index;
        let last = self.log.last_index();
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        let peer = &mut leader.peers[place];
        let matched = self
            .rules
            .match_after_rejection(peer.match_index, hint.index);
        if matched != peer.match_index {
            peer.matched(matched.min(last), &self.log);
        }
        // Late: the follower has accepted more since, or another probe is out by now.
        let overtaken = match peer.pace {
            Pace::Probe { .. } => refused != peer.next_index.previous(),
            Pace::Replicate => false,
        };
        if refused <= peer.match_index || refused > last || overtaken {
            return;
        }
        let next = self
            .rules
            .next_after_rejection(peer.match_index, refused, common);
        peer.pace = Pace::Probe { waiting: false };
        peer.send_from(next.min(last.next()), &self.log);
        observer.event(Event::BackedOff {
            peer: peer.id,
            refused,
            next: peer.next_index,
        });
        self.send_to(place, true);
    }

    // ---- follower ---------------------------------------------------------------------------

    /// AppendEntries of the current term (Figure 2).
    pub(crate) fn handle_append_entries<O: Observer>(
        &mut self,
        from: NodeId,
        append: &AppendEntries,
        observer: &mut O,
    ) {
        if self.leader().is_some_and(|leader| leader != from) {
            observer.event(Event::MalformedDropped {
                from,
                why: Malformed::SecondLeader,
            });
            return;
        }
        self.follow(from, append, observer);
        let prev = append.prev;
        // Everything up to the base is committed, so it matches any leader's log.
        let base = self.log.base().last;
        let own = self.log.term_at(prev.index);
        let covered = prev.index < base.index;
        // Entries known by term only cannot be built upon: they must be sent again first.
        let whole = self.durability.submitted_index();
        if !covered && !(prev.index <= whole && self.rules.previous_matches(own, prev.term)) {
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

    /// Recognises the leader of the term and notes what its next reply must echo.
    fn follow<O: Observer>(&mut self, from: NodeId, append: &AppendEntries, observer: &mut O) {
        match &mut self.role {
            Role::Follower(follower) => {
                if follower.leader.is_none() {
                    follower.leader = Some(from);
                    observer.event(Event::Follows {
                        leader: from,
                        term: self.current_term,
                    });
                }
                self.election_deadline = Some(self.fresh_election_deadline());
            }
            _ => {
                let (term, rule) = (self.current_term, RuleId::LeaderOfTerm);
                self.become_follower(term, Some(from), rule, observer);
            }
        }
        self.heard_at = self.now;
        let Role::Follower(follower) = &mut self.role else {
            return;
        };
        if append.seq > follower.newest_seq {
            follower.newest_seq = append.seq;
            follower.newest_sent_at = append.sent_at;
        }
    }

    /// Removes what conflicts, adds what is missing (§5.3). `prev` is where the logs agree.
    fn store<O: Observer>(
        &mut self,
        prev: Index,
        append: &AppendEntries,
        observer: &mut O,
    ) -> Result<(), Malformed> {
        let (first, last) = (prev.next(), append.last);
        assert!(first <= last, "there is something to store");
        let conflict = self.log.first_conflict(first, last, append.entries_term);
        let own_last = self.log.last_index();
        let cut = self
            .rules
            .truncation(conflict, prev, last)
            .filter(|from| *from <= own_last);
        let end = cut.map_or(own_last, Index::previous);
        let fits = self
            .log
            .term_at(end)
            .is_ok_and(|term| term <= append.entries_term);
        if (end < last && !fits) || append.entries_term < self.log.base().last.term {
            return Err(Malformed::OutOfOrder);
        }
        if let Some(from) = cut {
            if from <= self.commit_index {
                return Err(Malformed::OverwritesCommitted);
            }
            let own = self.log.term_at(from).expect("the cut is within the log");
            observer.event(Event::Truncated {
                from,
                own,
                theirs: append.entries_term,
            });
            self.log.truncate(from);
            self.durability.truncate(&self.rules, from);
            self.pending.truncate_from = Some(from);
        }
        let new = self.log.last_index().next();
        if new <= last {
            let configuration = append.configuration.as_deref();
            self.log
                .append_run(last, append.entries_term, append.bytes, configuration);
            observer.event(Event::Appended {
                first: new,
                last: self.log.last(),
            });
        }
        // Entries known by term only, whose payloads were lost, are written again.
        let unwritten = new.min(self.durability.submitted_index().next()).max(first);
        if unwritten <= last {
            self.pending.append = Some(Append {
                first: unwritten,
                last,
                term: append.entries_term,
                source: Source::Message,
                configuration: append.configuration.clone(),
            });
        }
        Ok(())
    }

    /// What may be acknowledged, and what was.
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

    /// Acknowledges what has become durable since.
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
        let reply = AppendEntriesReply {
            seq,
            sent_at,
            outcome,
        };
        self.send(leader, Body::AppendEntriesReply(reply));
    }
}
