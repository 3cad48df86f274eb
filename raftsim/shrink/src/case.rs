//! A candidate: a world and its moves.

use scenario::Raft;
use sut::Founders;

use super::moves::Move;

/// Moves in a world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) world: World,
    pub(crate) moves: Vec<Move>,
}

/// The world of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct World {
    pub(crate) nodes: u32,
    /// The founders of the cluster.
    pub(crate) founders: Founders,
    pub(crate) clients: u32,
    pub(crate) raft: Raft,
    /// Whether time passes as in the recorded run, and not only where a timer fires.
    pub(crate) timed: bool,
}

impl World {
    /// Switches off the optional parts of elections: pre-votes, stickiness, check-quorum, priorities.
    pub(crate) fn make_plain(&mut self) {
        self.raft.pre_vote = false;
        self.raft.quiescence = false;
        self.raft.stickiness = false;
        self.raft.check_quorum = false;
        self.raft.priority.clear();
    }

    /// Gives all settings but those of elections their usual values.
    pub(crate) fn make_usual(&mut self) {
        self.raft = Raft {
            pre_vote: self.raft.pre_vote,
            stickiness: self.raft.stickiness,
            check_quorum: self.raft.check_quorum,
            priority: self.raft.priority.clone(),
            ..Raft::default()
        };
    }
}

impl Case {
    /// The same world with the moves that `stays` keeps.
    pub(crate) fn with(&self, mut stays: impl FnMut(usize, &Move) -> bool) -> Case {
        let kept = self.moves.iter().enumerate();
        let kept = kept.filter(|(position, made)| stays(*position, made));
        Case {
            world: self.world.clone(),
            moves: kept.map(|(_, made)| made.clone()).collect(),
        }
    }
}
