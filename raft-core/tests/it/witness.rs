//! Voters that hold no data: they vote and acknowledge, and never lead.

use std::collections::BTreeMap;

use crate::common::schedule::{act, run};
use crate::common::{Cluster, Envelope, n, plain};
use proptest::prelude::*;
use raft_core::{
    Body, Change, ChangeFailure, Configuration, ConfigurationError, Effect, Event, Index, Input,
    InstallSnapshot, Instant, Malformed, ReadFailure, ReadMode, RoleKind, Rules, Settings,
    Standard, TransferFailure,
};

/// Servers 1 to `size`, the last of which is a witness, and `spares` that know no other server.
fn with_witness(rules: impl Rules + 'static, size: u64, spares: u64) -> Cluster {
    let mut cluster = Cluster::with_spares(rules, size, spares, plain());
    let configuration = cluster.configuration.clone();
    cluster.configuration = configuration.with_witnesses(&[n(size)]).unwrap();
    for id in 1..=size {
        cluster.start(id);
    }
    cluster
}

/// Two servers with data, the first of which leads, and a witness.
fn trio() -> Cluster {
    let mut cluster = with_witness(Standard, 3, 0);
    cluster.lead(1, &[2, 3]);
    cluster
}

fn pieces(cluster: &Cluster) -> Vec<InstallSnapshot> {
    let piece = |e: &Envelope| match &e.message.body {
        Body::InstallSnapshot(piece) => Some(piece.as_ref().clone()),
        _ => None,
    };
    cluster.wire.iter().filter_map(piece).collect()
}

/// The results of transfers.
fn transfers(cluster: &Cluster) -> Vec<TransferFailure> {
    let failed = cluster
        .answers
        .iter()
        .filter_map(|(_, answer)| match answer {
            Effect::TransferFailed { why, .. } => Some(*why),
            _ => None,
        });
    failed.collect()
}

/// The last entry in flight to a server.
fn sent(cluster: &Cluster, to: u64) -> Option<Index> {
    let last = |e: &Envelope| match &e.message.body {
        Body::AppendEntries(append) if append.last > append.prev.index => Some(append.last),
        _ => None,
    };
    let wire = cluster.wire.iter().filter(|e| e.to == n(to));
    wire.filter_map(last).max()
}

// ---- entries ----------------------------------------------------------------------------------

#[test]
fn a_witness_is_sent_only_what_is_durable_at_its_leader() {
    let mut cluster = trio();
    cluster.deliver_all();
    cluster.drop_all();
    let before = cluster.node(1).log().last_index();
    cluster.instant_disk = false;
    cluster.propose(1);
    let (first, _) = cluster.node(1).writes();
    cluster.propose(1);
    let both = Some(Index(before.0 + 2));
    assert_eq!((sent(&cluster, 2), sent(&cluster, 3)), (both, None));
    // Both entries are of one run, and the first of them is durable.
    cluster.durable(1, first.0);
    assert_eq!(sent(&cluster, 3), Some(before.next()));
    cluster.sync(1);
    assert_eq!(sent(&cluster, 3), both);
    cluster.instant_disk = true;
    cluster.beats(1, 2);
    assert_eq!(cluster.node(1).commit_index(), Index(before.0 + 2));
    assert_eq!(cluster.terms(3), cluster.terms(1));
}

// ---- votes ----------------------------------------------------------------------------------

#[test]
fn a_witness_never_campaigns_whoever_tells_it_to() {
    let mut cluster = with_witness(Standard, 3, 0);
    for _ in 0..3 {
        cluster.timeout(3);
    }
    cluster.step(3, Input::Campaign);
    let term = cluster.node(3).current_term().0;
    cluster.receive(1, 3, term, Body::TimeoutNow);
    assert_eq!(cluster.node(3).role(), RoleKind::Follower);
    assert_eq!(cluster.node(3).current_term().0, 0);
    assert!(cluster.wire.is_empty());
}

