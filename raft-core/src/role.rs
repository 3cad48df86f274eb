//! The data of each role: each variant holds its own. The rule files contain the behaviour.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use smallvec::SmallVec;

use crate::configuration::Configuration;
use crate::event::RoleKind;
use crate::progress::Progress;
use crate::request::ChangeOptions;
use crate::types::{Index, Instant, NodeId, ReadToken};

/// The role and its data.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Role {
    Follower(Follower),
    PreCandidate(Ballots),
    Candidate(Candidate),
    /// Boxed: most servers follow, and the box keeps their state small.
    Leader(Box<Leader>),
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

/// A follower's view of its leader, in one term.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Follower {
    pub(crate) leader: Option<NodeId>,
    /// Last entry known to match the leader's log.
    pub(crate) verified: Index,
    /// Last entry acknowledged to the leader.
    pub(crate) acknowledged: Index,
    /// Newest `seq` received, and its `sent_at`: replies echo both.
    pub(crate) newest_seq: u64,
    pub(crate) newest_sent_at: Instant,
    /// Whether it agreed to the leader's silence and has not woken since.
    pub(crate) asleep: bool,
    /// Reads that wait for the leader's index.
    pub(crate) reads: ForwardedReads,
}

/// A follower's reads, on their way to its leader.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct ForwardedReads {
    /// Reads that arrived after the present question left.
    pub(crate) waiting: Vec<ReadToken>,
    /// Reads that the present question covers.
    pub(crate) asked: Vec<ReadToken>,
    pub(crate) number: u64,
    pub(crate) asked_at: Instant,
}

/// Answers to a question put to all voters.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Ballots {
    answers: SmallVec<[(NodeId, bool); 5]>,
}

impl Ballots {
    /// Counts an answer. A grant stands. It also replaces a refusal, because the refusal may answer
    /// an older question of the same candidate.
    pub(crate) fn count(&mut self, voter: NodeId, granted: bool) {
        match self.answers.iter_mut().find(|(id, _)| *id == voter) {
            Some((_, known)) => *known |= granted,
            None => self.answers.push((voter, granted)),
        }
        assert!(self.answer_of(voter).is_some(), "a counted answer is known");
        assert!(
            !granted || self.answer_of(voter) == Some(true),
            "no refusal takes a grant back"
        );
    }

    /// The number of grants from the servers that `wanted` names.
    pub(crate) fn granted_by(&self, wanted: impl Fn(NodeId) -> bool) -> usize {
        let granted = self.answers.iter().filter(|(_, granted)| *granted);
        granted.filter(|(id, _)| wanted(*id)).count()
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
    /// Whether the leader told it to campaign.
    pub(crate) transfer: bool,
}

/// A leader and its view of the others.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Leader {
    /// Every other member, in ascending order.
    pub(crate) peers: SmallVec<[Progress; 4]>,
    pub(crate) next_heartbeat: Instant,
    /// Its uncommitted proposals. Each item holds the last index and the bytes.
    pub(crate) uncommitted: Uncommitted,
    /// Reads that wait for a quorum.
    pub(crate) reads: Reads,
    /// The transfer of leadership under way.
    pub(crate) transfer: Option<Transfer>,
    /// Whether the leader has told a server to campaign. That server may campaign whenever the
    /// message arrives, so there is no lease for the rest of this term.
    pub(crate) lease_given_up: bool,
    /// Whether it is silent, or on the way to silence.
    pub(crate) quiet: Quiet,
    /// The change of members that is under way.
    pub(crate) change: Option<Box<Changing>>,
    /// The highest `seq` sent to a server that is no longer a peer.
    pub(crate) seq_floor: u64,
}

/// Proposals of one leader that are not committed yet, in order.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Uncommitted {
    proposals: VecDeque<(Index, u64)>,
    bytes: u64,
}

impl Uncommitted {
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn proposed(&mut self, last: Index, bytes: u64) {
        assert!(
            self.proposals
                .back()
                .is_none_or(|(before, _)| *before < last),
            "proposals follow each other"
        );
        self.proposals.push_back((last, bytes));
        self.bytes = self.bytes.saturating_add(bytes);
    }

    pub(crate) fn committed(&mut self, commit: Index) {
        while let Some((_, bytes)) = self.proposals.pop_front_if(|(last, _)| *last <= commit) {
            self.bytes = self.bytes.saturating_sub(bytes);
        }
    }
}

/// A leader's reads.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Reads {
    /// Reads that arrived after the present round began, or before an entry of the leader's term is
    /// committed.
    pub(crate) waiting: Vec<PendingRead>,
    /// Reads that the present round covers.
    pub(crate) asked: Vec<PendingRead>,
    /// The index that will answer them.
    pub(crate) index: Index,
}

impl Reads {
    pub(crate) fn len(&self) -> u64 {
        (self.waiting.len() + self.asked.len()) as u64
    }

    pub(crate) fn holds(&self, read: PendingRead) -> bool {
        self.waiting.contains(&read) || self.asked.contains(&read)
    }
}

/// A read at its leader.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct PendingRead {
    pub(crate) token: ReadToken,
    /// The follower that asks; the token is its number of the question. `None`: the driver.
    pub(crate) asker: Option<NodeId>,
}

/// A transfer under way.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Transfer {
    pub(crate) to: NodeId,
    /// The end of the leader's wait: it then resumes normal work.
    pub(crate) deadline: Instant,
    /// Whether the target was told to campaign.
    pub(crate) told: bool,
}

/// A leader's progress towards silence.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Quiet {
    Awake {
        /// The last instant at which it woke; the beginning of time if it never slept.
        since: Instant,
        /// Heartbeats without work in between.
        beats: u8,
    },
    /// It asks for silence, and sends messages until all have agreed.
    Asking {
        since: Instant,
    },
    Asleep,
}

impl Default for Quiet {
    fn default() -> Self {
        let since = Instant(0);
        Self::Awake { since, beats: 0 }
    }
}

/// A change that a leader has begun.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Changing {
    /// The configuration after the change.
    pub(crate) next: Configuration,
    pub(crate) how: ChangeOptions,
    /// The servers that must catch up before the change continues.
    pub(crate) newcomers: SmallVec<[CatchUp; 1]>,
    /// Whether `next`, or the joint configuration on the way to it, is in the log.
    pub(crate) appended: bool,
}

/// A server that waits for a vote.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct CatchUp {
    pub(crate) id: NodeId,
    /// Whether it has caught up.
    pub(crate) ready: bool,
    pub(crate) round: u64,
    pub(crate) began: Instant,
    /// The last index of the log at the start of the round.
    pub(crate) through: Index,
    /// Its progress: the end of its log, and the bytes of a snapshot; and the instant of that
    /// progress.
    pub(crate) come: (Index, u64),
    pub(crate) since: Instant,
}

impl CatchUp {
    pub(crate) fn begun(id: NodeId, through: Index, now: Instant) -> Self {
        Self {
            id,
            ready: false,
            round: 1,
            began: now,
            through,
            come: (Index(0), 0),
            since: now,
        }
    }

    pub(crate) fn note(&mut self, peer: &Progress, now: Instant) {
        let received = peer.sending.as_ref().map_or(0, |sending| sending.received);
        let come = (peer.match_index, received);
        if come != self.come {
            (self.come, self.since) = (come, now);
        }
    }
}
