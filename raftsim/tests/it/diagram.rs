//! Space-time diagrams, drawn from a recorded run: an election with a lost vote, three writes, and
//! the leader's crash.

use std::path::PathBuf;

use ::svg::parser::{Event, Parser};
use proptest::prelude::*;
use report::diagram::{Ending, Options, Scale, svg};
use report::trace::{ActionKind, Filter, Header, Line, Record, read};

const RUN: &str = include_str!("diagram/storm.jsonl");
/// Set to anything, this variable lets the test write the picture anew.
const REGENERATE: &str = "RAFTSIM_REGENERATE";
const HOW: &str = "RAFTSIM_REGENERATE=1 cargo test -p raftsim --test it diagram";

fn run() -> Vec<Line> {
    let (header, lines) = read(RUN.as_bytes()).expect("the recorded run is a trace");
    let lines = lines.map(|line| line.expect("the recorded run is a trace"));
    [Line::Header(header)].into_iter().chain(lines).collect()
}

fn events(lines: &[Line]) -> impl Iterator<Item = &Record> {
    lines.iter().filter_map(|line| match line {
        Line::Event(record) => Some(record.as_ref()),
        _ => None,
    })
}

/// Everything of these classes in a picture.
fn count(picture: &str, class: &str) -> usize {
    let has = |event: &Event<'_>| match event {
        Event::Tag(_, _, attributes) => attributes
            .get("class")
            .is_some_and(|value| value.split(' ').any(|word| word == class)),
        _ => false,
    };
    Parser::new(picture).filter(has).count()
}

#[test]
fn the_recorded_run_gives_the_committed_picture() {
    let path = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/it/diagram/storm.svg"
    ));
    let options = Options {
        filter: Filter {
            from: Some(210_000_000),
            to: Some(300_000_000),
            ..Filter::default()
        },
        ..Options::default()
    };
    let picture = svg(&run(), &options);
    #[expect(
        clippy::disallowed_methods,
        reason = "the variable decides what is kept, not what is drawn"
    )]
    if std::env::var(REGENERATE).is_ok() {
        std::fs::write(&path, &picture).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        picture == kept,
        "the picture has changed. Look at it, and if that is meant, run `{HOW}`"
    );
}

#[test]
fn every_event_that_is_not_idle_has_a_tooltip_with_its_decisions() {
    let lines = run();
    let picture = svg(&lines, &Options::default());
    for record in events(&lines).filter(|record| !record.idle) {
        let said = [' ', ':'].map(|after| format!("s #{}{after}", record.id));
        let told = said.iter().any(|said| picture.contains(said));
        assert!(told, "{}", record.id);
    }
    assert!(picture.contains("[quorum.majority]"));
}

#[test]
fn each_message_is_one_arrow_and_each_lost_one_a_cross() {
    let lines = run();
    let options = Options {
        filter: Filter {
            idle: true,
            ..Filter::default()
        },
        ..Options::default()
    };
    let picture = svg(&lines, &options);
    let sent: usize = events(&lines).map(|record| record.sent.len()).sum();
    let copies = events(&lines)
        .filter(|record| record.action == ActionKind::Duplicate)
        .count();
    assert_eq!(count(&picture, "arrow"), sent + copies);
    let crosses = events(&lines)
        .filter(|record| matches!(record.action, ActionKind::Drop | ActionKind::Crash));
    let legend = 1;
    assert_eq!(count(&picture, "cross"), crosses.count() + legend);
}

#[test]
fn roles_show_as_lines_and_badges() {
    let picture = svg(&run(), &Options::default());
    for badge in ["candidate t1", "leader t1", "candidate t2", "leader t2"] {
        assert!(picture.contains(badge), "{badge}");
    }
    let legend = 2;
    let leaders = 2;
    let double = |picture: &str| {
        let lines = count(picture, "lane");
        lines - count(picture, "thin") - count(picture, "dashed")
    };
    assert_eq!(double(&picture), legend + 2 * leaders);
}

#[test]
fn a_diagram_that_leaves_events_out_says_so() {
    let (lines, limit) = (run(), 10);
    let all = events(&lines).filter(|record| !record.idle).count();
    let cut = svg(
        &lines,
        &Options {
            limit,
            ..Options::default()
        },
    );
    assert!(cut.contains("later events are not drawn"), "{cut}");
    assert!(!svg(&lines, &Options::default()).contains("not drawn:"));
    let ending = Some(Ending {
        event: events(&lines).last().map(|record| record.id),
        title: "VIOLATED something".to_owned(),
        facts: vec!["one fact".to_owned(), "another".to_owned()],
    });
    let end = svg(
        &lines,
        &Options {
            limit,
            ending,
            ..Options::default()
        },
    );
    assert!(end.contains("earlier events are not drawn"));
    assert!(end.contains("✗ VIOLATED something") && end.contains("another"));
    assert_eq!((count(&end, "ring"), count(&cut, "ring")), (1, 0));
    assert!(all > limit);
}

#[test]
fn nothing_outside_is_referred_to_and_all_coordinates_are_integers() {
    for scale in [Scale::Even, Scale::Time] {
        let picture = svg(
            &run(),
            &Options {
                scale,
                ..Options::default()
            },
        );
        for foreign in ["<script", "href", "url(", "@import", "@font-face"] {
            assert!(!picture.contains(foreign), "{foreign}");
        }
        for event in Parser::new(&picture) {
            let Event::Tag(_, _, attributes) = event else {
                assert!(!matches!(event, Event::Error(_)), "{event:?}");
                continue;
            };
            for name in [
                "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "width", "height",
            ] {
                if let Some(value) = attributes.get(name) {
                    assert!(value.parse::<i64>().is_ok(), "{name}={value}");
                }
            }
        }
    }
}

#[test]
fn names_from_files_cannot_break_the_picture() {
    let named = |text: &str| text.replace("S1", "</text><script>&\u{1}\"'");
    let lines: Vec<_> = run()
        .into_iter()
        .map(|line| match line {
            Line::Header(header) => Line::Header(Header {
                nodes: header.nodes.iter().map(|name| named(name)).collect(),
                ..header
            }),
            Line::Event(record) => Line::Event(Box::new(Record {
                node: record.node.as_deref().map(named),
                text: named(&record.text),
                ..*record
            })),
            other => other,
        })
        .collect();
    let picture = svg(&lines, &Options::default());
    assert!(!picture.contains("<script") && !picture.contains('\u{1}'));
    assert!(picture.contains("&lt;script&gt;&amp;\u{fffd}"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_part_of_a_trace_can_be_drawn(
        keep in proptest::collection::vec(any::<bool>(), 100),
        from in 0..900_000_000_u64,
        limit in 0..20_usize,
        scale in prop_oneof![Just(Scale::Even), Just(Scale::Time)],
        nodes in prop_oneof![Just(vec![]), Just(vec!["S2".to_owned()]), Just(vec!["S9".to_owned()])],
    ) {
        let lines: Vec<_> = run().into_iter().zip(keep).filter(|(_, keep)| *keep).map(|(line, _)| line).collect();
        let filter = Filter { from: Some(from), nodes, ..Filter::default() };
        let picture = svg(&lines, &Options { filter, limit, scale, ending: None });
        prop_assert!(picture.ends_with("</svg>\n"));
    }
}
