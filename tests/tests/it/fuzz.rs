//! Drawn scenarios as a property: the published algorithm passes all of them. A failing scenario is
//! shrunk. Its seed is kept in `proptest-regressions/fuzz.txt` and runs first from then on.

use fuzz::{Fuzz, Profile, Ran, scenarios};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use raft_core::{Index, Rules};
use report::failure_report;
use sut::Variant;

const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/proptest-regressions/fuzz.txt");

fn everything() -> Profile {
    Profile::named("everything").expect("it is built in")
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(KEPT))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_is_drawn_the_published_algorithm_holds(scenario in scenarios(&everything())) {
        let ran = Ran::of(scenario, None);
        prop_assert!(
            !ran.failed(),
            "{} in\n{}",
            failure_report::line(&ran.outcome),
            ran.scenario.to_json()
        );
    }
}

/// Acknowledges entries before they are durable.
#[derive(Clone, Hash, Debug)]
struct AcknowledgesTooEarly;

impl Rules for AcknowledgesTooEarly {
    fn ack_index(&self, verified: Index, _: Index, _: Index) -> Index {
        verified
    }
}

#[test]
fn two_lines_find_a_failure_of_ones_own_rules() {
    let fuzz = Fuzz::of(everything()).seeds(0..200);
    let found = fuzz
        .with(Variant::of(AcknowledgesTooEarly, kv::Standard))
        .run();
    let failure = found.failure.expect("a broken promise is noticed");
    assert_eq!(failure.outcome.verdict.name(), "safety");
    assert_eq!(found.summary.failures, 1);
    assert_eq!(found.summary.runs, failure.scenario.seed + 1);
}
