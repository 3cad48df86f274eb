//! An explanation in words.

use super::explanation::{DRAWN, Explanation};
use crate::history::{Action, History, Operation, Swap, plain, value};
use crate::timeline;

/// The number of values that are named.
const NAMED: usize = 6;

/// The explanation, one sentence a line, and the picture.
pub(super) fn of(it: &Explanation, history: &History) -> String {
    let operations = history.operations();
    let stuck = &operations[it.stuck];
    let mut lines = vec![
        it.class.says().to_owned(),
        format!(
            "It was called at {} and returned at {}; everything that returned before has an order \
             that explains it.",
            stuck.call,
            stuck.ret.expect("what cannot be placed has returned")
        ),
    ];
    if !it.possible.is_empty() {
        lines.push(format!("Possible then: {}.", values(&it.possible)));
    }
    lines.extend(causes(it, operations));
    let on_key = operations.iter().filter(|one| one.key == it.key);
    let of = format!("of {} on key {}", on_key.count(), plain(&it.key));
    lines.push(match it.needed.len() {
        1 => format!("Whatever else had happened, this one {of} could not be told that then:"),
        count if count > DRAWN => {
            format!("These {count} operations {of} contradict each other, the last {DRAWN} drawn:")
        }
        count => format!("These {count} operations {of} contradict each other:"),
    });
    let drawn = it.drawn().iter().map(|place| &operations[*place]);
    let drawn: Vec<&Operation> = drawn.collect();
    format!(
        "{}: {} cannot be placed.\n  {}\n\n{}",
        it.class.name(),
        named(stuck),
        lines.join("\n  "),
        timeline::text(&drawn)
    )
}

/// The part of other operations in the error.
fn causes(it: &Explanation, operations: &[Operation]) -> Vec<String> {
    let stuck = &operations[it.stuck];
    let mut lines = Vec::new();
    if let Some(by) = it.overwritten_by {
        let saw = stuck.saw().map(|saw| value(&saw.map(str::to_owned)));
        let by = &operations[by];
        let by_then = match by.ret {
            Some(ret) if ret < stuck.call => format!("returned at {ret}"),
            _ => format!("was called at {}", by.call),
        };
        lines.push(format!(
            "In an order that explains the rest, {} is replaced by {}, which {by_then}.",
            saw.unwrap_or_default(),
            named(by)
        ));
    }
    if let Some(lost) = it.lost {
        let lost = &operations[lost];
        let ret = lost.ret.expect("what is lost was acknowledged");
        lines.push(format!(
            "What is missing is {}, acknowledged at {ret}.",
            named(lost)
        ));
    }
    let swapped = matches!(
        &stuck.action,
        Action::Cas {
            told: Some(Swap::Done),
            ..
        }
    );
    if swapped && it.possible.is_empty() {
        lines.push("At no time was there what it replaced.".to_owned());
    }
    lines
}

fn named(operation: &Operation) -> String {
    format!("{operation} of {}", operation.by())
}

fn values(values: &[Option<String>]) -> String {
    let few: Vec<_> = values.iter().take(NAMED).map(value).collect();
    let more = match values.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    few.join(", ") + &more
}
