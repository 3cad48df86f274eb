//! The inputs and the effects of a step.

use alloc::boxed::Box;
use alloc::collections::VecDeque;

use crate::configuration::Configuration;
use crate::log::{Base, Log};
use crate::message::{Message, SnapshotId};
use crate::request::{
    Change, ChangeFailure, ChangeOptions, ProposalAnswer, ReadFailure, ReadMode, Refusal,
    TransferFailure,
};
use crate::types::{
    HardState, Index, NodeId, ProposalToken, ReadToken, SnapshotAttempt, Term, WriteId,
};

/// One thing that happens to a server, or a request to it.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// A message arrived. It may be lost, late, reordered, repeated or malformed.
    Receive {
        /// The sender, as the transport knows it.
        from: NodeId,
        /// The message.
        message: &'a Message,
    },
    /// A client's proposals: append entries of these sizes, in bytes, all of them or none.
    Propose {
        /// One size per entry.
        sizes: &'a [u64],
    },
    /// The instant of [`Raft::deadline`](crate::Raft::deadline) has come. An early call is
    /// harmless.
    Wake,
    /// All writes up to this one are durable.
    Written {
        /// The last of them.
        write: WriteId,
    },
    /// A client wants to read the state (§8, dissertation §6.4). The server answers with
    /// [`Effect::ReadReady`] or [`Effect::ReadFailed`], and always answers while it runs.
    Read {
        /// Identifies the read in the answer.
        token: ReadToken,
        /// How the read is made safe.
        mode: ReadMode,
    },
    /// The driver holds a durable snapshot of its state after a committed entry that the log still
    /// holds (§7).
    SnapshotTaken {
        /// The snapshot.
        snapshot: SnapshotId,
    },
    /// The log may be cut after this entry, as far as a snapshot covers it (§7).
    Compact {
        /// The last entry to remove.
        through: Index,
    },
    /// Pieces of a snapshot are durable, from its start to this byte. If that is the whole
    /// snapshot, the driver has also verified its checksum.
    PieceStored {
        /// The `reception` of the last [`Effect::StorePiece`].
        reception: SnapshotAttempt,
        /// The number of durable bytes.
        received: u64,
    },
    /// All pieces of a snapshot are stored, and its checksum is wrong.
    SnapshotDamaged {
        /// The `reception` of the last [`Effect::StorePiece`].
        reception: SnapshotAttempt,
    },
    /// Ask the leader for a snapshot in place of entries, because replaying the entries on this
    /// server's disk would take longer than receiving a whole state. This is a hint: the leader
    /// follows it if its snapshot is newer.
    RequestSnapshot,
    /// Hand leadership to this server (dissertation §3.10).
    Transfer {
        /// The next leader.
        to: NodeId,
    },
    /// Campaign now, as if the election timeout had passed. A leader does nothing.
    Campaign,
    /// Step down. A server that does not lead does nothing.
    StepDown,
    /// Change the members (§6, dissertation §4). The server answers with [`Effect::Changed`] or
    /// [`Effect::ChangeFailed`], at once or later.
    Change {
        /// The requested change.
        change: &'a Change,
        /// Its options.
        how: ChangeOptions,
    },
    /// Found a cluster of this server alone. The server must belong to no cluster and hold no
    /// state; otherwise it answers with [`Effect::ChangeFailed`].
    Bootstrap,
    /// **Loses entries that only others hold.** Continue as the only member with the present log,
    /// because the others are lost for good. If they are still running, there are two clusters from
    /// now on.
    ForceNewCluster,
}

