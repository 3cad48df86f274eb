//! Figure 3 and §5.4.3: the five properties, after every step of random schedules that lose, repeat
//! and reorder messages, delay disks and crash servers.

use std::collections::BTreeMap;

use proptest::prelude::*;
use raft_core::{NodeId, RoleKind, Term};

use crate::common::schedule::{Act, act, run};
use crate::common::{Cluster, plain};

fn schedule() -> impl Strategy<Value = Vec<Act>> {
    proptest::collection::vec(act(3), 50..600)
}

/// Plays a schedule on three servers and calls `judge` after every step.
fn play(acts: Vec<Act>, mut judge: impl FnMut(&Cluster)) {
    let mut cluster = Cluster::new(3, plain());
    cluster.instant_disk = false;
    // The servers' own invariants stay out of this: these properties stand alone.
    cluster.checked = false;
    for act in acts {
        run(&mut cluster, act);
        judge(&cluster);
    }
}

/// Every server that leads, its term and its log.
fn leaders(cluster: &Cluster) -> impl Iterator<Item = (NodeId, Term, Vec<u64>)> {
    let leads = |id: &&NodeId| cluster.nodes[*id].role() == RoleKind::Leader;
    cluster.nodes.keys().filter(leads).map(|id| {
        let term = cluster.nodes[id].current_term();
        (*id, term, cluster.terms(id.0))
    })
}

/// The entries that each server knows to be committed.
fn committed(cluster: &Cluster) -> impl Iterator<Item = Vec<u64>> {
    cluster.nodes.iter().map(|(id, server)| {
        let mut log = cluster.terms(id.0);
        log.truncate(server.commit_index().0 as usize);
        log
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn at_most_one_leader_is_elected_in_a_term(acts in schedule()) {
        let mut elected = BTreeMap::new();
        play(acts, |cluster| {
            for (id, term, _) in leaders(cluster) {
                assert_eq!(*elected.entry(term).or_insert(id), id, "Election Safety, {term}");
            }
        });
    }

    #[test]
    fn a_leader_only_ever_appends_to_its_log(acts in schedule()) {
        let mut before: BTreeMap<NodeId, Vec<u64>> = BTreeMap::new();
        play(acts, |cluster| {
            for (id, term, log) in leaders(cluster) {
                let had = before.get(&id).map_or(&[][..], Vec::as_slice);
                assert!(log.starts_with(had), "Leader Append-Only, {id} in {term}");
            }
            before = cluster.nodes.keys().map(|id| (*id, cluster.terms(id.0))).collect();
        });
    }

    #[test]
    fn logs_that_share_an_entry_agree_in_all_before_it(acts in schedule()) {
        play(acts, |cluster| {
            let logs: Vec<_> = cluster.nodes.keys().map(|id| cluster.terms(id.0)).collect();
            for (log, other) in [(0, 1), (0, 2), (1, 2)].map(|(a, b)| (&logs[a], &logs[b])) {
                let both = log.len().min(other.len());
                let shared = (0..both).rev().find(|place| log[*place] == other[*place]);
                let upto = shared.unwrap_or(0);
                assert_eq!(log[..upto], other[..upto], "Log Matching");
            }
        });
    }

    #[test]
    fn every_later_leader_has_what_was_committed(acts in schedule()) {
        let mut known: Vec<u64> = Vec::new();
        let mut newest = Term(0);
        play(acts, |cluster| {
            newest = leaders(cluster).map(|(_, term, _)| term).fold(newest, Term::max);
            for (id, _, log) in leaders(cluster).filter(|(_, term, _)| *term == newest) {
                assert!(log.starts_with(&known), "Leader Completeness, {id} in {newest}");
            }
            let longest = committed(cluster).max_by_key(Vec::len).unwrap_or_default();
            if longest.len() > known.len() {
                known = longest;
            }
        });
    }

    #[test]
    fn no_two_servers_apply_different_entries_at_an_index(acts in schedule()) {
        let mut applied: Vec<u64> = Vec::new();
        play(acts, |cluster| {
            for log in committed(cluster) {
                let both = log.len().min(applied.len());
                assert_eq!(log[..both], applied[..both], "State Machine Safety");
                applied.extend(&log[both..]);
            }
        });
    }
}
