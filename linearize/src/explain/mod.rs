//! Explains with a few operations why a history is not linearizable.
//!
//! Cutting the end off a linearizable history leaves it linearizable. So there is a first return
//! such that the history before it can be explained, and the history with it cannot. The operation
//! that returned there is the one to look at. From it follow the correct answers in its place, the
//! operation that overwrote the returned value, and the few operations that contradict it. Every
//! claim here was checked: each is the verdict on a changed history.

mod case;
mod class;
mod explanation;
mod needed;
mod words;

use std::collections::VecDeque;

use crate::check::{Budget, Checker, OfKey, pick};
use crate::history::{Action, History, Operation};
use crate::replay::Plain;

use case::Case;

pub use class::Class;
pub use explanation::Explanation;

/// The number of values that are tried in place of the answer, the latest first.
const CANDIDATES: usize = 32;

impl Checker {
    /// Explains why a history is not linearizable because of this key. Returns `None` if the key's
    /// operations are linearizable, or too hard for the budget.
    pub fn explain(&mut self, history: &History, key: &str, budget: Budget) -> Option<Explanation> {
        let keys = history.keys();
        let (_, places) = keys.iter().find(|(name, _)| *name == key)?;
        let mut case = Case {
            checker: self,
            all: pick(history, places),
            budget: budget.0.get(),
            starved: false,
        };
        let stuck = case.first_failure()?;
        let told = case.all[stuck];
        let (begun, operations) = case.until(told.ret?);
        let at = begun.iter().position(|place| *place == stuck)?;
        let mut without = operations.clone();
        without[at] = told.unanswered();
        let order = case.order_without(&without, at)?;
        let possible = case.with_share(30, |case| case.possible(&operations, at, &order));
        let overwritten = overwritten_by(told, &without, &order);
        let needed = case.with_share(60, |case| needed::find(case, &operations, at));
        let few: Vec<Operation> = needed
            .iter()
            .map(|it| case.all[begun[*it]].clone())
            .collect();
        let among_few = needed.iter().position(|place| *place == at)?;
        let (class, lost) = class::of(&mut case, &operations, &few, among_few);
        let in_history = |place: usize| places[begun[place]];
        let mut explanation = Explanation {
            key: key.to_owned(),
            class,
            stuck: places[stuck],
            prefix: order.iter().map(|place| in_history(*place)).collect(),
            possible,
            overwritten_by: overwritten.map(in_history),
            lost: lost.map(|place| in_history(needed[place])),
            needed: needed.into_iter().map(in_history).collect(),
            text: String::new(),
        };
        explanation.text = words::of(&explanation, history);
        Some(explanation)
    }
}

impl Case<'_, '_> {
    /// An order of the other operations, with the operation at a place as if it had no answer.
    fn order_without(&mut self, without: &[Operation], at: usize) -> Option<Vec<usize>> {
        // A get without an answer proves nothing.
        let looks = matches!(without[at].action, Action::Get { .. });
        let places: Vec<usize> = (0..without.len())
            .filter(|it| !looks || *it != at)
            .collect();
        let rest: Vec<Operation> = places.iter().map(|place| without[*place].clone()).collect();
        match self.judge(&rest) {
            OfKey::Order(order) => Some(order.iter().map(|it| places[*it as usize]).collect()),
            OfKey::Impossible | OfKey::Unknown => None,
        }
    }

    /// The values that would be correct answers at the place, out of those that are written around
    /// it.
    fn possible(
        &mut self,
        operations: &[Operation],
        at: usize,
        order: &[usize],
    ) -> Vec<Option<String>> {
        let told = &operations[at];
        if told.saw().is_none() {
            return Vec::new();
        }
        // Keeping all long, growing values would fill the memory.
        let mut latest: VecDeque<Option<String>> = VecDeque::from([None]);
        let mut plain = Plain::default();
        for (number, place) in order.iter().enumerate() {
            plain.execute(&operations[*place].unanswered());
            if number + CANDIDATES >= order.len() && latest.back() != Some(&plain.value) {
                latest.push_back(plain.value.clone());
            }
            if latest.len() > CANDIDATES {
                latest.pop_front();
            }
        }
        let written = operations.iter().rev().filter_map(|it| match &it.action {
            Action::Put { value } | Action::Cas { value, .. } => Some(Some(value.clone())),
            _ => None,
        });
        let candidates = written.take(CANDIDATES).chain(latest.into_iter().rev());
        let mut tried = Vec::new();
        let mut possible = Vec::new();
        let mut changed = operations.to_vec();
        for candidate in candidates {
            let told_so = told.saw().map(|saw| saw == candidate.as_deref());
            if told_so == Some(true) || tried.contains(&candidate) {
                continue;
            }
            tried.push(candidate.clone());
            changed[at] = Operation {
                action: Action::Get {
                    result: candidate.clone(),
                },
                version: None,
                ..told.clone()
            };
            if self.passes(&changed) {
                possible.push(candidate);
            }
        }
        possible
    }
}

/// The operation after the returned value, at the value's last place in an order.
fn overwritten_by(told: &Operation, operations: &[Operation], order: &[usize]) -> Option<usize> {
    let saw = told.saw()?.map(str::to_owned);
    let mut plain = Plain::default();
    let mut was = plain.value == saw;
    let mut by = None;
    for place in order {
        plain.execute(&operations[*place].unanswered());
        let is = plain.value == saw;
        if was && !is {
            by = Some(*place);
        }
        was = is;
    }
    if was { None } else { by }
}
