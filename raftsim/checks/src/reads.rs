//! Reads without a log entry. Each names the state that answered it. The content of that state is
//! known from the log, and no client may be answered from an older state than before.

use sut::Property;

use super::answers::{about, seen, text, told};
use super::history::{End, History, Operation};
use super::model::{Answer, Model, Result as Came};
use super::safety::Found;

/// Reads in the order of the states that answered them; reads of one state in the order of their
/// calls.
pub(super) struct Reads<'a> {
    reads: Vec<(u64, &'a Operation)>,
    next: usize,
}

impl<'a> Reads<'a> {
    pub(super) fn of(history: &'a History) -> Self {
        let operations = history.operations().iter();
        let reads = operations.filter(|operation| operation.has_no_entry());
        let mut reads: Vec<_> = reads
            .filter_map(|read| match &read.end {
                End::Answered { index, .. } => Some((index.0, read)),
                End::Expired | End::Unknown => None,
            })
            .collect();
        reads.sort_by_key(|(index, read)| (*index, read.call));
        Self { reads, next: 0 }
    }

    pub(super) fn len(&self) -> u64 {
        self.reads.len() as u64
    }

    /// The next read that was answered from the state after all entries up to `index`.
    pub(super) fn next_at(&mut self, index: u64) -> Option<&'a Operation> {
        let (at, read) = self.reads.get(self.next)?;
        if *at > index {
            return None;
        }
        self.next += 1;
        Some(read)
    }

    /// A read that was answered from a state beyond `last`, the end of the log.
    pub(super) fn beyond(&self, last: u64) -> Option<Found> {
        let (at, read) = self.reads.get(self.next)?;
        let facts = [
            format!("{} was answered from the state at entry #{at}", told(read)),
            format!("only {last} entries are committed"),
        ];
        Some(Found {
            property: Property::ReadsMatchTheirIndex,
            subject: about(read),
            facts,
        })
    }
}

/// Checks that the state that a read names gives the read's answer.
pub(super) fn matches(read: &Operation, index: u64, state: &Model) -> Result<(), Found> {
    let End::Answered { reply, .. } = &read.end else {
        return Ok(());
    };
    let (version, value) = state.get(read.op.key());
    let held = Came {
        version,
        answer: Answer::Value(value.map(<[u8]>::to_vec)),
    };
    if seen(reply) == held {
        return Ok(());
    }
    let facts = [
        format!(
            "{} was answered {} from the state at entry #{index}",
            told(read),
            text(&seen(reply))
        ),
        format!("the log up to there leaves {}", text(&held)),
    ];
    Err(Found {
        property: Property::ReadsMatchTheirIndex,
        subject: about(read),
        facts,
    })
}

/// Checks that no client was answered from an older state than before: it reads its own writes, and
/// its reads never go back.
pub(super) fn sessions(history: &History) -> Result<(), Found> {
    let mut latest: Vec<Option<(u64, &Operation)>> = Vec::new();
    for operation in history.operations() {
        let End::Answered { index, .. } = &operation.end else {
            continue;
        };
        let place = operation.client.0 as usize;
        if latest.len() <= place {
            latest.resize(place + 1, None);
        }
        if let Some((before, earlier)) = latest[place].filter(|(before, _)| index.0 < *before) {
            let facts = [
                format!(
                    "{} was answered from the state at entry #{before}",
                    told(earlier)
                ),
                format!("{}, later, from that at #{}", told(operation), index.0),
            ];
            return Err(Found {
                property: Property::SessionGuarantees,
                subject: about(operation),
                facts,
            });
        }
        latest[place] = Some((index.0, operation));
    }
    Ok(())
}
