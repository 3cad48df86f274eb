//! Snapshots (§7, dissertation §5): the leader cuts its log at the start, and a follower that needs
//! the removed entries receives the state instead.
//!
//! The driver writes snapshots and keeps their bytes. The core knows a snapshot by its last entry,
//! its size and its checksum. A snapshot travels in pieces, and the receiver stores each durably
//! before it acknowledges it. The receiver keeps its part of a snapshot across crashes and changes
//! of leaders, and a new leader with the same snapshot continues from there. Pieces that arrive
//! early wait in memory, up to one window of them. Like any message of a leader, a piece is a sign
//! of life.

use alloc::boxed::Box;

use crate::effect::{Effect, Rebase};
use crate::event::{Event, Observer};
use crate::log::Base;
use crate::message::{
    AppendEntries, Body, InstallSnapshot, Malformed, Message, MessageKind, SnapshotId,
};
use crate::progress::ProgressState;
use crate::raft::Raft;
use crate::role::Role;
use crate::rules::Rules;
use crate::state::{Incoming, Snapshot};
use crate::types::{EntryId, Index, Instant, NodeId, SnapshotAttempt};

/// A transfer without progress for this many maximum election timeouts no longer stops the leader
/// from cutting its log.
const TIMEOUTS_WITHOUT_PROGRESS: u64 = 10;

impl<R: Rules + ?Sized> Raft<R> {
    // ---- a snapshot of one's own ------------------------------------------------------------

    /// Notes that the driver holds a durable snapshot of the state after this entry.
    pub(crate) fn snapshot_taken<O: Observer>(&mut self, id: SnapshotId, observer: &mut O) {
        let last = id.last;
        // A newer one may have been installed while this one was on its way to the disk. In a
        // witness only its name was installed, so that just the start of the log has moved.
        let known = self.snapshot.as_ref();
        let newer = known.is_some_and(|known| known.id.last.index >= last.index);
        if newer || self.log.base().last.index > last.index {
            return;
        }
        assert!(
            last.index <= self.commit_index && self.log.term_at(last.index) == Ok(last.term),
            "a snapshot is of what is committed, and {last} is not"
        );
        assert!(id.bytes > 0, "a snapshot holds something");
        let configuration = self.log.configuration_in_force_at(last.index);
        // The members at that entry are unknown here, so a receiver of the snapshot would know no
        // member.
        if configuration.is_empty() {
            return;
        }
        let configuration = match self.rules.snapshot_keeps_outgoing() {
            true => configuration.clone(),
            false => configuration.left(),
        };
        self.snapshot = Some(Box::new(Snapshot { id, configuration }));
        observer.event(Event::SnapshotTaken { last });
    }

    /// Cuts the log after this entry for the driver, as far as a snapshot covers it and no transfer
    /// of an older snapshot needs the entries. A witness needs no snapshot, because it will never
    /// have to send the removed entries.
    pub(crate) fn compact<O: Observer>(&mut self, through: Index, observer: &mut O) {
        let covered = match &self.snapshot {
            _ if self.is_witness() => self.commit_index,
            Some(snapshot) => snapshot.id.last.index,
            None => return,
        };
        let covered = through.min(covered);
        let through = self
            .oldest_sent()
            .map_or(covered, |oldest| covered.min(oldest));
        if through <= self.log.base().last.index {
            return;
        }
        self.log.compact(through);
        // A witness has no snapshot, only the name of one.
        if self.is_witness() {
            self.snapshot = None;
        }
        let base = self.log.base().clone();
        assert!(
            self.commit_index >= through,
            "only what is committed is cut off"
        );
        observer.event(Event::LogCut { base: base.last });
        self.pending.rebase = Some(Box::new(Rebase { base, whole: false }));
    }

    /// The oldest snapshot on its way to a follower that makes progress. The entries after it must
    /// stay, or that follower would never catch up.
    fn oldest_sent(&self) -> Option<Index> {
        let Role::Leader(leader) = &self.role else {
            return None;
        };
        let patience = self
            .settings
            .election_timeout_max
            .0
            .saturating_mul(TIMEOUTS_WITHOUT_PROGRESS);
        let sendings = leader.peers.iter().filter_map(|peer| peer.sending.as_ref());
        let alive = sendings.filter(|sending| self.now.since(sending.progress_at).0 <= patience);
        alive.map(|sending| sending.snapshot.id.last.index).min()
    }

