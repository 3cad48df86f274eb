//! What the engine promises, told on toy machines that are no Raft.

mod clients;
mod determinism;
mod disks;
mod faults;
mod refusals;
mod stepped;
mod toy;
