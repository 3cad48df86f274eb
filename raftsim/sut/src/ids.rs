//! Conversion between the engine's nodes, which count from 0, and Raft's ids, which count from 1.

use simulator::NodeId;

/// The Raft id of a node. The engine counts nodes from 0, Raft's ids count from 1.
#[must_use]
pub fn raft_id(node: NodeId) -> raft_core::NodeId {
    raft_core::NodeId(u64::from(node.0) + 1)
}

/// The node of a Raft id.
///
/// # Panics
/// For an id that no node of the engine can have.
#[must_use]
pub fn engine_id(node: raft_core::NodeId) -> NodeId {
    let place = node
        .0
        .checked_sub(1)
        .and_then(|place| u32::try_from(place).ok());
    NodeId(place.expect("members of a simulated cluster are named from 1"))
}
