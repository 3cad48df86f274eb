//! Failing runs come down to a few moves, and always to the same ones.

use raftsim::bugs::{self, Bug};
use raftsim::format::Resolved;
use raftsim::run::{Unobserved, Verdict};
use raftsim::shrink::{Budget, shrink};
use tests::scenario;

/// The first run of churn that breaks a property with this bug.
fn failing(bug: Bug, first: u64) -> Resolved {
    let runs = (first..first + 200).map(|seed| scenario("churn.json", seed));
    let mut failing = runs.filter(|scenario| {
        let outcome = bugs::run(scenario, Some(bug), &mut Unobserved);
        matches!(outcome.verdict, Verdict::Safety(_))
    });
    failing.next().expect("churn finds this bug")
}

#[test]
fn a_few_moves_are_left_of_thousands_of_actions() {
    let bugs = [
        (Bug::E01, 1),
        (Bug::E03, 34),
        (Bug::P05a, 27),
        (Bug::R01, 1),
        (Bug::R05, 5),
        (Bug::A04, 1),
    ];
    for (bug, first) in bugs {
        let scenario = failing(bug, first);
        let shrunk = shrink(&scenario, Some(bug), Budget::default()).expect("it fails");
        let moves = shrunk.moves;
        assert!(moves <= 20, "{bug}, seed {}: {moves} moves", scenario.seed);
    }
}

#[test]
fn a_run_that_breaks_nothing_is_not_made_smaller() {
    let outcome = shrink(&scenario("churn.json", 1), None, Budget::default()).unwrap_err();
    assert_ne!(outcome.0.verdict.name(), "safety");
}
