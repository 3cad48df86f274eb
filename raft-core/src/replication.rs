//! Log replication, the leader's side (§5.3). The follower's is in `following`.

use alloc::boxed::Box;

use crate::effect::{Append, Effect, Refusal, Source};
use crate::event::{Event, Observer};
use crate::message::{AppendEntries, AppendEntriesReply, Body, Malformed, MessageKind, Outcome};
use crate::progress::Pace;
use crate::raft::Raft;
use crate::role::Role;
use crate::rules::Rules;
use crate::types::{EntryId, Index, LIMIT, NodeId};

impl<R: Rules> Raft<R> {
    /// Appends entries of these sizes, or refuses them all.
    pub(crate) fn propose<O: Observer>(&mut self, sizes: &[u64], observer: &mut O) {
        if let Some(why) = self.refusal_of(sizes) {
            let leader = self.leader();
            observer.event(Event::ProposalRefused { leader, why });
            self.effects
                .push_back(Effect::ProposalRefused { leader, why });
            return;
        }
        if sizes.is_empty() {
            return;
        }
        let first = self.log.last_index().next();
        for bytes in sizes {
            self.log.append(self.current_term, *bytes, None);
        }
        let last = self.log.last_index();
        let term = self.current_term;
        assert!(
            self.log.last().term == term,
            "a leader proposes in its own term"
        );
        self.effects
            .push_back(Effect::Proposed { first, last, term });
        self.appended(first, Source::Proposals, observer);
        self.replicate();
    }

    /// Why these proposals are not appended, if they are not.
    fn refusal_of(&self, sizes: &[u64]) -> Option<Refusal> {
        let Role::Leader(leader) = &self.role else {
            return Some(Refusal::NotLeader);
        };
        if let Some(transfer) = leader.transfer {
            return Some(Refusal::Transferring { to: transfer.to });
        }
        let last = self.log.last_index();
        let uncommitted =
            self.log.bytes_through(last) - self.log.bytes_through(self.commit_index.min(last));
        let more = sizes.iter().fold(uncommitted, |sum, bytes| {
            assert!(*bytes < LIMIT, "an entry of {bytes} bytes cannot exist");
            sum.saturating_add(*bytes)
        });
        let full = uncommitted > 0 && more > self.settings.uncommitted_bytes;
        full.then_some(Refusal::TooMuchUncommitted)
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
        if self.check_quorum(observer) || self.check_disk(observer) {
            return;
        }
        let next = self.now.after(self.settings.heartbeat);
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        leader.next_heartbeat = next;
        self.send_to_all(true);
        self.tell_target_again();
    }

    /// A leader's deadline: a heartbeat is due, or a transfer has taken too long.
    pub(crate) fn leader_deadline<O: Observer>(&mut self, observer: &mut O) {
        self.end_late_transfer(observer);
        let due = matches!(&self.role, Role::Leader(leader) if leader.next_heartbeat <= self.now);
        if due {
            self.heartbeat(observer);
        }
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
            let replicates =
                peer.pace == Pace::Replicate && peer.may_send(&self.settings, &self.log);
            if replicates && peer.sent_commit < commit {
                self.send_to(place, true);
            }
        }
    }

    pub(crate) fn send_to_all(&mut self, speak: bool) {
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
        assert!(peer.id != self.id, "a leader is no follower of its own");
        let mut silent = speak;
        loop {
            let more = peer.next_index <= log.last_index() && peer.may_send(settings, log);
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
            let mut sent_bytes = peer.sent_bytes;
            if more {
                let run = log.run_from(peer.next_index);
                assert!(
                    run.last > prev_index && run.term <= self.current_term,
                    "a message carries entries, none of them of a later term"
                );
                append.last = run.last;
                append.entries_term = run.term;
                append.bytes = run.bytes_through - peer.sent_bytes.min(run.bytes_through);
                append.configuration = log.configuration_at(run.last).cloned().map(Box::new);
                sent_bytes = run.bytes_through;
            }
            match &mut peer.pace {
                Pace::Probe { waiting } => *waiting = true,
                Pace::Replicate if more => {
                    peer.next_index = append.last.next();
                    peer.sent_bytes = sent_bytes;
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
        assert!(from != self.id, "nobody answers itself");
        if reply.seq == 0 {
            // It answered a message of an older term, though it came back in this one.
            let theirs = self.current_term;
            let what = MessageKind::AppendEntriesReply;
            observer.event(Event::StaleDropped { from, theirs, what });
            return;
        }
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
        peer.contact = self
            .rules
            .contact_after_reply(peer.contact, reply.sent_at, now);
        assert!(peer.contact <= now, "nobody is heard from later than now");
        self.settle_round(observer);
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
        // What a majority holds beyond the commit index changes only with what lies beyond it.
        if moved && matched > self.commit_index {
            self.advance_commit(observer);
        }
        self.tell_target(observer);
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
        // Late: the follower has accepted more since, or this leader has gone back since.
        let overtaken = match peer.pace {
            Pace::Probe { .. } => refused != peer.next_index.previous(),
            Pace::Replicate => refused >= peer.next_index,
        };
        if refused <= peer.match_index || overtaken {
            return;
        }
        let next = self
            .rules
            .next_after_rejection(peer.match_index, refused, common);
        peer.pace = Pace::Probe { waiting: false };
        peer.send_from(next.clamp(Index(1), last.next()), &self.log);
        observer.event(Event::BackedOff {
            peer: peer.id,
            refused,
            next: peer.next_index,
        });
        self.send_to(place, true);
    }
}
