//! Histories in which every reply reports the version of its key: the versions give the order.

use crate::history::{Action, Operation, Swap};
use crate::replay;

/// The order by versions, if it explains the operations of one key without any of unknown outcome.
/// `None` proves nothing.
pub(crate) fn order(operations: &[&Operation]) -> Option<Vec<u32>> {
    let mut told = Vec::with_capacity(operations.len());
    for (operation, place) in operations.iter().zip(0..) {
        if operation.ret.is_some() {
            told.push((operation.version?, rank(operation), operation.call, place));
        }
    }
    told.sort_unstable();
    let order: Vec<u32> = told.into_iter().map(|(.., place)| place).collect();
    replay::explains(operations, &order).then_some(order)
}

/// Among operations with the same version, the writer comes first, then deletes that found nothing
/// (some stores count them, and some do not), then observers.
fn rank(operation: &Operation) -> u8 {
    match &operation.action {
        Action::Put { .. } | Action::Append { .. } => 0,
        Action::Cas { told, .. } if *told == Some(Swap::Done) => 0,
        Action::Delete { existed } if *existed != Some(false) => 0,
        Action::Delete { .. } => 1,
        Action::Get { .. } | Action::Cas { .. } => 2,
    }
}
