//! Measures processor time, in rounds that take turns.

use rustix::time::{ClockId, clock_gettime};

/// The number of rounds. The median of them counts.
const ROUNDS: usize = 5;

/// The minimum duration of a round, well above the resolution of the clock.
const ROUND_NS: u64 = 60_000_000;

/// An amount in thousandths. It suffices for printing and avoids floating-point numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Milli(pub(crate) u64);

impl Milli {
    /// `amount / per`; the largest amount if `per` is 0.
    pub(crate) fn ratio(amount: u64, per: u64) -> Self {
        let milli = u128::from(amount) * 1000;
        let quotient = milli.checked_div(u128::from(per));
        let quotient = quotient.and_then(|quotient| u64::try_from(quotient).ok());
        Self(quotient.unwrap_or(u64::MAX))
    }
}

/// Nanoseconds of processor time that this process has used.
pub(crate) fn cpu_ns() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let [seconds, ns] = [time.tv_sec, time.tv_nsec].map(u64::try_from);
    let known = "the processor time of a process is positive";
    seconds.expect(known) * 1_000_000_000 + ns.expect(known)
}

/// Work that can be repeated. It returns the number of units done.
pub(crate) type Work<'a> = Box<dyn FnMut() -> u64 + 'a>;

/// Nanoseconds for one unit of each work: the median of rounds in which all take turns, so that
/// other activity of the machine affects all of them equally.
pub(crate) fn ns_per_unit(works: &mut [Work<'_>]) -> Vec<Milli> {
    let mut rounds = vec![Vec::with_capacity(ROUNDS); works.len()];
    for work in &mut *works {
        work();
    }
    for _ in 0..ROUNDS {
        for (work, rounds) in works.iter_mut().zip(&mut rounds) {
            rounds.push(round(work));
        }
    }
    rounds.into_iter().map(median).collect()
}

fn round(work: &mut Work<'_>) -> Milli {
    let begin = cpu_ns();
    let mut done = 0;
    loop {
        done += work();
        let spent = cpu_ns() - begin;
        if spent >= ROUND_NS {
            return Milli::ratio(spent, done);
        }
    }
}

fn median(mut values: Vec<Milli>) -> Milli {
    assert!(!values.is_empty(), "there was a round");
    values.sort_unstable();
    values[values.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_keeps_three_places() {
        assert_eq!(Milli::ratio(1, 3), Milli(333));
        assert_eq!(Milli::ratio(7, 0), Milli(u64::MAX));
        assert_eq!(Milli::ratio(u64::MAX, 1), Milli(u64::MAX));
    }

    #[test]
    fn the_median_of_rounds_ignores_an_outlier() {
        let rounds = [3, 900, 1, 2, 4].map(Milli).to_vec();
        assert_eq!(median(rounds), Milli(3));
    }

    #[test]
    fn processor_time_goes_on_while_we_work() {
        let begin = cpu_ns();
        let mut word = begin;
        while cpu_ns() == begin {
            word = word.wrapping_mul(3);
        }
        assert!(cpu_ns() > begin, "{word}");
    }
}
