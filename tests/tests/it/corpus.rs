//! Finds the scenarios of the corpus and runs them.

use std::path::PathBuf;

use runner::{Outcome, Unobserved, run_variant};
use scenario::{Overrides, Resolved, parse, render};
use sut::{AnyDuties, AnyRules, Variant};

/// The folder of the corpus.
#[must_use]
pub(crate) fn scenarios() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios"))
}

/// A scenario of the corpus, resolved for a seed.
///
/// # Panics
/// If the file is missing or has mistakes.
#[must_use]
pub(crate) fn scenario(name: &str, seed: u64) -> Resolved {
    let path = scenarios().join(name);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let overrides = Overrides {
        seed: Some(seed),
        ..Overrides::default()
    };
    parse(name, &text, &overrides)
        .unwrap_or_else(|found| panic!("{}", render(&found, &text, false)))
}

/// The names of the corpus's files, in order.
///
/// # Panics
/// If the folder cannot be read.
#[must_use]
pub(crate) fn corpus() -> Vec<String> {
    corpus_of("")
}

/// The names of the files in a folder of the corpus, in order.
///
/// # Panics
/// If the folder cannot be read.
#[must_use]
pub(crate) fn corpus_of(within: &str) -> Vec<String> {
    let folder = scenarios().join(within);
    let entries =
        std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".json"))
        .map(|name| match within {
            "" => name,
            _ => format!("{within}/{name}"),
        })
        .collect();
    names.sort();
    names
}

/// Runs a scenario with these rules and duties.
#[must_use]
pub(crate) fn run_with<R: AnyRules, D: AnyDuties>(
    scenario: &Resolved,
    rules: R,
    duties: D,
) -> Outcome {
    run_variant(scenario, &Variant::of(rules, duties), &mut Unobserved)
}
