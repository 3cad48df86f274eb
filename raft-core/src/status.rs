//! One server at one moment, as an operator or a report wants to see it: plain values, no
//! references. With the feature `serde` it can be written down.

use alloc::vec::Vec;

use crate::event::RoleKind;
use crate::message::SnapshotId;
use crate::progress::ProgressState;
use crate::raft::Raft;
use crate::role::Role;
use crate::rules::Rules;
use crate::types::{EntryId, Index, Instant, NodeId, Priority, Term, WriteId};

/// A server at one moment. Instants are of its own clock.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Status {
    /// Who it is.
    pub id: NodeId,
    /// What it is.
    pub role: RoleKind,
    /// How much it is wanted as the leader.
    pub priority: Priority,
    /// Its term.
    pub current_term: Term,
    /// Who has its vote of that term.
    pub voted_for: Option<NodeId>,
    /// Who leads that term, if it knows.
    pub leader: Option<NodeId>,
    /// The members in force.
    pub configuration: Membership,
    /// What lies before its log.
    pub base: EntryId,
    /// The last entry of its log.
    pub last: EntryId,
    /// Up to where its log is durable.
    pub durable_index: Index,
    /// Up to where it knows entries to be committed.
    pub commit_index: Index,
    /// The last write handed to its disk, and the last one reported durable.
    pub writes: (WriteId, WriteId),
    /// What its clock showed at its last step.
    pub now: Instant,
    /// When it wants to be woken.
    pub deadline: Option<Instant>,
    /// Until when no other server can lead, as far as clocks can be trusted; leaders only.
    pub lease_until: Option<Instant>,
    /// Entry bytes that it has proposed and not committed; leaders only.
    pub uncommitted_bytes: u64,
    /// Reads without an entry that wait here.
    pub reads_waiting: u64,
    /// Proposals that it has passed on and not been answered about.
    pub proposals_forwarded: u64,
    /// To whom leadership is being handed.
    pub transfer_to: Option<NodeId>,
    /// Whether it is changing the members.
    pub changing: bool,
    /// Whether it is silent until somebody wants something.
    pub asleep: bool,
    /// The newest snapshot that it holds.
    pub snapshot: Option<SnapshotId>,
    /// The snapshot of which it holds a part, and how many bytes.
    pub incoming: Option<(SnapshotId, u64)>,
    /// What a leader knows of the others, in ascending order.
    pub peers: Vec<PeerStatus>,
}

/// The members of a configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Membership {
    /// Who votes.
    pub voters: Vec<NodeId>,
    /// Who votes besides, while a joint configuration is in force.
    pub outgoing: Vec<NodeId>,
    /// Who is kept up to date without a vote.
    pub learners: Vec<NodeId>,
    /// Who of them holds no data.
    pub witnesses: Vec<NodeId>,
    /// The entry that holds the configuration, or the log's base.
    pub at: Index,
}

/// What a leader knows of one follower.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct PeerStatus {
    /// The follower.
    pub id: NodeId,
    /// How entries are sent.
    pub pace: ProgressState,
    /// Highest entry known to be replicated there, durably.
    pub match_index: Index,
    /// The next entry to send.
    pub next_index: Index,
    /// Messages sent and not known to have arrived.
    pub messages_under_way: u64,
    /// When the newest message was sent that it has answered.
    pub contact: Instant,
    /// The snapshot on its way there: its last entry, the bytes durable there, and all its bytes.
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
