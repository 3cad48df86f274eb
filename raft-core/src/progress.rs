//! A leader's knowledge of one follower (Figure 2, `nextIndex[]` and `matchIndex[]`), and the limit
//! on messages in flight to it.

use alloc::boxed::Box;

use crate::event::{Event, Observer};
use crate::log::Log;
use crate::message::SnapshotId;
use crate::rules::Rules;
use crate::settings::Settings;
use crate::state::Snapshot;
use crate::types::{Index, Instant, NodeId};

/// The way in which a leader sends entries.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum ProgressState {
    /// The leader searches for the last common entry. It sends one message at a time, and again
    /// with each heartbeat.
    Probe {
        /// Whether that message is in flight.
        waiting: bool,
    },
    /// The logs agree before `next_index`: the leader sends messages without waiting, as far as the
    /// window allows.
    Replicate,
    /// The leader sends a snapshot, and no entries (§7).
    Snapshot,
}

/// A leader's knowledge of one follower, in one term.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Progress {
    /// The follower.
    pub id: NodeId,
    /// Highest entry known to be replicated there, durably.
    pub match_index: Index,
    /// The next entry to send.
    pub next_index: Index,
    /// The way in which the leader sends entries.
    pub pace: ProgressState,
    /// `seq` of the last message sent.
    pub sent_seq: u64,
    /// Newest `seq` the follower has received.
    pub received_seq: u64,
    /// The send time of that message: the follower followed this leader then.
    pub contact: Instant,
    /// The commit index last sent.
    pub sent_commit: Index,
    /// Whether it agreed to the silence that the leader asks for.
    pub(crate) agreed: bool,
    /// `seq` of the first message of the present round of reads, or of an earlier one.
    pub(crate) round_from: u64,
    /// Entry bytes of the leader's log before `next_index`, estimated inside a segment.
    pub(crate) sent_bytes: u64,
    /// The snapshot on its way to it.
    pub(crate) sending: Option<Box<Sending>>,
}

impl Progress {
    pub(crate) fn new(id: NodeId, log: &Log, now: Instant) -> Self {
        let mut progress = Self {
            id,
            match_index: Index(0),
            next_index: Index(1),
            pace: ProgressState::Probe { waiting: false },
            sent_seq: 0,
            received_seq: 0,
            contact: now,
            sent_commit: Index(0),
            agreed: false,
            round_from: 1,
            sent_bytes: 0,
            sending: None,
        };
        progress.send_from(log.last_index().next(), log);
        assert!(
            progress.next_index > progress.match_index,
            "nothing is known to match before anything was sent"
        );
        progress
    }

    /// Numbers messages after `seq`. A late answer from an earlier membership, in the same term,
    /// then matches no message sent since.
    pub(crate) fn count_from(&mut self, seq: u64) {
        assert!(self.sent_seq == 0, "nothing was sent yet");
        (self.sent_seq, self.received_seq, self.round_from) = (seq, seq, seq + 1);
    }

    /// The snapshot on its way to it.
    #[must_use]
    pub fn sending(&self) -> Option<SnapshotId> {
        self.sending.as_ref().map(|sending| sending.snapshot.id)
    }

    /// Moves `next_index`.
    pub(crate) fn send_from(&mut self, next: Index, log: &Log) {
        assert!(
            next.0 > 0 && next <= log.last_index().next(),
            "{next} cannot be sent next"
        );
        self.next_index = next;
        self.sent_bytes = log.bytes_through(next.previous());
    }

    /// Notes that the follower holds the log up to here.
    pub(crate) fn matched(&mut self, match_index: Index, log: &Log) {
        self.match_index = match_index;
        if self.next_index <= match_index && match_index <= log.last_index() {
            self.send_from(match_index.next(), log);
        }
    }

    /// Whether another message with entries may leave now (dissertation §10.2.2).
    pub(crate) fn may_send(&self, settings: &Settings, log: &Log) -> bool {
        match self.pace {
            ProgressState::Probe { waiting } => !waiting,
            ProgressState::Snapshot => false,
            ProgressState::Replicate => {
                // No entry is on its way: one message may leave even if the estimates exceed the
                // window.
                let idle = self.next_index.previous() <= self.match_index;
                let messages = self.sent_seq.saturating_sub(self.received_seq);
                let matched = || log.bytes_through_at_least(self.match_index);
                let bytes = || self.sent_bytes.saturating_sub(matched());
                idle || (messages < settings.window_messages && bytes() < settings.window_bytes)
            }
        }
    }

    /// Sends entries without waiting from now on, after what is known to match.
    pub(crate) fn become_replicate(&mut self, log: &Log) {
        self.pace = ProgressState::Replicate;
        self.sending = None;
        let next = self.next_index.max(self.match_index.next());
        self.send_from(next.min(log.last_index().next()), log);
    }

    /// Moves `next_index` back, since the follower has no entry that matches the leader's at
    /// `refused`; at `common` the logs may agree (end of §5.3). False if the rejection is late: the
    /// follower has accepted more since, or the leader has moved back since.
    pub(crate) fn back_off<R: Rules + ?Sized>(
        &mut self,
        rules: &R,
        refused: Index,
        common: Index,
        log: &Log,
    ) -> bool {
        let late = match self.pace {
            ProgressState::Probe { .. } => refused != self.next_index.previous(),
            ProgressState::Replicate => refused >= self.next_index,
            ProgressState::Snapshot => true,
        };
        if refused <= self.match_index || late {
            return false;
        }
        let next = rules.next_after_rejection(self.match_index, refused, common);
        self.pace = ProgressState::Probe { waiting: false };
        self.send_from(next.clamp(Index(1), log.last_index().next()), log);
        true
    }

    /// Begins a transfer, or starts again with a newer snapshot if the present one makes no
    /// progress.
    pub(crate) fn renew<O: Observer>(
        &mut self,
        newest: Option<&Snapshot>,
        settings: &Settings,
        now: Instant,
        observer: &mut O,
    ) {
        let Some(newest) = newest else { return };
        let stuck = |sending: &Sending| {
            now.since(sending.progress_at) > settings.election_timeout_max
                && sending.snapshot.id != newest.id
        };
        if self
            .sending
            .as_deref()
            .is_some_and(|sending| !stuck(sending))
        {
            return;
        }
        self.pace = ProgressState::Snapshot;
        self.sending = Some(Box::new(Sending {
            snapshot: newest.clone(),
            sent: 0,
            received: 0,
            told_at: 0,
            progress_at: now,
            asked: false,
        }));
        observer.event(Event::SnapshotSent {
            peer: self.id,
            last: newest.id.last,
        });
    }
}

/// A snapshot on its way to one follower.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Sending {
    pub(crate) snapshot: Snapshot,
    /// Bytes before this one were sent.
    pub(crate) sent: u64,
    /// Bytes before this one are durable there.
    pub(crate) received: u64,
    /// `seq` of the reply with that number. A reply that echoes an older message is late.
    pub(crate) told_at: u64,
    /// The last instant at which `received` grew, or the start of the transfer.
    pub(crate) progress_at: Instant,
    /// Whether the follower asked for it: entries cannot then replace it.
    pub(crate) asked: bool,
}
