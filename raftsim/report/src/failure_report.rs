//! The report of a failed run: the broken property, the two facts that contradict each other, the
//! explanation, and the next commands to type.
//!
//! The explanation comes from a second run of the same seed with a recorder: a run takes milliseconds,
//! and runs without a recorder stay fast. If there is no explanation, the report shows the last events.

use std::collections::VecDeque;

use anstyle::{AnsiColor, Style};
use checks::{Broken, Violation};
use runner::run_with_bug;
use runner::{Outcome, Unmet, Verdict};
use scenario::Resolved;
use sut::Property;
use sut::bugs::Bug;
use sut::time_text::show;

use crate::trace::{Columns, Filter, Header, Line, Tracer};
use crate::why::{Explanation, Recorder};

/// At most this many lines of the trace are kept: the causes of a failure are near its end.
const KEPT: usize = 200_000;

const BAD: Style = AnsiColor::Red.on_default().bold();
const HEAD: Style = Style::new().bold();

const LED: &str = "What led to it (✗ marks a decision that its rule does not allow):";

/// How the user runs this seed of this file: the arguments after `raftsim run` and `raftsim trace`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Again(pub String);

/// The report of a failed run; nothing for a run without failure. The run is repeated with its bug.
#[must_use]
pub fn report(
    scenario: &Resolved,
    bug: Option<Bug>,
    outcome: &Outcome,
    again: &Again,
) -> Option<String> {
    let (head, time) = match &outcome.verdict {
        Verdict::Ok => return None,
        Verdict::Safety(violation) => (violated(violation, scenario), violation.time),
        Verdict::Expectation(unmet) => {
            let head = match unmet.is_about_a_step() {
                true => "STEP FAILED",
                false => "A LIMIT WAS PASSED",
            };
            (missed(head, unmet), unmet.time)
        }
        Verdict::Liveness(unmet) => (missed("NOT IN TIME", unmet), unmet.time),
        Verdict::Inconclusive(unmet) => (missed("INCONCLUSIVE", unmet), unmet.time),
    };
    let mut report = bug.map_or(String::new(), |bug| format!("{}\n", bug.planted()));
    report.push_str(&head);
    let explanation = match &outcome.verdict {
        Verdict::Safety(violation) => explain(scenario, bug, violation),
        _ => Explanation::default(),
    };
    if explanation.statements.is_empty() {
        let last = match &outcome.verdict {
            Verdict::Ok | Verdict::Safety(_) => u64::MAX,
            // With a bug, a script continues after a failed step.
            Verdict::Expectation(unmet)
            | Verdict::Liveness(unmet)
            | Verdict::Inconclusive(unmet) => unmet.event,
        };
        let (header, lines) = retrace(scenario, bug, last);
        report.push_str(&events(&header, &lines, &outcome.verdict));
    } else {
        report.push_str(&format!("{LED}\n{explanation}\n"));
    }
    let (Again(arguments), to) = (again, show(time.0));
    report.push_str(&format!("Run it again   raftsim run {arguments}\n"));
    report.push_str(&format!(
        "See more       raftsim trace {arguments} --to {to} --why\n"
    ));
    if let Some(last) = explanation.statements.last() {
        let event = last.event;
        report.push_str(&format!(
            "Its causes     raftsim trace {arguments} --why {event}\n"
        ));
    }
    if can_be_small(scenario, &outcome.verdict) {
        report.push_str(&format!("Make it small  raftsim shrink {arguments}\n"));
    }
    if let Verdict::Safety(violation) = &outcome.verdict
        && let Broken::Property(property) = violation.broken
    {
        if property == Property::Linearizability {
            report.push_str(&format!(
                "Its history    raftsim run {arguments} --history h.jsonl; raftsim linearize h.jsonl\n"
            ));
        }
        report.push_str(&format!(
            "The property   raftsim explain {}\n",
            property.name()
        ));
    }
    Some(report)
}

/// Whether `raftsim shrink` can help: a script with a failing step is short already.
fn can_be_small(scenario: &Resolved, verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Safety(_) => true,
        Verdict::Expectation(_) | Verdict::Liveness(_) => scenario.script().is_none(),
        Verdict::Ok | Verdict::Inconclusive(_) => false,
    }
}

/// A failure in one line.
#[must_use]
pub fn line(outcome: &Outcome) -> String {
    match &outcome.verdict {
        Verdict::Ok => "ok".to_owned(),
        Verdict::Safety(violation) => {
            let [first, second] = &violation.facts;
            let (broken, time) = (violation.broken, show(violation.time.0));
            format!("{broken} does not hold at {time}: {first}; {second}")
        }
        Verdict::Expectation(unmet) | Verdict::Liveness(unmet) | Verdict::Inconclusive(unmet) => {
            format!("{}: {}", unmet.facts[0], unmet.facts[1])
        }
    }
}

fn violated(violation: &Violation, scenario: &Resolved) -> String {
    let place = match violation.node {
        Some(node) => format!(
            "event {} on {}",
            violation.event.0, scenario.nodes[node.0 as usize].0
        ),
        None => format!("seen after event {}", violation.event.0),
    };
    let (broken, time) = (violation.broken, show(violation.time.0));
    let mut text = format!("{BAD}VIOLATED{BAD:#} {HEAD}{broken}{HEAD:#} at {time}, {place}\n");
    text.push_str(&format!("  {}\n\n", broken.says()));
    text.push_str(&facts(&violation.facts));
    text
}

fn missed(head: &str, unmet: &Unmet) -> String {
    let time = show(unmet.time.0);
    format!("{BAD}{head}{BAD:#} at {time}\n\n{}", facts(&unmet.facts))
}

fn facts([first, second]: &[String; 2]) -> String {
    format!("  1. {first}\n  2. {second}\n\n")
}

/// Runs the seed again with a recorder and explains the violation.
fn explain(scenario: &Resolved, bug: Option<Bug>, violation: &Violation) -> Explanation {
    let names = scenario.nodes.iter().map(|name| name.0.clone()).collect();
    let mut recorder = Recorder::new(names);
    // The outcome is known already.
    let _ = run_with_bug(scenario, bug, &mut recorder);
    recorder.explain(violation)
}

/// Runs the seed again and keeps the end of its trace up to the event `last`.
fn retrace(scenario: &Resolved, bug: Option<Bug>, last: u64) -> (Header, VecDeque<Line>) {
    let header = Header::of(scenario, bug);
    let mut lines = VecDeque::new();
    let mut tracer = Tracer::new(header.nodes.clone(), |line| {
        if matches!(&line, Line::Event(record) if record.id > last) {
            return;
        }
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    });
    // The outcome is known already.
    let _ = run_with_bug(scenario, bug, &mut tracer);
    drop(tracer);
    (header, lines)
}

/// The events to show, in columns.
fn events(header: &Header, lines: &VecDeque<Line>, verdict: &Verdict) -> String {
    let chosen = match verdict {
        Verdict::Safety(violation) => crate::last_events::leading_to(violation, lines),
        _ => crate::last_events::last_changes(lines),
    };
    if chosen.is_empty() {
        return String::new();
    }
    let mut columns = Columns::new(
        header,
        Filter {
            idle: true,
            ..Filter::default()
        },
        false,
    );
    let mut text = format!("{}\n", columns.head());
    for line in lines {
        let id = match line {
            Line::Event(record) => record.id,
            _ => continue,
        };
        if !chosen.contains(&id) {
            columns.skip(line);
            continue;
        }
        if let Some(shown) = columns.show(line) {
            text.push_str(&shown);
            text.push('\n');
        }
    }
    text.push('\n');
    text
}
