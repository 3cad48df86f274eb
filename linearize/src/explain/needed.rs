//! A few operations that contradict each other.
//!
//! Leaving out an observer is always sound: if the rest cannot be explained, then the whole cannot
//! either. Leaving out a write is not sound, because its value would then look like garbage. But a
//! write may be changed to an unknown outcome, which only allows more orders. A write of unknown
//! outcome may then be left out if no remaining observer sees its value.

use super::case::Case;
use crate::history::{Action, Operation, Swap};

/// The places of a few operations that cannot be explained together. One of them is `at`.
pub(super) fn find(case: &mut Case<'_, '_>, operations: &[Operation], at: usize) -> Vec<usize> {
    case.starved = false;
    let whole: Vec<(usize, Operation)> = operations.iter().cloned().enumerate().collect();
    // With few observers left, it is cheap to find the writes that none of them saw.
    let seen = fewer(case, whole, at, &Operation::only_looks);
    let kept = fewer(case, seen, at, &|_| true);
    kept.into_iter().map(|(place, _)| place).collect()
}

/// Leaves out as many operations as possible, in halves, quarters and so on, from the end.
fn fewer(
    case: &mut Case<'_, '_>,
    mut kept: Vec<(usize, Operation)>,
    at: usize,
    may_go: &dyn Fn(&Operation) -> bool,
) -> Vec<(usize, Operation)> {
    let mut size = kept.len().div_ceil(2).max(1);
    loop {
        let mut less = false;
        let mut end = kept.len();
        while end > 0 && !case.starved {
            // An operation that must stay, or is already reduced as far as possible, belongs to no
            // part.
            let goes = |(place, it): &(usize, Operation)| {
                *place != at && may_go(it) && (it.ret.is_some() || it.only_looks())
            };
            let going = (0..end).rev().filter(|number| goes(&kept[*number]));
            let part: Vec<usize> = going.take(size).collect();
            let Some(begin) = part.last().copied() else {
                break;
            };
            let smaller = without(case, &kept, &part);
            if fails(case, &smaller) {
                kept = smaller;
                less = true;
            }
            end = begin.min(kept.len());
        }
        if case.starved || (size == 1 && !less) {
            return kept;
        }
        size = (size / 2).max(1);
    }
}

fn fails(case: &mut Case<'_, '_>, kept: &[(usize, Operation)]) -> bool {
    let operations: Vec<Operation> = kept.iter().map(|(_, it)| it.clone()).collect();
    case.fails(&operations)
}

/// The operations without the chosen observers (their numbers fall), with unknown outcomes in the
/// place of chosen writes, and without writes that no observer can see any more.
fn without(
    case: &Case<'_, '_>,
    kept: &[(usize, Operation)],
    goes: &[usize],
) -> Vec<(usize, Operation)> {
    let mut rest: Vec<(usize, Operation)> = Vec::new();
    let mut goes = goes.iter().rev().copied().peekable();
    for (number, (place, operation)) in kept.iter().enumerate() {
        if goes.next_if_eq(&number).is_none() {
            rest.push((*place, operation.clone()));
        } else if !operation.only_looks() {
            rest.push((*place, operation.unanswered()));
        }
    }
    let mut all = case.all.iter();
    let appends = all.any(|it| matches!(it.action, Action::Append { .. }));
    loop {
        let before = rest.len();
        let unseen: Vec<bool> = rest
            .iter()
            .map(|(_, it)| is_unseen(it, &rest, appends))
            .collect();
        let mut unseen = unseen.into_iter();
        rest.retain(|_| !unseen.next().expect("one for each"));
        if rest.len() == before {
            return rest;
        }
    }
}

/// Whether an operation is of unknown outcome, and no observation shows its effect.
fn is_unseen(operation: &Operation, rest: &[(usize, Operation)], appends: bool) -> bool {
    if operation.ret.is_some() {
        return false;
    }
    let mut others = rest.iter().map(|(_, it)| it);
    // Without appends a value is either complete or absent.
    let holds = |saw: &str, value: &str| match appends {
        true => saw.contains(value),
        false => saw == value,
    };
    match &operation.action {
        Action::Get { .. } => true,
        Action::Put { value } | Action::Append { value } | Action::Cas { value, .. } => {
            !others.any(|it| sees_by_absence(it) || sees(it).is_some_and(|saw| holds(saw, value)))
        }
        Action::Delete { .. } => !others.any(|it| {
            sees_by_absence(it)
                || it.saw() == Some(None)
                || matches!(
                    it.action,
                    Action::Append { .. } | Action::Cas { expect: None, .. }
                )
        }),
    }
}

/// The value that an operation saw, or expects.
fn sees(operation: &Operation) -> Option<&str> {
    match &operation.action {
        Action::Cas {
            expect: Some(expect),
            ..
        } => Some(expect),
        _ => operation.saw().flatten(),
    }
}

/// Whether an operation saw that a value was absent, or that some value was there.
fn sees_by_absence(operation: &Operation) -> bool {
    match &operation.action {
        Action::Cas { told, .. } => matches!(told, Some(Swap::Failed { .. })),
        Action::Delete { existed } => existed.is_some(),
        _ => false,
    }
}
