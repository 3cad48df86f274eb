//! `run` of several seeds and files.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::{json, raftsim, says, scenario};

#[test]
fn several_runs_end_with_a_total() {
    let said = says(&[
        "run",
        "first-tour",
        "split-brain",
        "--seed",
        "3",
        "--runs",
        "2",
        "--json",
    ]);
    assert_eq!(said.code, 0, "{}", said.err);
    let lines: Vec<_> = said.out.lines().map(json).collect();
    let seeds: Vec<_> = lines[..4]
        .iter()
        .map(|run| run["seed"].as_u64().unwrap())
        .collect();
    assert_eq!((lines.len(), seeds), (5, vec![3, 4, 3, 4]));
    let total = &lines[4];
    assert_eq!(
        (total["type"].as_str(), total["runs"].as_u64()),
        (Some("total"), Some(4))
    );
    assert_eq!(total["verdicts"]["ok"], 4);
    assert_eq!(total["exit_code"], 0);
    let events: u64 = lines[..4]
        .iter()
        .map(|run| run["events"].as_u64().unwrap())
        .sum();
    assert_eq!(total["events"].as_u64(), Some(events));
    assert!(!total["sometimes"].as_array().unwrap().is_empty());
}

#[test]
fn the_worst_of_several_files_counts_and_the_others_are_run() {
    let late = r#"{ "eventually": [{ "in": "calm", "within": "1ms", "one_leader": true }] }"#;
    let (late, fine) = (scenario("late-one", late), scenario("fine-one", "{}"));
    let limit = scenario("limit-one", r#"{ "limits": { "elections": "== 0" } }"#);
    let unseen = scenario("unseen-one", r#"{ "sometimes": [{ "crashes": ">= 1" }] }"#);
    let code = |files: &[&str]| says(&[&["run"], files].concat()).code;
    assert_eq!(code(&[&fine, &unseen]), 3);
    assert_eq!(code(&[&unseen, &late, &fine]), 6);
    assert_eq!(code(&[&late, &limit, &unseen]), 1);
    assert_eq!(code(&[&fine, "no-such-scenario"]), 4);
    let said = says(&["run", "no/such/file.json", &limit, &fine]);
    assert_eq!(said.code, 2);
    assert!(said.out.contains("fine-one"), "{}", said.out);
}

#[test]
fn sometimes_is_judged_over_all_seeds_of_a_file() {
    let said = says(&["run", "churn", "--runs", "20", "--json"]);
    assert_eq!(said.code, 0, "{}", said.out);
    let total = json(said.out.lines().last().unwrap());
    for seen in total["sometimes"].as_array().unwrap() {
        assert!(seen["seen"].as_u64() >= Some(1), "{seen}");
        assert_eq!(seen["runs"], 20);
    }
}

#[test]
fn two_processes_give_the_same_runs() {
    let said = says(&[
        "run",
        "churn",
        "first-tour",
        "--runs",
        "3",
        "--twice",
        "--json",
    ]);
    assert!(matches!(said.code, 0 | 3), "{}{}", said.out, said.err);
    assert_eq!(
        said.out.matches(r#""verdict":"ok""#).count(),
        6,
        "{}",
        said.out
    );
}

#[test]
#[cfg(unix)]
fn a_second_process_that_differs_ends_with_5() {
    use std::os::unix::fs::PermissionsExt;
    let line = r#"{"type":"run","seed":1,"trace_hash":"0123456789abcdef"}"#;
    let script = super::write("twin.sh", &format!("#!/bin/sh\necho '{line}'\n"));
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let said = says(&["run", "first-tour", "--twice", "--twin", &script, "--json"]);
    let run = json(said.out.lines().next().unwrap());
    assert_eq!(
        (said.code, run["verdict"].as_str()),
        (5, Some("nondeterministic"))
    );
    let said = says(&["run", "first-tour", "--twice", "--twin", &script]);
    assert!(said.out.contains("0123456789abcdef"), "{}", said.out);
    assert!(
        said.out
            .contains("the place of the difference is not known"),
        "{}",
        said.out
    );
    let said = says(&["run", "first-tour", "--twice", "--twin", "/no/such/program"]);
    assert_eq!(said.code, 2, "{}", said.err);
}

/// A second process that is this program, with a bug planted whatever it is asked to run.
#[cfg(unix)]
fn buggy_twin() -> String {
    use std::os::unix::fs::PermissionsExt;
    let program = env!("CARGO_BIN_EXE_raftsim");
    let text = format!("#!/bin/sh\nverb=$1\nshift\nexec {program} $verb --bug P-01 \"$@\"\n");
    let script = super::write("buggy-twin.sh", &text);
    let made = std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755));
    made.expect("a file of this test's own");
    script
}

#[test]
#[cfg(unix)]
fn a_divergence_names_the_first_event_that_differs() {
    let twin = buggy_twin();
    let run = says(&["run", "first-tour", "--twice", "--twin", &twin]);
    assert_eq!(run.code, 5, "{}{}", run.out, run.err);
    let fuzz = says(&["fuzz", "--seeds", "0..9", "--twice", "--twin", &twin]);
    assert_eq!(fuzz.code, 5, "{}{}", fuzz.out, fuzz.err);
    for text in [run.out, fuzz.err] {
        let told = text
            .lines()
            .position(|l| l.starts_with("the first difference is event "));
        let lines: Vec<_> = text.lines().skip(told.expect("it is told")).collect();
        assert!(lines[2].starts_with("  here "), "{text}");
        assert!(lines[3].starts_with("  there "), "{text}");
        assert_ne!(lines[2][8..], lines[3][8..]);
    }
}

#[test]
fn two_processes_give_the_same_runs_of_a_profile() {
    let said = says(&["fuzz", "--seeds", "0..30", "--twice"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
}

#[test]
#[cfg(unix)]
fn a_second_process_that_says_nothing_has_compared_nothing() {
    for silent in ["/bin/true", "/bin/false"] {
        let said = says(&["run", "first-tour", "--twice", "--twin", silent]);
        assert_eq!(said.code, 70, "{}", said.err);
        assert!(said.err.contains("gave no hash"), "{}", said.err);
        assert!(!said.out.contains("the same hash"), "{}", said.out);
    }
}

#[test]
fn outputs_never_overwrite_inputs() {
    let path = super::write("mine.json", "{}");
    let said = says(&["run", &path, "--trace", &path]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "{}");
    let said = says(&[
        "run",
        "first-tour",
        "--trace",
        "/tmp/x",
        "--history",
        "/tmp/x",
    ]);
    assert_eq!(said.code, 2, "{}", said.err);
}

#[test]
fn a_reader_may_close_the_pipe_early() {
    let mut child = raftsim(&["run", "first-tour", "--runs", "50", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut first)
        .unwrap();
    assert_eq!(json(&first)["type"], "run");
    // The pipe is closed now.
    let done = child.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&done.stderr), "");
}

#[test]
#[cfg(unix)]
fn an_interruption_ends_with_130_and_a_summary() {
    let mut child = raftsim(&["run", "churn", "--runs", "100000", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.next().unwrap().unwrap();
    let id = child.id().to_string();
    let kill = std::process::Command::new("kill")
        .args(["-INT", &id])
        .status()
        .unwrap();
    assert!(kill.success());
    let last = lines.map(Result::unwrap).last().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let total = json(&last);
    assert_eq!(
        (total["type"].as_str(), total["interrupted"].as_bool()),
        (Some("total"), Some(true))
    );
}

#[test]
fn seeds_that_all_pass_say_that_a_bug_was_planted() {
    let said = says(&["run", "first-tour", "--runs", "2", "--bug", "E-05"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(said.out.contains("E-05 is planted"), "{}", said.out);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_that_names_the_file() {
    for option in ["--history", "--trace", "--actions"] {
        let said = says(&["run", "first-tour", option, "/dev/full"]);
        assert_eq!(said.code, 2, "{}", said.out);
        assert!(
            said.err.contains("cannot write /dev/full: "),
            "{}",
            said.err
        );
    }
}
