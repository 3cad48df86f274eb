//! Changes of members in edge cases: between crashes and transfers, with members that know no other
//! server yet, and with invalid messages and disks.

use crate::common::{Cluster, MS, Server, n, plain, restored_server};
use raft_core::{
    AppendEntries, Base, Body, Boot, Change, ChangeFailure, ChangeOptions, Configuration, Durable,
    Effect, EntryId, EntryMeta, Event, HardState, Index, Input, InstallSnapshot, Instant,
    Malformed, NodeId, Outcome, ReadMode, RestoreError, RoleKind, Settings, SnapshotId, Span,
    Standard, Term, TransferFailure,
};

/// `size` servers, the first of which leads, and `spares` that know no other server.
fn cluster_with(size: u64, spares: u64, settings: Settings) -> Cluster {
    let mut cluster = Cluster::with_spares(Standard, size, spares, settings);
    let others: Vec<_> = (2..=size).collect();
    cluster.lead(1, &others);
    cluster
}

fn cluster(size: u64, spares: u64) -> Cluster {
    cluster_with(size, spares, plain())
}

fn to(voters: &[u64]) -> Change {
    Change::To {
        voters: voters.iter().map(|id| n(*id)).collect(),
        learners: Default::default(),
    }
}

/// {1 2 3} and {1 4 5} decide, committed, until an operator ends that.
fn joint(settings: Settings) -> Cluster {
    let mut cluster = cluster_with(3, 2, settings);
    for id in [4, 5] {
        cluster.change(1, &Change::Add(n(id)));
        cluster.beats(1, 2);
    }
    let change = &to(&[1, 4, 5]);
    let how = ChangeOptions {
        stays_joint: true,
        forced: false,
    };
    cluster.step(1, Input::Change { change, how });
    cluster.beats(1, 3);
    assert_eq!(cluster.members(1), "{1 2 3}->{1 4 5}");
    assert_eq!(cluster.changes(1).len(), 3, "the joint one is committed");
    cluster
}

fn is_order(envelope: &crate::common::Envelope) -> bool {
    matches!(envelope.message.body, Body::TimeoutNow)
}

// ---- servers that may campaign ----------------------------------------------------------------

/// Dissertation, Figure 4.6, with a leader that was added earlier. After its restart it knows of no
/// commit, so the configuration known to be committed is from before it was added.
#[test]
fn a_leader_that_was_added_and_removed_itself_can_win_after_a_restart() {
    let mut cluster = cluster(1, 1);
    cluster.change(1, &Change::Promote(n(2)));
    cluster.beats(1, 4);
    assert_eq!(cluster.members(2), "{1 2}");
    cluster.lead(2, &[1]);
    cluster.change(2, &Change::Remove(n(2)));
    cluster.drop_all();
    cluster.crash(2);
    cluster.start(2);
    assert_eq!(cluster.members(2), "{1}");
    cluster.advance(1_000);
    cluster.timeout(1);
    cluster.deliver_all();
    assert_ne!(
        cluster.node(1).role(),
        RoleKind::Leader,
        "its log is behind 2's"
    );
    cluster.elect(2, &[1]);
    cluster.beats(2, 3);
    cluster.beats(1, 2);
    assert_eq!(cluster.node(1).role(), RoleKind::Leader);
    assert_eq!(cluster.members(1), "{1}");
}

#[test]
fn a_server_whose_removal_is_known_to_be_committed_does_not_stand() {
    let mut cluster = cluster(3, 0);
    cluster.change(1, &Change::Demote(n(3)));
    cluster.beats(1, 2);
    assert!(cluster.node(3).commit_index() >= cluster.node(3).log().configured_at());
    for _ in 0..3 {
        cluster.timeout(3);
        assert_eq!(cluster.node(3).role(), RoleKind::Follower);
    }
}

#[test]
fn a_learner_does_not_obey_an_order_to_campaign() {
    let mut cluster = cluster(3, 1);
    cluster.change(1, &Change::Add(n(4)));
    cluster.beats(1, 2);
    cluster.receive(1, 4, 1, Body::TimeoutNow);
    assert_eq!(cluster.node(4).role(), RoleKind::Follower);
    assert_eq!(cluster.node(4).current_term(), Term(1));
    cluster.step(1, Input::Transfer { to: n(4) });
    let why = TransferFailure::NoVoter;
    let refused = Effect::TransferFailed { to: n(4), why };
    assert!(cluster.answers.contains(&(n(1), refused)));
    assert!(!cluster.wire.iter().any(is_order));
}

