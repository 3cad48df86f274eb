//! Time on this machine, for people. Runs never depend on it.

#![expect(clippy::disallowed_types, reason = "it measures runs from outside")]

use std::time::Instant;

/// A stopwatch that starts when it is made.
#[derive(Clone, Copy)]
pub(crate) struct Stopwatch {
    started: Instant,
}

impl Stopwatch {
    pub(crate) fn start() -> Stopwatch {
        Stopwatch {
            started: Instant::now(),
        }
    }

    /// Nanoseconds since the start.
    pub(crate) fn ns(self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// Nanoseconds of processor time of this process, on all threads; `None` if the system does not provide it.
pub(crate) fn cpu_ns() -> Option<u64> {
    clocks::process_ns()
}

/// Nanoseconds of processor time of this thread. If the system does not provide them, the time of `since`.
pub(crate) fn thread_cpu_ns(since: Stopwatch) -> u64 {
    clocks::thread_ns().unwrap_or_else(|| since.ns())
}

#[cfg(unix)]
mod clocks {
    use rustix::time::{ClockId, clock_gettime};

    pub(super) fn process_ns() -> Option<u64> {
        ns(ClockId::ProcessCPUTime)
    }

    pub(super) fn thread_ns() -> Option<u64> {
        ns(ClockId::ThreadCPUTime)
    }

    fn ns(clock: ClockId) -> Option<u64> {
        let time = clock_gettime(clock);
        let (seconds, ns) = (u64::try_from(time.tv_sec), u64::try_from(time.tv_nsec));
        Some(seconds.ok()? * 1_000_000_000 + ns.ok()?)
    }
}

#[cfg(not(unix))]
mod clocks {
    pub(super) fn process_ns() -> Option<u64> {
        None
    }

    pub(super) fn thread_ns() -> Option<u64> {
        None
    }
}
