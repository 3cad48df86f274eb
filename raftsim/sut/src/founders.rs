//! The servers that found a cluster, and the witnesses among them.

use raft_core::Configuration;
use simulator::NodeId;

use super::node_set::NodeSet;
use crate::ids::raft_id;

/// The first members of a cluster: each has a vote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Founders {
    voters: NodeSet,
    witnesses: NodeSet,
}

impl Founders {
    /// Founders with these voters, some of which are witnesses. If the voters with data are no
    /// majority, there are no witnesses. A checked scenario never has such founders, but a shrunk
    /// cluster may.
    #[must_use]
    pub fn new(voters: NodeSet, witnesses: NodeSet) -> Self {
        let witnesses: NodeSet = witnesses.iter().filter(|id| voters.contains(*id)).collect();
        let few = 2 * witnesses.len() < voters.len();
        Self {
            voters,
            witnesses: if few { witnesses } else { NodeSet::EMPTY },
        }
    }

    /// All of them.
    #[must_use]
    pub fn voters(self) -> NodeSet {
        self.voters
    }

    /// The founders that hold no data.
    #[must_use]
    pub fn witnesses(self) -> NodeSet {
        self.witnesses
    }

    /// The configuration that a server knows at its first start: all founders, if it is one of
    /// them.
    pub fn known_to(self, node: NodeId) -> Configuration {
        if !self.voters.contains(node) {
            return Configuration::empty();
        }
        let ids = |set: NodeSet| set.iter().map(raft_id).collect::<Vec<_>>();
        Configuration::of_voters(&ids(self.voters))
            .and_then(|founders| founders.with_witnesses(&ids(self.witnesses)))
            .expect("the server is one of them, and those with data are a majority")
    }

    /// The same founders with other numbers. Only numbers below `nodes` are kept.
    pub fn renumbered(self, node: impl Fn(NodeId) -> NodeId, nodes: u32) -> Self {
        let new = |set: NodeSet| set.iter().map(&node).filter(|id| id.0 < nodes).collect();
        Self::new(new(self.voters), new(self.witnesses))
    }
}

impl From<NodeSet> for Founders {
    fn from(voters: NodeSet) -> Self {
        Self::new(voters, NodeSet::EMPTY)
    }
}