// ---- changes and leadership -------------------------------------------------------------------

#[test]
fn whoever_asks_a_follower_is_told_the_leader_before_anything_else() {
    let mut cluster = cluster(3, 0);
    let elsewhere = Err(ChangeFailure::NotLeader { leader: Some(n(1)) });
    let changes = [
        Change::Remove(n(9)),
        Change::Demote(n(9)),
        Change::Leave,
        to(&[]),
    ];
    for change in &changes {
        cluster.change(2, change);
    }
    assert_eq!(
        cluster.changes(2),
        [elsewhere; 4],
        "it may know old members"
    );
}

#[test]
fn a_change_waits_for_a_transfer_to_end_and_then_goes_on() {
    let mut cluster = cluster(3, 1);
    cluster.change(1, &Change::Add(n(4)));
    cluster.beats(1, 2);
    cluster.change(1, &Change::Promote(n(4)));
    cluster.step(1, Input::Transfer { to: n(2) });
    let given_up = |event: &Event| matches!(event, Event::TransferFailed { .. });
    while !cluster.saw(1, given_up) {
        cluster.wire.retain(|sent| !is_order(sent));
        cluster.deliver_all();
        assert_eq!(cluster.members(1), "{1 2 3} learners {4}");
        cluster.timeout(1);
    }
    cluster.wire.retain(|sent| !is_order(sent));
    cluster.beats(1, 3);
    assert_eq!(cluster.members(1), "{1 2 3 4}");
    assert_eq!(cluster.changes(1).len(), 2);
}

#[test]
fn catching_up_ends_with_leadership_and_begins_anew_under_the_next_leader() {
    let mut cluster = cluster(3, 1);
    cluster.change(1, &Change::Promote(n(4)));
    cluster.deliver_among(&[1, 2, 3]);
    assert!(cluster.node(1).is_changing());
    cluster.lead(2, &[1, 3]);
    assert_eq!(cluster.changes(1), [Err(ChangeFailure::LeadershipLost)]);
    assert_eq!(cluster.members(2), "{1 2 3} learners {4}", "it stays one");
    assert!(!cluster.node(2).is_changing());
    cluster.change(2, &Change::Promote(n(4)));
    cluster.beats(2, 4);
    assert_eq!(cluster.members(4), "{1 2 3 4}");
    assert!(cluster.changes(2)[0].is_ok());
}

#[test]
fn newcomers_that_died_after_they_caught_up_end_the_change() {
    let mut cluster = cluster(3, 2);
    cluster.change(1, &to(&[4, 5]));
    for _ in 0..3 {
        cluster.timeout(1);
        cluster.deliver_among(&[1, 2, 3, 4]);
    }
    cluster.crash(4);
    for _ in 0..9 {
        cluster.timeout(1);
        cluster.deliver_among(&[1, 2, 3]);
    }
    assert_eq!(cluster.changes(1), [], "5 has nothing yet");
    cluster.beats(1, 4);
    assert_eq!(cluster.changes(1), [Err(ChangeFailure::NoLiveQuorum)]);
    assert_eq!(cluster.members(1), "{1 2 3} learners {4 5}");
}

#[test]
fn a_change_that_its_leader_lost_may_commit_under_the_next_one() {
    let mut cluster = cluster(3, 0);
    cluster.change(1, &Change::Remove(n(3)));
    cluster.deliver(|sent| sent.to == n(2));
    cluster.drop_all();
    cluster.lead(2, &[1]);
    cluster.beats(2, 2);
    assert_eq!(cluster.changes(1), [Err(ChangeFailure::LeadershipLost)]);
    assert_eq!(cluster.members(1), "{1 2}");
    assert_eq!(
        cluster.node(1).commit_index(),
        cluster.node(1).log().last_index()
    );
}

