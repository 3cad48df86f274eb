//! The durable part of the state, as reported by the driver.
//!
//! Hard state, truncation and append form one numbered, ordered stream of writes. The driver
//! reports "all writes up to N are durable". This file turns that into "the log is durable up to
//! index i" and "the vote of this term is durable". A truncation lowers both the watermark and
//! every write still in flight, so a late report about overwritten entries does not cover the
//! entries that replaced them.

use smallvec::SmallVec;

use crate::rules::Rules;
use crate::types::{Index, Instant, WriteId};

/// Maximum number of writes in flight that are tracked separately. Further ones are merged, which
/// only makes reports more conservative.
const IN_FLIGHT_MAX: usize = 8;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct InFlight {
    write: WriteId,
    /// The durable end of the log once this write is durable. Later truncations lower it.
    last: Index,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Durability {
    issued: WriteId,
    durable_write: WriteId,
    durable_index: Index,
    submitted_index: Index,
    hard_state_write: WriteId,
    /// The last instant at which the disk finished a write, or received one while idle.
    progress_at: Instant,
    in_flight: SmallVec<[InFlight; IN_FLIGHT_MAX]>,
}

impl Durability {
    /// The state after a restart: the server may promise the log up to `intact`, and the hard state
    /// is durable.
    pub(crate) fn restored(intact: Index) -> Self {
        Self {
            issued: WriteId(0),
            durable_write: WriteId(0),
            durable_index: intact,
            submitted_index: intact,
            hard_state_write: WriteId(0),
            progress_at: Instant(0),
            in_flight: SmallVec::new(),
        }
    }

    /// The last write up to which all writes are durable.
    pub(crate) fn durable_write(&self) -> WriteId {
        self.durable_write
    }

    /// The last durable index of the log.
    #[inline]
    pub(crate) fn durable_index(&self) -> Index {
        self.durable_index
    }

    /// The last index that was handed to the disk, or found intact on it.
    #[inline]
    pub(crate) fn submitted_index(&self) -> Index {
        self.submitted_index
    }

    /// The write that holds the newest term and vote; 0 if they were on disk at the restart.
    pub(crate) fn hard_state_write(&self) -> WriteId {
        self.hard_state_write
    }

    /// The last write handed to the driver.
    pub(crate) fn issued(&self) -> WriteId {
        self.issued
    }

    /// The start of the time in which the disk has had work and finished none of it.
    #[inline]
    pub(crate) fn waiting_since(&self) -> Option<Instant> {
        (self.durable_write < self.issued).then_some(self.progress_at)
    }

    /// Notes that the log loses `from` and all later entries.
    pub(crate) fn truncate<R: Rules + ?Sized>(&mut self, rules: &R, from: Index) {
        assert!(from.0 > 0, "nothing lies before the first entry");
        self.durable_index = rules.durable_after_truncation(self.durable_index, from);
        for write in &mut self.in_flight {
            write.last = rules.in_flight_after_truncation(write.last, from);
        }
        self.submitted_index = self.submitted_index.min(from.previous());
        assert!(
            self.submitted_index < from,
            "what was removed is not on its way"
        );
    }

    /// Notes that the log now begins after `to` and is empty. The write of this change will be
    /// durable up to there.
    pub(crate) fn rebase(&mut self, to: Index) {
        self.submitted_index = to;
    }

    /// The next write's number.
    pub(crate) fn next_write(&self) -> WriteId {
        WriteId(self.issued.0 + 1)
    }

    /// Notes a new write. Once it is durable, the log is durable up to `last`.
    pub(crate) fn issue(&mut self, hard_state: bool, last: Index, now: Instant) -> WriteId {
        if self.durable_write == self.issued {
            self.progress_at = now;
        }
        self.issued = self.next_write();
        if hard_state {
            self.hard_state_write = self.issued;
        }
        self.submitted_index = last;
        let write = InFlight {
            write: self.issued,
            last,
        };
        if self.in_flight.len() == IN_FLIGHT_MAX {
            self.in_flight[IN_FLIGHT_MAX - 1] = write;
        } else {
            self.in_flight.push(write);
        }
        assert!(
            self.durable_write < self.issued,
            "a new write is not durable yet"
        );
        assert!(
            self.hard_state_write <= self.issued && self.in_flight.len() <= IN_FLIGHT_MAX,
            "the ring holds what was issued and no more than it can"
        );
        self.issued
    }

    /// Notes that all writes up to `write` are durable. Returns whether that was new.
    #[inline]
    pub(crate) fn complete(&mut self, write: WriteId, now: Instant) -> bool {
        assert!(
            write <= self.issued,
            "{write} is reported durable but was never issued"
        );
        if write <= self.durable_write {
            return false;
        }
        self.durable_write = write;
        self.progress_at = now;
        let done = self
            .in_flight
            .iter()
            .take_while(|flying| flying.write <= write)
            .count();
        if done > 0 {
            self.durable_index = self.durable_index.max(self.in_flight[done - 1].last);
            self.in_flight.drain(..done);
        }
        assert!(
            self.in_flight.iter().all(|left| left.write > write),
            "the stream is ordered"
        );
        assert!(
            self.durable_write <= self.issued,
            "only what was issued is durable"
        );
        true
    }

    /// A defect of the watermarks, if there is one.
    #[inline]
    pub(crate) fn disorder(&self, last: Index) -> Option<&'static str> {
        if self.durable_index > last {
            return Some("the durable watermark is beyond the log's end");
        }
        if self.in_flight.iter().any(|write| write.last > last) {
            return Some("a write in flight promises more than the log holds");
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Standard;

    #[test]
    fn a_late_report_says_nothing_of_entries_that_replaced_the_written_ones() {
        let mut disk = Durability::restored(Index(2));
        let first = disk.issue(false, Index(5), Instant(0));
        disk.truncate(&Standard, Index(3));
        let second = disk.issue(false, Index(5), Instant(0));
        assert!(disk.complete(first, Instant(0)));
        assert_eq!(
            disk.durable_index(),
            Index(2),
            "entries 3 to 5 of the second write are not"
        );
        assert!(disk.complete(second, Instant(0)));
        assert_eq!(disk.durable_index(), Index(5));
    }

    #[test]
    fn a_truncation_lowers_the_watermark() {
        let mut disk = Durability::restored(Index(9));
        disk.truncate(&Standard, Index(4));
        assert_eq!(
            (disk.durable_index(), disk.submitted_index()),
            (Index(3), Index(3))
        );
    }

    #[test]
    fn a_full_ring_merges_and_reports_less_never_more() {
        let mut disk = Durability::restored(Index(0));
        for last in 1..=20 {
            disk.issue(false, Index(last), Instant(0));
        }
        disk.complete(WriteId(7), Instant(0));
        assert_eq!(disk.durable_index(), Index(7));
        disk.complete(WriteId(19), Instant(0));
        assert_eq!(disk.durable_index(), Index(7), "writes 8 to 20 were merged");
        disk.complete(WriteId(20), Instant(0));
        assert_eq!(disk.durable_index(), Index(20));
    }

    #[test]
    fn reports_are_cumulative_and_may_repeat() {
        let mut disk = Durability::restored(Index(0));
        disk.issue(true, Index(1), Instant(0));
        let last = disk.issue(false, Index(3), Instant(0));
        assert!(disk.complete(last, Instant(0)));
        assert_eq!(disk.durable_index(), Index(3));
        assert!(!disk.complete(WriteId(1), Instant(0)));
        assert_eq!(disk.durable_write(), last);
    }
}
