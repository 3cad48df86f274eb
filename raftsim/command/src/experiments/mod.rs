//! Experiments that few need: measurements over many seeds, one number per run, and figures of them.
//! The feature `experiments` brings them in, so that no other build pays for them.
//!
//! [`Downtime`] measures the time from a leader's crash to the next leader in a run. A [`Spread`]
//! collects the times of many seeds. [`figure`] draws spreads as curves, as in Figure 16 of the Raft
//! paper. [`cells`] finds the runs in which a read misses a write.

pub(crate) mod cells;
mod downtime;
mod figure;
mod leases;
mod measure;
mod spread;

use downtime::Downtime;
use figure::{Curve, figure};
use spread::Spread;

pub(crate) use leases::leases;
pub(crate) use measure::measure;
