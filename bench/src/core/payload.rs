//! The bytes of entries beside our core. This does the work of the peer's in-memory storage: every
//! node keeps a copy of its own, found by index, and every message carries a copy, like a socket's
//! buffer.

use std::collections::VecDeque;

use raft_core::{Append, Index, Source, Term, Write};

use crate::load::{Applied, COMPACT_EVERY};

/// The payload storage of a node.
pub(crate) trait Payloads: Default {
    /// Carries out a write. `carried` holds the payloads that came with the step.
    fn write(&mut self, write: &Write, carried: Carried<'_>);

    /// The payloads of `first..=last`, framed for a message.
    fn read(&self, first: Index, last: Index, term: Term) -> Vec<u8>;

    /// Applies everything up to `through`, and compacts old entries.
    fn apply(&mut self, through: Index);

    /// The applied entries.
    fn applied(&self) -> Applied;
}

/// The payloads that came with a step.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Carried<'a> {
    Nothing,
    /// A number of proposals with this content.
    Proposals(usize, &'a [u8]),
    /// The frames of a message. Its first entry has this index.
    Frames(Index, &'a [u8]),
}

/// The size of the length field before each entry.
const HEAD: usize = 4;

/// Entries as frames in one piece of memory.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    bytes: Vec<u8>,
    /// The position of the start of `bytes`, counted from the first byte ever written.
    start: u64,
    /// The term and the end of each entry. The end is counted in the same way.
    entries: VecDeque<(Term, u64)>,
    /// The last index before `entries`.
    base: u64,
    applied_index: u64,
    applied: Applied,
}

impl Frames {
    fn last(&self) -> u64 {
        self.base + self.entries.len() as u64
    }

    fn end(&self) -> u64 {
        self.entries.back().map_or(self.start, |(_, end)| *end)
    }

    fn place(&self, index: u64) -> usize {
        assert!(index > self.base, "entry {index} was dropped");
        usize::try_from(index - self.base - 1).expect("the log fits in memory")
    }

    /// The position of an entry's frame in `bytes`.
    fn offset(&self, index: u64) -> usize {
        let begin = match self.place(index) {
            0 => self.start,
            place => self.entries[place - 1].1,
        };
        usize::try_from(begin - self.start).expect("the log fits in memory")
    }

    fn push(&mut self, term: Term, entry: &[u8]) {
        let length = u32::try_from(entry.len()).expect("entries are small");
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.extend_from_slice(entry);
        let end = self.end() + (HEAD + entry.len()) as u64;
        self.entries.push_back((term, end));
    }

    /// Appends frames unchanged.
    fn push_frames(&mut self, term: Term, frames: &[u8]) {
        self.bytes.extend_from_slice(frames);
        let begin = self.end();
        let mut at = 0;
        while at < frames.len() {
            at += HEAD + length_at(frames, at);
            self.entries.push_back((term, begin + at as u64));
        }
        assert!(at == frames.len(), "the frames of a message are whole");
    }

    fn truncate(&mut self, from: u64) {
        self.bytes.truncate(self.offset(from));
        self.entries.truncate(self.place(from));
    }

    fn append(&mut self, append: &Append, carried: Carried<'_>) {
        if append.first.0 <= self.last() {
            self.truncate(append.first.0);
        }
        match (append.source, carried) {
            (Source::Noop, _) => self.push(append.term, &[]),
            (Source::Proposals, Carried::Proposals(count, entry)) => {
                for _ in 0..count {
                    self.push(append.term, entry);
                }
            }
            (Source::Message, Carried::Frames(first, mut frames)) => {
                for _ in first.0..append.first.0 {
                    frames = &frames[HEAD + length_at(frames, 0)..];
                }
                self.push_frames(append.term, frames);
            }
            (source, _) => panic!("nothing came with the step for {source:?}"),
        }
        assert!(
            self.last() == append.last.0,
            "all payloads of the write are there"
        );
    }

