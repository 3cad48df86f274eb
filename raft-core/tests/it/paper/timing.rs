//! §5.6: safety never depends on time, but progress does.

use std::collections::BTreeMap;

use raft_core::{Input, RoleKind, Settings, SettingsError, Term};

use crate::common::{Cluster, Envelope, plain};

/// A cluster of five whose messages all arrive after `latency` milliseconds, for `rounds` of 5 ms.
/// Server 1 has just been elected. Returns the leaders at the end, and the last term.
fn runs_with(latency: u64, rounds: u64) -> (Vec<u64>, Term) {
    let mut cluster = Cluster::new(5, plain());
    cluster.elect(1, &[2, 3, 4, 5]);
    let mut waiting: Vec<(u64, Envelope)> = Vec::new();
    let mut elected = BTreeMap::new();
    for round in 0..rounds {
        cluster.advance(5);
        for id in 1..=5 {
            cluster.step(id, Input::Wake);
        }
        let arrives = round + latency / 5;
        waiting.extend(cluster.wire.drain(..).map(|sent| (arrives, sent)));
        let due = waiting.extract_if(.., |(arrives, _)| *arrives <= round);
        cluster.wire.extend(due.map(|(_, sent)| sent));
        for _ in 0..cluster.wire.len() {
            cluster.deliver_one(|_| true);
        }
        waiting.extend(cluster.wire.drain(..).map(|sent| (arrives, sent)));
        for (id, server) in &cluster.nodes {
            if server.role() == RoleKind::Leader {
                let term = server.current_term();
                assert_eq!(
                    elected.entry(term).or_insert(*id),
                    id,
                    "two leaders in {term}"
                );
            }
        }
    }
    let leads = |id: &u64| cluster.node(*id).role() == RoleKind::Leader;
    let newest = cluster
        .nodes
        .values()
        .map(|server| server.current_term())
        .max();
    ((1..=5).filter(leads).collect(), newest.unwrap())
}

#[test]
fn a_leader_whose_messages_are_much_faster_than_timeouts_stays() {
    assert_eq!(runs_with(10, 2_000), (vec![1], Term(1)), "ten seconds");
}

#[test]
fn messages_slower_than_any_timeout_cost_progress_and_no_safety() {
    let (leaders, term) = runs_with(1_000, 2_000);
    assert_eq!(leaders, [0; 0]);
    assert!(term > Term(20), "servers keep trying: {term}");
}

#[test]
fn a_heartbeat_that_is_no_shorter_than_an_election_timeout_is_refused() {
    let minimum = plain().election_timeout_min;
    for heartbeat in [minimum, plain().election_timeout_max] {
        let settings = Settings {
            heartbeat,
            ..plain()
        };
        assert_eq!(settings.validate(), Err(SettingsError::HeartbeatTooLong));
    }
}
