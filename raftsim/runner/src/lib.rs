//! Runs a scenario to a verdict.
//!
//! ```text
//! scenario ─► director (timed) or player (stepped) ─► simulator ◄─ sut::Server
//! │ every action, before it is under way
//! checks, liveness, Spectators ◄──┘
//! └──► Outcome: verdict, hash, history, counts
//! ```
//!
//! 1. [`run()`] builds the world, and the director carries out the scenario on it, phase by
//!    phase. A stepped scenario, in which nothing happens without a step, is [played](stepped)
//!    instead. [`run_variant`] runs servers with other decision rules, and [`run_with_bug`] runs
//!    servers with a planted bug.
//! 2. The checks watch every action from outside and stop the run at the first violated
//!    property. The liveness monitor tests each expectation when its time is over.
//! 3. The [`Outcome`] has the [`Verdict`], the hash of all actions, and the counts. The same
//!    scenario, seed and [`TRACE_VERSION`] give the same hash on any machine.
//! 4. A [`Spectator`] sees the same actions as the checks. [`Recording`] is one: it writes down
//!    any run as a stepped scenario.

pub mod convert;
mod director;
mod judge;
mod link_text;
mod liveness;
pub mod plant;
mod predicates;
mod reason;
mod recording;
mod run;
mod spectator;
pub mod stepped;
mod unmet;
mod verdict;
mod workload;
mod world;

pub use convert::{options, settings};
pub use recording::{Recording, verb};
pub use run::{TRACE_VERSION, run, run_variant, run_with_bug};
pub use spectator::{Spectator, Unobserved};
pub use unmet::{Clause, Missed, Unmet};
pub use verdict::{Outcome, Verdict};
pub use workload::KvWorkload;
pub use world::{KvWorld, build};
