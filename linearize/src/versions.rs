//! Histories in which every reply tells the version of its key: the order is written down.

use crate::history::{Action, Operation, Swap};
use crate::replay;

/// The order that the versions tell, if it explains the operations of one key without any of
/// unknown outcome. `None` says nothing.
pub(crate) fn order(operations: &[&Operation]) -> Option<Vec<u32>> {
    let mut told = Vec::with_capacity(operations.len());
    for (operation, place) in operations.iter().zip(0..) {
        if operation.ret.is_some() {
            // A write comes before whoever saw it; the others as they were called.
            told.push((
                operation.version?,
                !writes(operation),
                operation.call,
                place,
            ));
        }
    }
    told.sort_unstable();
    let order: Vec<u32> = told.into_iter().map(|(.., place)| place).collect();
    replay::explains(operations, &order).then_some(order)
}

/// Whether an operation made the version that it tells.
fn writes(operation: &Operation) -> bool {
    match &operation.action {
        Action::Get { .. } => false,
        Action::Put { .. } | Action::Append { .. } => true,
        Action::Cas { told, .. } => *told == Some(Swap::Done),
        Action::Delete { existed } => *existed != Some(false),
    }
}
