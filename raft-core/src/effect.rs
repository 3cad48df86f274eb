//! What goes into a step and what comes out of it.

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

/// One thing that happens to a server.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// A message arrived. It may be lost, late, out of order or repeated, and even malformed.
    Receive {
        /// Who sent it, as the transport knows.
        from: NodeId,
        /// The message.
        message: &'a Message,
    },
    /// Entries of these sizes, in bytes, should be appended: all of them or none.
    Propose {
        /// One size per entry.
        sizes: &'a [u64],
    },
    /// The instant of [`Raft::deadline`](crate::Raft::deadline) has come. Harmless if it has not.
    Wake,
    /// All writes up to this one are durable.
    Written {
        /// The last of them.
        write: WriteId,
    },
    /// Somebody wants to read the state (§8, dissertation §6.4). Answered with
    /// [`Effect::ReadReady`] or [`Effect::ReadFailed`], never with silence while this server runs.
    Read {
        /// What the answer will be called.
        token: ReadToken,
        /// How the read is made safe.
        mode: ReadMode,
    },
    /// The driver holds a durable snapshot of its state after a committed entry that the log still
    /// holds (§7).
    SnapshotTaken {
        /// Which one.
        snapshot: SnapshotId,
    },
    /// The log may be cut after this entry, as far as a snapshot covers it (§7).
    Compact {
        /// The last entry to go.
        through: Index,
    },
    /// Pieces of a snapshot are durable, from its start to this byte. If that is all of it, the
    /// driver has found its checksum right.
    PieceStored {
        /// As in the [`Effect::StorePiece`] of the last one.
        reception: SnapshotAttempt,
        /// How many bytes.
        received: u64,
    },
    /// All pieces of a snapshot were stored, and its checksum is wrong.
    SnapshotDamaged {
        /// As in the [`Effect::StorePiece`] of the last one.
        reception: SnapshotAttempt,
    },
    /// Ask the leader for a snapshot in place of entries: what is on this server's disk is slower
    /// to catch up from than a whole state. A hint, which the leader follows if its snapshot is news.
    RequestSnapshot,
    /// Hand leadership to this server (dissertation §3.10).
    Transfer {
        /// The next leader.
        to: NodeId,
    },
    /// Campaign now, as if the election timeout had passed. A leader does nothing.
    Campaign,
    /// Lead no more. Who does not lead does nothing.
    StepDown,
    /// Change the members (§6, dissertation §4). Answered with [`Effect::Changed`] or
    /// [`Effect::ChangeFailed`], at once or later.
    Change {
        /// The requested change.
        change: &'a Change,
        /// Its options.
        how: ChangeOptions,
    },
    /// Found a cluster of this server alone. It must belong to none and hold nothing: otherwise
    /// [`Effect::ChangeFailed`] says so.
    Bootstrap,
    /// **Loses what others hold.** Go on as the only member, with the log as it is, since the others
    /// are gone for good. If they are not, there are two clusters from now on.
    ForceNewCluster,
}

/// Something for the driver to do. *Do effects in any order, writes in order, and report each
/// finished write*: that is the whole contract. Every message is safe to send at once.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Effect {
    /// Make this durable, after all earlier writes, then report it with [`Input::Written`]. It is
    /// the first effect of its step, so that payloads are at hand for the messages after it.
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
    /// commit or vanish if it does not: only an applied entry of the same index *and term* is them.
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
        /// Why.
        why: Refusal,
    },
    /// The proposals of this step went to the leader. What became of them will be said under this
    /// name, once, with [`Effect::ProposalAnswered`] or [`Effect::ProposalLost`].
    ProposalForwarded {
        /// The name.
        token: ProposalToken,
    },
    /// The leader's answer to forwarded proposals.
    ProposalAnswered {
        /// Which ones.
        token: ProposalToken,
        /// What it says.
        answer: ProposalAnswer,
    },
    /// Nobody will say any more what became of forwarded proposals. They may commit or not.
    ProposalLost {
        /// Which ones.
        token: ProposalToken,
    },
    /// A read may be answered from any state in which this entry is applied.
    ReadReady {
        /// Which one.
        token: ReadToken,
        /// Whatever was committed when the read was asked for is at this index or before it.
        index: Index,
    },
    /// A read will not be answered.
    ReadFailed {
        /// Which one.
        token: ReadToken,
        /// Why.
        why: ReadFailure,
    },
    /// Keep the bytes of the piece just received at hand: they came before those that they follow.
    /// What was kept for any other reception may be forgotten.
    KeepPiece {
        /// What the [`Effect::StorePiece`] will name that asks for them, if one ever does.
        reception: SnapshotAttempt,
        /// Where they belong, in bytes; what was kept that begins before a piece stored since is
        /// not asked for.
        offset: u64,
    },
    /// Make the bytes of the piece just received, or of one kept, durable, at this place of this
    /// snapshot, beside the stream of writes; then report [`Input::PieceStored`]. Pieces of any
    /// other snapshot may be forgotten.
    StorePiece {
        /// What the report names.
        reception: SnapshotAttempt,
        /// Of which snapshot.
        snapshot: SnapshotId,
        /// Where they belong, in bytes.
        offset: u64,
        /// How many they are.
        length: u64,
    },
    /// The state is that of this snapshot from now on; everything applied before is replaced.
    Installed {
        /// Which one.
        snapshot: SnapshotId,
    },
    /// A transfer of leadership that was asked for does not come about.
    TransferFailed {
        /// To whom.
        to: NodeId,
        /// Why.
        why: TransferFailure,
    },
    /// The change of members that was asked for is made and committed.
    Changed {
        /// The entry that holds the configuration.
        at: Index,
    },
    /// A change of members that was asked for does not come about.
    ChangeFailed {
        /// Why.
        why: ChangeFailure,
    },
}

/// One write of the ordered stream. Within it the order is hard state, truncation or base, append; a crash
/// may leave any prefix of the stream, cut between or inside writes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Write {
    /// Its number; the first write of an incarnation is 1.
    pub id: WriteId,
    /// Term and vote, if they changed.
    pub hard_state: Option<HardState>,
    /// Remove this entry and all that follow.
    pub truncate_from: Option<Index>,
    /// Begin the log after this entry. Not together with `truncate_from`.
    pub rebase: Option<Box<Rebase>>,
    /// Put these entries at their indexes, replacing what may be there. Entries after the last one
    /// stay: only `truncate_from` removes any.
    pub append: Option<Append>,
}

/// A log that begins elsewhere.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Rebase {
    /// What lies before it from now on. A durable snapshot covers it.
    pub base: Base,
    /// Whether the entries after it go, too: they are none of the leader's.
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

/// Where the payloads of appended entries are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Source {
    /// The proposals just stepped, in order: the driver's own, or those of the message.
    Proposals,
    /// Nowhere: the one entry is the no-op that opens a term.
    Noop,
    /// The one entry is a configuration.
    Configuration,
    /// The AppendEntries just stepped, which carries entries from `prev.index + 1`.
    Message,
}

/// The effects of one step, in order. They stay in the server until taken: dropping this undone
/// makes the next step panic, because a lost effect is a lost promise.
#[must_use = "effects must be carried out"]
#[derive(Debug)]
pub struct Effects<'a> {
    pub(crate) buffer: &'a mut VecDeque<Effect>,
    pub(crate) log: &'a Log,
    /// The last entry that may hold the configuration in force.
    pub(crate) in_force_through: Index,
}

impl Effects<'_> {
    /// The configuration in force after the step: who among those that messages go to is a witness.
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