#[test]
fn a_witness_that_is_taken_out_does_not_campaign_before_it_knows_that_to_be_committed() {
    let mut cluster = trio();
    cluster.change(1, &Change::Remove(n(3)));
    // A server that is added again receives the entry that removed it.
    let taken_out = cluster.wire.iter().find(|e| e.to == n(2)).unwrap().clone();
    cluster.receive(1, 3, taken_out.message.term.0, taken_out.message.body);
    assert_eq!(cluster.members(3), "{1 2}");
    cluster.advance(1_000);
    cluster.timeout(3);
    assert_eq!(cluster.node(3).role(), RoleKind::Follower);
}

#[test]
fn a_witness_votes_by_its_log() {
    let mut cluster = trio();
    cluster.propose(1);
    cluster.deliver_among(&[1, 3]);
    cluster.drop_all();
    // Server 2 lacks the entry, server 1 holds it.
    for (candidate, wins) in [(2, false), (1, true)] {
        cluster.advance(1_000);
        cluster.step(1, Input::StepDown);
        cluster.timeout(candidate);
        cluster.deliver_among(&[candidate, 3]);
        cluster.drop_all();
        assert_eq!(cluster.node(candidate).role() == RoleKind::Leader, wins);
    }
}

#[test]
fn two_servers_and_a_witness_survive_the_loss_of_either() {
    let mut cluster = trio();
    cluster.propose(1);
    cluster.beats(1, 2);
    cluster.crash(1);
    cluster.lead(2, &[3]);
    cluster.propose(2);
    cluster.deliver_all();
    assert_eq!(cluster.node(2).commit_index(), Index(4));
    assert_eq!(cluster.node(3).commit_index(), Index(3));
}

#[test]
fn what_only_the_leader_and_the_witness_hold_is_committed_and_waits_for_that_leader() {
    let mut cluster = trio();
    cluster.propose(1);
    cluster.deliver_among(&[1, 3]);
    cluster.drop_all();
    assert_eq!(cluster.node(1).commit_index(), Index(2));
    cluster.crash(1);
    for _ in 0..5 {
        cluster.advance(1_000);
        cluster.timeout(2);
        cluster.deliver_all();
    }
    assert_ne!(cluster.node(2).role(), RoleKind::Leader);
    cluster.start(1);
    cluster.lead(1, &[2, 3]);
    assert_eq!(cluster.node(2).commit_index(), Index(3));
}

// ---- transfers to it --------------------------------------------------------------------------

#[test]
fn a_witness_is_no_target_of_a_transfer() {
    let mut cluster = trio();
    cluster.step(1, Input::Transfer { to: n(3) });
    assert_eq!(transfers(&cluster), [TransferFailure::Witness]);
    assert_eq!(cluster.node(1).status().transfer_to, None);
}

#[test]
fn a_leader_that_leaves_tells_a_server_with_data_to_campaign_though_a_witness_holds_as_much() {
    let mut cluster = Cluster::new(4, plain());
    let configuration = cluster.configuration.clone();
    // Among equals it would be the first choice.
    cluster.configuration = configuration.with_witnesses(&[n(2)]).unwrap();
    (1..=4).for_each(|id| cluster.start(id));
    cluster.lead(1, &[2, 3, 4]);
    cluster.change(1, &Change::Remove(n(1)));
    while cluster.node(1).role() == RoleKind::Leader {
        assert!(cluster.deliver_one(|_| true));
    }
    let told = cluster.wire.iter();
    let told: Vec<_> = told
        .filter(|e| matches!(e.message.body, Body::TimeoutNow))
        .map(|e| e.to.0)
        .collect();
    assert_eq!(told, [3]);
}

// ---- members --------------------------------------------------------------------------------

