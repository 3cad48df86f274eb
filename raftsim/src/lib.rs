//! placeholder
mod caught;
pub mod check;
pub mod clock;
pub mod director;
mod fold;
pub mod format;
pub mod run;
pub mod server;
pub mod trace;
mod vigil;
pub mod workload;
