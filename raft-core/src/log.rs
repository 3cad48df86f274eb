//! The log's metadata: terms, sizes in bytes and configurations. Consensus does not look at
//! commands, so the driver keeps them.
//!
//! A log is a base (the start of the log, or later a snapshot) and segments. A segment is a run of
//! entries of one term. It also ends at a configuration entry and where it would outgrow one
//! message, so that any part of one segment fits into one AppendEntries. The search for a conflict
//! and the back-off by term walk segments, not entries.

use alloc::boxed::Box;

use smallvec::SmallVec;

use crate::configuration::Configuration;
use crate::types::{EntryId, Index, Term};

/// The place before the first entry: the start of the log, or the last entry of a snapshot, with
/// the configuration in force there.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Base {
    /// The last entry before the log; (0, 0) if the log is whole.
    pub last: EntryId,
    /// The configuration in force at that entry.
    pub configuration: Configuration,
}

/// The requested index is before the base or after the last entry. This is not the same as term 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OutsideLog;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Segment {
    first: Index,
    term: Term,
    /// Bytes of all entries before `first`, counted from the base.
    bytes_before: u64,
}

/// Part of one segment, from some entry to the segment's end. One message carries at most this.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Run {
    pub(crate) last: Index,
    pub(crate) term: Term,
    /// Bytes of all entries up to `last`, counted from the base.
    pub(crate) bytes_through: u64,
}

/// The log's metadata (Figure 2, `log[]`).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Log {
    base: Base,
    segments: SmallVec<[Segment; 4]>,
    last: Index,
    /// Bytes of all entries ever appended, up to `last`; and of those up to the base.
    bytes: u64,
    base_bytes: u64,
    configurations: SmallVec<[(Index, Box<Configuration>); 1]>,
    segment_bytes_max: u64,
}

impl Log {
    pub(crate) fn new(base: Base, segment_bytes_max: u64) -> Self {
        assert!(
            segment_bytes_max > 0,
            "a segment must be able to hold something"
        );
        assert!(
            (base.last.index.0 == 0) == (base.last.term.0 == 0),
            "the base is the start of the log or a real entry, not {}",
            base.last
        );
        let last = base.last.index;
        Self {
            base,
            segments: SmallVec::new(),
            last,
            bytes: 0,
            base_bytes: 0,
            configurations: SmallVec::new(),
            segment_bytes_max,
        }
    }

    /// The place before the first entry.
    #[must_use]
    #[inline]
    pub fn base(&self) -> &Base {
        &self.base
    }

    /// Index of the last entry, or of the base.
    #[must_use]
    #[inline]
    pub fn last_index(&self) -> Index {
        self.last
    }

    /// The last entry, or the base.
    #[must_use]
    #[inline]
    pub fn last(&self) -> EntryId {
        let term = self
            .segments
            .last()
            .map_or(self.base.last.term, |segment| segment.term);
        EntryId {
            index: self.last,
            term,
        }
    }

    /// The configuration in force: the latest in the log, committed or not (§6).
    #[must_use]
    #[inline]
    pub fn configuration(&self) -> &Configuration {
        self.configurations
            .last()
            .map_or(&self.base.configuration, |(_, latest)| latest)
    }

    /// The term of the entry at `index`.
    ///
    /// # Errors
    /// When the index is after the log or before its base. The base's term is known.
    #[inline]
    pub fn term_at(&self, index: Index) -> Result<Term, OutsideLog> {
        if index > self.last || index < self.base.last.index {
            return Err(OutsideLog);
        }
        if index == self.base.last.index {
            return Ok(self.base.last.term);
        }
        Ok(self.segments[self.segment_of(index)].term)
    }

    /// Appends one entry.
    pub(crate) fn append(&mut self, term: Term, bytes: u64, configuration: Option<&Configuration>) {
        let last = self.last.next();
        self.append_run(last, term, bytes, configuration);
        assert!(self.last == last, "one entry was appended");
    }