#[test]
fn a_witness_catches_up_as_a_learner_and_then_votes() {
    let mut cluster = Cluster::with_spares(Standard, 2, 1, plain());
    cluster.lead(1, &[2]);
    cluster.change(1, &Change::AddWitness(n(3)));
    assert_eq!(cluster.members(1), "{1 2} learners {3} witnesses {3}");
    cluster.beats(1, 4);
    for id in 1..=3 {
        assert_eq!(cluster.members(id), "{1 2 3} witnesses {3}");
    }
    assert!(cluster.node(3).is_witness());
    assert_eq!(cluster.node(1).status().configuration.witnesses, [n(3)]);
    // The second change would leave the configuration as it is.
    cluster.change(1, &Change::AddWitness(n(3)));
    let nothing = cluster.changes(1).pop();
    assert_eq!(nothing, Some(Err(ChangeFailure::Nothing)));
}

#[test]
fn a_witness_stays_one_whatever_becomes_of_its_vote() {
    let mut cluster = trio();
    cluster.change(1, &Change::Demote(n(3)));
    cluster.beats(1, 2);
    assert_eq!(cluster.members(1), "{1 2} learners {3} witnesses {3}");
    for change in [Change::Promote(n(3)), Change::AddWitness(n(3))] {
        cluster.change(1, &change);
        cluster.beats(1, 3);
        assert_eq!(cluster.members(3), "{1 2 3} witnesses {3}");
        cluster.change(1, &Change::Demote(n(3)));
        cluster.beats(1, 2);
    }
    cluster.change(1, &Change::Remove(n(3)));
    cluster.beats(1, 2);
    assert_eq!(cluster.members(1), "{1 2}");
}

#[test]
fn a_member_that_holds_data_does_not_become_a_witness() {
    let mut cluster = trio();
    cluster.change(1, &Change::AddWitness(n(2)));
    let refused = cluster.changes(1).pop();
    assert_eq!(refused, Some(Err(ChangeFailure::HoldsData(n(2)))));
}

#[test]
fn those_with_data_stay_a_majority() {
    let mut cluster = with_witness(Standard, 3, 1);
    cluster.lead(1, &[2, 3]);
    let too_many = Some(Err(ChangeFailure::Senseless(
        ConfigurationError::TooManyWitnesses,
    )));
    for change in [
        Change::AddWitness(n(4)),
        Change::Demote(n(2)),
        Change::Remove(n(2)),
    ] {
        cluster.change(1, &change);
        assert_eq!(cluster.changes(1).pop(), too_many);
    }
}

#[test]
fn a_witness_does_not_hold_what_its_leader_lost() {
    let mut cluster = trio();
    cluster.instant_disk = false;
    cluster.propose(1);
    cluster.deliver(|e| e.to == n(3));
    cluster.sync(3);
    cluster.crash(1);
    cluster.drop_all();
    cluster.instant_disk = true;
    cluster.start(1);
    let held = |id| cluster.node(id).log().last_index();
    assert!(held(3) <= held(1), "{} and {}", held(3), held(1));
    cluster.lead(1, &[2, 3]);
}

#[test]
fn a_witness_does_not_go_on_alone() {
    let mut cluster = trio();
    cluster.step(3, Input::ForceNewCluster);
    let nothing = cluster.changes(3).pop();
    assert_eq!(nothing, Some(Err(ChangeFailure::NothingToRecover)));
    assert_eq!(cluster.members(3), "{1 2 3} witnesses {3}");
}

#[test]
fn each_half_of_a_joint_configuration_keeps_its_witness() {
    let mut cluster = with_witness(Standard, 3, 2);
    cluster.lead(1, &[2, 3]);
    let voters = [1, 3, 4, 5].map(n).as_slice().into();
    let learners = [].as_slice().into();
    cluster.change(1, &Change::To { voters, learners });
    cluster.beats(1, 6);
    assert!(cluster.saw(1, |event| matches!(
        event,
        Event::Configured { joint: true, .. }
    )));
    assert_eq!(cluster.members(5), "{1 3 4 5} witnesses {3}");
}

