//! A leader's commit index, computed again from all acknowledgements: with one set of voters or
//! two, with learners, and with acknowledgements in any order.

use std::collections::BTreeMap;

use crate::common::{Cluster, n, plain};
use proptest::prelude::*;
use raft_core::{
    AppendEntriesReply, Body, Configuration, Index, Instant, NodeId, Outcome, RoleKind, Standard,
};

const ALL: u64 = 9;
/// The number of entries: the leader's first one, and its proposals.
const ENTRIES: u64 = 12;

fn some(least: usize) -> impl Strategy<Value = Vec<NodeId>> {
    let all: Vec<_> = (1..=ALL).map(NodeId).collect();
    proptest::sample::subsequence(all, least..=ALL as usize)
}

/// Any configuration in which server 1 has a vote; the outgoing half is often empty.
fn configuration() -> impl Strategy<Value = Configuration> {
    let outgoing = prop_oneof![Just(Vec::new()), some(1)];
    (some(1), outgoing, some(0), any::<bool>()).prop_map(
        |(mut incoming, mut outgoing, learners, first)| {
            let half = match first || outgoing.is_empty() {
                true => &mut incoming,
                false => &mut outgoing,
            };
            if !half.contains(&n(1)) {
                half.push(n(1));
            }
            let learns = |id: &NodeId| !incoming.contains(id);
            let learners: Vec<_> = learners.into_iter().filter(learns).collect();
            Configuration::new(&incoming, &outgoing, &learners).unwrap()
        },
    )
}

/// Server 1 leads this configuration, and no server has acknowledged any of its entries.
fn led(configuration: &Configuration) -> Cluster {
    let mut cluster = Cluster::with_spares(Standard, 1, ALL - 1, plain());
    cluster.configuration = configuration.clone();
    cluster.start(1);
    cluster.instant_disk = false;
    cluster.timeout(1);
    cluster.sync(1);
    for id in configuration.members() {
        if id != n(1) && cluster.node(1).role() == RoleKind::Candidate {
            let granted = Body::RequestVoteReply { granted: true };
            cluster.receive(id.0, 1, 1, granted);
        }
    }
    assert_eq!(cluster.node(1).role(), RoleKind::Leader);
    for _ in 1..ENTRIES {
        cluster.propose(1);
    }
    cluster
}

fn acknowledge(cluster: &mut Cluster, from: u64, match_index: u64) {
    let reply = AppendEntriesReply {
        seq: 1,
        sent_at: Instant(0),
        outcome: Outcome::Accepted {
            match_index: Index(match_index),
        },
    };
    cluster.receive(from, 1, 1, Body::AppendEntriesReply(reply));
}

/// The last entry that more than half of each set hold.
fn recount(configuration: &Configuration, held: &BTreeMap<NodeId, u64>) -> u64 {
    let more_than_half = |voters: &[NodeId], index: u64| {
        let holds = |id: &&NodeId| held.get(id).is_some_and(|up_to| *up_to >= index);
        2 * voters.iter().filter(holds).count() > voters.len()
    };
    let decided = |index: &u64| {
        more_than_half(configuration.incoming(), *index)
            && (configuration.outgoing().is_empty()
                || more_than_half(configuration.outgoing(), *index))
    };
    (1..=ENTRIES).rev().find(decided).unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_commit_index_is_what_a_naive_recount_of_acknowledgements_gives(
        configuration in configuration(),
        acks in proptest::collection::vec((1..=ALL, 0..=ENTRIES), 1..60),
    ) {
        let mut cluster = led(&configuration);
        let mut held = BTreeMap::new();
        for (id, up_to) in acks {
            if id == 1 {
                // Its own copy counts up to its durable index.
                let next = cluster.disks[&n(1)].in_flight.front().map(|write| write.id.0);
                next.map(|write| cluster.durable(1, write));
                held.insert(n(1), cluster.node(1).durable_index().0);
            } else {
                acknowledge(&mut cluster, id, up_to);
                let known = held.entry(n(id)).or_default();
                *known = up_to.max(*known);
            }
            let commit = cluster.node(1).commit_index().0;
            prop_assert_eq!(commit, recount(&configuration, &held), "{:?}", held);
        }
    }
}
