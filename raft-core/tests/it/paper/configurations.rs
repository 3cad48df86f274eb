//! Dissertation §4.1: a configuration is an entry of the log, and takes effect once it is appended.

use raft_core::{
    Change, ChangeFailure, Effect, Event, Index, OutsideLog, RoleKind, Rules, Standard, Term,
};

use super::{ask, configured_at, every_choice, granted, to, with_spares};
use crate::common::{Cluster, n, plain};

fn committed(cluster: &Cluster, id: u64) -> Index {
    cluster.node(id).commit_index()
}

#[test]
fn a_leader_appends_the_next_configuration_to_its_log_and_sends_it_as_any_entry() {
    let mut cluster = with_spares(3, 0);
    let effects = cluster.change(1, &Change::Remove(n(3)));
    let Some(Effect::Write(write)) = effects.first() else {
        panic!("it is to be stored: {effects:?}")
    };
    let append = write.append.as_ref().unwrap();
    assert_eq!((append.first, append.last), (Index(2), Index(2)));
    let held = append.configuration.as_ref().unwrap();
    assert_eq!(held.describe(), "{1 2}");
    assert_eq!(
        cluster.wire(),
        "n1→n2 t1 AppendEntries after #1t1 #2..#2t1 commit #1\n"
    );
}

#[test]
fn a_configuration_is_in_force_at_each_server_from_when_its_log_holds_it() {
    let mut cluster = with_spares(4, 0);
    cluster.instant_disk = false;
    cluster.change(1, &Change::Demote(n(4)));
    let new = "{1 2 3} learners {4}";
    for (id, later) in [(2, &[3, 4][..]), (3, &[4]), (4, &[])] {
        cluster.deliver(|sent| sent.to == n(id));
        for id in 1..=id {
            assert_eq!(cluster.members(id), new);
            assert!(configured_at(&cluster, id) > committed(&cluster, id));
        }
        for id in later {
            assert_eq!(cluster.members(*id), "{1 2 3 4}");
        }
    }
}

#[test]
fn a_candidate_goes_by_the_latest_configuration_of_its_log_though_it_is_not_committed() {
    let mut cluster = with_spares(4, 0);
    cluster.change(1, &Change::Demote(n(4)));
    cluster.deliver_one(|sent| sent.to == n(2));
    cluster.drop_all();
    cluster.timeout(2);
    let asked: Vec<_> = cluster.wire.iter().map(|sent| sent.to).collect();
    assert_eq!(asked, [n(1), n(3)]);
    cluster.drop_all();
    cluster.timeout(3);
    let asked: Vec<_> = cluster.wire.iter().map(|sent| sent.to).collect();
    assert_eq!(asked, [n(1), n(2), n(4)], "3 never got it");
}

#[test]
fn a_configuration_is_committed_by_a_majority_of_its_own_voters() {
    let added = (3, 1, Change::Promote(n(4)), &[1, 2, 3, 4][..]);
    let removed = (4, 0, Change::Remove(n(4)), &[1, 2, 3][..]);
    for (size, spares, change, voters) in [added, removed] {
        let mut before = with_spares(size, spares);
        before.force(1, &change);
        let at = configured_at(&before, 1);
        for others in every_choice(&voters[1..]) {
            let mut cluster = before.clone();
            let among: Vec<_> = [&[1], &others[..]].concat();
            cluster.beats_among(1, &among, 4);
            let majority = 2 * among.len() > voters.len();
            assert_eq!(committed(&cluster, 1) >= at, majority, "{among:?}");
        }
    }
}

#[test]
fn a_configuration_is_sent_to_its_members_and_to_nobody_else() {
    let mut cluster = with_spares(3, 1);
    cluster.force(
        1,
        &Change::Replace {
            old: n(3),
            new: n(4),
        },
    );
    cluster.beats(1, 3);
    assert_eq!(cluster.members(1), "{1 2 4}");
    cluster.propose(1);
    cluster.timeout(1);
    let mut reached: Vec<_> = cluster.wire.iter().map(|sent| sent.to.0).collect();
    reached.sort_unstable();
    reached.dedup();
    assert_eq!(reached, [2, 4]);
}

#[test]
fn a_change_is_answered_when_its_entry_is_committed_and_not_before() {
    let mut cluster = with_spares(3, 0);
    cluster.propose(1);
    cluster.change(1, &Change::Remove(n(3)));
    let at = configured_at(&cluster, 1);
    cluster.deliver_one(|sent| sent.to == n(2));
    cluster.deliver_one(|sent| sent.to == n(1));
    assert_eq!(committed(&cluster, 1), at.previous());
    assert_eq!(cluster.changes(1), [], "the entry before it is committed");
    cluster.deliver_all();
    assert_eq!(committed(&cluster, 1), at);
    assert_eq!(cluster.changes(1), [Ok(at.0)]);
}

