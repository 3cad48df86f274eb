//! A driver's requests to a server, and the reasons for refusal or failure.

use core::fmt;

use crate::cards::RuleId;
use crate::configuration::{ConfigurationError, Members};
use crate::types::{EntryId, NodeId};

/// Why a server refused proposals.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Refusal {
    /// This server does not lead.
    NotLeader,
    /// It is handing leadership to this server (dissertation §3.10).
    Transferring {
        /// The next leader.
        to: NodeId,
    },
    /// Too many bytes are appended and not committed, or forwarded and not answered.
    TooMuchUncommitted,
}

/// A server's answer to proposals that another server passed on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ProposalAnswer {
    /// They were appended, from this entry on, all in its term. A proposal is committed only if the
    /// applied entry has its index *and this term*.
    Accepted(EntryId),
    /// They were not appended.
    Refused {
        /// The reason.
        why: Refusal,
        /// The leader of the current term, if the server knows it.
        leader: Option<NodeId>,
    },
}

/// How a read is made safe.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ReadMode {
    /// The leader hears from a quorum first (dissertation §6.4).
    ReadIndex,
    /// The leader trusts its lease; without one it hears from a quorum (dissertation §6.4.1).
    Lease,
    /// Any server asks the leader for the index and answers itself (dissertation §6.4).
    Follower,
}

/// Why a read failed. It changed nothing, so the client may try again at any server.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ReadFailure {
    /// This server does not lead, and the read needs a leader.
    NotLeader {
        /// The leader, if this server knows it.
        leader: Option<NodeId>,
    },
    /// The server's role or term changed before the read could be answered.
    RoleChanged,
    /// The server that the follower asked no longer leads.
    Refused,
    /// The limit on waiting reads is reached.
    TooMany,
    /// Lease reads are not available.
    NoLease(LeaseRefusal),
}

impl fmt::Display for ReadFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLeader { .. } => f.write_str("this server does not lead"),
            Self::RoleChanged => f.write_str("the server's role or term changed"),
            Self::Refused => f.write_str("the leader leads no more"),
            Self::TooMany => f.write_str("too many reads wait"),
            Self::NoLease(why) => write!(f, "there is no lease: {why}"),
        }
    }
}

/// Why lease reads are not available.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LeaseRefusal {
    /// The operator did not set a bound on clock errors
    /// ([`Settings::clock_error`](crate::Settings)).
    ClockErrorUnknown,
    /// Voters do not withhold their votes ([`Settings::stickiness`](crate::Settings)).
    NoStickiness,
}

impl fmt::Display for LeaseRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClockErrorUnknown => "the clock error is not known",
            Self::NoStickiness => "voters do not withhold their votes",
        })
    }
}

/// Why a transfer of leadership failed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TransferFailure {
    /// This server does not lead.
    NotLeader {
        /// The leader, if this server knows it.
        leader: Option<NodeId>,
    },
    /// The target leads already.
    LeadsAlready,
    /// The target has no vote, so it cannot lead.
    NoVoter,
    /// The target is a witness: it has no data to lead with.
    Witness,
    /// Leadership is being handed to another server.
    Busy {
        /// The target of that transfer.
        to: NodeId,
    },
    /// The target did not take over within an election timeout.
    TimedOut,
}

impl fmt::Display for TransferFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLeader { .. } => f.write_str("this server does not lead"),
            Self::LeadsAlready => f.write_str("the target leads already"),
            Self::NoVoter => f.write_str("the target has no vote"),
            Self::Witness => f.write_str("the target is a witness"),
            Self::Busy { to } => write!(f, "leadership is being handed to {to}"),
            Self::TimedOut => f.write_str("the target did not take over in time"),
        }
    }
}

