//! The shipped scenarios, the published schema and the reference page agree with the code.

use std::path::{Path, PathBuf};

use scenario::{Code, Overrides, check_all, parse, render, schema};
use serde_json::Value;
use sut::Property;

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

fn read(path: &str) -> String {
    std::fs::read_to_string(project(path)).expect(path)
}

fn scenarios() -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = std::fs::read_dir(project("scenarios"))
        .expect("the folder of scenarios")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "json"))
        .map(|path| {
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            let text = std::fs::read_to_string(&path).expect("a text");
            (name, text)
        })
        .collect();
    files.sort();
    assert!(files.len() >= 9, "the corpus is where it should be");
    files
}

#[test]
fn every_scenario_is_sound_whatever_its_parameters() {
    for (name, text) in scenarios() {
        let found = check_all(&name, &text);
        assert!(found.is_empty(), "{}", render(&found, &text, false));
    }
}

#[test]
fn a_resolved_scenario_is_a_scenario_that_resolves_to_itself() {
    for (name, text) in scenarios() {
        for seed in 1..=20 {
            let overrides = Overrides {
                seed: Some(seed),
                ..Overrides::default()
            };
            let mut first = parse(&name, &text, &overrides).expect("a sound scenario");
            assert_eq!(first.seed, seed);
            let printed = first.to_json();
            let again = parse(&name, &printed, &Overrides::default())
                .unwrap_or_else(|found| panic!("{}", render(&found, &printed, false)));
            // A resolved file does not contain the drawn parameters. Everything else stays.
            first.params.clear();
            assert_eq!(first, again, "{name}, seed {seed}");
        }
    }
}

#[test]
fn every_scenario_explains_itself_and_expects_recovery_and_coverage() {
    for (name, text) in scenarios() {
        let scenario = parse(&name, &text, &Overrides::default()).expect("a sound scenario");
        assert_eq!(format!("{}.json", scenario.name), name);
        assert!(
            scenario.title.is_some() && scenario.note.is_some(),
            "{name}"
        );
        assert_eq!(
            scenario.expect.properties().len(),
            Property::SINGLE.len(),
            "{name} checks everything"
        );
        assert!(!scenario.expect.eventually.is_empty(), "{name}");
        assert!(!scenario.expect.sometimes.is_empty(), "{name}");
    }
}

/// `RAFTSIM_WRITE_SCHEMA=1 cargo test -p scenario --test it corpus` writes the schema anew.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a switch for whoever changes the format"
)]
fn the_published_schema_is_the_generated_one() {
    let path = "scenarios/schema/scenario-1.json";
    if std::env::var("RAFTSIM_WRITE_SCHEMA").is_ok() {
        std::fs::write(project(path), schema()).expect("the schema can be written");
    }
    assert!(
        read(path) == schema(),
        "run this test with RAFTSIM_WRITE_SCHEMA=1 and commit {path}"
    );
}

/// Calls `see` with the path and schema of every property anywhere in a schema.
fn properties(schema: &Value, path: &str, see: &mut impl FnMut(&str, &str, &Value)) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::Object(fields)) = object.get("properties") {
                for (name, field) in fields {
                    see(path, name, field);
                }
            }
            for (key, value) in object {
                properties(value, &format!("{path}/{key}"), see);
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                properties(item, &format!("{path}/{i}"), see);
            }
        }
        _ => {}
    }
}

#[test]
fn every_field_is_described_closed_and_never_null() {
    let schema: Value = serde_json::from_str(&schema()).expect("JSON");
    let mut seen = 0;
    properties(&schema, "", &mut |path, name, field| {
        seen += 1;
        let text = field
            .get("description")
            .and_then(Value::as_str)
            .unwrap_or_default();
        assert!(text.len() > 10, "{path}/{name} has no description");
        assert!(
            !field.to_string().contains("\"null\""),
            "{path}/{name} allows null"
        );
    });
    assert!(seen > 80, "the schema has fields");
    closed(&schema, "");
}

/// Every object with named fields refuses others.
fn closed(schema: &Value, path: &str) {
    let Some(object) = schema.as_object() else {
        return;
    };
    if object.get("properties").is_some_and(Value::is_object) && !path.ends_with("/properties") {
        assert_eq!(
            object.get("additionalProperties"),
            Some(&Value::Bool(false)),
            "{path}"
        );
    }
    for (key, value) in object {
        closed(value, &format!("{path}/{key}"));
    }
}

#[test]
fn the_reference_page_mentions_every_field_word_metric_and_code() {
    let page = read("docs/scenario-format.md");
    let schema: Value = serde_json::from_str(&schema()).expect("JSON");
    let mut words = Vec::new();
    properties(&schema, "", &mut |_, name, _| words.push(name.to_owned()));
    collect_words(&schema, &mut words);
    words.extend(Code::ALL.iter().map(|code| code.as_str().to_owned()));
    for word in words {
        assert!(
            page.contains(&format!("`{word}`")),
            "the reference page lacks `{word}`"
        );
    }
}

/// Every word that an enumeration allows.
fn collect_words(schema: &Value, words: &mut Vec<String>) {
    match schema {
        Value::Object(object) => {
            let listed = object
                .get("enum")
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            words.extend(
                listed
                    .chain(object.get("const"))
                    .filter_map(Value::as_str)
                    .map(str::to_owned),
            );
            object
                .values()
                .for_each(|value| collect_words(value, words));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_words(item, words)),
        _ => {}
    }
}

#[test]
fn the_example_on_the_reference_page_is_sound() {
    let page = read("docs/scenario-format.md");
    let example = page
        .split("```json\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .expect("the page begins with an example");
    let found = check_all("example.json", example);
    assert!(found.is_empty(), "{}", render(&found, example, false));
}
