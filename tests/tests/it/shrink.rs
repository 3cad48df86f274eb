//! Failing runs shrink to a few steps that fail in the same way, that correct servers pass, and
//! that are always the same.

use std::ops::ControlFlow;

use crate::corpus::{run_with, scenario};
use fuzz::{Generator, Profile};
use raft_core::{Index, Rules};
use runner::plant;
use runner::run_with_bug;
use runner::stepped::{self, Insist};
use runner::{Missed, Outcome, Unobserved};
use scenario::{Nanos, Overrides, Resolved, parse};
use shrink::{Budget, Failure, Shrunk, shrink, shrink_variant, shrink_watched};
use sut::Variant;
use sut::bugs::Bug;

const CHURN: &str = include_str!("../../../scenarios/churn.json");
const LONG_DELAYS: &str = include_str!("../../scenarios/long-delays.json");
const YOUNG_LEADERS: &str = include_str!("../../scenarios/young-leaders.json");
const SILENT_CLIENTS: &str = include_str!("../../scenarios/silent-clients.json");

/// Bugs that break a property, each with a scenario that shows it from this seed on.
const BROKEN: [(Bug, &str, u64); 21] = [
    (Bug::E01, CHURN, 1),
    (Bug::E03, CHURN, 34),
    (Bug::E05, LONG_DELAYS, 1),
    (Bug::E08, CHURN, 44),
    (Bug::P01, CHURN, 1),
    (Bug::P02, LONG_DELAYS, 1),
    (Bug::P03, CHURN, 39),
    (Bug::P05a, CHURN, 27),
    (Bug::P05c, CHURN, 1),
    (Bug::P07, CHURN, 1),
    (Bug::P08, CHURN, 9),
    (Bug::R01, CHURN, 1),
    (Bug::R02, LONG_DELAYS, 1),
    (Bug::R04, CHURN, 1),
    (Bug::R05, CHURN, 5),
    (Bug::R07, CHURN, 1),
    (Bug::R09, CHURN, 1),
    (Bug::C01, YOUNG_LEADERS, 1),
    (Bug::A03, CHURN, 1),
    (Bug::A04, CHURN, 1),
    (Bug::A05, CHURN, 1),
];

fn resolved(text: &str, seed: u64) -> Resolved {
    let overrides = Overrides {
        seed: Some(seed),
        ..Overrides::default()
    };
    parse("run.json", text, &overrides).expect("the scenario has no mistakes")
}

fn run(scenario: &Resolved, bug: Option<Bug>) -> Outcome {
    run_with_bug(scenario, bug, &mut Unobserved)
}

/// The first run whose failure satisfies `so`.
fn failing(bug: Bug, text: &str, first: u64, so: fn(Failure) -> bool) -> Resolved {
    let mut runs = (first..first + 300).map(|seed| resolved(text, seed));
    let fails = |scenario: &Resolved| Failure::of(&run(scenario, Some(bug))).is_some_and(so);
    let found = runs.find(fails);
    found.unwrap_or_else(|| panic!("{bug} does not show"))
}

/// The first scenario drawn from the profile `everything` that breaks a property with this bug, and
/// whose number of events satisfies `events`.
fn drawn(bug: Bug, events: impl Fn(u64) -> bool) -> Resolved {
    let everything = Profile::named("everything").expect("it is built in");
    let generator = Generator::new(everything);
    let mut drawn = (0..5_000).map(|seed| generator.scenario(seed));
    let found = drawn.find(|scenario| {
        let outcome = run(scenario, Some(bug));
        Failure::of(&outcome).is_some_and(breaks) && events(outcome.events)
    });
    found.unwrap_or_else(|| panic!("{bug} does not show"))
}

fn breaks(failure: Failure) -> bool {
    matches!(failure, Failure::Broken(_))
}

/// The shrunk run with this bug, read back from its file.
fn small(bug: Bug, scenario: &Resolved) -> (Shrunk, Resolved) {
    let shrunk = shrink(scenario, Some(bug), Budget::default()).expect("it fails");
    let file = parse(
        "small.json",
        &shrunk.scenario.to_json(),
        &Overrides::default(),
    );
    let file = file.expect("what is written is a scenario");
    (shrunk, file)
}

/// Asserts that every step of a script can be done.
fn assert_all_done(bug: Bug, file: &Resolved) {
    let mut prepared = file.clone();
    plant::prepare(bug, &mut prepared);
    let script = prepared.script().expect("it is made of steps");
    let variant = bug.variant();
    let played = stepped::play(&prepared, script, &variant, Insist::No, &mut Unobserved);
    let all = vec![true; script.steps.len()];
    assert_eq!(played.done, all, "{bug}: {}", file.to_json());
}

