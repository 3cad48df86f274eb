//! The selector `dispensable`: as many voters as the others can do without.

use runner::{Verdict, run};
use scenario::{Metric, Overrides, Resolved, parse};

/// So many crashes happen in all. The cluster must serve in the end.
fn crashes(founders: u32, steps: &str) -> u64 {
    let founders: Vec<_> = (1..=founders).map(|id| format!("\"S{id}\"")).collect();
    let founders = founders.join(", ");
    let text = format!(
        r#"{{ "format": 1, "name": "few", "nodes": {{ "count": 7 }}, "founders": [{founders}],
            "network": {{ "preset": "reliable" }}, "clients": {{ "count": 1 }},
            "phases": [ {{ "name": "first", "for": "6s", "steps": [ {steps} ] }},
                        {{ "name": "then", "for": "9s", "until": "met" }} ],
            "expect": {{ "eventually": [
                {{ "in": "then", "within": "9s", "one_leader": true, "all_served": true }} ] }} }}"#
    );
    let scenario: Resolved = parse("few.json", &text, &Overrides::default()).expect("sound");
    let outcome = run(&scenario);
    // To crash nobody is inconclusive, and what is asked here.
    let fine = matches!(outcome.verdict, Verdict::Ok | Verdict::Inconclusive(_));
    assert!(fine, "{steps}: {:?}", outcome.verdict);
    outcome.metric(Metric::Crashes)
}

const CRASH: &str = r#"{ "at": "5s", "crash": "dispensable" }"#;

#[test]
fn a_majority_of_voters_is_left_and_the_cluster_serves() {
    for (founders, crashed) in [(1, 0), (2, 0), (3, 1), (4, 1), (5, 2), (6, 2), (7, 3)] {
        assert_eq!(crashes(founders, CRASH), crashed, "of {founders}");
    }
}

#[test]
fn nodes_that_are_down_count_as_lost_already() {
    let steps = format!(r#"{{ "at": "4s", "crash": ["S1", "S2"] }}, {CRASH}"#);
    assert_eq!(crashes(5, &steps), 2);
    assert_eq!(crashes(7, &steps), 3);
}

#[test]
fn both_halves_of_a_joint_configuration_keep_a_majority() {
    let joint =
        r#"{ "at": "2s", "members": { "voters": ["S1", "S2", "S3"], "stays_joint": true } }"#;
    // Of S1 to S3 one can go, of S1 to S7 three.
    let steps = format!("{joint}, {CRASH}");
    assert_eq!(crashes(7, &steps), 3);
    let without = r#"{ "at": "4s", "crash": ["S1"] }"#;
    let steps = format!("{joint}, {without}, {CRASH}");
    assert_eq!(crashes(7, &steps), 3);
    let steps = format!(r#"{joint}, {{ "at": "4s", "crash": ["S4", "S5", "S6"] }}, {CRASH}"#);
    assert_eq!(crashes(7, &steps), 3);
}

#[test]
fn no_voter_is_dispensable_while_the_members_change() {
    // S4 is down and catches up with nothing: the change is not over.
    let down = r#"{ "at": "2s", "crash": "S4" }"#;
    let change = r#"{ "at": "4990ms", "replace": { "old": "S3", "new": "S4" } }"#;
    let steps = format!("{down}, {change}, {CRASH}");
    assert_eq!(crashes(3, &steps), 1);
}
