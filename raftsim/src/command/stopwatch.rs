//! How long a run takes on this machine: for people, never for the run.

/// Started when made.
#[derive(Clone, Copy)]
pub(crate) struct Stopwatch {
    #[expect(clippy::disallowed_types, reason = "it measures runs from outside")]
    started: std::time::Instant,
}

impl Stopwatch {
    pub(crate) fn start() -> Stopwatch {
        #[expect(clippy::disallowed_types, reason = "it measures runs from outside")]
        let started = std::time::Instant::now();
        Stopwatch { started }
    }

    /// Nanoseconds since the start.
    pub(crate) fn ns(self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}
