//! Types for time: world time, a node's own time, and durations.

/// World time: nanoseconds since the start of the run. Nodes never see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

/// The time of one node's own clock, in nanoseconds. It never goes backwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Local(pub u64);

/// A duration in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub u64);

impl Time {
    /// The start of every run.
    pub const START: Time = Time(0);

    /// The moment `span` later, or the end of time if that comes first.
    #[must_use]
    pub fn after(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}

impl Local {
    /// The moment `span` later on the same clock, or the end of time if that comes first.
    #[must_use]
    pub fn after(self, span: Span) -> Local {
        Local(self.0.saturating_add(span.0))
    }
}

impl Span {
    /// The duration 0.
    pub const ZERO: Span = Span(0);

    /// `count` microseconds, or the longest span if that is shorter.
    #[must_use]
    pub const fn micros(count: u64) -> Span {
        Span(count.saturating_mul(1_000))
    }

    /// `count` milliseconds, or the longest span if that is shorter.
    #[must_use]
    pub const fn millis(count: u64) -> Span {
        Span(count.saturating_mul(1_000_000))
    }
}

/// The spans from `min` to `max`, both included; never empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpanRange {
    min: Span,
    max: Span,
}

impl SpanRange {
    /// The spans from `min` to `max`, both included; `None` if `max` is below `min`.
    #[must_use]
    pub const fn new(min: Span, max: Span) -> Option<SpanRange> {
        if max.0 < min.0 {
            return None;
        }
        Some(SpanRange { min, max })
    }

    /// The range that holds only `span`.
    #[must_use]
    pub const fn exactly(span: Span) -> SpanRange {
        SpanRange {
            min: span,
            max: span,
        }
    }

    /// The shortest span of the range.
    #[must_use]
    pub const fn min(self) -> Span {
        self.min
    }

    /// The longest span of the range.
    #[must_use]
    pub const fn max(self) -> Span {
        self.max
    }
}
