//! The replay of a recorded run has the same states at every action and the same end.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use checks::Violation;
use fuzz::{Generator, Profile};
use proptest::prelude::*;
use runner::run_with_bug;
use runner::stepped::{Insist, play};
use runner::{Outcome, Recording, Spectator};
use scenario::{Metric, Overrides, Resolved, parse, render};
use simulator::{Cluster, Observer, Step, Time};
use sut::bugs::Bug;
use sut::{Server, Variant};

/// The state after every action: its time, the trace hash, and the state of its node.
#[derive(Default)]
struct States(Vec<(Time, u64, u64)>);

impl Observer<Server> for States {
    type Violation = Box<Violation>;

    fn after(
        &mut self,
        cluster: &Cluster<Server>,
        step: &Step<'_, Server>,
    ) -> Result<(), Box<Violation>> {
        let mut state = DefaultHasher::new();
        if let Some(server) = step.node.and_then(|node| cluster.node(node)) {
            server.node().fold(&mut state);
        }
        if let Some(node) = step.node {
            cluster.disk(node).0.hash(&mut state);
        }
        self.0
            .push((step.time, cluster.trace_hash(), state.finish()));
        Ok(())
    }
}

impl Spectator for States {}

fn scenario(name: &str, seed: u64) -> Resolved {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let text = std::fs::read_to_string(path.join(name)).expect(name);
    resolved(name, &text, Some(seed))
}

fn resolved(name: &str, text: &str, seed: Option<u64>) -> Resolved {
    let overrides = Overrides {
        seed,
        ..Overrides::default()
    };
    parse(name, text, &overrides).unwrap_or_else(|found| panic!("{}", render(&found, text, false)))
}

fn recorded(scenario: &Resolved, bug: Option<Bug>) -> (States, Outcome, Resolved) {
    let mut states = States::default();
    let mut recording = Recording::new(&mut states);
    let outcome = run_with_bug(scenario, bug, &mut recording);
    let again = recording.into_scenario(scenario, bug, &outcome);
    (states, outcome, again)
}

/// Records a run, writes the recording, reads it, and plays it.
fn plays_again(scenario: &Resolved, bug: Option<Bug>) -> Outcome {
    let (states, outcome, recording) = recorded(scenario, bug);
    let again = resolved("recorded.json", &recording.to_json(), None);
    assert!(again == recording, "a recording is read as it is written");
    let (played, replay, third) = recorded(&again, bug);
    let about = format!("{} seed {} {bug:?}", scenario.name, scenario.seed);
    if let Some(place) =
        (0..states.0.len()).find(|place| states.0.get(*place) != played.0.get(*place))
    {
        panic!(
            "{about}: action {} differs: {:?}, played {:?}",
            place + 1,
            states.0.get(place),
            played.0.get(place)
        );
    }
    assert_eq!(states.0.len(), played.0.len(), "{about}");
    assert_eq!(outcome.verdict, replay.verdict, "{about}");
    assert_eq!(outcome.trace_hash, replay.trace_hash, "{about}");
    assert_eq!(outcome.sim_ns, replay.sim_ns, "{about}");
    assert_eq!(outcome.metrics, replay.metrics, "{about}");
    assert_eq!(outcome.faults, replay.faults, "{about}");
    assert_eq!(outcome.committed, replay.committed, "{about}");
    assert!(
        third == again,
        "a recording of a recording is the same: {about}"
    );
    outcome
}

/// Records a run and plays the recording without a file in between.
fn replays(scenario: &Resolved, bug: Option<Bug>) {
    let (states, outcome, recording) = recorded(scenario, bug);
    let (played, replay, _) = recorded(&recording, bug);
    let about = format!("{} {bug:?}", scenario.name);
    assert!(states.0 == played.0, "{about}: other states");
    assert_eq!(outcome.verdict, replay.verdict, "{about}");
    assert_eq!(outcome.trace_hash, replay.trace_hash, "{about}");
}

/// Replays these seeds of every profile, every third one with a bug.
fn every_profile(seeds: std::ops::Range<u64>) {
    for name in ["quick", "storage", "liveness", "everything"] {
        let generator = Generator::new(Profile::named(name).expect("it is built in"));
        for seed in seeds.clone() {
            let place = usize::try_from(seed / 3).expect("seeds are small");
            let bug = (seed % 3 == 0).then(|| Bug::ALL[place % Bug::ALL.len()]);
            replays(&generator.scenario(seed), bug);
        }
    }
}

