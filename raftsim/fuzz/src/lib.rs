//! Fuzzing: scenarios drawn from a profile, run by the thousand.
//!
//! ```text
//! profile (JSON) ─load─► Profile ─strategy─► Resolved, one a seed ─run─► Ran ──► Summary
//!                                   │                             ▲
//!                        storm, calm: phases of faults,   watch: which probes
//!                        then a core that must serve      a run got into
//! ```
//!
//! The library call looks for a failure of your own rules or duties:
//!
//! ```
//! use raft_core::{EntryId, Rules};
//! use fuzz::Fuzz;
//! use sut::Variant;
//!
//! /// Votes for a candidate whose log is longer, though it may be older.
//! #[derive(Clone, Hash)]
//! struct LongerWins;
//!
//! impl Rules for LongerWins {
//!     fn log_is_up_to_date(&self, candidate: EntryId, own: EntryId) -> bool {
//!         candidate.index >= own.index
//!     }
//! }
//!
//! let variant = Variant::of(LongerWins, kv::Standard);
//! let found = Fuzz::profile("everything")?.seeds(0..1_000).with(variant).run();
//! let failure = found.failure.expect("a broken rule is found");
//! assert_eq!(failure.outcome.verdict.name(), "safety");
//! # Ok::<(), String>(())
//! ```
//!
//! [`scenarios`] is the same as a strategy for proptests.

mod calm;
mod draw;
mod hunt;
mod kinds;
mod load;
mod must_hit;
mod probe;
mod profile;
mod storm;
mod strategy;
mod summary;
mod watch;
mod watch_forwarding;
mod watch_members;
mod watch_priority;
mod watch_reads;
mod watch_snapshots;
mod watch_witnesses;

use proptest::strategy::{BoxedStrategy, Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

pub use hunt::{Found, Fuzz};
pub use kinds::{Faults, Kind, Pattern};
pub use load::SCHEMA;
#[cfg(feature = "schema")]
pub use load::schema;
pub use must_hit::{MustHit, Named, Wanted};
pub use probe::{Hits, Probe};
pub use profile::{
    CalmRanges, ClientRanges, ClockRanges, DiskRanges, Dose, NetworkRanges, Plant, Profile,
    RaftRanges, StormRanges,
};
pub use strategy::scenarios;
pub use summary::{Ran, Summary};
pub use watch::Probes;

use scenario::{Resolved, stream};
use sut::bugs::Bug;

/// Makes the scenarios of a profile, one for each seed.
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
        let mut runner = TestRunner::new_with_rng(Config::default(), random);
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

    /// What the scenarios are drawn from.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }
}
