//! Stepped scenarios perform their steps, and report the reason if a step is impossible.

use runner::{Outcome, Verdict, run};
use scenario::{Metric, Overrides, Resolved, parse, render};

fn scenario(settings: &str, steps: &str) -> Resolved {
    let text = format!(
        r#"{{ "format": 1, "mode": "stepped", "nodes": ["S1", "S2", "S3"], {settings}
            "raft": {{ "pre_vote": false, "stickiness": false, "check_quorum": false }},
            "steps": [{steps}] }}"#
    );
    parse("x.json", &text, &Overrides::default())
        .unwrap_or_else(|found| panic!("{}", render(&found, &text, false)))
}

fn play(steps: &str) -> Outcome {
    run(&scenario("", steps))
}

fn holds(steps: &str) {
    let outcome = play(steps);
    assert_eq!(outcome.verdict, Verdict::Ok, "{:?}", outcome.verdict);
}

/// The step at which the script fails, and the reason.
fn fails(steps: &str) -> (u32, String) {
    match play(steps).verdict {
        Verdict::Expectation(unmet) => {
            let step = unmet.step.expect("a step failed");
            (step.index, unmet.facts[1].clone())
        }
        other => panic!("{other:?}"),
    }
}

const ELECTED: &str = r#"{ "elect": { "node": "S1", "votes": ["S2"] } }"#;

#[test]
fn nothing_happens_unless_a_step_says_so() {
    let outcome = play(r#"{ "say": "nothing" }, { "advance": "10s" }"#);
    assert_eq!((outcome.events, outcome.sim_ns), (0, 10_000_000_000));
    holds(r#"{ "advance": "10s" }, { "expect": { "terms": { "S1": 0, "S2": 0 } } }"#);
}

#[test]
fn an_election_takes_the_named_votes_and_loses_the_other_requests() {
    holds(&format!(
        r#"{ELECTED}, {{ "expect": {{ "leader": "S1", "not_leader": ["S2", "S3"],
            "roles": {{ "S2": "follower" }}, "terms": {{ "S1": 1, "S2": 1, "S3": 0 }},
            "voted_for": {{ "S1": "S1", "S2": "S1", "S3": "nobody" }},
            "logs": {{ "S1": [1], "S2": [] }}, "durable": {{ "S1": [1] }} }} }},
           {{ "deliver": {{ "from": "S1", "to": "S2", "kind": "AppendEntries" }} }}"#
    ));
    let (step, why) = fails(&format!(
        r#"{ELECTED}, {{ "deliver": {{ "from": "S1", "to": "S3", "kind": "RequestVote" }} }}"#
    ));
    assert_eq!((step, &*why), (1, "there is no such message in flight"));
}

#[test]
fn an_election_that_is_not_won_says_who_refused_and_by_which_rule() {
    let (step, why) = fails(&format!(
        r#"{ELECTED}, {{ "replicate": {{ "from": "S1", "to": ["S2"] }} }},
           {{ "elect": {{ "node": "S3", "votes": ["S2"] }} }}"#
    ));
    // The vote of S2 in term 1 is lost.
    assert_eq!(step, 2);
    assert!(why.starts_with("S2 refuses: no vote for S3"), "{why}");
    assert!(why.contains("(election.vote-once)"), "{why}");
    let (_, why) = fails(&format!(
        r#"{ELECTED}, {{ "replicate": {{ "from": "S1", "to": ["S2"] }} }},
           {{ "campaign": {{ "node": "S3", "refused_by": ["S2"] }} }},
           {{ "elect": {{ "node": "S3", "votes": ["S2"] }} }}"#
    ));
    assert!(why.contains("(election.log-up-to-date)"), "{why}");
    assert!(why.contains("#1t1") && why.contains("#0t0"), "{why}");
}