    /// Appends the entries of one term up to `last`, the last of which may hold a configuration.
    pub(crate) fn append_run(
        &mut self,
        last: Index,
        term: Term,
        bytes: u64,
        configuration: Option<&Configuration>,
    ) {
        assert!(last > self.last, "{last} is not after {}", self.last);
        assert!(
            term >= self.last().term && term.0 > 0,
            "terms never fall along a log"
        );
        if !self.fits_last_segment(term, bytes) {
            let first = self.last.next();
            self.segments.push(Segment {
                first,
                term,
                bytes_before: self.bytes,
            });
        }
        self.last = last;
        self.bytes = self.bytes.saturating_add(bytes);
        if let Some(configuration) = configuration {
            self.configurations
                .push((last, Box::new(configuration.clone())));
        }
    }

    /// Adds the configuration of an entry that was known by its term only.
    pub(crate) fn configure(&mut self, index: Index, configuration: &Configuration) {
        let before = self.configurations.partition_point(|(at, _)| *at < index);
        if self.configuration_at(index).is_some() {
            return;
        }
        let place = self.segment_of(index);
        if self.run(place).last > index {
            let rest = Segment {
                first: index.next(),
                term: self.segments[place].term,
                bytes_before: self.bytes_through(index),
            };
            self.segments.insert(place + 1, rest);
        }
        let held = Box::new(configuration.clone());
        self.configurations.insert(before, (index, held));
    }

    /// Removes everything up to `to`, which the log must hold: it becomes the base (§7).
    pub(crate) fn compact(&mut self, to: Index) {
        let term = self
            .term_at(to)
            .expect("the log is cut at one of its entries");
        assert!(to > self.base.last.index, "the base moves forward");
        let bytes = self.bytes_through(to);
        let configuration = self.configuration_in_force_at(to).clone();
        let gone = self.segments.partition_point(|segment| segment.first <= to);
        let split = self.last_of(gone.saturating_sub(1)) > to;
        let gone = if split { gone - 1 } else { gone };
        self.segments.drain(..gone);
        if split {
            let first = &mut self.segments[0];
            (first.first, first.bytes_before) = (to.next(), bytes);
        }
        self.configurations.retain(|(index, _)| *index > to);
        let last = EntryId { index: to, term };
        self.base = Base {
            last,
            configuration,
        };
        self.base_bytes = bytes;
        assert!(self.last >= to, "what follows the base stays");
        assert!(
            self.segments
                .first()
                .is_none_or(|first| first.first == to.next()),
            "the log goes on right after its base"
        );
    }

    /// Replaces the whole log by an empty one after this base (§7).
    pub(crate) fn replace(&mut self, base: Base) {
        assert!(
            base.last.index.0 > 0 && base.last.term.0 > 0,
            "a snapshot covers something"
        );
        let (bytes, most) = (self.bytes, self.segment_bytes_max);
        *self = Self::new(base, most);
        // The log only compares bytes with each other, and they must never fall.
        (self.bytes, self.base_bytes) = (bytes, bytes);
    }

    /// Turns the empty log without a cluster into that of a cluster with these members.
    pub(crate) fn found(&mut self, configuration: Configuration) {
        assert!(
            self.last == Index(0) && self.configuration().is_empty(),
            "a cluster is founded on nothing"
        );
        self.base.configuration = configuration;
    }

    /// Removes the configurations of all entries that `wanted` does not name.
    pub(crate) fn keep_configurations(&mut self, wanted: impl Fn(Index) -> bool) {
        self.configurations.retain(|(index, _)| wanted(*index));
    }

    /// The entry that holds the latest configuration; the base if none of its entries does.
    #[must_use]
    #[inline]
    pub fn configured_at(&self) -> Index {
        let latest = self.configurations.last();
        latest.map_or(self.base.last.index, |(index, _)| *index)
    }

    /// The configuration in force when `index` was the last entry of the log.
    #[must_use]
    #[inline]
    pub fn configuration_in_force_at(&self, index: Index) -> &Configuration {
        let before = self
            .configurations
            .iter()
            .rev()
            .find(|(at, _)| *at <= index);
        before.map_or(&self.base.configuration, |(_, held)| held)
    }

    /// The configuration before the latest, if the latest may be uncommitted. This one is
    /// committed, because a leader appends the next only after the last is committed.
    pub(crate) fn configuration_before_latest(&self, commit: Index) -> Option<&Configuration> {
        if self.configured_at() <= commit {
            return None;
        }
        let before = self.configurations.iter().rev().nth(1);
        Some(before.map_or(&self.base.configuration, |(_, held)| held))
    }

