//! The causes of one event, back to a cause outside of the nodes.

use std::collections::BTreeMap;

use crate::trace::{ActionKind, Line, Record};

/// At most this many causes are shown besides the root and the event itself.
const SHOWN: usize = 24;

/// The records of a trace, by number.
#[derive(Clone, Debug, Default)]
pub struct Records<'a>(BTreeMap<u64, &'a Record>);

/// An event with its causes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Their numbers, the root first and the event last.
    pub events: Vec<u64>,
    /// The number of causes that were left out.
    pub folded: usize,
}

impl<'a> Records<'a> {
    /// The records among these lines.
    #[must_use]
    pub fn of(lines: impl IntoIterator<Item = &'a Line>) -> Self {
        let records = lines.into_iter().filter_map(|line| match line {
            Line::Event(record) => Some((record.id, record.as_ref())),
            _ => None,
        });
        Records(records.collect())
    }

    /// The record of an event.
    #[must_use]
    pub fn get(&self, id: u64) -> Option<&'a Record> {
        self.0.get(&id).copied()
    }

    /// All records, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &'a Record> + '_ {
        self.0.values().copied()
    }

    /// The last record up to `id`, itself included, that fits.
    #[must_use]
    pub fn last_until(&self, id: u64, fits: impl Fn(&Record) -> bool) -> Option<&'a Record> {
        let mut before = self.0.range(..=id).rev().map(|(_, record)| *record);
        before.find(|record| fits(record))
    }

    /// An event and its causes, nearest first, as far as the trace has them.
    pub fn causes(&self, id: u64) -> impl Iterator<Item = &'a Record> + '_ {
        std::iter::successors(self.get(id), |record| self.get(record.cause?))
    }

    /// The chain of causes of an event; `None` if there is no such event. Unless the `whole` chain is
    /// wanted, it leaves out routine, such as a leader's timer that its timer before has set, and ends at
    /// a client's call: the last response to the client only makes the call possible.
    #[must_use]
    pub fn chain(&self, id: u64, whole: bool) -> Option<Chain> {
        let mut all = Vec::new();
        for record in self.causes(id) {
            all.push(record);
            if record.action == ActionKind::Call && !whole {
                break;
            }
        }
        all.reverse();
        let (root, last) = (all.first()?.id, id);
        let mut events: Vec<_> = all
            .iter()
            .filter(|record| whole || !is_routine(record) || [root, last].contains(&record.id))
            .map(|record| record.id)
            .collect();
        if !whole && events.len() > SHOWN + 2 {
            events.drain(1..events.len() - SHOWN - 1);
        }
        let folded = all.len() - events.len();
        Some(Chain { events, folded })
    }
}

/// A timer of a leader at rest.
#[must_use]
pub fn is_routine(record: &Record) -> bool {
    record.idle && record.action == ActionKind::Wake
}

#[cfg(test)]
mod tests {
    use super::*;
    use sut::decisions::Kind;

    /// A trace in which each event has the cause and the action listed.
    fn trace(events: &[(Option<u64>, ActionKind)]) -> Vec<Line> {
        let record = |(position, (cause, action)): (usize, &(Option<u64>, ActionKind))| {
            Line::Event(Box::new(Record {
                id: position as u64 + 1,
                cause: *cause,
                time: 0,
                node: None,
                local: None,
                action: *action,
                kinds: vec![Kind::Timer],
                from: None,
                to: None,
                message: None,
                sent: Vec::new(),
                request: None,
                text: String::new(),
                decisions: vec![],
                state: None,
                idle: *action == ActionKind::Wake,
            }))
        };
        events.iter().enumerate().map(record).collect()
    }

    #[test]
    fn a_chain_begins_at_the_root_and_ends_at_the_event() {
        let lines = trace(&[
            (None, ActionKind::Restart),
            (None, ActionKind::Call),
            (Some(1), ActionKind::Deliver),
            (Some(2), ActionKind::Deliver),
            (Some(3), ActionKind::Written),
        ]);
        let records = Records::of(&lines);
        let chain = records.chain(5, false).unwrap();
        assert_eq!((chain.events, chain.folded), (vec![1, 3, 5], 0));
        assert_eq!(records.chain(6, false), None);
    }

    #[test]
    fn a_clients_call_is_a_root_unless_all_is_asked_for() {
        let lines = trace(&[
            (None, ActionKind::Call),
            (Some(1), ActionKind::Deliver),
            (Some(2), ActionKind::Call),
            (Some(3), ActionKind::Deliver),
        ]);
        let chain = |whole| Records::of(&lines).chain(4, whole).unwrap().events;
        assert_eq!((chain(false), chain(true)), (vec![3, 4], vec![1, 2, 3, 4]));
    }

    #[test]
    fn timers_that_only_repeat_themselves_are_folded() {
        let mut events = vec![(None, ActionKind::Restart)];
        events.extend((1..=40).map(|cause| (Some(cause), ActionKind::Wake)));
        events.push((Some(41), ActionKind::Deliver));
        let lines = trace(&events);
        let chain = |whole| Records::of(&lines).chain(42, whole).unwrap();
        assert_eq!(
            (chain(false).events, chain(false).folded),
            (vec![1, 42], 40)
        );
        assert_eq!((chain(true).events.len(), chain(true).folded), (42, 0));
    }

    #[test]
    fn a_long_chain_keeps_its_root_and_its_end() {
        let mut events = vec![(None, ActionKind::Restart)];
        events.extend((1..=99).map(|cause| (Some(cause), ActionKind::Deliver)));
        let lines = trace(&events);
        let chain = Records::of(&lines).chain(100, false).unwrap();
        assert_eq!((chain.events[0], chain.events[1]), (1, 76));
        assert_eq!((chain.events.last(), chain.folded), (Some(&100), 74));
    }
}
