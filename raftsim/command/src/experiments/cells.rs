//! Whether a read misses a write while one clock is wrong, and the leader is cut off or paused: one cell
//! for each clock, kind of read, bound and kind of fault.
//!
//! In theory a lease is safe if, and only if, it ends before the first promise on which it rests can end:
//! on the slowest clock it must not be longer than an election timeout on the fastest clock.

use std::fmt;
use std::str::FromStr;

use checks::{Broken, History, history_export};
use linearize::{Budget, Checker};
use runner::{Outcome, Verdict};
use scenario::{Diagnostic, Overrides, Resolved, parse};
use sut::Property;

/// The scenario of all cells, which differ only in its parameters.
const SCENARIO: &str = include_str!("../../../../scenarios/figure/leases.json");
const FILE: &str = "scenarios/figure/leases.json";
/// The shortest election timeout there, in microseconds.
const TIMEOUT: u64 = 1_000_000;
/// The chance of a pause in cells with pauses. It is below 100%, because a leader without a pause answers
/// for longer, and those runs matter as well.
const PAUSES: &str = "50%";

/// The maximum number of states that the check of one history visits.
const BUDGET: u64 = 1_000_000;

/// The rate of the wrong clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Drift {
    /// Its name: the deviation.
    pub(crate) name: &'static str,
    rate: [u64; 2],
}

const fn drift(name: &'static str, over: u64, under: u64) -> Drift {
    Drift {
        name,
        rate: [over, under],
    }
}

impl Drift {
    /// All deviations of the table.
    pub(crate) const ALL: &'static [Drift] = &[
        drift("0%", 1, 1),
        drift("-1%", 99, 100),
        drift("+1%", 101, 100),
        drift("-10%", 9, 10),
        drift("+10%", 11, 10),
        drift("-50%", 1, 2),
        drift("+50%", 3, 2),
    ];

    /// The rates of the slowest and of the fastest clock, with a common denominator.
    fn spread(self) -> [u64; 2] {
        let [one, other] = self.rate;
        [one.min(other), one.max(other)]
    }

    /// The longest safe lease, in microseconds of the leader's own clock, rounded down.
    #[must_use]
    pub(crate) fn longest_lease(self) -> u64 {
        let [slowest, fastest] = self.spread();
        TIMEOUT * slowest / fastest
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl FromStr for Drift {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        find(Self::ALL, name, |drift| drift.name)
    }
}

/// A kind of read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Through the log.
    Log,
    /// By the leader, after it has asked a majority.
    ReadIndex,
    /// By the leader, while its lease lasts.
    Lease,
    /// By a follower, after its leader has named a commit index.
    Follower,
    /// By any node, at once.
    Stale,
}

impl Way {
    /// All kinds.
    pub(crate) const ALL: &'static [Way] = &[
        Way::Lease,
        Way::Log,
        Way::ReadIndex,
        Way::Follower,
        Way::Stale,
    ];

    /// Its name in scenarios.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::ReadIndex => "read_index",
            Self::Lease => "lease",
            Self::Follower => "follower",
            Self::Stale => "stale",
        }
    }
}

impl FromStr for Way {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        find(Self::ALL, name, |way| way.name())
    }
}

fn find<T: Copy>(all: &[T], name: &str, of: impl Fn(T) -> &'static str) -> Result<T, String> {
    let found = all.iter().copied().find(|one| of(*one) == name);
    found.ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|one| of(*one)).collect();
        format!("write one of {}", names.join(", "))
    })
}

/// The bound on the error of clocks that the servers have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// The true bound.
    Covering,
    /// Half of the true bound.
    Half,
    /// A bound of zero.
    Nothing,
}

impl Bound {
    /// Its name.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Covering => "covering",
            Self::Half => "half",
            Self::Nothing => "none",
        }
    }
}

/// One cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    /// The wrong clock.
    pub(crate) drift: Drift,
    /// The kind of the reads.
    pub(crate) way: Way,
    /// The bound that the servers have.
    pub(crate) bound: Bound,
    /// Whether the leader sometimes pauses for longer than a lease.
    pub(crate) pauses: bool,
}

impl Cell {
    /// All cells of these clocks and kinds of reads. Cells that differ only in pauses are next to each
    /// other.
    #[must_use]
    pub(crate) fn all(drifts: &[Drift], ways: &[Way]) -> Vec<Cell> {
        let mut cells = Vec::new();
        for way in ways {
            for drift in drifts {
                let bounds: &[Bound] = match way {
                    Way::Lease if drift.longest_lease() < TIMEOUT => {
                        &[Bound::Covering, Bound::Half, Bound::Nothing]
                    }
                    // Without a lease, and with true clocks, the bound does not matter.
                    _ => &[Bound::Nothing],
                };
                for bound in bounds {
                    cells.extend([false, true].map(|pauses| Cell {
                        drift: *drift,
                        way: *way,
                        bound: *bound,
                        pauses,
                    }));
                }
            }
        }
        cells
    }