#[test]
fn a_joint_configuration_is_not_left_while_leadership_is_handed_over() {
    let mut cluster = cluster(3, 2);
    for id in [4, 5] {
        cluster.change(1, &Change::Add(n(id)));
        cluster.beats(1, 2);
    }
    cluster.force(1, &to(&[1, 4, 5]));
    cluster.step(1, Input::Transfer { to: n(4) });
    cluster.deliver(|sent| !is_order(sent));
    assert_eq!(cluster.members(1), "{1 2 3}->{1 4 5}");
    assert!(cluster.node(1).commit_index() >= cluster.node(1).log().configured_at());
    cluster.deliver_all();
    assert_eq!(cluster.node(4).role(), RoleKind::Leader);
    cluster.beats(4, 3);
    assert_eq!(cluster.members(4), "{1 4 5}", "the next leader leaves it");
    assert_eq!(cluster.members(1), "{1 4 5}");
}

// ---- two halves -------------------------------------------------------------------------------

#[test]
fn a_leader_that_only_one_half_hears_is_confirmed_in_nothing() {
    let settings = Settings {
        check_quorum: true,
        stickiness: true,
        clock_error: Some(Span(10 * MS)),
        ..plain()
    };
    for half in [[1, 2, 3], [1, 4, 5]] {
        let mut cluster = joint(settings);
        let lease = cluster.node(1).lease_until().unwrap();
        cluster.read(1, 7, ReadMode::ReadIndex);
        cluster.deliver_among(&half);
        assert_eq!(cluster.ready(7), None, "{half:?} alone confirms no read");
        cluster.drop_all();
        while cluster.now < lease.0 + 100 * MS && cluster.node(1).role() == RoleKind::Leader {
            cluster.timeout(1);
            cluster.deliver_among(&half);
            cluster.drop_all();
        }
        assert!(
            cluster
                .node(1)
                .lease_until()
                .is_none_or(|until| until.0 <= cluster.now)
        );
        for _ in 0..8 {
            if cluster.node(1).role() == RoleKind::Leader {
                cluster.timeout(1);
                cluster.deliver_among(&half);
                cluster.drop_all();
            }
        }
        assert_eq!(cluster.node(1).role(), RoleKind::Follower, "{half:?}");
    }
}

#[test]
fn one_server_of_each_half_beside_the_leader_confirms_everything() {
    let settings = Settings {
        check_quorum: true,
        stickiness: true,
        clock_error: Some(Span(10 * MS)),
        ..plain()
    };
    let mut cluster = joint(settings);
    for _ in 0..20 {
        cluster.timeout(1);
        cluster.deliver_among(&[1, 3, 4]);
        cluster.drop_all();
    }
    cluster.read(1, 7, ReadMode::ReadIndex);
    cluster.deliver_among(&[1, 3, 4]);
    assert!(cluster.ready(7).is_some());
    assert!(cluster.node(1).lease_until().unwrap().0 > cluster.now);
}

#[test]
fn a_server_that_was_just_added_confirms_no_read_before_it_answers() {
    let mut cluster = cluster(1, 1);
    cluster.force(1, &Change::Promote(n(2)));
    cluster.drop_all();
    cluster.read(1, 7, ReadMode::ReadIndex);
    assert_eq!(cluster.ready(7), None, "one of two is no majority");
    cluster.beats(1, 2);
    assert!(cluster.ready(7).is_some());
}

#[test]
fn a_leader_that_nobody_of_the_next_configuration_hears_steps_down_in_time() {
    let settings = Settings {
        check_quorum: true,
        ..plain()
    };
    let mut cluster = cluster_with(1, 2, settings);
    for id in [2, 3] {
        cluster.crash(id);
    }
    let begun = cluster.now;
    cluster.force(1, &to(&[1, 2, 3]));
    while cluster.node(1).role() == RoleKind::Leader {
        cluster.timeout(1);
        cluster.drop_all();
    }
    let longest = cluster.settings.election_timeout_max.0;
    let took = cluster.now - begun;
    assert!(took > longest && took <= 2 * longest, "{took}");
}

// ---- coming back ------------------------------------------------------------------------------

#[test]
fn a_member_that_comes_back_in_the_same_term_is_heard_again() {
    let mut cluster = cluster(3, 0);
    cluster.beats(1, 5);
    for _ in 0..3 {
        cluster.change(1, &Change::Remove(n(3)));
        cluster.beats(1, 2);
        cluster.change(1, &Change::Promote(n(3)));
        cluster.beats(1, 4);
        assert_eq!(cluster.members(3), "{1 2 3}");
        cluster.propose(1);
        cluster.deliver_among(&[1, 3]);
        let leader = cluster.node(1);
        assert_eq!(leader.commit_index(), leader.log().last_index());
        cluster.deliver_all();
    }
    assert_eq!(cluster.node(1).current_term(), Term(1));
}

