//! Measurements over many seeds, one number per run, and figures of them.
//!
//! [`Downtime`] measures the time from a leader's crash to the next leader in a run. A [`Spread`] collects
//! the times of many seeds. [`figure`] draws spreads as curves, as in Figure 16 of the Raft paper.
//! [`leases`] finds the runs in which a read misses a write.

mod downtime;
mod figure;
pub mod leases;
mod spread;

pub use downtime::Downtime;
pub use figure::{Curve, NothingToDraw, figure};
pub use spread::Spread;
