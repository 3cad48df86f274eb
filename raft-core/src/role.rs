//! What only some servers need to know: each role's data lives in its variant.

use smallvec::SmallVec;

use crate::event::RoleKind;
use crate::progress::Progress;
use crate::types::{Index, Instant, NodeId};

/// The role and what belongs to it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Role {
    Follower(Follower),
    PreCandidate(Ballots),
    Candidate(Candidate),
    Leader(Leader),
}

/// A follower's view of its leader, in one term.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Follower {
    pub(crate) leader: Option<NodeId>,
    /// Last entry known to match the leader's log.
    pub(crate) verified: Index,
    /// Last entry acknowledged to the leader.
    pub(crate) acknowledged: Index,
    /// Newest `seq` received, and the `sent_at` that came with it: what replies echo.
    pub(crate) newest_seq: u64,
    pub(crate) newest_sent_at: Instant,
}

/// Answers to a question put to all voters.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Ballots {
    answers: SmallVec<[(NodeId, bool); 5]>,
}

impl Ballots {
    /// Counts an answer; a voter's first one stands.
    pub(crate) fn count(&mut self, voter: NodeId, granted: bool) {
        if self.answer_of(voter).is_none() {
            self.answers.push((voter, granted));
        }
        assert!(self.answer_of(voter).is_some(), "a counted answer is known");
    }

    pub(crate) fn answer_of(&self, voter: NodeId) -> Option<bool> {
        self.answers
            .iter()
            .find(|(id, _)| *id == voter)
            .map(|(_, granted)| *granted)
    }
}

/// A candidate and its votes.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Candidate {
    pub(crate) ballots: Ballots,
    /// Whether RequestVote has left: term, own vote and log are durable.
    pub(crate) asked: bool,
}

/// A leader and what it knows of the others.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Leader {
    /// Every other member, in ascending order.
    pub(crate) peers: SmallVec<[Progress; 4]>,
    pub(crate) next_heartbeat: Instant,
}

impl Role {
    pub(crate) fn kind(&self) -> RoleKind {
        match self {
            Self::Follower(_) => RoleKind::Follower,
            Self::PreCandidate(_) => RoleKind::PreCandidate,
            Self::Candidate(_) => RoleKind::Candidate,
            Self::Leader(_) => RoleKind::Leader,
        }
    }
}
