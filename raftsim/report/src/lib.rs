//! Shows people what a run did.
//!
//! A [`trace::Tracer`] watches a run and makes one record an event, each with its cause and the
//! decisions behind it. [`summary`] tells a run in under a screen, [`failure_report`] what went
//! wrong, [`why`] what led to it: each decision is compared with the published rule. [`diagram`] draws
//! a trace.

pub mod diagram;
pub mod failure_report;
mod last_events;
pub mod summary;
pub mod trace;
pub mod why;
