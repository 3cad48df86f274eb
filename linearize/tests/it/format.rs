//! The file format: accepted texts, errors with their places, and a round trip through text.

use crate::random::Random;
use linearize::{Budget, Checker, History, Operation, Verdict};
use proptest::prelude::*;

fn put(rest: &str) -> String {
    format!(r#"{{"process":0,"call":1,"return":4,"op":"put","key":"x"{rest}}}"#)
}

/// The error for a text, with its place.
fn refused(text: &str) -> String {
    let refused = History::parse(text).expect_err("it is no history");
    refused.to_string()
}

#[test]
fn an_empty_file_is_linearizable() {
    for text in ["", "\n", "  \n\r\n"] {
        let history = History::parse(text).unwrap();
        let checked = Checker::new().check(&history, Budget::default());
        assert_eq!(checked.verdict, Verdict::Linearizable(Vec::new()));
        assert_eq!(checked.tier.number(), 0);
    }
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    let text = format!("\u{feff}{}", put(r#","value":"a""#));
    assert_eq!(History::parse(text).unwrap().operations().len(), 1);
}

#[test]
fn mistakes_are_shown_where_they_are() {
    let cases = [
        (put(""), "1:1: an operation without `value`"),
        (put(r#","value":3"#), "1:63: `value` is a text: 3 is not"),
        (
            put(r#","vaule":"a""#),
            "1:55: unknown field `vaule`, expected one of",
        ),
        (
            put(r#","value":"a","ok":true"#),
            "1:72: `ok` is not part of a put",
        ),
        (
            put(r#","value":"a","value":"b""#),
            "1:67: duplicate field `value`",
        ),
        (
            "[]".to_owned(),
            "1:1: an operation is one JSON object on one line, like {",
        ),
        (
            "{\n".to_owned(),
            "1:1: EOF while parsing an object: an operation stands on one line",
        ),
        (
            r#"{"process":0,"call":1.5,"return":4,"op":"delete","key":"x"}"#.to_owned(),
            "1:21: `call` is a point of the clock: an integer",
        ),
        (
            r#"{"process":0,"call":1,"op":"delete","key":"x"}"#.to_owned(),
            "1:1: an operation without `return` (null where the outcome is unknown)",
        ),
        (
            r#"{"process":0,"call":1,"return":2,"op":"increment","key":"x"}"#.to_owned(),
            "1:39: there is no operation `increment`: get, put, append, cas or delete",
        ),
        (
            r#"{"process":0,"call":1,"return":2,"op":"get","key":"x"}"#.to_owned(),
            "1:1: an operation without `result` (null for an absent key)",
        ),
        (
            r#"{"process":0,"call":1,"return":null,"op":"get","key":"x","result":"a"}"#.to_owned(),
            "1:67: `result` was told, but nothing returned: its `return` is null",
        ),
        (
            r#"{"process":0,"call":3,"return":2,"op":"delete","key":"x"}"#.to_owned(),
            "1:32: an operation returns after its call, which is at 3",
        ),
        (
            r#"{"process":0,"call":1,"return":2,"op":"cas","key":"x","expect":null,"value":"a"}"#
                .to_owned(),
            "1:1: an operation without `ok`: whether it was done",
        ),
    ];
    for (text, message) in cases {
        let said = refused(&text);
        assert!(said.starts_with(message), "{text}\n{said}\n{message}");
    }
}

#[test]
fn no_clock_gets_so_far_that_there_is_no_room_behind_it() {
    let text = r#"{"process":0,"call":1,"return":170141183460469231731687303715884105727,"op":"delete","key":"x"}"#;
    assert_eq!(
        refused(text),
        "1:21: points of the clock lie between -2^96 and 2^96"
    );
    let text = text.replace(
        "170141183460469231731687303715884105727",
        &(1_u128 << 96).to_string(),
    );
    let history = History::parse(text).expect("it is not too far");
    assert_eq!(history.operations().len(), 1);
}

#[test]
fn two_operations_at_the_same_point_are_named() {
    let text = [
        r#"{"process":0,"call":1,"return":4,"op":"delete","key":"x"}"#,
        "",
        r#"{"process":1,"call":2,"return":4,"op":"delete","key":"x"}"#,
    ];
    assert_eq!(
        refused(&text.join("\n")),
        "3:32: something of line 1 happens at 4, too: calls and returns are distinct points of one \
         clock"
    );
}

#[test]
fn bytes_that_are_no_text_are_shown_where_they_are() {
    let said = History::parse(b"\n\n{\"\xc3\xa4\xff").unwrap_err();
    assert_eq!((said.line, said.column), (3, 4), "{said}");
}

/// Concurrent appends of few values, and a get of `result` after them.
fn hard(key: &str, from: i128, result: &str) -> String {
    let append = |place: i128| {
        let (call, ret, value) = (from + place, from + 1_000 + place, place % 4);
        format!(
            r#"{{"process":0,"call":{call},"return":{ret},"op":"append","key":"{key}","value":"{value}"}}"#
        )
    };
    let mut lines: Vec<String> = (0..result.len() as i128).map(append).collect();
    let (call, ret) = (from + 5_000, from + 5_001);
    lines.push(format!(
        r#"{{"process":0,"call":{call},"return":{ret},"op":"get","key":"{key}","result":"{result}"}}"#
    ));
    lines.join("\n")
}

#[test]
fn a_hard_key_does_not_hide_what_is_wrong_with_another() {
    // The first key has many orders, none of them correct; the second one has few.
    let many = format!("{}0120", "0123".repeat(9));
    let alone = History::parse(hard("a", 0, &many)).unwrap();
    let budget = Budget::nodes(3_000).unwrap();
    assert_eq!(
        Checker::new().check(&alone, budget).verdict,
        Verdict::Inconclusive
    );
    let text = format!("{}\n{}", hard("a", 0, &many), hard("b", 10_000, "01230122"));
    let both = Checker::new().check(&History::parse(text).unwrap(), budget);
    let key = "b".to_owned();
    assert_eq!(both.verdict, Verdict::NotLinearizable { key });
}

#[test]
fn an_absent_actual_is_not_a_missing_one() {
    let cas = |rest: &str| {
        let put = r#"{"process":0,"call":1,"return":2,"op":"put","key":"x","value":"b"}"#;
        let cas =
            r#"{"process":0,"call":3,"return":4,"op":"cas","key":"x","expect":"a","value":"c""#;
        let text = format!("{put}\n{cas},\"ok\":false{rest}}}");
        let history = History::parse(text).unwrap();
        Checker::new().check(&history, Budget::default()).verdict
    };
    assert!(matches!(cas(""), Verdict::Linearizable(_)));
    assert!(matches!(cas(r#","actual":"b""#), Verdict::Linearizable(_)));
    assert!(matches!(
        cas(r#","actual":null"#),
        Verdict::NotLinearizable { .. }
    ));
}

/// A history of several keys.
fn drawn(seed: u64) -> Vec<Operation> {
    let mut random = Random::new(seed);
    let style = random.style(20);
    let mut operations = random.history(&style);
    for (place, operation) in operations.iter_mut().enumerate() {
        operation.key = ["x", "ÿ\n", ""][place % 3].to_owned();
        operation.process = [place.to_string(), format!("p {place}")][place % 2].clone();
    }
    operations
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_again(seed: u64) {
        let operations = drawn(seed);
        let lines: Vec<_> = operations.iter().map(Operation::to_line).collect();
        let mut read = History::parse(lines.join("\n")).unwrap().operations().to_vec();
        for (read, written) in read.iter_mut().zip(&operations) {
            if read.ret.is_none() {
                *read = read.unanswered();
            }
            prop_assert_eq!(&*read, written);
        }
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = History::parse(bytes);
    }

    /// Cuts, doublings and strange bytes in the middle of a valid text.
    #[test]
    fn no_damage_makes_the_parser_panic(
        seed: u64,
        damage in proptest::collection::vec((any::<prop::sample::Index>(), 0..4_u8, any::<u8>()), 1..6),
    ) {
        let lines: Vec<_> = drawn(seed).iter().map(Operation::to_line).collect();
        let mut bytes = lines.join("\n").into_bytes();
        for (place, kind, byte) in damage {
            if bytes.is_empty() {
                break;
            }
            let at = place.index(bytes.len());
            match kind {
                0 => bytes.truncate(at),
                1 => bytes[at] = byte,
                2 => bytes.insert(at, b"{}[]\",:\\0-.eE\n"[usize::from(byte) % 14]),
                _ => bytes.extend_from_within(at..),
            }
        }
        if let Ok(history) = History::parse(&bytes) {
            let budget = Budget::nodes(10_000).unwrap();
            let _ = Checker::new().check(&history, budget);
        }
    }
}
