//! What is found out about a history that is not linearizable.

use std::fmt;

use super::class::Class;
use crate::history::{History, Operation};

/// So many of the operations that contradict each other are drawn, the last ones.
pub(super) const DRAWN: usize = 30;

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
