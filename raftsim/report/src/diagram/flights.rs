//! Messages: their start, their end, and their fate.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{Plan, Row};
use crate::trace::{ActionKind, Line, Record};

/// One message as it is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flight {
    /// The row and lane of the event that sent it; without a row it was sent by an event that is
    /// not drawn.
    pub(super) start: (Option<usize>, usize),
    /// The row and lane where it arrives or is lost; without a row it does not within the diagram.
    pub(super) end: (Option<usize>, usize),
    pub(super) fate: Arrival,
    /// The sender's term when it was sent.
    pub(super) term: Option<u64>,
    /// Its content in a few words.
    pub(super) text: String,
}

/// The fate of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    Delivered,
    /// A copy of it arrived; it may arrive once more.
    Copied,
    Lost,
    InFlight,
}

/// All messages that arrive, are lost, or are sent and still under way in the rows of the plan.
pub(super) fn flights(plan: &Plan<'_>, lines: &[Line]) -> Vec<Flight> {
    let terms: BTreeMap<u64, u64> = lines
        .iter()
        .filter_map(|line| match line {
            Line::Event(record) => Some((record.id, record.state?.term)),
            _ => None,
        })
        .collect();
    let ended = ended(plan, lines);
    let mut flights = Vec::new();
    for (row, what) in plan.rows.iter().enumerate() {
        let Row::Event(record) = what else { continue };
        flights.extend(arrival(plan, &terms, row, record));
        let Some(lane) = plan.lane_of(record) else {
            continue;
        };
        let sender = name(record);
        for sent in &record.sent {
            let Some(to) = plan.lane(&sent.to) else {
                continue;
            };
            if ended.contains(&(sender, &sent.to, sent.ordinal)) {
                continue;
            }
            flights.push(Flight {
                start: (Some(row), lane),
                end: (None, to),
                fate: Arrival::InFlight,
                term: terms.get(&record.id).copied(),
                text: sent.text.clone(),
            });
        }
    }
    flights
}

/// The message that arrives or is lost in an event.
fn arrival(
    plan: &Plan<'_>,
    terms: &BTreeMap<u64, u64>,
    row: usize,
    record: &Record,
) -> Option<Flight> {
    let fate = match record.action {
        ActionKind::Deliver => Arrival::Delivered,
        ActionKind::Duplicate => Arrival::Copied,
        ActionKind::Drop => Arrival::Lost,
        _ => return None,
    };
    let (from, to) = (record.from.as_deref()?, record.to.as_deref()?);
    let (to, from) = match (plan.lane(to), plan.lane(from)) {
        (Some(to), Some(from)) => (to, from),
        _ => return None,
    };
    let message = record.message.as_ref();
    Some(Flight {
        start: (
            record
                .cause
                .and_then(|cause| plan.row_of.get(&cause).copied()),
            from,
        ),
        end: (Some(row), to),
        fate,
        term: record.cause.and_then(|cause| terms.get(&cause).copied()),
        text: message.map_or_else(|| record.text.clone(), |message| message.text.clone()),
    })
}

/// The messages that arrive or are lost before the diagram ends, drawn or not.
fn ended<'a>(plan: &Plan<'_>, lines: &'a [Line]) -> BTreeSet<(&'a str, &'a String, u64)> {
    lines[..plan.end]
        .iter()
        .filter_map(|line| match line {
            Line::Event(record)
                if matches!(record.action, ActionKind::Deliver | ActionKind::Drop) =>
            {
                let message = record.message.as_ref()?;
                Some((record.from.as_deref()?, &message.to, message.ordinal))
            }
            _ => None,
        })
        .collect()
}

/// The node or client that acts in an event.
fn name(record: &Record) -> &str {
    let actor = record.node.as_deref().or(record.from.as_deref());
    actor.unwrap_or_default()
}
