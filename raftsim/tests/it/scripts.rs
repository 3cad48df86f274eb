//! Scripts: what is done one after the other, each step for as long as it takes.

use checks::End;
use runner::{Outcome, Verdict, run};
use scenario::{Metric, Overrides, Resolved, parse, render};

/// Three nodes without clients whose first phase has this script and lasts `lasts` at most.
fn scenario(lasts: &str, script: &str) -> Resolved {
    let text = format!(
        r#"{{ "format": 1, "name": "script", "nodes": {{ "count": 3 }},
  "clients": {{ "count": 0 }}, "network": {{ "preset": "reliable" }},
  "phases": [{{ "name": "first", "for": "{lasts}", "script": [
    {script} ] }}, {{ "name": "second", "for": "1s" }}] }}"#
    );
    let read = parse("script.json", &text, &Overrides::default());
    read.unwrap_or_else(|found| panic!("{}", render(&found, &text, false)))
}

fn outcome(lasts: &str, script: &str) -> Outcome {
    run(&scenario(lasts, script))
}

/// What a run that went well did.
fn fine(script: &str) -> Outcome {
    let outcome = outcome("60s", script);
    assert_eq!(outcome.verdict, Verdict::Ok);
    outcome
}

/// The facts of a run that did not find what a step says.
fn differs(script: &str) -> [String; 2] {
    match outcome("60s", script).verdict {
        Verdict::Expectation(unmet) => unmet.facts,
        other => panic!("{other:?}"),
    }
}

/// The facts of a run that waited in vain.
fn late(lasts: &str, script: &str) -> [String; 2] {
    match outcome(lasts, script).verdict {
        Verdict::Liveness(unmet) => unmet.facts,
        other => panic!("{other:?}"),
    }
}

const ELECTED: &str = r#"{ "await": { "one_leader": true } }, { "let": { "L": "leader" } }"#;

#[test]
fn a_phase_ends_when_its_script_does() {
    let outcome = fine(r#"{ "wait": "3s" }, { "wait": "500ms" }"#);
    assert_eq!(outcome.sim_ns, 4_500_000_000);
}

#[test]
fn a_script_that_is_not_done_in_time_names_the_step_it_hangs_at() {
    let facts = late(
        "2s",
        r#"{ "repeat": { "times": 2, "steps": [
      { "wait": "1s" },
      { "await": { "applied": 9, "within": "1m" } }] } }"#,
    );
    assert!(
        facts[0].starts_with("phase first, script[0].repeat.steps[1] (line 6:7): {\"await\""),
        "{facts:?}"
    );
    assert!(facts[1].contains("has lasted 2s"), "{facts:?}");
}

#[test]
fn a_condition_that_stays_false_is_a_lack_of_liveness() {
    let facts = late(
        "60s",
        r#"{ "crash": ["S1", "S2"] }, { "await": { "one_leader": true } }"#,
    );
    assert_eq!(facts[1], "no node leads");
    let facts = late(
        "60s",
        r#"{ "crash": ["S1", "S2"] }, { "one": { "on": 1 } }"#,
    );
    assert!(facts[1].contains("nobody accepted it"), "{facts:?}");
    fine(
        r#"{ "crash": ["S1", "S2"] }, { "one": { "on": 1, "optional": true, "within": "1s" } },
            { "await": { "one_leader": true, "optional": true } }"#,
    );
}

