//! `measure`.

use serde_json::Value;

use super::{Said, json, says, scratch, write};

const FIGURE: &str = "scenarios/figure/16.json";

fn downtime(file: &str, more: &[&str]) -> Said {
    says(&[&["measure", "downtime", file], more].concat())
}

fn worst(said: &Said) -> Vec<u64> {
    let worst = |line| {
        let line: Value = json(line);
        line["percentiles_ns"][4][1]
            .as_u64()
            .expect("each run has an end")
    };
    said.out.lines().map(worst).collect()
}

/// A leader that crashes soon, in a run that is soon over.
fn short(name: &str) -> String {
    let text = r#"{ "format": 1, "name": "short", "nodes": ["S1", "S2", "S3"],
  "params": { "timeout": "150ms..300ms" }, "raft": { "election_timeout": "$timeout" },
  "clients": { "count": 0 },
  "phases": [{ "name": "outage", "for": "4s",
    "faults": [{ "on": "leader-elected", "after": "500ms", "crash": "leader", "unless": "down >= 1" }] }] }"#;
    write(&format!("{name}.json"), text)
}

#[test]
fn the_file_of_figure_16_is_sound() {
    assert_eq!(says(&["check", FIGURE]).code, 0);
}

#[test]
fn the_wider_timeouts_spread_the_shorter_the_worst_outage() {
    let series = |timeout| format!("timeout={timeout},heartbeat=75ms");
    let series = ["150ms..151ms", "150ms..175ms", "150ms..300ms"].map(series);
    let mut more = vec!["--seeds", "1..31", "--json"];
    for series in &series {
        more.extend(["--series", series]);
    }
    let said = downtime(FIGURE, &more);
    assert_eq!(said.code, 0, "{}", said.err);
    let worst = worst(&said);
    assert!(worst[0] > 2 * worst[1] && worst[1] > worst[2], "{worst:?}");
    // Nobody stands before the shortest timeout has passed since the last heartbeat.
    let shortest = json(said.out.lines().last().unwrap())["percentiles_ns"][0][1].as_u64();
    assert!(shortest > Some(75_000_000), "{shortest:?}");
}

#[test]
fn measurements_agree_with_the_trace() {
    let (file, trace) = (short("traced"), scratch("traced.jsonl"));
    let trace = trace.to_str().unwrap();
    let said = says(&["run", &file, "--seed", "7", "--trace", trace]);
    assert_eq!(said.code, 0, "{}", said.err);
    let text = std::fs::read_to_string(trace).unwrap();
    let events: Vec<_> = text.lines().map(json).collect();
    let crash = events
        .iter()
        .position(|event| event["action"] == "crash")
        .unwrap();
    let next = events[crash..]
        .iter()
        .find(|event| event["state"]["role"] == "leader");
    let time = |event: &Value| event["time"].as_u64().unwrap();
    let took = time(next.unwrap()) - time(&events[crash]);
    assert_eq!(
        worst(&downtime(&file, &["--seeds", "7..8", "--json"])),
        [took]
    );
}

#[test]
fn a_measurement_can_be_drawn_and_is_the_same_each_time() {
    let file = short("drawn-outage");
    let draw = |name: &str| {
        let path = scratch(name).to_str().unwrap().to_owned();
        let said = downtime(&file, &["--seeds", "1..9", "--svg", &path]);
        assert_eq!(said.code, 0, "{}", said.err);
        (said.out, std::fs::read_to_string(path).unwrap())
    };
    let (out, picture) = draw("once.svg");
    assert!(picture.contains("as written") && out.contains("as written"));
    assert!((out, picture) == draw("twice.svg"));
}

#[test]
fn a_measurement_that_cannot_be_made_says_why() {
    let file = short("mistaken");
    for (more, says, code) in [
        (&["--seeds", "9..9"][..], "A below B", 2),
        (&["--series", "timeout"], "name=value", 2),
        (&["--series", "timeou=1s"], "did you mean timeout", 2),
        (
            &["--seeds", "1..2", "--set", "timeout=5s..6s"],
            "nothing to measure",
            3,
        ),
        (
            &["--seeds", "1..2", "--svg", "no/such/folder.svg"],
            "cannot write no/such",
            2,
        ),
        (&["--seeds", "1..2", "--svg", &file], "overwrite", 2),
    ] {
        let said = downtime(&file, more);
        assert!(said.err.contains(says), "{more:?}: {}", said.err);
        assert_eq!(said.code, code, "{more:?}");
    }
}
