//! Tests of the whole: scenarios, deliberate breaks, determinism.

mod breaks;
mod determinism;
mod fuzz;
mod golden;
mod house;
mod lessons;
mod linearizable;
mod mit;
mod recorded;
mod shrink;
mod stepped;
mod stories;