#[test]
fn a_cut_off_leader_accepts_a_command_that_no_node_applies() {
    let cut = r#"{ "isolate": ["L+1", "L+2"] },
        { "start": { "to": "L", "index": "== 2", "accepted": "== 1", "as": "lost" } },
        { "wait": "2s" }, { "check": { "not_applied": 2, "unanswered": "lost" } }"#;
    let script = format!(r#"{{ "one": {{ "on": 3, "index": "== 1" }} }}, {ELECTED}, {cut}"#);
    let outcome = fine(&script);
    let ends: Vec<_> = outcome
        .history
        .operations()
        .iter()
        .map(|op| &op.end)
        .collect();
    assert!(matches!(ends[..], [End::Answered { .. }, End::Unknown]));
    assert_eq!(outcome.metric(Metric::OpsUnknown), 0, "no client gave up");
    let facts = differs(&format!(
        r#"{script}, {{ "check": {{ "not_applied": 1 }} }}"#
    ));
    assert!(facts[1].contains("has applied command 1"), "{facts:?}");
}

#[test]
fn a_node_that_does_not_lead_accepts_nothing() {
    let script = format!(r#"{ELECTED}, {{ "start": {{ "to": "L+1", "accepted": "== 1" }} }}"#);
    let facts = differs(&script);
    assert_eq!(facts[1], "0 nodes accepted it, not == 1");
}

#[test]
fn a_name_for_the_leader_needs_a_leader() {
    let facts = differs(r#"{ "let": { "L": "leader" } }"#);
    assert_eq!(facts[1], "no node leads");
}

#[test]
fn to_connect_a_node_leaves_cuts_of_others_alone() {
    fine(
        r#"{ "isolate": ["S1", "S2"] }, { "connect": "S1" },
        { "await": { "among": ["S1", "S3"], "one_leader": true } },
        { "one": { "on": 2 } }, { "check": { "among": "S2", "no_leader": true } },
        { "if": { "holds": "isolated == 1", "else": [{ "await": { "no_leader": true } }] } },
        { "connect": "S2" }, { "await": { "applied": 1, "on": 3 } }"#,
    );
}

#[test]
fn an_operation_offered_again_is_the_same_operation() {
    let script = format!(
        r#"{ELECTED}, {{ "isolate": "L" }},
        {{ "start": {{ "to": "L", "op": "append", "key": "k", "value": "x", "as": "x" }} }},
        {{ "one": {{ "again": "x", "on": 2, "retry": true }} }}, {{ "connect": "L" }},
        {{ "one": {{ "again": "x", "on": 3, "retry": true }} }},
        {{ "await": {{ "answered": "x", "values": {{ "k": "x" }}, "versions": {{ "k": "== 1" }} }} }},
        {{ "one": {{ "op": "get", "key": "k", "reads": "x" }} }}"#
    );
    let outcome = fine(&script);
    assert_eq!(outcome.history.operations().len(), 2);
    let facts = differs(&format!(
        r#"{script}, {{ "one": {{ "op": "get", "key": "k", "reads": "y" }} }}"#
    ));
    assert_eq!(facts[1], "it reads \"x\", not \"y\"");
}

#[test]
fn the_first_of_several_scripts_can_end_the_others() {
    let endless = r#"{ "repeat": { "steps": [{ "one": { "on": 1 } }, { "wait": "10ms" }] } }"#;
    let both = |until: &str, second: &str| {
        format!(
            r#"{{ "parallel": {{ "until": "{until}", "scripts": [[{{ "wait": "3s" }}], [{second}]] }} }}"#
        )
    };
    let outcome = fine(&both("first", endless));
    assert_eq!(outcome.sim_ns, 4_000_000_000);
    let count = outcome.history.operations().len();
    assert!((20..150).contains(&count), "{count} operations");
    let outcome = fine(&both("all", r#"{ "wait": "5s" }"#));
    assert_eq!(outcome.sim_ns, 6_000_000_000);
}

#[test]
fn a_loop_that_never_waits_is_stopped() {
    let facts = differs(r#"{ "repeat": { "steps": [{ "crash": "S1" }] } }"#);
    assert!(facts[1].contains("no end is in sight"), "{facts:?}");
}

#[test]
fn a_budget_counts_what_its_steps_cost_and_nothing_else() {
    let budget = |requests: &str, steps: &str| {
        format!(
            r#"{ELECTED}, {{ "wait": "1s" }},
            {{ "budget": {{ "requests": "{requests}", "steps": [{steps}] }} }}"#
        )
    };
    // Two followers, a heartbeat every 50ms, and one that falls due at an end.
    fine(&budget("<= 42", r#"{ "wait": "1s" }"#));
    fine(&budget(">= 38", r#"{ "wait": "1s" }"#));
    fine(&budget("== 2", r#"{ "start": { "to": "L" } }"#));
    let facts = differs(&budget("<= 7", r#"{ "start": { "to": "L", "count": 4 } }"#));
    assert_eq!(facts[1], "8 requests, not <= 7");
}

#[test]
fn a_draw_is_made_anew_in_each_round() {
    let script = r#"{ "repeat": { "times": 40, "steps": [
        { "if": { "chance": "50%", "then": [{ "crash": "S1" }, { "restart": "S1" }] } },
        { "wait": "0ms..10ms" }] } }"#;
    let outcome = fine(script);
    let crashes = outcome.metric(Metric::Crashes);
    assert!((8..32).contains(&crashes), "{crashes} of 40");
}

#[test]
fn a_drawn_number_of_rounds_is_drawn_anew_each_time() {
    let script = r#"{ "repeat": { "times": 40, "steps": [
        { "repeat": { "drawn": "0..4", "steps": [{ "crash": "S1" }, { "restart": "S1" }] } },
        { "wait": "10ms" }] } }"#;
    let crashes = fine(script).metric(Metric::Crashes);
    assert!((50..110).contains(&crashes), "{crashes}, and 80 are likely");
}

/// Three nodes that take a snapshot after each entry and keep nothing of their logs.
fn forgetful(script: &str) -> Outcome {
    let mut scenario = scenario("60s", script);
    let each = scenario::SnapshotPolicy {
        entries: Some(1),
        ..Default::default()
    };
    scenario.machine.snapshot = Some(each);
    run(&scenario)
}

#[test]
fn scripts_know_the_entries_of_compacted_logs() {
    let script = r#"{ "one": { "on": 3, "index": "== 1" } }, { "one": { "on": 3, "index": "== 2", "as": "b" } },
        { "wait": "1s" }, { "check": { "applied": 2, "done": "b", "on": 3 } },
        { "check": { "not_applied": 3 } }, { "let": { "L": "leader" } },
        { "start": { "to": "L", "index": "== 3", "as": "c" } }, { "await": { "done": "c", "on": 3 } },
        { "wait": "1s" }, { "check": { "log_bytes": "<= 100", "snapshot_bytes": ">= 1" } }"#;
    let outcome = forgetful(script);
    assert_eq!(outcome.verdict, Verdict::Ok);
    assert!(outcome.metric(Metric::Snapshots) >= 3);
    let again = format!(r#"{script}, {{ "check": {{ "snapshot_bytes": "== 0" }} }}"#);
    match forgetful(&again).verdict {
        Verdict::Expectation(unmet) => {
            assert!(
                unmet.facts[1].contains("bytes of snapshot on its disk"),
                "{unmet:?}"
            );
        }
        other => panic!("{other:?}"),
    }
}
