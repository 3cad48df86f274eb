//! The ends of faults that last for a while.

use simulator::{NodeId, Pair};

use crate::world::KvWorld;

/// The end of a fault that lasts for a while.
#[derive(Clone, Debug)]
pub(crate) enum Undo {
    Restart(Vec<NodeId>),
    Resume(Vec<NodeId>),
    /// Ends the cut with this number.
    Heal(u64, Vec<Pair>),
    Release(Vec<Pair>),
    Links(Vec<Pair>),
    Clock(Vec<NodeId>),
    Disk(Vec<NodeId>),
    Apply(Vec<NodeId>),
}

pub(super) fn is_down(world: &KvWorld, id: NodeId) -> bool {
    world.cluster().node(id).is_none()
}

pub(super) fn is_up(world: &KvWorld, id: NodeId) -> bool {
    !is_down(world, id) && !world.cluster().is_paused(id)
}
