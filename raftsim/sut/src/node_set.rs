//! A set of nodes.

use simulator::NodeId;

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
    #[inline]
    pub fn insert(&mut self, node: NodeId) {
        assert!(node.0 < 16, "a scenario has at most nine nodes");
        self.0 |= 1 << node.0;
    }

    /// Whether a node is among them.
    #[must_use]
    #[inline]
    pub fn contains(self, node: NodeId) -> bool {
        node.0 < 16 && self.0 & (1 << node.0) != 0
    }

    /// Whether the set is empty.
    #[must_use]
    #[inline]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The number of nodes.
    #[must_use]
    #[inline]
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The nodes, in order.
    #[inline]
    pub fn iter(self) -> impl Iterator<Item = NodeId> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let first = (left != 0).then(|| NodeId(left.trailing_zeros()));
            left &= left.wrapping_sub(1);
            first
        })
    }

    /// The nodes of either set.
    #[must_use]
    #[inline]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The nodes of both sets.
    #[must_use]
    #[inline]
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_three_are_three_and_no_more() {
        assert_eq!(NodeSet::first(3).iter().count(), 3);
        assert!(!NodeSet::first(3).contains(NodeId(3)) && !NodeSet::EMPTY.contains(NodeId(70)));
    }
}
