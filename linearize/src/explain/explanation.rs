//! The result of explaining a history that is not linearizable.

use std::fmt;

use super::class::Class;
use crate::history::{History, Operation};

/// The number of contradicting operations in the picture. It shows the last ones.
pub(super) const DRAWN: usize = 30;

/// Why a history is not linearizable. Operations are places in the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The key with the error.
    pub key: String,
    /// The kind of the error.
    pub class: Class,
    /// The first operation that cannot be placed, by the time of returns.
    pub stuck: usize,
    /// An order in which everything up to its return is linearizable without it. This is the
    /// longest linearizable prefix. It includes operations that had not returned yet, if they have
    /// taken effect.
    pub prefix: Vec<usize>,
    /// Values that would have been correct answers, latest first; `None` is an absent key.
    pub possible: Vec<Option<String>>,
    /// The operation that replaced the returned value, if the value was there before.
    pub overwritten_by: Option<usize>,
    /// The lost write, if a write was lost.
    pub lost: Option<usize>,
    /// A few operations that contradict each other, in the order of their calls. They are not
    /// linearizable by themselves.
    pub needed: Vec<usize>,
    /// The explanation in words.
    pub text: String,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Explanation {
    /// The operations of the [prefix](Explanation::prefix), as known at its end: operations that
    /// had not returned by then have an unknown outcome.
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

    /// The operations in the picture: the last of those that contradict each other.
    pub(crate) fn drawn(&self) -> &[usize] {
        &self.needed[self.needed.len().saturating_sub(DRAWN)..]
    }
}
