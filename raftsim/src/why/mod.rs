//! Why something happened.
//!
//! [`chain`] walks from an event of a trace back to its root cause.

pub mod chain;
