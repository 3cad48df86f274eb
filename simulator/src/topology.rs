//! The directed links of a world.

use crate::node::{ClientId, NodeId};

/// One end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// A node of the cluster.
    Node(NodeId),
    /// A client.
    Client(ClientId),
}

// The first code of a client. Two codes fit the 56 bits of a stream's index.
const CLIENT: u32 = 1 << 27;

impl Endpoint {
    /// A unique number below 2²⁸, for the trace hash and the streams. It does not depend on the
    /// size of the world.
    #[inline]
    pub(crate) fn code(self) -> u64 {
        match self {
            Endpoint::Node(NodeId(node)) => u64::from(node),
            Endpoint::Client(ClientId(client)) => u64::from(CLIENT + client),
        }
    }
}

impl From<NodeId> for Endpoint {
    fn from(node: NodeId) -> Self {
        Endpoint::Node(node)
    }
}

impl From<ClientId> for Endpoint {
    fn from(client: ClientId) -> Self {
        Endpoint::Client(client)
    }
}

/// A directed link: from, to.
pub type Pair = (Endpoint, Endpoint);

/// The index of a link in tables with one row per link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LinkId(u32);

impl LinkId {
    #[inline]
    pub(crate) fn place(self) -> usize {
        self.0 as usize
    }
}

/// The nodes and clients of a world. Nodes reach all nodes, also themselves, and clients. Clients
/// reach nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topology {
    nodes: u32,
    clients: u32,
}

impl Topology {
    pub(crate) fn new(nodes: u32, clients: u32) -> Topology {
        assert!(nodes > 0, "a cluster has nodes");
        let links = u64::from(nodes) * (u64::from(nodes) + 2 * u64::from(clients));
        assert!(
            links < 1 << 27,
            "{nodes} nodes and {clients} clients are too many"
        );
        Topology { nodes, clients }
    }

    /// The number of nodes.
    #[must_use]
    pub fn node_count(self) -> u32 {
        self.nodes
    }

    /// The number of clients.
    #[must_use]
    pub fn client_count(self) -> u32 {
        self.clients
    }

    /// All nodes, in order.
    pub fn nodes(self) -> impl DoubleEndedIterator<Item = NodeId> {
        (0..self.nodes).map(NodeId)
    }

    /// All clients, in order.
    pub fn clients(self) -> impl DoubleEndedIterator<Item = ClientId> {
        (0..self.clients).map(ClientId)
    }

    /// The links between different nodes, both ways.
    #[must_use]
    pub fn node_links(self) -> Vec<Pair> {
        let pairs = self.nodes().flat_map(|a| self.nodes().map(move |b| (a, b)));
        pairs
            .filter(|(a, b)| a != b)
            .map(|(a, b)| (a.into(), b.into()))
            .collect()
    }

    /// The links between clients and nodes, both ways.
    #[must_use]
    pub fn client_links(self) -> Vec<Pair> {
        let pairs = self
            .clients()
            .flat_map(|client| self.nodes().map(move |node| (client, node)));
        pairs
            .flat_map(|(client, node)| [(client.into(), node.into()), (node.into(), client.into())])
            .collect()
    }

    /// The links from each of `sources` to each of `targets`, one way.
    #[must_use]
    pub fn one_way(self, sources: &[NodeId], targets: &[NodeId]) -> Vec<Pair> {
        let pairs = sources
            .iter()
            .flat_map(|a| targets.iter().map(move |b| (*a, *b)));
        pairs
            .filter(|(a, b)| a != b)
            .map(|(a, b)| (a.into(), b.into()))
            .collect()
    }

    /// The links between each of `side` and each of `other`, both ways.
    #[must_use]
    pub fn between(self, side: &[NodeId], other: &[NodeId]) -> Vec<Pair> {
        let mut links = self.one_way(side, other);
        links.extend(self.one_way(other, side));
        links
    }

    /// Every link of the world, in the order of its tables.
    pub(crate) fn links(self) -> impl Iterator<Item = Pair> {
        let to_nodes = move |from: Endpoint| self.nodes().map(move |to| (from, Endpoint::from(to)));
        let between_nodes = self.nodes().flat_map(move |from| to_nodes(from.into()));
        let asking = self.clients().flat_map(move |from| to_nodes(from.into()));
        let answering = self.clients().flat_map(move |to| {
            self.nodes()
                .map(move |from| (Endpoint::from(from), Endpoint::from(to)))
        });
        between_nodes.chain(asking).chain(answering)
    }

    /// The index of a link; `None` if there is no such link.
    #[inline]
    pub(crate) fn link(self, from: Endpoint, to: Endpoint) -> Option<LinkId> {
        let Topology { nodes, clients } = self;
        let (row, node) = match (from, to) {
            (Endpoint::Node(from), Endpoint::Node(to)) if from.0 < nodes => (from.0, to),
            (Endpoint::Client(from), Endpoint::Node(to)) if from.0 < clients => {
                (nodes + from.0, to)
            }
            (Endpoint::Node(from), Endpoint::Client(to)) if to.0 < clients => {
                (nodes + clients + to.0, from)
            }
            _ => return None,
        };
        (node.0 < nodes).then(|| LinkId(row * nodes + node.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_link_has_its_own_place_in_table_order() {
        for (nodes, clients) in [(1, 0), (3, 0), (1, 2), (3, 2), (5, 7)] {
            let topology = Topology::new(nodes, clients);
            let places = topology.links().map(|(from, to)| {
                topology
                    .link(from, to)
                    .expect("a link of the table")
                    .place()
            });
            let count = (nodes * (nodes + 2 * clients)) as usize;
            assert_eq!(places.collect::<Vec<_>>(), (0..count).collect::<Vec<_>>());
        }
    }

    #[test]
    fn there_are_no_links_to_strangers_or_between_clients() {
        let topology = Topology::new(3, 2);
        let ends = (0..9).flat_map(|n| [NodeId(n).into(), ClientId(n).into()]);
        let ends: Vec<Endpoint> = ends.chain([NodeId(u32::MAX).into()]).collect();
        for (from, to) in ends
            .iter()
            .flat_map(|from| ends.iter().map(move |to| (*from, *to)))
        {
            let known = topology.links().any(|link| link == (from, to));
            assert_eq!(
                topology.link(from, to).is_some(),
                known,
                "{from:?} to {to:?}"
            );
        }
    }
}
