//! The tests of MIT's course as scenarios: they pass, repeat exactly, can be recorded, and catch
//! the bugs they name.

use crate::corpus::{corpus_of, scenario, scenarios};
use checks::Broken;
use runner::run_with_bug;
use runner::{Recording, Unobserved, Verdict, run};
use scenario::{Besides, CaughtAt, Metric, Overrides, parse, render};
use sut::bugs::Bug;

fn files() -> Vec<String> {
    let files = corpus_of("mit");
    assert!(files.len() >= 69, "the scenarios are gone");
    files
}

/// The seed in a file with which it names bugs.
fn own_seed(file: &str) -> u64 {
    let text = std::fs::read_to_string(scenarios().join(file)).expect("it was listed");
    let read = parse(file, &text, &Overrides::default());
    read.unwrap_or_else(|found| panic!("{}", render(&found, &text, false)))
        .seed
}

#[test]
fn every_scenario_says_what_it_is_and_holds() {
    for file in files() {
        for seed in 1..=3 {
            let scenario = scenario(&file, seed);
            assert_eq!(format!("mit/{}.json", scenario.name), file);
            assert!(
                scenario.title.is_some() && scenario.note.is_some() && scenario.source.is_some()
            );
            let outcome = run(&scenario);
            assert_eq!(outcome.verdict, Verdict::Ok, "{file} seed {seed}");
        }
    }
}

#[test]
fn a_scripted_run_is_the_same_again_and_can_be_recorded() {
    for file in [
        "3b-rejoin",
        "3c-persist-2",
        "3c-figure-8",
        "4a-one-partition-strict",
        "rsm-basic",
        "3d-snapshot-install-crash",
        "4b-snapshot-rpc",
    ] {
        let scenario = scenario(&format!("mit/{file}.json"), 5);
        let mut nobody = Unobserved;
        let mut recording = Recording::new(&mut nobody);
        let outcome = run_with_bug(&scenario, None, &mut recording);
        assert_eq!(outcome.trace_hash, run(&scenario).trace_hash, "{file}");
        let text = recording.into_scenario(&scenario, None, &outcome).to_json();
        let again = parse("recorded.json", &text, &Overrides::default());
        let again = again.unwrap_or_else(|found| panic!("{}", render(&found, &text, false)));
        let replay = run(&again);
        assert_eq!(replay.verdict, Verdict::Ok, "{file}");
        assert_eq!(replay.trace_hash, outcome.trace_hash, "{file}");
        let operations = outcome.history.operations();
        assert_eq!(replay.history.operations(), operations, "{file}");
    }
}

#[test]
fn tests_of_snapshots_fail_without_snapshots() {
    let about = |file: &String| file.contains("/3d-") || file.contains("/4b-");
    for file in files().into_iter().filter(about) {
        let mut scenario = scenario(&file, 1);
        scenario.machine.snapshot = None;
        let outcome = run(&scenario);
        let wanted = scenario.expect.sometimes.iter().flat_map(|one| one.wants());
        let unseen = wanted.into_iter().any(|(metric, wanted)| {
            metric == Metric::Snapshots && !wanted.holds(outcome.metric(metric))
        });
        assert!(unseen, "{file}");
        // Some logs are short because the test is short.
        let short = ["init", "all-crash", "rpc"];
        if !short.iter().any(|part| file.contains(part)) {
            let limit = matches!(&outcome.verdict, Verdict::Expectation(unmet)
                if unmet.facts[0].contains("log_bytes"));
            assert!(
                limit || file.contains("size"),
                "{file}: {:?}",
                outcome.verdict
            );
        }
    }
}

#[test]
fn every_bug_that_a_scenario_names_breaks_it_where_it_says() {
    let mut caught = 0;
    for file in files() {
        let seed = own_seed(&file);
        let scenario = scenario(&file, seed);
        for named in &scenario.expect.caught_by {
            let bug: Bug = named.bug.parse().expect("it was checked");
            let verdict = run_with_bug(&scenario, Some(bug), &mut Unobserved).verdict;
            let shows = match (&verdict, named.property) {
                (Verdict::Safety(violation), CaughtAt::Property(property)) => {
                    violation.broken == Broken::Property(property)
                }
                (Verdict::Liveness(_), CaughtAt::Expectation(Besides::Eventually))
                | (
                    Verdict::Expectation(_),
                    CaughtAt::Expectation(Besides::Limits | Besides::Steps),
                ) => true,
                _ => false,
            };
            assert!(shows, "{file} with {bug}: {verdict:?}");
            caught += 1;
        }
    }
    assert!(caught > 20, "the scenarios name no bugs");
}
