//! `raftsim replay`, of what `fuzz` keeps of a failure.

use std::path::{Path, PathBuf};

use runner::TRACE_VERSION;

use super::{Said, says, scratch};

/// Fuzzes up to a failure with a planted bug; its folder and its token.
fn failure(test: &str) -> (PathBuf, String) {
    let out = scratch(test);
    let _ = std::fs::remove_dir_all(&out);
    let out = out.display().to_string();
    let args = [
        "fuzz", "--bug", "P-01", "--seeds", "0..100", "--json", "--out", &out,
    ];
    let said = says(&args);
    let line = said.out.lines().next().expect("a failure");
    let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
    let text = |field: &str| line[field].as_str().expect(field).to_owned();
    (text("folder").into(), text("token"))
}

fn replay(what: &str) -> Said {
    says(&["replay", what])
}

fn edit(folder: &Path, file: &str, change: impl FnOnce(String) -> String) {
    let path = folder.join(file);
    let text = std::fs::read_to_string(&path).expect("it is there");
    std::fs::write(&path, change(text)).expect("it can be written");
}

#[test]
fn a_folder_a_token_and_the_actions_give_the_same_run_again() {
    let (folder, token) = failure("replay-same");
    for name in [
        "scenario.json",
        "actions.json",
        "history.jsonl",
        "trace.jsonl",
        "servers.json",
        "verdict.json",
    ] {
        assert!(folder.join(name).is_file(), "{name}");
    }
    let said = replay(&folder.display().to_string());
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    let same = said.out.lines().next().expect("a line").to_owned();
    assert!(same.starts_with("ok the same run: trace hash "), "{same}");
    let hash = same.rsplit(' ').next().expect("the hash");
    let actions = replay(&folder.join("actions.json").display().to_string());
    assert!(
        actions.out.starts_with(&same),
        "{}{}",
        actions.out,
        actions.err
    );
    let said = replay(&token);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(
        said.out.starts_with(&format!("trace hash {hash}")),
        "{}",
        said.out
    );
}

#[test]
fn a_replay_shows_its_events_up_to_a_time() {
    let (folder, token) = failure("replay-trace");
    let folder = folder.display().to_string();
    let whole = says(&["replay", &folder, "--trace"]);
    let part = says(&["replay", &token, "--until", "50ms"]);
    let events = |said: &Said| said.out.lines().filter(|line| line.contains('←')).count();
    assert!(part.out.contains("phase storm-1 begins"), "{}", part.out);
    assert!(events(&whole) > events(&part));
}

#[test]
fn a_failure_of_another_trace_version_is_replayed_from_its_actions() {
    let (folder, token) = failure("replay-version");
    let now = format!("\"trace_version\": {TRACE_VERSION}");
    let older = |text: String| text.replace(&now, "\"trace_version\": 0");
    edit(&folder, "verdict.json", older);
    edit(&folder, "actions.json", older);
    let said = replay(&folder.display().to_string());
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(
        said.err.contains("this failure has trace version 0"),
        "{}",
        said.err
    );
    assert!(
        said.out.starts_with("ok the same verdict: safety"),
        "{}",
        said.out
    );
    let said = replay(&token.replace(&format!(":{TRACE_VERSION}:"), ":0:"));
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("the token has trace version 0"),
        "{}",
        said.err
    );
}

#[test]
fn a_run_that_is_not_the_one_that_was_kept_is_noticed() {
    let (folder, token) = failure("replay-other");
    edit(&folder, "scenario.json", |text| {
        text.replace("\"seed\": ", "\"seed\": 1")
    });
    let said = replay(&folder.display().to_string());
    assert_eq!(said.code, 5, "{}{}", said.out, said.err);
    assert!(
        said.err.contains("this is not the same run"),
        "{}",
        said.err
    );
    let (source, rest) = token.split_once(':').expect("a token has parts");
    let other = format!("{source}:{}{}", "0".repeat(16), &rest[16..]);
    let said = replay(&other);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("quick has changed:"), "{}", said.err);
}

#[test]
fn a_damaged_folder_and_a_broken_token_are_errors() {
    let (folder, _) = failure("replay-damaged");
    let path = folder.display().to_string();
    edit(&folder, "verdict.json", |text| {
        text[..text.len() / 2].to_owned()
    });
    let damaged = replay(&path);
    std::fs::remove_file(folder.join("verdict.json")).expect("it is there");
    let cases = [
        (damaged, "verdict.json is damaged"),
        (replay(&path), "is not the folder of a failing run"),
        (replay("quick:00ff:1:1:-"), "the fingerprint of the token"),
        (replay("nowhere.json"), "there is no file nowhere.json"),
    ];
    for (said, expected) in cases {
        assert_eq!(said.code, 2, "{}", said.err);
        assert!(said.err.contains(expected), "{}", said.err);
    }
}
