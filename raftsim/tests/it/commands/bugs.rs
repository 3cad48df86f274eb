//! Bugs: listed, shown, planted in a run.

use sut::bugs::Bug;

use super::{json, says, scenario, scratch, write};

#[test]
fn bugs_are_listed_as_a_table_and_as_json() {
    let said = says(&["bugs"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    assert_eq!(said.out, says(&["bugs", "list"]).out);
    for bug in Bug::ALL {
        let line = said.out.lines().find(|line| line.starts_with(bug.id()));
        let line = line.unwrap_or_else(|| panic!("{bug} is not listed"));
        assert!(line.ends_with(bug.card().title), "{line}");
    }
    let lines = says(&["bugs", "--json"]).out;
    assert_eq!(lines, says(&["bugs", "list", "--json"]).out);
    let ids: Vec<_> = lines.lines().map(|line| json(line)["id"].clone()).collect();
    assert_eq!(ids.len(), Bug::ALL.len());
    assert!(json(lines.lines().next().unwrap())["breaks"].is_array());
}

#[test]
fn a_bug_is_shown_and_explained_in_the_same_words() {
    let said = says(&["bugs", "show", "C-01"]);
    assert_eq!(said.code, 0, "{}", said.err);
    for part in [
        "C-01 (a bug)",
        "Figure 8",
        "Rules::leader_commit",
        "commit.current-term-only",
        "leader-completeness",
    ] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    assert_eq!(says(&["explain", "c-01"]).out, said.out);
    let wrong = says(&["bugs", "show", "C-1"]);
    assert_eq!((wrong.code, wrong.out.as_str()), (2, ""));
    assert!(wrong.err.contains("did you mean C-01?"), "{}", wrong.err);
}

#[test]
fn a_planted_bug_is_named_in_every_report_of_its_run() {
    let said = says(&["run", "churn", "--bug", "A-03"]);
    assert_eq!(said.code, 1, "{}", said.out);
    let named = "A-03 is planted: Something only one server knows gets into the state";
    assert!(said.out.contains(named), "{}", said.out);
    for again in [
        "run churn --seed 1 --bug A-03",
        "trace churn --seed 1 --bug A-03",
    ] {
        assert!(said.out.contains(again), "{}", said.out);
    }
    let line = says(&["run", "churn", "--bug", "a-03", "--json"]).out;
    assert_eq!(json(&line)["bug"], "A-03");
    assert_eq!(json(&line)["violation"]["name"], "state-machine-safety");
    assert!(
        json(&says(&["run", "first-tour", "--json"]).out)
            .get("bug")
            .is_none()
    );
    let total = says(&["run", "churn", "--bug", "A-03", "--json", "--runs", "2"]).out;
    assert_eq!(json(total.lines().last().unwrap())["bug"], "A-03");
}

#[test]
fn a_trace_says_which_bug_its_servers_had() {
    let file = scratch("planted.jsonl");
    let path = file.to_str().unwrap();
    let said = says(&["run", "churn", "--bug", "A-03", "--trace", path]);
    assert_eq!(said.code, 1, "{}", said.err);
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(json(text.lines().next().unwrap())["bug"], "A-03");
    let read = says(&["trace", path, "--kind", "role"]);
    assert!(read.out.starts_with("A-03 is planted"), "{}", read.out);
    let traced = says(&["trace", "churn", "--bug", "A-03", "--kind", "role"]);
    assert!(traced.out.starts_with(&read.out), "{}", traced.out);
    assert_eq!(says(&["trace", path, "--bug", "A-03"]).code, 2);
    let sound = says(&["trace", "first-tour", "--kind", "role"]);
    assert!(!sound.out.contains("planted"));
}

#[test]
fn the_second_process_has_the_bug_too() {
    let said = says(&["run", "churn", "--bug", "R-04", "--twice", "--runs", "2"]);
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(
        said.out.contains("the same hash in two processes"),
        "{}",
        said.out
    );
}

#[test]
fn an_expectation_that_is_not_met_does_not_hide_a_property() {
    let expect = r#"{ "limits": { "elections": "== 0" }, "sometimes": [{ "crashes": ">= 9" }] }"#;
    let file = scenario("unmet", expect);
    let said = says(&["run", &file, "--bug", "A-03"]);
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(
        said.out.contains("VIOLATED state-machine-safety"),
        "{}",
        said.out
    );
}

#[test]
fn settings_that_belong_to_a_bug_come_with_it() {
    let text = r#"{ "format": 1, "nodes": ["S1", "S2", "S3"],
      "phases": [{ "name": "a", "for": "1s" }] }"#;
    let file = write("settings.json", text);
    let asks = |bug: &[&str]| {
        let said = says(&[&["trace", &file, "--kind", "vote"], bug].concat());
        said.out.contains("pre-vote?")
    };
    assert!(asks(&[]) && !asks(&["--bug", "L-07"]));
}

#[test]
fn a_hunt_shows_how_soon_each_bug_is_found_with_any_number_of_threads() {
    let hunt = |jobs: &str| {
        let args = [
            "bugs", "hunt", "P-01", "P-08", "--starts", "3", "-j", jobs, "--json",
        ];
        let said = says(&args);
        assert_eq!(said.code, 0, "{}", said.err);
        let lines = said.out.lines().map(json);
        let found = lines.map(|line| {
            assert_eq!(line["tells"], true, "{line}");
            ["bug", "seeds", "failure", "steps"].map(|field| line[field].clone())
        });
        found.collect::<Vec<_>>()
    };
    let found = hunt("1");
    assert_eq!(found.len(), 6);
    assert_eq!(found, hunt("3"));
}

#[test]
fn a_hunt_without_time_says_that_it_found_nothing() {
    let args = [
        "bugs",
        "hunt",
        "C-01",
        "--starts",
        "2",
        "--cap",
        "1ns",
        "--markdown",
    ];
    let said = says(&args);
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(said.out.starts_with("# How soon planted bugs are found\n"));
    let row = said
        .out
        .lines()
        .find(|line| line.starts_with("| C-01 | 0/2 | > 1 (> 1) |"));
    assert!(row.is_some(), "{}", said.out);
    let wrong = says(&["bugs", "hunt", "C-1"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("did you mean C-01?"), "{}", wrong.err);
    let wrong = says(&["bugs", "hunt", "C-01", "--profile", "nothing"]);
    assert_eq!(wrong.code, 2, "{}", wrong.err);
}
