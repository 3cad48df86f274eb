//! Which events of a trace led to a failure.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::check::{Broken, Violation};
use crate::format::Property;
use crate::trace::{Act, Kind, Line, Record};

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
    if let Some(request) = request_of(violation) {
        let about = |record: &&Record| {
            record
                .request
                .is_some_and(|about| (about.client, about.serial) == request)
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
            let votes = violation.facts[0].contains("vote");
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

/// The client and serial of the operation that a violation's facts speak of, as the checks of
/// whole histories write them: `request 7 of client 2`.
fn request_of(violation: &Violation) -> Option<(u32, u64)> {
    if violation.node.is_some() {
        return None;
    }
    let number = |text: &str| -> String { text.chars().take_while(char::is_ascii_digit).collect() };
    violation.facts.iter().find_map(|fact| {
        let (_, rest) = fact.split_once("request ")?;
        let (serial, rest) = rest.split_once(" of client ")?;
        Some((number(rest).parse().ok()?, serial.parse().ok()?))
    })
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

#[cfg(test)]
mod tests {
    use simulator::{EventId, Time};

    use super::*;

    fn at_the_end(fact: &str) -> Violation {
        Violation {
            broken: Broken::Property(Property::ExactlyOnce),
            event: EventId(9),
            time: Time(1),
            node: None,
            facts: [fact.to_owned(), "no".to_owned()],
        }
    }

    #[test]
    fn the_operation_is_found_in_the_facts() {
        let found = |fact| request_of(&at_the_end(fact));
        assert_eq!(
            found("request 7 of client 2 (get k1) was answered"),
            Some((2, 7))
        );
        assert_eq!(found("entry #3 is request 12 of client 0"), Some((0, 12)));
        assert_eq!(found("the committed log writes key k1 3 times"), None);
    }
}
