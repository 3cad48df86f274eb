//! The list of musts and the tests of the paper suite agree: no test is named that does not exist,
//! and none exists that proves nothing of the paper.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use command::musts::{Must, sections};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const SUITE: &str = "raft-core/tests/it/paper";

fn read(path: impl AsRef<Path>) -> String {
    let path = Path::new(ROOT).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The tests of a source file, by name.
fn tests_of(source: &str) -> Vec<String> {
    let mut lines = source.lines().map(str::trim_start);
    let mut names = Vec::new();
    while let Some(line) = lines.next() {
        if line == "#[test]" {
            let name = lines.by_ref().find_map(|line| line.strip_prefix("fn "));
            let name = name.and_then(|rest| rest.split('(').next());
            names.push(name.expect("a test is a function").to_owned());
        }
    }
    names
}

/// Every test of the suite, as the list names it.
fn suite() -> BTreeSet<String> {
    let main = read(format!("{SUITE}/mod.rs"));
    let folder = Path::new(ROOT).join(SUITE);
    let mut tests = BTreeSet::new();
    for file in fs::read_dir(folder).expect("the suite is there") {
        let name = file.expect("it can be listed").file_name();
        let name = name.to_str().expect("sources have plain names");
        let module = name.strip_suffix(".rs").expect("it holds sources only");
        if module != "mod" {
            assert!(
                main.contains(&format!("\nmod {module};\n")),
                "{name} is never built"
            );
            let names = tests_of(&read(format!("{SUITE}/{name}")));
            tests.extend(names.into_iter().map(|test| format!("{module}::{test}")));
        }
    }
    tests
}

fn musts() -> Vec<Must> {
    sections()
        .into_iter()
        .flat_map(|section| section.musts)
        .collect()
}

#[test]
fn every_test_that_a_must_names_exists() {
    let suite = suite();
    assert!(suite.len() >= 60, "only {} tests", suite.len());
    for must in musts() {
        for named in must.tests {
            let (place, test) = named.rsplit_once("::").expect("a test is file::name");
            let exists = match place.strip_suffix(".rs") {
                Some(_) => tests_of(&read(place)).iter().any(|name| name == test),
                None => suite.contains(&named),
            };
            assert!(exists, "{named} does not exist: {}", must.must);
        }
    }
}

#[test]
fn every_test_of_the_suite_proves_a_must() {
    let named: BTreeSet<_> = musts().into_iter().flat_map(|must| must.tests).collect();
    let idle: Vec<_> = suite().difference(&named).cloned().collect();
    assert!(idle.is_empty(), "no must names {idle:#?}");
}

#[test]
fn every_must_is_one_sentence_and_gives_a_reason_if_it_has_no_test() {
    let mut said = BTreeSet::new();
    for section in sections() {
        assert!(!section.title.is_empty());
        assert_eq!(
            section.why.is_some(),
            section.musts.is_empty(),
            "{}",
            section.section
        );
        for must in section.musts {
            let text = must.must.as_str();
            assert!(text.ends_with('.') && text.len() < 160, "{text}");
            assert!(
                !text.trim_end_matches('.').contains(". "),
                "one sentence: {text}"
            );
            assert_eq!(must.why.is_some(), must.tests.is_empty(), "{text}");
            let once: BTreeSet<_> = must.tests.iter().collect();
            assert_eq!(
                once.len(),
                must.tests.len(),
                "a test is named twice: {text}"
            );
            assert!(said.insert(must.must.clone()), "said twice: {}", must.must);
        }
    }
    assert!(said.len() > 100, "only {} musts", said.len());
}
