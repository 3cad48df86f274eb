//! Many small changes or one large one: the final members do not depend on the way to them.

use std::collections::BTreeSet;

use crate::common::{Cluster, n, plain};
use proptest::prelude::*;
use raft_core::{Change, Configuration, NodeId, RoleKind, Standard};

const FOUNDERS: u64 = 3;
const ALL: u64 = 7;

fn change() -> impl Strategy<Value = Change> {
    let id = || (1..=ALL).prop_map(NodeId);
    prop_oneof![
        id().prop_map(Change::Add),
        id().prop_map(Change::Promote),
        id().prop_map(Change::Demote),
        id().prop_map(Change::Remove),
    ]
}

/// A simple count of the voters and learners.
#[derive(Clone, Default)]
struct Count {
    voters: BTreeSet<NodeId>,
    learners: BTreeSet<NodeId>,
}

impl Count {
    fn apply(&mut self, change: &Change) {
        let mut next = self.clone();
        match change {
            Change::Add(id) if !next.voters.contains(id) => drop(next.learners.insert(*id)),
            Change::Promote(id) => {
                next.learners.remove(id);
                next.voters.insert(*id);
            }
            Change::Demote(id) if next.voters.remove(id) => drop(next.learners.insert(*id)),
            Change::Remove(id) => {
                next.voters.remove(id);
                next.learners.remove(id);
            }
            _ => {}
        }
        // A cluster never loses its last voter.
        if !next.voters.is_empty() {
            *self = next;
        }
    }

    fn configuration(&self) -> Configuration {
        let of = |set: &BTreeSet<NodeId>| set.iter().copied().collect::<Vec<_>>();
        Configuration::new(&of(&self.voters), &[], &of(&self.learners)).unwrap()
    }
}

fn founded() -> Cluster {
    let mut cluster = Cluster::with_spares(Standard, FOUNDERS, ALL - FOUNDERS, plain());
    cluster.lead(1, &[2, 3]);
    cluster
}

fn leader(cluster: &Cluster) -> Option<u64> {
    let leads = |id: &u64| cluster.node(*id).role() == RoleKind::Leader;
    (1..=ALL)
        .filter(leads)
        .max_by_key(|id| cluster.node(*id).current_term())
}

/// Asks the leader for a change, and waits until it ends and everything is committed.
fn make(cluster: &mut Cluster, change: &Change) {
    let asked = leader(cluster).expect("somebody leads");
    cluster.force(asked, change);
    for _ in 0..20 {
        let now = leader(cluster).expect("a leader that goes hands over");
        cluster.beats(now, 1);
    }
    let now = leader(cluster).expect("a leader that goes hands over");
    let node = cluster.node(now);
    assert!(!node.is_changing() && !node.configuration().is_joint());
    assert_eq!(node.commit_index(), node.log().last_index());
}

/// The members at the leader. Each of them must know the same.
fn members(cluster: &Cluster) -> Configuration {
    let leader = cluster.node(leader(cluster).expect("somebody leads"));
    for id in leader.configuration().members() {
        assert_eq!(cluster.nodes[&id].configuration(), leader.configuration());
    }
    leader.configuration().clone()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn single_changes_one_by_one_end_where_one_joint_change_ends(
        changes in proptest::collection::vec(change(), 1..12),
    ) {
        let mut count = Count::default();
        count.voters.extend((1..=FOUNDERS).map(n));
        let mut single = founded();
        for change in &changes {
            make(&mut single, change);
            count.apply(change);
            prop_assert_eq!(members(&single), count.configuration());
        }
        let last = count.configuration();
        let to = Change::To {
            voters: last.incoming().into(),
            learners: last.learners().into(),
        };
        let mut joint = founded();
        make(&mut joint, &to);
        prop_assert_eq!(members(&joint), last);
    }
}
