//! Diagnostics have the right code, the right place and a suggestion.

use std::collections::BTreeSet;

use proptest::prelude::*;
use scenario::{Code, Diagnostic, MAX_BYTES, Overrides, check_all, explain, parse, render};

/// A small sound scenario with `extra` at the top level and `phase` inside its only phase.
fn file(extra: &str, phase: &str) -> String {
    format!(
        "{{ \"format\": 1, \"nodes\": [\"S1\", \"S2\", \"S3\"],{extra}\n  \"phases\": [{{ \"name\": \"p\", \
         \"for\": \"5s\"{phase} }}] }}"
    )
}

fn step(step: &str) -> String {
    file("", &format!(", \"steps\": [{step}]"))
}

/// A sound stepped scenario with these steps.
fn stepped(steps: &str) -> String {
    format!(
        "{{ \"format\": 1, \"mode\": \"stepped\", \"nodes\": [\"S1\", \"S2\", \"S3\"],\n  \
         \"steps\": [{steps}] }}"
    )
}

fn fault(fault: &str) -> String {
    file("", &format!(", \"faults\": [{fault}]"))
}

fn script(steps: &str) -> String {
    file("", &format!(", \"script\": [{steps}]"))
}

fn expect(expect: &str) -> String {
    file(&format!(" \"expect\": {{ {expect} }},"), "")
}

fn found(text: &str) -> Vec<Diagnostic> {
    parse("test.json", text, &Overrides::default())
        .err()
        .unwrap_or_default()
}

