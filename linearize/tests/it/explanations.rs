//! Each explanation of a history that is not linearizable is true, and names the error.

use crate::random::Random;
use linearize::{Action, Budget, Checker, Class, Explanation, History, Operation};

fn history(lines: &[&str]) -> History {
    History::parse(lines.join("\n")).expect("it is a history")
}

/// Operations one after the other, each written as `put x a`, `get x a`, `get x -`, `append x a`,
/// `cas x a b ok`, `cas x a b no`, `delete x`.
fn sequence(steps: &[&str]) -> History {
    let step = |(number, step): (usize, &&str)| {
        let words: Vec<_> = step.split(' ').collect();
        let value = |word: usize| match words[word] {
            "-" => "null".to_owned(),
            text => format!("{text:?}"),
        };
        let rest = match words[0] {
            "get" => format!(r#","result":{}"#, value(2)),
            "put" | "append" => format!(r#","value":{}"#, value(2)),
            "cas" => format!(
                r#","expect":{},"value":{},"ok":{}"#,
                value(2),
                value(3),
                words[4] == "ok"
            ),
            _ => String::new(),
        };
        format!(
            r#"{{"process":{},"call":{},"return":{},"op":"{}","key":"{}"{rest}}}"#,
            number % 3,
            2 * number,
            2 * number + 1,
            words[0],
            words[1]
        )
    };
    let lines: Vec<_> = steps.iter().enumerate().map(step).collect();
    History::parse(lines.join("\n")).expect("it is a history")
}

fn explain(history: &History) -> Explanation {
    let mut checker = Checker::new();
    let explained = checker.explain(history, "x", Budget::default());
    explained.expect("it is not linearizable, and small")
}

#[test]
fn each_kind_of_mistake_has_its_name() {
    let cases: [(&[&str], Class, usize); 9] = [
        (&["append x a", "get x aaa"], Class::DoubleApply, 1),
        (&["put x a", "put x b", "get x a"], Class::StaleRead, 2),
        (&["put x a", "get x -"], Class::StaleRead, 1),
        (&["put x a", "get x c", "put x b"], Class::GarbageRead, 1),
        (&["put x a", "get x b", "put x b"], Class::FutureRead, 1),
        (
            &["append x a", "append x b", "append x c", "get x ac"],
            Class::LostUpdate,
            3,
        ),
        (
            &["put x a", "cas x a b ok", "cas x a c ok"],
            Class::LostUpdate,
            2,
        ),
        (
            &["append x a", "append x b", "get x aba"],
            Class::DoubleApply,
            2,
        ),
        (
            &["append x a", "append x b", "get x ba"],
            Class::RealTimeInversion,
            2,
        ),
    ];
    for (steps, class, stuck) in cases {
        let explained = explain(&sequence(steps));
        assert_eq!(
            (explained.class, explained.stuck),
            (class, stuck),
            "{steps:?}\n{explained}"
        );
    }
}

#[test]
fn reads_that_saw_two_orders_contradict_each_other() {
    let history = history(&[
        r#"{"process":0,"call":0,"return":10,"op":"append","key":"x","value":"a"}"#,
        r#"{"process":1,"call":1,"return":11,"op":"append","key":"x","value":"b"}"#,
        r#"{"process":2,"call":12,"return":13,"op":"get","key":"x","result":"ab"}"#,
        r#"{"process":3,"call":14,"return":15,"op":"get","key":"x","result":"ba"}"#,
    ]);
    let explained = explain(&history);
    assert_eq!(explained.class, Class::Contradiction);
    assert_eq!(explained.needed, [0, 1, 2, 3]);
}

#[test]
fn a_stale_read_is_told_with_what_replaced_it_and_drawn() {
    let history = history(&[include_str!("../../examples/stale-read.jsonl")]);
    let explained = explain(&history);
    let mut checker = Checker::new();
    assert_eq!(checker.explain(&history, "y", Budget::default()), None);
    assert_eq!(explained.text, include_str!("stale_read.txt"));
    let svg = explained.svg(&history);
    assert!(
        svg.contains("get x: &quot;a&quot;") || svg.contains("get x: \"a\""),
        "{svg}"
    );
}

#[test]
fn a_wide_picture_has_numbers_and_a_legend() {
    let steps: Vec<String> = (0..12)
        .map(|step| format!("append x token-{step:02}"))
        .collect();
    let mut steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let whole: String = (0..12)
        .filter(|it| *it != 5)
        .map(|it| format!("token-{it:02}"))
        .collect();
    let get = format!("get x {whole}");
    steps.push(&get);
    let history = sequence(&steps);
    let explained = explain(&history);
    assert_eq!(explained.class, Class::LostUpdate, "{explained}");
    assert!(explained.text.contains("├─ 1 ─┤"), "{explained}");
    assert!(
        explained.text.contains("\n  1  append x \"token-"),
        "{explained}"
    );
    assert!(
        explained
            .text
            .lines()
            .all(|line| line.chars().count() < 140),
        "{explained}"
    );
    assert!(explained.svg(&history).contains("append x"));
    assert_eq!(explained.lost, Some(5));
    let missing = "What is missing is append x \"token-05\" of process 2, acknowledged at 11.";
    assert!(explained.text.contains(missing), "{explained}");
}

#[test]
fn a_value_that_is_a_part_of_another_one_is_not_that_one() {
    let explained = explain(&sequence(&[
        "put x 1",
        "put x 10",
        "put x 100",
        "put x 2",
        "get x 100",
    ]));
    assert_eq!(explained.needed, [2, 3, 4]);
}

#[test]
fn what_had_not_returned_by_then_is_shown_without_its_answer() {
    let history = history(&[
        r#"{"process":0,"call":1,"return":9,"op":"cas","key":"x","expect":null,"value":"a","ok":true}"#,
        r#"{"process":1,"call":2,"return":3,"op":"get","key":"x","result":"a"}"#,
        r#"{"process":1,"call":4,"return":5,"op":"get","key":"x","result":null}"#,
    ]);
    let explained = explain(&history);
    assert_eq!(explained.stuck, 2);
    let known: Vec<_> = explained
        .known(&history)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        known,
        ["cas x absent → \"a\", outcome unknown", "get x: \"a\""]
    );
}

#[test]
fn names_that_could_be_misread_are_quoted() {
    let key = "\u{1b}[31m\n\u{202e}";
    let operation = |call: i128, action| Operation {
        process: "\u{7}".to_owned(),
        key: key.to_owned(),
        call,
        ret: Some(call + 1),
        action,
        version: None,
    };
    let get = Action::Get {
        result: Some("b".to_owned()),
    };
    let history = History::new(vec![operation(1, get)]).unwrap();
    let explained = Checker::new()
        .explain(&history, key, Budget::default())
        .unwrap();
    let raw = |text: &str| text.chars().any(|it| it != '\n' && it.is_control());
    assert!(
        !raw(&explained.text) && !explained.text.contains('\u{202e}'),
        "{explained}"
    );
    assert!(!raw(&explained.svg(&history)));
}

#[test]
fn what_the_budget_does_not_allow_to_find_out_is_not_claimed() {
    let steps = [
        "put x a", "put x b", "put x b", "put x a", "get x b", "put x c", "get x zz",
    ];
    let history = sequence(&steps);
    let mut checker = Checker::new();
    let mut classes = std::collections::BTreeSet::new();
    for nodes in 1..200 {
        let budget = Budget::nodes(nodes).unwrap();
        if let Some(explained) = checker.explain(&history, "x", budget) {
            classes.insert(explained.class);
            assert!(explained.prefix.len() >= 4, "{nodes}: {explained}");
        }
    }
    let right: std::collections::BTreeSet<_> = [Class::StaleRead, Class::Unclear].into();
    assert_eq!(classes, right);
}

fn picked(operations: &[Operation], places: &[usize]) -> Vec<Operation> {
    places
        .iter()
        .map(|place| operations[*place].clone())
        .collect()
}

/// The operations up to the return of one of them, with or without the answer of that one.
fn until(operations: &[Operation], stuck: usize, told: bool) -> Vec<Operation> {
    let end = operations[stuck].ret.expect("it returned");
    let begun = operations
        .iter()
        .enumerate()
        .filter(|(_, it)| it.call < end);
    begun
        .map(|(place, it)| match it.ret {
            Some(ret) if ret < end || (place == stuck && told) => it.clone(),
            _ => it.unanswered(),
        })
        .collect()
}

#[test]
fn what_is_said_about_random_histories_is_true() {
    let mut checker = Checker::new();
    let (mut classes, mut left, mut all) = ([0; 9], 0, 0);
    for seed in 0..30_000 {
        let mut random = Random::new(seed);
        let style = random.style(8);
        let operations = random.history(&style);
        let history = History::new(operations.clone()).unwrap();
        let explained = checker.explain(&history, "x", Budget::default());
        assert_eq!(
            explained.is_none(),
            crate::reference::linearizable(&operations),
            "seed {seed}"
        );
        let Some(explained) = explained else { continue };
        classes[explained.class as usize] += 1;
        left += explained.needed.len();
        all += operations.len();
        let needed = picked(&operations, &explained.needed);
        assert!(
            !crate::reference::linearizable(&needed),
            "seed {seed}\n{explained}"
        );
        assert!(
            explained.needed.contains(&explained.stuck),
            "seed {seed}\n{explained}"
        );
        let stuck = explained.stuck;
        assert!(
            !crate::reference::linearizable(&until(&operations, stuck, true)),
            "seed {seed}"
        );
        assert!(
            crate::reference::linearizable(&until(&operations, stuck, false)),
            "seed {seed}"
        );
        for value in &explained.possible {
            let mut changed = until(&operations, stuck, true);
            let told = changed
                .iter_mut()
                .find(|it| it.call == operations[stuck].call);
            let told = told.unwrap();
            told.action = Action::Get {
                result: value.clone(),
            };
            told.version = None;
            assert!(
                crate::reference::linearizable(&changed),
                "seed {seed}: {value:?}\n{explained}"
            );
        }
    }
    println!("classes {classes:?}, {left} of {all} operations left");
    assert!(classes[..8].iter().all(|met| *met > 0), "{classes:?}");
}
