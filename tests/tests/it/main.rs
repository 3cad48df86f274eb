//! Tests of the whole project: scenarios, deliberate breaks, determinism.

mod breaks;
mod corpus;
mod determinism;
#[path = "../../examples/house/drawing.rs"]
mod drawing;
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