/// One file per code, the text that the caret must underline, and a piece of message or help.
fn gallery() -> Vec<(Code, String, &'static str, &'static str)> {
    vec![
            (Code::SC001, " ".repeat(MAX_BYTES + 1), "", "1 MiB"),
            (
                Code::SC002,
                "{ \"format\": 1".to_owned(),
                "{",
                "never closed",
            ),
            (Code::SC003, file(" // why", ""), "// why", ".jsonc"),
            (Code::SC003, file("", ", \"steps\": [],"), ",", ".jsonc"),
            (
                Code::SC004,
                file(" \"seed\": 1, \"seed\": 2,", ""),
                "\"seed\"",
                "twice",
            ),
            (Code::SC005, file(" \"seed\": 1.5,", ""), "1.5", "ratios"),
            (
                Code::SC006,
                file(" \"seed\": null,", ""),
                "null",
                "leave the field out",
            ),
            (
                Code::SC007,
                step(r#"{ "cras": "S1" }"#),
                "\"cras\"",
                "did you mean crash?",
            ),
            (
                Code::SC008,
                file("", ", \"steps\": [{ \"cut\": { \"to\": \"S1\" } }]"),
                "{",
                "\"from\"",
            ),
            (
                Code::SC009,
                file(" \"clients\": { \"count\": \"many\" },", ""),
                "\"many\"",
                "whole number",
            ),
            (
                Code::SC009,
                file(" \"disk\": [\"1ms\"],", ""),
                "[",
                "expected an object",
            ),
            (
                Code::SC010,
                step(r#"{ "at": "5sec", "crash": "S1" }"#),
                "\"5sec\"",
                "150ms",
            ),
            (
                Code::SC011,
                step(r#"{ "at": 150, "crash": "S1" }"#),
                "150",
                "write \"150ms\"",
            ),
            (
                Code::SC012,
                expect(r#""always": ["raft-safty"]"#),
                "\"raft-safty\"",
                "raft-safety?",
            ),
            (
                Code::SC013,
                file("", "").replace("\"format\": 1", "\"format\": 2"),
                "2",
                "format 1",
            ),
            (
                Code::SC014,
                step(r#"{ "crash": "S7" }"#),
                "\"S7\"",
                "did you mean S1?",
            ),
            (
                Code::SC014,
                file(r#" "raft": { "priority": { "S1": 2, "S7": 1 } },"#, ""),
                "1",
                "did you mean S1?",
            ),
            (
                Code::SC026,
                file(r#" "raft": { "priority": { "S1": 256 } },"#, ""),
                "256",
                "from 0 to 255",
            ),
            (
                Code::SC014,
                step(r#"{ "crash": ["S1", "S9"] }"#),
                "\"S9\"",
                "did you mean S1?",
            ),
            (
                Code::SC014,
                step(r#"{ "crash": "laeder" }"#),
                "\"laeder\"",
                "did you mean leader?",
            ),
            (Code::SC015, file(" \"steps\": [],", ""), "[", "timed"),
            (
                Code::SC015,
                stepped("").replace("\"steps\"", "\"links\": [], \"steps\""),
                "[",
                "steps deliver messages",
            ),
            (
                Code::SC016,
                file(" \"params\": {\"num\": 1}, \"links\": \"$nun\",", ""),
                "\"$nun\"",
                "num?",
            ),
            (
                Code::SC017,
                file(" \"params\": {\"n\": {\"one_of\": []}},", ""),
                "[",
                "1 to 32",
            ),
            (
                Code::SC017,
                file(" \"params\": {\"n\": {\"range\": \"5..1\"}},", ""),
                "\"5..1\"",
                "lower",
            ),
            (Code::SC019, step(r#"{ "at": "1s" }"#), "{", "no action"),
            (
                Code::SC019,
                step(r#"{ "crash": "S1", "pause": "S2" }"#),
                "\"S2\"",
                "crash and pause",
            ),
            (
                Code::SC020,
                step(r#"{ "at": "2s", "crash": "S1" }, { "at": "1s", "restart": "S1" }"#),
                "\"1s\"",
                "in the order",
            ),
            (
                Code::SC021,
                step(r#"{ "at": "5s", "crash": "S1" }"#),
                "\"5s\"",
                "ends at 5s",
            ),
            (
                Code::SC022,
                step(r#"{ "at": "1s", "after": "2s", "crash": "S1" }"#),
                "\"2s\"",
                "both",
            ),
            (
                Code::SC023,
                fault(r#"{ "crash": "random" }"#),
                "{",
                "\"every\"",
            ),
            (
                Code::SC023,
                fault(r#"{ "every": "1s", "on": "crash", "crash": "random" }"#),
                "\"crash\"",
                "both",
            ),
            (
                Code::SC024,
                fault(r#"{ "every": "1s", "restart": "down", "for": "2s" }"#),
                "\"2s\"",
                "undone",
            ),
            (
                Code::SC025,
                file("", "").replace("\"S2\"", "\"S1\""),
                "\"S1\"",
                "two nodes",
            ),
            (
                Code::SC025,
                file("", "").replace("\"S2\"", "\"leader\""),
                "\"leader\"",
                "selector",
            ),
            (
                Code::SC026,
                file(" \"clients\": { \"count\": 65 },", ""),
                "65",
                "from 0 to 64",
            ),
            (
                Code::SC026,
                fault(r#"{ "every": "0ms", "crash": "random" }"#),
                "\"0ms\"",
                "1ms",
            ),
            (
                Code::SC027,
                file(" \"witnesses\": [\"S2\", \"S3\"],", ""),
                "[",
                "the majority of the founders",
            ),
            (
                Code::SC027,
                file(" \"founders\": [\"S1\"], \"witnesses\": [\"S2\"],", ""),
                "\"S2\"",
                "add_witness",
            ),
            (
                Code::SC007,
                step(r#"{ "add_witnes": "S1" }"#),
                "\"add_witnes\"",
                "did you mean add_witness?",
            ),
            (
                Code::SC029,
                expect(
                    r#""eventually": [{ "in": "p", "within": "1s", "members": "S1, witness S2" }]"#,
                ),
                "\"S1, witness S2\"",
                "\"S1 S2 S3, witnesses S3\"",
            ),
            (
                Code::SC027,
                file(" \"raft\": { \"heartbeat\": \"200ms\" },", ""),
                "\"200ms\"",
                "150ms",
            ),
            (
                Code::SC027,
                expect(r#""limits": { "events": "== 50" }"#),
                "\"== 50\"",
                "write \"<= 50\"",
            ),
            (
                Code::SC027,
                expect(r#""limits": { "log_bytes": ">= 50" }"#),
                "\">= 50\"",
                "write \"<= 50\"",
            ),
            (
                Code::SC027,
                script(
                    r#"{ "repeat": { "times": 2, "drawn": "1..3", "steps": [{ "heal": "all" }] } }"#,
                ),
                "\"1..3\"",
                "both \"times\" and \"drawn\"",
            ),
            (
                Code::SC029,
                script(r#"{ "repeat": { "drawn": "0..0", "steps": [{ "heal": "all" }] } }"#),
                "\"0..0\"",
                "would never run",
            ),
            (
                Code::SC028,
                expect(r#""eventually": [{ "in": "q", "within": "1s", "one_leader": true }]"#),
                "\"q\"",
                "did you mean p?",
            ),
            (Code::SC029, expect(r#""sometimes": [{}]"#), "{", "no condition"),
            (
                Code::SC029,
                file("", ", \"until\": \"met\""),
                "\"met\"",
                "leave out",
            ),
            (
                Code::SC027,
                file(
                    " \"expect\": { \"eventually\": [{ \"in\": \"p\", \"within\": \"1s\", \
                     \"one_leader\": true, \"stays\": true }] },",
                    ", \"until\": \"met\"",
                ),
                "\"met\"",
                "cannot end early",
            ),
            (
                Code::SC030,
                stepped(r#"{ "timeout": "leader" }"#),
                "\"leader\"",
                "write one of S1, S2, S3",
            ),
            (
                Code::SC030,
                stepped(r#"{ "written": { "node": "all" } }"#),
                "\"all\"",
                "the name of one node",
            ),
            (
                Code::SC030,
                stepped(r#"{ "elect": { "node": "leader", "votes": ["S2"] } }"#),
                "\"leader\"",
                "the name of one node",
            ),
            (
                Code::SC030,
                file(
                    " \"clocks\": [{ \"node\": \"leader\", \"rate\": \"+1%\" }],",
                    "",
                ),
                "\"leader\"",
                "names",
            ),
            (
                Code::SC031,
                step(r#"{ "partition": [["S1"], ["S2", "S1"]] }"#),
                "[",
                "S1 is listed twice in this partition",
            ),
            (
                Code::SC033,
                stepped(r#"{ "timeout": "S1", "why": "election.vote-onse" }"#),
                "\"election.vote-onse\"",
                "did you mean election.vote-once?",
            ),
            (
                Code::SC034,
                stepped(r#"{ "deliver": { "from": "S1", "to": ["S2", "S3"] } }"#),
                "[",
                "\"all\": true",
            ),
            (
                Code::SC035,
                stepped(r#"{ "crash": "random" }"#),
                "\"random\"",
                "name the nodes",
            ),
            (
                Code::SC036,
                stepped("").replace(
                    "\"steps\"",
                    r#""branches": { "lost": [] }, "expect": { "caught_by": [
                        { "bug": "C-01", "branch": "losst", "property": "log-matching" }] }, "steps""#,
                ),
                "\"losst\"",
                "did you mean lost?",
            ),
            (
                Code::SC037,
                expect(r#""caught_by": [{ "bug": "C-99", "property": "log-matching" }]"#),
                "\"C-99\"",
                "C-0",
            ),
            (
                Code::SC014,
                stepped(r#"{ "retry": { "client": "c1", "to": "S1" } }"#),
                "\"c1\"",
                "c0",
            ),
            (
                Code::SC008,
                stepped(r#"{ "call": { "to": "S1", "op": "put", "key": "x" } }"#),
                "{",
                "value",
            ),
            (
                Code::SC020,
                stepped(r#"{ "at": "2ms", "timeout": "S1" }, { "at": "1ms", "timeout": "S1" }"#),
                "\"1ms\"",
                "order",
            ),
            (Code::SC019, stepped(r#"{ "note": "?" }"#), "{", "deliver"),
            (
                Code::SC038,
                script(
                    r#"{ "start": { "to": "S1", "as": "first" } }, { "await": { "done": "frist" } }"#,
                ),
                "\"frist\"",
                "did you mean first?",
            ),
            (
                Code::SC007,
                script(
                    r#"{ "repeat": { "times": 2, "steps": [{ "if": { "chance": "1%", "than": [] } }] } }"#,
                ),
                "\"than\"",
                "did you mean then?",
            ),
            (
                Code::SC014,
                script(
                    r#"{ "let": { "L": "leader" } }, { "parallel": { "scripts": [[{ "crash": "L+3" }]] } }"#,
                ),
                "\"L+3\"",
                "known here: S1, S2, S3, L",
            ),
            (
                Code::SC019,
                script(
                    r#"{ "budget": { "requests": "<= 3", "steps": [{ "wait": "1s", "crash": "S1" }] } }"#,
                ),
                "\"S1\"",
                "write one object for each",
            ),
            (
                Code::SC008,
                script(r#"{ "one": { "retry": true } }"#),
                "{",
                "\"on\"",
            ),
            (
                Code::SC027,
                script(r#"{ "check": { "one_leader": true, "within": "1s" } }"#),
                "\"1s\"",
                "await",
            ),
            (
                Code::SC025,
                script(r#"{ "let": { "S1": "leader" } }"#),
                "\"leader\"",
                "already a node or a selector",
            ),
            (
                Code::SC026,
                script(r#"{ "one": { "on": 4 } }"#),
                "4",
                "from 1 to 3",
            ),
            (
                Code::SC012,
                file(" \"network\": { \"preset\": \"unreliabel\" },", ""),
                "\"unreliabel\"",
                "did you mean unreliable?",
            ),
        ]
}

#[test]
fn every_mistake_is_shown_at_its_place_with_its_code_and_a_suggestion() {
    for (code, text, underlined, said) in gallery() {
        let found = found(&text);
        let shown = render(&found, &text[..text.len().min(500)], false);
        assert_eq!(found.len(), 1, "one mistake, one report:\n{text}\n{shown}");
        let one = &found[0];
        assert_eq!(one.code, code, "{shown}");
        assert_eq!(
            &text[one.span.start..one.span.end],
            underlined,
            "{code}\n{shown}"
        );
        let words = format!(
            "{} {}",
            one.message,
            one.help.as_deref().unwrap_or_default()
        );
        assert!(
            words.contains(said),
            "{code}: {words:?} does not say {said:?}"
        );
    }
}

#[test]
fn every_code_is_explained_and_shown_by_this_gallery() {
    let mut shown: BTreeSet<Code> = gallery().into_iter().map(|(code, ..)| code).collect();
    shown.extend(set_mistakes().into_iter().map(|(code, _)| code));
    for code in Code::ALL {
        assert!(shown.contains(code), "no file here shows {code}");
        assert!(explain(code.as_str()).is_some());
    }
}

/// `--set` arguments that a file with the parameter `n` refuses.
fn set_mistakes() -> Vec<(Code, Vec<(&'static str, &'static str)>)> {
    vec![
        (Code::SC018, vec![("m", "3")]),
        (Code::SC032, vec![("n", "3"), ("n", "5")]),
        (Code::SC032, vec![("n", "$n")]),
        (Code::SC026, vec![("n", "100")]),
        (Code::SC009, vec![("n", "three")]),
    ]
}

#[test]
fn set_replaces_a_parameter_and_refuses_unknown_names_and_values() {
    let text = file("", "").replace(
        "\"nodes\": [\"S1\", \"S2\", \"S3\"]",
        "\"params\": { \"n\": 3 }, \"nodes\": { \"count\": \"$n\" }",
    );
    let with = |sets: &[(&str, &str)]| {
        let sets = sets
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        parse("test.json", &text, &Overrides { seed: None, sets })
    };
    assert_eq!(with(&[]).expect("sound").nodes.len(), 3);
    let five = with(&[("n", "5")]).expect("sound");
    assert_eq!(
        (five.nodes.len(), &five.params[..]),
        (5, &[("n".to_owned(), "5".to_owned())][..])
    );
    for (code, sets) in set_mistakes() {
        let found = with(&sets).expect_err("a mistake");
        assert_eq!(found[0].code, code, "{found:?}");
    }
}

#[test]
fn a_report_looks_like_this() {
    let text = step(r#"{ "at": "1s", "crash": "S7" }"#);
    let expected = "\
error[SC014]: there is no node \"S7\"
 --> dir/test.json:2:75
  |
2 |   \"phases\": [{ \"name\": \"p\", \"for\": \"5s\", \"steps\": [{ \"at\": \"1s\", \"crash\": \"S7\" }] }] }
  |                                                                           ^^^^
  |
  = help: did you mean S1?

";
    let found = parse("dir/test.json", &text, &Overrides::default()).expect_err("a mistake");
    assert_eq!(render(&found, &text, false), expected);
    assert!(render(&found, &text, true).contains("\u{1b}["));
}

#[test]
fn all_mistakes_of_a_file_are_reported_in_one_go_and_in_file_order() {
    let structural = file(
        " \"seeds\": 1, \"raft\": { \"heartbeat\": 50 }, \"clients\": { \"mix\": { \"put\": -1 } },",
        ", \"steps\": [{ \"cras\": \"S1\" }, { \"at\": \"1\", \"crash\": \"S1\" }]",
    );
    let codes: Vec<Code> = found(&structural).iter().map(|one| one.code).collect();
    assert_eq!(
        codes,
        [
            Code::SC007,
            Code::SC011,
            Code::SC026,
            Code::SC007,
            Code::SC010
        ]
    );

    let semantic = file(
        " \"raft\": { \"heartbeat\": \"1s\" },",
        ", \"steps\": [{ \"at\": \"9s\", \"crash\": \"S8\" }, { \"at\": \"1s\" }]",
    );
    let codes: Vec<Code> = found(&semantic).iter().map(|one| one.code).collect();
    let expected = [
        Code::SC027,
        Code::SC021,
        Code::SC014,
        Code::SC019,
        Code::SC020,
    ];
    assert_eq!(
        codes,
        expected,
        "{}",
        render(&found(&semantic), &semantic, false)
    );
}

#[test]
fn a_wrong_field_is_not_also_reported_as_missing() {
    let text = file("", "").replace("\"5s\"", "5");
    let codes: Vec<Code> = found(&text).iter().map(|one| one.code).collect();
    assert_eq!(codes, [Code::SC011]);
}

#[test]
fn check_tries_every_alternative_and_says_which_one_is_wrong() {
    let text = file(
        " \"params\": { \"beat\": { \"one_of\": [\"50ms\", \"100ms\", \"150ms\"] }, \"k\": { \"range\": \"1..70\" } },
          \"raft\": { \"heartbeat\": \"$beat\" }, \"clients\": { \"count\": \"$k\" },",
        "",
    );
    let found = check_all("test.json", &text);
    let said: Vec<(Code, bool)> = found
        .iter()
        .map(|one| {
            (
                one.code,
                one.message.contains("$beat is \"150ms\"")
                    || one.message.contains("$k is the number 70"),
            )
        })
        .collect();
    assert_eq!(
        said,
        [(Code::SC027, true), (Code::SC026, true)],
        "{}",
        render(&found, &text, false)
    );
    assert_eq!(&text[found[0].span.start..found[0].span.end], "\"$beat\"");
}

#[test]
fn a_small_file_cannot_grow_huge_by_references() {
    let list = vec!["\"S1\""; 60].join(",");
    let uses = vec!["{ \"crash\": \"$l\" }"; 40_000].join(",");
    let text = file(
        &format!(" \"params\": {{ \"l\": [{list}] }},"),
        &format!(", \"steps\": [{uses}]"),
    );
    let first = &found(&text)[0];
    assert!(
        first.code == Code::SC026 && first.message.contains("too often"),
        "{first:?}"
    );
}

#[test]
fn a_large_file_cannot_have_many_alternatives() {
    let values = vec!["1"; 32].join(",");
    let params: Vec<String> = (0..32)
        .map(|i| format!("\"p{i}\": {{ \"one_of\": [{values}] }}"))
        .collect();
    let params = params.join(",");
    let with_note = |bytes| {
        let note = "x".repeat(bytes);
        file(
            &format!(" \"params\": {{ {params} }}, \"note\": \"{note}\","),
            "",
        )
    };
    assert_eq!(check_all("test.json", &with_note(100)), []);
    assert_eq!(
        check_all("test.json", &with_note(100_000))[0].code,
        Code::SC026
    );
}

#[test]
fn a_file_of_mistakes_is_reported_in_part() {
    let text = file(&"\"seed\": 1,".repeat(50_000), "");
    assert_eq!(found(&text).len(), 100);
    let crashes = vec!["{ \"crash\": \"S7\" }"; 20_000].join(",");
    assert_eq!(found(&step(&crashes)).len(), 100);
}

#[test]
fn every_step_before_its_time_is_reported() {
    let text = step(
        r#"{ "at": "3s", "crash": "S1" }, { "at": "1s", "crash": "S2" }, { "at": "2s", "restart": "S1" }"#,
    );
    let codes: Vec<Code> = found(&text).iter().map(|one| one.code).collect();
    assert_eq!(codes, [Code::SC020, Code::SC020]);
}

#[test]
fn jsonc_files_hold_comments() {
    let text = file(" // why", ", /* or */ \"steps\": [],");
    assert!(parse("test.jsonc", &text, &Overrides::default()).is_ok());
}

#[test]
fn a_byte_order_mark_and_odd_line_ends_are_no_mistake() {
    let text = format!("\u{feff}{}", file("", "").replace('\n', "\r\n"));
    assert_eq!(found(&text), []);
}

const SOUND: [&str; 5] = [
    STEPPED,
    SCRIPTED,
    include_str!("../../../../scenarios/churn.json"),
    include_str!("../../../../scenarios/lossy-network.json"),
    include_str!("../../../../scenarios/first-tour.json"),
];

/// Every verb and every field of the stepped mode.
const STEPPED: &str = r#"{ "format": 1, "mode": "stepped", "nodes": { "count": 3 },
"disk": { "completions": "listed" }, "clients": { "count": 2 },
"steps": [
  { "phase": "one", "at": "0ms" },
  { "deliver": { "from": "S1", "to": "S2", "kind": "AppendEntries", "ordinal": 3 } },
  { "drop": { "from": ["S1", "c1"], "to": "all", "all": true }, "say": "x", "note": "y" },
  { "duplicate": { "from": "c0", "to": "S2" }, "why": "election.vote-once" },
  { "hold": { "from": "all", "to": "all" } }, { "release": { "from": "S1", "to": "c0" } },
  { "cut": { "from": "S1", "to": "S2" } }, { "isolate": "leader" },
  { "partition": [["S1"], ["S2", "S3"]] }, { "heal": "all" },
  { "timeout": "S3", "at": "1.5s" }, { "written": { "node": "S3", "through": 2 } },
  { "disk": { "node": "S1", "stall": true } }, { "crash": ["S1", "S2"] },
  { "crash": { "node": "S3", "keep": { "writes": 1, "parts": 2 } } },
  { "crash": { "node": "S3", "keep": "all" } },
  { "restart": "down" }, { "pause": "S1" }, { "resume": "S1" },
  { "clock": { "node": "S1", "rate": "+1%", "jump": "3ms" } },
  { "call": { "client": "c1", "serial": 4, "to": "S1", "op": "cas", "key": "k", "value": "v",
    "expect": "w" } },
  { "operator": { "to": "S1", "propose": { "client": 100, "serial": 1, "op": "append", "key": "k",
    "value": "v" } } },
  { "retry": { "client": "c1", "to": "S2" } }, { "give_up": {} }, { "settle": "1s" },
  { "advance": "1ms" }, { "elect": { "node": "S1", "votes": ["S2"] } },
  { "campaign": { "node": "S1", "refused_by": ["S2"], "granted_by": ["S3"] } },
  { "replicate": { "from": "S1", "to": "all", "through": 3 } },
  { "expect": { "leader": "S1", "not_leader": ["S2"], "down": "S3", "roles": { "S1": "leader" },
    "terms": { "S1": 2 }, "voted_for": { "S1": "nobody", "S2": "S1" }, "commit": { "S1": 1 },
    "applied": { "S1": 1 }, "logs": { "S1": [1, 2] }, "durable": { "S2": [] },
    "values": { "S1": { "k": "v" } }, "replied": { "c0": true }, "read": { "c0": "" } } } ],
"branches": { "a": [{ "ask": { "q": "?", "choices": ["y", "n"], "answer": "y", "because": "!" } }] },
"expect": { "eventually": [{ "in": "one", "within": "1s", "one_leader": true }],
  "caught_by": [{ "bug": "C-01", "branch": "a", "property": "state-machine-safety" }] } }"#;

/// Every verb and every field of scripts.
const SCRIPTED: &str = r#"{ "format": 1, "nodes": { "count": 5 },
"network": { "preset": "long-reordering", "duplicate": "1%" },
"phases": [{ "name": "p", "for": "9s", "script": [
  { "wait": "1ms..2ms", "say": "x", "note": "y" }, { "let": { "L": "leader", "M": ["S1", "S2"] } },
  { "connect": ["L", "L+1"] }, { "isolate": "M+2" }, { "partition": "sides" },
  { "start": { "to": "up", "count": 3, "op": "append", "key": "k", "value": "v", "as": "a",
    "who": "W", "accepted": ">= 1", "index": "== 1" } },
  { "one": { "on": 3, "retry": true, "within": "1s", "among": "M", "op": "put", "key": "k",
    "size": "50B", "as": "b", "index": ">= 1", "version": ">= 1", "optional": true } },
  { "one": { "again": "b", "on": 1 } }, { "one": { "op": "get", "reads": "x" } },
  { "await": { "within": "1s", "optional": true, "among": "L", "on": 1, "one_leader": true,
    "no_leader": true, "same_term": true, "applied_equal": true, "applied": 3, "not_applied": 4,
    "done": "a", "answered": "a", "unanswered": "b", "values": { "k": "v" },
    "versions": { "k": ">= 1" }, "log_bytes": "<= 1000", "snapshot_bytes": "== 0" } },
  { "check": { "no_leader": true } },
  { "repeat": { "times": 2, "steps": [{ "crash": "random" }] } },
  { "repeat": { "for": "1s", "steps": [{ "wait": "1ms" }] } },
  { "repeat": { "drawn": "0..3", "steps": [{ "wait": "1ms" }] } },
  { "if": { "chance": "1/3", "holds": "isolated > 2", "named": "W", "same": ["L", "W+1"],
    "then": [{ "restart": "down" }], "else": [{ "heal": "all" }] } },
  { "parallel": { "until": "first", "scripts": [[{ "wait": "1ms" }], [{ "recover": "all" }]] } },
  { "budget": { "requests": "<= 3", "bytes": "<= 9", "steps": [{ "wait": "1ms" }] } } ] }],
"expect": { "limits": { "messages": "<= 9", "bytes": "<= 9", "log_bytes": "< 9",
  "snapshot_bytes": "== 0" } } }"#;

#[test]
fn a_scenario_with_a_script_resolves_to_itself() {
    let first = parse("x.json", SCRIPTED, &Overrides::default());
    let first = first.unwrap_or_else(|found| panic!("{}", render(&found, SCRIPTED, false)));
    let again = parse("x.json", &first.to_json(), &Overrides::default());
    assert_eq!(Ok(&first), again.as_ref(), "{}", first.to_json());
    let script = &first.phases()[0].script;
    let place = &script[2].place;
    assert_eq!(
        (place.path.as_str(), place.line, place.column),
        ("script/2", 5, 3)
    );
    assert_eq!(script.last().map(|step| step.number), Some(23));
}

#[test]
fn names_of_a_script_mean_nothing_outside_it() {
    let text = file(
        "",
        ", \"script\": [{ \"let\": { \"L\": \"leader\" } }], \
        \"steps\": [{ \"crash\": \"L\" }] }, { \"name\": \"q\", \"for\": \"1s\", \
        \"steps\": [{ \"crash\": \"L\" }]",
    );
    let found = found(&text);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|one| one.code == Code::SC014));
}

#[test]
fn a_stepped_scenario_resolves_to_itself() {
    let first = parse("x.json", STEPPED, &Overrides::default());
    let first = first.unwrap_or_else(|found| panic!("{}", render(&found, STEPPED, false)));
    let again = parse("x.json", &first.to_json(), &Overrides::default());
    assert_eq!(Ok(&first), again.as_ref(), "{}", first.to_json());
    let along = first.along("a").expect("it has this branch");
    assert_eq!(along.script().map(|script| script.steps.len()), Some(31));
    assert!(first.along("b").is_none());
    let last = &first.script().expect("it is stepped").steps[2].place;
    assert_eq!((last.line, last.column), (6, 3));
}

/// Pieces for mutations: texts with a meaning in the format, and texts that break readers.
const PIECES: [&str; 36] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "//",
    "/*",
    "null",
    "true",
    "-1",
    "0",
    "1e9",
    "\"$n\"",
    "\"leader\"",
    "\"S1\"",
    "\"random:0\"",
    "\"random:99999999999\"",
    "\"1/0\"",
    "\"99999999999h\"",
    "18446744073709551615",
    "-9223372036854775808",
    "\"0ms\"",
    "\"..\"",
    "\"%\"",
    "\u{feff}",
    "é",
    "\u{0}",
    "\\ud800",
    "\"crash\": \"S1\",",
    "\"at\": \"1s\",",
    "\"params\": {},",
    "{}",
    "[]",
];

/// Any text gives a sound scenario, or a report that can be shown.
fn survives(name: &str, text: &str) {
    match parse(name, text, &Overrides::default()) {
        Ok(scenario) => {
            let json = scenario.to_json();
            assert!(
                parse("again.json", &json, &Overrides::default()).is_ok(),
                "{json}"
            );
        }
        Err(found) => {
            assert!(!found.is_empty());
            for one in &found {
                assert!(one.span.start <= one.span.end && one.span.end <= text.len());
                assert!(one.line >= 1 && one.column >= 1);
            }
            for color in [false, true] {
                assert!(render(&found, text, color).matches("error").count() >= found.len());
            }
        }
    }
    let _ = check_all(name, text);
}

/// A text with one stretch replaced, at whole characters.
fn mutate(text: &str, place: usize, length: usize, with: &str) -> String {
    let start = text.floor_char_boundary(place % (text.len() + 1));
    let end = text.ceil_char_boundary((start + length).min(text.len()));
    format!("{}{with}{}", &text[..start], &text[end..])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn mutated_scenarios_never_panic(
        base in 0..SOUND.len(),
        strict: bool,
        changes in prop::collection::vec((any::<usize>(), 0..12usize, 0..PIECES.len()), 1..4),
    ) {
        let mut text = SOUND[base].to_owned();
        for (place, length, piece) in changes {
            text = mutate(&text, place, length, PIECES[piece]);
        }
        survives(if strict { "x.json" } else { "x.jsonc" }, &text);
    }

    #[test]
    fn scenarios_with_one_value_replaced_never_panic(
        base in 0..SOUND.len(),
        pick: usize,
        piece in 0..PIECES.len(),
    ) {
        // Mostly well-formed texts, so that the later stages are reached, too.
        let text = SOUND[base];
        let quotes: Vec<usize> = text.match_indices('"').map(|(at, _)| at).collect();
        let which = pick % (quotes.len() / 2);
        let (open, close) = (quotes[2 * which], quotes[2 * which + 1]);
        survives("x.json", &mutate(text, open, close + 1 - open, PIECES[piece]));
    }

    #[test]
    fn any_text_never_panics(text in "\\PC{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        survives("x.jsonc", &text);
        survives("x.json", &String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_heap_of_pieces_never_panics(pieces in prop::collection::vec(0..PIECES.len(), 0..40)) {
        let text: String = pieces.into_iter().map(|piece| PIECES[piece]).collect();
        survives("x.jsonc", &text);
    }
}

#[test]
fn deep_nesting_is_a_mistake_not_a_crash() {
    for open in ["[", "{\"a\":"] {
        let text = open.repeat(100_000);
        assert_eq!(found(&text)[0].code, Code::SC002);
    }
}