#[test]
fn every_bug_that_breaks_a_property_comes_down_to_a_few_steps() {
    let mut sizes = Vec::new();
    for (bug, text, first) in BROKEN {
        let scenario = failing(bug, text, first, breaks);
        let (shrunk, file) = small(bug, &scenario);
        let case = format!(
            "{bug}, seed {}:\n{}",
            scenario.seed,
            shrunk.scenario.to_json()
        );
        let before = Failure::of(&run(&scenario, Some(bug)));
        let [once, twice] = [run(&file, Some(bug)), run(&file, Some(bug))];
        assert_eq!(Failure::of(&once), before, "{case}");
        assert_eq!(once.trace_hash, twice.trace_hash, "{case}");
        assert_eq!(run(&file, None).verdict.name(), "ok", "{case}");
        assert_eq!(shrunk.passes, Some(true), "{case}");
        assert_all_done(bug, &file);
        sizes.push(shrunk.steps);
    }
    sizes.sort_unstable();
    let [median, worst] = [sizes[sizes.len() / 2], sizes[sizes.len() - 1]];
    assert!(
        median <= 10 && worst <= 24,
        "median {median}, worst {worst}: {sizes:?}"
    );
}

#[test]
fn a_bug_that_consists_of_settings_comes_down_to_a_scenario_that_sound_settings_pass() {
    let scenario = resolved(include_str!("../../scenarios/deaf-server.json"), 1);
    let (shrunk, file) = small(Bug::L07, &scenario);
    assert!(matches!(shrunk.failure, Failure::Limit(Missed::Limit(_))));
    assert_eq!(
        Failure::of(&run(&file, Some(Bug::L07))),
        Some(shrunk.failure)
    );
    assert_eq!(run(&file, None).verdict.name(), "ok", "{}", file.to_json());
    assert_eq!((file.phases().len(), shrunk.steps), (1, 1));
}

#[test]
fn a_run_of_many_terms_comes_down_to_those_that_matter() {
    for bug in [Bug::E03, Bug::R04, Bug::P07] {
        let scenario = drawn(bug, |events| events > 4_500);
        let (shrunk, file) = small(bug, &scenario);
        assert!(shrunk.actions > 3_500);
        assert!(shrunk.steps <= 20, "{bug}: {} steps", shrunk.steps);
        let [with, without] = [Some(bug), None].map(|bug| Failure::of(&run(&file, bug)));
        assert_eq!((with, without), (Some(shrunk.failure), None));
    }
}

#[test]
fn a_step_that_is_left_half_done_is_no_step() {
    for least in [1_000, 2_000, 3_000] {
        let scenario = drawn(Bug::E01, |events| events > least);
        let (_, file) = small(Bug::E01, &scenario);
        assert_all_done(Bug::E01, &file);
    }
}

#[test]
fn the_budget_is_never_passed() {
    let broken = resolved(CHURN, 34);
    let late = failing(Bug::R10, CHURN, 1, |failure| !breaks(failure));
    for (scenario, bug) in [(broken, Bug::E03), (late, Bug::R10)] {
        for replays in [0, 1, 10, 100] {
            let mut seen = 0;
            let mut watch = |_| {
                seen += 1;
                ControlFlow::Continue(())
            };
            let budget = Budget { replays };
            let shrunk = shrink_watched(&scenario, Some(bug), budget, &mut watch);
            let shrunk = shrunk.expect("it fails");
            assert_eq!(shrunk.replays, seen, "{bug}, {replays}");
            assert!(shrunk.replays <= replays, "{bug}, {replays}");
        }
    }
}

#[test]
fn a_scenario_that_correct_servers_fail_in_is_told() {
    let mut scenario = resolved(CHURN, 1);
    scenario.name = "1-hurry".to_owned();
    for wanted in &mut scenario.expect.eventually {
        wanted.within = Nanos::millis(1);
    }
    let budget = Budget { replays: 100 };
    let shrunk = shrink(&scenario, Some(Bug::R10), budget).expect("nobody is that fast");
    assert_eq!(shrunk.passes, Some(false));
    let note = shrunk.scenario.note.as_deref().unwrap_or_default();
    assert!(note.ends_with("Correct servers fail in it, too."), "{note}");
    assert!(!shrunk.test("x.json").contains("_passes"));

    let shrunk = shrink(&scenario, None, budget).expect("nobody is that fast");
    assert_eq!(shrunk.passes, None, "nobody can tell");
    let heals = |scenario: &Resolved| scenario.phases().iter().any(|phase| phase.heal);
    assert!(heals(&scenario) && heals(&shrunk.scenario));
    assert_eq!(shrunk.scenario.raft, scenario.raft);
    assert!(shrunk.test("x.json").contains("fn run_1_hurry_1_passes()"));
}

