//! The corpus's hashes are committed, so a change of behaviour is noticed and must be made on
//! purpose.

use std::path::PathBuf;

use crate::corpus::{corpus, scenario, scenarios};
use runner::{TRACE_VERSION, run};
use serde_json::{Map, Value, json};

/// If this variable has any value, the test writes the file anew.
const REGENERATE: &str = "RAFTSIM_REGENERATE";
const HOW: &str = "RAFTSIM_REGENERATE=1 cargo test -p tests --test it golden";
/// The seed of the committed hashes.
const SEED: u64 = 1;

/// The file has a folder of its own, so that `scenarios/*.json` matches only scenarios.
fn path() -> PathBuf {
    scenarios().join("golden/seed-1.json")
}

/// The content of the file, if it exists.
fn golden() -> Option<Value> {
    let text = std::fs::read_to_string(path()).ok()?;
    Some(serde_json::from_str(&text).expect("golden/seed-1.json is what this test wrote"))
}

/// Each file's hash in the current runs.
fn hashes() -> Map<String, Value> {
    let hash = |file: String| {
        let outcome = run(&scenario(&file, SEED));
        (file, json!(format!("{:016x}", outcome.trace_hash)))
    };
    corpus().into_iter().map(hash).collect()
}

/// The files of the corpus whose run has changed under the same trace version.
fn changed(golden: &Value, hashes: &Map<String, Value>) -> Vec<String> {
    if golden["trace_version"] != TRACE_VERSION {
        return Vec::new();
    }
    let differs = |(file, hash): (&String, &Value)| {
        let known = golden["hashes"].get(file)?;
        (known != hash).then(|| format!("{file}: was {known}, is {hash}"))
    };
    hashes.iter().filter_map(differs).collect()
}

#[test]
fn seed_1_of_each_file_gives_the_committed_hash() {
    let (golden, hashes) = (golden(), hashes());
    let changed = golden
        .as_ref()
        .map_or(Vec::new(), |golden| changed(golden, &hashes));
    assert!(
        changed.is_empty(),
        "scenarios give other runs than before for the same seed. If that is meant, bump \
         TRACE_VERSION (raftsim/runner/src/run.rs) on purpose, then run `{HOW}`:\n{}",
        changed.join("\n")
    );
    let found = json!({ "trace_version": TRACE_VERSION, "seed": SEED, "hashes": hashes });
    #[expect(
        clippy::disallowed_methods,
        reason = "whoever runs the test asks for it"
    )]
    let regenerate = std::env::var(REGENERATE).is_ok();
    if regenerate {
        let text = serde_json::to_string_pretty(&found).expect("strings and numbers are JSON");
        let folder = scenarios().join("golden");
        std::fs::create_dir_all(folder).expect("the corpus can be written");
        std::fs::write(path(), text + "\n").expect("the corpus can be written");
        return;
    }
    assert!(
        golden.as_ref() == Some(&found),
        "scenarios/golden/seed-1.json is missing, of another trace version, or not of this corpus: run `{HOW}`"
    );
}

#[test]
fn a_changed_run_is_told_from_a_new_file_and_a_new_version() {
    let hashes = Map::from_iter([("a.json".to_owned(), json!("01"))]);
    let golden =
        |version: u32, hashes: Value| json!({ "trace_version": version, "hashes": hashes });
    assert_eq!(
        changed(&golden(TRACE_VERSION, json!({ "a.json": "02" })), &hashes).len(),
        1
    );
    assert!(changed(&golden(TRACE_VERSION, json!({})), &hashes).is_empty());
    let bumped = golden(TRACE_VERSION + 1, json!({ "a.json": "02" }));
    assert!(changed(&bumped, &hashes).is_empty());
}
