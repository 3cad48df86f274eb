//! Histories in which every reply tells the version of its key: the order is written down.

use crate::history::{Action, Operation, Swap};
use crate::replay;

/// The order that the versions tell, if it explains the operations of one key without any of
/// unknown outcome. `None` says nothing.
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

/// Of those that tell the same version, who made it comes first, then deletes that found nothing
/// (some stores count them, and some do not), then whoever only saw it.
fn rank(operation: &Operation) -> u8 {
    match &operation.action {
        Action::Put { .. } | Action::Append { .. } => 0,
        Action::Cas { told, .. } if *told == Some(Swap::Done) => 0,
        Action::Delete { existed } if *existed != Some(false) => 0,
        Action::Delete { .. } => 1,
        Action::Get { .. } | Action::Cas { .. } => 2,
    }
}