    fn compact(&mut self, through: u64) {
        let cut = self.place(through);
        let end = self.entries[cut].1;
        let bytes = usize::try_from(end - self.start).expect("the log fits in memory");
        self.bytes.drain(..bytes);
        self.entries.drain(..=cut);
        self.start = end;
        self.base = through;
    }
}

fn length_at(frames: &[u8], at: usize) -> usize {
    let head = frames[at..at + HEAD]
        .try_into()
        .expect("a head has four bytes");
    u32::from_le_bytes(head) as usize
}

impl Payloads for Frames {
    fn write(&mut self, write: &Write, carried: Carried<'_>) {
        if let Some(from) = write.truncate_from {
            self.truncate(from.0);
        }
        if let Some(append) = &write.append {
            self.append(append, carried);
        }
    }

    fn read(&self, first: Index, last: Index, term: Term) -> Vec<u8> {
        let place = self.place(last.0);
        assert!(self.entries[place].0 == term, "the entries are of one term");
        let end = usize::try_from(self.entries[place].1 - self.start);
        self.bytes[self.offset(first.0)..end.expect("the log fits in memory")].to_vec()
    }

    fn apply(&mut self, through: Index) {
        let mut at = self.offset(self.applied_index + 1);
        for _ in self.applied_index..through.0 {
            let length = length_at(&self.bytes, at);
            at += HEAD;
            self.applied.apply(&self.bytes[at..at + length]);
            at += length;
        }
        self.applied_index = through.0;
        if through.0 - self.base >= COMPACT_EVERY {
            self.compact(through.0);
        }
    }

    fn applied(&self) -> Applied {
        self.applied
    }
}

/// A storage without bytes, to measure the core alone.
#[derive(Debug, Default)]
pub(crate) struct Without {
    applied: u64,
}

impl Payloads for Without {
    fn write(&mut self, _: &Write, _: Carried<'_>) {}

    fn read(&self, _: Index, _: Index, _: Term) -> Vec<u8> {
        Vec::new()
    }

    fn apply(&mut self, through: Index) {
        self.applied = through.0;
    }

    fn applied(&self) -> Applied {
        // The leader appends the first entry at the start of its term.
        Applied::unseen(self.applied.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use raft_core::WriteId;

    use super::*;

    fn write(first: u64, last: u64, source: Source) -> Write {
        let (first, last, term) = (Index(first), Index(last), Term(1));
        let configuration = None;
        Write {
            rebase: None,
            id: WriteId(1),
            hard_state: None,
            truncate_from: None,
            append: Some(Append {
                first,
                last,
                term,
                source,
                configuration,
            }),
        }
    }

    #[test]
    fn what_a_message_carries_is_stored_once_and_applied_in_order() {
        let (mut leader, mut follower) = (Frames::default(), Frames::default());
        leader.write(&write(1, 1, Source::Noop), Carried::Nothing);
        leader.write(
            &write(2, 4, Source::Proposals),
            Carried::Proposals(3, b"abc"),
        );
        let early = leader.read(Index(1), Index(2), Term(1));
        follower.write(
            &write(1, 2, Source::Message),
            Carried::Frames(Index(1), &early),
        );
        // Entry 2 comes again, with the two after it. Only those two are written.
        let frames = leader.read(Index(2), Index(4), Term(1));
        let carried = Carried::Frames(Index(2), &frames);
        follower.write(&write(3, 4, Source::Message), carried);
        follower.apply(Index(4));
        leader.apply(Index(4));
        assert_eq!(follower.applied(), leader.applied());
        assert_eq!(follower.applied().entries, 3);
        assert_eq!(follower.bytes, leader.bytes);
    }

    #[test]
    fn compaction_drops_what_was_applied_and_keeps_the_rest() {
        let mut log = Frames::default();
        let count = COMPACT_EVERY + 10;
        let size = usize::try_from(count).unwrap();
        log.write(
            &write(1, count, Source::Proposals),
            Carried::Proposals(size, b"xy"),
        );
        log.apply(Index(COMPACT_EVERY));
        assert_eq!(log.entries.len(), 10);
        assert_eq!(log.bytes.len(), 10 * (HEAD + 2));
        let last = log.read(Index(count), Index(count), Term(1));
        assert_eq!(last, [2, 0, 0, 0, b'x', b'y']);
        log.apply(Index(count));
        assert_eq!(log.applied().entries, count);
    }
}
