//! The linearizability checker: recorded histories beside porcupine's times for them, and drawn
//! histories of growing sizes.
//!
//! Porcupine's figures come from another run. They are the processor times that were measured when
//! its verdicts were recorded (`verdicts.csv` in the folder that `PORCUPINE_DATA` names).

use std::io;

use linearize::{Action, Budget, Checker, History, Operation, Swap, Verdict};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::figure::{Figure, Form, Unit, print};
use crate::measure::{Milli, Work, ns_per_unit};
use crate::porcupine;

/// Measures checks, from parsed operations to the verdict.
///
/// # Errors
/// If standard output cannot be written.
pub(crate) fn run(form: Form) -> io::Result<()> {
    if let Some(folder) = porcupine::folder() {
        let recorded = porcupine::all(&folder);
        for it in &recorded {
            let checked = Checker::new().check(&it.history, Budget::default());
            let linearizable = matches!(checked.verdict, Verdict::Linearizable(_));
            assert!(linearizable == it.linearizable, "{}: wrong", it.name);
        }
        let histories: Vec<_> = recorded.iter().map(|it| &it.history).collect();
        let ns = measure(&histories);
        let figures: Vec<_> = recorded
            .iter()
            .zip(ns)
            .map(|(it, ours)| Figure {
                name: format!(
                    "{} ({} operations, {} unknown)",
                    it.name,
                    it.history.operations().len(),
                    it.pending
                ),
                ours,
                peer: Some(porcupine_ns(&it.porcupine_ms)),
                unit: Unit::NsPerHistory,
            })
            .collect();
        print("recorded histories", "porcupine", &figures, form)?;
    }
    let drawn: Vec<_> = DRAWN.iter().map(|shape| draw(1, shape)).collect();
    let ns = measure(&drawn.iter().collect::<Vec<_>>());
    let figure = |(shape, ours): (&Shape, Milli)| Figure {
        name: shape.name.to_owned(),
        ours,
        peer: None,
        unit: Unit::NsPerHistory,
    };
    let figures: Vec<_> = DRAWN.iter().zip(ns).map(figure).collect();
    print("drawn histories", "", &figures, form)
}

fn measure(histories: &[&History]) -> Vec<Milli> {
    let mut works: Vec<Work<'_>> = histories
        .iter()
        .map(|history| -> Work<'_> {
            let mut checker = Checker::new();
            Box::new(move || {
                let checked = checker.check(history, Budget::default());
                assert!(checked.verdict != Verdict::Inconclusive, "it is decided");
                1
            })
        })
        .collect();
    ns_per_unit(&mut works)
}

/// `0.2760` milliseconds as thousandths of nanoseconds; nothing for a file without a figure.
fn porcupine_ns(ms: &str) -> Milli {
    let (whole, part) = ms.split_once('.').unwrap_or((ms, ""));
    let digits = format!("{whole}{part:0<9}");
    Milli(digits.parse().unwrap_or(0))
}

/// The shape of a drawn history.
struct Shape {
    name: &'static str,
    operations: u64,
    clients: u64,
    keys: u64,
    /// The number of operations without a known outcome, per hundred.
    unknown: u64,
    unique: bool,
    /// Whether it has appends and deletes, too.
    mixed: bool,
}

const DRAWN: [Shape; 7] = [
    Shape {
        name: "1,000 operations, 1 key, 30 clients, unique values",
        operations: 1_000,
        clients: 30,
        keys: 1,
        unknown: 0,
        unique: true,
        mixed: false,
    },
    Shape {
        name: "the same, 10 % of unknown outcome",
        operations: 1_000,
        clients: 30,
        keys: 1,
        unknown: 10,
        unique: true,
        mixed: false,
    },
    Shape {
        name: "1,000 operations, 1 key, 30 clients, unique values, appends and deletes",
        operations: 1_000,
        clients: 30,
        keys: 1,
        unknown: 0,
        unique: true,
        mixed: true,
    },
    Shape {
        name: "10,000 operations, 1 key, 30 clients, unique values",
        operations: 10_000,
        clients: 30,
        keys: 1,
        unknown: 0,
        unique: true,
        mixed: false,
    },
    Shape {
        name: "1,000 operations, 5 keys, 10 clients, unique values, 30 % unknown",
        operations: 1_000,
        clients: 10,
        keys: 5,
        unknown: 30,
        unique: true,
        mixed: false,
    },
    Shape {
        name: "1,000 operations, 5 keys, 10 clients, four values",
        operations: 1_000,
        clients: 10,
        keys: 5,
        unknown: 0,
        unique: false,
        mixed: true,
    },
    Shape {
        name: "the same, 10 % of unknown outcome",
        operations: 1_000,
        clients: 10,
        keys: 5,
        unknown: 10,
        unique: false,
        mixed: true,
    },
];

