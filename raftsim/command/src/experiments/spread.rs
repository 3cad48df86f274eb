//! The results of many runs together.

/// The measured times, in order, and the number of runs without an end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spread {
    times: Vec<u64>,
    endless: u64,
}

impl Spread {
    /// Adds a run: its time in nanoseconds, or `None` if it had no end.
    pub(crate) fn add(&mut self, time: Option<u64>) {
        match time {
            Some(time) => {
                let place = self.times.partition_point(|earlier| *earlier <= time);
                self.times.insert(place, time);
            }
            None => self.endless += 1,
        }
    }

    /// The times in nanoseconds, the shortest first.
    #[must_use]
    pub(crate) fn times(&self) -> &[u64] {
        &self.times
    }

    /// The number of runs without an end; they count as longer than all times.
    #[must_use]
    pub(crate) fn endless(&self) -> u64 {
        self.endless
    }

    /// The number of runs.
    #[must_use]
    pub(crate) fn runs(&self) -> u64 {
        self.times.len() as u64 + self.endless
    }

    /// The least time that at least this percentage of the runs did not exceed; `None` if that run had no
    /// end, or if there were no runs.
    #[must_use]
    pub(crate) fn percentile(&self, percent: u64) -> Option<u64> {
        let rank = (self.runs() * percent).div_ceil(100).max(1);
        let place = usize::try_from(rank - 1).ok()?;
        self.times.get(place).copied()
    }

    /// The mean of all runs; `None` if a run had no end, or if there were no runs.
    #[must_use]
    pub(crate) fn mean(&self) -> Option<u64> {
        let sum: u128 = self.times.iter().copied().map(u128::from).sum();
        let mean = sum.checked_div(self.times.len() as u128)?;
        u64::try_from(mean).ok().filter(|_| self.endless == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(times: &[u64], endless: u64) -> Spread {
        let mut spread = Spread::default();
        times.iter().for_each(|time| spread.add(Some(*time)));
        (0..endless).for_each(|_| spread.add(None));
        spread
    }

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let ten = spread(&[10, 9, 8, 7, 6, 5, 4, 3, 2, 1], 0);
        let at = |percent| ten.percentile(percent).unwrap();
        assert_eq!(
            [at(0), at(10), at(11), at(50), at(99), at(100)],
            [1, 1, 2, 5, 10, 10]
        );
        assert_eq!(ten.mean(), Some(5));
    }

    #[test]
    fn runs_without_an_end_are_longer_than_all_others() {
        let some = spread(&[3, 1, 2], 1);
        assert_eq!(
            (some.percentile(50), some.percentile(75)),
            (Some(2), Some(3))
        );
        assert_eq!((some.percentile(76), some.mean()), (None, None));
        assert_eq!(some.runs(), 4);
        let none = Spread::default();
        assert_eq!((none.percentile(50), none.mean()), (None, None));
    }
}
