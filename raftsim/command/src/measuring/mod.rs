//! Measurements: one number a run, over many seeds, and the figures that are made of them.
//!
//! [`Downtime`] watches a run and takes the time from a leader's crash to the next leader; a
//! [`Spread`] sums up what many seeds gave; [`figure`] draws spreads as the distribution curves of
//! Figure 16 of the Raft paper. [`leases`] says in which runs a read misses a write.

mod downtime;
mod figure;
pub mod leases;
mod spread;

pub use downtime::Downtime;
pub use figure::{Curve, NothingToDraw, figure};
pub use spread::Spread;
