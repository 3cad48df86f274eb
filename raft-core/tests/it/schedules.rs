//! After every step of every random schedule a small independent model checks the cluster. When all
//! faults have ended, it must serve again.

use std::collections::BTreeMap;

use crate::common::schedule::{act, run};
use crate::common::{Cluster, plain};
use proptest::prelude::*;
use raft_core::{NodeId, RoleKind, Settings, Standard, Term};

/// The model's memory, independent of the servers' state.
#[derive(Default)]
struct Model {
    leaders: BTreeMap<Term, NodeId>,
    committed: Vec<u64>,
}

impl Model {
    fn judge(&mut self, cluster: &Cluster) {
        let logs: BTreeMap<_, _> = cluster
            .nodes
            .keys()
            .map(|id| (*id, cluster.terms(id.0)))
            .collect();
        for (id, node) in &cluster.nodes {
            if node.role() == RoleKind::Leader {
                let first = *self.leaders.entry(node.current_term()).or_insert(*id);
                assert_eq!(
                    first,
                    *id,
                    "Election Safety: two leaders in {}",
                    node.current_term()
                );
            }
            let commit = node.commit_index().0 as usize;
            let own = &logs[id][..commit];
            let known = commit.min(self.committed.len());
            assert_eq!(
                own[..known],
                self.committed[..known],
                "State Machine Safety at {id}"
            );
            self.committed.extend(&own[known..]);
        }
        for (id, node) in &cluster.nodes {
            let newest = self.leaders.last_key_value().map(|(term, _)| *term);
            if node.role() == RoleKind::Leader && Some(node.current_term()) == newest {
                assert!(
                    logs[id].starts_with(&self.committed),
                    "Leader Completeness at {id}"
                );
            }
        }
        for (id, log) in &logs {
            for (_, other) in logs.range(..*id) {
                let same = (0..log.len().min(other.len()))
                    .rev()
                    .find(|i| log[*i] == other[*i]);
                let upto = same.map_or(0, |i| i + 1);
                assert_eq!(log[..upto], other[..upto], "Log Matching");
            }
        }
    }
}

/// Ends all faults. Some time later one server leads, and all hold the same committed log.
fn heal(cluster: &mut Cluster, model: &mut Model, size: u64) {
    for id in 1..=size {
        cluster.sync(id);
    }
    cluster.instant_disk = true;
    let leader =
        |cluster: &Cluster| (1..=size).find(|id| cluster.node(*id).role() == RoleKind::Leader);
    for round in 0..200 {
        let next = (1..=size)
            .min_by_key(|id| cluster.node(*id).deadline())
            .unwrap();
        cluster.timeout(next);
        cluster.deliver_all();
        model.judge(cluster);
        if round == 150 {
            let leader = leader(cluster).expect("somebody leads");
            cluster.propose(leader);
        }
    }
    let leader = leader(cluster).expect("somebody still leads");
    let last = cluster.node(leader).log().last_index();
    assert_eq!(
        model.committed.len() as u64,
        last.0,
        "\n{}",
        cluster.status()
    );
    for id in 1..=size {
        assert_eq!(
            cluster.node(id).commit_index(),
            last,
            "\n{}",
            cluster.status()
        );
    }
}

fn settings() -> impl Strategy<Value = Settings> {
    let careful = Settings {
        max_message_bytes: 20,
        window_bytes: 40,
        ..Settings::default()
    };
    prop_oneof![
        2 => Just(plain()),
        1 => Just(careful),
        1 => Just(Settings { eager_commit: true, window_messages: 1, ..plain() }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn every_schedule_of_three_and_five_servers_is_safe_and_recovers(
        size in prop_oneof![Just(3_u64), Just(5)],
        settings in settings(),
        acts in proptest::collection::vec(act(5), 50..500),
    ) {
        let mut cluster = Cluster::with_rules(Standard, size, settings);
        cluster.instant_disk = false;
        let mut model = Model::default();
        for act in acts.into_iter().filter(|act| act.fits(size)) {
            run(&mut cluster, act);
            model.judge(&cluster);
        }
        heal(&mut cluster, &mut model, size);
    }
}
