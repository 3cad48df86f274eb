//! A candidate: a world and the moves made in it.

use scenario::Raft;
use sut::Founders;

use super::moves::Move;

/// Moves in a world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) world: World,
    pub(crate) moves: Vec<Move>,
}

/// The world that moves are made in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct World {
    pub(crate) nodes: u32,
    /// Those of them that founded the cluster.
    pub(crate) founders: Founders,
    pub(crate) clients: u32,
    pub(crate) raft: Raft,
    /// Whether time passes as it was recorded, instead of only where a timer fires.
    pub(crate) timed: bool,
}

impl World {
    /// Elections take no more than they must: no pre-votes, no stickiness, no check-quorum, no
    /// priorities.
    pub(crate) fn make_plain(&mut self) {
        self.raft.pre_vote = false;
        self.raft.quiescence = false;
        self.raft.stickiness = false;
        self.raft.check_quorum = false;
        self.raft.priority.clear();
    }

    /// All knobs but those of elections have their usual values.
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
        let kept = kept.filter(|(place, made)| stays(*place, made));
        Case {
            world: self.world.clone(),
            moves: kept.map(|(_, made)| made.clone()).collect(),
        }
    }
}