#[test]
fn whatever_a_profile_draws_is_played_again() {
    every_profile(0..40);
}

/// `cargo test --release -p tests --test recorded -- --ignored`
#[test]
#[ignore = "ten thousand seeds take minutes"]
fn ten_thousand_seeds_are_played_again() {
    every_profile(0..2_500);
}

#[test]
fn a_recorded_run_reaches_the_same_states_and_the_same_end() {
    let files = [
        "churn.json",
        "clock-drift.json",
        "first-tour.json",
        "long-reordering.json",
        "lossy-network.json",
        "one-way-cut.json",
        "rolling-crashes.json",
        "slow-disk.json",
        "split-brain.json",
    ];
    for name in files {
        for seed in 1..=2 {
            plays_again(&scenario(name, seed), None);
        }
    }
}

#[test]
fn a_recorded_failure_fails_again_at_the_same_property() {
    let mut verdicts = std::collections::BTreeSet::new();
    for (seed, bug) in (1..).zip(Bug::ALL) {
        let outcome = plays_again(&scenario("churn.json", seed), Some(*bug));
        verdicts.insert(outcome.verdict.name());
    }
    assert!(
        verdicts.contains("safety") && verdicts.contains("liveness"),
        "{verdicts:?}"
    );
}

#[test]
fn a_run_that_was_stopped_at_a_limit_is_stopped_there_again() {
    for most in (1..160).step_by(3) {
        let text = format!(
            r#"{{ "format": 1, "nodes": {{ "count": 3 }}, "clients": {{ "count": 2 }},
                "phases": [ {{ "name": "up", "for": "5s",
                    "steps": [ {{ "at": "600ms", "crash": "all" }} ] }} ],
                "expect": {{ "limits": {{ "events": "<= {most}" }},
                    "eventually": [ {{ "in": "up", "within": "5s", "all_served": true }} ] }} }}"#
        );
        let outcome = plays_again(&resolved("limit.json", &text, None), None);
        let passed = outcome.events > most;
        assert_eq!(outcome.verdict.name() == "expectation", passed, "{most}");
    }
}

/// A stepped scenario of three nodes with these settings and steps.
fn of_steps(settings: &str, steps: &str) -> Resolved {
    let text = format!(
        r#"{{ "format": 1, "mode": "stepped", "nodes": {{ "count": 3 }}, {settings}
            "raft": {{ "pre_vote": false, "stickiness": false }},
            "steps": [ {{ "elect": {{ "node": "S1", "votes": ["S2"] }} }}, {steps} ] }}"#
    );
    resolved("steps.json", &text, None)
}

#[test]
fn what_a_step_expected_in_vain_is_recorded_and_fails_again() {
    let unmet = r#"{ "expect": { "leader": "S1" } }, { "advance": "1s" },
        { "expect": { "leader": "S2" } }, { "crash": "S1" }, { "expect": { "down": "S1" } }"#;
    let skip = r#""impossible": "skip","#;
    for (settings, bug, events) in [("", None, 0), (skip, None, 1), ("", Some(Bug::C01), 1)] {
        let scenario = of_steps(settings, unmet);
        let (states, outcome, recording) = recorded(&scenario, bug);
        let again = resolved("recorded.json", &recording.to_json(), None);
        assert!(again == recording, "{settings} {bug:?}");
        let (played, replay, third) = recorded(&again, bug);
        assert!(states.0 == played.0 && third == again, "{settings} {bug:?}");
        assert_eq!(outcome.verdict.name(), "expectation");
        assert_eq!(replay.verdict.name(), "expectation", "{settings} {bug:?}");
        assert_eq!(replay.trace_hash, outcome.trace_hash);
        assert_eq!(replay.metric(Metric::Crashes), events);
    }
}

