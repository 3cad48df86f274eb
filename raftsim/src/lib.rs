//! A testbed for Raft: scenario files run a replicated key-value cluster to a verdict,
//! deterministically.
//!
//! The crates, from ground to roof; each one's own page is a tour of it:
//!
//! | crate | what it is |
//! |---|---|
//! | [`sut`] | the system under test: servers in the simulated world, properties, planted bugs |
//! | [`scenario`] | scenario files: text to a checked, concrete scenario |
//! | [`checks`] | what must hold after every event, and of what clients saw |
//! | [`runner`] | a scenario becomes a verdict |
//! | [`report`] | what a run did, for people: traces, reasons, summaries, diagrams |
//! | [`fuzz`] | scenarios that nobody wrote |
//! | [`shrink`] | a failing run made small |
//! | [`command`] | the command line |
//!
//! ```
//! use raftsim::runner::run;
//! use raftsim::scenario::{Overrides, parse};
//!
//! let text = r#"{ "format": 1, "nodes": ["S1", "S2", "S3"],
//!                 "phases": [{ "name": "calm", "for": "1s" }] }"#;
//! let scenario = parse("calm.json", text, &Overrides::default()).expect("a sound scenario");
//! let outcome = run(&scenario);
//! assert_eq!(outcome.verdict.name(), "ok");
//! assert_eq!(outcome.trace_hash, run(&scenario).trace_hash);
//! ```
//!
//! The command `raftsim` is made of these; it adds nothing that a test could not call.

pub use {checks, command, fuzz, report, runner, scenario, shrink, sut};
