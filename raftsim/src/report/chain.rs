//! Which events of a trace led to a failure.

use std::collections::{BTreeSet, VecDeque};

use crate::check::{Broken, Subject, Violation};
use crate::format::Property;
use crate::trace::{Act, Kind, Line, Record, Request};
use crate::why::chain::{Records, is_routine};

/// So many causes of the violation itself are shown, and so many of the other fact.
const CAUSES: usize = 8;
const OTHER_CAUSES: usize = 3;

/// An event and the events that caused it, the nearest ones; a leader's timer ends them.
fn nearest(records: &Records<'_>, id: u64, most: usize) -> Vec<u64> {
    let causes = records.causes(id).skip(1);
    let causes = causes.take_while(|record| !is_routine(record));
    let causes = causes.map(|record| record.id);
    std::iter::once(id).chain(causes).take(most).collect()
}

/// The events that led to a violation: its causes, and those of the fact that it contradicts.
pub(super) fn leading_to(violation: &Violation, lines: &VecDeque<Line>) -> BTreeSet<u64> {
    let records = Records::of(lines);
    if let Subject::Request { client, serial } = violation.subject {
        let about = |record: &&Record| {
            let same = |about: Request| (about.client, about.serial) == (client.0, serial);
            record.request.is_some_and(same)
        };
        let all: Vec<_> = records
            .iter()
            .filter(about)
            .map(|record| record.id)
            .collect();
        let (first, last) = (
            all.iter().take(CAUSES / 2),
            all.iter().rev().take(CAUSES / 2),
        );
        return first.chain(last).copied().collect();
    }
    // An assertion stops the run inside an event, which then has no record.
    let Some(last) = records.last_until(violation.event.0, |_| true) else {
        return BTreeSet::new();
    };
    let mut chosen: BTreeSet<_> = nearest(&records, last.id, CAUSES).into_iter().collect();
    if let Some(other) = counterpart(violation, &records) {
        chosen.extend(nearest(&records, other, OTHER_CAUSES));
    }
    chosen
}

/// The event of the other fact, where the trace shows it.
fn counterpart(violation: &Violation, records: &Records<'_>) -> Option<u64> {
    let id = violation.event.0;
    let seen = records.get(id)?;
    let before = |fits: &dyn Fn(&Record) -> bool| {
        let record = records.last_until(id.checked_sub(1)?, fits)?;
        Some(record.id)
    };
    let elsewhere = |record: &Record| record.node != seen.node;
    let Broken::Property(property) = violation.broken else {
        return None;
    };
    match property {
        Property::ElectionSafety => {
            let term = seen.state?.term;
            before(&|record| {
                let became = record.decision("became");
                elsewhere(record)
                    && became.is_some_and(|became| {
                        became.number("term") == Some(term)
                            && became
                                .values
                                .get("role")
                                .is_some_and(|role| role == "leader")
                    })
            })
        }
        Property::LeaderCompleteness | Property::StateMachineSafety | Property::LogMatching => {
            before(&|record| elsewhere(record) && record.decision("committed").is_some())
        }
        Property::PromisesKept => {
            let votes = matches!(violation.subject, Subject::Vote { .. });
            let promises: &[&str] = if votes {
                &["vote_granted", "candidacy_durable"]
            } else {
                &["acknowledged"]
            };
            before(&|record| {
                let promised = promises.iter().any(|what| record.decision(what).is_some());
                !elsewhere(record) && !record.idle && promised
            })
        }
        _ => before(&|record| !elsewhere(record) && record.action == Act::Crash),
    }
}

/// The last changes of roles and the last faults: what a cluster that makes no progress did.
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
        .take(CAUSES)
        .map(|record| record.id)
        .collect()
}