/// An operator's change to the members.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Change {
    /// Let this server receive the log, without a vote. A present member keeps its role.
    Add(NodeId),
    /// Give this server a vote, once it has caught up. A server that is no member is added first.
    Promote(NodeId),
    /// Give this server a vote as a witness, once it has caught up (see `witness`). It must be a
    /// witness that is a learner, or a server with an empty disk that is no member.
    AddWitness(NodeId),
    /// Take this server's vote; it stays as a learner.
    Demote(NodeId),
    /// Take this server out.
    Remove(NodeId),
    /// Give the vote of one server to another, in one step.
    Replace {
        /// The server to remove.
        old: NodeId,
        /// The server to add.
        new: NodeId,
    },
    /// Make these the only members.
    To {
        /// The voters.
        voters: Members,
        /// The members that receive the log without a vote.
        learners: Members,
    },
    /// Leave a joint configuration that was asked to stay.
    Leave,
}

/// Options of a change.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct ChangeOptions {
    /// Do not wait until newcomers have caught up, and do not check whether enough servers of the
    /// next configuration are alive. Safety checks still apply.
    pub forced: bool,
    /// Stay in the joint configuration, if one is needed, until [`Change::Leave`].
    pub stays_joint: bool,
}

/// Why a change failed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ChangeFailure {
    /// This server does not lead.
    NotLeader {
        /// The leader, if this server knows it.
        leader: Option<NodeId>,
    },
    /// This server has lost its leadership. If the next configuration is in the log, it may still
    /// commit.
    LeadershipLost,
    /// Leadership is being handed to another server.
    Transferring {
        /// The target of the transfer.
        to: NodeId,
    },
    /// Another change is under way.
    Busy,
    /// No entry of the leader's own term is committed yet. The operator can retry shortly.
    OwnTermFirst,
    /// The change would leave the configuration as it is.
    Nothing,
    /// This server is no member.
    NoMember(NodeId),
    /// This server has no vote.
    NoVoter(NodeId),
    /// The requested configuration is invalid.
    Senseless(ConfigurationError),
    /// The leader heard lately from too few servers of the next configuration.
    NoLiveQuorum,
    /// This server was still behind after the allowed rounds of catching up. It stays a learner.
    TooSlow(NodeId),
    /// This server does not answer, or makes no progress, so that it cannot catch up. It stays a
    /// learner.
    Silent(NodeId),
    /// The configuration is not joint.
    NotJoint,
    /// This server belongs to a cluster, or holds state of one.
    NotEmpty,
    /// This server belongs to no cluster, or leads a live one, or is a witness.
    NothingToRecover,
    /// This server is a member with data. It must leave before it can become a witness.
    HoldsData(NodeId),
}

impl fmt::Display for ChangeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLeader { .. } => f.write_str("this server does not lead"),
            Self::LeadershipLost => f.write_str("this server leads no more"),
            Self::Transferring { to } => write!(f, "leadership is being handed to {to}"),
            Self::Busy => f.write_str("another change is under way"),
            Self::OwnTermFirst => f.write_str("no entry of this term is committed yet"),
            Self::Nothing => f.write_str("it is so already"),
            Self::NoMember(id) => write!(f, "{id} is no member"),
            Self::NoVoter(id) => write!(f, "{id} has no vote"),
            Self::Senseless(why) => write!(f, "{why}"),
            Self::NoLiveQuorum => f.write_str("no quorum of it was heard from lately"),
            Self::TooSlow(id) => write!(f, "{id} is too slow to catch up"),
            Self::Silent(id) => write!(f, "{id} does not get on"),
            Self::NotJoint => f.write_str("the configuration is not joint"),
            Self::NotEmpty => f.write_str("this server belongs to a cluster"),
            Self::NothingToRecover => f.write_str("there is nothing to recover from"),
            Self::HoldsData(id) => write!(f, "{id} is a member that holds data"),
        }
    }
}

impl ChangeFailure {
    /// The rule that refused, if a rule refused.
    #[must_use]
    pub fn rule(self) -> Option<RuleId> {
        match self {
            Self::Busy => Some(RuleId::ChangeOneAtATime),
            Self::OwnTermFirst => Some(RuleId::ChangeOwnTermFirst),
            Self::NoLiveQuorum => Some(RuleId::LiveQuorum),
            Self::TooSlow(_) | Self::Silent(_) => Some(RuleId::CaughtUp),
            _ => None,
        }
    }
}
