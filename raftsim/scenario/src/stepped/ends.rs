//! Ends of links, and the nodes of a selector.

use simulator::{ClientId, Endpoint, NodeId};
use sut::NodeSet;

/// A set of ends of links: nodes and clients. A scenario has at most 64 clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ends {
    /// The nodes among them.
    pub nodes: NodeSet,
    clients: u64,
}

impl Ends {
    /// Adds an end.
    ///
    /// # Panics
    /// For a node above 15 or a client above 63: no scenario has them.
    pub fn insert(&mut self, end: Endpoint) {
        match end {
            Endpoint::Node(node) => self.nodes.insert(node),
            Endpoint::Client(client) => {
                assert!(client.0 < 64, "a scenario has at most 64 clients");
                self.clients |= 1 << client.0;
            }
        }
    }

    /// The ends, nodes before clients, each in order.
    pub fn iter(self) -> impl Iterator<Item = Endpoint> {
        let clients = (0..64).filter(move |client| self.clients & (1 << client) != 0);
        let clients = clients.map(|client| Endpoint::Client(ClientId(client)));
        self.nodes.iter().map(Endpoint::Node).chain(clients)
    }

    /// The end, if there is exactly one.
    #[must_use]
    pub fn only(self) -> Option<Endpoint> {
        let single = self.nodes.len() + self.clients.count_ones() as usize == 1;
        single.then(|| self.iter().next()).flatten()
    }
}

impl From<Endpoint> for Ends {
    fn from(end: Endpoint) -> Self {
        let mut ends = Self::default();
        ends.insert(end);
        ends
    }
}

impl From<NodeSet> for Ends {
    fn from(nodes: NodeSet) -> Self {
        Self { nodes, clients: 0 }
    }
}

/// The nodes of an action. All variants but [`Who::These`] are resolved when the action happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// These nodes.
    These(NodeSet),
    /// Every node.
    All,
    /// The leader of the highest term that is up; no node while there is none.
    Leader,
    /// Every node that is up and not the leader.
    Followers,
    /// Every crashed node.
    Down,
    /// Every node that is neither crashed nor paused.
    Up,
    /// Every node with a vote in the leader's configuration.
    Voters,
    /// Every member without a vote.
    Learners,
    /// Every member that stores no data.
    Witnesses,
    /// Every node that is not a member.
    Removed,
}

impl From<NodeId> for Who {
    fn from(node: NodeId) -> Self {
        Self::These(node.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_come_in_order_and_the_only_one_is_known() {
        let (node, client) = (Endpoint::Node(NodeId(8)), Endpoint::Client(ClientId(63)));
        let mut ends = Ends::from(client);
        assert_eq!(ends.only(), Some(client));
        ends.insert(node);
        assert_eq!(ends.iter().collect::<Vec<_>>(), [node, client]);
        assert_eq!(ends.only(), None);
    }
}
