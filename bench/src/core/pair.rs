//! The subjects that are compared, and their figures.

use std::io;

use super::subject::Subject;
use crate::figure::{Figure, Unit};
use crate::measure::Milli;

/// Two subjects beside each other.
pub(super) struct Pair {
    name: &'static str,
    ours: Subject,
    peer: Subject,
}

const fn pair(name: &'static str, ours: Subject, peer: Subject) -> Pair {
    Pair { name, ours, peer }
}

/// One entry at a time.
#[rustfmt::skip]
pub(super) const ONE: &[Pair] = &[
    pair("commit rides on the next message", Subject::Ours, Subject::Each),
    pair("commit rides, at the peer too", Subject::Ours, Subject::EachRiding),
    pair("commit told at once", Subject::OursEager, Subject::Each),
    pair("core alone, no payloads", Subject::Alone, Subject::Each),
];

/// 64 entries in flight.
#[rustfmt::skip]
pub(super) const MANY: &[Pair] = &[
    pair("64 steps, peer inbox", Subject::Ours, Subject::Inbox),
    pair("64 steps, peer batch_append", Subject::Ours, Subject::Batch),
    pair("one step, peer batch_append", Subject::OursTogether, Subject::Batch),
    pair("one step, at the peer too", Subject::OursTogether, Subject::BatchTogether),
    pair("core alone, no payloads", Subject::AloneTogether, Subject::Batch),
];

pub(super) const IDLE: &[Pair] = &[pair("heartbeat round", Subject::Ours, Subject::Each)];

/// Measures every subject of the pairs once, and pairs the figures.
///
/// # Errors
/// The errors of `measure`.
pub(super) fn figures(
    pairs: &[Pair],
    prefix: &str,
    unit: Unit,
    measure: impl FnOnce(&[Subject]) -> io::Result<Vec<Milli>>,
) -> io::Result<Vec<Figure>> {
    let mut subjects = Vec::new();
    for subject in pairs.iter().flat_map(|pair| [pair.ours, pair.peer]) {
        if !subjects.contains(&subject) {
            subjects.push(subject);
        }
    }
    let costs = measure(&subjects)?;
    assert!(costs.len() == subjects.len(), "every subject was measured");
    let of = |subject| {
        let place = subjects.iter().position(|known| *known == subject);
        costs[place.expect("every subject of a pair was measured")]
    };
    let figures = pairs.iter().map(|pair| Figure {
        name: format!("{prefix}: {}", pair.name),
        ours: of(pair.ours),
        peer: Some(of(pair.peer)),
        unit,
    });
    Ok(figures.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_subject_is_measured_once_and_stands_in_its_place() {
        let figures = figures(ONE, "x", Unit::NsPerEntry, |subjects| {
            assert_eq!(subjects.len(), 5, "{subjects:?}");
            Ok(subjects
                .iter()
                .map(|subject| Milli(*subject as u64))
                .collect())
        });
        let figures = figures.unwrap();
        for (figure, pair) in figures.iter().zip(ONE) {
            assert_eq!(figure.ours, Milli(pair.ours as u64));
            assert_eq!(figure.peer, Some(Milli(pair.peer as u64)));
        }
        assert_eq!(figures[1].name, "x: commit rides, at the peer too");
    }
}
