//! The stories of failures, and the fact that a correct cluster has none.

use crate::corpus::scenario;
use checks::Violation;
use fuzz::{Generator, Profile};
use report::why::{Explanation, Recorder};
use runner::run_with_bug;
use runner::{Unobserved, Verdict};
use scenario::{Overrides, Resolved, parse};
use sut::Property;
use sut::bugs::Bug;

const LONG_DELAYS: &str = include_str!("../../scenarios/long-delays.json");
const YOUNG_LEADERS: &str = include_str!("../../scenarios/young-leaders.json");

fn resolve(text: &str, seed: u64) -> Resolved {
    let overrides = Overrides {
        seed: Some(seed),
        ..Overrides::default()
    };
    parse("inline.json", text, &overrides).expect("the scenario has no mistakes")
}

fn recorder(scenario: &Resolved) -> Recorder {
    let names = scenario.nodes.iter().map(|name| name.0.clone());
    Recorder::new(names.collect())
}

/// The first violation in these seeds, with its story.
fn first(
    bug: Bug,
    within: u64,
    world: impl Fn(u64) -> Resolved,
) -> Option<(u64, Box<Violation>, Explanation)> {
    (1..=within).find_map(|seed| {
        let scenario = world(seed);
        let outcome = run_with_bug(&scenario, Some(bug), &mut Unobserved);
        let Verdict::Safety(violation) = outcome.verdict else {
            return None;
        };
        let mut recorder = recorder(&scenario);
        let _ = run_with_bug(&scenario, Some(bug), &mut recorder);
        let story = recorder.explain(&violation);
        Some((seed, violation, story))
    })
}

fn churn(seed: u64) -> Resolved {
    scenario("churn.json", seed)
}

fn long_delays(seed: u64) -> Resolved {
    resolve(LONG_DELAYS, seed)
}

fn young_leaders(seed: u64) -> Resolved {
    resolve(YOUNG_LEADERS, seed)
}

fn snapshots(seed: u64) -> Resolved {
    scenario("snapshots.json", seed)
}

fn four_nodes(seed: u64) -> Resolved {
    let mut scenario = churn(seed);
    scenario.nodes.truncate(4);
    scenario
}

/// Churn without the servers' own invariants.
fn blind(seed: u64) -> Resolved {
    let mut scenario = churn(seed);
    let others = Property::SINGLE.into_iter();
    scenario.expect.always = others
        .filter(|property| *property != Property::CoreInvariants)
        .collect();
    scenario
}

type World = fn(u64) -> Resolved;

/// Where each bug shows, and within how many seeds.
const SHOWN: &[(Bug, u64, World)] = &[
    (Bug::E01, 20, churn),
    (Bug::E03, 100, churn),
    (Bug::E05, 100, long_delays),
    (Bug::E08, 150, churn),
    (Bug::P01, 10, churn),
    (Bug::P02, 100, long_delays),
    (Bug::P03, 150, churn),
    (Bug::P05a, 250, blind),
    (Bug::P05c, 20, churn),
    (Bug::P05c, 100, blind),
    (Bug::P07, 10, churn),
    (Bug::P07, 100, blind),
    (Bug::P08, 20, churn),
    (Bug::R01, 20, churn),
    (Bug::R02, 20, long_delays),
    (Bug::R04, 10, churn),
    (Bug::R05, 20, churn),
    (Bug::R07, 10, churn),
    (Bug::R09, 10, churn),
    (Bug::R09, 100, blind),
    (Bug::C01, 250, young_leaders),
    (Bug::C03, 50, four_nodes),
    (Bug::S01, 100, snapshots),
    (Bug::S01b, 100, snapshots),
    (Bug::S02, 30, snapshots),
];

#[test]
fn the_first_wrong_decision_is_the_one_that_was_planted() {
    for (bug, within, world) in SHOWN {
        let (seed, violation, story) = first(*bug, *within, *world).expect("the bug shows");
        let told = story.first_wrong().and_then(|line| line.rule);
        let broken = violation.broken;
        assert_eq!(
            told,
            bug.card().change.rule(),
            "{bug}, {broken}, seed {seed}:\n{story}"
        );
        let last = story.statements.last().map(|line| line.event);
        assert!(last <= Some(violation.event.0), "{bug}: {story}");
    }
}

