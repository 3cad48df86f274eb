//! These tests check the tests: they detect a checker with a common mistake.
//!
//! Each mistake is made before the check: the checker gets the history as a checker with that
//! mistake would read it.

use crate::random::Random;
use linearize::{Action, Budget, Checker, History, Operation, Swap, Verdict};

/// The number of wrong verdicts among 5,000 histories, if the checker sees `mistaken` histories.
fn wrong(mistaken: impl Fn(Vec<Operation>) -> Vec<Operation>) -> usize {
    let mut checker = Checker::new();
    let wrong = |seed: &u64| {
        let mut random = Random::new(*seed);
        let style = random.style(8);
        let operations = random.history(&style);
        let right = crate::reference::linearizable(&operations);
        let history = History::new(mistaken(operations)).expect("it is a history");
        let checked = checker.check(&history, Budget::default());
        matches!(checked.verdict, Verdict::Linearizable(_)) != right
    };
    (0..5_000).filter(wrong).count()
}

fn found_out(mistaken: impl Fn(Vec<Operation>) -> Vec<Operation>) {
    let wrong = wrong(mistaken);
    println!("{wrong} of 5,000 are wrong");
    assert!(wrong >= 25, "only {wrong} of 5,000 are wrong");
}

#[test]
fn a_checker_without_a_mistake_gets_none_wrong() {
    assert_eq!(wrong(|operations| operations), 0);
}

#[test]
fn ignoring_unknown_outcomes_is_found_out() {
    let known = |operations: Vec<Operation>| -> Vec<_> {
        operations
            .into_iter()
            .filter(|it| it.ret.is_some())
            .collect()
    };
    found_out(known);
}

#[test]
fn letting_unknown_outcomes_return_when_they_time_out_is_found_out() {
    let timed_out = |mut operations: Vec<Operation>| {
        for operation in &mut operations {
            let writes = matches!(
                operation.action,
                Action::Put { .. } | Action::Append { .. } | Action::Delete { .. }
            );
            if operation.ret.is_none() && writes {
                operation.ret = Some(operation.call + 20_600);
            }
        }
        operations
    };
    found_out(timed_out);
}

#[test]
fn dropping_failed_compare_and_swaps_is_found_out() {
    let without = |operations: Vec<Operation>| {
        let failed = |it: &Operation| {
            let Action::Cas { told, .. } = &it.action else {
                return false;
            };
            matches!(told, Some(Swap::Failed { .. }))
        };
        operations.into_iter().filter(|it| !failed(it)).collect()
    };
    found_out(without);
}

#[test]
fn skipping_the_clock_is_found_out() {
    let timeless = |mut operations: Vec<Operation>| {
        for (place, operation) in operations.iter_mut().enumerate() {
            operation.call = place as i128;
            operation.ret = operation.ret.map(|_| 1_000 + place as i128);
        }
        operations
    };
    found_out(timeless);
}
