//! `raftsim linearize`.

use serde_json::Value;

use super::{says, scratch};

const STALE: &str = "linearize/examples/stale-read.jsonl";

fn file(name: &str, text: &str) -> String {
    let path = scratch(name);
    std::fs::write(&path, text).expect("the folder is there");
    path.display().to_string()
}

fn line(text: &str) -> Value {
    serde_json::from_str(text).expect("a line of JSON")
}

#[test]
fn a_stale_read_is_told_drawn_and_ends_with_1() {
    let svg = scratch("stale.svg");
    let said = says(&["linearize", STALE, "--svg", &svg.display().to_string()]);
    assert_eq!(said.code, 1, "{}", said.err);
    let head = format!("FAILED {STALE}: not linearizable: key x (7 operations on 2 keys, tier 1, ");
    assert!(said.out.starts_with(&head), "{}", said.out);
    for part in [
        "stale read: get x: \"a\" of process 0 cannot be placed.",
        "is replaced by put x \"b\" of process 1, which returned at 9.",
        "The longest linearizable prefix, 3 operations in an order that explains it:",
        "    put x \"b\", process 1\n",
    ] {
        assert!(said.out.contains(part), "{part}\n{}", said.out);
    }
    let drawn = std::fs::read_to_string(svg).expect("it is drawn");
    assert!(
        drawn.starts_with("<svg") && drawn.contains("stale read on key x"),
        "{drawn}"
    );
}

#[test]
fn json_is_one_line_a_file_and_an_empty_one_is_linearizable() {
    let empty = file("empty.jsonl", "");
    let said = says(&["linearize", "--json", &empty, STALE]);
    assert_eq!(said.code, 1);
    let lines: Vec<_> = said.out.lines().map(line).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["file"], *empty);
    assert_eq!(lines[0]["verdict"], "linearizable");
    assert_eq!(
        (&lines[0]["ops"], &lines[0]["tier"]),
        (&Value::from(0), &Value::from(0))
    );
    assert_eq!(lines[0]["explanation"], Value::Null);
    assert_eq!(lines[1]["verdict"], "not-linearizable");
    assert_eq!(lines[1]["nodes"], 0);
    let why = &lines[1]["explanation"];
    assert_eq!(
        (&why["class"], &why["key"]),
        (&Value::from("stale read"), &Value::from("x"))
    );
    assert_eq!(why["operation"]["call"], 11);
    assert_eq!(why["needed"].as_array().map(Vec::len), Some(3));
}

#[test]
fn a_malformed_file_is_shown_and_the_others_are_judged() {
    let put = r#"{"process":0,"call":1,"return":4,"op":"put","key":"x","value":"a"}"#;
    let text = put.replace(":4", ":\"4\"");
    let malformed = file("malformed.jsonl", &format!("\n{text}\n"));
    let fine = file("fine.jsonl", put);
    let said = says(&["linearize", &malformed, "no-such-file", &fine]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("malformed.jsonl:2:32"), "{}", said.err);
    assert!(
        said.err
            .contains("an integer, or null where the outcome is unknown"),
        "{}",
        said.err
    );
    assert!(
        said.err.contains("cannot read no-such-file"),
        "{}",
        said.err
    );
    assert!(said.out.starts_with("ok ") && said.out.contains("fine.jsonl: linearizable"));
}

#[test]
fn what_is_too_hard_is_inconclusive_and_ends_with_3() {
    // Writes of few values side by side, and failed compare-and-swaps that say little.
    let mut lines = Vec::new();
    for place in 0..40 {
        let (call, ret) = (place, 1_000 + place);
        let value = place % 4;
        lines.push(format!(
            r#"{{"process":{place},"call":{call},"return":{ret},"op":"append","key":"x","value":"{value}"}}"#
        ));
    }
    lines.push(
        r#"{"process":99,"call":5000,"return":5001,"op":"get","key":"x","result":"0123012301230123012301230123012301230132"}"#
            .to_owned(),
    );
    let hard = file("hard.jsonl", &lines.join("\n"));
    let said = says(&["linearize", "--budget", "5", &hard]);
    assert_eq!(said.code, 3, "{}{}", said.out, said.err);
    assert!(
        said.out
            .contains("undecided after 5 nodes: a larger --budget may decide it"),
        "{}",
        said.out
    );
    let said = says(&["linearize", "--json", "--budget", "5", &hard]);
    assert_eq!(line(&said.out)["verdict"], "inconclusive");
    assert_eq!(says(&["linearize", &hard]).code, 0);
}

#[test]
fn the_command_line_is_checked() {
    assert_eq!(says(&["linearize"]).code, 2);
    assert_eq!(says(&["linearize", "--budget", "0", STALE]).code, 2);
    let said = says(&["linearize", "--svg", "x.svg", STALE, STALE]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("give one file"), "{}", said.err);
}

#[test]
fn the_history_of_a_run_can_be_checked_and_is_linearizable() {
    let history = scratch("run.jsonl").display().to_string();
    let ran = says(&["run", "first-tour", "--history", &history]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let said = says(&["linearize", "--json", &history]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let judged = line(&said.out);
    assert_eq!(judged["verdict"], "linearizable");
    assert!(judged["ops"].as_u64() > Some(10), "{judged}");
}