    /// The bound on the error of clocks within an election timeout that the servers have, in microseconds.
    #[must_use]
    pub(crate) fn clock_error(&self) -> u64 {
        let truth = TIMEOUT - self.drift.longest_lease();
        match self.bound {
            Bound::Covering => truth,
            Bound::Half => truth / 2,
            Bound::Nothing => 0,
        }
    }

    /// The length of a lease in this cell, in microseconds of the leader's own clock.
    #[must_use]
    pub(crate) fn lease(&self) -> u64 {
        TIMEOUT - self.clock_error()
    }

    /// The name of the bound.
    #[must_use]
    pub(crate) fn bound_name(&self) -> &'static str {
        match self.drift.longest_lease() {
            TIMEOUT => "none needed",
            _ => self.bound.name(),
        }
    }

    /// Whether, in theory, no read misses a write.
    #[must_use]
    pub(crate) fn is_safe(&self) -> bool {
        match self.way {
            Way::Lease => self.lease() <= self.drift.longest_lease(),
            Way::Stale => false,
            Way::Log | Way::ReadIndex | Way::Follower => true,
        }
    }

    /// The parameters of this cell's scenario.
    #[must_use]
    pub(crate) fn sets(&self) -> Vec<(String, String)> {
        let [over, under] = self.drift.rate;
        let pauses = if self.pauses { PAUSES } else { "0%" };
        let mut sets = vec![
            ("rate".to_owned(), format!("{over}/{under}")),
            ("bound".to_owned(), format!("{}us", self.clock_error())),
            ("pauses".to_owned(), pauses.to_owned()),
        ];
        sets.extend(Way::ALL.iter().map(|way| {
            let weight = u8::from(*way == self.way);
            (way.name().to_owned(), weight.to_string())
        }));
        sets
    }

    /// The scenario of one seed.
    ///
    /// # Errors
    /// The mistakes, if the built-in file does not fit this code.
    pub(crate) fn scenario(&self, seed: u64) -> Result<Resolved, Vec<Diagnostic>> {
        let overrides = Overrides {
            seed: Some(seed),
            sets: self.sets(),
        };
        parse(FILE, SCENARIO, &overrides)
    }

    /// Whether a read of this run missed a write.
    ///
    /// # Errors
    /// The verdict, if the run failed for another reason.
    pub(crate) fn missed(&self, outcome: &Outcome) -> Result<bool, Verdict> {
        match &outcome.verdict {
            Verdict::Ok if self.way == Way::Stale => Ok(misses(&outcome.history)),
            Verdict::Ok => Ok(false),
            Verdict::Safety(violation)
                if violation.broken == Broken::Property(Property::Linearizability) =>
            {
                Ok(true)
            }
            other => Err(other.clone()),
        }
    }
}

/// Whether no order explains the clients' answers, if stale reads count like other reads.
fn misses(history: &History) -> bool {
    let all = linearize::History::new(history_export::with_stale(history));
    let all = all.expect("events are points of one clock");
    let budget = Budget::nodes(BUDGET).expect("it is not zero");
    let verdict = Checker::new().check(&all, budget).verdict;
    matches!(verdict, linearize::Verdict::NotLinearizable { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scenario_fits_every_cell_and_has_the_timeout_that_theory_counts_with() {
        for cell in Cell::all(Drift::ALL, Way::ALL) {
            let scenario = cell.scenario(1).unwrap();
            let timeout = scenario.raft.election_timeout.low();
            assert_eq!(timeout.get(), TIMEOUT * 1_000);
            let error = scenario.raft.clock_error.map(|error| error.get());
            assert_eq!(error, Some(cell.clock_error() * 1_000));
        }
    }

    #[test]
    fn a_lease_is_safe_exactly_where_the_bound_covers_the_clocks() {
        let cells = Cell::all(Drift::ALL, &[Way::Lease]);
        assert_eq!(cells.len(), 2 * (1 + 6 * 3));
        for cell in cells {
            let [slowest, fastest] = cell.drift.spread();
            let fits = cell.lease() * fastest <= TIMEOUT * slowest;
            assert_eq!(cell.is_safe(), fits, "{cell:?}");
            let covered = cell.bound == Bound::Covering || cell.drift.name == "0%";
            assert_eq!(cell.is_safe(), covered, "{cell:?}");
        }
    }

    #[test]
    fn an_unknown_name_is_an_error_that_lists_the_known_ones() {
        assert_eq!("-10%".parse::<Drift>().map(|drift| drift.rate), Ok([9, 10]));
        let error = "5%".parse::<Drift>().unwrap_err();
        assert_eq!(error, "write one of 0%, -1%, +1%, -10%, +10%, -50%, +50%");
        assert_eq!("stale".parse(), Ok(Way::Stale));
    }
}
