//! Why a history is not linearizable, told in a few operations.
//!
//! A history that is cut off somewhere is as linearizable as it was before: so there is a first
//! return without which everything can be explained, and with which nothing can. What returned
//! there is the operation to look at; what could have been told in its place, who overwrote what
//! was told, and which few other operations contradict it, follows from there. Whatever is said
//! here was checked: each claim is the verdict on a history in which something was changed.

mod class;
mod needed;
mod words;

use std::collections::VecDeque;
use std::fmt;

use crate::check::{Budget, Checker, OfKey, pick};
use crate::history::{Action, History, Operation};
use crate::replay::Plain;

pub use class::Class;

/// To read so many operations costs as much as to look at one situation of a search.
const READ_PER_NODE: u64 = 4;

/// So many of the operations that contradict each other are drawn, the last ones.
const DRAWN: usize = 30;

/// So many values are tried in place of what was told, the latest first.
const CANDIDATES: usize = 32;

/// Why a history is not linearizable. Operations are places in the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The key it is about.
    pub key: String,
    /// What kind of mistake it is.
    pub class: Class,
    /// The first operation that cannot be placed, by the time of returns.
    pub stuck: usize,
    /// Everything up to its return is linearizable without it: in this order, which is the longest
    /// linearizable prefix. Operations that had not returned yet are among them where they have
    /// taken effect.
    pub prefix: Vec<usize>,
    /// Values that it could have been told, latest first; `None` is an absent key.
    pub possible: Vec<Option<String>>,
    /// What replaced the value that it was told, if that had been there before.
    pub overwritten_by: Option<usize>,
    /// The write that was lost, if one was.
    pub lost: Option<usize>,
    /// Few operations that contradict each other, in the order of their calls. By themselves they
    /// are no more linearizable than all.
    pub needed: Vec<usize>,
    /// The same in words.
    pub text: String,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Explanation {
    /// The operations of the [prefix](Explanation::prefix) as far as they were known when it ends:
    /// what had not returned by then has an unknown outcome.
    #[must_use]
    pub fn known(&self, history: &History) -> Vec<Operation> {
        let operations = history.operations();
        let end = operations[self.stuck].ret;
        let known = |place: &usize| match operations[*place].ret < end {
            true if operations[*place].ret.is_some() => operations[*place].clone(),
            _ => operations[*place].unanswered(),
        };
        self.prefix.iter().map(known).collect()
    }

    /// What is drawn: the last of the operations that contradict each other.
    pub(crate) fn drawn(&self) -> &[usize] {
        &self.needed[self.needed.len().saturating_sub(DRAWN)..]
    }
}

/// One key's operations, and answers about variations of them.
pub(crate) struct Case<'c, 'h> {
    checker: &'c mut Checker,
    /// All operations of the key, in the order of their calls.
    pub(crate) all: Vec<&'h Operation>,
    /// What searches may still cost.
    budget: u64,
    /// Something was not answered because that would have cost more.
    pub(crate) starved: bool,
}

impl<'h> Case<'_, 'h> {
    /// What is known of these operations, at the cost of the budget.
    pub(crate) fn judge(&mut self, operations: &[Operation]) -> OfKey {
        // What needs no search costs, too: a thousand questions about a long history.
        let reading = operations.len() as u64 / READ_PER_NODE + 1;
        if self.budget <= reading {
            self.starved = true;
            return OfKey::Unknown;
        }
        self.budget -= reading;
        let operations: Vec<&Operation> = operations.iter().collect();
        let (of_key, nodes) = self.checker.check_key(&operations, self.budget);
        self.budget = self.budget.saturating_sub(nodes);
        self.starved |= matches!(of_key, OfKey::Unknown);
        of_key
    }

    /// Asks something that may cost this share of what is left, in percent.
    fn with_share<T>(&mut self, percent: u64, ask: impl FnOnce(&mut Self) -> T) -> T {
        let share = self.budget / 100 * percent;
        let rest = self.budget - share;
        self.budget = share;
        let answer = ask(self);
        self.budget += rest;
        answer
    }

    pub(crate) fn fails(&mut self, operations: &[Operation]) -> bool {
        matches!(self.judge(operations), OfKey::Impossible)
    }

    pub(crate) fn passes(&mut self, operations: &[Operation]) -> bool {
        matches!(self.judge(operations), OfKey::Order(_))
    }

    /// What had happened at a point of the clock, as places among all, and as operations.
    fn until(&self, end: i128) -> (Vec<usize>, Vec<Operation>) {
        let begun = self.all.iter().enumerate().filter(|(_, it)| it.call < end);
        begun
            .filter_map(|(place, operation)| match operation.ret {
                Some(ret) if ret <= end => Some((place, (*operation).clone())),
                _ if matches!(operation.action, Action::Get { .. }) => None,
                _ => Some((place, operation.unanswered())),
            })
            .unzip()
    }

    /// The first return with which the history cannot be explained.
    fn first_failure(&mut self) -> Option<usize> {
        let mut returns: Vec<(i128, usize)> = self
            .all
            .iter()
            .enumerate()
            .filter_map(|(place, operation)| Some((operation.ret?, place)))
            .collect();
        returns.sort_unstable();
        let (mut low, mut high) = (0, returns.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            let (_, operations) = self.until(returns[middle].0);
            match self.fails(&operations) {
                true => high = middle,
                false => low = middle + 1,
            }
        }
        let (end, place) = *returns.get(low)?;
        let (_, operations) = self.until(end);
        self.fails(&operations).then_some(place)
    }
}

impl Checker {
    /// Why a history is not linearizable, if that is so because of this key. `None` if it is
    /// linearizable, or too hard for the budget.
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
    /// An order of what is left when the operation at a place has told nothing.
    fn order_without(&mut self, without: &[Operation], at: usize) -> Option<Vec<usize>> {
        // A get that told nothing says nothing.
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

    /// Values that could have been told at the place, of those that are written around it.
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
        // Long values that grow would fill the memory if all were kept.
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

/// What follows on the value that was told, where an order has it for the last time.
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
