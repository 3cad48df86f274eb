//! The time of applying: committed entries are applied at once, or later by a slow state machine.

use alloc::collections::VecDeque;

use raft_core::{Index, Instant, Span};

/// Committed entries on their way to the state machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Applying {
    delay: Span,
    /// The instant at which entries up to an index are due; both grow.
    due: VecDeque<(Instant, Index)>,
}

impl Applying {
    pub(crate) fn after(delay: Span) -> Self {
        Self {
            delay,
            due: VecDeque::new(),
        }
    }

    /// Sets the delay for later commits. Entries that already wait keep their time.
    pub(crate) fn delay_by(&mut self, delay: Span) {
        self.delay = delay;
    }

    /// Notes that entries up to `through` are committed.
    #[inline]
    pub(crate) fn committed(&mut self, now: Instant, through: Index) {
        let at = now.after(self.delay);
        // Entries stay in order when the delay gets shorter.
        let at = self.due.back().map_or(at, |(last, _)| at.max(*last));
        self.due.push_back((at, through));
    }

    /// The last entry that is due now, if there are new ones.
    #[inline]
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Index> {
        let mut through = None;
        while let Some((_, index)) = self.due.pop_front_if(|(at, _)| *at <= now) {
            through = Some(index);
        }
        through
    }

    /// The instant at which the next entries are due.
    #[inline]
    pub(crate) fn next(&self) -> Option<Instant> {
        self.due.front().map(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_due_after_the_delay_and_never_out_of_order() {
        let mut applying = Applying::after(Span(100));
        applying.committed(Instant(10), Index(3));
        applying.delay_by(Span(0));
        applying.committed(Instant(20), Index(5));
        assert_eq!(applying.take_due(Instant(109)), None);
        assert_eq!(applying.next(), Some(Instant(110)));
        assert_eq!(applying.take_due(Instant(110)), Some(Index(5)));
        assert_eq!(applying.next(), None);
        applying.committed(Instant(111), Index(6));
        assert_eq!(applying.take_due(Instant(111)), Some(Index(6)));
    }
}
