//! `leases`.

use serde_json::Value;

use super::{json, says};

fn cells(args: &[&str]) -> (i32, Vec<Value>) {
    let said = says(&[&["leases", "--json"], args].concat());
    assert_eq!(said.err, "");
    (said.code, said.out.lines().map(json).collect())
}

#[test]
fn a_lease_is_as_safe_as_its_bound_and_a_read_that_asks_a_majority_needs_none() {
    let (code, cells) = cells(&[
        "--drift",
        "-50%",
        "--drift",
        "+10%",
        "--reads",
        "lease",
        "--reads",
        "read_index",
        "--seeds",
        "1..31",
    ]);
    assert_eq!(code, 0);
    assert_eq!(cells.len(), 2 * 2 * (3 + 1));
    for cell in cells {
        let lasts = cell["lease_ns"].as_u64() <= cell["longest_ns"].as_u64();
        let safe = cell["reads"] == "read_index" || lasts;
        assert_eq!(cell["safe"], safe, "{cell}");
        assert_eq!(cell["stale"] == 0, safe, "{cell}");
        assert_eq!(cell["runs"], 30);
    }
}

#[test]
fn an_unsafe_cell_without_stale_reads_is_inconclusive() {
    // In this seed the clock that is wrong belongs to the server that does not matter.
    let seed = |seed: u64| {
        let seeds = format!("{seed}..{}", seed + 1);
        says(&[
            "leases", "--drift", "-50%", "--reads", "lease", "--seeds", &seeds,
        ])
    };
    let quiet = (1..20).map(seed).find(|said| said.code == 3);
    let quiet = quiet.expect("S1 does not lead in every seed");
    assert!(quiet.out.contains("0 of 1 none seen"), "{}", quiet.out);
}

/// The page without what seeds change.
fn theory(page: &str) -> String {
    let changes = |line: &str| line.starts_with("Made by") || line.contains("cells that should be");
    let kept = page.lines().filter(|line| !changes(line));
    let kept = kept.map(|line| match line.starts_with("| ") {
        true => line.split(" | ").take(5).collect::<Vec<_>>().join(" | "),
        false => line.to_owned(),
    });
    kept.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_page_in_docs_is_the_output_of_the_command() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/leases.md");
    let page = std::fs::read_to_string(page).expect("docs/leases.md is there");
    let now = says(&["leases", "--markdown", "--seeds", "1..4"]);
    let again = "docs/leases.md is out of date: \
                 cargo run --release -q -p raftsim -- leases --markdown > docs/leases.md";
    assert!(theory(&now.out) == theory(&page), "{again}");
    assert!(!page.contains('✗') && !page.contains("none seen"));
}

#[test]
fn values_outside_the_table_are_refused() {
    assert_eq!(says(&["leases", "--drift", "5%"]).code, 2);
    assert_eq!(says(&["leases", "--reads", "none"]).code, 2);
    assert_eq!(says(&["leases", "--json", "--markdown"]).code, 2);
}
