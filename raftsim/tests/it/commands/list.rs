//! `list`.

use std::collections::BTreeSet;

use super::{json, says, scratch};

const HEADINGS: [&str; 6] = [
    "Examples: ",
    "Lessons: ",
    "Figures of ",
    "The tests of MIT's course 6.5840",
    "Regressions: ",
    "Controls: ",
];

#[test]
fn every_group_has_a_heading_and_every_file_one_line() {
    let said = says(&["list"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    let headings = said
        .out
        .lines()
        .filter(|line| HEADINGS.iter().any(|head| line.starts_with(head)));
    assert_eq!(headings.count(), HEADINGS.len(), "{}", said.out);
    let line = |name: &str| {
        let mut lines = said.out.lines();
        let found = lines.find(|line| line.split_whitespace().next() == Some(name));
        found.unwrap_or_else(|| panic!("{name} is missing:\n{}", said.out))
    };
    let first = said.out.lines().nth(1).unwrap_or_default();
    assert_eq!(first, line("first-tour"));
    assert!(first.ends_with("loses no write"));
    assert!(line("figure/8").ends_with("(Figure 8)"));
    assert!(line("figure/leases").ends_with("(Figure 6.3 of the dissertation)"));
    assert!(line("mit/3b-count").ends_with("(TestCount3B)"));
    assert!(!said.out.contains("golden") && !said.out.contains("mistakes"));
    assert!(!said.out.contains('\x1b'), "a pipe gets no colours");
}

#[test]
fn lessons_stand_in_reading_order() {
    let said = says(&["list", "lessons"]);
    let at = |text: &str| {
        let found = said.out.find(text);
        found.unwrap_or_else(|| panic!("{text} is missing:\n{}", said.out))
    };
    let order = [
        "Elections\n",
        "lesson/e1-first-election ",
        "lesson/e2-",
        "lesson/e10-",
        "Replication\n",
        "lesson/r1-",
        "Membership\n",
        "lesson/m9-",
        "lesson/m10-joint-consensus ",
    ];
    assert!(order.map(at).is_sorted(), "{}", said.out);
    assert!(!said.out.contains("first-tour") && !said.out.contains("mit/"));
}

#[test]
fn every_shipped_scenario_has_a_title_and_a_name_that_finds_it() {
    let said = says(&["list", "--json"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    let entries: Vec<_> = said.out.lines().map(json).collect();
    assert!(entries.len() > 100, "{}", said.out);
    let mut names = BTreeSet::new();
    for entry in &entries {
        let name = entry["name"].as_str().unwrap();
        assert_eq!(entry["path"], format!("scenarios/{name}.json"));
        assert_eq!(entry["sound"], true, "{entry}");
        // A file without a title is called by its name.
        let title = entry["title"].as_str().unwrap();
        assert!(title.contains(' '), "{entry}");
        let known = ["group", "mode"].map(|field| entry[field].is_string());
        let lists = ["source", "branches"].map(|field| entry[field].is_array());
        assert_eq!((known, lists), ([true; 2], [true; 2]), "{entry}");
        assert!(names.insert(name.to_owned()), "{name} stands here twice");
    }
    assert!(entries.iter().any(|entry| entry["mode"] == "stepped"));
    assert_eq!(
        says(&["check", "lesson/e1-first-election", "e2-terms-are-a-clock"]).code,
        0
    );
}

#[test]
fn a_group_has_the_name_of_its_folder_too_and_several_may_be_given() {
    let lessons = says(&["list", "lessons"]);
    for same in ["lesson", "scenarios/lesson", "./scenarios/lesson/"] {
        let said = says(&["list", same]);
        assert_eq!(
            (said.code, said.out.lines().count()),
            (0, lessons.out.lines().count()),
            "{same}"
        );
    }
    let both = says(&["list", "figures", "controls"]);
    assert!(both.out.contains("figure/7 ") && both.out.contains("control/shorter-log-wins "));
    assert_eq!(both.out.matches("raftsim list").count(), 2, "{}", both.out);
}

#[test]
fn an_unknown_group_is_an_error_with_a_suggestion() {
    let empty = scratch("empty-folder");
    std::fs::create_dir_all(&empty).unwrap();
    let cases = [
        (
            "lesons",
            4,
            "no group of scenarios is called lesons: did you mean lessons?",
        ),
        (
            "xyzzy",
            4,
            "the groups are examples, lessons, figures, mit, regressions, controls",
        ),
        ("no/such/folder", 2, "there is no folder no/such/folder"),
        (
            "scenarios/churn.json",
            2,
            "is a file, not a folder: `raftsim check scenarios/churn.json`",
        ),
        (empty.to_str().unwrap(), 4, "there are no scenarios in "),
    ];
    for (argument, code, message) in cases {
        let said = says(&["list", argument]);
        assert_eq!(
            (said.code, said.out.as_str()),
            (code, ""),
            "{argument}: {}",
            said.err
        );
        assert!(said.err.contains(message), "{argument}: {}", said.err);
    }
}

#[test]
fn a_folder_of_ones_own_is_a_plain_list_and_marks_files_with_mistakes() {
    let folder = scratch("own-scenarios");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("bad.json"), "{ \"format\": 1 }").unwrap();
    let good = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../scenarios/first-tour.json"
    ));
    std::fs::write(folder.join("good.json"), good.unwrap()).unwrap();
    let folder = folder.to_str().unwrap();
    let said = says(&["list", folder]);
    assert_eq!(said.code, 0);
    let lines: Vec<_> = said.out.lines().collect();
    assert_eq!(lines.len(), 2, "{}", said.out);
    assert!(lines[0].starts_with(folder) && lines[0].contains("has mistakes: `raftsim check "));
    assert!(lines[1].ends_with("loses no write"));
    let said = says(&["list", folder, "--json"]);
    let bad = json(said.out.lines().next().unwrap());
    assert_eq!(
        (bad["sound"].as_bool(), bad["title"].as_str()),
        (Some(false), None)
    );
}