    // ---- the leader -------------------------------------------------------------------------

    /// Whether this follower needs entries from before the log, or is receiving a snapshot.
    pub(crate) fn needs_snapshot(&self, place: usize) -> bool {
        let Role::Leader(leader) = &self.role else {
            return false;
        };
        let peer = &leader.peers[place];
        let before = peer.next_index.previous() < self.log.base().last.index;
        let probing = matches!(peer.pace, ProgressState::Probe { .. });
        peer.sending.is_some() || self.rules.snapshot_is_needed(before, probing)
    }

    /// Sends as much of a snapshot as the window allows. With `speak`, sends at least a heartbeat,
    /// and repeats the pieces that were not acknowledged since the last one.
    pub(crate) fn send_snapshot<O: Observer>(
        &mut self,
        place: usize,
        speak: bool,
        observer: &mut O,
    ) {
        let (now, term, commit) = (self.now, self.current_term, self.commit_index);
        let settings = self.settings;
        let Some(to) = self.progress().get(place).map(|peer| peer.id) else {
            return;
        };
        let witness = self.configuration().is_witness(to);
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        let peer = &mut leader.peers[place];
        peer.renew(self.snapshot.as_deref(), &settings, now, observer);
        let mut silent = speak;
        while let Some(sending) = &mut peer.sending {
            let SnapshotId { bytes, .. } = sending.snapshot.id;
            let stale = now.since(sending.progress_at) >= settings.heartbeat;
            if speak && silent && stale {
                // The follower has received the whole snapshot, but a crash may have undone its
                // installation. Any piece makes it install the snapshot again.
                let last = bytes.saturating_sub(settings.snapshot_piece_bytes);
                let whole = sending.received >= bytes;
                sending.sent = if whole { last } else { sending.received };
            }
            let under_way = sending.sent - sending.received.min(sending.sent);
            if sending.sent >= bytes || (under_way > 0 && under_way >= settings.window_bytes) {
                break;
            }
            let (offset, length) = match witness {
                true => (bytes, 0),
                false => {
                    let left = bytes - sending.sent;
                    (sending.sent, settings.snapshot_piece_bytes.min(left))
                }
            };
            peer.sent_seq += 1;
            let install = InstallSnapshot {
                snapshot: sending.snapshot.id,
                configuration: sending.snapshot.configuration.clone(),
                offset,
                length,
                seq: peer.sent_seq,
                sent_at: now,
            };
            sending.sent = offset + length;
            silent = false;
            let body = Body::InstallSnapshot(Box::new(install));
            let message = Message { term, body };
            self.effects.push_back(Effect::Send { to, message });
        }
        if silent {
            peer.sent_seq += 1;
            let start = EntryId::default();
            let heartbeat = AppendEntries {
                prev: start,
                last: start.index,
                entries_term: term,
                bytes: 0,
                configuration: None,
                commit,
                seq: peer.sent_seq,
                sent_at: now,
            };
            let body = Body::AppendEntries(heartbeat);
            let message = Message { term, body };
            self.effects.push_back(Effect::Send { to, message });
        }
    }

    /// Handles a follower's report of its part of a snapshot.
    pub(crate) fn handle_install_snapshot_reply<O: Observer>(
        &mut self,
        from: NodeId,
        last: EntryId,
        received: u64,
        (seq, sent_at): (u64, Instant),
        observer: &mut O,
    ) {
        let kind = MessageKind::InstallSnapshotReply;
        let Some(place) = self.heard_from(from, kind, (seq, sent_at), observer) else {
            return;
        };
        let now = self.now;
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        let peer = &mut leader.peers[place];
        if last == EntryId::default() {
            self.send_asked_snapshot(place, observer);
            return;
        }
        let Some(sending) = &mut peer.sending else {
            return;
        };
        if sending.snapshot.id.last != last || received > sending.snapshot.id.bytes {
            return;
        }
        // A running receiver's part of a snapshot only grows. So a smaller report that answers the
        // same message or an older one is late.
        let late = seq < sending.told_at || (seq == sending.told_at && received < sending.received);
        if late {
            return;
        }
        sending.told_at = seq;
        if received > sending.received {
            sending.progress_at = now;
            sending.received = received;
            sending.sent = sending.sent.max(received);
        } else if received < sending.received {
            // The follower has lost its part, and its report is correct.
            let known = self.rules.received_after_reply(sending.received, received);
            (sending.received, sending.sent) = (known, known);
        }
        self.send_snapshot(place, false, observer);
    }

