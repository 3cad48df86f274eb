//! One key's operations, and what a search says about variations of them.

use crate::check::{Checker, OfKey};
use crate::history::{Action, Operation};

/// To read so many operations costs as much as to look at one situation of a search.
const READ_PER_NODE: u64 = 4;

/// One key's operations, and answers about variations of them.
pub(crate) struct Case<'c, 'h> {
    pub(super) checker: &'c mut Checker,
    /// All operations of the key, in the order of their calls.
    pub(crate) all: Vec<&'h Operation>,
    /// What searches may still cost.
    pub(super) budget: u64,
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
    pub(super) fn with_share<T>(&mut self, percent: u64, ask: impl FnOnce(&mut Self) -> T) -> T {
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
    pub(super) fn until(&self, end: i128) -> (Vec<usize>, Vec<Operation>) {
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
    pub(super) fn first_failure(&mut self) -> Option<usize> {
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