/// A task for the driver. *Do effects in any order, writes in order, and report each finished
/// write*: that is the whole contract. Every message is safe to send at once.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Effect {
    /// Make this durable, after all earlier writes, then report it with [`Input::Written`]. It is
    /// the first effect of its step, so that payloads are ready for the messages after it.
    Write(Write),
    /// Send a message.
    Send {
        /// The receiver.
        to: NodeId,
        /// The message.
        message: Message,
    },
    /// Entries up to this index may be applied.
    Committed {
        /// The commit index.
        through: Index,
    },
    /// The proposals of this step were appended. They commit if this server stays leader, and may
    /// commit or vanish if it does not. A proposal is committed only if the applied entry has the
    /// same index *and term*.
    Proposed {
        /// Index of the first.
        first: Index,
        /// Index of the last.
        last: Index,
        /// Term of all.
        term: Term,
    },
    /// The proposals of this step were not appended and never will be.
    ProposalRefused {
        /// The leader of the current term, if this server knows it.
        leader: Option<NodeId>,
        /// The reason.
        why: Refusal,
    },
    /// The proposals of this step went to the leader. [`Effect::ProposalAnswered`] or
    /// [`Effect::ProposalLost`] reports their outcome once, with this token.
    ProposalForwarded {
        /// Identifies the proposals in that effect.
        token: ProposalToken,
    },
    /// The leader's answer to forwarded proposals.
    ProposalAnswered {
        /// The token of the proposals.
        token: ProposalToken,
        /// The leader's decision.
        answer: ProposalAnswer,
    },
    /// The outcome of forwarded proposals will stay unknown. They may commit or not.
    ProposalLost {
        /// The token of the proposals.
        token: ProposalToken,
    },
    /// A read may be answered from any state in which this entry is applied.
    ReadReady {
        /// The read's token.
        token: ReadToken,
        /// Every entry committed when the client asked for the read is at this index or before it.
        index: Index,
    },
    /// A read will not be answered.
    ReadFailed {
        /// The read's token.
        token: ReadToken,
        /// The reason.
        why: ReadFailure,
    },
    /// Keep the bytes of the received piece in memory: earlier pieces are still missing. The driver
    /// may forget pieces kept for any other reception.
    KeepPiece {
        /// The `reception` of the [`Effect::StorePiece`] that may ask for them later.
        reception: SnapshotAttempt,
        /// The place of the bytes in the snapshot. The core never asks for a kept piece that begins
        /// before a piece stored since.
        offset: u64,
    },
    /// Make the bytes of the received piece, or of a kept one, durable at this place of this
    /// snapshot, beside the stream of writes. Then report [`Input::PieceStored`]. The driver may
    /// forget pieces of any other snapshot.
    StorePiece {
        /// The `reception` to report.
        reception: SnapshotAttempt,
        /// The snapshot.
        snapshot: SnapshotId,
        /// The place of the bytes in the snapshot.
        offset: u64,
        /// The number of bytes.
        length: u64,
    },
    /// The state is that of this snapshot from now on. It replaces all state applied before.
    Installed {
        /// The snapshot.
        snapshot: SnapshotId,
    },
    /// A requested transfer of leadership has failed.
    TransferFailed {
        /// The target.
        to: NodeId,
        /// The reason.
        why: TransferFailure,
    },
    /// The requested change of members is complete and committed.
    Changed {
        /// The entry that holds the configuration.
        at: Index,
    },
    /// The requested change of members has failed.
    ChangeFailed {
        /// The reason.
        why: ChangeFailure,
    },
}

/// One write of the ordered stream. Within it the order is hard state, truncation or base, append.
/// A crash may leave any prefix of the stream, cut between or inside writes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Write {
    /// Its number; the first write of an incarnation is 1.
    pub id: WriteId,
    /// Term and vote, if they changed.
    pub hard_state: Option<HardState>,
    /// Remove this entry and all that follow.
    pub truncate_from: Option<Index>,
    /// Begin the log after this entry. Never set together with `truncate_from`.
    pub rebase: Option<Box<Rebase>>,
    /// Put these entries at their indexes, replacing any that are there. Entries after the last one
    /// stay: only `truncate_from` removes entries.
    pub append: Option<Append>,
}

/// A new start of the log.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Rebase {
    /// The entry before the log from now on. A durable snapshot covers it.
    pub base: Base,
    /// Whether to remove the entries after it too, because they are not the leader's.
    pub whole: bool,
}

/// Entries to make durable.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Append {
    /// Index of the first.
    pub first: Index,
    /// Index of the last.
    pub last: Index,
    /// Term of all.
    pub term: Term,
    /// Where their payloads are.
    pub source: Source,
    /// The configuration that the last one holds, if it holds one.
    pub configuration: Option<Box<Configuration>>,
}

/// The place of the payloads of appended entries.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Source {
    /// The proposals of this step, in order: the driver's own, or those of the message.
    Proposals,
    /// There is no payload: the one entry is the no-op that opens a term.
    Noop,
    /// The one entry is a configuration.
    Configuration,
    /// The AppendEntries of this step, which carries entries from `prev.index + 1`.
    Message,
}

/// The effects of one step, in order. The driver must take all of them: if it drops this early, the
/// next step panics, because a lost effect is a lost promise.
#[must_use = "effects must be carried out"]
#[derive(Debug)]
pub struct Effects<'a> {
    pub(crate) buffer: &'a mut VecDeque<Effect>,
    pub(crate) log: &'a Log,
    /// The last entry that may hold the configuration in force.
    pub(crate) in_force_through: Index,
}

impl Effects<'_> {
    /// The configuration in force after the step. It shows which receivers of messages are
    /// witnesses.
    #[must_use]
    #[inline]
    pub fn configuration(&self) -> &Configuration {
        self.log.configuration_in_force_at(self.in_force_through)
    }
}

impl Iterator for Effects<'_> {
    type Item = Effect;

    #[inline]
    fn next(&mut self) -> Option<Effect> {
        self.buffer.pop_front()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.buffer.len(), Some(self.buffer.len()))
    }
}
