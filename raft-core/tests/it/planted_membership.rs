//! Servers with one wrong rule about membership, in random schedules with changes of members: the
//! model catches the rules that keep the cluster safe, and no wrong rule trips an assertion.

use crate::common::model::{Model, with_changes};
use crate::common::plain;
use crate::common::schedule::{Act, act_with_changes, run};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use raft_core::{Index, Instant, OutsideLog, Rules, Settings, Span, Term};

#[derive(Clone, Copy, PartialEq, Debug)]
enum Wrong {
    Nothing,
    ChangesBeforeItsOwnTerm,
    ChangesBeforeTheLastIsCommitted,
    CountsCommittedConfigurationsOnly,
    KeepsTruncatedConfigurations,
    ForgetsConfigurationsInARestart,
    SnapshotsForgetTheOutgoing,
    IncomingDecidesAlone,
    LeavesJointAtOnce,
    StepsDownAtOnce,
    NeverStepsDown,
    AnybodyStands,
    OnlyVotersStand,
    EveryMemberVotes,
    NobodyCatchesUp,
    AsksForNoLiveQuorum,
    AddedAgainVotes,
}

use Wrong::*;

const ALL: [Wrong; 17] = [
    Nothing,
    ChangesBeforeItsOwnTerm,
    ChangesBeforeTheLastIsCommitted,
    CountsCommittedConfigurationsOnly,
    KeepsTruncatedConfigurations,
    ForgetsConfigurationsInARestart,
    SnapshotsForgetTheOutgoing,
    IncomingDecidesAlone,
    LeavesJointAtOnce,
    StepsDownAtOnce,
    NeverStepsDown,
    AnybodyStands,
    OnlyVotersStand,
    EveryMemberVotes,
    NobodyCatchesUp,
    AsksForNoLiveQuorum,
    AddedAgainVotes,
];

#[derive(Clone)]
struct Planted(Wrong);

impl Planted {
    fn is(&self, wrong: Wrong) -> bool {
        self.0 == wrong
    }
}

#[rustfmt::skip]
impl Rules for Planted {
    fn change_may_begin(&self, term: Result<Term, OutsideLog>, current: Term) -> bool {
        self.is(ChangesBeforeItsOwnTerm) || term == Ok(current)
    }
    fn change_is_over(&self, configured_at: Index, commit: Index) -> bool {
        self.is(ChangesBeforeTheLastIsCommitted) || configured_at <= commit
    }
    fn in_force_through(&self, last: Index, commit: Index) -> Index {
        if self.is(CountsCommittedConfigurationsOnly) { commit } else { last }
    }
    fn configurations_forgotten(&self, from: Index) -> Index {
        if self.is(KeepsTruncatedConfigurations) { Index(u64::MAX) } else { from }
    }
    fn configuration_found_counts(&self, at: Index, commit: Index) -> bool {
        !self.is(ForgetsConfigurationsInARestart) || at <= commit
    }
    fn snapshot_keeps_outgoing(&self) -> bool { !self.is(SnapshotsForgetTheOutgoing) }
    fn outgoing_must_agree(&self) -> bool { !self.is(IncomingDecidesAlone) }
    fn joint_may_be_left(&self, joint_at: Index, commit: Index) -> bool {
        self.is(LeavesJointAtOnce) || joint_at <= commit
    }
    fn outsider_steps_down(&self, configured_at: Index, commit: Index) -> bool {
        match self.0 {
            StepsDownAtOnce => true,
            NeverStepsDown => false,
            _ => configured_at <= commit,
        }
    }
    fn may_stand(&self, voter: bool, was_voter: bool) -> bool {
        match self.0 {
            AnybodyStands => true,
            OnlyVotersStand => voter,
            _ => voter || was_voter,
        }
    }
    fn member_votes(&self, voter: bool) -> bool { voter || self.is(EveryMemberVotes) }
    fn newcomer_is_ready(&self, round: Option<Span>, timeout_min: Span) -> bool {
        self.is(NobodyCatchesUp) || round.is_some_and(|round| round < timeout_min)
    }
    fn quorum_is_live(&self, now: Instant, contact: Instant, timeout_max: Span) -> bool {
        self.is(AsksForNoLiveQuorum) || now.since(contact) <= timeout_max
    }
    fn added_again_votes(&self) -> bool { self.is(AddedAgainVotes) }
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    proptest::collection::vec(act_with_changes(6), 50..600)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn no_wrong_rule_about_members_trips_an_assertion(
        wrong in 0..ALL.len(),
        careful in any::<bool>(),
        founders in 3_u64..=4,
        acts in acts(),
    ) {
        let settings = if careful { Settings::default() } else { plain() };
        let mut cluster = with_changes(Planted(ALL[wrong]), founders, settings);
        cluster.checked = false;
        for act in acts {
            run(&mut cluster, act);
        }
    }
}

/// The model's verdict on this rule, if some of these schedules show the error.
fn caught(wrong: Wrong, schedules: u64) -> Option<String> {
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    let acts = acts();
    (0..schedules).find_map(|schedule| {
        let acts = acts.new_tree(&mut runner).unwrap().current();
        let mut cluster = with_changes(Planted(wrong), 3 + schedule % 2, plain());
        cluster.checked = false;
        let mut model = Model::default();
        acts.into_iter().find_map(|act| {
            run(&mut cluster, act);
            model.judge(&cluster).err()
        })
    })
}

/// The other rules keep the cluster available, or break it in rarer histories (`paper/configurations`
/// has that of `ChangesBeforeItsOwnTerm`).
#[test]
fn schedules_with_changes_catch_the_wrong_rules_that_make_them_unsafe() {
    let unsafe_ones = [
        ChangesBeforeTheLastIsCommitted,
        CountsCommittedConfigurationsOnly,
        KeepsTruncatedConfigurations,
        ForgetsConfigurationsInARestart,
        SnapshotsForgetTheOutgoing,
        IncomingDecidesAlone,
        LeavesJointAtOnce,
        EveryMemberVotes,
    ];
    for wrong in unsafe_ones {
        assert!(caught(wrong, 1_500).is_some(), "{wrong:?} goes unseen");
    }
    assert_eq!(caught(Nothing, 1_500), None);
}
