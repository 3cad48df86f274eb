//! Snapshots of a node: it takes them, cuts its log behind them, and installs those that it
//! receives.

use raft_core::{EntryId, Index, Input, Instant, Rules, SnapshotAttempt, SnapshotId, WriteId};

use crate::attachments::Carried;
use crate::duties::Duties;
use crate::event::{Event, Observer};
use crate::node::Node;
use crate::snapshot::Snapshot;
use crate::stream::Own;
use crate::wire::{Outbox, Response, Write};

impl<R: Rules, D: Duties> Node<R, D> {
    /// Takes a snapshot of the applied state, unless another is on its way to the disk or the state
    /// has not changed since the last one.
    pub(crate) fn take_snapshot<X: Outbox, O: Observer>(
        &mut self,
        now: Instant,
        out: &mut X,
        observer: &mut O,
    ) {
        if !self.holds_data() {
            return;
        }
        let duties = self.machine.duties().clone();
        let committed = self.raft.commit_index().0;
        let index = Index(duties.snapshot_index(self.machine.applied(), committed));
        let known = self.raft.snapshot().map_or(Index(0), |id| id.last.index);
        if index <= known || self.stream.takes_snapshot() {
            return;
        }
        let term = self.raft.log().term_at(index);
        let term = term.expect("the log holds what is applied and in no snapshot");
        let snapshot = Snapshot::of(&self.machine, EntryId { index, term });
        let id = snapshot.id;
        let (raft, snapshots) = (&self.raft, &mut self.snapshots);
        let sent = |older| {
            let sends = raft.progress().iter();
            raft.snapshot() == Some(older)
                || sends.into_iter().any(|peer| peer.sending() == Some(older))
        };
        snapshots.keep(snapshot.clone(), sent);
        snapshots.begun();
        observer.event(Event::SnapshotBegun { snapshot: id });
        if duties.log_is_cut_at_once() {
            self.snapshot_taken(now, id, out, observer);
        }
        self.stream.own(Own::Snapshot(id));
        out.write(Write::Snapshot(snapshot));
    }

    /// Handles durable writes: reports the core's own writes to it, then the results of the others.
    pub(crate) fn written<X: Outbox, O: Observer>(
        &mut self,
        now: Instant,
        through: WriteId,
        out: &mut X,
        observer: &mut O,
    ) {
        let write = self.stream.core_through(through);
        let input = Input::Written { write };
        self.core(now, input, Carried::Nothing, out, observer);
        while let Some(own) = self.stream.next_own(through) {
            match own {
                Own::Snapshot(snapshot) => self.snapshot_taken(now, snapshot, out, observer),
                Own::Piece {
                    reception,
                    snapshot,
                    received,
                } => {
                    let stored = (reception, received);
                    self.piece_stored(now, snapshot, stored, out, observer);
                }
            }
        }
    }

    fn snapshot_taken<X: Outbox, O: Observer>(
        &mut self,
        now: Instant,
        snapshot: SnapshotId,
        out: &mut X,
        observer: &mut O,
    ) {
        let taken = Input::SnapshotTaken { snapshot };
        self.core(now, taken, Carried::Nothing, out, observer);
        let through = self.snapshots.cut_behind(snapshot);
        let cut = Input::Compact { through };
        self.core(now, cut, Carried::Nothing, out, observer);
    }

    fn piece_stored<X: Outbox, O: Observer>(
        &mut self,
        now: Instant,
        snapshot: SnapshotId,
        (reception, received): (SnapshotAttempt, u64),
        out: &mut X,
        observer: &mut O,
    ) {
        let mut input = Input::PieceStored {
            reception,
            received,
        };
        if received == snapshot.bytes && self.snapshots.is_whole(reception) {
            let duties = self.machine.duties();
            if !self.snapshots.examine(reception, duties) {
                observer.event(Event::SnapshotUnsound { snapshot });
                input = Input::SnapshotDamaged { reception };
            }
        }
        self.core(now, input, Carried::Nothing, out, observer);
    }

    /// Replaces the state by that of a snapshot. If a request waits for an entry that the snapshot
    /// covers, this node cannot tell its outcome.
    pub(crate) fn install<X: Outbox, O: Observer>(
        &mut self,
        now: Instant,
        snapshot: SnapshotId,
        out: &mut X,
        observer: &mut O,
    ) {
        let raft = &self.raft;
        let sent = |older| raft.snapshot() == Some(older);
        self.machine = self.snapshots.install(snapshot, sent);
        self.clock.catch_up(now, self.machine.time());
        let index = snapshot.last.index;
        while let Some(waiter) = self.waiting.pop(index) {
            observer.event(Event::Answered {
                client: waiter.client,
                serial: waiter.serial,
                entry: snapshot.last,
                lost: true,
            });
            out.reply(waiter.client, waiter.serial, Response::Lost);
        }
        out.applied(index, self.machine.hash());
    }
}
