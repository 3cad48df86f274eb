//! The calls and returns in time, and the operations that are not placed yet.

use crate::model::{Entry, Model};
use crate::table::NONE;

/// Calls and returns in the order of time, as a linked list. Placing an operation removes it.
#[derive(Clone, Debug, Default)]
pub(super) struct Timeline {
    /// The completed operations, in the order of their calls, as places in the history.
    pub(super) completed: Vec<u32>,
    /// The operations of unknown outcome, likewise.
    pub(super) unknown: Vec<Unknown>,
    /// Per completed operation, the events of its call and return.
    pub(super) calls: Vec<u32>,
    pub(super) rets: Vec<u32>,
    /// For each event, its operation, and whether it is a call.
    whose: Vec<(u32, bool)>,
    /// For each event, its time.
    pub(super) times: Vec<i128>,
    /// For each event, the number of calls before it.
    calls_before: Vec<u32>,
    /// The list of the remaining events; the last place is its head and end.
    pub(super) next: Vec<u32>,
    prev: Vec<u32>,
    points: Vec<(i128, u32, bool)>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Unknown {
    pub(super) entry: u32,
    /// The first event after its call.
    pub(super) call: u32,
    /// The last operation before it with the same request.
    pub(super) twin: u32,
}

impl Timeline {
    pub(super) fn read<M: Model>(&mut self, model: &M, history: &[Entry<M::Op>]) {
        let count = u32::try_from(history.len()).expect("a history has fewer operations than that");
        self.points.clear();
        for (entry, place) in history.iter().zip(0..count) {
            self.points.push((entry.call, place, true));
            if let Some(ret) = entry.ret {
                self.points.push((ret, place, false));
            }
        }
        self.points.sort_unstable();
        let mut pairs = self.points.windows(2);
        assert!(
            pairs.all(|pair| pair[0].0 < pair[1].0),
            "points in time are distinct"
        );
        self.completed.clear();
        self.unknown.clear();
        self.calls.clear();
        self.rets.clear();
        self.whose.clear();
        self.times.clear();
        self.calls_before.clear();
        let mut operations = vec![NONE; history.len()];
        for (time, place, is_call) in &self.points {
            let event = u32::try_from(self.whose.len()).expect("two events an operation");
            let entry = &history[*place as usize];
            let number = u32::try_from(self.completed.len()).expect("fewer than entries");
            match (is_call, entry.ret) {
                (true, None) => {
                    self.unknown.push(Unknown {
                        entry: *place,
                        call: event,
                        twin: NONE,
                    });
                }
                (true, Some(_)) => {
                    operations[*place as usize] = number;
                    self.completed.push(*place);
                    self.calls.push(event);
                    self.rets.push(NONE);
                    self.whose.push((number, true));
                    self.times.push(*time);
                    self.calls_before.push(number);
                }
                (false, _) => {
                    let operation = operations[*place as usize];
                    self.rets[operation as usize] = event;
                    self.whose.push((operation, false));
                    self.times.push(*time);
                    self.calls_before.push(number);
                }
            }
        }
        self.find_twins(model, history);
        let head = u32::try_from(self.whose.len()).expect("two events an operation");
        self.next.clear();
        self.next.extend((1..=head).chain([0]));
        self.prev.clear();
        self.prev.extend([head].into_iter().chain(0..head));
    }

    /// Links operations of unknown outcome with the same request, in the order of their calls.
    fn find_twins<M: Model>(&mut self, model: &M, history: &[Entry<M::Op>]) {
        let signed = self.unknown.iter().zip(0..).filter_map(|(unknown, place)| {
            let signature = model.signature(&history[unknown.entry as usize].op)?;
            Some((signature, place))
        });
        let mut signed: Vec<(u128, u32)> = signed.collect();
        signed.sort_unstable();
        for pair in signed.windows(2) {
            if pair[0].0 == pair[1].0 {
                self.unknown[pair[1].1 as usize].twin = pair[0].1;
            }
        }
    }

    /// The list's head, which is also the place after its last event.
    pub(super) fn head(&self) -> u32 {
        u32::try_from(self.whose.len()).expect("two events an operation")
    }

    /// The first remaining event: a call.
    pub(super) fn first(&self) -> u32 {
        self.next[self.head() as usize]
    }

    /// The operation that this event calls, if it is a call.
    pub(super) fn call_at(&self, event: u32) -> Option<u32> {
        match self.whose.get(event as usize) {
            Some((operation, true)) => Some(*operation),
            _ => None,
        }
    }

    /// Of the operations that may come next, the first one that returns after this event. Earlier
    /// returns are more urgent.
    pub(super) fn open_after(&self, after: u32) -> Option<u32> {
        let mut best: Option<u32> = None;
        let mut event = self.first();
        while let Some(operation) = self.call_at(event) {
            let ret = self.rets[operation as usize];
            if ret > after && best.is_none_or(|best| ret < self.rets[best as usize]) {
                best = Some(operation);
            }
            event = self.next[event as usize];
        }
        best
    }

    /// Whether the event was removed from the list.
    pub(super) fn is_gone(&self, event: u32) -> bool {
        event != self.head() && self.next[self.prev[event as usize] as usize] != event
    }

    /// The first remaining return.
    pub(super) fn first_return(&self) -> u32 {
        let mut event = self.first();
        while self.call_at(event).is_some() {
            event = self.next[event as usize];
        }
        event
    }

    /// The range from the first unplaced operation to the last that may be unplaced.
    pub(super) fn open_range(&self) -> std::ops::Range<usize> {
        let first = self.call_at(self.first()).expect("an operation is left");
        let end = self.calls_before[self.first_return() as usize];
        first as usize..end as usize
    }

    pub(super) fn lift(&mut self, operation: u32) {
        for event in [
            self.calls[operation as usize],
            self.rets[operation as usize],
        ] {
            let (prev, next) = (self.prev[event as usize], self.next[event as usize]);
            self.next[prev as usize] = next;
            self.prev[next as usize] = prev;
        }
    }

    pub(super) fn put_back(&mut self, operation: u32) {
        for event in [
            self.rets[operation as usize],
            self.calls[operation as usize],
        ] {
            let (prev, next) = (self.prev[event as usize], self.next[event as usize]);
            self.next[prev as usize] = event;
            self.prev[next as usize] = event;
        }
    }
}
