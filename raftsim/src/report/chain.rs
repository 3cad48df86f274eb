//! Which events of a trace led to a failure.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::check::{Broken, Subject, Violation};
use crate::format::Property;
use crate::trace::{Act, Kind, Line, Record, Request};

/// So many causes of the violation itself are shown, and so many of the other fact.
const CAUSES: usize = 8;
const OTHER_CAUSES: usize = 3;

/// The records of a trace, by number.
struct Records<'a>(BTreeMap<u64, &'a Record>);

impl<'a> Records<'a> {
    fn of(lines: &'a VecDeque<Line>) -> Self {
        let records = lines.iter().filter_map(|line| match line {
            Line::Event(record) => Some((record.id, record)),
            _ => None,
        });
        Records(records.collect())
    }

    /// An event and the events that caused it, the nearest ones. A leader's timer is set by its
    /// timer before, on and on: the chain ends there.
    fn chain(&self, id: u64, most: usize) -> Vec<u64> {
        let next = |id: &u64| self.0.get(id)?.cause;
        let tells = |id: &u64| {
            let routine = |record: &&Record| record.idle && record.action == Act::Wake;
            self.0
                .get(id)
                .copied()
                .is_some_and(|record| !routine(&record))
        };
        let causes = std::iter::successors(next(&id), next).take_while(tells);
        std::iter::once(id).chain(causes).take(most).collect()
    }

    /// The last event before `id` that fits.
    fn last_before(&self, id: u64, fits: impl Fn(&Record) -> bool) -> Option<u64> {
        self.0
            .range(..id)
            .rev()
            .find(|(_, record)| fits(record))
            .map(|(id, _)| *id)
    }
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
            .0
            .values()
            .copied()
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
    let Some((last, _)) = records.0.range(..=violation.event.0).next_back() else {
        return BTreeSet::new();
    };
    let mut chosen: BTreeSet<_> = records.chain(*last, CAUSES).into_iter().collect();
    if let Some(other) = counterpart(violation, &records) {
        chosen.extend(records.chain(other, OTHER_CAUSES));
    }
    chosen
}

/// The event of the other fact, where the trace shows it.
fn counterpart(violation: &Violation, records: &Records<'_>) -> Option<u64> {
    let id = violation.event.0;
    let seen = records.0.get(&id)?;
    let elsewhere = |record: &Record| record.node != seen.node;
    let Broken::Property(property) = violation.broken else {
        return None;
    };
    match property {
        Property::ElectionSafety => {
            let term = seen.state?.term;
            records.last_before(id, |record| {
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
            records.last_before(id, |record| {
                elsewhere(record) && record.decision("committed").is_some()
            })
        }
        Property::PromisesKept => {
            let votes = matches!(violation.subject, Subject::Vote { .. });
            let promises: &[&str] = if votes {
                &["vote_granted", "candidacy_durable"]
            } else {
                &["acknowledged"]
            };
            records.last_before(id, |record| {
                let promised = promises.iter().any(|what| record.decision(what).is_some());
                !elsewhere(record) && !record.idle && promised
            })
        }
        _ => records.last_before(id, |record| {
            !elsewhere(record) && record.action == Act::Crash
        }),
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
        .0
        .values()
        .rev()
        .copied()
        .filter(told)
        .take(CAUSES)
        .map(|record| record.id)
        .collect()
}
