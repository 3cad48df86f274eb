//! Who is meant, by number: sets of nodes and of clients.

use simulator::{ClientId, Endpoint, NodeId};

/// Some nodes. A scenario has at most nine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeSet(u16);

impl NodeSet {
    /// No node.
    pub const EMPTY: NodeSet = NodeSet(0);

    /// The first `count` nodes.
    ///
    /// # Panics
    /// Above 16.
    #[must_use]
    pub fn first(count: u32) -> Self {
        (0..count).map(NodeId).collect()
    }

    /// Adds a node.
    ///
    /// # Panics
    /// If its number is above 15: no scenario has so many nodes.
    pub fn insert(&mut self, node: NodeId) {
        assert!(node.0 < 16, "a scenario has at most nine nodes");
        self.0 |= 1 << node.0;
    }

    /// Whether a node is among them.
    #[must_use]
    pub fn contains(self, node: NodeId) -> bool {
        node.0 < 16 && self.0 & (1 << node.0) != 0
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many they are.
    #[must_use]
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The nodes, in order.
    pub fn iter(self) -> impl Iterator<Item = NodeId> {
        (0..16).map(NodeId).filter(move |node| self.contains(*node))
    }
}

impl FromIterator<NodeId> for NodeSet {
    fn from_iter<I: IntoIterator<Item = NodeId>>(nodes: I) -> Self {
        let mut set = Self::EMPTY;
        nodes.into_iter().for_each(|node| set.insert(node));
        set
    }
}

impl From<NodeId> for NodeSet {
    fn from(node: NodeId) -> Self {
        Self::from_iter([node])
    }
}

/// Some ends of links: nodes and clients. A scenario has at most 64 clients.
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

/// Which nodes something happens to. All but [`Who::These`] are resolved when it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// These nodes.
    These(NodeSet),
    /// Every node.
    All,
    /// The leader of the highest term that is up; nobody while there is none.
    Leader,
    /// Every node that is up and not the leader.
    Followers,
    /// Every crashed node.
    Down,
    /// Every node that is neither crashed nor paused.
    Up,
    /// Every node with a vote, in the configuration that the leader goes by.
    Voters,
    /// Every member without a vote.
    Learners,
    /// Every member that holds no data.
    Witnesses,
    /// Every node that is no member.
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
        assert_eq!(NodeSet::first(3).iter().count(), 3);
        assert!(!NodeSet::first(3).contains(NodeId(3)) && !NodeSet::EMPTY.contains(NodeId(70)));
    }
}