    /// The last index of a segment, or of the base if there is no such segment.
    fn last_of(&self, place: usize) -> Index {
        match place < self.segments.len() {
            true => self.run(place).last,
            false => self.base.last.index,
        }
    }

    /// Removes `from` and all that follows it, and the configurations from `forget_from` on.
    pub(crate) fn truncate(&mut self, from: Index, forget_from: Index) {
        assert!(
            from > self.base.last.index,
            "the base at {} stays",
            self.base.last
        );
        assert!(from <= self.last, "{from} is not in the log");
        let cut = self.segment_of(from);
        let kept = if self.segments[cut].first == from {
            cut
        } else {
            cut + 1
        };
        self.bytes = self.bytes_through(from.previous());
        self.segments.truncate(kept);
        self.last = from.previous();
        while self
            .configurations
            .last()
            .is_some_and(|(index, _)| *index >= forget_from)
        {
            self.configurations.pop();
        }
        assert!(
            self.last >= self.base.last.index,
            "a truncation stops at the base"
        );
    }

    /// The first entry in `first..=last` whose term is not `term`, up to the end of the log.
    pub(crate) fn first_conflict(&self, first: Index, last: Index, term: Term) -> Option<Index> {
        assert!(
            first > self.base.last.index,
            "the base conflicts with nothing"
        );
        let end = last.min(self.last);
        if first > end {
            return None;
        }
        for (place, segment) in self
            .segments
            .iter()
            .enumerate()
            .skip(self.segment_of(first))
        {
            if segment.first > end {
                break;
            }
            if segment.term != term {
                let conflict = segment.first.max(first);
                assert!(
                    conflict <= self.run(place).last,
                    "a conflict lies in its segment"
                );
                return Some(conflict);
            }
        }
        None
    }

    /// The latest entry at `index` or before it whose term is `term` or older; the base if there is
    /// none (back-off by term, end of §5.3).
    pub(crate) fn latest_not_after(&self, index: Index, term: Term) -> EntryId {
        let index = index.min(self.last);
        for segment in self.segments.iter().rev() {
            if segment.first > index || segment.term > term {
                continue;
            }
            let place = self.segment_of(segment.first);
            let latest = self.run(place).last.min(index);
            assert!(latest >= segment.first, "the entry lies in its segment");
            return EntryId {
                index: latest,
                term: segment.term,
            };
        }
        self.base.last
    }

    /// The entries from `first` to the end of its segment.
    pub(crate) fn run_from(&self, first: Index) -> Run {
        assert!(
            first > self.base.last.index && first <= self.last,
            "{first} is not in the log"
        );
        self.run(self.segment_of(first))
    }

    /// Bytes of all entries up to `index`, counted from the base. The sum is exact at the end of a
    /// segment. Inside a segment it is an estimate that assumes entries of one size.
    pub(crate) fn bytes_through(&self, index: Index) -> u64 {
        if index >= self.last {
            return self.bytes;
        }
        if index <= self.base.last.index {
            return self.base_bytes;
        }
        let place = self.segment_of(index);
        let (segment, run) = (&self.segments[place], self.run(place));
        let (part, whole) = (
            index.0 - segment.first.0 + 1,
            run.last.0 - segment.first.0 + 1,
        );
        let inside = share(run.bytes_through - segment.bytes_before, part, whole);
        assert!(
            inside <= run.bytes_through - segment.bytes_before,
            "a part is no more than all"
        );
        segment.bytes_before + inside
    }

    /// Bytes of all entries before the segment of the entry after `index`. This is a lower bound
    /// for the bytes of the entries up to `index`.
    pub(crate) fn bytes_through_at_least(&self, index: Index) -> u64 {
        if index >= self.last {
            return self.bytes;
        }
        if index < self.base.last.index {
            return self.base_bytes;
        }
        let next = index.next();
        self.segments[self.segment_of(next)].bytes_before
    }

    /// The configuration held by the entry at `index`, if it holds one.
    #[inline]
    pub(crate) fn configuration_at(&self, index: Index) -> Option<&Configuration> {
        self.configurations
            .iter()
            .find(|(at, _)| *at == index)
            .map(|(_, held)| &**held)
    }

