//! Stepped scenarios and recordings on the command line.

use super::{json, says, scratch, write};

fn branches() -> String {
    let text = r#"{ "format": 1, "name": "branches", "mode": "stepped",
  "nodes": ["S1", "S2", "S3"],
  "raft": { "pre_vote": false },
  "steps": [
    { "elect": { "node": "S1", "votes": ["S2"] }, "say": "S1 wins with S2's vote." },
    { "ask": { "q": "May S3 win?", "choices": ["yes", "no"], "answer": "yes", "because": "not yet" } }
  ],
  "branches": {
    "lost": [{ "crash": "S1" }, { "expect": { "down": "S1" } }],
    "kept": [{ "replicate": { "from": "S1", "to": ["S2"] } }, { "expect": { "commit": { "S1": 1 } } }],
    "wrong": [{ "elect": { "node": "S3", "votes": ["S2"] } }]
  } }"#;
    write("branches.json", text)
}

#[test]
fn a_file_with_branches_is_as_many_runs() {
    let file = branches();
    let said = says(&["run", &file]);
    assert_eq!(said.code, 1, "{}", said.out);
    for part in [
        "ok     branches#kept",
        "ok     branches#lost",
        "FAILED branches#wrong",
        "STEP FAILED",
        "branches.wrong[0] (line 11:15)",
        "S2 refuses",
    ] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    let kept = says(&["run", &format!("{file}#kept"), "--twice"]);
    assert_eq!(kept.code, 0, "{}{}", kept.out, kept.err);
    assert!(kept.out.contains("same hash in two processes"));
    let unknown = says(&["run", &format!("{file}#lots")]);
    assert_eq!(unknown.code, 4, "{}", unknown.err);
    assert!(
        unknown.err.contains("did you mean lost?"),
        "{}",
        unknown.err
    );
    let wrong = says(&["run", &format!("{file}#wrong"), "--json"]);
    let line = json(wrong.out.trim());
    assert_eq!(line["violation"]["name"], "steps");
}

#[test]
fn a_trace_shows_the_texts_and_questions_of_steps() {
    let said = says(&["trace", &format!("{}#kept", branches())]);
    assert_eq!(said.code, 0, "{}", said.err);
    for part in [
        "S1 wins with S2's vote.",
        "question: May S3 win? (yes / no)",
        "answer: yes: not yet",
    ] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    let trunk = says(&["trace", &branches()]);
    assert!(trunk.err.contains("#kept") && trunk.err.contains("#lost"));
}

#[test]
fn a_summary_shows_the_texts_of_steps_in_their_places() {
    let said = says(&[
        "run",
        concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../scenarios/lesson/e1-first-election.json#replicated"
        ),
    ]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let place = |text: &str| {
        said.out
            .find(text)
            .unwrap_or_else(|| panic!("{}", said.out))
    };
    let stands = place("S1 stands for election in term 1");
    assert!(
        stands < place("Two of three votes are a majority"),
        "{}",
        said.out
    );
}

#[test]
fn events_after_an_unmet_step_are_not_shown_as_its_causes() {
    let said = says(&[
        "run",
        concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../scenarios/figure/8.json#d2-committed"
        ),
        "--bug",
        "C-01",
    ]);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    let unmet = "STEP FAILED at 0.990033572s";
    assert!(said.out.contains(unmet), "{}", said.out);
    let shown = said.out.lines().filter(|line| line.contains('←'));
    let times = shown.filter_map(|line| line.trim().split('s').next());
    let times: Vec<_> = times.filter(|time| time.starts_with(['0', '1'])).collect();
    assert!(!times.is_empty(), "{}", said.out);
    assert!(times.iter().all(|time| *time <= "0.990034"), "{}", said.out);
}

#[test]
fn a_recording_of_a_run_that_failed_at_a_step_replays_as_the_same_run() {
    let steps = [
        (r#"{ "expect": { "leader": "S2" } }"#, 1, ""),
        (
            r#"{ "crash": "S1" }, { "timeout": "S1" }"#,
            0,
            "was an impossible step",
        ),
    ];
    for (steps, code, note) in steps {
        let text = format!(
            r#"{{ "format": 1, "mode": "stepped", "nodes": ["S1", "S2", "S3"],
                "steps": [{{ "elect": {{ "node": "S1", "votes": ["S2"] }} }}, {steps}] }}"#
        );
        let file = write("failing-step.json", &text);
        let path = scratch("failing-step-actions.json");
        let path = path.to_str().expect("a plain name");
        assert_eq!(says(&["run", &file, "--actions", path]).code, 1);
        let said = says(&["replay", path]);
        assert_eq!(said.code, code, "{}{}", said.out, said.err);
        assert!(said.out.starts_with("ok the same run"), "{}", said.out);
        assert!(said.err.contains(note), "{}", said.err);
    }
}

#[test]
fn a_recorded_run_is_played_again_to_the_same_hash() {
    let path = scratch("recorded.json");
    let path = path.to_str().expect("a plain name");
    let hash = |out: &str| json(out.trim())["trace_hash"].as_str().map(str::to_owned);
    let first = says(&[
        "run",
        "split-brain",
        "--seed",
        "4",
        "--json",
        "--actions",
        path,
    ]);
    assert_eq!(first.code, 0, "{}", first.err);
    let again = says(&["run", path, "--json", "--twice"]);
    assert_eq!((again.code, again.err.as_str()), (0, ""));
    assert_eq!(hash(&first.out), hash(&again.out));
    assert_eq!(says(&["check", path]).code, 0);

    // With a bug, the recording knows which, and fails as the run did.
    let first = says(&[
        "run",
        "churn",
        "--bug",
        "C-01",
        "--seed",
        "5",
        "--json",
        "--actions",
        path,
    ]);
    let again = says(&["run", path, "--json"]);
    assert_eq!(
        (first.code, hash(&first.out)),
        (again.code, hash(&again.out))
    );
    assert_eq!(json(again.out.trim())["bug"], "C-01");

    let text = std::fs::read_to_string(path).expect("it was written");
    let edited = text.replacen("\"recorded\"", "\"note\": \"edited\", \"recorded\"", 1);
    let edited = edited.replacen(&hash(&first.out).expect("a hash"), "0123456789abcdef", 1);
    let said = says(&["run", &write("edited.json", &edited)]);
    assert!(said.err.contains("0123456789abcdef"), "{}", said.err);
}

#[test]
fn actions_are_of_one_run_and_overwrite_nothing() {
    let file = branches();
    let several = says(&["run", &file, "--actions", "/dev/null"]);
    assert_eq!(several.code, 2, "{}", several.err);
    let over = says(&["run", &format!("{file}#kept"), "--actions", &file]);
    assert_eq!(over.code, 2, "{}", over.err);
    assert!(over.err.contains("overwrite"));
}
