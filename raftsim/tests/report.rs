//! Reports of servers that break a rule: what a user sees when a property does not hold.

use kv::{Duties, Serial, Standing};
use raft_core::{EntryId, Rules, Term};
use raftsim::format::{Overrides, Resolved, parse};
use raftsim::report::{Again, line, report};
use raftsim::run::{Outcome, Unobserved, Verdict, run_observed};

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
fn broken<R: Rules + Clone, D: Duties>(rules: R, duties: D) -> (Outcome, String) {
    for seed in 1..=200 {
        let scenario = churn(seed);
        let outcome = run_observed(&scenario, rules.clone(), duties.clone(), &mut Unobserved);
        if let Verdict::Safety(_) = outcome.verdict {
            let again = Again(format!("churn --seed {seed}"));
            let text = report(&scenario, rules, duties, &outcome, &again).expect("it is broken");
            println!("{text}");
            return (outcome, text);
        }
    }
    panic!("no seed of 200 breaks");
}

/// Takes a granted pre-vote for a vote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct CountsPreVotes;

impl Rules for CountsPreVotes {
    fn pre_vote_is_a_vote(&self) -> bool {
        true
    }
}

/// Votes for a candidate whose log is longer but older.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct ComparesIndexesOnly;

impl Rules for ComparesIndexesOnly {
    fn log_is_up_to_date(&self, theirs: EntryId, own: EntryId) -> bool {
        theirs.index >= own.index
    }
}

/// Forgets its vote when it steps down within a term.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct ForgetsItsVote;

impl Rules for ForgetsItsVote {
    fn vote_after_step_down(
        &self,
        _: Option<raft_core::NodeId>,
        _: Term,
        _: Term,
    ) -> Option<raft_core::NodeId> {
        None
    }
}

/// Executes a retry again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct ForgetsSessions;

impl Duties for ForgetsSessions {
    fn standing(&self, _: Serial, _: Serial) -> Standing {
        Standing::New
    }
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
    let (outcome, text) = broken(CountsPreVotes, kv::Standard);
    fits_a_screen_and_says_what_to_type(&text, &outcome);
    assert!(
        text.contains("VIOLATED") && text.contains("election-safety"),
        "{text}"
    );
    assert_eq!(text.matches("LEADER of").count(), 2, "{text}");
}

#[test]
fn a_missing_entry_is_shown_with_the_commit_that_it_had() {
    let (outcome, text) = broken(ComparesIndexesOnly, kv::Standard);
    fits_a_screen_and_says_what_to_type(&text, &outcome);
    assert!(
        text.contains("leader-completeness") && text.contains("⇒ commit #"),
        "{text}"
    );
}

#[test]
fn a_broken_promise_is_shown_with_the_promise() {
    let (outcome, text) = broken(ForgetsItsVote, kv::Standard);
    fits_a_screen_and_says_what_to_type(&text, &outcome);
    assert!(
        text.contains("promises-kept") && text.contains("→ vote? t"),
        "{text}"
    );
}

#[test]
fn a_request_that_took_effect_twice_is_shown_from_its_call_on() {
    let (outcome, text) = broken(raft_core::Standard, ForgetsSessions);
    fits_a_screen_and_says_what_to_type(&text, &outcome);
    assert!(
        text.contains("again →") || text.contains("request c"),
        "{text}"
    );
}

#[test]
fn nothing_is_reported_of_a_run_that_went_well() {
    let scenario = churn(1);
    let outcome = raftsim::run::run(&scenario);
    let again = Again(String::new());
    let text = report(
        &scenario,
        raft_core::Standard,
        kv::Standard,
        &outcome,
        &again,
    );
    assert_eq!((text, line(&outcome).as_str()), (None, "ok"));
}
