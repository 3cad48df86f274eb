//! Phases that end early.

use runner::{Verdict, run};
use scenario::{Overrides, Resolved, parse};

fn scenario(phases: &str, eventually: &str) -> Resolved {
    let text = format!(
        r#"{{ "format": 1, "name": "early", "nodes": {{ "count": 3 }}, "clients": {{ "count": 1 }},
            "phases": [ {phases} ], "expect": {{ "eventually": [ {eventually} ] }} }}"#
    );
    parse("early.json", &text, &Overrides::default()).expect("a sound scenario")
}

const ELECTED: &str = r#"{ "in": "first", "within": "10s", "one_leader": true }"#;

fn milliseconds(scenario: &Resolved) -> u64 {
    let outcome = run(scenario);
    assert_eq!(outcome.verdict, Verdict::Ok);
    outcome.sim_ns / 1_000_000
}

#[test]
fn a_phase_ends_once_its_expectations_hold_and_the_next_lasts_its_time() {
    let phases = r#"{ "name": "first", "for": "10s", "until": "met" },
                    { "name": "second", "for": "2s" }"#;
    let took = milliseconds(&scenario(phases, ELECTED));
    assert!((2_100..4_000).contains(&took), "{took} ms");
}

#[test]
fn a_phase_does_not_end_before_its_last_step() {
    let phases = r#"{ "name": "first", "for": "10s", "until": "met",
                      "steps": [ { "at": "7s", "crash": "S1" } ] }"#;
    let took = milliseconds(&scenario(phases, ELECTED));
    assert!((7_000..8_000).contains(&took), "{took} ms");
}

#[test]
fn a_phase_that_waits_in_vain_lasts_its_time_and_fails() {
    let phases = r#"{ "name": "first", "for": "10s", "until": "met",
                      "steps": [ { "at": "0s", "crash": ["S1", "S2"] } ] },
                    { "name": "second", "for": "2s" }"#;
    let outcome = run(&scenario(phases, ELECTED));
    assert!(
        matches!(&outcome.verdict, Verdict::Liveness(unmet) if unmet.time.0 == 10_000_000_000),
        "{:?}",
        outcome.verdict
    );
}

#[test]
fn faults_of_a_phase_that_ended_strike_no_more() {
    let phases = r#"{ "name": "first", "for": "10s", "until": "met",
                      "faults": [ { "every": "3s..4s", "crash": "all" } ] },
                    { "name": "second", "for": "9s" }"#;
    let outcome = run(&scenario(phases, ELECTED));
    assert_eq!(outcome.verdict, Verdict::Ok);
    assert_eq!(outcome.metric(scenario::Metric::Crashes), 0);
}

#[test]
fn the_first_actions_of_a_phase_follow_the_last_check_of_the_phase_before() {
    let phases = r#"{ "name": "first", "for": "5s" },
                    { "name": "second", "for": "2s",
                      "steps": [ { "at": "0s", "crash": "leader" } ] }"#;
    let stays = r#"{ "in": "first", "within": "5s", "one_leader": true, "stays": true }"#;
    assert_eq!(run(&scenario(phases, stays)).verdict, Verdict::Ok);
    let lost = phases.replacen(
        "\"5s\" }",
        r#""5s", "steps": [ { "at": "4s", "isolate": "leader" } ] }"#,
        1,
    );
    let healed = lost.replacen("\"2s\",", "\"2s\", \"heal\": \"all\",", 1);
    for phases in [lost, healed] {
        let outcome = run(&scenario(&phases, stays));
        assert_eq!(outcome.verdict.name(), "liveness", "{phases}");
    }
    let down = r#"{ "name": "first", "for": "5s", "steps": [ { "at": "0s", "crash": "all" } ] },
                  { "name": "second", "for": "2s", "heal": "all",
                    "steps": [ { "at": "0s", "restart": "all" } ] }"#;
    let equal = r#"{ "in": "first", "within": "5s", "all_applied_equal": true }"#;
    let outcome = run(&scenario(down, equal));
    assert_eq!(outcome.verdict.name(), "liveness");
}