#[test]
fn a_campaign_must_not_be_won() {
    let (_, why) = fails(r#"{ "campaign": { "node": "S1", "granted_by": ["S2"] } }"#);
    assert!(why.starts_with("S1 wins"), "{why}");
    let (_, why) = fails(r#"{ "campaign": { "node": "S1", "refused_by": ["S2"] } }"#);
    assert!(why.starts_with("S2 grants"), "{why}");
    holds(r#"{ "campaign": { "node": "S1" } }, { "expect": { "roles": { "S1": "candidate" } } }"#);
    let (_, why) = fails(&format!(
        r#"{ELECTED}, {{ "campaign": {{ "node": "S1" }} }}"#
    ));
    assert_eq!(why, "S1 does not stand for election: it is leader");
}

#[test]
fn replication_stops_where_it_is_told_to() {
    let call = r#"{ "call": { "to": "S1", "op": "put", "key": "x", "value": "1" } },
                  { "deliver": { "from": "c0", "to": "S1" } }"#;
    holds(&format!(
        r#"{ELECTED}, {call}, {{ "replicate": {{ "from": "S1", "to": ["S2"], "through": 1 }} }},
           {{ "expect": {{ "logs": {{ "S1": [1, 1], "S2": [1] }}, "commit": {{ "S1": 1 }} }} }},
           {{ "replicate": {{ "from": "S1", "to": ["S2", "S3"] }} }},
           {{ "expect": {{ "logs": {{ "S2": [1, 1], "S3": [1, 1] }}, "commit": {{ "S1": 2 }},
              "values": {{ "S1": {{ "x": "1" }}, "S2": {{ "x": "" }} }}, "replied": {{ "c0": false }} }} }},
           {{ "deliver": {{ "from": "S1", "to": "c0", "kind": "Reply" }} }},
           {{ "expect": {{ "replied": {{ "c0": true }} }} }},
           {{ "call": {{ "to": "S1", "op": "get", "key": "x" }} }}, {{ "settle": "200ms" }},
           {{ "expect": {{ "read": {{ "c0": "1" }}, "values": {{ "S3": {{ "x": "1" }} }} }} }}"#
    ));
    let (_, why) = fails(&format!(
        r#"{ELECTED}, {{ "replicate": {{ "from": "S1", "to": ["S2"], "through": 2 }} }}"#
    ));
    assert_eq!(why, "the log of S1 ends at #1");
    let (_, why) = fails(r#"{ "replicate": { "from": "S1", "to": ["S2"] } }"#);
    assert_eq!(why, "S1 is not the leader: it is follower in t0");
}

#[test]
fn links_that_are_cut_or_held_carry_nothing() {
    let (step, why) = fails(&format!(
        r#"{ELECTED}, {{ "cut": {{ "from": "S1", "to": "S2" }} }},
           {{ "deliver": {{ "from": "S1", "to": "S2" }} }}"#
    ));
    assert_eq!((step, &*why), (2, "the link S1 → S2 is cut"));
    let (_, why) = fails(
        r#"{ "hold": { "from": "S2", "to": "all" } }, { "elect": { "node": "S1", "votes": ["S2"] } }"#,
    );
    assert_eq!(why, "the link S2 → S1 holds its messages");
    holds(&format!(
        r#"{ELECTED}, {{ "hold": {{ "from": "S1", "to": "S2" }} }}, {{ "settle": "100ms" }},
           {{ "expect": {{ "logs": {{ "S2": [], "S3": [1] }} }} }},
           {{ "deliver": {{ "from": "S1", "to": "S2", "kind": "AppendEntries" }} }},
           {{ "expect": {{ "logs": {{ "S2": [1] }} }} }},
           {{ "release": {{ "from": "S1", "to": "S2" }} }}, {{ "settle": "100ms" }},
           {{ "isolate": "leader" }}, {{ "settle": "1s" }}, {{ "expect": {{ "leader": "S1" }} }},
           {{ "heal": "all" }}, {{ "settle": "1s" }}, {{ "expect": {{ "not_leader": "S1" }} }}"#
    ));
}

#[test]
fn timers_wait_for_their_own_step() {
    let steps = r#"{ "timeout": "S3" }, { "timeout": "S1" }, { "timeout": "S2" },
                   { "expect": { "terms": { "S1": 1, "S2": 1, "S3": 1 } } }"#;
    let outcome = play(steps);
    assert_eq!(outcome.verdict, Verdict::Ok);
    assert!(outcome.sim_ns >= 150_000_000 && outcome.sim_ns <= 300_000_000);
    let (_, why) = fails(r#"{ "timeout": "S3" }, { "at": "1ms", "timeout": "S1" }"#);
    assert!(why.starts_with("it should happen at 0.001s"), "{why}");
}

#[test]
fn writes_are_durable_when_the_list_says_so() {
    let listed = r#""disk": { "completions": "listed" },"#;
    let verdict = |steps: &str| run(&scenario(listed, steps)).verdict;
    // The candidate's term and vote are not durable yet, so it sends no requests.
    let unasked = verdict(
        r#"{ "timeout": "S1" }, { "deliver": { "from": "S1", "to": "S2", "kind": "RequestVote" } }"#,
    );
    assert_eq!(unasked.name(), "expectation");
    let asked = verdict(
        r#"{ "timeout": "S1" }, { "written": { "node": "S1", "through": 1 } },
           { "deliver": { "from": "S1", "to": "S2", "kind": "RequestVote" } },
           { "crash": "S2" }, { "restart": "S2" }, { "expect": { "voted_for": { "S2": "nobody" } } },
           { "crash": "S1" }, { "restart": "S1" }, { "expect": { "voted_for": { "S1": "S1" } } }"#,
    );
    assert_eq!(asked, Verdict::Ok);
    let kept = verdict(
        r#"{ "timeout": "S1" }, { "crash": { "node": "S1", "keep": "all" } }, { "restart": "down" },
           { "expect": { "terms": { "S1": 1 } } }"#,
    );
    assert_eq!(kept, Verdict::Ok);
    holds(
        r#"{ "disk": { "node": "S1", "stall": true } }, { "timeout": "S1" }, { "crash": "S1" },
           { "expect": { "down": "S1" } }, { "restart": "S1" }, { "expect": { "terms": { "S1": 0 } } },
           { "disk": { "node": "S1", "stall": false } }, { "timeout": "S1" }, { "crash": "S1" },
           { "restart": "S1" }, { "expect": { "terms": { "S1": 1 } } }"#,
    );
}

#[test]
fn what_a_phase_expects_is_waited_for() {
    let eventually = |within: &str| {
        let expect = format!(
            r#""expect": {{ "eventually": [{{ "in": "calm", "within": "{within}", "one_leader": true }}] }},"#
        );
        let steps = r#"{ "phase": "calm" }, { "settle": "500ms" }"#;
        run(&scenario(&expect, steps)).verdict
    };
    assert_eq!(eventually("400ms"), Verdict::Ok);
    assert_eq!(eventually("20ms").name(), "liveness");
}

#[test]
fn an_unmet_expectation_says_where_what_and_what_was_the_case() {
    let outcome = play(&format!(
        r#"{ELECTED},
           {{ "expect": {{ "logs": {{ "S1": [1, 2] }} }} }}"#
    ));
    let Verdict::Expectation(unmet) = &outcome.verdict else {
        panic!("{:?}", outcome.verdict);
    };
    assert_eq!(
        unmet.facts,
        [
            r#"steps[1] (line 4:12): {"expect":{"logs":{"S1":[1,2]}}}"#,
            "logs of S1: expected [1, 2], it was [1]"
        ]
    );
}

#[test]
fn a_run_that_passes_a_limit_fails() {
    let verdict = |limit: &str| {
        let expect = format!(r#""expect": {{ "limits": {{ {limit} }} }},"#);
        let steps = format!(r#"{ELECTED}, {{ "advance": "2s" }}, {{ "crash": "S1" }}"#);
        run(&scenario(&expect, &steps)).verdict
    };
    let Verdict::Expectation(unmet) = verdict(r#""events": "<= 3""#) else {
        panic!("too many events");
    };
    assert_eq!(unmet.facts[0], "the scenario allows events <= 3");
    let Verdict::Expectation(unmet) = verdict(r#""sim_time": "2s""#) else {
        panic!("it takes too long");
    };
    assert_eq!(unmet.facts[0], "the scenario allows sim_time 2s");
    let wide = r#""events": "<= 1000", "sim_time": "3s""#;
    assert_eq!(verdict(wide), Verdict::Ok);
}

#[test]
fn the_largest_log_and_the_largest_snapshot_may_be_limited() {
    let verdict = |limit: &str| {
        let expect = format!(r#""expect": {{ "limits": {{ {limit} }} }},"#);
        let call = r#"{ "call": { "to": "S1", "op": "put", "key": "k", "value": "v" } },
            { "deliver": { "from": "c0", "to": "S1" } }"#;
        let steps = format!(
            r#"{ELECTED}, {call}, {{ "replicate": {{ "from": "S1", "to": ["S2"] }} }},
            {{ "operator": {{ "to": "S1", "snapshot": true }} }},
            {{ "expect": {{ "begins_after": {{ "S1": 2 }}, "durable": {{ "S1": [] }} }} }},
            {{ "crash": "S1" }}"#
        );
        match run(&scenario(&expect, &steps)).verdict {
            Verdict::Expectation(unmet) => unmet.facts[1].clone(),
            other => format!("{other:?}"),
        }
    };
    // Term, vote and the start of the log; two entries with two numbers each; one of them carries
    // this.
    let command: kv::Command = kv::Command {
        client: kv::ClientId(0),
        serial: kv::Serial(1),
        op: kv::Op::Put {
            key: b"k"[..].into(),
            value: b"v"[..].into(),
        },
    };
    let most = 4 * 8 + 2 * 2 * 8 + command.encode().len();
    assert_eq!(verdict(&format!(r#""log_bytes": "<= {most}""#)), "Ok");
    let was = verdict(&format!(r#""log_bytes": "< {most}""#));
    assert!(
        was.starts_with(&format!("it was {most}, on the disk of S1 at ")),
        "{was}"
    );
    let was = verdict(r#""snapshot_bytes": "== 0""#);
    assert!(was.contains("on the disk of S1"), "{was}");
    assert_eq!(verdict(r#""snapshot_bytes": "<= 100""#), "Ok");
}

#[test]
fn faults_of_steps_are_counted() {
    let outcome = play(
        r#"{ "crash": "S1" }, { "restart": "S1" }, { "pause": "S2" }, { "resume": "S2" },
           { "clock": { "node": "S3", "jump": "1s" } }, { "timeout": "S3" },
           { "drop": { "from": "S3", "to": "all", "all": true } }"#,
    );
    let counted = [Metric::Crashes, Metric::Pauses, Metric::ClockJumps].map(|m| outcome.metric(m));
    assert_eq!(counted, [1, 1, 1]);
    assert_eq!(outcome.metric(Metric::MessagesDropped), 2);
}

#[test]
fn impossible_steps_say_why() {
    let cases = [
        (r#"{ "restart": "S1" }"#, "the node is up"),
        (r#"{ "resume": "S1" }"#, "the node is not paused"),
        (r#"{ "restart": "down" }"#, "nobody is meant at this moment"),
        (
            r#"{ "crash": "S1" }, { "timeout": "S1" }"#,
            "the node's deadline is not reached",
        ),
        (
            r#"{ "retry": { "to": "S1" } }"#,
            "the client has no such open operation",
        ),
        (
            r#"{ "written": { "node": "S1" } }"#,
            "the write is not on its way to the disk",
        ),
        (
            r#"{ "crash": "S1" }, { "expect": { "terms": { "S1": 0 } } }"#,
            "terms of S1: expected a node that is up, it was down",
        ),
        (
            r#"{ "crash": "S2" }, { "elect": { "node": "S1", "votes": ["S2"] } }"#,
            "the node is down",
        ),
    ];
    for (steps, why) in cases {
        assert_eq!(fails(steps).1, why, "{steps}");
    }
}
