//! A snapshot of one server's state for operators and reports: plain values, no references. The
//! feature `serde` makes it serialisable.

use alloc::vec::Vec;

use crate::event::RoleKind;
use crate::message::SnapshotId;
use crate::progress::ProgressState;
use crate::raft::Raft;
use crate::role::Role;
use crate::rules::Rules;
use crate::types::{EntryId, Index, Instant, NodeId, Priority, Term, WriteId};

/// The state of a server at one moment. Instants are of its own clock.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Status {
    /// Its identity.
    pub id: NodeId,
    /// Its role.
    pub role: RoleKind,
    /// Its priority as the leader.
    pub priority: Priority,
    /// Its term.
    pub current_term: Term,
    /// The candidate that has its vote of that term.
    pub voted_for: Option<NodeId>,
    /// The leader of that term, if known.
    pub leader: Option<NodeId>,
    /// The members in force.
    pub configuration: Membership,
    /// The entry before its log.
    pub base: EntryId,
    /// The last entry of its log.
    pub last: EntryId,
    /// The last durable entry of its log.
    pub durable_index: Index,
    /// The last entry that it knows to be committed.
    pub commit_index: Index,
    /// The last write handed to its disk, and the last one reported durable.
    pub writes: (WriteId, WriteId),
    /// Its clock at its last step.
    pub now: Instant,
    /// The instant at which it needs to be woken.
    pub deadline: Option<Instant>,
    /// The instant before which no other server can lead, if clocks stay within their error;
    /// leaders only.
    pub lease_until: Option<Instant>,
    /// Entry bytes that it has proposed and not committed; leaders only.
    pub uncommitted_bytes: u64,
    /// Reads without an entry that wait here.
    pub reads_waiting: u64,
    /// Proposals that it has passed on and that have no answer yet.
    pub proposals_forwarded: u64,
    /// The target of the transfer of leadership under way.
    pub transfer_to: Option<NodeId>,
    /// Whether it is changing the members.
    pub changing: bool,
    /// Whether it is silent until it gets work.
    pub asleep: bool,
    /// The newest snapshot that it holds.
    pub snapshot: Option<SnapshotId>,
    /// The snapshot that it holds in part, and the number of bytes.
    pub incoming: Option<(SnapshotId, u64)>,
    /// A leader's knowledge of the others, in ascending order.
    pub peers: Vec<PeerStatus>,
}

/// The members of a configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Membership {
    /// The voters.
    pub voters: Vec<NodeId>,
    /// The outgoing voters, while a joint configuration is in force.
    pub outgoing: Vec<NodeId>,
    /// The members that receive the log without a vote.
    pub learners: Vec<NodeId>,
    /// The members that hold no data.
    pub witnesses: Vec<NodeId>,
    /// The entry that holds the configuration, or the log's base.
    pub at: Index,
}

/// A leader's knowledge of one follower.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct PeerStatus {
    /// The follower.
    pub id: NodeId,
    /// The way in which the leader sends entries.
    pub pace: ProgressState,
    /// Highest entry known to be replicated there, durably.
    pub match_index: Index,
    /// The next entry to send.
    pub next_index: Index,
    /// Messages sent and not known to have arrived.
    pub messages_under_way: u64,
    /// The send time of the newest message that it has answered.
    pub contact: Instant,
    /// The snapshot in transfer: its last entry, the bytes durable at the follower, and its total
    /// bytes.
    pub sending: Option<(EntryId, u64, u64)>,
}

impl<R: Rules + ?Sized> Raft<R> {
    /// This server as it is now.
    #[must_use]
    pub fn status(&self) -> Status {
        let configuration = self.configuration();
        let (uncommitted_bytes, transfer_to) = match &self.role {
            Role::Leader(leader) => (
                leader.uncommitted.bytes(),
                leader.transfer.map(|transfer| transfer.to),
            ),
            _ => (0, None),
        };
        let peer = |peer: &crate::progress::Progress| PeerStatus {
            id: peer.id,
            pace: peer.pace,
            match_index: peer.match_index,
            next_index: peer.next_index,
            messages_under_way: peer.sent_seq.saturating_sub(peer.received_seq),
            contact: peer.contact,
            sending: peer.sending.as_ref().map(|sending| {
                let id = sending.snapshot.id;
                (id.last, sending.received, id.bytes)
            }),
        };
        Status {
            id: self.id,
            role: self.role(),
            priority: self.settings.priority,
            current_term: self.current_term,
            voted_for: self.voted_for,
            leader: self.leader(),
            configuration: Membership {
                voters: configuration.incoming().to_vec(),
                outgoing: configuration.outgoing().to_vec(),
                learners: configuration.learners().to_vec(),
                witnesses: configuration.witnesses().to_vec(),
                at: self.log.configured_at(),
            },
            base: self.log.base().last,
            last: self.log.last(),
            durable_index: self.durable_index(),
            commit_index: self.commit_index,
            writes: self.writes(),
            now: self.now,
            deadline: self.deadline(),
            lease_until: self.lease_until(),
            uncommitted_bytes,
            reads_waiting: self.reads_waiting(),
            proposals_forwarded: self.proposals_forwarded(),
            transfer_to,
            changing: self.is_changing(),
            asleep: self.is_asleep(),
            snapshot: self.snapshot(),
            incoming: self.incoming(),
            peers: self.progress().iter().map(peer).collect(),
        }
    }
}