    /// A defect of the log's end, if there is one. Only the end ever changes, so a server that
    /// checks after each step has checked the whole log.
    #[inline]
    pub(crate) fn disorder(&self) -> Option<&'static str> {
        if self.configured_at() > self.last {
            return Some("a configuration is in force that is not in the log");
        }
        let [.., end] = &self.segments[..] else {
            return (self.last != self.base.last.index).then_some("entries lie in no segment");
        };
        let (index, term, bytes) = match &self.segments[..] {
            [.., before, _] => (before.first, before.term, before.bytes_before),
            _ => (self.base.last.index, self.base.last.term, self.base_bytes),
        };
        if end.first <= index {
            return Some("segments overlap");
        }
        if end.term < term {
            return Some("terms fall along the log");
        }
        if end.bytes_before < bytes || self.bytes < end.bytes_before {
            return Some("bytes fall along the log");
        }
        (self.last < end.first).then_some("the log ends before its last segment")
    }

    fn fits_last_segment(&self, term: Term, bytes: u64) -> bool {
        let Some(segment) = self.segments.last() else {
            return false;
        };
        let ended = self
            .configurations
            .last()
            .is_some_and(|(index, _)| *index == self.last);
        let grown = (self.bytes - segment.bytes_before).saturating_add(bytes);
        segment.term == term && !ended && grown <= self.segment_bytes_max
    }

    /// The segment that holds `index`, which must be in the log and after the base.
    #[inline]
    fn segment_of(&self, index: Index) -> usize {
        assert!(
            index > self.base.last.index && index <= self.last,
            "{index} is in no segment"
        );
        let last = self.segments.len() - 1;
        if self.segments[last].first <= index {
            return last;
        }
        let after = self
            .segments
            .partition_point(|segment| segment.first <= index);
        assert!(after > 0, "the first segment begins right after the base");
        after - 1
    }

    fn run(&self, place: usize) -> Run {
        let term = self.segments[place].term;
        match self.segments.get(place + 1) {
            Some(next) => Run {
                last: next.first.previous(),
                term,
                bytes_through: next.bytes_before,
            },
            None => Run {
                last: self.last,
                term,
                bytes_through: self.bytes,
            },
        }
    }
}