#[test]
fn a_member_that_comes_back_during_a_round_of_reads_has_not_answered_it() {
    let mut cluster = cluster(3, 0);
    cluster.change(1, &Change::Remove(n(3)));
    cluster.beats(1, 3);
    cluster.timeout(1);
    cluster.deliver(|sent| sent.to == n(2));
    let late = core::mem::take(&mut cluster.wire);
    cluster.read(1, 5, ReadMode::ReadIndex);
    cluster.force(1, &Change::Promote(n(3)));
    cluster.drop_all();
    cluster.wire = late;
    cluster.deliver_all();
    assert_eq!(
        cluster.ready(5),
        None,
        "2 answers what came before the read"
    );
    cluster.beats(1, 2);
    assert!(cluster.ready(5).is_some());
}

// ---- snapshots --------------------------------------------------------------------------------

#[test]
fn a_newcomer_catches_up_from_a_snapshot_and_gets_its_vote() {
    let mut cluster = cluster(3, 1);
    for _ in 0..20 {
        cluster.propose(1);
    }
    cluster.deliver_all();
    let through = cluster.node(1).commit_index().0;
    cluster.snapshot(1, 1_000, through);
    cluster.change(1, &Change::Promote(n(4)));
    cluster.beats(1, 6);
    assert_eq!(cluster.members(4), "{1 2 3 4}");
    assert!(cluster.saw(4, |event| matches!(event, Event::SnapshotInstalled { .. })));
    assert_eq!(
        cluster.node(4).log().base().configuration.describe(),
        "{1 2 3}",
        "as it was at the snapshot's last entry"
    );
}

/// The first entry that names any member is after the snapshot's last one.
#[test]
fn a_snapshot_from_before_any_member_was_known_is_offered_to_nobody_after_a_restart_either() {
    let mut cluster = cluster(1, 1);
    for _ in 0..3 {
        cluster.propose(1);
    }
    cluster.change(1, &Change::Add(n(2)));
    cluster.beats(1, 3);
    let configured_at = cluster.node(2).log().configured_at();
    let early = SnapshotId {
        last: EntryId {
            index: Index(2),
            term: Term(1),
        },
        bytes: 50,
        checksum: 7,
    };
    assert!(configured_at > early.last.index);
    cluster.step(2, Input::SnapshotTaken { snapshot: early });
    assert_eq!(cluster.node(2).snapshot(), None);
    cluster.disks.get_mut(&n(2)).unwrap().snapshot = Some(early);
    cluster.crash(2);
    cluster.start(2);
    assert_eq!(cluster.node(2).snapshot(), None);
    assert_eq!(
        cluster.node(2).commit_index(),
        Index(2),
        "though it is known what it covers"
    );
    cluster.beats(1, 2);
    assert_eq!(cluster.members(2), "{1} learners {2}");
}

// ---- invalid input ----------------------------------------------------------------------------

fn entry(index: u64, term: u64) -> EntryId {
    EntryId {
        index: Index(index),
        term: Term(term),
    }
}

fn dropped(cluster: &Cluster, id: u64) -> Vec<Malformed> {
    let at = cluster.events.iter().filter(|(at, _)| *at == n(id));
    at.filter_map(|(_, event)| match event {
        Event::MalformedDropped { why, .. } => Some(*why),
        _ => None,
    })
    .collect()
}

#[test]
fn an_entry_whose_configuration_names_nobody_is_dropped() {
    let mut cluster = cluster(3, 0);
    let append = AppendEntries {
        prev: entry(1, 1),
        last: Index(2),
        entries_term: Term(1),
        bytes: 8,
        configuration: Some(Box::new(Configuration::empty())),
        commit: Index(1),
        seq: 90,
        sent_at: Instant(1),
    };
    cluster.receive(1, 2, 1, Body::AppendEntries(append));
    assert_eq!(cluster.terms(2), [1]);
    assert_eq!(cluster.members(2), "{1 2 3}");
    assert_eq!(dropped(&cluster, 2), [Malformed::NamesNobody]);
    cluster.elect(2, &[3]);
}

