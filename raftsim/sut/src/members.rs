//! The current members of the cluster, for all parts of the testbed.

use raft_core::{Configuration, RoleKind};
use simulator::{Cluster, NodeId};

use crate::ids::{engine_id, raft_id};
use crate::node_set::NodeSet;
use crate::server::Server;

/// The cluster's current configuration: that of its leader of the highest term, else that of the
/// running server with the newest log.
pub fn in_force(cluster: &Cluster<Server>) -> Option<&Configuration> {
    let up = cluster.nodes().filter_map(|id| {
        let raft = cluster.node(id)?.node().raft();
        (!raft.configuration().is_empty()).then_some(raft)
    });
    let newest = up.max_by_key(|raft| {
        let leads = raft.role() == RoleKind::Leader;
        let last = raft.log().last();
        (leads.then_some(raft.current_term()), last.term, last.index)
    });
    newest.map(raft_core::Raft::configuration)
}

/// The role of a server in the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rank {
    /// It has a vote.
    Voter,
    /// It receives the log.
    Learner,
    /// It is not a member, because it was removed or never added.
    Removed,
}

/// The rank of a server in a configuration.
pub fn rank(now: Option<&Configuration>, id: NodeId) -> Rank {
    let id = raft_id(id);
    match now {
        Some(now) if now.is_voter(id) => Rank::Voter,
        Some(now) if now.is_member(id) => Rank::Learner,
        _ => Rank::Removed,
    }
}

/// The servers of this rank now.
pub fn of_rank(cluster: &Cluster<Server>, wanted: Rank) -> Vec<NodeId> {
    let now = in_force(cluster);
    cluster
        .nodes()
        .filter(|id| rank(now, *id) == wanted)
        .collect()
}

/// The members that hold no data now.
pub fn witnesses(cluster: &Cluster<Server>) -> Vec<NodeId> {
    let now = in_force(cluster);
    let ids = now.map_or(&[][..], Configuration::witnesses);
    ids.iter().map(|id| engine_id(*id)).collect()
}

/// The members of the cluster now; all servers while no configuration is known.
pub fn now(cluster: &Cluster<Server>) -> NodeSet {
    match in_force(cluster) {
        Some(now) => {
            let voters = now.incoming().iter().chain(now.outgoing());
            voters
                .chain(now.learners())
                .map(|id| engine_id(*id))
                .collect()
        }
        None => cluster.nodes().collect(),
    }
}

/// The leader of the highest term that is up.
pub fn leader(cluster: &Cluster<Server>) -> Option<NodeId> {
    let leading = cluster.nodes().filter_map(|id| {
        let raft = cluster.node(id)?.node().raft();
        (raft.role() == RoleKind::Leader).then_some((raft.current_term(), id))
    });
    leading.max().map(|(_, id)| id)
}
