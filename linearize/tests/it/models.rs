//! The search with a custom model: correct hints of a model change no verdict, and wrong hints do.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::random::Random;
use linearize::{Action, Answer, Entry, Model, Operation, Swap, search};

/// The hints of the model about its operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hints {
    None,
    True,
    /// Declares a put that changes nothing an observer, so that the search would place it at once.
    GreedyPut,
    /// Declares that an append overwrites.
    AppendOverwrites,
    /// Declares that all operations of one kind make the same request.
    AllAlike,
}

/// A register of texts.
struct Register(Hints);

impl Model for Register {
    type Op = Operation;
    type State = Option<String>;

    fn initial(&self) -> Option<String> {
        None
    }

    fn step(&mut self, state: &Option<String>, op: &Operation) -> Option<Option<String>> {
        let known = op.ret.is_some();
        match &op.action {
            Action::Get { result } => (!known || state == result).then(|| state.clone()),
            Action::Put { value } => Some(Some(value.clone())),
            Action::Append { value } => Some(Some(state.clone().unwrap_or_default() + value)),
            Action::Cas {
                expect,
                value,
                told,
            } => {
                let done = state == expect;
                let right = match told {
                    None => true,
                    Some(Swap::Done) => done,
                    Some(Swap::Failed { actual }) => {
                        !done && actual.as_ref().is_none_or(|actual| actual == state)
                    }
                };
                right.then(|| match done {
                    true => Some(value.clone()),
                    false => state.clone(),
                })
            }
            Action::Delete { existed } => existed
                .is_none_or(|was| was == state.is_some())
                .then_some(None),
        }
    }

    fn observes(&self, op: &Operation) -> bool {
        match op.action {
            Action::Put { .. } => self.0 == Hints::GreedyPut,
            _ => self.0 != Hints::None && op.only_looks(),
        }
    }

    fn overwrites(&self, op: &Operation) -> bool {
        match op.action {
            Action::Put { .. } => self.0 != Hints::None,
            Action::Append { .. } => self.0 == Hints::AppendOverwrites,
            _ => false,
        }
    }

    fn signature(&self, op: &Operation) -> Option<u128> {
        let mut signature = DefaultHasher::new();
        match self.0 {
            Hints::None => return None,
            Hints::AllAlike => op.action.name().hash(&mut signature),
            _ => format!("{:?}", op.action).hash(&mut signature),
        }
        Some(signature.finish().into())
    }
}

/// The number of wrong verdicts with a model in some thousand histories.
fn wrong(hints: Hints) -> usize {
    let wrong = |seed: &u64| {
        let mut random = Random::new(*seed);
        let mut style = random.style(8);
        style.versions = 0;
        if hints == Hints::GreedyPut {
            // Only a value that is written twice can be placed too early.
            (style.unique, style.mix) = (false, [4, 4, 0, 3, 1]);
        }
        let operations = random.history(&style);
        let told = operations
            .iter()
            .filter(|it| it.ret.is_some() || !matches!(it.action, Action::Get { .. }));
        let entries: Vec<_> = told
            .map(|it| Entry::new(it.call, it.ret, it.clone()))
            .collect();
        let answer = search(&mut Register(hints), &entries, 1_000_000);
        assert!(
            answer != Answer::Unknown,
            "seed {seed}: small histories are decided"
        );
        matches!(answer, Answer::Order(_)) != crate::reference::linearizable(&operations)
    };
    (0..10_000).filter(wrong).count()
}

#[test]
fn a_model_with_a_step_alone_gets_every_history_right() {
    assert_eq!(wrong(Hints::None), 0);
}

#[test]
fn what_a_model_says_truly_changes_no_verdict() {
    assert_eq!(wrong(Hints::True), 0);
}

#[test]
fn placing_a_put_greedily_is_found_out() {
    assert!(wrong(Hints::GreedyPut) >= 10);
}

#[test]
fn taking_an_append_for_an_overwrite_is_found_out() {
    assert!(wrong(Hints::AppendOverwrites) >= 10);
}

#[test]
fn taking_different_operations_for_alike_is_found_out() {
    assert!(wrong(Hints::AllAlike) >= 10);
}

#[test]
fn a_search_stops_at_its_budget() {
    let writes = (0..20).map(|place| {
        let value = place.to_string();
        let action = Action::Put { value };
        operation(place, 100 + place, action)
    });
    let result = Some("none".to_owned());
    let get = operation(200, 300, Action::Get { result });
    let entries: Vec<_> = writes
        .chain([get])
        .map(|it| Entry::new(it.call, it.ret, it))
        .collect();
    let answer = search(&mut Register(Hints::None), &entries, 1_000);
    assert_eq!(answer, Answer::Unknown);
}

fn operation(call: i128, ret: i128, action: Action) -> Operation {
    Operation {
        process: "p".to_owned(),
        key: "x".to_owned(),
        call,
        ret: Some(ret),
        action,
        version: None,
    }
}
