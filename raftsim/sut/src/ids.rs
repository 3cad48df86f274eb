//! One node, two names: the engine counts from 0, Raft from 1.

use simulator::NodeId;

/// The engine counts nodes from 0, Raft's members are named from 1.
#[must_use]
pub fn raft_id(node: NodeId) -> raft_core::NodeId {
    raft_core::NodeId(u64::from(node.0) + 1)
}

/// The other way round.
///
/// # Panics
/// For a name that no node of the engine can have.
#[must_use]
pub fn engine_id(node: raft_core::NodeId) -> NodeId {
    let place = node
        .0
        .checked_sub(1)
        .and_then(|place| u32::try_from(place).ok());
    NodeId(place.expect("members of a simulated cluster are named from 1"))
}