#[test]
fn a_duty_that_is_not_done_is_told_without_a_rule_of_raft() {
    for bug in [Bug::A04, Bug::A05] {
        let (_, _, story) = first(bug, 10, churn).expect("the bug shows");
        let wrong = story.first_wrong().expect("it is told");
        assert_eq!(wrong.rule, None, "{story}");
    }
}

#[test]
fn what_cannot_be_told_is_not_claimed() {
    // Two states differ. Nothing outside the servers tells which of them is wrong.
    let (_, _, story) = first(Bug::A03, 5, churn).expect("the bug shows");
    assert_eq!(story.first_wrong(), None, "{story}");
    assert_eq!(story.statements.len(), 2, "{story}");
}

#[test]
fn a_story_fits_a_screen() {
    for (bug, within, world) in SHOWN {
        let (_, _, story) = first(*bug, *within, *world).expect("the bug shows");
        let text = plain(&story);
        assert!((1..=18).contains(&text.lines().count()), "{bug}:\n{text}");
        for line in text.lines() {
            assert!(line.chars().count() <= 112, "{bug}: {line}");
        }
    }
}

// ---- golden stories, one of each kind -------------------------------------------------------

/// If this variable has any value, the test writes the files anew.
const REGENERATE: &str = "RAFTSIM_REGENERATE";

/// Without colours.
fn plain(story: &Explanation) -> String {
    let mut text = String::new();
    let mut escape = false;
    for c in story.to_string().chars() {
        match (escape, c) {
            (false, '\u{1b}') => escape = true,
            (false, _) => text.push(c),
            (true, 'm') => escape = false,
            (true, _) => {}
        }
    }
    text
}

fn golden(name: &str, bug: Bug, within: u64, world: World) {
    let (seed, violation, story) = first(bug, within, world).expect("the bug shows");
    let [one, other] = &violation.facts;
    let head = format!(
        "{bug}, seed {seed}: {}\n1. {one}\n2. {other}\n",
        violation.broken
    );
    let found = format!("{head}\n{}", plain(&story));
    let path = format!("{}/stories/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    #[expect(
        clippy::disallowed_methods,
        reason = "whoever runs the test asks for it"
    )]
    let regenerate = std::env::var(REGENERATE).is_ok();
    if regenerate {
        std::fs::write(&path, &found).expect("stories can be written");
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        known == found,
        "{path} tells another story. If that is meant, run \
         `RAFTSIM_REGENERATE=1 cargo test -p tests --test it stories`. It is now:\n{found}"
    );
}

#[test]
fn the_story_of_two_leaders() {
    golden("election-safety", Bug::E05, 100, long_delays);
}

#[test]
fn the_story_of_a_forgotten_vote() {
    golden("promises-kept", Bug::P02, 100, long_delays);
}

#[test]
fn the_story_of_a_leader_without_a_committed_entry() {
    golden("leader-completeness", Bug::E03, 100, churn);
}

#[test]
fn the_story_of_figure_8() {
    golden("figure-8", Bug::C01, 250, young_leaders);
}

#[test]
fn the_story_of_a_copy_that_was_never_there() {
    golden("commit-quorum", Bug::P05c, 100, blind);
}

#[test]
fn the_story_of_an_entry_committed_in_the_place_of_another() {
    golden("state-machine-safety", Bug::R01, 20, churn);
}

#[test]
fn the_story_of_logs_that_differ_below_an_equal_entry() {
    golden("log-matching", Bug::R02, 20, long_delays);
}

#[test]
fn the_story_of_a_request_carried_out_twice() {
    golden("exactly-once", Bug::A04, 10, churn);
}

#[test]
fn a_correct_cluster_makes_no_wrong_decision() {
    for name in crate::corpus::corpus() {
        let seeds = if name == "churn.json" { 40 } else { 4 };
        for seed in 1..=seeds {
            let scenario = scenario(&name, seed);
            let mut recorder = recorder(&scenario);
            let _ = run_with_bug(&scenario, None, &mut recorder);
            assert_eq!(recorder.wrong_decisions(), [], "{name}, seed {seed}");
        }
    }
}

#[test]
fn nor_in_worlds_that_nobody_thought_of() {
    let profile = Profile::named("everything").expect("it is built in");
    let generator = Generator::new(profile);
    for seed in 0..200 {
        let scenario = generator.scenario(seed);
        let mut recorder = recorder(&scenario);
        let _ = run_with_bug(&scenario, None, &mut recorder);
        assert_eq!(recorder.wrong_decisions(), [], "seed {seed}");
    }
}
