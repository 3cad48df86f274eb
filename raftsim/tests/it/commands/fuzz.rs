//! `raftsim fuzz`.

use super::{json, says, scratch};

/// The arguments of a search whose failures go to a folder of this test.
fn fuzz(test: &str, args: &[&str]) -> super::Said {
    let out = scratch(test);
    let _ = std::fs::remove_dir_all(&out);
    let out = out.display().to_string();
    let mut all = vec!["fuzz", "--out", &out];
    all.extend(args);
    says(&all)
}

/// All but the last line, which has times.
fn untimed(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().collect();
    lines.pop();
    lines
}

#[test]
fn the_output_does_not_depend_on_the_threads() {
    let one = fuzz("fuzz-one", &["--seeds", "0..60", "-j", "1"]);
    assert_eq!(one.code, 0, "{}{}", one.out, one.err);
    assert!(
        one.out.starts_with("ok     quick 60 seeds: "),
        "{}",
        one.out
    );
    assert!(
        one.out.contains("seeds per second on 1 thread"),
        "{}",
        one.out
    );
    let three = fuzz("fuzz-three", &["--seeds", "0..60", "-j", "3"]);
    assert_eq!(untimed(&one.out), untimed(&three.out));
}

#[test]
fn a_planted_bug_is_found_kept_and_runs_again_as_a_file() {
    let args = [
        "--profile",
        "everything",
        "--bug",
        "P-01",
        "--seeds",
        "0..300",
    ];
    let said = fuzz("fuzz-bug", &args);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    let line = said
        .out
        .lines()
        .find(|line| line.starts_with("Run it again"));
    let words = line.expect("a failure says how to run it again");
    let args: Vec<_> = words.split_whitespace().skip(4).collect();
    assert_eq!(args[0], "run");
    let again = says(&args);
    assert_eq!(again.code, 1, "{}{}", again.out, again.err);
}

#[test]
fn the_first_failure_of_each_kind_is_made_small_by_itself() {
    let args = ["--bug", "P-01", "--seeds", "0..40", "--keep-going"];
    let said = fuzz("fuzz-small", &args);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert_eq!(said.out.matches(" made small: ").count(), 1, "{}", said.out);
    assert!(said.out.contains("   1. "), "{}", said.out);
    let line = said
        .out
        .lines()
        .find(|line| line.starts_with("Run it     "));
    let words = line.expect("the small form can be run").split_whitespace();
    let args: Vec<_> = words.skip(3).collect();
    let small = says(&args);
    assert_eq!(small.code, 1, "{}{}", small.out, small.err);
    let correct = says(&args[..2]);
    assert_eq!(correct.code, 0, "{}{}", correct.out, correct.err);
    let told = fuzz("fuzz-large", &["--bug", "P-01", "--no-shrink"]);
    assert!(!told.out.contains("made small"), "{}", told.out);
}

#[test]
fn every_failure_is_a_line_of_json_and_all_of_them_are_counted() {
    let args = [
        "--bug",
        "P-01",
        "--seeds",
        "0..60",
        "--keep-going",
        "--json",
    ];
    let said = fuzz("fuzz-json", &args);
    let lines: Vec<serde_json::Value> = said
        .out
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let (last, failures) = lines.split_last().expect("there is a summary");
    assert_eq!((&last["type"], &last["runs"]), (&"fuzz".into(), &60.into()));
    assert!(failures.len() > 10, "machines are told all of them");
    assert_eq!(last["failures"], failures.len());
    assert_eq!(last["exit_code"], said.code);
    for failure in failures {
        assert_eq!(
            (&failure["type"], &failure["bug"]),
            (&"failure".into(), &"P-01".into())
        );
        let folder = failure["folder"].as_str().expect("a path");
        let file = format!("{folder}/scenario.json");
        assert!(std::fs::exists(&file).expect("readable"), "{file}");
    }
}

#[test]
fn a_printed_scenario_is_a_file_that_runs() {
    let printed = says(&["fuzz", "--profile", "storage", "--seeds", "7..8", "--print"]);
    assert_eq!(printed.code, 0, "{}", printed.err);
    let file = scratch("fuzz-printed.json");
    std::fs::write(&file, &printed.out).expect("it can be written");
    let said = says(&["run", &file.display().to_string(), "--json"]);
    assert!(
        said.out.contains(r#""scenario":"storage-7","seed":7"#),
        "{}",
        said.out
    );
    assert!([0, 3].contains(&said.code), "{}", said.out);
}

#[test]
fn files_are_run_over_seeds_too() {
    let said = fuzz(
        "fuzz-files",
        &["first-tour", "scenarios/churn.json", "--seeds", "1..4"],
    );
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    for name in ["first-tour 3 seeds", "churn 3 seeds"] {
        assert!(said.out.contains(name), "{}", said.out);
    }
}

#[test]
fn a_profile_that_does_not_get_where_it_must_fails() {
    let file = scratch("lone.json");
    let text = r#"{ "profile": 1, "nodes": "3..3",
        "must_hit": { "seeds": 10, "probes": ["lone-leader"], "faults": ["disk_stall"] } }"#;
    std::fs::write(&file, text).expect("it can be written");
    let path = file.display().to_string();
    let said = fuzz("fuzz-lone", &["--profile", &path, "--seeds", "0..10"]);
    assert_eq!(said.code, 3, "{}{}", said.out, said.err);
    assert!(
        said.out
            .contains("NOT HIT lone: probe lone-leader in any of 10 seeds")
    );
    assert!(
        said.out
            .contains("NOT HIT lone: kind of fault disk_stall in any of 10 seeds")
    );
    let few = fuzz("fuzz-few", &["--profile", &path, "--seeds", "0..9"]);
    assert_eq!(few.code, 0, "nine seeds are too few to tell");
}

