//! Changes of members and configurations, as this crate's parts need them: in words, in the trace
//! hash, and with other servers' numbers.

use raft_core::{Change, Configuration, How, Members, RoleKind};
use simulator::{Cluster, NodeId};

use crate::ids::{engine_id, raft_id};
use crate::server::Server;

/// The servers that a change names.
pub fn named(change: &Change) -> Vec<NodeId> {
    let ids: Vec<raft_core::NodeId> = match change {
        Change::Add(id)
        | Change::AddWitness(id)
        | Change::Promote(id)
        | Change::Demote(id)
        | Change::Remove(id) => vec![*id],
        Change::Replace { old, new } => vec![*old, *new],
        Change::To { voters, learners } => voters.iter().chain(learners).copied().collect(),
        Change::Leave => Vec::new(),
    };
    ids.into_iter().map(engine_id).collect()
}

/// Gives the servers that a change names other numbers. Two may become one.
pub fn renumber(change: &mut Change, number: impl Fn(NodeId) -> NodeId) {
    let new = |id: &mut raft_core::NodeId| *id = raft_id(number(engine_id(*id)));
    match change {
        Change::Add(id)
        | Change::AddWitness(id)
        | Change::Promote(id)
        | Change::Demote(id)
        | Change::Remove(id) => new(id),
        Change::Replace { old, new: by } => [old, by].into_iter().for_each(new),
        Change::To { voters, learners } => {
            voters.iter_mut().chain(learners.iter_mut()).for_each(new);
            for set in [voters, learners] {
                set.sort_unstable();
                set.dedup();
            }
        }
        Change::Leave => {}
    }
}

/// A change in words, for servers with these names: "add S4".
pub fn words(change: &Change, how: How, names: &[impl AsRef<str>]) -> String {
    let name = |id: &raft_core::NodeId| names[engine_id(*id).0 as usize].as_ref();
    let list = |ids: &Members| ids.iter().map(name).collect::<Vec<_>>().join(" ");
    let what = match change {
        Change::Add(id) => format!("add {} as a learner", name(id)),
        Change::AddWitness(id) => format!("add {} as a witness", name(id)),
        Change::Promote(id) => format!("give {} a vote", name(id)),
        Change::Demote(id) => format!("take the vote of {}", name(id)),
        Change::Remove(id) => format!("remove {}", name(id)),
        Change::Replace { old, new } => format!("replace {} by {}", name(old), name(new)),
        Change::To { voters, learners } if learners.is_empty() => {
            format!("make {} the members", list(voters))
        }
        Change::To { voters, learners } => {
            format!(
                "make {} the voters and {} the learners",
                list(voters),
                list(learners)
            )
        }
        Change::Leave => "leave the joint configuration".to_owned(),
    };
    match how.forced {
        true => format!("{what}, whatever comes of it"),
        false => what,
    }
}

/// The configuration that the cluster goes by now: that of its leader of the highest term, else of
/// the server whose log is the newest of those that are up.
pub fn in_force(cluster: &Cluster<Server>) -> Option<&Configuration> {
    let up = cluster.nodes().filter_map(|id| {
        let raft = cluster.node(id)?.node().raft();
        (!raft.configuration().is_of_nobody()).then_some(raft)
    });
    let newest = up.max_by_key(|raft| {
        let leads = raft.role() == RoleKind::Leader;
        let last = raft.log().last();
        (leads.then_some(raft.current_term()), last.term, last.index)
    });
    newest.map(raft_core::Raft::configuration)
}

/// What a server is to the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rank {
    /// It has a vote.
    Voter,
    /// It receives the log.
    Learner,
    /// It is no member: taken out, or never added.
    Removed,
}

/// What a server is in a configuration.
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

/// The members of the cluster now; all servers while nobody knows.
pub fn now(cluster: &Cluster<Server>) -> Vec<NodeId> {
    match in_force(cluster) {
        Some(now) => now.members().iter().map(|id| engine_id(*id)).collect(),
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
