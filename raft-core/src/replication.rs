//! The leader's side of log replication (§5.3). The follower's side is in `following`.

use alloc::boxed::Box;

use crate::effect::{Append, Effect, Source};
use crate::event::{Event, Observer};
use crate::message::{AppendEntries, AppendEntriesReply, Body, Malformed, MessageKind, Outcome};
use crate::progress::ProgressState;
use crate::raft::Raft;
use crate::request::Refusal;
use crate::role::Role;
use crate::rules::Rules;
use crate::types::{EntryId, Index, Instant, LIMIT, NodeId};

impl<R: Rules + ?Sized> Raft<R> {
    /// Appends entries of these sizes, or refuses them all.
    pub(crate) fn propose<O: Observer>(&mut self, sizes: &[u64], observer: &mut O) {
        if let Some(to) = self.forwards_to()
            && !sizes.is_empty()
        {
            self.forward_proposals(to, sizes, observer);
            return;
        }
        if let Some(why) = self.refusal_of(sizes) {
            self.refuse(why, observer);
            return;
        }
        if sizes.is_empty() {
            return;
        }
        let first = self.put_into_log(sizes);
        let (last, term) = (self.log.last_index(), self.current_term);
        let first = first.index;
        self.effects
            .push_back(Effect::Proposed { first, last, term });
        self.appended(first, Source::Proposals, observer);
        self.replicate(observer);
    }

    /// Tells the driver why its proposals are not appended.
    pub(crate) fn refuse<O: Observer>(&mut self, why: Refusal, observer: &mut O) {
        let leader = self.leader();
        observer.event(Event::ProposalRefused { leader, why });
        self.effects
            .push_back(Effect::ProposalRefused { leader, why });
    }

    /// Appends proposals that passed the checks. Returns the first entry.
    pub(crate) fn put_into_log(&mut self, sizes: &[u64]) -> EntryId {
        let index = self.log.last_index().next();
        for bytes in sizes {
            self.log.append(self.current_term, *bytes, None);
        }
        let last = self.log.last_index();
        let term = self.current_term;
        if let Role::Leader(leader) = &mut self.role {
            let bytes = sizes
                .iter()
                .fold(0, |sum: u64, bytes| sum.saturating_add(*bytes));
            leader.uncommitted.proposed(last, bytes);
        }
        assert!(
            self.log.last().term == term,
            "a leader proposes in its own term"
        );
        EntryId { index, term }
    }

    /// The reason for refusing these proposals, if there is one.
    pub(crate) fn refusal_of(&self, sizes: &[u64]) -> Option<Refusal> {
        let Role::Leader(leader) = &self.role else {
            return Some(Refusal::NotLeader);
        };
        if let Some(transfer) = leader.transfer {
            return Some(Refusal::Transferring { to: transfer.to });
        }
        let uncommitted = leader.uncommitted.bytes();
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
        self.send_to_all(true, observer);
    }

    /// The leader's own log grew: make it durable beside the followers (dissertation §10.2.1).
    pub(crate) fn appended<O: Observer>(&mut self, first: Index, source: Source, observer: &mut O) {
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

    /// Sends the entries that may leave, or else an empty message (§5.2). This also detects losses:
    /// the message names the last entry sent, and the follower rejects it if that entry never
    /// arrived.
    pub(crate) fn heartbeat<O: Observer>(&mut self, observer: &mut O) {
        if self.check_quorum(observer) || self.check_disk(observer) {
            return;
        }
        let next = self.now.after(self.settings.heartbeat);
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        leader.next_heartbeat = next;
        if self.settings.quiescence && self.ask_for_silence(observer) {
            return;
        }
        self.send_to_all(true, observer);
        self.tell_target_again();
    }

    /// A leader's deadline: it must send a heartbeat, or a transfer has taken too long.
    pub(crate) fn leader_deadline<O: Observer>(&mut self, observer: &mut O) {
        self.end_late_transfer(observer);
        let due = matches!(&self.role, Role::Leader(leader) if leader.next_heartbeat <= self.now);
        if due {
            self.heartbeat(observer);
            self.watch_newcomers(observer);
            if self.is_unsettled() {
                self.settle_configuration(observer);
            }
        }
    }

    /// Sends every peer the entries that its window allows.
    pub(crate) fn replicate<O: Observer>(&mut self, observer: &mut O) {
        self.send_to_all(false, observer);
    }

    /// Sends followers a new commit index at once, if the settings ask for that.
    pub(crate) fn announce_commit<O: Observer>(&mut self, observer: &mut O) {
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
                peer.pace == ProgressState::Replicate && peer.may_send(&self.settings, &self.log);
            if replicates && peer.sent_commit < commit {
                self.send_to(place, true, observer);
            }
        }
    }

    pub(crate) fn send_to_all<O: Observer>(&mut self, speak: bool, observer: &mut O) {
        let Role::Leader(leader) = &self.role else {
            return;
        };
        for place in 0..leader.peers.len() {
            self.send_to(place, speak, observer);
        }
    }