#[test]
fn a_server_that_was_removed_can_be_shut_down_once_that_is_committed() {
    let mut cluster = with_spares(3, 0);
    cluster.change(1, &Change::Remove(n(3)));
    cluster.deliver_all();
    cluster.crash(3);
    cluster.propose(1);
    cluster.deliver_all();
    assert_eq!(committed(&cluster, 1), cluster.node(1).log().last_index());
    cluster.lead(2, &[1]);
    assert_eq!(cluster.node(2).role(), RoleKind::Leader);
}

#[test]
fn once_a_configuration_is_committed_no_server_without_it_is_elected() {
    let mut before = with_spares(4, 1);
    before.force(1, &Change::Promote(n(5)));
    before.beats_among(1, &[1, 2, 5], 3);
    assert!(committed(&before, 1) >= configured_at(&before, 1));
    for without in [3, 4] {
        assert_eq!(before.members(without), "{1 2 3 4}");
        let mut cluster = before.clone();
        cluster.drop_all();
        cluster.advance(1_000);
        for _ in 0..3 {
            cluster.timeout(without);
            cluster.deliver_all();
            assert_ne!(cluster.node(without).role(), RoleKind::Leader);
        }
    }
}

#[test]
fn no_change_begins_before_the_last_one_is_committed() {
    let changes = [
        Change::Add(n(6)),
        Change::Promote(n(6)),
        Change::Demote(n(4)),
        Change::Remove(n(4)),
        to(&[1, 2]),
    ];
    for change in &changes {
        let mut cluster = with_spares(5, 1);
        cluster.change(1, &Change::Remove(n(5)));
        let at = configured_at(&cluster, 1);
        cluster.force(1, change);
        assert_eq!(cluster.changes(1), [Err(ChangeFailure::Busy)]);
        assert_eq!(configured_at(&cluster, 1), at);
        cluster.deliver_all();
        cluster.force(1, change);
        assert!(configured_at(&cluster, 1) > at);
    }
}

/// The reason for the rule above.
#[test]
fn changes_on_top_of_one_that_is_not_committed_would_let_two_majorities_decide() {
    #[derive(Clone)]
    struct Hurried;
    impl Rules for Hurried {
        fn change_is_over(&self, _: Index, _: Index) -> bool {
            true
        }
    }
    fn commits(rules: impl Rules + 'static) -> (Index, Index) {
        let mut cluster = Cluster::with_spares(rules, 3, 2, plain());
        cluster.lead(1, &[2, 3]);
        for id in [4, 5] {
            cluster.force(1, &Change::Promote(n(id)));
            // Each step by itself, as a leader may do.
            cluster.step(1, raft_core::Input::Wake);
        }
        cluster.beats_among(1, &[1, 4, 5], 4);
        let ones = cluster.node(1).commit_index();
        cluster.elect(2, &[3]);
        cluster.beats_among(2, &[2, 3], 4);
        (ones, cluster.node(2).commit_index())
    }
    let (one, two) = commits(Hurried);
    assert!(one > Index(1) && two > Index(1), "each without the other");
    let (one, two) = commits(Standard);
    assert_eq!(one, Index(1));
    assert!(two > Index(1));
}

#[test]
fn a_configuration_that_is_cut_off_gives_way_to_the_one_before_it_in_the_log() {
    let mut cluster = with_spares(4, 0);
    cluster.change(1, &Change::Demote(n(4)));
    cluster.beats(1, 2);
    let first = configured_at(&cluster, 1);
    cluster.change(1, &Change::Demote(n(3)));
    cluster.drop_all();
    assert_eq!(cluster.members(1), "{1 2} learners {3 4}");
    cluster.lead(2, &[3]);
    cluster.beats(2, 2);
    assert_eq!(cluster.members(1), "{1 2 3} learners {4}");
    assert_eq!(configured_at(&cluster, 1), first);
    let gone = |event: &Event| matches!(event, Event::ConfigurationRolledBack { .. });
    assert!(cluster.saw(1, gone));
}

#[test]
fn a_server_takes_entries_from_a_leader_that_its_configuration_does_not_name() {
    let mut cluster = with_spares(3, 1);
    assert_eq!(cluster.members(4), "{}");
    cluster.change(1, &Change::Add(n(4)));
    cluster.deliver_all();
    assert_eq!(cluster.terms(4), cluster.terms(1));
    assert_eq!(cluster.node(4).leader(), Some(n(1)));
}

#[test]
fn a_server_votes_for_a_candidate_that_its_configuration_does_not_name() {
    let mut cluster = with_spares(3, 2);
    for (voter, candidate) in [(2, 4), (4, 2), (4, 5), (2, 9)] {
        cluster.drop_all();
        let term = cluster.node(voter).current_term().0 + 1;
        cluster.receive(candidate, voter, term, ask(1, 1));
        assert_eq!(granted(&cluster), Some(true), "{voter} for {candidate}");
    }
}

