//! `trace`, and the files that `run --trace` writes.

use super::{Said, json, says, scratch, write};

/// The lines that show events: those with a number after the time.
fn events(said: &Said) -> Vec<&str> {
    let is_event = |line: &&str| {
        let mut words = line.split_whitespace();
        words.next().is_some_and(|time| time.ends_with('s'))
            && words.next().is_some_and(|id| id.parse::<u64>().is_ok())
    };
    said.out.lines().filter(is_event).collect()
}

fn first_tour(more: &[&str]) -> Said {
    let said = says(&[&["trace", "first-tour"], more].concat());
    assert_eq!(said.err, "");
    said
}

#[test]
fn a_trace_is_the_same_each_time() {
    let once = says(&["trace", "churn", "--why", "--all"]);
    let twice = says(&["trace", "churn", "--why", "--all"]);
    assert_eq!(once.code, 0);
    assert!(once.out == twice.out, "two traces of one seed differ");
    assert!(says(&["trace", "churn", "--seed", "2"]).out != says(&["trace", "churn"]).out);
}

#[test]
fn lines_fit_a_screen_and_name_their_cause() {
    let said = first_tour(&["--to", "1.5s"]);
    let shown = events(&said);
    assert!(shown.len() > 100);
    for line in &shown {
        assert!(line.chars().count() <= 140, "{line}");
    }
    let caused = shown.iter().filter(|line| line.contains('←')).count();
    assert!(caused * 10 > shown.len() * 9, "{caused} of {}", shown.len());
    assert!(said.out.contains("LEADER of t1") && said.out.contains("CRASH"));
}

#[test]
fn idle_heartbeats_are_folded_until_asked_for() {
    let folded = first_tour(&[]);
    let all = first_tour(&["--all"]);
    let says = folded
        .out
        .lines()
        .find(|line| line.contains("are hidden"))
        .unwrap();
    let count: usize = says.split_whitespace().next().unwrap().parse().unwrap();
    assert!(count > 100);
    assert_eq!(events(&folded).len() + count, events(&all).len());
}

#[test]
fn filters_keep_only_matching_events() {
    let crashes = first_tour(&["--kind", "fault"]);
    assert_eq!(events(&crashes).len(), 2, "{}", crashes.out);
    for line in events(&first_tour(&["--from", "1s", "--to", "1500ms"])) {
        let time = line.split_whitespace().next().unwrap();
        assert!(("1.000000s"..="1.500000s").contains(&time), "{line}");
    }
    let of_one = first_tour(&["--node", "S2", "--all"]);
    let of_all: usize = ["S1", "S2", "S3"]
        .iter()
        .map(|node| events(&first_tour(&["--node", node, "--kind", "disk"])).len())
        .sum();
    assert!(!events(&of_one).is_empty());
    assert_eq!(of_all, events(&first_tour(&["--kind", "disk"])).len());
}

