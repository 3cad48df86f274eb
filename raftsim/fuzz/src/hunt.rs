//! The library call: runs the seeds of a profile with given rules and duties until one fails.

use std::ops::Range;

use runner::run_variant;
use sut::Variant;

use super::generator::Generator;
use super::profile::Profile;
use super::summary::{Ran, Summary};
use super::watch::Probes;

/// A search for a failing seed.
#[derive(Debug)]
pub struct Fuzz {
    generator: Generator,
    seeds: Range<u64>,
    variant: Variant,
}

/// The result of a search.
#[derive(Clone, Debug)]
pub struct Found {
    /// The sums of the seeds, the failing one included.
    pub summary: Summary,
    /// The first seed that failed.
    pub failure: Option<Ran>,
}

impl Fuzz {
    /// A search in a profile that comes with the program: 1,000 seeds, the algorithm as published.
    ///
    /// # Errors
    /// When no profile has this name.
    pub fn profile(name: &str) -> Result<Fuzz, String> {
        Profile::named(name).map(Fuzz::of)
    }

    /// A search in your own profile.
    #[must_use]
    pub fn of(profile: Profile) -> Fuzz {
        Fuzz {
            generator: Generator::new(profile),
            seeds: 0..1_000,
            variant: Variant::published(),
        }
    }

    /// Sets the seeds; the end is not run.
    #[must_use]
    pub fn seeds(self, seeds: Range<u64>) -> Self {
        Self { seeds, ..self }
    }

    /// Sets the rules and duties; the search ignores a bug that the profile plants.
    #[must_use]
    pub fn with(self, variant: Variant) -> Self {
        Self { variant, ..self }
    }

    /// Runs seed after seed, up to the first that fails.
    ///
    /// # Panics
    /// As [`run`](runner::run()).
    #[must_use]
    pub fn run(&self) -> Found {
        let mut summary = Summary::default();
        for seed in self.seeds.clone() {
            let scenario = self.generator.scenario(seed);
            let mut probes = Probes::new(scenario.nodes.len());
            let outcome = run_variant(&scenario, &self.variant, &mut probes);
            let ran = Ran::seen(scenario, None, outcome, &probes);
            summary.add(&ran);
            if ran.failed() {
                let failure = Some(ran);
                return Found { summary, failure };
            }
        }
        Found {
            summary,
            failure: None,
        }
    }
}