    /// Handles a follower's request for a snapshot in place of entries, if the snapshot is new to
    /// it.
    fn send_asked_snapshot<O: Observer>(&mut self, place: usize, observer: &mut O) {
        let Role::Leader(leader) = &self.role else {
            return;
        };
        let matched = leader.peers[place].match_index;
        let news = |snapshot: &Snapshot| snapshot.id.last.index > matched;
        if self.snapshot.as_deref().is_some_and(news) {
            self.send_snapshot(place, false, observer);
            if let Role::Leader(leader) = &mut self.role
                && let Some(sending) = &mut leader.peers[place].sending
            {
                sending.asked = true;
            }
        }
    }

    // ---- the follower -----------------------------------------------------------------------

    /// Asks the leader for a snapshot in place of entries. The network may lose the request like
    /// any message. A leader, or a server that knows no leader, sends none.
    pub(crate) fn request_snapshot(&mut self) {
        let Role::Follower(follower) = &self.role else {
            return;
        };
        let Some(leader) = follower.leader.filter(|_| follower.newest_seq > 0) else {
            return;
        };
        let body = Body::InstallSnapshotReply {
            last: EntryId::default(),
            received: 0,
            seq: follower.newest_seq,
            sent_at: follower.newest_sent_at,
        };
        self.send(leader, body);
    }

    /// Handles a piece of a snapshot (§7, Figure 13).
    pub(crate) fn handle_install_snapshot<O: Observer>(
        &mut self,
        from: NodeId,
        install: &InstallSnapshot,
        observer: &mut O,
    ) {
        let deadline = self.election_deadline;
        if !self.follow(from, install.seq, install.sent_at, observer) {
            return;
        }
        if !self.rules.piece_is_a_sign_of_life() && deadline.is_some() {
            self.election_deadline = deadline;
        }
        let SnapshotId { last, bytes, .. } = install.snapshot;
        let own = self.log.term_at(last.index);
        let news = self.rules.snapshot_has_news(last.index, self.commit_index);
        if !news || self.rules.suffix_stays(own, last.term) {
            // Everything up to there is committed, and the log holds it already.
            let held = own == Ok(last.term);
            observer.event(Event::SnapshotPassedOver { last, held });
            let known = last.index.min(self.log.last_index());
            self.verify(known, known, observer);
            return;
        }
        if install.is_name() {
            self.install_name(from, install, observer);
            return;
        }
        let known = self
            .incoming
            .as_ref()
            .is_some_and(|known| known.id == install.snapshot);
        if !known {
            let mixes = self.rules.pieces_may_mix();
            let held = self.incoming.take().filter(|_| mixes);
            let held = held.map_or(0, |incoming| incoming.received.min(bytes - 1));
            self.incoming = Some(Box::new(Incoming::found(install.snapshot, held)));
            self.reception.0 += 1;
        }
        let Some(incoming) = &mut self.incoming else {
            return;
        };
        assert!(
            incoming.received <= incoming.taken && incoming.taken <= bytes,
            "what is durable was taken, and no more than there is"
        );
        incoming.configuration = Some(install.configuration.clone());
        if incoming.received == bytes {
            self.install(true, observer);
        } else if install.offset == incoming.taken {
            let mut next = Some(install.length);
            while let Some(length) = next {
                self.effects.push_back(Effect::StorePiece {
                    reception: self.reception,
                    snapshot: install.snapshot,
                    offset: incoming.taken,
                    length,
                });
                next = incoming.take(length);
            }
        } else {
            if incoming.keep(install, self.settings.window_bytes) {
                self.effects.push_back(Effect::KeepPiece {
                    reception: self.reception,
                    offset: install.offset,
                });
            }
            self.tell_received();
        }
    }

    /// Installs the name of the snapshot at the base of the leader's log. A witness has no data to
    /// wait for.
    fn install_name<O: Observer>(
        &mut self,
        from: NodeId,
        install: &InstallSnapshot,
        observer: &mut O,
    ) {
        if !self.takes_names() {
            let why = Malformed::NoPiece;
            observer.event(Event::MalformedDropped { from, why });
            return;
        }
        let mut incoming = Incoming::found(install.snapshot, install.snapshot.bytes);
        incoming.configuration = Some(install.configuration.clone());
        self.incoming = Some(Box::new(incoming));
        self.reception.0 += 1;
        self.install(false, observer);
    }

