//! The house has no circles across folders, and its drawing is up to date.

use std::path::Path;

use crate::drawing::House;

fn house() -> House {
    House::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")))
}

#[test]
fn the_testbed_is_stacked_from_the_system_under_test_to_the_command() {
    let house = house();
    let floors = house.floors();
    let floor = |name: &str| {
        let found = floors.iter().position(|names| names.contains(&name));
        found.unwrap_or_else(|| panic!("there is no crate {name}"))
    };
    let order = [
        "raft-core",
        "kv",
        "sut",
        "scenario",
        "runner",
        "report",
        "command",
        "raftsim",
    ];
    let order = order.map(floor);
    assert!(
        order.is_sorted_by(|a, b| a < b),
        "{order:?}\n{}",
        house.draw()
    );
    assert_eq!(
        floor("simulator"),
        0,
        "the engine imports no crate of this project"
    );
    assert_eq!(floor("linearize"), 0);
}

#[test]
fn no_files_of_different_folders_import_each_other_in_a_circle() {
    let across = house().circles();
    let across: Vec<_> = across
        .iter()
        .filter(|circle| circle.spans_folders())
        .collect();
    assert!(across.is_empty(), "{across:#?}");
}

#[test]
fn no_files_of_the_core_and_of_the_store_import_each_other_in_a_circle() {
    let circles = house().circles();
    let inside = circles
        .iter()
        .filter(|circle| ["raft-core", "kv"].contains(&&*circle.of));
    assert_eq!(inside.count(), 0, "{circles:#?}");
}