#[test]
fn two_halves_of_a_cluster_stay_two_halves() {
    let four = |seed| {
        let mut scenario = resolved(CHURN, seed);
        scenario.nodes.truncate(4);
        scenario
    };
    let fails =
        |scenario: &Resolved| Failure::of(&run(scenario, Some(Bug::C03))).is_some_and(breaks);
    let scenario = (1..50).map(four).find(fails).expect("C-03 shows");
    let (shrunk, file) = small(Bug::C03, &scenario);
    assert_eq!(file.nodes.len(), 4, "half of three is a majority");
    assert!(shrunk.steps <= 12, "{}", shrunk.scenario.to_json());
}

#[test]
fn the_same_run_comes_down_to_the_same_steps() {
    for (bug, text, first) in BROKEN.into_iter().step_by(5) {
        let scenario = failing(bug, text, first, breaks);
        let files = [(); 2].map(|()| small(bug, &scenario).0.scenario.to_json());
        assert_eq!(files[0], files[1]);
    }
}

#[test]
fn all_moves_of_a_run_fail_as_the_run_does() {
    let nothing = Budget { replays: 0 };
    for (bug, first) in [(Bug::P01, 1), (Bug::R04, 1), (Bug::R07, 1), (Bug::A03, 1)] {
        for seed in first..first + 5 {
            let scenario = resolved(CHURN, seed);
            let Ok(shrunk) = shrink(&scenario, Some(bug), nothing) else {
                continue;
            };
            if !breaks(shrunk.failure.clone()) {
                continue;
            }
            let outcome = run(&shrunk.scenario, Some(bug));
            assert_eq!(
                Failure::of(&outcome),
                Some(shrunk.failure),
                "{bug}, seed {seed}"
            );
            assert!(shrunk.moves >= shrunk.actions, "{bug}, seed {seed}");
        }
    }
}

/// Panics in a decision, as a corrupted data structure would.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct BreaksDown;

impl Rules for BreaksDown {
    fn own_copy(&self, durable: Index, last: Index) -> Index {
        assert!(last.0 < 4, "the log has only four places");
        durable
    }
}

fn breaks_down() -> Variant {
    Variant::of(BreaksDown, kv::Standard)
}

#[test]
fn an_assertion_that_fails_comes_down_to_few_steps_too() {
    let fails = |seed| {
        let scenario = scenario("churn.json", seed);
        let outcome = run_with(&scenario, BreaksDown, kv::Standard);
        Failure::of(&outcome).is_some().then_some(scenario)
    };
    let scenario = (1..20).find_map(fails).expect("it breaks down");
    let shrunk = shrink_variant(&scenario, breaks_down(), Budget::default());
    let shrunk = shrunk.expect("it fails");
    assert_eq!(shrunk.failure.name(), "core-assertion");
    assert!(shrunk.steps <= 12, "{}", shrunk.scenario.to_json());
    assert_eq!(shrunk.passes, Some(true));
    let nothing = Budget { replays: 0 };
    let whole = shrink_variant(&scenario, breaks_down(), nothing);
    let whole = whole.expect("the action that broke down is recorded, too");
    assert_eq!(whole.failure.name(), "core-assertion");
}

#[test]
fn what_does_not_come_true_in_time_comes_down_to_a_small_timed_scenario() {
    let late = |failure| matches!(failure, Failure::NotLive(_));
    let bugs = [
        (Bug::R10, CHURN),
        (Bug::L10, CHURN),
        (Bug::C09, SILENT_CLIENTS),
        (Bug::E03b, YOUNG_LEADERS),
    ];
    for (bug, text) in bugs {
        let scenario = failing(bug, text, 1, late);
        let budget = Budget { replays: 300 };
        let shrunk = shrink(&scenario, Some(bug), budget).expect("it fails");
        let text = shrunk.scenario.to_json();
        let file = parse("small.json", &text, &Overrides::default()).expect("a scenario");
        let before = Failure::of(&run(&scenario, Some(bug)));
        assert_eq!(Failure::of(&run(&file, Some(bug))), before, "{text}");
        for seed in (1..=20).chain([file.seed]) {
            let correct = Resolved {
                seed,
                ..file.clone()
            };
            assert_eq!(Failure::of(&run(&correct, None)), None, "{seed}: {text}");
        }
        assert!(shrunk.steps <= 5, "{bug}: {text}");
    }
}

#[test]
fn a_run_that_does_not_fail_is_not_made_smaller() {
    let outcome = shrink(&scenario("churn.json", 1), None, Budget::default()).unwrap_err();
    assert_eq!(Failure::of(&outcome.0), None);
}