/// One operation that has not taken effect yet.
struct Plan {
    operation: Operation,
    effect: u64,
}

/// A history of a correct store.
fn draw(seed: u64, shape: &Shape) -> History {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut below = |end: u64| random.next_u64() % end;
    let mut free = vec![0_u64; usize::try_from(shape.clients).expect("few clients")];
    let mut plans = Vec::new();
    for number in 0..shape.operations {
        let (client, begin) = free
            .iter()
            .zip(0_u64..)
            .map(|(at, who)| (who, *at))
            .min_by_key(|it| it.1)
            .expect("a client");
        let call = begin + 1 + below(50);
        let effect = call + below(50);
        let ret = effect + 1 + below(50);
        let unknown = below(100) < shape.unknown;
        free[usize::try_from(client).expect("few clients")] = ret;
        let mut text = || match shape.unique {
            true => format!("{number}."),
            false => below(4).to_string(),
        };
        let value = text();
        let expect = Some(text());
        let action = match below(10) {
            0..5 => Action::Get { result: None },
            5..7 => Action::Put { value },
            7 if shape.mixed && shape.unique => Action::Append { value },
            7 => Action::Put { value },
            8 => Action::Cas {
                expect,
                value,
                told: None,
            },
            _ if !shape.mixed => Action::Put { value },
            _ => Action::Delete { existed: None },
        };
        let point = |time: u64, of: u64| i128::from(time) * 100_000 + i128::from(2 * number + of);
        let operation = Operation {
            process: client.to_string(),
            key: below(shape.keys).to_string(),
            call: point(call, 0),
            ret: (!unknown).then(|| point(ret, 1)),
            action,
            version: None,
        };
        let effect = if unknown {
            effect + below(5_000)
        } else {
            effect
        };
        plans.push(Plan { operation, effect });
    }
    plans.sort_by_key(|plan| plan.effect);
    let mut values = vec![None; usize::try_from(shape.keys).expect("few keys")];
    for plan in &mut plans {
        let key: usize = plan.operation.key.parse().expect("keys are numbers");
        execute(&mut plan.operation, &mut values[key]);
    }
    let operations = plans.into_iter().map(|plan| plan.operation).collect();
    History::new(operations).expect("points are distinct")
}

fn execute(operation: &mut Operation, value: &mut Option<String>) {
    let known = operation.ret.is_some();
    match &mut operation.action {
        Action::Get { result } => *result = value.clone().filter(|_| known),
        Action::Put { value: to } => *value = Some(to.clone()),
        Action::Append { value: more } => value.get_or_insert_default().push_str(more),
        Action::Cas {
            expect,
            value: to,
            told,
        } => {
            let swap = match value == expect {
                true => Swap::Done,
                false => Swap::Failed {
                    actual: Some(value.clone()),
                },
            };
            if swap == Swap::Done {
                *value = Some(to.clone());
            }
            *told = known.then_some(swap);
        }
        Action::Delete { existed } => {
            *existed = known.then_some(value.is_some());
            *value = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_is_linearizable() {
        for shape in &DRAWN {
            let checked = Checker::new().check(&draw(7, shape), Budget::default());
            assert!(
                matches!(checked.verdict, Verdict::Linearizable(_)),
                "{}",
                shape.name
            );
        }
    }

    #[test]
    fn milliseconds_are_read_to_the_picosecond() {
        assert_eq!(porcupine_ns("0.2760"), Milli(276_000_000));
        assert_eq!(porcupine_ns("227"), Milli(227_000_000_000));
    }
}
