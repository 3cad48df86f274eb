//! The definition of linearizability, word by word, without regard for time.

use linearize::{Action, Operation, Swap};

/// Whether some order explains the operations of one key. The function tries every order that
/// agrees with the clock, with every choice of operations of unknown outcome.
pub(crate) fn linearizable(operations: &[Operation]) -> bool {
    let told: Vec<&Operation> = operations
        .iter()
        .filter(|it| it.ret.is_some() || !matches!(it.action, Action::Get { .. }))
        .collect();
    extend(&told, None, &Vec::new())
}

/// The reported versions, one list for each stretch between two writes.
type Epochs = Vec<Vec<u64>>;

fn extend(left: &[&Operation], value: Option<String>, epochs: &Epochs) -> bool {
    if left.iter().all(|operation| operation.ret.is_none()) {
        return true;
    }
    for (place, next) in left.iter().enumerate() {
        let too_early = |other: &&Operation| other.ret.is_some_and(|ret| ret < next.call);
        if left.iter().any(too_early) {
            continue;
        }
        let Some((after, wrote)) = execute(next, value.clone()) else {
            continue;
        };
        let mut rest = left.to_vec();
        rest.remove(place);
        let choices: &[bool] = match wrote {
            Wrote::Yes => &[true],
            Wrote::No => &[false],
            Wrote::Perhaps => &[true, false],
        };
        for new in choices {
            let mut with = epochs.clone();
            if with.is_empty() {
                with.push(Vec::new());
            }
            if *new {
                with.push(Vec::new());
            }
            with.last_mut()
                .expect("it is not empty")
                .extend(next.version);
            if rising(&with) && extend(&rest, after.clone(), &with) {
                return true;
            }
        }
    }
    false
}

enum Wrote {
    Yes,
    No,
    Perhaps,
}

/// The value after an operation, and whether it wrote, if its answer is correct.
fn execute(operation: &Operation, value: Option<String>) -> Option<(Option<String>, Wrote)> {
    let known = operation.ret.is_some();
    match &operation.action {
        Action::Get { result } => (value == *result).then_some((value, Wrote::No)),
        Action::Put { value } => Some((Some(value.clone()), Wrote::Yes)),
        Action::Append { value: more } => {
            let longer = format!("{}{more}", value.unwrap_or_default());
            Some((Some(longer), Wrote::Yes))
        }
        Action::Cas {
            expect,
            value: to,
            told,
        } => {
            let done = value == *expect;
            let right = match told {
                None => !known,
                Some(Swap::Done) => done,
                Some(Swap::Failed { actual: None }) => !done,
                Some(Swap::Failed {
                    actual: Some(actual),
                }) => !done && value == *actual,
            };
            right.then(|| match done {
                true => (Some(to.clone()), Wrote::Yes),
                false => (value, Wrote::No),
            })
        }
        Action::Delete { existed } => {
            let right = existed.is_none_or(|existed| existed == value.is_some());
            right.then_some((
                None,
                match value {
                    Some(_) => Wrote::Yes,
                    None => Wrote::Perhaps,
                },
            ))
        }
    }
}

/// Versions are the same between two writes and rise with each; a write's version is never 0.
fn rising(epochs: &Epochs) -> bool {
    let mut last: Option<u64> = None;
    for (place, epoch) in epochs.iter().enumerate() {
        let Some(first) = epoch.first() else { continue };
        if epoch.iter().any(|version| version != first) {
            return false;
        }
        if last.is_some_and(|last| *first <= last) || (place > 0 && *first == 0) {
            return false;
        }
        last = Some(*first);
    }
    true
}
