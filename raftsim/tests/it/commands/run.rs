//! `run` of one seed.

use std::collections::BTreeSet;

use super::{json, raftsim, say, says, scenario, scratch, write};

#[test]
fn the_first_tour_is_explained_in_under_a_screen() {
    let said = says(&["run", "first-tour"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    assert!(said.out.lines().count() <= 30, "{}", said.out);
    let told = [
        "is elected leader of term 1",
        ", the leader, crashes",
        "hash ",
        "OK: ",
    ];
    for part in told {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    assert!(said.out.contains("raftsim trace first-tour --seed 1"));
    assert!(!said.out.contains('\x1b'));
}

#[test]
fn a_passed_limit_ends_with_1_and_the_commands_to_type_next() {
    let file = scenario("limit", r#"{ "limits": { "elections": "== 0" } }"#);
    let said = says(&["run", &file, "--seed", "7"]);
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(
        said.out.contains("the scenario allows elections == 0"),
        "{}",
        said.out
    );
    assert!(said.out.contains(&format!("raftsim run {file} --seed 7")));
    assert!(
        said.out
            .contains(&format!("raftsim trace {file} --seed 7 --to 1s --why"))
    );
    assert!(said.out.lines().count() <= 40, "{}", said.out);
}

#[test]
fn what_does_not_come_true_in_time_ends_with_6() {
    let late = r#"{ "eventually": [{ "in": "calm", "within": "1ms", "one_leader": true }] }"#;
    let said = says(&["run", &scenario("late", late)]);
    assert_eq!(said.code, 6, "{}", said.out);
    assert!(said.out.contains("NOT IN TIME") && said.out.contains("no node leads"));
}

#[test]
fn what_is_never_seen_ends_with_3() {
    let unseen = r#"{ "sometimes": [{ "crashes": ">= 1" }] }"#;
    let file = scenario("unseen", unseen);
    let said = says(&["run", &file]);
    assert_eq!(said.code, 3, "{}", said.out);
    assert!(
        said.out.contains("NOT SEEN unseen: crashes >= 1"),
        "{}",
        said.out
    );
    let said = says(&["run", &file, "--json"]);
    assert_eq!(
        (said.code, json(&said.out)["verdict"].as_str()),
        (3, Some("inconclusive"))
    );
}

#[test]
fn a_file_with_mistakes_ends_with_2_and_shows_where() {
    let file = write("mistake.json", "{ \"format\": 1,\n  \"nods\": [\"S1\"] }");
    let said = says(&["run", &file]);
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    assert!(
        said.err.contains("SC007") && said.err.contains("mistake.json:2:3"),
        "{}",
        said.err
    );
}

#[test]
fn missing_files_and_unknown_names_have_different_errors() {
    let cases = [
        (
            "no/such.json",
            2,
            "there is no file no/such.json: `raftsim list`",
        ),
        (
            "scenarios/first-tuor.json",
            2,
            "did you mean scenarios/first-tour.json?",
        ),
        ("scenarios", 2, "is a directory"),
        ("scenarios/zz*.json", 4, "no file matches"),
        ("first-tuor", 4, "did you mean first-tour?"),
        (
            "lesson/e1-first-elections",
            4,
            "did you mean lesson/e1-first-election?",
        ),
        ("xyzzy", 4, "raftsim list"),
    ];
    for (argument, code, message) in cases {
        let said = says(&["run", argument]);
        assert_eq!(
            (said.code, said.out.as_str()),
            (code, ""),
            "{argument}: {}",
            said.err
        );
        assert!(said.err.contains(message), "{argument}: {}", said.err);
    }
    let binary = scratch("binary.json");
    std::fs::write(&binary, [0xff, 0xfe]).unwrap();
    assert_eq!(says(&["run", binary.to_str().unwrap()]).code, 2);
}

#[test]
fn wrong_usage_ends_with_2() {
    for args in [
        &["run"][..],
        &["run", "first-tour", "--runs", "0"],
        &["run", "first-tour", "--seed", "-1"],
        &["run", "first-tour", "--set", "n"],
        &["run", "first-tour", "--runs", "2", "--trace", "x.jsonl"],
        &[
            "run",
            "first-tour",
            "--seed",
            "18446744073709551615",
            "--runs",
            "2",
        ],
        &["walk"],
    ] {
        let said = says(args);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{args:?}");
        assert!(!said.err.is_empty(), "{args:?}");
    }
}

#[test]
fn a_parameter_is_set_and_an_unknown_one_is_refused() {
    let text = r#"{ "format": 1, "params": { "n": { "one_of": [3, 5] } },
      "nodes": { "count": "$n" }, "phases": [{ "name": "calm", "for": "1s" }] }"#;
    let file = write("params.json", text);
    let said = says(&["run", &file, "--set", "n=5"]);
    assert!(said.out.contains("5 nodes"), "{}{}", said.out, said.err);
    assert!(
        said.out.contains("--set n=5"),
        "the command shown repeats it: {}",
        said.out
    );
    let said = says(&["run", &file, "--set", "m=5"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("SC"), "{}", said.err);
}

#[test]
fn a_json_line_has_the_documented_fields() {
    let said = says(&["run", "first-tour", "--json"]);
    assert_eq!(
        (said.code, said.out.lines().count(), said.err.as_str()),
        (0, 1, "")
    );
    let run = json(&said.out);
    let fields: BTreeSet<_> = run
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let documented = [
        "type",
        "verdict",
        "scenario",
        "seed",
        "trace_hash",
        "trace_version",
        "events",
        "sim_ns",
        "wall_ns",
        "elections",
        "commits",
        "ops_ok",
        "ops_unknown",
        "ops_expired",
        "faults",
        "checks",
        "violation",
    ];
    assert_eq!(fields, BTreeSet::from(documented));
    assert_eq!(run["type"], "run");
    assert_eq!(run["verdict"], "ok");
    assert_eq!(run["violation"], serde_json::Value::Null);
    let hash = run["trace_hash"].as_str().unwrap();
    assert!(
        hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{hash}"
    );
    let crash = &run["faults"]["crash"];
    let counts = ["scheduled", "applied", "effective"].map(|name| crash[name].as_u64());
    assert_eq!(counts, [Some(1); 3]);
    assert!(run["checks"]["election-safety"].as_u64() >= Some(2));
}

#[test]
fn a_violation_in_json_has_its_facts() {
    let file = scenario("limit-json", r#"{ "limits": { "elections": "== 0" } }"#);
    let said = says(&["run", &file, "--json"]);
    let run = json(&said.out);
    assert_eq!(
        (said.code, run["verdict"].as_str()),
        (1, Some("expectation"))
    );
    assert_eq!(
        run["violation"]["facts"][0],
        "the scenario allows elections == 0"
    );
}

#[test]
fn watching_a_run_does_not_change_it() {
    let plain = json(&says(&["run", "churn", "--json"]).out);
    let file = scratch("watched.jsonl");
    let traced = says(&[
        "run",
        "churn",
        "--json",
        "-v",
        "--trace",
        file.to_str().unwrap(),
    ]);
    assert_eq!(json(&traced.out)["trace_hash"], plain["trace_hash"]);
    assert!(traced.err.contains("INFO"), "the log was on");
}

#[test]
fn a_history_has_the_operations_of_clients() {
    let file = scratch("history.jsonl");
    let said = says(&[
        "run",
        "first-tour",
        "--json",
        "--history",
        file.to_str().unwrap(),
    ]);
    let run = json(&said.out);
    let text = std::fs::read_to_string(&file).unwrap();
    let operations: Vec<_> = text.lines().map(json).collect();
    let answered = operations
        .iter()
        .filter(|operation| !operation["return"].is_null())
        .count();
    assert_eq!(Some(answered as u64), run["ops_ok"].as_u64());
    for operation in &operations {
        assert!(operation["call"].as_u64() > Some(0), "{operation}");
        if operation["op"] == "get" && !operation["return"].is_null() {
            assert!(operation.get("result").is_some(), "{operation}");
        }
        let late = operation["return"]
            .as_u64()
            .is_none_or(|end| Some(end) > operation["call"].as_u64());
        assert!(late, "{operation}");
    }
}

#[test]
fn colours_are_for_terminals_unless_asked_for() {
    let colored = |args: &[&str], name: &str, value: &str| {
        let said = say(raftsim(args).env(name, value));
        said.out.contains('\x1b')
    };
    let run = ["run", "first-tour"];
    assert!(!colored(&run, "UNRELATED", "1"));
    assert!(colored(&run, "CLICOLOR_FORCE", "1"));
    assert!(!colored(&run, "NO_COLOR", "1"));
    let always = ["run", "first-tour", "--color", "always"];
    assert!(
        colored(&always, "NO_COLOR", "1"),
        "what is typed comes before what is set"
    );
    let never = ["run", "first-tour", "--color", "never"];
    assert!(!colored(&never, "CLICOLOR_FORCE", "1"));
}