#[test]
fn a_snapshot_whose_configuration_names_nobody_is_dropped() {
    let mut cluster = cluster(3, 0);
    let install = InstallSnapshot {
        snapshot: SnapshotId {
            last: entry(9, 1),
            bytes: 5,
            checksum: 7,
        },
        configuration: Configuration::empty(),
        offset: 0,
        length: 5,
        seq: 90,
        sent_at: Instant(1),
    };
    cluster.receive(1, 2, 1, Body::InstallSnapshot(Box::new(install)));
    assert_eq!(cluster.node(2).incoming(), None);
    assert_eq!(dropped(&cluster, 2), [Malformed::NamesNobody]);
    cluster.elect(2, &[3]);
}

fn restored(configuration: Option<Configuration>) -> Result<Server, RestoreError> {
    let entry = |configuration| EntryMeta {
        term: Term(1),
        bytes: 8,
        configuration,
    };
    let durable = Durable {
        hard_state: HardState {
            current_term: Term(1),
            voted_for: None,
        },
        base: Base {
            last: EntryId::default(),
            configuration: Configuration::of_voters(&[NodeId(1)]).unwrap(),
        },
        entries: [entry(None), entry(configuration), entry(None)],
        intact: Index(3),
        snapshot: None,
        incoming: None,
        may_vote: true,
    };
    let boot = Boot {
        id: NodeId(1),
        settings: plain(),
        now: Instant(0),
        seed: 3,
        incarnation: 0,
    };
    restored_server(boot, durable)
}

#[test]
fn a_log_on_disk_whose_configuration_names_nobody_is_refused() {
    let one = Configuration::of_voters(&[NodeId(1)]).unwrap();
    assert!(restored(Some(one)).is_ok());
    assert_eq!(
        restored(Some(Configuration::empty())).err(),
        Some(RestoreError::NamesNobody(Index(2)))
    );
}

/// A disk may know only the term of an entry; the next leader sends the entry again.
#[test]
fn a_configuration_that_the_disk_lost_is_in_force_once_it_was_sent_again() {
    let mut cluster = cluster(4, 0);
    cluster.change(1, &Change::Demote(n(4)));
    cluster.propose(1);
    cluster.propose(1);
    cluster.beats(1, 2);
    cluster.crash(2);
    let disk = cluster.disks.get_mut(&n(2)).unwrap();
    disk.intact = Some(Index(1));
    disk.configurations.clear();
    cluster.start(2);
    assert_eq!(cluster.members(2), "{1 2 3 4}", "as far as it can tell");
    cluster.lead(3, &[1]);
    cluster.beats(3, 3);
    assert_eq!(cluster.members(2), "{1 2 3} learners {4}");
    let last = cluster.node(3).log().last_index();
    assert_eq!(cluster.node(2).durable_index(), last);
    // It leads and sends the configuration to a server that has nothing.
    cluster.disks.get_mut(&n(2)).unwrap().intact = None;
    cluster.crash(4);
    cluster.disks.insert(n(4), crate::common::Disk::default());
    cluster.start(4);
    cluster.elect(2, &[1, 3]);
    cluster.beats(2, 4);
    assert_eq!(cluster.members(4), "{1 2 3} learners {4}");
    assert_eq!(cluster.node(4).log().configured_at(), Index(2));
    assert_eq!(cluster.terms(4), cluster.terms(2));
}

#[test]
fn a_refusal_of_a_server_that_knows_nobody_leads_the_leader_back_to_the_start() {
    let mut cluster = cluster(3, 1);
    cluster.change(1, &Change::Add(n(4)));
    let probe = cluster.wire.iter().find(|sent| sent.to == n(4)).unwrap();
    assert!(matches!(&probe.message.body, Body::AppendEntries(a) if a.prev.index.0 > 0));
    cluster.deliver_one(|sent| sent.to == n(4));
    let answer = cluster.wire.iter().find(|sent| sent.from == n(4)).unwrap();
    assert!(matches!(
        &answer.message.body,
        Body::AppendEntriesReply(reply) if matches!(reply.outcome, Outcome::Rejected { hint, .. } if hint == EntryId::default())
    ));
    cluster.beats(1, 1);
    assert_eq!(cluster.terms(4), cluster.terms(1));
}
