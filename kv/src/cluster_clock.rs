//! The cluster's time, as a server computes it: the newest stamp in its log, plus the time since
//! then on its own clock.
//!
//! So the time continues when leaders change. It then loses the time for which the last stamps were
//! on their way, and it stands still while no server runs. Each stamp corrects a follower's clock
//! that runs fast. If a leader's clock jumps ahead, the cluster's time follows, and the sessions
//! that are due by then expire.

use raft_core::Instant;

use crate::entry::{ClusterTime, Entry};
use crate::payload::Payload;

/// The cluster's time, as one server computes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ClusterClock {
    time: ClusterTime,
    /// The instant of that stamp, on the server's own clock.
    at: Instant,
}

impl ClusterClock {
    pub(crate) fn starting(now: Instant, time: ClusterTime) -> Self {
        Self { time, at: now }
    }

    /// The time to stamp on an entry.
    pub(crate) fn read(&self, now: Instant) -> ClusterTime {
        self.time.after(now.since(self.at))
    }

    /// Notes the time of a snapshot. Later entries of the log may already have a later time.
    pub(crate) fn catch_up(&mut self, now: Instant, time: ClusterTime) {
        if time > self.time {
            *self = Self { time, at: now };
        }
    }

    /// Notes the new last entries of the log.
    #[inline]
    pub(crate) fn hear<'a>(
        &mut self,
        now: Instant,
        payloads: impl DoubleEndedIterator<Item = &'a Payload>,
    ) {
        let newest = payloads
            .rev()
            .find_map(|payload| Entry::time_of(payload.bytes()));
        if let Some(time) = newest {
            *self = Self { time, at: now };
        }
    }
}

#[cfg(test)]
mod tests {
    use raft_core::Span;

    use super::*;
    use crate::command::{ClientId, Serial};

    fn stamped(time: u64) -> Payload {
        let open = Entry::Open {
            time: ClusterTime(time),
            client: ClientId(1),
            serial: Serial(1),
            lasts: None,
        };
        Payload::new(open.encode())
    }

    #[test]
    fn time_counts_on_from_the_newest_stamp_by_the_servers_own_clock() {
        let mut clock = ClusterClock::starting(Instant(500), ClusterTime(70));
        assert_eq!(clock.read(Instant(510)), ClusterTime(80));
        clock.hear(
            Instant(600),
            [stamped(90), stamped(100), Payload::default()].iter(),
        );
        assert_eq!(
            clock.read(Instant(600)),
            ClusterTime(100),
            "its own was ahead"
        );
        assert_eq!(clock.read(Instant(601)), ClusterTime(101));
        clock.hear(Instant(700), [Payload::default()].iter());
        assert_eq!(
            clock.read(Instant(700)),
            ClusterTime(200),
            "nothing was stamped"
        );
    }

    #[test]
    fn what_carries_no_stamp_hides_none() {
        let plain = crate::command::CommandRef {
            client: ClientId(2),
            serial: Serial(1),
            op: crate::command::Op::Get { key: b"k" },
        };
        let plain = Payload::new(Entry::Command(plain).encode());
        let mut clock = ClusterClock::starting(Instant(500), ClusterTime(0));
        clock.hear(Instant(500), [stamped(90), plain].iter());
        assert_eq!(clock.read(Instant(500)), ClusterTime(90));
    }

    #[test]
    fn a_snapshot_never_takes_time_back() {
        let mut clock = ClusterClock::starting(Instant(500), ClusterTime(70));
        clock.catch_up(Instant(510), ClusterTime(60));
        assert_eq!(clock.read(Instant(510)), ClusterTime(80));
        clock.catch_up(Instant(510), ClusterTime(90));
        assert_eq!(clock.read(Instant(515)), ClusterTime(95));
    }

    #[test]
    fn a_clock_that_goes_back_holds_time_up_and_no_number_is_too_large() {
        let clock = ClusterClock::starting(Instant(500), ClusterTime(70));
        assert_eq!(clock.read(Instant(400)), ClusterTime(70));
        let clock = ClusterClock::starting(Instant(0), ClusterTime(u64::MAX));
        assert_eq!(clock.read(Instant(9)), ClusterTime(u64::MAX));
        assert_eq!(ClusterTime(1).after(Span(u64::MAX)), ClusterTime(u64::MAX));
    }
}