/// Dissertation §4.1, of adding a fourth server: the cluster may need it before it knows of its
/// membership.
#[test]
fn a_candidate_counts_the_vote_of_a_server_that_does_not_know_yet_that_it_has_one() {
    let mut cluster = with_spares(3, 1);
    cluster.force(1, &Change::Promote(n(4)));
    cluster.deliver_among(&[1, 2]);
    cluster.crash(1);
    assert_eq!(cluster.members(4), "{}");
    cluster.elect(2, &[3, 4]);
    let mut cluster = with_spares(3, 1);
    cluster.force(1, &Change::Promote(n(4)));
    cluster.deliver_among(&[1, 2]);
    cluster.drop_all();
    cluster.advance(1_000);
    cluster.timeout(2);
    cluster.deliver_among(&[2, 4]);
    assert_eq!(
        cluster.node(2).role(),
        RoleKind::Candidate,
        "two of four do not do"
    );
}

#[test]
fn a_leader_changes_nothing_before_an_entry_of_its_own_term_is_committed() {
    let mut cluster = with_spares(4, 1);
    cluster.elect(2, &[3, 4]);
    for change in [Change::Remove(n(1)), Change::Add(n(5)), to(&[2, 3])] {
        let last = cluster.node(2).log().last_index();
        cluster.force(2, &change);
        assert_eq!(cluster.node(2).log().last_index(), last);
    }
    assert_eq!(cluster.changes(2), [Err(ChangeFailure::OwnTermFirst); 3]);
    cluster.beats(2, 1);
    cluster.force(2, &Change::Remove(n(1)));
    assert_eq!(cluster.members(2), "{2 3 4}");
}

/// The histories of the erratum of 2015, each in four servers. S1's change reaches no other server,
/// or its newcomer alone. S2 is elected, and its change reaches a majority of its next
/// configuration. S1 campaigns again, in a majority of its own configuration.
fn histories() -> [(Change, Change, &'static [u64]); 3] {
    let (five, six) = (Change::Promote(n(5)), Change::Promote(n(6)));
    [
        (five.clone(), Change::Remove(n(1)), &[1, 4, 5]),
        (five, six, &[1, 4, 5]),
        (Change::Remove(n(2)), Change::Remove(n(1)), &[1, 4]),
    ]
}

/// Whether S2's change is committed, and whether S1 leads again, when S2's first entry reaches
/// `first_of_two` before it changes anything.
fn erratum(rules: impl Rules + Clone + 'static, first_of_two: &[u64]) -> [(bool, bool); 3] {
    histories().map(|(first, second, again)| {
        let mut cluster = Cluster::with_spares(rules.clone(), 4, 2, plain());
        cluster.lead(1, &[2, 3, 4]);
        cluster.force(1, &first);
        cluster.beats_among(1, &[1, 5], 3);
        cluster.elect(2, &[3, 4]);
        cluster.beats_among(2, first_of_two, 2);
        cluster.force(2, &second);
        cluster.beats_among(2, &[2, 3, 6], 3);
        let at = configured_at(&cluster, 2);
        let made = at > Index(0) && committed(&cluster, 2) >= at;
        cluster.advance(1_000);
        for _ in 0..3 {
            cluster.timeout(1);
            cluster.deliver_among(again);
            cluster.drop_all();
        }
        (made, cluster.node(1).role() == RoleKind::Leader)
    })
}

#[test]
fn with_an_entry_of_its_own_term_first_the_histories_of_the_erratum_lose_nothing() {
    assert_eq!(erratum(Standard, &[2, 3]), [(false, true); 3]);
    assert_eq!(erratum(Standard, &[2, 3, 4]), [(true, false); 3]);
}

#[test]
fn without_an_entry_of_its_own_term_first_each_history_of_the_erratum_has_two_majorities() {
    #[derive(Clone)]
    struct Hasty;
    impl Rules for Hasty {
        fn change_may_begin(&self, _: Result<Term, OutsideLog>, _: Term) -> bool {
            true
        }
    }
    assert_eq!(erratum(Hasty, &[2]), [(true, true); 3]);
}

#[test]
fn a_restarted_server_goes_by_the_latest_configuration_of_its_log() {
    let mut cluster = with_spares(4, 0);
    cluster.change(1, &Change::Demote(n(4)));
    cluster.deliver_one(|sent| sent.to == n(2));
    for id in [1, 2, 3] {
        let before = cluster.members(id);
        cluster.crash(id);
        cluster.start(id);
        assert_eq!(cluster.members(id), before);
        assert_eq!(committed(&cluster, id), Index(0), "whatever is committed");
    }
}

#[test]
fn a_snapshot_holds_the_configuration_in_force_at_its_last_entry_and_not_a_later_one() {
    let mut cluster = with_spares(4, 0);
    cluster.change(1, &Change::Demote(n(4)));
    cluster.beats(1, 2);
    cluster.change(1, &Change::Demote(n(3)));
    cluster.snapshot(1, 100, 99);
    let base = cluster.node(1).log().base();
    assert_eq!(base.configuration.describe(), "{1 2 3} learners {4}");
    assert_eq!(cluster.members(1), "{1 2} learners {3 4}");
}
