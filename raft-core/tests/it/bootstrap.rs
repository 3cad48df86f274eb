//! A cluster begins with one server, and an operator can start it again from a survivor.

use crate::common::{Cluster, n, plain};
use raft_core::{Change, ChangeFailure, Index, Input, RoleKind, Standard};

fn strangers(count: u64) -> Cluster {
    Cluster::with_spares(Standard, 0, count, plain())
}

#[test]
fn a_server_that_knows_nobody_founds_a_cluster_and_others_join() {
    let mut cluster = strangers(3);
    cluster.step(1, Input::Bootstrap);
    assert_eq!(cluster.members(1), "{1}");
    cluster.timeout(1);
    assert_eq!(
        cluster.node(1).role(),
        RoleKind::Leader,
        "nobody else has to agree"
    );
    for id in [2, 3] {
        cluster.change(1, &Change::Promote(n(id)));
        cluster.beats(1, 4);
    }
    assert_eq!(cluster.members(3), "{1 2 3}");
}

#[test]
fn a_foundation_survives_a_crash() {
    let mut cluster = strangers(1);
    cluster.step(1, Input::Bootstrap);
    cluster.crash(1);
    cluster.start(1);
    assert_eq!(cluster.members(1), "{1}");
    cluster.timeout(1);
    assert_eq!(cluster.node(1).role(), RoleKind::Leader);
}

#[test]
fn a_foundation_that_was_lost_was_none() {
    let mut cluster = strangers(1);
    cluster.instant_disk = false;
    cluster.step(1, Input::Bootstrap);
    cluster.timeout(1);
    assert_eq!(
        cluster.node(1).role(),
        RoleKind::Candidate,
        "its vote waits for the disk"
    );
    cluster.crash(1);
    cluster.start(1);
    assert!(cluster.node(1).configuration().is_empty());
}

#[test]
fn who_belongs_to_a_cluster_founds_none() {
    let mut cluster = Cluster::with_spares(Standard, 3, 1, plain());
    cluster.step(2, Input::Bootstrap);
    assert_eq!(cluster.changes(2), [Err(ChangeFailure::NotEmpty)]);
    // A server that has heard of a cluster does not either: its term, or its log, is from there.
    cluster.lead(1, &[2, 3]);
    cluster.change(1, &Change::Add(n(4)));
    cluster.beats(1, 2);
    cluster.step(4, Input::Bootstrap);
    assert_eq!(cluster.changes(4), [Err(ChangeFailure::NotEmpty)]);
    assert_eq!(cluster.members(4), "{1 2 3} learners {4}");
}

#[test]
fn a_survivor_goes_on_alone_with_all_that_it_holds() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    cluster.propose(1);
    cluster.deliver_one(|sent| sent.to == n(2));
    cluster.drop_all();
    let held = cluster.node(2).log().last_index();
    assert!(
        held > cluster.node(2).commit_index(),
        "not known to be committed"
    );
    cluster.crash(1);
    cluster.crash(3);
    cluster.step(2, Input::ForceNewCluster);
    assert_eq!(cluster.members(2), "{2}");
    cluster.timeout(2);
    assert_eq!(cluster.node(2).role(), RoleKind::Leader);
    assert_eq!(
        cluster.node(2).commit_index(),
        cluster.node(2).log().last_index()
    );
    assert!(cluster.node(2).commit_index() > held);
    assert_eq!(
        cluster.node(2).log().term_at(held).map(|term| term.0),
        Ok(1),
        "the entry of the old leader stands"
    );
    cluster.crash(2);
    cluster.start(2);
    assert_eq!(cluster.members(2), "{2}", "and it stays so");
}

#[test]
fn who_leads_or_belongs_nowhere_recovers_nothing() {
    let mut cluster = Cluster::with_spares(Standard, 3, 1, plain());
    cluster.lead(1, &[2, 3]);
    cluster.step(1, Input::ForceNewCluster);
    assert_eq!(cluster.changes(1), [Err(ChangeFailure::NothingToRecover)]);
    assert_eq!(cluster.members(1), "{1 2 3}");
    cluster.step(4, Input::ForceNewCluster);
    assert_eq!(cluster.changes(4), [Err(ChangeFailure::NothingToRecover)]);
    assert_eq!(cluster.node(4).log().last_index(), Index(0));
}

/// This is the reason for the warning in the documentation.
#[test]
fn if_the_others_are_not_gone_there_are_two_clusters() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    cluster.step(3, Input::ForceNewCluster);
    cluster.timeout(3);
    cluster.drop_all();
    cluster.lead(1, &[2]);
    cluster.propose(1);
    cluster.deliver_among(&[1, 2]);
    cluster.propose(3);
    for id in [1, 3] {
        let server = cluster.node(id);
        assert_eq!(server.role(), RoleKind::Leader);
        assert_eq!(server.commit_index(), server.log().last_index());
    }
}
