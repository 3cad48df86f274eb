//! The numbers of the protocol. Each has its own type, so that the compiler tells them apart.

use core::fmt;

/// The largest term, index, byte count or instant a message may carry (exclusive).
///
/// The limit is far beyond any number that a cluster can reach, and far below the point where `u64`
/// arithmetic overflows. A message that carries more is malformed and is dropped.
pub const LIMIT: u64 = 1 << 62;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize))]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

number! {
    /// A server of the cluster. The number is never reused for another server or for a server with
    /// a wiped disk.
    NodeId, "n"
}
number! {
    /// A term: the protocol's logical clock (paper §5.1). 0 comes before every election.
    Term, "t"
}
number! {
    /// A position in the log. The first entry has index 1; 0 is the place before it.
    Index, "#"
}
number! {
    /// A point of one node's own clock, in nanoseconds. Instants of different nodes are never
    /// compared.
    Instant, "@"
}
number! {
    /// A length of time on one node's own clock, in nanoseconds.
    Span, "~"
}
number! {
    /// The number of a write in this incarnation's ordered stream of writes. The first write is 1.
    WriteId, "w"
}

number! {
    /// The core's number for a proposal that a server has passed on. It is random, so that a late
    /// answer from before a restart matches no proposal of the present incarnation.
    ProposalToken, "f"
}

/// How strongly the operator prefers a server as the leader, compared with the others. The default
/// is 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Priority(pub u8);

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p{}", self.0)
    }
}

impl fmt::Debug for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

number! {
    /// A read, as the driver names it. The core only hands it back.
    ReadToken, "r"
}

number! {
    /// One attempt at receiving a snapshot in this incarnation. The driver may have replaced pieces
    /// that it stored in an earlier attempt, even at the same snapshot.
    SnapshotAttempt, "g"
}

impl Term {
    /// The term after this one.
    #[must_use]
    #[inline]
    pub fn next(self) -> Term {
        assert!(self.0 < u64::MAX, "terms end only where time does");
        Term(self.0 + 1)
    }
}

impl Index {
    /// The index after this one.
    #[must_use]
    #[inline]
    pub fn next(self) -> Index {
        assert!(self.0 < u64::MAX, "indexes end only where time does");
        Index(self.0 + 1)
    }

    /// The index before this one; 0 stays 0.
    #[must_use]
    #[inline]
    pub fn previous(self) -> Index {
        Index(self.0.saturating_sub(1))
    }
}

impl Instant {
    /// The instant `span` later, or the largest instant.
    #[must_use]
    pub fn after(self, span: Span) -> Instant {
        Instant(self.0.saturating_add(span.0))
    }

    /// The time since `earlier`, or zero if it lies ahead.
    #[must_use]
    pub fn since(self, earlier: Instant) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

/// An entry's name: no two entries of a correct cluster share index and term (Log Matching, §5.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct EntryId {
    /// Position in the log.
    pub index: Index,
    /// Term in which a leader created it.
    pub term: Term,
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.index, self.term)
    }
}

impl fmt::Debug for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The state that must survive a crash besides the log (Figure 2, "persistent state on all
/// servers").
///
/// The commit index is not part of it: a leader sends it again, and leaving it out saves a write
/// per commit (see `docs/ARCHITECTURE.md`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct HardState {
    /// Latest term this server has seen.
    pub current_term: Term,
    /// Candidate that received this server's vote in `current_term`.
    pub voted_for: Option<NodeId>,
}
