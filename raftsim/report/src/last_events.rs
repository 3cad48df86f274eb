//! Selects events of a trace for reports without an explanation.

use std::collections::{BTreeSet, VecDeque};

use checks::Violation;
use sut::decisions::Kind;

use crate::trace::{Line, Record};
use crate::why::chain::{Records, is_routine};

/// At most this many events are shown.
const SHOWN: usize = 8;

/// The nearest causes of a violation.
pub(super) fn leading_to(violation: &Violation, lines: &VecDeque<Line>) -> BTreeSet<u64> {
    let records = Records::of(lines);
    // An assertion stops the run inside an event, which then has no record.
    let Some(last) = records.last_until(violation.event.0, |_| true) else {
        return BTreeSet::new();
    };
    let causes = records.causes(last.id).skip(1);
    // A leader's timer is caused by its timer before, back to its election.
    let causes = causes.take_while(|record| !is_routine(record));
    let causes = causes.map(|record| record.id);
    std::iter::once(last.id).chain(causes).take(SHOWN).collect()
}

/// The last changes of roles and the last faults, for a cluster that makes no progress.
pub(super) fn last_changes(lines: &VecDeque<Line>) -> BTreeSet<u64> {
    let records = Records::of(lines);
    let told = |record: &&Record| {
        record
            .kinds
            .iter()
            .any(|kind| matches!(kind, Kind::Role | Kind::Fault))
    };
    records
        .iter()
        .rev()
        .filter(told)
        .take(SHOWN)
        .map(|record| record.id)
        .collect()
}
