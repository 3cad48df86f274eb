//! `raftsim shrink`: what it prints and writes, and what it refuses.

use super::{json, says, scratch, write};

fn folder(name: &str) -> String {
    let folder = scratch(name);
    folder.to_str().expect("a plain name").to_owned()
}

#[test]
fn a_failing_run_becomes_a_scenario_a_test_and_a_picture() {
    let out = folder("shrunk");
    let args = [
        "shrink", "churn", "--seed", "34", "--bug", "E-03", "--out", &out,
    ];
    let said = says(&args);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.out.starts_with("leader-completeness churn, seed 34"),
        "{}",
        said.out
    );
    assert!(
        said.out.contains("\n   1. S1 is elected leader of term 1"),
        "{}",
        said.out
    );

    let file = format!("{out}/churn-34-E-03.json");
    assert!(
        said.out.contains(&format!("raftsim run {file} --bug E-03")),
        "{}",
        said.out
    );
    assert_eq!(says(&["run", &file, "--bug", "E-03"]).code, 1);
    assert_eq!(says(&["run", &file]).code, 0, "correct servers pass");
    let test = std::fs::read_to_string(format!("{out}/churn_34_e_03.rs")).expect("a test");
    assert!(test.contains("fn e_03_is_caught()"), "{test}");
    let picture = std::fs::read_to_string(format!("{out}/churn-34-E-03.svg")).expect("a picture");
    assert!(
        picture.starts_with("<svg") || picture.starts_with("<?xml"),
        "{picture:.40}"
    );
}

#[test]
fn machines_get_one_object() {
    let out = folder("shrunk-json");
    let said = says(&["shrink", "churn", "--bug", "P-01", "--out", &out, "--json"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    let line = json(&said.out);
    assert_eq!(
        (&line["failure"], &line["bug"]),
        (&"commit-quorum".into(), &"P-01".into())
    );
    let steps = line["steps"].as_u64().expect("a number");
    assert!(
        0 < steps && steps < 10 && line["actions"].as_u64() > Some(steps),
        "{line}"
    );
    assert_eq!(
        line["say"].as_array().map(Vec::len),
        usize::try_from(steps).ok()
    );
}

#[test]
fn the_folder_of_a_failing_run_names_its_bug() {
    let text = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../scenarios/churn.json"
    ));
    std::fs::create_dir_all(scratch("failing-run")).expect("a folder");
    write("failing-run/scenario.json", &text.expect("the corpus"));
    let record = format!(
        r#"{{ "verdict": "safety", "property": "commit-quorum", "says": "", "scenario": "churn",
            "seed": 1, "bug": "P-01", "trace_hash": "0", "trace_version": {}, "token": "" }}"#,
        runner::TRACE_VERSION
    );
    write("failing-run/verdict.json", &record);
    let (run, out) = (folder("failing-run"), folder("shrunk-run"));
    let said = says(&["shrink", &run, "--out", &out]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("P-01"), "{}", said.out);
}

#[test]
fn a_run_that_does_not_fail_is_an_error_and_nothing_is_written() {
    let out = folder("not-shrunk");
    let said = says(&["shrink", "first-tour", "--out", &out]);
    assert_eq!((said.code, said.out.as_str()), (4, ""));
    assert!(
        said.err.contains("does not fail (verdict ok)"),
        "{}",
        said.err
    );
    assert!(!scratch("not-shrunk").exists());
    assert_eq!(
        says(&["shrink", "scenarios"]).code,
        2,
        "a folder of something else"
    );
    assert_eq!(says(&["shrink", "no-such-thing"]).code, 4);
    let full = says(&["shrink", "churn", "--bug", "P-01", "--out", "/dev/null/x"]);
    assert_eq!(full.code, 2);
    assert!(
        full.err.contains("cannot write /dev/null/x"),
        "{}",
        full.err
    );
}

#[test]
fn a_violation_is_shrunk_whatever_else_its_steps_expect() {
    for (scenario, bug, failure) in [
        (
            "figure/8.json#d1-overwritten",
            "C-01",
            "leader-completeness",
        ),
        (
            "lesson/e7-vote-survives-step-down.json",
            "E-01",
            "promises-kept",
        ),
    ] {
        let file = format!("{}/../scenarios/{scenario}", env!("CARGO_MANIFEST_DIR"));
        let out = folder("shrunk-script");
        let said = says(&["shrink", &file, "--bug", bug, "--out", &out]);
        assert_eq!(said.code, 0, "{}", said.err);
        assert!(said.out.starts_with(failure), "{}", said.out);
    }
}

#[test]
fn a_long_result_is_shortened_and_paths_survive_the_shell() {
    let out = folder("shrunk not at all");
    let said = says(&[
        "shrink", "churn", "--seed", "34", "--bug", "E-03", "--budget", "0", "--out", &out,
    ]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(!said.out.contains("came down to"), "{}", said.out);
    assert!(said.out.contains("\n  40. ") && !said.out.contains("\n  41. "));
    assert!(said.out.contains("\n      ... and "), "{}", said.out);
    let command = format!("raftsim run '{out}/churn-34-E-03.json' --bug E-03");
    assert!(said.out.contains(&command), "{}", said.out);
}
