//! Fuzzing: scenarios drawn from a profile, run by the thousand.
//!
//! ```text
//! profile (JSON) ─load─► Profile ─strategy─► Resolved, one a seed ─run─► Ran ──► Summary
//!                                   │                             ▲
//!                        storm, calm: phases with faults, watch: the probes
//!                        then a core that must serve      that a run hits
//! ```
//!
//! The library call searches for a failure of your own rules or duties:
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
//! [`scenarios`] gives the scenarios as a proptest strategy.

mod calm;
mod draw;
mod generator;
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

pub use generator::Generator;
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
