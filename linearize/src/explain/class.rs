//! The kind of an error, found by trying which change would correct it.

use super::case::Case;
use crate::history::Operation;

/// The kinds of errors that clients can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A value that had been replaced before the call.
    StaleRead,
    /// A value that no client ever wrote.
    GarbageRead,
    /// A write that was acknowledged, and that later operations do not see.
    LostUpdate,
    /// A value that was written only after the return.
    FutureRead,
    /// A write that took effect more than once.
    DoubleApply,
    /// An order would explain the answers, but it contradicts the clock.
    RealTimeInversion,
    /// The values fit, but the reported versions do not.
    WrongVersion,
    /// No order fits the answers, even without the clock. For example, two operations saw writes in
    /// different orders.
    Contradiction,
    /// The budget is too small to find the kind.
    Unclear,
}

impl Class {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Class::StaleRead => "stale read",
            Class::GarbageRead => "garbage read",
            Class::LostUpdate => "lost update",
            Class::FutureRead => "future read",
            Class::DoubleApply => "double apply",
            Class::RealTimeInversion => "real-time inversion",
            Class::WrongVersion => "wrong version",
            Class::Contradiction => "contradiction",
            Class::Unclear => "violation",
        }
    }

    /// Its meaning.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Class::StaleRead => "What it saw had been replaced before it was called.",
            Class::GarbageRead => "Nobody ever wrote what it saw.",
            Class::LostUpdate => "A write was acknowledged, and what it saw knows nothing of it.",
            Class::FutureRead => "What it saw was written only after it had returned.",
            Class::DoubleApply => "A write took effect more than once.",
            Class::RealTimeInversion => "The only order that explains it goes against the clock.",
            Class::WrongVersion => "The values fit, the versions do not.",
            Class::Contradiction => "What these operations were told fits no order.",
            Class::Unclear => {
                "What kind of mistake it is takes more to find out than the budget allows."
            }
        }
    }
}

/// The class of an error. `operations`, a few of the `whole`, cannot be explained, and the one at
/// the given place returned last. For a lost update it also returns the lost write.
pub(super) fn of(
    case: &mut Case<'_, '_>,
    whole: &[Operation],
    operations: &[Operation],
    at: usize,
) -> (Class, Option<usize>) {
    case.starved = false;
    let told = &operations[at];
    if let Some(class) = unwritten(case, told) {
        return (class, None);
    }
    let change = |change: &dyn Fn(&mut Operation)| {
        let mut changed = operations.to_vec();
        change(&mut changed[at]);
        changed
    };
    if case.passes(&change(&|it| it.call = i128::MIN)) {
        let class = match told.only_looks() {
            true => Class::StaleRead,
            false if told.saw().is_some() => Class::LostUpdate,
            false => Class::RealTimeInversion,
        };
        let lost = match class {
            Class::LostUpdate => lost(case, operations, at),
            _ => None,
        };
        return (class, lost);
    }
    if told.saw().is_some() && case.passes(&later(case.all.as_slice(), operations, at)) {
        return (Class::FutureRead, None);
    }
    for versioned in [operations, whole] {
        let unversioned: Vec<_> = versioned.iter().map(unversioned).collect();
        if case.passes(&unversioned) {
            return (Class::WrongVersion, None);
        }
    }
    if let Some(lost) = lost(case, operations, at) {
        return (Class::LostUpdate, Some(lost));
    }
    if case.passes(&timeless(operations)) {
        return (Class::RealTimeInversion, None);
    }
    match case.starved {
        true => (Class::Unclear, None),
        false => (Class::Contradiction, None),
    }
}

/// An acknowledged write without which the other operations can be explained.
fn lost(case: &mut Case<'_, '_>, operations: &[Operation], at: usize) -> Option<usize> {
    (0..operations.len()).find(|place| {
        let other = &operations[*place];
        if *place == at || other.ret.is_none() || other.only_looks() {
            return false;
        }
        let mut changed = operations.to_vec();
        changed.remove(*place);
        case.passes(&changed)
    })
}

/// The most times that a write may take effect for the error to count as a double apply.
const COPIES: i128 = 4;

/// Whether no order of any writes can lead to this answer.
fn unwritten(case: &mut Case<'_, '_>, told: &Operation) -> Option<Class> {
    let writes = case.all.iter().filter(|it| !it.only_looks());
    let mut writes: Vec<Operation> = writes
        .zip(0..)
        .map(|(it, place)| Operation {
            call: place,
            ..it.unanswered()
        })
        .collect();
    let end = i128::try_from(writes.len()).expect("a history is shorter");
    let told = |at: i128| Operation {
        call: at,
        ret: Some(at + 1),
        ..unversioned(told)
    };
    writes.push(told(end));
    if !case.fails(&writes) {
        return None;
    }
    writes.pop();
    let once = writes.clone();
    for copy in 1..COPIES {
        let again = once.iter().map(|it| Operation {
            call: copy * end + it.call,
            ..it.clone()
        });
        writes.extend(again);
    }
    writes.push(told(COPIES * end));
    match case.passes(&writes) {
        true => Some(Class::DoubleApply),
        false if case.starved => Some(Class::Unclear),
        false => Some(Class::GarbageRead),
    }
}

fn unversioned(operation: &Operation) -> Operation {
    Operation {
        version: None,
        ..operation.clone()
    }
}

/// The same operations, but the answer at a place may belong to any later time, when writes that
/// were still to come may have taken effect.
fn later(all: &[&Operation], operations: &[Operation], at: usize) -> Vec<Operation> {
    let mut changed = operations.to_vec();
    let end = operations[at].ret.unwrap_or(i128::MAX);
    let to_come = all
        .iter()
        .filter(|it| it.call > end && !it.only_looks())
        .map(|it| it.unanswered());
    changed.extend(to_come);
    changed[at].ret = Some(i128::MAX);
    changed
}

/// The same operations without the clock.
fn timeless(operations: &[Operation]) -> Vec<Operation> {
    let count = i128::try_from(operations.len()).expect("a history is shorter");
    let placed = operations.iter().zip(0..);
    placed
        .map(|(it, place)| Operation {
            call: place,
            ret: it.ret.map(|_| count + place),
            ..it.clone()
        })
        .collect()
}
