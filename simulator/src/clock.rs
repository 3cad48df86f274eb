//! A node's own clock, with an exact rate relative to world time and forward jumps.

use crate::time::{Local, Span, Time};

/// The speed of a clock: `num` nanoseconds of its own per `den` nanoseconds of the world. Never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    num: u32,
    den: u32,
}

impl Rate {
    /// As fast as the world.
    pub const REAL: Rate = Rate { num: 1, den: 1 };

    /// `num` local nanoseconds per `den` world nanoseconds; `None` if one of them is 0.
    #[must_use]
    pub const fn new(num: u32, den: u32) -> Option<Rate> {
        if num == 0 || den == 0 {
            return None;
        }
        Some(Rate { num, den })
    }

    /// Local nanoseconds that pass in [`Rate::den`] nanoseconds of the world.
    #[must_use]
    pub const fn num(self) -> u32 {
        self.num
    }

    /// World nanoseconds in which [`Rate::num`] local ones pass.
    #[must_use]
    pub const fn den(self) -> u32 {
        self.den
    }

    /// Both numbers as one word, for the trace hash.
    pub(crate) fn word(self) -> u64 {
        u64::from(self.num) << 32 | u64::from(self.den)
    }
}

/// The map between world time and one node's own time. It never goes backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    // The start of the current rate, on both clocks.
    world: Time,
    local: Local,
    rate: Rate,
}

impl Default for Clock {
    fn default() -> Self {
        Clock {
            world: Time::START,
            local: Local(0),
            rate: Rate::REAL,
        }
    }
}

impl Clock {
    /// The local time at `now`, rounded down.
    ///
    /// # Panics
    ///
    /// If `now` is before the last change of the clock.
    #[must_use]
    #[inline]
    pub fn local(&self, now: Time) -> Local {
        assert!(
            now >= self.world,
            "a clock is asked about {now:?}, before its last change"
        );
        let elapsed = now.0 - self.world.0;
        if self.rate.num == self.rate.den {
            return self.local.after(Span(elapsed));
        }
        // For a short interval this avoids a division of 128 bits, which is slow.
        let (num, den) = (u64::from(self.rate.num), u64::from(self.rate.den));
        let shown = match elapsed.checked_mul(num) {
            Some(product) => product / den,
            None => saturate(u128::from(elapsed) * u128::from(num) / u128::from(den)),
        };
        self.local.after(Span(shown))
    }

    /// The first world time at which the clock shows `deadline` or more, rounded up. If the clock
    /// reached the deadline before its last change, this is the time of that change. `None` if it
    /// lies beyond the end of time.
    #[must_use]
    #[inline]
    pub fn due(&self, deadline: Local) -> Option<Time> {
        let ahead = deadline.0.saturating_sub(self.local.0);
        if self.rate.num == self.rate.den {
            return self.world.0.checked_add(ahead).map(Time);
        }
        let (num, den) = (u64::from(self.rate.num), u64::from(self.rate.den));
        let wait = match ahead.checked_mul(den) {
            Some(product) => product.div_ceil(num),
            None => {
                let wait = (u128::from(ahead) * u128::from(den)).div_ceil(num.into());
                u64::try_from(wait).ok()?
            }
        };
        self.world.0.checked_add(wait).map(Time)
    }

    /// The rate it runs at.
    #[must_use]
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// Lets the clock jump forward at `now` and then run at `rate`.
    pub(crate) fn change(&mut self, now: Time, rate: Rate, jump: Span) {
        self.local = self.local(now).after(jump);
        self.world = now;
        self.rate = rate;
    }
}

fn saturate(wide: u128) -> u64 {
    u64::try_from(wide).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_rate() -> impl Strategy<Value = Rate> {
        let part = prop_oneof![1u32..5, 1u32.., Just(1_000_000u32), Just(1_000_001u32)];
        (part.clone(), part).prop_map(|(num, den)| Rate::new(num, den).expect("neither is 0"))
    }

    // A clock after a few changes, and a time that is not before the last of them.
    fn any_clock() -> impl Strategy<Value = (Clock, Time)> {
        let change = (0u64..1 << 40, any_rate(), 0u64..1 << 40);
        (prop::collection::vec(change, 0..5), 0u64..1 << 50).prop_map(|(changes, later)| {
            let mut clock = Clock::default();
            let mut now = Time::START;
            for (wait, rate, jump) in changes {
                now = now.after(Span(wait));
                clock.change(now, rate, Span(jump));
            }
            (clock, now.after(Span(later)))
        })
    }

    #[test]
    fn a_rate_of_zero_does_not_exist() {
        assert_eq!(Rate::new(0, 1), None);
        assert_eq!(Rate::new(1, 0), None);
    }

    #[test]
    fn a_slow_clock_is_due_later() {
        let mut clock = Clock::default();
        clock.change(Time(100), Rate::new(1, 3).expect("not 0"), Span::ZERO);
        assert_eq!(clock.local(Time(105)), Local(101));
        assert_eq!(clock.due(Local(101)), Some(Time(103)));
    }

    #[test]
    fn a_deadline_beyond_the_end_of_time_never_comes() {
        let mut clock = Clock::default();
        clock.change(Time(1), Rate::new(1, 2).expect("not 0"), Span::ZERO);
        assert_eq!(clock.due(Local(u64::MAX)), None);
    }

    proptest! {
        #[test]
        fn a_deadline_is_due_at_its_world_time_and_not_a_nanosecond_before(
            (clock, now) in any_clock(), wait in 0u64..1 << 50
        ) {
            let deadline = clock.local(now).after(Span(wait));
            if let Some(due) = clock.due(deadline) {
                prop_assert!(clock.local(due) >= deadline);
                if due > now {
                    prop_assert!(clock.local(Time(due.0 - 1)) < deadline);
                }
            }
        }

        #[test]
        fn local_time_never_goes_back(
            (mut clock, now) in any_clock(), rate in any_rate(), jump: u64, wait in 0u64..1 << 50
        ) {
            let before = clock.local(now);
            clock.change(now, rate, Span(jump));
            let changed = clock.local(now);
            prop_assert!(changed >= before.after(Span(jump)));
            prop_assert!(clock.local(now.after(Span(wait))) >= changed);
        }
    }
}
