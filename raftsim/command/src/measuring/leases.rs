//! Whether a read misses a write while one clock is wrong and the leader is cut off, or stands
//! still: one cell for each clock, way of reading, bound and kind of fault.
//!
//! In theory a lease is safe if, and only if, it is over when the first promise on which it rests
//! may be: on the slowest clock it must last no longer than an election timeout does on the fastest.

use std::fmt;
use std::str::FromStr;

use checks::{Broken, History, history_export};
use linearize::{Budget, Checker};
use runner::{Outcome, Verdict};
use scenario::{Diagnostic, Overrides, Resolved, parse};
use sut::Property;

/// The scenario of every cell, which only its parameters tell apart.
const SCENARIO: &str = include_str!("../../../../scenarios/figure/leases.json");
const FILE: &str = "scenarios/figure/leases.json";
/// The shortest election timeout there, in microseconds.
const TIMEOUT: u64 = 1_000_000;
/// How likely a pause is where there are pauses: without one the leader answers for longer, which
/// is to be seen, too.
const PAUSES: &str = "50%";

/// How many situations the check of one history may look at.
const BUDGET: u64 = 1_000_000;

/// How fast the one clock that is wrong runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drift {
    /// Its name: the deviation.
    pub name: &'static str,
    rate: [u64; 2],
}

const fn drift(name: &'static str, over: u64, under: u64) -> Drift {
    Drift {
        name,
        rate: [over, under],
    }
}

impl Drift {
    /// Those of the table.
    pub const ALL: &'static [Drift] = &[
        drift("0%", 1, 1),
        drift("-1%", 99, 100),
        drift("+1%", 101, 100),
        drift("-10%", 9, 10),
        drift("+10%", 11, 10),
        drift("-50%", 1, 2),
        drift("+50%", 3, 2),
    ];

    /// The slowest and the fastest of all clocks, each over the same number.
    fn spread(self) -> [u64; 2] {
        let [one, other] = self.rate;
        [one.min(other), one.max(other)]
    }

    /// How long a lease may last, in microseconds of the leader's own clock: rounded down.
    #[must_use]
    pub fn longest_lease(self) -> u64 {
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

/// A way of reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As an entry of the log.
    Log,
    /// By the leader, which asks a majority first.
    ReadIndex,
    /// By the leader, while its lease lasts.
    Lease,
    /// By a follower, once its leader has named an index.
    Follower,
    /// By anybody, at once.
    Stale,
}

impl Way {
    /// All of them.
    pub const ALL: &'static [Way] = &[
        Way::Lease,
        Way::Log,
        Way::ReadIndex,
        Way::Follower,
        Way::Stale,
    ];

    /// Its name in scenarios.
    #[must_use]
    pub fn name(self) -> &'static str {
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

/// What the servers are told of their clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The truth.
    Covering,
    /// Half of it.
    Half,
    /// That all clocks are alike.
    Nothing,
}

impl Bound {
    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Covering => "covering",
            Self::Half => "half",
            Self::Nothing => "none",
        }
    }
}

/// One cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The clock that is wrong.
    pub drift: Drift,
    /// How reads are made.
    pub way: Way,
    /// What the servers were told of their clocks.
    pub bound: Bound,
    /// Whether the leader stands still now and then, for longer than a lease lasts.
    pub pauses: bool,
}

impl Cell {
    /// All cells of these clocks and ways, those that only pauses tell apart side by side.
    #[must_use]
    pub fn all(drifts: &[Drift], ways: &[Way]) -> Vec<Cell> {
        let mut cells = Vec::new();
        for way in ways {
            for drift in drifts {
                let bounds: &[Bound] = match way {
                    Way::Lease if drift.longest_lease() < TIMEOUT => {
                        &[Bound::Covering, Bound::Half, Bound::Nothing]
                    }
                    // Without a lease, and with true clocks, no bound matters.
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

    /// By how much clocks may be wrong within an election timeout, as the servers were told, in
    /// microseconds.
    #[must_use]
    pub fn clock_error(&self) -> u64 {
        let truth = TIMEOUT - self.drift.longest_lease();
        match self.bound {
            Bound::Covering => truth,
            Bound::Half => truth / 2,
            Bound::Nothing => 0,
        }
    }

    /// How long a lease lasts here, in microseconds of the leader's own clock.
    #[must_use]
    pub fn lease(&self) -> u64 {
        TIMEOUT - self.clock_error()
    }

    /// What the bound is called.
    #[must_use]
    pub fn bound_name(&self) -> &'static str {
        match self.drift.longest_lease() {
            TIMEOUT => "none needed",
            _ => self.bound.name(),
        }
    }

    /// Whether theory says that no read misses a write.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        match self.way {
            Way::Lease => self.lease() <= self.drift.longest_lease(),
            Way::Stale => false,
            Way::Log | Way::ReadIndex | Way::Follower => true,
        }
    }

    /// What tells this cell's scenario from others.
    #[must_use]
    pub fn sets(&self) -> Vec<(String, String)> {
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
    /// If the file that this was built with does not fit this code.
    pub fn scenario(&self, seed: u64) -> Result<Resolved, Vec<Diagnostic>> {
        let overrides = Overrides {
            seed: Some(seed),
            sets: self.sets(),
        };
        parse(FILE, SCENARIO, &overrides)
    }

    /// Whether a read of this run missed a write.
    ///
    /// # Errors
    /// If something else went wrong in it.
    pub fn missed(&self, outcome: &Outcome) -> Result<bool, Verdict> {
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

/// Whether no order explains what clients saw, had they been promised that reads are never stale.
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
    fn what_is_not_in_the_table_is_told_what_is() {
        assert_eq!("-10%".parse::<Drift>().map(|drift| drift.rate), Ok([9, 10]));
        let error = "5%".parse::<Drift>().unwrap_err();
        assert_eq!(error, "write one of 0%, -1%, +1%, -10%, +10%, -50%, +50%");
        assert_eq!("stale".parse(), Ok(Way::Stale));
    }
}
