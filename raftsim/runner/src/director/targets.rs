//! Selectors and partitions, resolved when the action happens.

use raft_core::RoleKind;
use scenario::{Condition, Gauge, Partition, Resolved, Selector};
use simulator::{Cluster, NodeId};
use sut::members::{self, Rank, leader};
use sut::{Server, engine_id};

use super::draws::some;

/// The nodes that a selector selects now. `fit` are the nodes that the action can act on. `word`
/// decides random choices.
pub(crate) fn nodes(
    scenario: &Resolved,
    cluster: &Cluster<Server>,
    selector: &Selector,
    fit: &dyn Fn(NodeId) -> bool,
    word: u64,
) -> Vec<NodeId> {
    let all: Vec<_> = cluster.nodes().collect();
    let leader = leader(cluster);
    let up = |id: NodeId| cluster.node(id).is_some() && !cluster.is_paused(id);
    match selector {
        Selector::Nodes(names) => names
            .iter()
            .map(|name| {
                NodeId(
                    scenario
                        .index_of(name)
                        .expect("names of a checked file exist"),
                )
            })
            .collect(),
        Selector::Leader => leader.into_iter().collect(),
        Selector::Followers => all
            .into_iter()
            .filter(|id| up(*id) && Some(*id) != leader)
            .collect(),
        Selector::Random(count) => {
            let fit: Vec<_> = all.into_iter().filter(|id| fit(*id)).collect();
            some(word, &fit, *count as usize)
        }
        Selector::Minority => some(word, &all, all.len().saturating_sub(1) / 2),
        Selector::Majority => some(word, &all, all.len() / 2 + 1),
        Selector::MinorityWithLeader => minority_with_leader(&all, leader, word),
        Selector::All => all,
        Selector::Down => all
            .into_iter()
            .filter(|id| cluster.node(*id).is_none())
            .collect(),
        Selector::Up => all.into_iter().filter(|id| up(*id)).collect(),
        Selector::Voters => members::of_rank(cluster, Rank::Voter),
        Selector::Learners => members::of_rank(cluster, Rank::Learner),
        Selector::Witnesses => members::witnesses(cluster),
        Selector::Removed => members::of_rank(cluster, Rank::Removed),
        Selector::Dispensable => dispensable(cluster, word),
    }
}

fn minority_with_leader(all: &[NodeId], leader: Option<NodeId>, word: u64) -> Vec<NodeId> {
    let size = all.len().saturating_sub(1) / 2;
    let Some(leader) = leader else {
        return some(word, all, size);
    };
    if size == 0 {
        return Vec::new();
    }
    let others: Vec<_> = all.iter().copied().filter(|id| *id != leader).collect();
    let mut minority = some(word, &others, size - 1);
    minority.push(leader);
    minority.sort_unstable();
    minority
}

/// Voters that can fail while a majority of each voter set of the leader's configuration stays up.
/// None if that configuration is not committed or is about to change, because the next
/// configuration may need any node. None if a witness votes, because it may acknowledge entries
/// that only one server holds.
fn dispensable(cluster: &Cluster<Server>, word: u64) -> Vec<NodeId> {
    let Some(leader) = leader(cluster).and_then(|id| cluster.node(id)) else {
        return Vec::new();
    };
    let raft = leader.node().raft();
    let members = raft.configuration();
    let committed = raft.log().configured_at() <= raft.commit_index();
    if !committed || raft.is_changing() || !members.witnesses().is_empty() {
        return Vec::new();
    }
    let up = |id: NodeId| cluster.node(id).is_some() && !cluster.is_paused(id);
    let decides = |half: &[raft_core::NodeId], gone: &[NodeId]| {
        let there = half.iter().map(|id| engine_id(*id));
        let there = there.filter(|id| up(*id) && !gone.contains(id));
        half.is_empty() || there.count() > half.len() / 2
    };
    let mut left = members::of_rank(cluster, Rank::Voter);
    let mut gone = Vec::new();
    while !left.is_empty() {
        let turn = u32::try_from(left.len()).expect("few nodes");
        let drawn = some(word.rotate_left(turn), &left, 1);
        left.retain(|id| !drawn.contains(id));
        gone.extend(drawn);
        if !(decides(members.incoming(), &gone) && decides(members.outgoing(), &gone)) {
            gone.pop();
        }
    }
    gone.sort_unstable();
    gone
}

