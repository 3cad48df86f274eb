//! Draws the scenario of a seed.

use proptest::strategy::{BoxedStrategy, Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use scenario::{Resolved, stream};
use sut::bugs::Bug;

use super::profile::Profile;
use super::strategy::scenarios;

/// Draws the scenarios of a profile, one for each seed.
#[derive(Debug)]
pub struct Generator {
    profile: Profile,
    strategy: BoxedStrategy<Resolved>,
}

impl Generator {
    /// The generator of a profile.
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        let strategy = scenarios(&profile);
        Self { profile, strategy }
    }

    /// The scenario of a seed: the same value on every machine.
    ///
    /// # Panics
    /// Never: the strategy rejects nothing.
    #[must_use]
    pub fn scenario(&self, seed: u64) -> Resolved {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..].copy_from_slice(b"raftsim fuzz scenario v1");
        let random = TestRng::from_seed(RngAlgorithm::ChaCha, &key);
        // Strategies copy the configuration often, and nothing here is kept in files.
        let config = Config {
            failure_persistence: None,
            ..Config::default()
        };
        let mut runner = TestRunner::new_with_rng(config, random);
        let drawn = self.strategy.new_tree(&mut runner);
        let mut scenario = drawn.expect("the strategy rejects nothing").current();
        scenario.name = format!("{}-{seed}", self.profile.name);
        scenario.seed = seed;
        scenario
    }

    /// The bug that the profile plants in a seed, if any.
    #[must_use]
    pub fn planted(&self, seed: u64) -> Option<Bug> {
        use rand_chacha::rand_core::Rng;

        let plant = self.profile.plant.as_ref()?;
        let word = u128::from(stream(seed, "plant").next_u64());
        let hit = word * u128::from(plant.chance.den()) < u128::from(plant.chance.num()) << 64;
        hit.then_some(plant.bug)
    }

    /// The profile of the scenarios.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }
}
