//! What a fuzzer draws is a scenario like any other: sound, printable, and the same everywhere.

use std::collections::BTreeSet;

use fuzz::{Generator, Profile, schema};
use proptest::prelude::*;
use runner::run;
use scenario::{Action, Overrides, Resolved, parse};

fn generator(profile: &str) -> Generator {
    Generator::new(Profile::named(profile).expect("a built-in profile"))
}

fn read_again(scenario: &Resolved) -> Resolved {
    let text = scenario.to_json();
    parse("printed.json", &text, &Overrides::default())
        .unwrap_or_else(|found| panic!("{found:?} in\n{text}"))
}

#[test]
fn every_scenario_of_every_profile_is_sound_and_reads_again_as_itself() {
    for name in Profile::names() {
        let generator = generator(name);
        for seed in 0..300 {
            let scenario = generator.scenario(seed);
            assert_eq!(read_again(&scenario), scenario, "{name}, seed {seed}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_printed_scenario_runs_to_the_same_trace_hash(seed: u64) {
        let scenario = generator("everything").scenario(seed);
        prop_assert_eq!(run(&read_again(&scenario)).trace_hash, run(&scenario).trace_hash);
    }
}

#[test]
fn a_seed_is_the_same_scenario_every_time_and_another_seed_another() {
    let (one, other) = (generator("quick"), generator("quick"));
    let texts: BTreeSet<_> = (0..50).map(|seed| one.scenario(seed).to_json()).collect();
    assert_eq!(texts.len(), 50);
    for seed in 0..50 {
        assert_eq!(one.scenario(seed), other.scenario(seed));
    }
}

#[test]
fn the_scenario_of_a_seed_is_pinned() {
    let text = generator("everything").scenario(1).to_json();
    // What is expected of a run may grow without another run.
    let (text, _) = text
        .split_once("\"expect\"")
        .expect("something is expected");
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    assert_eq!(
        hash, 1_380_918_376_209_754_567,
        "seeds of profiles mean other scenarios than before: say so in the commit\n{text}"
    );
}

/// `RAFTSIM_WRITE_SCHEMA=1 cargo test -p raftsim --test it fuzz_strategy` writes the schema anew.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a switch for whoever changes the format"
)]
fn the_published_schema_of_profiles_is_the_generated_one() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/profiles/schema/profile-1.json"
    );
    if std::env::var("RAFTSIM_WRITE_SCHEMA").is_ok() {
        std::fs::write(path, schema()).expect("the schema can be written");
    }
    let published = std::fs::read_to_string(path).expect("it is published");
    assert!(
        published == schema(),
        "run this test with RAFTSIM_WRITE_SCHEMA=1 and commit {path}"
    );
}

#[test]
fn sizes_and_features_differ_from_seed_to_seed() {
    let generator = generator("everything");
    let drawn: Vec<_> = (0..300).map(|seed| generator.scenario(seed)).collect();
    let sizes: BTreeSet<_> = drawn
        .iter()
        .map(|scenario| scenario.founders.len())
        .collect();
    assert_eq!(sizes.into_iter().collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7]);
    let features: BTreeSet<_> = drawn
        .iter()
        .map(|scenario| {
            let raft = &scenario.raft;
            [
                raft.pre_vote,
                raft.stickiness,
                raft.check_quorum,
                raft.eager_commit,
            ]
        })
        .collect();
    assert_eq!(features.len(), 16, "every combination of switches");
}

/// Each option of the profile, on or off.
fn options(scenario: &Resolved) -> Vec<(&'static str, bool)> {
    let raft = &scenario.raft;
    let actions = |wanted: fn(&Action) -> bool| {
        let mut faults = scenario.phases().iter().flat_map(|phase| &phase.faults);
        faults.any(|fault| wanted(&fault.action))
    };
    vec![
        ("pre_vote", raft.pre_vote),
        ("check_quorum", raft.check_quorum),
        ("stickiness", raft.stickiness),
        ("quiescence", raft.quiescence),
        ("eager_commit", raft.eager_commit),
        ("forward_proposals", raft.forward_proposals),
        ("lease reads", scenario.clients.reads.lease > 0),
        ("read-index", scenario.clients.reads.read_index > 0),
        ("follower reads", scenario.clients.reads.follower > 0),
        ("more than three servers", scenario.nodes.len() > 3),
        (
            "learners",
            actions(|action| matches!(action, Action::AddServer(_) | Action::Demote(_))),
        ),
        (
            "witnesses",
            !scenario.witnesses.is_empty()
                || actions(|action| matches!(action, Action::AddWitness(_))),
        ),
        (
            "transfers",
            actions(|action| matches!(action, Action::Transfer(_))),
        ),
        ("compaction", scenario.machine.snapshot.is_some()),
        ("sessions", scenario.machine.session_timeout.is_some()),
    ]
}

#[test]
fn each_pair_of_options_is_drawn_in_all_four_ways_but_for_those_that_exclude_each_other() {
    let generator = generator("matrix");
    let mut seen = BTreeSet::new();
    for seed in 0..1_000 {
        let options = options(&generator.scenario(seed));
        for (place, one) in options.iter().enumerate() {
            seen.extend(options[place + 1..].iter().map(|other| (*one, *other)));
        }
    }
    let names: Vec<_> = options(&generator.scenario(0))
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let mut missing = Vec::new();
    for (place, one) in names.iter().enumerate() {
        for other in &names[place + 1..] {
            for way in 0..4 {
                let pair = ((*one, way & 1 == 1), (*other, way & 2 == 2));
                if !seen.contains(&pair) {
                    missing.push(pair);
                }
            }
        }
    }
    let never = [
        (("pre_vote", false), ("quiescence", true)),
        (("stickiness", false), ("lease reads", true)),
    ];
    assert_eq!(missing, never);
}
