//! Reports of servers with a bug: what a user sees when a property does not hold.

use report::failure_report::{Again, line, report};
use runner::run_with_bug;
use runner::{Outcome, Unobserved, Verdict};
use scenario::{Overrides, Resolved, parse};
use sut::bugs::Bug;

fn churn(seed: u64) -> Resolved {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/churn.json");
    let text = std::fs::read_to_string(path).expect("the corpus is there");
    let overrides = Overrides {
        seed: Some(seed),
        ..Overrides::default()
    };
    parse("churn.json", &text, &overrides).expect("the corpus has no mistakes")
}

/// The report of the first seed that breaks.
fn broken(bug: Bug) -> (Outcome, String) {
    for seed in 1..=200 {
        let scenario = churn(seed);
        let outcome = run_with_bug(&scenario, Some(bug), &mut Unobserved);
        if let Verdict::Safety(_) = outcome.verdict {
            let again = Again(format!("churn --seed {seed}"));
            let text = report(&scenario, Some(bug), &outcome, &again).expect("it is broken");
            println!("{text}");
            assert!(text.starts_with(&bug.planted()), "{text}");
            return (outcome, text);
        }
    }
    panic!("no seed of 200 breaks");
}

fn fits_a_screen_and_says_what_to_type(text: &str, outcome: &Outcome) {
    assert!((10..=32).contains(&text.lines().count()), "{text}");
    let seed = outcome.seed;
    assert!(
        text.contains(&format!("raftsim run churn --seed {seed}")),
        "{text}"
    );
    assert!(
        text.contains(&format!("raftsim trace churn --seed {seed} --to ")),
        "{text}"
    );
    let Verdict::Safety(violation) = &outcome.verdict else {
        panic!("it was caught")
    };
    for part in [
        violation.broken.says(),
        &violation.facts[0],
        &violation.facts[1],
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(line(outcome).contains(violation.broken.name()));
}

#[test]
fn two_leaders_are_both_shown_becoming_leader() {
    let (outcome, text) = broken(Bug::E08);
    fits_a_screen_and_says_what_to_type(&text, &outcome);
    assert!(
        text.contains("VIOLATED") && text.contains("election-safety"),
        "{text}"
    );
    assert_eq!(text.matches(" with the votes of ").count(), 2, "{text}");
    assert!(text.contains("to a pre-vote as a vote"), "{text}");
}

#[test]
fn a_missing_entry_is_shown_with_the_commit_that_it_had() {
    let (outcome, text) = broken(Bug::E03);
    fits_a_screen_and_says_what_to_type(&text, &outcome);
    assert!(
        text.contains("leader-completeness") && text.contains(", commits #"),
        "{text}"
    );
}

#[test]
fn a_broken_promise_is_shown_with_the_promise() {
    let (outcome, text) = broken(Bug::E01);
    fits_a_screen_and_says_what_to_type(&text, &outcome);
    assert!(
        text.contains("promises-kept") && text.contains("'s vote of t"),
        "{text}"
    );
}

#[test]
fn a_request_that_took_effect_twice_is_shown_from_its_call_on() {
    let (outcome, text) = broken(Bug::A04);
    fits_a_screen_and_says_what_to_type(&text, &outcome);
    assert!(text.contains("sends its request"), "{text}");
    let causes = text
        .lines()
        .find_map(|line| line.strip_prefix("Its causes     raftsim trace "));
    let causes = causes.expect("the last event can be asked for");
    assert!(
        causes.starts_with("churn --seed ") && causes.contains(" --why "),
        "{text}"
    );
}

#[test]
fn nothing_is_reported_of_a_run_that_went_well() {
    let scenario = churn(1);
    let outcome = runner::run(&scenario);
    let again = Again(String::new());
    let text = report(&scenario, None, &outcome, &again);
    assert_eq!((text, line(&outcome).as_str()), (None, "ok"));
}
