//! The report of a run that went wrong: what does not hold, the two facts that contradict each
//! other, the events that led there, and what to type next.
//!
//! The events come from running the same seed again with a tracer: a run costs milliseconds, and
//! runs without a tracer stay fast.

mod chain;

use std::collections::VecDeque;

use crate::bugs::{self, Bug};
use crate::check::{Broken, Violation};
use crate::clock::show;
use crate::format::Resolved;
use crate::run::{Outcome, Verdict};
use crate::trace::{Columns, Filter, Header, Line, Tracer};
use crate::vigil::Unmet;
use anstyle::{AnsiColor, Style};

/// So many lines of the trace are kept: what led to a failure is near.
const KEPT: usize = 200_000;

const BAD: Style = AnsiColor::Red.on_default().bold();
const HEAD: Style = Style::new().bold();

/// How the user runs this seed of this file: the arguments after `raftsim run` and `raftsim trace`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Again(pub String);

/// The report of a run that did not go as expected; nothing for one that did. The run is repeated,
/// with the bug that it had.
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
            let head = match unmet.step {
                Some(_) => "NOT AS THE STEP SAYS",
                None => "A LIMIT WAS PASSED",
            };
            (missed(head, unmet), unmet.time)
        }
        Verdict::Liveness(unmet) => (missed("NOT IN TIME", unmet), unmet.time),
        Verdict::Inconclusive(unmet) => (missed("INCONCLUSIVE", unmet), unmet.time),
    };
    let mut report = bug.map_or(String::new(), |bug| format!("{}\n", bug.planted()));
    report.push_str(&head);
    let (header, lines) = retrace(scenario, bug);
    report.push_str(&events(&header, &lines, &outcome.verdict));
    let (Again(arguments), to) = (again, show(time.0));
    report.push_str(&format!("Run it again   raftsim run {arguments}\n"));
    report.push_str(&format!(
        "See more       raftsim trace {arguments} --to {to} --why\n"
    ));
    if let Verdict::Safety(violation) = &outcome.verdict
        && let Broken::Property(property) = violation.broken
    {
        report.push_str(&format!(
            "The property   raftsim explain {}\n",
            property.name()
        ));
    }
    Some(report)
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

/// Runs the seed again and keeps the end of its trace.
fn retrace(scenario: &Resolved, bug: Option<Bug>) -> (Header, VecDeque<Line>) {
    let header = Header::of(scenario, bug);
    let mut lines = VecDeque::new();
    let mut tracer = Tracer::new(header.nodes.clone(), |line| {
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    });
    // The outcome is known: what differs now is that somebody watches.
    let _ = bugs::run(scenario, bug, &mut tracer);
    drop(tracer);
    (header, lines)
}

/// The events to show, in columns.
fn events(header: &Header, lines: &VecDeque<Line>, verdict: &Verdict) -> String {
    let chosen = match verdict {
        Verdict::Safety(violation) => chain::leading_to(violation, lines),
        _ => chain::last_changes(lines),
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