#[test]
fn a_witness_learnt_from_the_log_is_one_after_a_restart_and_none_after_a_roll_back() {
    let mut cluster = Cluster::with_spares(Standard, 3, 1, plain());
    cluster.lead(1, &[2, 3]);
    cluster.change(1, &Change::AddWitness(n(4)));
    cluster.deliver_among(&[1, 2]);
    cluster.drop_all();
    assert!(cluster.members(2).ends_with("witnesses {4}"));
    cluster.crash(2);
    cluster.start(2);
    assert!(cluster.members(2).ends_with("witnesses {4}"));

    let mut cluster = Cluster::with_spares(Standard, 3, 1, plain());
    cluster.lead(1, &[2, 3]);
    cluster.change(1, &Change::AddWitness(n(4)));
    cluster.drop_all();
    cluster.lead(2, &[1, 3]);
    assert_eq!(cluster.members(1), "{1 2 3}");
}

// ---- snapshots ------------------------------------------------------------------------------

/// A leader whose log begins after entry 6, and a new server that becomes a witness.
fn cut() -> Cluster {
    let mut cluster = Cluster::with_spares(Standard, 2, 1, plain());
    cluster.lead(1, &[2]);
    for _ in 0..5 {
        cluster.propose(1);
    }
    cluster.beats(1, 2);
    cluster.snapshot(1, 1_000_000, 6);
    cluster.change(1, &Change::AddWitness(n(3)));
    cluster
}

#[test]
fn a_witness_is_sent_the_name_of_a_snapshot_and_no_byte() {
    let mut cluster = cut();
    while pieces(&cluster).is_empty() {
        cluster.timeout(1);
        cluster.deliver_one(|e| e.from == n(3) || e.to == n(3));
    }
    assert!(pieces(&cluster).iter().all(InstallSnapshot::is_name));
    cluster.beats(1, 4);
    assert_eq!(cluster.members(3), "{1 2 3} witnesses {3}");
    assert_eq!(cluster.node(3).log().base().last.index, Index(6));
    assert_eq!(cluster.node(3).snapshot(), None, "it has none to send");
    let installed = |(id, answer): &(raft_core::NodeId, Effect)| {
        *id == n(3) && matches!(answer, Effect::Installed { .. })
    };
    assert!(!cluster.answers.iter().any(installed));
}

#[test]
fn the_name_of_a_snapshot_is_sent_again_until_it_is_durable_and_lasts() {
    let mut cluster = cut();
    cluster.instant_disk = false;
    for _ in 0..4 {
        cluster.timeout(1);
        cluster.sync(1);
        cluster.deliver_all();
        cluster.sync(1);
        cluster.sync(2);
    }
    assert_eq!(cluster.node(3).log().base().last.index, Index(6));
    assert_eq!(cluster.node(1).progress()[1].match_index, Index(0));
    // The crash loses everything that was not durable.
    cluster.crash(3);
    cluster.start(3);
    assert_eq!(cluster.node(3).log().base().last.index, Index(0));
    cluster.instant_disk = true;
    cluster.beats(1, 6);
    cluster.crash(3);
    cluster.start(3);
    assert_eq!(cluster.node(3).log().base().last.index, Index(6));
    cluster.propose(1);
    cluster.beats(1, 2);
    assert_eq!(
        cluster.node(3).commit_index(),
        cluster.node(1).commit_index()
    );
}

#[test]
fn a_snapshot_of_its_own_that_comes_after_a_name_is_old_news_to_a_witness() {
    let mut cluster = cut();
    cluster.beats(1, 6);
    let base = cluster.node(3).log().base().last;
    assert_eq!(base.index, Index(6));
    // It began before the server knew that it is a witness, and was written while the name replaced
    // its log.
    let own = raft_core::SnapshotId {
        last: raft_core::EntryId {
            index: base.index.previous(),
            ..base
        },
        ..cluster.node(1).snapshot().unwrap()
    };
    cluster.step(3, Input::SnapshotTaken { snapshot: own });
    assert_eq!(cluster.node(3).snapshot(), None);
    assert_eq!(cluster.node(3).log().base().last, base);
}

