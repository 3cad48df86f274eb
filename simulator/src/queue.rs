//! The timed scheduler's agenda, ordered by time; entries of the same time by age.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::action::DropReason;
use crate::node::{ClientId, NodeId};
use crate::slab::Slot;
use crate::time::Time;

/// An event that falls due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// A message reaches the far end of its link.
    Arrive(Slot),
    /// A paused node was resumed and handles a message that arrived meanwhile.
    Receive(Slot),
    /// The network loses a message.
    Lose(Slot, DropReason),
    /// A node's timer.
    Timer(NodeId),
    /// The end of a disk's sync.
    Synced(NodeId),
    /// A client's next attempt.
    Send(ClientId),
    /// The end of a client's wait.
    Patience(ClientId),
}

/// The number of one entry of the queue. With it the owner of the entry can tell it from older
/// ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

#[derive(Clone, Copy)]
struct Entry {
    time: Time,
    ticket: Ticket,
    due: Due,
}

impl Entry {
    /// The time and the ticket as one number, so that the heap compares without an unpredictable
    /// branch.
    #[inline]
    fn key(&self) -> u128 {
        u128::from(self.time.0) << 64 | u128::from(self.ticket.0)
    }
}

// The order is reversed: the standard heap yields its greatest entry, the queue its earliest.
impl Ord for Entry {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        other.key().cmp(&self.key())
    }
}

impl PartialOrd for Entry {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }

    // The heap calls these methods. If they were derived from `cmp`, each would need two
    // comparisons.
    #[inline]
    fn le(&self, other: &Self) -> bool {
        other.key() <= self.key()
    }

    #[inline]
    fn lt(&self, other: &Self) -> bool {
        other.key() < self.key()
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

#[derive(Clone, Default)]
pub(crate) struct Queue {
    heap: BinaryHeap<Entry>,
    made: u64,
}

impl Queue {
    #[inline]
    pub(crate) fn push(&mut self, time: Time, due: Due) -> Ticket {
        let ticket = Ticket(self.made);
        self.made += 1;
        self.heap.push(Entry { time, ticket, due });
        ticket
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<(Time, Ticket, Due)> {
        let Entry { time, ticket, due } = self.heap.pop()?;
        Some((time, ticket, due))
    }

    #[inline]
    pub(crate) fn next_time(&self) -> Option<Time> {
        self.heap.peek().map(|entry| entry.time)
    }
}

/// One deadline with at most one live entry in the queue.
///
/// If the deadline moves later, the entry stays where it is. It pops early and is queued again. So
/// a timer that every message resets costs nothing per message.
#[derive(Clone, Copy, Default)]
pub(crate) struct Alarm {
    due: Option<Time>,
    queued: Option<(Time, Ticket)>,
}

/// The meaning of a popped entry of an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ring {
    /// The deadline is reached.
    Now,
    /// The deadline is not reached, is cancelled, or belongs to another entry.
    No,
}

impl Alarm {
    /// Sets the deadline; one in the past rings at `now`.
    #[inline]
    pub(crate) fn set(&mut self, due: Option<Time>, now: Time, queue: &mut Queue, what: Due) {
        self.due = due;
        let Some(due) = due else { return };
        if self.queued.is_none_or(|(queued, _)| queued > due.max(now)) {
            let time = due.max(now);
            self.queued = Some((time, queue.push(time, what)));
        }
    }

    /// Handles the popped entry `ticket`; after [`Ring::Now`] the alarm is off.
    #[inline]
    pub(crate) fn pop(&mut self, ticket: Ticket, now: Time, queue: &mut Queue, what: Due) -> Ring {
        if self.queued.is_none_or(|(_, live)| live != ticket) {
            return Ring::No;
        }
        self.queued = None;
        match self.due {
            Some(due) if due <= now => {
                self.due = None;
                Ring::Now
            }
            later => {
                self.set(later, now, queue, what);
                Ring::No
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WHAT: Due = Due::Timer(NodeId(0));

    #[test]
    fn an_entry_is_small() {
        assert_eq!(size_of::<Entry>(), 24);
    }

    #[test]
    fn a_deadline_that_moves_later_keeps_its_entry() {
        let (mut queue, mut alarm) = (Queue::default(), Alarm::default());
        for due in 10..1_000 {
            alarm.set(Some(Time(due)), Time(0), &mut queue, WHAT);
        }
        let (early, ticket, _) = queue.pop().expect("one entry");
        assert_eq!((early, queue.next_time()), (Time(10), None));
        assert_eq!(alarm.pop(ticket, early, &mut queue, WHAT), Ring::No);
        let (due, ticket, _) = queue.pop().expect("queued again");
        assert_eq!(due, Time(999));
        assert_eq!(alarm.pop(ticket, due, &mut queue, WHAT), Ring::Now);
        assert_eq!(queue.next_time(), None);
    }

    #[test]
    fn a_deadline_that_moves_earlier_forgets_its_old_entry() {
        let (mut queue, mut alarm) = (Queue::default(), Alarm::default());
        alarm.set(Some(Time(10)), Time(0), &mut queue, WHAT);
        alarm.set(Some(Time(5)), Time(0), &mut queue, WHAT);
        let (time, ticket, _) = queue.pop().expect("the new entry");
        assert_eq!(time, Time(5));
        assert_eq!(alarm.pop(ticket, time, &mut queue, WHAT), Ring::Now);
        alarm.set(Some(Time(8)), Time(5), &mut queue, WHAT);
        let (time, ticket, _) = queue.pop().expect("the newest entry");
        assert_eq!(
            (time, alarm.pop(ticket, time, &mut queue, WHAT)),
            (Time(8), Ring::Now)
        );
        let (time, ticket, _) = queue.pop().expect("the forgotten entry");
        assert_eq!(
            (time, alarm.pop(ticket, time, &mut queue, WHAT)),
            (Time(10), Ring::No)
        );
    }

    #[test]
    fn a_deadline_in_the_past_rings_now() {
        let (mut queue, mut alarm) = (Queue::default(), Alarm::default());
        alarm.set(Some(Time(3)), Time(7), &mut queue, WHAT);
        assert_eq!(queue.next_time(), Some(Time(7)));
    }

    proptest! {
        #[test]
        fn entries_come_by_time_and_equal_times_in_the_order_they_were_made(
            times in prop::collection::vec(0u64..8, 0..60)
        ) {
            let mut queue = Queue::default();
            for (client, time) in (0..).zip(&times) {
                queue.push(Time(*time), Due::Send(ClientId(client)));
            }
            let mut expected: Vec<_> = (0u32..).zip(times).map(|(made, time)| (time, made)).collect();
            expected.sort_unstable();
            for (time, client) in expected {
                let (popped, _, due) = queue.pop().expect("as many as were made");
                prop_assert_eq!((popped, due), (Time(time), Due::Send(ClientId(client))));
            }
            prop_assert!(queue.pop().is_none());
        }
    }
}
