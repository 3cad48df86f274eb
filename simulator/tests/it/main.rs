//! Tests of the engine with toy machines that know nothing of Raft.

mod clients;
mod determinism;
mod disks;
mod faults;
mod refusals;
mod stepped;
mod toy;