    /// Notes that pieces up to this byte are durable.
    pub(crate) fn piece_stored<O: Observer>(
        &mut self,
        reception: SnapshotAttempt,
        received: u64,
        observer: &mut O,
    ) {
        let Some(incoming) = self
            .incoming
            .as_mut()
            .filter(|_| reception == self.reception)
        else {
            return;
        };
        assert!(
            received <= incoming.taken,
            "{received} bytes are reported, {} were to be stored",
            incoming.taken
        );
        incoming.received = incoming.received.max(received);
        let whole = incoming.received == incoming.id.bytes;
        self.tell_received();
        // A candidate has advertised its log, so it must not replace it. If it does not win, the
        // next piece finds all the others in place.
        if whole && matches!(self.role, Role::Follower(_)) {
            self.install(true, observer);
        }
    }

    /// Drops a partial snapshot once entries have reached its last index.
    pub(crate) fn forget_overtaken(&mut self) {
        let (rules, commit) = (&self.rules, self.commit_index);
        let overtaken =
            |incoming: &mut Box<Incoming>| !rules.snapshot_has_news(incoming.id.last.index, commit);
        let _ = self.incoming.take_if(overtaken);
    }

    /// Handles a wrong checksum: the follower asks for the snapshot again from the start.
    pub(crate) fn snapshot_damaged(&mut self, reception: SnapshotAttempt) {
        let current = reception == self.reception;
        if let Some(incoming) = self.incoming.as_mut().filter(|_| current) {
            self.reception.0 += 1;
            (incoming.received, incoming.taken) = (0, 0);
            incoming.early.clear();
            self.tell_received();
        }
    }

    fn tell_received(&mut self) {
        let (Role::Follower(follower), Some(incoming)) = (&self.role, &self.incoming) else {
            return;
        };
        let Some(leader) = follower.leader.filter(|_| follower.newest_seq > 0) else {
            return;
        };
        let body = Body::InstallSnapshotReply {
            last: incoming.id.last,
            received: incoming.received,
            seq: follower.newest_seq,
            sent_at: follower.newest_sent_at,
        };
        self.send(leader, body);
    }

    /// Installs the whole snapshot, or its name for a server that needs no `data`, in place of the
    /// log.
    fn install<O: Observer>(&mut self, data: bool, observer: &mut O) {
        let Some(incoming) = self.incoming.take() else {
            return;
        };
        let Some(configuration) = incoming.configuration else {
            // The disk held the whole snapshot: the next piece brings the configuration.
            self.incoming = Some(incoming);
            return;
        };
        let last = incoming.id.last;
        if !self.rules.snapshot_has_news(last.index, self.commit_index) {
            return;
        }
        let own = self.log.term_at(last.index);
        let was = self.commit_index;
        let configured_at = self.log.configured_at();
        let whole = !self.rules.suffix_stays(own, last.term);
        let base = Base {
            last,
            configuration: configuration.clone(),
        };
        if whole {
            self.log.replace(base.clone());
            // The durable part of the old log is known to agree with the new one only up to the
            // commit index.
            self.durability.truncate(&self.rules, was.next());
            self.durability.rebase(last.index);
        } else {
            self.log.compact(last.index);
        }
        self.pending.rebase = Some(Box::new(Rebase { base, whole }));
        let id = incoming.id;
        self.snapshot = data.then(|| Box::new(Snapshot { id, configuration }));
        self.commit_index = last.index;
        observer.event(Event::SnapshotInstalled { last, was, whole });
        if whole {
            self.tell_configured(configured_at, observer);
        }
        if data {
            self.effects.push_back(Effect::Installed { snapshot: id });
        }
        if let Role::Follower(follower) = &mut self.role {
            follower.verified = follower.verified.max(last.index);
        }
    }

    /// The snapshot that this server could send.
    #[must_use]
    pub fn snapshot(&self) -> Option<SnapshotId> {
        self.snapshot.as_ref().map(|snapshot| snapshot.id)
    }

    /// The snapshot that it holds in part, and the number of bytes. If there is none, the driver
    /// may drop all received pieces, unless the installation is on its way to the disk.
    #[must_use]
    pub fn incoming(&self) -> Option<(SnapshotId, u64)> {
        self.incoming
            .as_ref()
            .map(|incoming| (incoming.id, incoming.received))
    }
}
