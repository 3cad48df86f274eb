//! The table of features in `docs/FEATURES.md` leads somewhere: its links, rules and names exist, and
//! each feature has code, a test and a scenario, or says why not.

use std::path::Path;

use raft_core::catalogue;

const FEATURES: &str = include_str!("../../../docs/FEATURES.md");
const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs");

/// Where the page's other names are declared.
const DECLARED: [(&str, &str); 9] = [
    ("Change", include_str!("../../../raft-core/src/request.rs")),
    ("Duties", include_str!("../../../kv/src/duties.rs")),
    ("Effect", include_str!("../../../raft-core/src/effect.rs")),
    (
        "ChangeOptions",
        include_str!("../../../raft-core/src/request.rs"),
    ),
    ("Input", include_str!("../../../raft-core/src/effect.rs")),
    ("Raft", include_str!("../../../raft-core/src/invariants.rs")),
    ("Raft", include_str!("../../../raft-core/src/status.rs")),
    ("Rules", include_str!("../../../raft-core/src/rules.rs")),
    (
        "Settings",
        include_str!("../../../raft-core/src/settings.rs"),
    ),
];

/// Rows of the tables: the feature, and what is said of it here.
fn rows() -> Vec<(&'static str, &'static str)> {
    let lines = FEATURES.lines().filter_map(|line| line.strip_prefix("| "));
    let rows = lines.map(|line| {
        let cells: Vec<_> = line.trim_end_matches(" |").split(" | ").collect();
        assert_eq!(cells.len(), 8, "{line}");
        (cells[0], cells[7])
    });
    rows.filter(|(feature, _)| *feature != "Feature").collect()
}

/// Targets of the links in a text that lead to files.
fn links(text: &'static str) -> impl Iterator<Item = &'static str> {
    let targets = text.split("](").skip(1);
    let targets = targets.filter_map(|rest| rest.split_once(')').map(|(target, _)| target));
    targets.filter(|target| !target.starts_with("http"))
}

/// What stands between backticks.
fn quoted(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split('`').skip(1).step_by(2)
}

/// The words of a source file.
fn words(source: &'static str) -> impl Iterator<Item = &'static str> {
    source.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
}

#[test]
fn every_link_leads_to_a_file() {
    assert!(links(FEATURES).count() > 100, "the page is read");
    for link in links(FEATURES) {
        assert!(Path::new(DOCS).join(link).is_file(), "{link}");
    }
}

#[test]
fn every_rule_and_every_other_name_exists() {
    let named = rows().into_iter().flat_map(|(_, here)| quoted(here));
    for name in named {
        if let Some((group, member)) = name.split_once("::") {
            let declared = DECLARED.iter().filter(|(known, _)| *known == group);
            let mut words = declared.flat_map(|(_, source)| words(source));
            assert!(words.any(|word| word == member), "{name}");
        } else if name.contains('.') {
            let mut rules = catalogue().iter();
            assert!(rules.any(|(_, card)| card.name == name), "{name}");
        }
    }
}

#[test]
fn every_feature_has_code_a_test_and_a_scenario_or_says_why_not() {
    let rows = rows();
    assert!(rows.len() > 40, "the tables are read");
    for (feature, here) in rows {
        if let Some(reason) = here.strip_prefix("—: ") {
            assert!(!reason.is_empty(), "{feature}");
            continue;
        }
        let leads = |folder: &str| links(here).any(|link| link.starts_with(folder));
        let (code, tests) = (
            ["../raft-core/src/", "../kv/src/"],
            ["../raft-core/tests/", "../kv/tests/"],
        );
        assert!(quoted(here).next().is_some(), "{feature}: which rule?");
        assert!(code.into_iter().any(leads), "{feature}: where?");
        let tested = tests.into_iter().any(leads) || here.contains("no test: ");
        assert!(tested, "{feature}: who tests it?");
        let shown = leads("../scenarios/") || here.contains("no scenario: ");
        assert!(shown, "{feature}: what shows it?");
    }
}