#[test]
fn a_stepped_run_that_passed_a_limit_passes_it_again() {
    for limit in [r#""events": "< 12""#, r#""sim_time": "1s""#] {
        let settings = format!(r#""expect": {{ "limits": {{ {limit} }} }},"#);
        let outcome = plays_again(&of_steps(&settings, r#"{ "settle": "3s" }"#), None);
        assert_eq!(outcome.verdict.name(), "expectation", "{limit}");
    }
}

/// A scenario of three nodes with these phases and their expectations.
fn of_phases(seed: u64, phases: &[String], wanted: &[String]) -> Resolved {
    let text = format!(
        r#"{{ "format": 1, "seed": {seed}, "nodes": {{ "count": 3 }}, "clients": {{ "count": 1 }},
            "phases": [ {} ], "expect": {{ "eventually": [ {} ] }} }}"#,
        phases.join(", "),
        wanted.join(", ")
    );
    resolved("phases.json", &text, None)
}

#[test]
fn a_phase_that_ended_early_ends_there_again_before_the_next_one_acts() {
    let wanted = [r#"{ "in": "up", "within": "10s", "one_leader": true }"#.to_owned()];
    let up = r#"{ "name": "up", "for": "10s", "until": "met" }"#.to_owned();
    for act in [
        r#""crash": "leader""#,
        r#""crash": "all""#,
        r#""pause": "leader""#,
    ] {
        let down =
            format!(r#"{{ "name": "down", "for": "1s", "steps": [ {{ "at": "0s", {act} }} ] }}"#);
        let outcome = plays_again(&of_phases(1, &[up.clone(), down], &wanted), None);
        assert_eq!(outcome.verdict.name(), "ok");
    }
}

/// Phases that begin with acts. Most of them end when their expectations have come true.
fn any_phases() -> impl Strategy<Value = (Vec<String>, Vec<String>)> {
    let wants = prop_oneof![
        Just("one_leader"),
        Just("all_committed"),
        Just("all_served"),
        Just("all_applied_equal"),
    ];
    let who = prop_oneof![Just("leader"), Just("followers"), Just("S1"), Just("all")];
    let verb = prop_oneof![
        Just("crash"),
        Just("pause"),
        Just("isolate"),
        Just("recover"),
    ];
    let at = prop_oneof![3 => Just("0s"), 1 => Just("10ms"), 1 => Just("700ms")];
    let act = (at, verb, who)
        .prop_map(|(at, verb, who)| format!(r#"{{ "at": "{at}", "{verb}": "{who}" }}"#));
    let end = prop_oneof![4 => Just("met"), 1 => Just("stays"), 1 => Just("")];
    let acts = prop::collection::vec(act, 0..3);
    let phase = (wants, end, any::<bool>(), acts);
    prop::collection::vec(phase, 1..5).prop_map(|phases| {
        let numbered = (0..).zip(phases);
        let both = numbered.map(|(n, (wants, end, heal, mut acts))| {
            // Steps must be in the order of their times.
            acts.sort_by_key(|act| (act.contains("700ms"), act.contains("10ms")));
            let until = if end == "met" {
                r#""until": "met","#
            } else {
                ""
            };
            let heal = if heal { r#""heal": "all","# } else { "" };
            let stays = if end == "stays" {
                r#""one_leader": true, "stays": true,"#
            } else {
                ""
            };
            let wants = if stays.is_empty() {
                format!(r#""{wants}": true,"#)
            } else {
                String::new()
            };
            let phase = format!(
                r#"{{ "name": "p{n}", "for": "3s", {until} {heal} "steps": [ {} ] }}"#,
                acts.join(", ")
            );
            let wanted = format!(r#"{{ {stays} {wants} "in": "p{n}", "within": "3s" }}"#);
            (phase, wanted)
        });
        both.unzip()
    })
}

/// Arbitrary steps, most of which are impossible at their place.
fn any_steps() -> impl Strategy<Value = Vec<String>> {
    let node = || (1u32..=3).prop_map(|n| format!("\"S{n}\""));
    let end =
        || prop_oneof![4 => node(), 1 => Just("\"c0\"".to_owned()), 1 => Just("\"c1\"".to_owned())];
    let pair = || {
        (0usize..3, 1usize..3).prop_map(|(a, more)| {
            let name = |place: usize| format!("\"S{}\"", place % 3 + 1);
            (name(a), name(a + more))
        })
    };
    let message = (end(), end(), any::<bool>())
        .prop_filter("a link has two ends", |(from, to, _)| {
            from != to && !(from.starts_with("\"c") && to.starts_with("\"c"))
        })
        .prop_map(|(from, to, all)| format!(r#"{{ "from": {from}, "to": {to}, "all": {all} }}"#));
    let with = |verb: &'static str| move |what: String| format!(r#"{{ "{verb}": {what} }}"#);
    prop::collection::vec(
        prop_oneof![
            8 => message.clone().prop_map(with("deliver")),
            1 => message.clone().prop_map(with("drop")),
            1 => message.prop_map(with("duplicate")),
            3 => node().prop_map(with("timeout")),
            2 => pair().prop_map(|(a, b)| format!(r#"{{ "elect": {{ "node": {a}, "votes": [{b}] }} }}"#)),
            1 => pair().prop_map(|(a, b)| format!(r#"{{ "replicate": {{ "from": {a}, "to": [{b}] }} }}"#)),
            1 => (node(), 0u32..3, 0u32..3).prop_map(|(node, writes, parts)| format!(
                r#"{{ "crash": {{ "node": {node}, "keep": {{ "writes": {writes}, "parts": {parts} }} }} }}"#)),
            1 => node().prop_map(with("restart")),
            1 => node().prop_map(with("pause")),
            1 => node().prop_map(with("resume")),
            1 => node().prop_map(with("isolate")),
            1 => Just(r#"{ "heal": "all" }"#.to_owned()),
            1 => (node(), any::<bool>()).prop_map(|(node, stall)| format!(
                r#"{{ "disk": {{ "node": {node}, "stall": {stall} }} }}"#)),
            2 => node().prop_map(|node| format!(r#"{{ "written": {{ "node": {node} }} }}"#)),
            1 => (node(), 1u64..500).prop_map(|(node, ms)| format!(
                r#"{{ "clock": {{ "node": {node}, "rate": "+3%", "jump": "{ms}ms" }} }}"#)),
            2 => (node(), 0u32..2).prop_map(|(node, client)| format!(
                r#"{{ "call": {{ "client": "c{client}", "to": {node}, "op": "append", "key": "k", "value": "v" }} }}"#)),
            1 => node().prop_map(|node| format!(r#"{{ "retry": {{ "to": {node} }} }}"#)),
            1 => Just(r#"{ "give_up": {} }"#.to_owned()),
            1 => (1u64..400).prop_map(|ms| format!(r#"{{ "settle": "{ms}ms" }}"#)),
            1 => (1u64..400).prop_map(|ms| format!(r#"{{ "advance": "{ms}ms" }}"#)),
        ],
        0..60,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_steps_are_safe_and_what_was_done_is_done_again(
        steps in any_steps(), seed: u64, listed: bool, pre_vote: bool
    ) {
        let completions = if listed { "listed" } else { "at-once" };
        let text = format!(
            r#"{{ "format": 1, "mode": "stepped", "seed": {seed}, "nodes": {{ "count": 3 }},
                "raft": {{ "pre_vote": {pre_vote}, "stickiness": {pre_vote} }},
                "disk": {{ "completions": "{completions}" }}, "clients": {{ "count": 2 }},
                "steps": [{}] }}"#,
            steps.join(",\n")
        );
        let scenario = resolved("any.json", &text, None);
        let script = scenario.script().expect("it is stepped");
        let variant = Variant::published();
        let mut states = States::default();
        let mut recording = Recording::new(&mut states);
        let played = play(&scenario, script, &variant, Insist::No, &mut recording);
        prop_assert_eq!(played.done.len(), steps.len());
        let verdict = played.outcome.verdict.name();
        prop_assert!(verdict == "ok" || verdict == "expectation", "{}", verdict);
        let again = recording.into_scenario(&scenario, None, &played.outcome);
        let (replayed, outcome, _) = recorded(&again, None);
        prop_assert!(states.0 == replayed.0);
        prop_assert_eq!(outcome.verdict.name(), "ok");
        prop_assert_eq!(outcome.trace_hash, played.outcome.trace_hash);
        prop_assert_eq!(outcome.metrics, played.outcome.metrics);
    }

    #[test]
    fn phases_end_and_begin_again_where_they_did((phases, wanted) in any_phases(), seed: u64) {
        plays_again(&of_phases(seed, &phases, &wanted), None);
    }
}