#[test]
fn a_server_that_must_hold_data_takes_no_mere_name() {
    let mut cluster = cut();
    let term = cluster.node(1).current_term().0;
    let snapshot = cluster.node(1).snapshot().unwrap();
    let name = InstallSnapshot {
        snapshot: raft_core::SnapshotId {
            last: raft_core::EntryId {
                index: Index(50),
                ..snapshot.last
            },
            ..snapshot
        },
        configuration: Configuration::of_voters(&[n(1), n(2)]).unwrap(),
        offset: snapshot.bytes,
        length: 0,
        seq: 1_000,
        sent_at: Instant(0),
    };
    let before = cluster.node(2).log().clone();
    cluster.receive(1, 2, term, Body::InstallSnapshot(Box::new(name.clone())));
    assert_eq!(cluster.node(2).log(), &before);
    let dropped = |event: &Event| matches!(event, Event::MalformedDropped { why, .. } if *why == Malformed::NoPiece);
    assert!(cluster.saw(2, dropped));
    // No other role accepts an empty piece either.
    cluster.events.clear();
    let nothing = InstallSnapshot { offset: 0, ..name };
    cluster.receive(1, 3, term, Body::InstallSnapshot(Box::new(nothing)));
    assert!(cluster.saw(3, dropped));
}

#[test]
fn a_witness_cuts_its_log_without_a_snapshot_no_further_than_it_is_committed() {
    let mut cluster = trio();
    for _ in 0..5 {
        cluster.propose(1);
    }
    cluster.beats(1, 2);
    cluster.propose(1);
    cluster.deliver(|e| e.to == n(3));
    let through = Index(100);
    for id in [2, 3] {
        cluster.step(id, Input::Compact { through });
    }
    assert_eq!(cluster.node(2).log().base().last.index, Index(0));
    assert_eq!(cluster.node(3).log().base().last.index, Index(6));
    cluster.crash(3);
    cluster.start(3);
    cluster.beats(1, 2);
    assert_eq!(cluster.node(3).commit_index(), Index(7));
    // It votes as before the crash.
    cluster.crash(1);
    cluster.lead(2, &[3]);
}

// ---- reads ----------------------------------------------------------------------------------

#[test]
fn a_witness_answers_no_reads_for_it_has_no_state() {
    let mut cluster = trio();
    cluster.read(3, 7, ReadMode::Follower);
    let leader = Some(n(1));
    assert_eq!(cluster.failed(7), Some(ReadFailure::NotLeader { leader }));
}

// ---- planted --------------------------------------------------------------------------------

/// A witness campaigns like any voter.
#[derive(Clone)]
struct Ambitious;

impl Rules for Ambitious {
    fn witness_may_stand(&self) -> bool {
        true
    }
}

#[test]
fn if_witnesses_stand_one_leads_without_data_and_its_invariants_say_so() {
    let mut cluster = with_witness(Ambitious, 3, 0);
    cluster.checked = false;
    cluster.lead(3, &[1, 2]);
    assert_eq!(cluster.node(3).role(), RoleKind::Leader);
    assert!(cluster.node(3).invariants().is_err());
}

// ---- random schedules -----------------------------------------------------------------------

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn in_any_schedule_whatever_is_committed_is_held_durably_by_a_server_with_data(
        size in 3..=5_u64,
        careful in any::<bool>(),
        acts in proptest::collection::vec(act(5), 50..400),
    ) {
        let mut cluster = with_witness(Standard, size, 0);
        cluster.settings = if careful { Settings::default() } else { plain() };
        (1..=size).for_each(|id| cluster.start(id));
        cluster.instant_disk = false;
        let mut leaders = BTreeMap::new();
        for act in acts.into_iter().filter(|act| act.fits(size)) {
            run(&mut cluster, act);
            for (id, node) in &cluster.nodes {
                if node.role() == RoleKind::Leader {
                    prop_assert_ne!(id.0, size, "a witness leads");
                    let first = *leaders.entry(node.current_term()).or_insert(*id);
                    prop_assert_eq!(first, *id);
                }
                let commit = node.commit_index();
                let holds = |id: u64| cluster.disks[&n(id)].terms.len() as u64 >= commit.0;
                prop_assert!((1..size).any(holds), "{commit} is held by the witness alone");
            }
        }
    }
}