#[test]
fn why_names_the_rule_and_the_compared_values() {
    let said = first_tour(&["--why", "--kind", "vote,role"]);
    let wanted = [
        "election.log-up-to-date (§5.4.1): would vote for",
        "quorum.majority (§5.2): yes from",
    ];
    for part in wanted {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
}

#[test]
fn wrong_filters_are_refused() {
    let unknown = says(&["trace", "first-tour", "--node", "S9"]);
    assert_eq!(unknown.code, 4);
    assert!(unknown.err.contains("S1, S2, S3"), "{}", unknown.err);
    let nothing = says(&["trace", "first-tour", "--from", "20s"]);
    assert_eq!(nothing.code, 4, "{}", nothing.err);
    let kind = says(&["trace", "first-tour", "--kind", "votes"]);
    assert_eq!(kind.code, 2);
    assert!(kind.err.contains("vote, append"), "{}", kind.err);
    assert_eq!(says(&["trace", "first-tour", "--from", "soon"]).code, 2);
}

#[test]
fn a_written_trace_reads_as_the_run_itself() {
    let file = scratch("first-tour.jsonl");
    let file = file.to_str().unwrap();
    assert_eq!(says(&["run", "first-tour", "--trace", file]).code, 0);
    for more in [
        &[][..],
        &["--why", "--all"],
        &["--node", "S1", "--kind", "append"],
    ] {
        let direct = first_tour(more);
        let read = says(&[&["trace", file], more].concat());
        let events_of = |said: &Said| events(said).join("\n");
        assert!(events_of(&direct) == events_of(&read), "{more:?}");
    }
    assert_eq!(says(&["trace", file, "--seed", "2"]).code, 2);
}

#[test]
fn why_an_event_happened_is_shown_from_its_root_on() {
    let said = first_tour(&["--why", "600"]);
    let shown: Vec<_> = events(&said)
        .iter()
        .map(|line| {
            let mut words = line.split_whitespace().skip(1);
            (words.next().unwrap(), words.next().unwrap())
        })
        .collect();
    let (root, rest) = shown.split_first().unwrap();
    assert_eq!(rest.last().unwrap().0, "600");
    let mut before = root.0;
    for (id, cause) in rest {
        assert_eq!(*cause, format!("←{before}"), "{}", said.out);
        before = id;
    }
    assert!(events(&said)[0].contains("put k1="), "{}", said.out);
    assert!(
        said.out
            .contains("append.previous-matches (§5.3): rejected")
    );
    let file = scratch("chain.jsonl");
    let file = file.to_str().unwrap();
    says(&["run", "first-tour", "--trace", file]);
    let read = says(&["trace", file, "--why", "600"]);
    assert_eq!(events(&read), events(&said));
    assert!(events(&first_tour(&["--why", "600", "--all"])).len() > shown.len());
}

#[test]
fn a_chain_that_cannot_be_shown_says_why() {
    let said = says(&["trace", "first-tour", "--why", "99999"]);
    assert_eq!((said.code, said.out.as_str()), (4, ""));
    assert!(
        said.err.contains("the run has events 1 to 2273"),
        "{}",
        said.err
    );
    let said = says(&["trace", "--why", "first-tour"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("put FILE before --why"), "{}", said.err);
    let said = says(&["trace", "first-tour", "--why", "600", "--node", "S1"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("leave out --node"), "{}", said.err);
}

#[test]
fn a_written_trace_has_a_header_and_numbered_events_with_causes() {
    let file = scratch("shape.jsonl");
    says(&["run", "first-tour", "--trace", file.to_str().unwrap()]);
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<_> = text.lines().map(json).collect();
    assert_eq!(lines[0]["type"], "header");
    assert_eq!(lines[0]["nodes"], json(r#"["S1", "S2", "S3"]"#));
    let events: Vec<_> = lines
        .iter()
        .filter(|line| line["type"] == "event")
        .collect();
    for (place, event) in events.iter().enumerate() {
        assert_eq!(event["id"].as_u64(), Some(place as u64 + 1));
        assert!(event["cause"].as_u64() < event["id"].as_u64(), "{event}");
    }
    let refused = lines
        .iter()
        .any(|line| line["decisions"][0]["rule"].is_string());
    assert!(refused, "decisions name their rules");
    assert!(lines.iter().any(|line| line["type"] == "world"));
}

#[test]
fn a_file_that_is_no_trace_is_refused() {
    for (name, text) in [("empty.jsonl", ""), ("odd.jsonl", "{\"type\":\"event\"}\n")] {
        let said = says(&["trace", &write(name, text)]);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{}", said.err);
        assert!(said.err.contains("line 1 of the trace"), "{}", said.err);
    }
}

#[test]
fn a_trace_can_be_drawn_from_a_scenario_and_from_a_file_alike() {
    let path = |name: &str| scratch(name).to_str().unwrap().to_owned();
    let (recorded, drawn, again) = (path("drawn.jsonl"), path("drawn.svg"), path("again.svg"));
    let said = first_tour_drawn(&["--to", "1.5s", "--svg", &drawn]);
    assert_eq!(
        (said.code, said.out.contains("S1→")),
        (0, false),
        "{}",
        said.out
    );
    assert_eq!(says(&["run", "first-tour", "--trace", &recorded]).code, 0);
    assert_eq!(
        says(&["trace", &recorded, "--to", "1.5s", "--svg", &again]).code,
        0
    );
    let picture = |path: &str| std::fs::read_to_string(path).unwrap();
    assert!(picture(&drawn).starts_with("<svg"));
    assert!(picture(&drawn) == picture(&again));
}

fn first_tour_drawn(more: &[&str]) -> Said {
    says(&[&["trace", "first-tour"], more].concat())
}

#[test]
fn a_picture_overwrites_nothing_that_is_read_and_says_where_it_cannot_be_written() {
    let read = write("read-only-once.json", "{}");
    let said = says(&["trace", &read, "--svg", &read]);
    assert_eq!(said.code, 2);
    let recorded = scratch("kept.jsonl").to_str().unwrap().to_owned();
    assert_eq!(says(&["run", "first-tour", "--trace", &recorded]).code, 0);
    let before = std::fs::read(&recorded).unwrap();
    let said = says(&["trace", &recorded, "--svg", &recorded]);
    assert_eq!(
        (said.code, said.err.contains("overwrite")),
        (2, true),
        "{}",
        said.err
    );
    assert!(std::fs::read(&recorded).unwrap() == before);
    let said = first_tour_drawn(&["--svg", "no/such/folder/out.svg"]);
    assert_eq!(
        (said.code, said.err.contains("cannot write no/such")),
        (2, true),
        "{}",
        said.err
    );
    assert_eq!(first_tour_drawn(&["--scale", "time"]).code, 2);
}

#[test]
fn the_servers_at_a_moment_are_shown_whole() {
    let at = |more: &[&str]| {
        let said = says(&[&["trace", "first-tour", "--status"], more].concat());
        assert_eq!((said.code, &*said.err), (0, ""));
        json(&said.out)
    };
    // S3 leads, and crashes after a second.
    let (before, after) = (at(&["--to", "0.9s"]), at(&["--to", "1.1s"]));
    assert_eq!(before["S3"]["raft"]["role"], "leader");
    assert_eq!(before["S3"]["raft"]["peers"][0]["pace"], "replicate");
    assert!(after["S3"].is_null(), "{after}");
    assert_eq!(at(&[])["S1"]["raft"]["role"], "leader");
    let both = says(&["trace", "first-tour", "--status", "--why"]);
    assert_eq!(both.code, 2);
}
