//! One key's operations, and the results of searches on variations of them.

use crate::check::{Checker, OfKey};
use crate::history::{Action, Operation};

/// Reading this many operations costs as much as looking at one situation of a search.
const READ_PER_NODE: u64 = 4;

/// One key's operations, and answers about variations of them.
pub(crate) struct Case<'c, 'h> {
    pub(super) checker: &'c mut Checker,
    /// All operations of the key, in the order of their calls.
    pub(crate) all: Vec<&'h Operation>,
    /// The remaining cost that searches may have.
    pub(super) budget: u64,
    /// Whether a question stayed open because its answer would have cost more.
    pub(crate) starved: bool,
}

impl<'h> Case<'_, 'h> {
    /// Checks these operations, at the cost of the budget.
    pub(crate) fn judge(&mut self, operations: &[Operation]) -> OfKey {
        // A question without a search also costs budget: a long history may need a thousand of
        // them.
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

    /// Asks a question that may cost this share of the remaining budget, in percent.
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

    /// The operations as known at a point of the clock: their places among all operations, and
    /// themselves.
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

    /// The first return whose inclusion makes the history impossible to explain.
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