#[test]
fn wrong_input_is_an_error_and_nothing_runs() {
    let cases: [(&[&str], &str); 7] = [
        (&["--seeds", "5..5"], "write A..B with A below B"),
        (&["--seeds", "ten"], "write A..B with A below B"),
        (&["--seeds", "0..9", "--for", "1s"], "cannot be used with"),
        (&["--for", "soon"], "write a time such as 1.5s"),
        (&["--profile", "quik"], "did you mean quick?"),
        (
            &["--profile", "nowhere.json"],
            "there is no file nowhere.json",
        ),
        (&["--bug", "C-99"], "no bug is called C-99"),
    ];
    for (args, expected) in cases {
        let said = fuzz("fuzz-wrong", args);
        assert_eq!(said.code, 2, "{args:?}: {}", said.err);
        assert!(said.err.contains(expected), "{args:?}: {}", said.err);
        assert_eq!(said.out, "");
    }
}

#[test]
fn a_mistake_in_a_profile_is_shown_at_its_place() {
    let file = scratch("wrong-profile.json");
    let text = r#"{ "profile": 1, "nodes": 5, "faults": { "crsh": { "chance": "5%" } } }"#;
    std::fs::write(&file, text).expect("it can be written");
    let path = file.display().to_string();
    let said = fuzz("fuzz-wrong-profile", &["--profile", &path]);
    assert_eq!(said.code, 2);
    for expected in [
        "write \"5..5\"",
        "did you mean crash?",
        "wrong-profile.json:1:",
    ] {
        assert!(said.err.contains(expected), "{}", said.err);
    }
}

#[test]
fn results_are_shown_even_if_they_cannot_be_written() {
    let file = scratch("fuzz-no-folder");
    std::fs::write(&file, "a file, not a folder").expect("it can be written");
    let path = file.display().to_string();
    let said = says(&["fuzz", "--bug", "P-01", "--out", &path]);
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    assert!(said.err.contains("is not a folder"), "{}", said.err);
    let inside = file.join("folder").display().to_string();
    let said = says(&["fuzz", "--bug", "P-01", "--out", &inside]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("cannot write"), "{}", said.err);
    for part in [
        "VIOLATED commit-quorum",
        "raftsim replay quick:",
        "FAILED quick",
    ] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    let said = says(&["fuzz", "--bug", "P-01", "--out", &inside, "--json"]);
    let line = json(said.out.lines().next().expect("a failure is told"));
    assert_eq!(
        (&line["type"], line["folder"].is_null()),
        (&"failure".into(), true)
    );
}

#[test]
fn seeds_of_one_file_are_kept_apart() {
    let file = scratch("fuzz-apart.json");
    let text = r#"{ "format": 1, "name": "apart", "nodes": { "count": 3 },
        "phases": [{ "name": "all", "for": "1s" }] }"#;
    std::fs::write(&file, text).expect("it can be written");
    let path = file.display().to_string();
    let args = [
        &path,
        "--seeds",
        "3..6",
        "--bug",
        "P-01",
        "--keep-going",
        "--json",
    ];
    let said = fuzz("fuzz-apart", &args);
    let lines: Vec<_> = said.out.lines().map(json).collect();
    let (_, failures) = lines.split_last().expect("there is a summary");
    assert_eq!(failures.len(), 3, "{}", said.out);
    for failure in failures {
        let folder = failure["folder"].as_str().expect("a path");
        assert!(
            folder.ends_with(&format!("apart-{}-P-01", failure["seed"])),
            "{folder}"
        );
        let again = says(&["replay", folder]);
        assert!(
            again
                .out
                .contains(failure["trace_hash"].as_str().expect("a hash"))
        );
        for part in [
            "scenario.json",
            "verdict.json",
            "history.jsonl",
            "trace.jsonl",
        ] {
            let part = says(&["replay", &format!("{folder}/{part}")]);
            assert_eq!((part.code, &part.out), (1, &again.out));
        }
        let small = says(&[
            "shrink",
            &format!("{folder}/scenario.json"),
            "--out",
            folder,
        ]);
        assert_eq!(small.code, 0, "{}", small.err);
    }
    let folder = failures[0]["folder"].as_str().expect("a path");
    std::fs::write(format!("{folder}/verdict.json"), "{").expect("it can be written");
    let damaged = says(&["shrink", folder]);
    assert_eq!(damaged.code, 2);
    assert!(damaged.err.contains("is damaged"), "{}", damaged.err);
}

#[test]
fn files_share_the_time_that_is_given() {
    let said = fuzz(
        "fuzz-share",
        &["first-tour", "churn", "--for", "300ms", "--json"],
    );
    let runs = said.out.lines().map(|line| json(line)["runs"].as_u64());
    assert!(runs.clone().all(|runs| runs > Some(0)), "{}", said.out);
    assert_eq!(runs.count(), 2);
    let said = fuzz("fuzz-no-time", &["--for", "0s"]);
    assert_eq!(said.code, 3, "nothing was run: {}", said.out);
    assert_eq!(fuzz("fuzz-minutes", &["--for", "10min"]).code, 2);
    assert!(
        fuzz("fuzz-step", &["scenarios/figure/8.json"])
            .err
            .contains("is a stepped scenario")
    );
}