/// Groups of nodes. With a bridge, one node reaches all groups.
pub(crate) struct Groups {
    pub(crate) groups: Vec<Vec<NodeId>>,
    pub(crate) bridge: Option<NodeId>,
}

/// The groups into which a partition divides the nodes now.
pub(crate) fn groups(
    scenario: &Resolved,
    cluster: &Cluster<Server>,
    partition: &Partition,
    word: u64,
) -> Groups {
    let all: Vec<_> = cluster.nodes().collect();
    let against_rest = |group: Vec<NodeId>| {
        let rest = all
            .iter()
            .copied()
            .filter(|id| !group.contains(id))
            .collect();
        Groups {
            groups: vec![group, rest],
            bridge: None,
        }
    };
    match partition {
        Partition::Halves => against_rest(some(word, &all, all.len() / 2)),
        Partition::Random => {
            let sizes = all.len().saturating_sub(1).max(1);
            let size = 1 + usize::try_from(word % sizes as u64).expect("a small size");
            against_rest(some(word, &all, size))
        }
        Partition::Minority => against_rest(some(word, &all, all.len().saturating_sub(1) / 2)),
        Partition::MinorityWithLeader => {
            against_rest(minority_with_leader(&all, leader(cluster), word))
        }
        Partition::Sides => {
            let drawn = |id: &NodeId| word >> id.0 & 1 == 1;
            against_rest(all.iter().copied().filter(drawn).collect())
        }
        Partition::Bridge => {
            let bridge = some(word, &all, 1).first().copied();
            let rest: Vec<_> = all
                .iter()
                .copied()
                .filter(|id| Some(*id) != bridge)
                .collect();
            let half = some(word.rotate_left(17), &rest, rest.len() / 2);
            let other = rest.into_iter().filter(|id| !half.contains(id)).collect();
            Groups {
                groups: vec![half, other],
                bridge,
            }
        }
        Partition::Groups(selectors) => {
            let mut groups: Vec<Vec<NodeId>> = selectors
                .iter()
                .map(|selector| nodes(scenario, cluster, selector, &|_| true, word))
                .collect();
            let rest: Vec<_> = all
                .into_iter()
                .filter(|id| !groups.iter().flatten().any(|g| g == id))
                .collect();
            groups.push(rest);
            Groups {
                groups,
                bridge: None,
            }
        }
    }
}

/// Whether a condition holds now. `cuts` is the number of cut links between nodes, `isolated` the
/// number of isolated nodes.
pub(crate) fn holds(
    condition: Condition,
    cluster: &Cluster<Server>,
    cuts: u64,
    isolated: u64,
) -> bool {
    let count = |fits: &dyn Fn(NodeId) -> bool| cluster.nodes().filter(|id| fits(*id)).count();
    let down = |id: NodeId| cluster.node(id).is_none();
    let leads = |id: NodeId| {
        let leading = |server: &Server| server.node().raft().role() == RoleKind::Leader;
        cluster.node(id).is_some_and(leading)
    };
    let value = match condition.gauge {
        Gauge::Down => count(&down) as u64,
        Gauge::Up => count(&|id| !down(id) && !cluster.is_paused(id)) as u64,
        Gauge::Paused => count(&|id| cluster.is_paused(id)) as u64,
        Gauge::Leaders => count(&leads) as u64,
        Gauge::Cuts => cuts,
        Gauge::Isolated => isolated,
    };
    condition.comparison.holds(value)
}
