//! Durable storage of one node: an image and the ordered stream of writes on their way to it.

use std::collections::VecDeque;

use crate::action::EventId;
use crate::node::Node;

/// The durable image of one node, made of records rather than bytes.
pub trait Disk: Clone {
    /// One write of the ordered stream.
    type Write: Clone;

    /// Makes a whole write durable.
    fn apply(&mut self, write: Self::Write);

    /// The number of parts of a write. A crash leaves the first 0, 1, … or all of them.
    fn parts(write: &Self::Write) -> u32;

    /// Makes the first `parts` parts of a write durable; `parts` is below `Self::parts(write)`.
    fn apply_parts(&mut self, write: &Self::Write, parts: u32);
}

/// The writes of a node's disk.
pub type WriteOf<N> = <<N as Node>::Disk as Disk>::Write;

/// The unreported writes that survive a crash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cut {
    /// The number of writes that survive whole, the oldest first. A larger number than there are
    /// means all of them.
    pub writes: u64,
    /// The number of surviving parts of the next write. A number as large as the write has parts
    /// means the whole write.
    pub parts: u32,
}

impl Cut {
    /// Only the reported writes survive.
    pub const LOSE_ALL: Cut = Cut {
        writes: 0,
        parts: 0,
    };
    /// Every write handed over survives.
    pub const KEEP_ALL: Cut = Cut {
        writes: u64::MAX,
        parts: 0,
    };
}

/// The writes that a crash destroyed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// The number of writes that are lost in part or as a whole.
    pub writes: u64,
    /// Whether one of them survives in part.
    pub torn: bool,
}

/// A node's disk with the writes on their way to it.
#[derive(Clone)]
pub(crate) struct Storage<D: Disk> {
    // Exactly the writes that were reported durable.
    image: D,
    // The writes handed over but not reported, with the events that caused them.
    pending: VecDeque<(D::Write, EventId)>,
    reported: u64,
}

impl<D: Disk> Storage<D> {
    pub(crate) fn new(image: D) -> Storage<D> {
        Storage {
            image,
            pending: VecDeque::new(),
            reported: 0,
        }
    }

    pub(crate) fn image(&self) -> &D {
        &self.image
    }

    pub(crate) fn pending(&self) -> impl ExactSizeIterator<Item = &D::Write> {
        self.pending.iter().map(|(write, _)| write)
    }

    /// The number of the last write handed over.
    pub(crate) fn handed_over(&self) -> u64 {
        self.reported + self.pending.len() as u64
    }

    pub(crate) fn hand_over(&mut self, write: D::Write, cause: EventId) {
        self.pending.push_back((write, cause));
    }

    /// The cause of write `number`, if the write is on its way.
    pub(crate) fn cause(&self, number: u64) -> Option<EventId> {
        let ahead = number.checked_sub(self.reported + 1)?;
        let (_, cause) = self.pending.get(usize::try_from(ahead).ok()?)?;
        Some(*cause)
    }

    /// Makes all writes up to `through` durable. `through` is on its way.
    pub(crate) fn report(&mut self, through: u64) {
        assert!(
            through <= self.handed_over(),
            "write {through} was never handed over"
        );
        while self.reported < through {
            let (write, _) = self.pending.pop_front().expect("counted above");
            self.image.apply(write);
            self.reported += 1;
        }
    }

    /// Drops the writes on their way, except those that survive according to `cut`. The numbering
    /// of writes begins again.
    pub(crate) fn crash(&mut self, cut: Cut) -> Lost {
        let whole = usize::try_from(cut.writes)
            .unwrap_or(usize::MAX)
            .min(self.pending.len());
        for (write, _) in self.pending.drain(..whole) {
            self.image.apply(write);
        }
        let mut lost = Lost {
            writes: self.pending.len() as u64,
            torn: false,
        };
        if let Some((next, _)) = self.pending.pop_front()
            && cut.parts > 0
        {
            if cut.parts < D::parts(&next) {
                self.image.apply_parts(&next, cut.parts);
                lost.torn = true;
            } else {
                self.image.apply(next);
                lost.writes -= 1;
            }
        }
        self.pending.clear();
        self.reported = 0;
        lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // Writes are numbers of equal parts. The image lists each durable part.
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Parts(Vec<(u8, u32)>);

    impl Disk for Parts {
        type Write = (u8, u32);

        fn apply(&mut self, write: (u8, u32)) {
            self.apply_parts(&write, write.1);
        }

        fn parts(write: &(u8, u32)) -> u32 {
            write.1
        }

        fn apply_parts(&mut self, write: &(u8, u32), parts: u32) {
            self.0.extend((0..parts).map(|part| (write.0, part)));
        }
    }

    fn storage(parts: &[u32], reported: u64) -> Storage<Parts> {
        let mut storage = Storage::new(Parts::default());
        for (name, parts) in (0..).zip(parts) {
            storage.hand_over((name, *parts), EventId(u64::from(name)));
        }
        storage.report(reported);
        storage
    }

    #[test]
    fn only_reported_writes_are_in_the_image() {
        let storage = storage(&[1, 1, 1], 2);
        assert_eq!(storage.image(), &Parts(vec![(0, 0), (1, 0)]));
        assert_eq!(storage.pending().collect::<Vec<_>>(), [&(2, 1)]);
        assert_eq!(
            (storage.cause(2), storage.cause(3)),
            (None, Some(EventId(2)))
        );
    }

    #[test]
    fn a_cut_as_long_as_the_write_keeps_it_whole() {
        let mut disk = storage(&[2, 2], 0);
        let lost = disk.crash(Cut {
            writes: 0,
            parts: 2,
        });
        assert_eq!((lost.writes, lost.torn), (1, false));
        assert_eq!(disk.image(), &Parts(vec![(0, 0), (0, 1)]));
    }

    proptest! {
        #[test]
        fn a_crash_keeps_what_was_reported_and_a_prefix_of_the_rest(
            parts in prop::collection::vec(0u32..4, 0..8), reported in 0usize..8,
            writes in 0u64..9, cut_parts in 0u32..5
        ) {
            let reported = reported.min(parts.len());
            let all = storage(&parts, parts.len() as u64).image().clone();
            let told = storage(&parts, reported as u64).image().clone();
            let mut disk = storage(&parts, reported as u64);
            let lost = disk.crash(Cut { writes, parts: cut_parts });
            let left = disk.image().clone();
            prop_assert!(all.0.starts_with(&left.0), "no prefix: {left:?}");
            prop_assert!(left.0.starts_with(&told.0), "a reported write is gone: {left:?}");
            prop_assert!(left == all || lost.writes > 0);
            prop_assert_eq!(disk.handed_over(), 0);
        }
    }
}
