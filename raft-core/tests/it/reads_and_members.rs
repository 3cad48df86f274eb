//! Reads during changes of members, by a round of messages or by a lease: none misses an entry that
//! was committed before it began.

use std::collections::BTreeMap;

use crate::common::model::{ALL, with_changes};
use crate::common::schedule::{Act, act_with_changes, run};
use crate::common::{Cluster, MS};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use raft_core::{Effect, Event, Index, ReadMode, Rules, Settings, Span, Standard};

#[derive(Clone, Debug)]
enum Step {
    World(Act),
    Read(u64, ReadMode),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let modes = [ReadMode::ReadIndex, ReadMode::Lease, ReadMode::Follower];
    let parts = (0_u32..10, act_with_changes(ALL), 1..=ALL, 0_usize..3);
    let step = parts.prop_map(move |(kind, act, id, mode)| match kind {
        0..8 => Step::World(act),
        _ => Step::Read(id, modes[mode]),
    });
    proptest::collection::vec(step, 50..500)
}

/// Election timeouts that are short enough for schedules, and clocks without error.
fn fast() -> Settings {
    Settings {
        election_timeout_min: Span(20 * MS),
        election_timeout_max: Span(30 * MS),
        heartbeat: Span(5 * MS),
        clock_error: Some(Span(0)),
        ..Settings::default()
    }
}

/// The newest entry that any server has called committed so far.
fn committed(cluster: &mut Cluster, known: Index) -> Index {
    let events = cluster.events.drain(..);
    let commits = events.filter_map(|(_, event)| match event {
        Event::Committed { commit, .. } => Some(commit),
        _ => None,
    });
    commits.fold(known, Index::max)
}

/// The number of answered reads, or the first read that missed an entry.
fn answered(rules: impl Rules + 'static, steps: Vec<Step>) -> Result<usize, String> {
    let mut cluster = with_changes(rules, 3, fast());
    let mut newest = Index(0);
    let mut asked = BTreeMap::new();
    let mut answers = 0;
    for step in steps {
        newest = committed(&mut cluster, newest);
        match step {
            Step::World(act) => run(&mut cluster, act),
            Step::Read(id, mode) => {
                let token = asked.len() as u64;
                asked.insert(token, (newest, mode));
                cluster.read(id, token, mode);
            }
        }
        for (at, answer) in cluster.answers.drain(..) {
            if let Effect::ReadReady { token, index } = answer {
                let (newest, mode) = asked[&token.0];
                answers += 1;
                if index < newest {
                    return Err(format!("{at} answers {mode:?} {index} of {newest}"));
                }
            }
        }
    }
    Ok(answers)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn no_read_misses_what_was_committed_before_it_though_members_change(steps in steps()) {
        answered(Standard, steps).map_err(TestCaseError::fail)?;
    }
}

#[test]
fn the_schedules_answer_many_reads_and_catch_a_leader_that_asks_nobody() {
    #[derive(Clone)]
    struct AsksNobody;
    impl Rules for AsksNobody {
        fn read_needs_quorum(&self) -> bool {
            false
        }
    }
    let mut runner = TestRunner::deterministic();
    let mut schedules = || steps().new_tree(&mut runner).unwrap().current();
    let answers: usize = (0..200)
        .map(|_| answered(Standard, schedules()).unwrap())
        .sum();
    assert!(answers > 300, "only {answers}");
    assert!((0..2_000).any(|_| answered(AsksNobody, schedules()).is_err()));
}

#[test]
fn a_round_that_is_under_way_ends_when_nobody_is_left_who_could_answer() {
    let mut cluster = Cluster::with_rules(Standard, 2, fast());
    cluster.lead(1, &[2]);
    cluster.read(1, 7, ReadMode::ReadIndex);
    cluster.drop_all();
    assert_eq!(cluster.ready(7), None);
    cluster.change(1, &raft_core::Change::Remove(crate::common::n(2)));
    assert_eq!(cluster.members(1), "{1}");
    assert!(cluster.ready(7).is_some(), "{}", cluster.status());
    // It does not block later reads either.
    cluster.read(1, 8, ReadMode::ReadIndex);
    assert!(cluster.ready(8).is_some());
}