    /// Sends one follower all entries that the window allows; with `speak`, at least a heartbeat.
    pub(crate) fn send_to<O: Observer>(&mut self, place: usize, speak: bool, observer: &mut O) {
        if self.needs_snapshot(place) {
            self.send_snapshot(place, speak, observer);
            return;
        }
        let through = self.may_be_told_through(place);
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
            let more = peer.next_index <= through && peer.may_send(settings, log);
            if !more && !silent {
                return;
            }
            silent = false;
            let prev_index = peer.next_index.previous();
            let Ok(prev_term) = log.term_at(prev_index) else {
                // The log has dropped the entries before the base, and a rule withholds the
                // snapshot.
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
                append.last = run.last.min(through);
                append.entries_term = run.term;
                sent_bytes = match append.last == run.last {
                    true => run.bytes_through,
                    false => log.bytes_through(append.last),
                };
                append.bytes = sent_bytes - peer.sent_bytes.min(sent_bytes);
                append.configuration = log.configuration_at(append.last).cloned().map(Box::new);
            }
            match &mut peer.pace {
                ProgressState::Probe { waiting } => *waiting = true,
                ProgressState::Replicate if more => {
                    peer.next_index = append.last.next();
                    peer.sent_bytes = sent_bytes;
                }
                ProgressState::Replicate | ProgressState::Snapshot => {}
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
        let acknowledged = match reply.outcome {
            Outcome::Accepted { match_index } => match_index,
            Outcome::Rejected { .. } => Index(0),
        };
        if acknowledged > self.log.last_index() && matches!(self.role, Role::Leader(_)) {
            let why = Malformed::AcknowledgesUnsent;
            observer.event(Event::MalformedDropped { from, why });
            return;
        }
        let (kind, echo) = (MessageKind::AppendEntriesReply, (reply.seq, reply.sent_at));
        let Some(place) = self.heard_from(from, kind, echo, observer) else {
            return;
        };
        match reply.outcome {
            Outcome::Accepted { match_index } => self.accepted(place, match_index, observer),
            Outcome::Rejected { prev_index, hint } => {
                self.rejected(place, prev_index, hint, observer);
            }
        }
    }

    /// Notes that a follower has answered: any answer shows that it follows. Returns its place
    /// among the peers, if it is a peer and the answer is valid.
    pub(crate) fn heard_from<O: Observer>(
        &mut self,
        from: NodeId,
        what: MessageKind,
        (seq, sent_at): (u64, Instant),
        observer: &mut O,
    ) -> Option<usize> {
        let now = self.now;
        let theirs = self.current_term;
        let Role::Leader(leader) = &mut self.role else {
            return None;
        };
        let place = leader.peers.iter().position(|peer| peer.id == from)?;
        assert!(from != self.id, "nobody answers itself");
        if seq == 0 {
            // It answered a message of an older term, though it arrived in this one.
            observer.event(Event::StaleDropped { from, theirs, what });
            return None;
        }
        let peer = &mut leader.peers[place];
        if seq > peer.sent_seq || sent_at > now {
            let why = Malformed::AcknowledgesUnsent;
            observer.event(Event::MalformedDropped { from, why });
            return None;
        }
        peer.received_seq = peer.received_seq.max(seq);
        peer.contact = self.rules.contact_after_reply(peer.contact, sent_at, now);
        assert!(peer.contact <= now, "nobody is heard from later than now");
        self.settle_round(observer);
        Some(place)
    }

    fn accepted<O: Observer>(&mut self, place: usize, acknowledged: Index, observer: &mut O) {
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        let peer = &mut leader.peers[place];
        let from = peer.id;
        let matched = self.rules.match_after_ack(peer.match_index, acknowledged);
        let moved = matched != peer.match_index;
        if moved {
            peer.matched(matched, &self.log);
            observer.event(Event::MatchAdvanced {
                peer: peer.id,
                match_index: matched,
            });
        }
        // A follower that receives a snapshot continues with entries once it reaches the log.
        let sent = peer.sending.as_ref();
        let asked = sent.is_some_and(|sent| sent.asked);
        let over = |through| self.rules.snapshot_is_over(matched, through);
        let reaches = over(self.log.base().last.index) && !asked;
        let done = sent.is_some_and(|sent| over(sent.snapshot.id.last.index));
        if done {
            // If the leader has cut its log beyond this snapshot meanwhile, it sends a newer one.
            peer.sending = None;
        }
        if peer.pace != ProgressState::Replicate && (reaches || peer.sending.is_none()) {
            peer.become_replicate(&self.log);
        }
        // The commit index can only rise if entries beyond it have reached another follower.
        if moved && matched > self.commit_index {
            self.advance_commit(observer);
        }
        self.tell_target(observer);
        // A committed configuration may have removed the peer or ended this leadership.
        if self.progress().get(place).map(|peer| peer.id) == Some(from) {
            self.send_to(place, false, observer);
        }
        self.watch_newcomers(observer);
    }

    /// The follower lacks the entry before the sent ones: move back (end of §5.3).
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
        if !peer.back_off(&self.rules, refused, common, &self.log) {
            return;
        }
        observer.event(Event::BackedOff {
            peer: peer.id,
            refused,
            next: peer.next_index,
        });
        self.send_to(place, true, observer);
    }
}
