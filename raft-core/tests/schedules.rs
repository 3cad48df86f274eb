//! Random schedules: any order of delivery, loss, duplication, timeouts, disk completions, crashes
//! that leave any prefix of what was not reported. A small model of its own judges the outcome, and
//! afterwards, with everything healed, the cluster must serve again.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test that cannot go on panics, and its numbers are small"
)]

mod common;

use std::collections::BTreeMap;

use common::{Cluster, n, plain};
use proptest::prelude::*;
use raft_core::{Append, Index, NodeId, RoleKind, Rules, Settings, Standard, Term};

#[derive(Clone, Debug)]
enum Act {
    Deliver(usize),
    Drop(usize),
    Duplicate(usize),
    Timeout(u64),
    Propose(u64),
    CompleteOne(u64),
    Sync(u64),
    /// So many whole writes survive, then so many pieces of the next.
    Crash(u64, usize, usize),
}

fn act(size: u64) -> impl Strategy<Value = Act> {
    let any_place = any::<usize>;
    let node = move || 1..=size;
    prop_oneof![
        16 => any_place().prop_map(Act::Deliver),
        1 => any_place().prop_map(Act::Drop),
        1 => any_place().prop_map(Act::Duplicate),
        2 => node().prop_map(Act::Timeout),
        3 => node().prop_map(Act::Propose),
        4 => node().prop_map(Act::CompleteOne),
        3 => node().prop_map(Act::Sync),
        1 => (node(), 0_usize..4, 0_usize..5).prop_map(|(id, whole, cut)| Act::Crash(id, whole, cut)),
    ]
}

/// What the world remembers, whatever the servers say.
#[derive(Default)]
struct Model {
    leaders: BTreeMap<Term, NodeId>,
    committed: Vec<u64>,
}

impl Model {
    fn judge<R: Rules + Clone>(&mut self, cluster: &Cluster<R>) {
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

/// A crash: `whole` writes of those in flight survive, then `cut` pieces of the next one.
fn crash<R: Rules + Clone>(cluster: &mut Cluster<R>, id: u64, whole: usize, mut cut: usize) {
    let disk = cluster.disks.get_mut(&n(id)).unwrap();
    for _ in 0..whole {
        if let Some(write) = disk.in_flight.pop_front() {
            disk.apply(&write);
        }
    }
    if let Some(mut write) = disk.in_flight.pop_front() {
        let mut piece = || {
            let left = cut > 0;
            cut = cut.saturating_sub(1);
            left
        };
        write.hard_state = write.hard_state.filter(|_| piece());
        write.truncate_from = write.truncate_from.filter(|_| piece());
        write.append = write.append.filter(|_| cut > 0).map(|append| Append {
            last: append.last.min(Index(append.first.0 + cut as u64 - 1)),
            ..append
        });
        disk.apply(&write);
    }
    cluster.crash(id);
    cluster.start(id);
}

fn run<R: Rules + Clone>(cluster: &mut Cluster<R>, model: &mut Model, act: Act) {
    let waiting = cluster.wire.len();
    match act {
        Act::Deliver(place) if waiting > 0 => {
            cluster.wire.swap(0, place % waiting);
            cluster.deliver_one(|_| true);
        }
        Act::Drop(place) if waiting > 0 => drop(cluster.wire.remove(place % waiting)),
        Act::Duplicate(place) if waiting > 0 => {
            let copy = cluster.wire[place % waiting].clone();
            cluster.wire.push_back(copy);
        }
        Act::Deliver(_) | Act::Drop(_) | Act::Duplicate(_) => {}
        Act::Timeout(id) if cluster.node(id).deadline().is_some() => drop(cluster.timeout(id)),
        Act::Timeout(id) | Act::Sync(id) => cluster.sync(id),
        Act::Propose(id) => drop(cluster.propose(id)),
        Act::CompleteOne(id) => {
            let first = cluster.disks[&n(id)]
                .in_flight
                .front()
                .map(|write| write.id.0);
            first.map(|write| cluster.durable(id, write));
        }
        Act::Crash(id, whole, cut) => crash(cluster, id, whole, cut),
    }
    model.judge(cluster);
}

/// Faults end; some time later one server leads and everyone holds the same, committed.
fn heal<R: Rules + Clone>(cluster: &mut Cluster<R>, model: &mut Model, size: u64) {
    for id in 1..=size {
        cluster.sync(id);
    }
    cluster.instant_disk = true;
    let leader =
        |cluster: &Cluster<R>| (1..=size).find(|id| cluster.node(*id).role() == RoleKind::Leader);
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
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_schedule_of_three_and_five_servers_is_safe_and_recovers(
        size in prop_oneof![Just(3_u64), Just(5)],
        settings in settings(),
        acts in proptest::collection::vec(act(5), 50..500),
    ) {
        let mut cluster = Cluster::with_rules(Standard, size, settings);
        cluster.instant_disk = false;
        let mut model = Model::default();
        for act in acts {
            let id = match act {
                Act::Timeout(id) | Act::Propose(id) | Act::CompleteOne(id) | Act::Sync(id)
                | Act::Crash(id, ..) => id,
                _ => 1,
            };
            if id <= size {
                run(&mut cluster, &mut model, act);
            }
        }
        heal(&mut cluster, &mut model, size);
    }
}