/// The bytes of `part` out of `whole` entries of `bytes` in total, rounded up.
pub(crate) fn share(bytes: u64, part: u64, whole: u64) -> u64 {
    assert!(
        part <= whole && whole > 0,
        "{part} of {whole} entries is no part"
    );
    match bytes.checked_mul(part) {
        Some(product) => product.div_ceil(whole),
        None => {
            let share = (u128::from(bytes) * u128::from(part)).div_ceil(u128::from(whole));
            u64::try_from(share).expect("a part of a u64 is a u64")
        }
    }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "test values are small")]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;
    use crate::types::NodeId;

    fn log(segment_bytes_max: u64) -> Log {
        let configuration = Configuration::of_voters(&[NodeId(1)]).unwrap();
        Log::new(
            Base {
                last: EntryId::default(),
                configuration,
            },
            segment_bytes_max,
        )
    }

    /// A log with one entry of 10 bytes per listed term.
    fn log_of(terms: &[u64]) -> Log {
        let mut log = log(25);
        for term in terms {
            log.append(Term(*term), 10, None);
        }
        log
    }

    #[test]
    fn a_term_outside_the_log_is_an_error_and_never_zero() {
        let log = log_of(&[1, 1, 3]);
        assert_eq!(log.term_at(Index(0)), Ok(Term(0)));
        assert_eq!(log.term_at(Index(3)), Ok(Term(3)));
        assert_eq!(log.term_at(Index(4)), Err(OutsideLog));
        let configuration = log.configuration().clone();
        let base = Base {
            last: EntryId {
                index: Index(5),
                term: Term(2),
            },
            configuration,
        };
        let based = Log::new(base, 25);
        assert_eq!(based.term_at(Index(4)), Err(OutsideLog));
        assert_eq!(based.term_at(Index(5)), Ok(Term(2)));
    }

    #[test]
    fn a_segment_ends_at_a_term_a_configuration_and_the_message_size() {
        let mut log = log_of(&[1, 1, 1]);
        assert_eq!(
            log.run_from(Index(1)).last,
            Index(2),
            "25 bytes hold two entries of ten"
        );
        let configuration = Configuration::of_voters(&[NodeId(1), NodeId(2)]).unwrap();
        log.append(Term(1), 5, Some(&configuration));
        log.append(Term(1), 5, None);
        assert_eq!(log.run_from(Index(3)).last, Index(4));
        assert_eq!(log.configuration_at(Index(4)), Some(&configuration));
        assert_eq!(log.run_from(Index(5)).last, Index(5));
    }

    #[test]
    fn a_configuration_that_turns_up_late_ends_its_segment_and_counts_where_it_stands() {
        let mut log = log(100);
        let configuration = |id| Configuration::of_voters(&[NodeId(id)]).unwrap();
        for _ in 0..5 {
            log.append(Term(1), 10, None);
        }
        log.append(Term(1), 10, Some(&configuration(9)));
        log.configure(Index(3), &configuration(7));
        log.configure(Index(3), &configuration(8));
        assert_eq!(log.disorder(), None);
        let ends = [1, 4].map(|from| log.run_from(Index(from)));
        assert_eq!(
            ends.map(|run| (run.last.0, run.bytes_through)),
            [(3, 30), (6, 60)]
        );
        let in_force = [2, 3, 5, 6].map(|at| log.configuration_in_force_at(Index(at)).clone());
        assert_eq!(in_force, [1, 7, 7, 9].map(configuration));
        assert_eq!(log.configuration(), &configuration(9));
    }

    #[test]
    fn a_truncated_configuration_is_no_longer_in_force() {
        let mut log = log_of(&[1]);
        let before = log.configuration().clone();
        let configuration = Configuration::of_voters(&[NodeId(1), NodeId(2)]).unwrap();
        log.append(Term(1), 5, Some(&configuration));
        assert_eq!(log.configuration(), &configuration);
        log.truncate(Index(2), Index(2));
        assert_eq!(log.configuration(), &before);
    }

    proptest! {
        /// The segmented log answers every question as a plain list of terms does.
        #[test]
        fn segments_answer_as_a_plain_list_would(
            mut terms in proptest::collection::vec(1_u64..5, 1..40),
            cuts in proptest::collection::vec((1_u64..40, 1_u64..5), 0..6),
            probe in (1_u64..45, 1_u64..45, 0_u64..6),
        ) {
            terms.sort_unstable();
            let mut log = log_of(&terms);
            let mut plain = terms;
            for (from, term) in cuts {
                if from <= plain.len() as u64 {
                    log.truncate(Index(from), Index(from));
                    plain.truncate(from as usize - 1);
                }
                let term = term.max(plain.last().copied().unwrap_or(1));
                log.append(Term(term), 10, None);
                plain.push(term);
            }
            prop_assert_eq!(log.disorder(), None);
            prop_assert_eq!(log.last_index().0, plain.len() as u64);
            let own: Vec<_> = (1..=plain.len() as u64)
                .map(|index| log.term_at(Index(index)).unwrap().0).collect();
            prop_assert_eq!(&own, &plain);

            let (first, last, term) = probe;
            let conflict = (first..=last)
                .find(|index| plain.get(*index as usize - 1).is_some_and(|own| *own != term));
            prop_assert_eq!(log.first_conflict(Index(first), Index(last), Term(term)).map(|i| i.0),
                conflict);
            let latest = (1..=first.min(plain.len() as u64)).rev()
                .find(|index| plain[*index as usize - 1] <= term).unwrap_or(0);
            prop_assert_eq!(log.latest_not_after(Index(first), Term(term)).index.0, latest);
        }

        /// Bytes of whole segments are exact, and a run of more than one entry always fits.
        #[test]
        fn a_run_fits_one_message(sizes in proptest::collection::vec(0_u64..40, 1..60)) {
            let mut log = log(50);
            for size in &sizes {
                log.append(Term(1), *size, None);
            }
            let mut first = Index(1);
            while first <= log.last_index() {
                let run = log.run_from(first);
                let bytes: u64 = sizes[first.0 as usize - 1..run.last.0 as usize].iter().sum();
                let counted = run.bytes_through - log.bytes_through(first.previous());
                prop_assert_eq!(counted, bytes);
                prop_assert!(bytes <= 50 || run.last == first);
                first = run.last.next();
            }
        }
    }
}
