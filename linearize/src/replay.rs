//! Checks an order as a proof: executing its operations one after the other must give every answer,
//! and the order must agree with the clock.

use crate::history::{Action, Operation, Swap};
use crate::register::Version;

/// A key in its simplest form.
#[derive(Clone, Debug)]
pub(crate) struct Plain {
    pub(crate) value: Option<String>,
    version: Version,
}

impl Default for Plain {
    fn default() -> Self {
        Self::with(None)
    }
}

impl Plain {
    /// A key with this value, of an unknown version.
    pub(crate) fn with(value: Option<String>) -> Self {
        Self {
            value,
            version: Version::FIRST,
        }
    }

    /// Executes an operation. Returns false, without any effect, if the answer would be different.
    pub(crate) fn execute(&mut self, operation: &Operation) -> bool {
        let told = operation.version;
        let version = if !self.agrees(operation) {
            None
        } else if self.is_changed_by(operation) {
            self.version.written(told)
        } else if matches!(operation.action, Action::Delete { .. }) {
            self.version.perhaps_written(told)
        } else {
            self.version.seen(told)
        };
        let Some(version) = version else {
            return false;
        };
        if self.is_changed_by(operation) {
            self.change(&operation.action);
        }
        self.version = version;
        true
    }

    /// Executes the request, and ignores the answer.
    pub(crate) fn apply(&mut self, action: &Action) {
        let done = match action {
            Action::Cas { expect, .. } => self.value == *expect,
            _ => true,
        };
        if done {
            self.change(action);
        }
    }

    fn agrees(&self, operation: &Operation) -> bool {
        if operation.ret.is_none() {
            return true;
        }
        match &operation.action {
            Action::Get { result } => self.value == *result,
            Action::Put { .. } | Action::Append { .. } => true,
            Action::Cas { expect, told, .. } => match told {
                Some(Swap::Failed { actual }) => {
                    self.value != *expect
                        && actual.as_ref().is_none_or(|actual| self.value == *actual)
                }
                _ => self.value == *expect,
            },
            Action::Delete { existed } => existed.is_none_or(|was| was == self.value.is_some()),
        }
    }

    fn is_changed_by(&self, operation: &Operation) -> bool {
        match &operation.action {
            Action::Get { .. } => false,
            Action::Put { .. } | Action::Append { .. } => true,
            Action::Cas { expect, .. } => self.value == *expect,
            Action::Delete { .. } => self.value.is_some(),
        }
    }

    fn change(&mut self, action: &Action) {
        match action {
            Action::Get { .. } => {}
            Action::Put { value } | Action::Cas { value, .. } => {
                let held = self.value.get_or_insert_default();
                held.clear();
                held.push_str(value);
            }
            Action::Append { value } => self.value.get_or_insert_default().push_str(value),
            Action::Delete { .. } => self.value = None,
        }
    }
}

/// Whether `order`, places among `operations`, explains them: it contains every completed operation
/// once, agrees with the calls and returns, and gives every answer.
pub(crate) fn explains(operations: &[&Operation], order: &[u32]) -> bool {
    let mut placed = vec![false; operations.len()];
    let mut plain = Plain::default();
    let mut latest = i128::MIN;
    for place in order {
        let operation = operations[*place as usize];
        if std::mem::replace(&mut placed[*place as usize], true)
            || operation.ret.is_some_and(|ret| ret < latest)
            || !plain.execute(operation)
        {
            return false;
        }
        latest = latest.max(operation.call);
    }
    let mut all = operations.iter().zip(placed);
    all.all(|(operation, placed)| placed || operation.ret.is_none())
}
