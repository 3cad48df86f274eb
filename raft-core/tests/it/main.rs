//! The tests of the core, in one binary, so that shared code is compiled and linked once.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test that cannot go on panics, and its numbers are small"
)]
#![allow(unreachable_pub, reason = "nobody reaches into a test binary")]

mod bootstrap;
mod cards;
mod change_sequences;
mod commit;
mod common;
mod durability;
mod election;
mod flow;
mod forwarding;
mod gallery;
mod golden;
mod late_answers;
mod malformed;
mod membership;
mod membership_edges;
mod membership_stories;
mod paper;
mod planted;
mod planted_membership;
mod priority;
mod quiescence;
mod quiz;
mod reads;
mod reads_and_members;
mod reconfiguration;
mod recount;
mod replication;
mod schedules;
mod size;
mod snapshot;
mod status;
mod terms;
mod transfer;
mod witness;
