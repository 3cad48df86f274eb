//! The commands around running: check, schema, explain, completions, version, log.

use super::{json, raftsim, say, says, write};

#[test]
fn check_shows_every_mistake_of_every_file() {
    let bad = r#"{ "format": 1, "nodes": ["S1", "S2", "S2"],
  "phases": [{ "name": "a", "for": "5s", "steps": [{ "at": "1s", "crash": "S7" }] }] }"#;
    let bad = write("bad.json", bad);
    let said = says(&["check", &bad, "first-tour"]);
    assert_eq!(said.code, 2);
    assert!(said.err.matches("error[SC").count() >= 2, "{}", said.err);
    assert_eq!(said.out.trim_end(), "ok scenarios/first-tour.json");
    assert_eq!(says(&["check", "first-tour"]).code, 0);
}

#[test]
fn the_schema_is_json_alone_on_standard_output() {
    let said = says(&["schema"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    assert!(json(&said.out)["properties"]["nodes"].is_object());
}

#[test]
fn explain_knows_rules_codes_properties_and_exit_codes() {
    let explained = [
        ("election.log-up-to-date", "§5.4.1"),
        ("log-up-to-date", "§5.4.1"),
        ("sc014", "SC014"),
        ("leader-completeness", "committed"),
        ("exit-codes", "130"),
    ];
    for (topic, part) in explained {
        let said = says(&["explain", topic]);
        assert_eq!(said.code, 0, "{topic}");
        assert!(said.out.contains(part), "{topic}: {}", said.out);
    }
    let said = says(&["explain", "leader-completness"]);
    assert_eq!((said.code, said.out.as_str()), (4, ""));
    assert!(
        said.err.contains("did you mean leader-completeness?"),
        "{}",
        said.err
    );
    assert!(says(&["explain"]).out.contains("commit.current-term-only"));
}

#[test]
fn completions_and_version_are_printed() {
    for shell in ["bash", "zsh", "fish"] {
        let said = says(&["completions", shell]);
        assert_eq!(said.code, 0);
        assert!(said.out.contains("raftsim"), "{shell}");
    }
    let said = says(&["--version"]);
    assert_eq!(said.code, 0);
    let expected = format!("(trace version {})", runner::TRACE_VERSION);
    assert!(said.out.contains(&expected), "{}", said.out);
}

#[test]
fn the_log_has_simulated_time_and_stays_off_standard_output() {
    let plain = says(&["run", "first-tour"]);
    let said = says(&["run", "first-tour", "-v"]);
    assert_eq!(said.out, plain.out);
    let crash = said
        .err
        .lines()
        .find(|line| line.contains("CRASH"))
        .unwrap();
    assert!(
        crash.starts_with("1.000000s") && crash.contains("node=\"S"),
        "{crash}"
    );
    let more = says(&["run", "first-tour", "-vv"]);
    assert!(more.err.lines().count() > said.err.lines().count());
    assert!(more.err.contains("rule=\"election.log-up-to-date\""));
}

#[test]
fn the_log_is_filtered_and_written_as_json() {
    let mut command = raftsim(&["run", "first-tour", "--log-format", "json"]);
    let said = say(command.env("RAFTSIM_LOG", "info"));
    let lines: Vec<_> = said.err.lines().map(json).collect();
    let leader = lines
        .iter()
        .find(|line| line["message"] == "LEADER of t1")
        .unwrap();
    assert!(leader["node"].is_string() && leader["term"] == 1 && leader["rule"].is_string());
    assert!(leader["timestamp"].as_str().unwrap().starts_with("0."));
    let said = say(raftsim(&["run", "first-tour"]).env("RAFTSIM_LOG", "raftsim=nonsense"));
    assert_eq!(said.code, 2);
    assert!(said.err.contains("RAFTSIM_LOG"), "{}", said.err);
}
