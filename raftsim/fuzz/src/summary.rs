//! The sums of many seeds.

use std::collections::BTreeMap;

use runner::run_with_bug;
use runner::{Outcome, Verdict};
use scenario::Resolved;
use simulator::{Count, FaultKind};
use sut::bugs::Bug;

use super::must_hit::{MustHit, Named};
use super::probe::{Hits, Probe};
use super::watch::Probes;

/// A seed and its run.
#[derive(Clone, Debug)]
pub struct Ran {
    /// The scenario.
    pub scenario: Resolved,
    /// The bug in its servers.
    pub bug: Option<Bug>,
    /// The outcome.
    pub outcome: Outcome,
    /// The probes that it hit.
    pub hits: Hits,
}

impl Ran {
    /// Runs a scenario, with a bug or without.
    #[must_use]
    pub fn of(scenario: Resolved, bug: Option<Bug>) -> Self {
        let mut probes = Probes::new(scenario.nodes.len());
        let outcome = run_with_bug(&scenario, bug, &mut probes);
        Self::seen(scenario, bug, outcome, &probes)
    }

    pub(super) fn seen(
        scenario: Resolved,
        bug: Option<Bug>,
        outcome: Outcome,
        probes: &Probes,
    ) -> Self {
        let mut hits = probes.hits();
        let torn = |(kind, count): &(FaultKind, Count)| {
            *kind == FaultKind::TornWrite && count.effective > 0
        };
        if outcome.faults.iter().any(torn) {
            hits.hit(Probe::TornWrite);
        }
        Self {
            scenario,
            bug,
            outcome,
            hits,
        }
    }

    /// Whether it failed. A seed whose faults found no target has not failed: the faults of all seeds
    /// count together.
    #[must_use]
    pub fn failed(&self) -> bool {
        !matches!(self.outcome.verdict, Verdict::Ok | Verdict::Inconclusive(_))
    }
}

/// The sums of many seeds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The number of runs.
    pub runs: u64,
    /// The number of failed runs.
    pub failures: u64,
    /// The number of runs with each verdict.
    pub verdicts: BTreeMap<&'static str, u64>,
    /// Actions performed.
    pub events: u64,
    /// Simulated nanoseconds.
    pub sim_ns: u64,
    /// The counts of faults by kind, without kinds that never occurred.
    pub faults: BTreeMap<FaultKind, Count>,
    /// The number of seeds that hit each probe, without probes that no seed hit.
    pub probes: BTreeMap<Probe, u64>,
}

impl Summary {
    /// Adds a seed.
    pub fn add(&mut self, ran: &Ran) {
        let outcome = &ran.outcome;
        self.runs += 1;
        self.failures += u64::from(ran.failed());
        *self.verdicts.entry(outcome.verdict.name()).or_insert(0) += 1;
        self.events += outcome.events;
        self.sim_ns += outcome.sim_ns;
        for (kind, count) in &outcome.faults {
            let sum = self.faults.entry(*kind).or_default();
            sum.scheduled += count.scheduled;
            sum.applied += count.applied;
            sum.effective += count.effective;
        }
        for probe in ran.hits.iter() {
            *self.probes.entry(probe).or_insert(0) += 1;
        }
    }

    /// The names of wanted probes and faults that no seed hit; none while there are too few seeds.
    #[must_use]
    pub fn missed(&self, must_hit: &MustHit) -> Vec<String> {
        if self.runs < must_hit.seeds {
            return Vec::new();
        }
        let probes = must_hit.probes.list().iter();
        let probes = probes.filter(|probe| !self.probes.contains_key(probe));
        let effective = |kind| {
            self.faults
                .get(kind)
                .is_some_and(|count| count.effective > 0)
        };
        let faults = must_hit
            .faults
            .list()
            .iter()
            .filter(|kind| !effective(kind));
        let scheduled = self.faults.iter();
        // A fault that was scheduled and never applied is a gap even if the profile does not want it.
        let never = scheduled
            .filter(|(_, count)| count.scheduled > 0 && count.applied == 0)
            .map(|(kind, _)| kind)
            .filter(|kind| !must_hit.faults.list().contains(kind));
        let name_probe = |probe: &Probe| format!("{} {}", Probe::WHAT, probe.name());
        let name_fault = |kind: &FaultKind| format!("{} {}", FaultKind::WHAT, kind.name());
        probes
            .map(name_probe)
            .chain(faults.chain(never).map(name_fault))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::must_hit::Wanted;

    #[test]
    fn what_no_seed_hit_is_missed_once_there_were_enough_seeds() {
        let must_hit = MustHit {
            seeds: 10,
            probes: Wanted::These(vec![Probe::SplitVote, Probe::CommitHeld]),
            faults: Wanted::These(vec![FaultKind::Loss]),
        };
        let mut summary = Summary {
            runs: 9,
            ..Summary::default()
        };
        summary.probes.insert(Probe::SplitVote, 1);
        let cut = Count {
            scheduled: 1,
            ..Count::default()
        };
        summary.faults.insert(FaultKind::Cut, cut);
        assert!(summary.missed(&must_hit).is_empty());
        summary.runs = 10;
        let expected = [
            "probe commit-held",
            "kind of fault loss",
            "kind of fault cut",
        ];
        assert_eq!(summary.missed(&must_hit), expected);
    }
}
