//! Scenario files run a replicated key-value cluster to a verdict, deterministically.
//!
//! ```text
//! file ─format─► Resolved ─director─► simulator ◄─ server (kv::Node, raft-core)
//!                                        │ every action, before it is under way
//!                        check ◄─────────┼─────────► trace ─► story, report, log, columns, JSONL
//!                          └──► Outcome: verdict, hash, history, counts
//! ```
//!
//! # The tour
//!
//! 1. [`mod@format`] reads a scenario and makes it concrete for one seed: a [`format::Resolved`].
//! 2. [`run`](run::run) builds the world and lets the [`director`] carry the scenario out on it,
//!    phase by phase. What runs in it is [`server`]: the same `kv::Node` that a real server would
//!    be, behind the engine's trait.
//!    A stepped scenario, in which nothing happens unless a step says so, is [played](stepped)
//!    instead; what any run did can be [recorded](recording) as one.
//! 3. [`check`] watches every action from outside and stops the run at the first property that
//!    does not hold; at the end it replays the committed log against what clients were told.
//! 4. The [`run::Outcome`] has the verdict, the hash of everything that was done, and what was
//!    counted. The same scenario, seed and [`run::TRACE_VERSION`] give the same hash anywhere.
//! 5. To see what happened, the run is watched by a [`trace::Tracer`]: each event with its cause,
//!    the decisions behind it and the values they compared. [`story`] tells a run in under a
//!    screen, [`report`](report::report) a failure, [`why`] what led to it; [`operations`] writes
//!    down what clients saw, and [`explain`](explain::explain) says what a rule, a property or an error code means.
//! 6. [`shrink`](shrink::shrink) makes a failing run small: a stepped scenario of a few steps.
//!
//! ```
//! use raftsim::format::{Overrides, parse};
//!
//! let text = r#"{ "format": 1, "nodes": ["S1", "S2", "S3"],
//!                 "phases": [{ "name": "calm", "for": "1s" }] }"#;
//! let scenario = parse("calm.json", text, &Overrides::default()).expect("a sound scenario");
//! let outcome = raftsim::run::run(&scenario);
//! assert_eq!(outcome.verdict.name(), "ok");
//! assert_eq!(outcome.trace_hash, raftsim::run::run(&scenario).trace_hash);
//! ```
//!
//! The command `raftsim` is made of these; it adds nothing that a test could not call.

pub mod bugs;
mod caught;
pub mod check;
pub mod clock;
pub mod diagram;
pub mod director;
mod ended;
pub mod explain;
pub mod failure;
mod fold;
pub mod format;
pub mod fuzz;
pub mod measure;
mod members;
pub mod missed;
pub mod operations;
pub mod paper;
pub mod recording;
pub mod report;
pub mod run;
pub mod server;
pub mod shrink;
pub mod spectator;
pub mod stepped;
pub mod story;
pub mod trace;
pub mod variant;
mod vigil;
pub mod why;
pub mod workload;
