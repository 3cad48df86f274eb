//! The system under test: what lives in the simulated world, and what everybody else knows of it.
//!
//! A run has servers of one kind, [`Server`]: a `kv::Node` behind the engine's trait. By which rules
//! and duties they decide is chosen at run time ([`Variant`]): as published, with a bug planted in
//! them ([`bugs::Bug`]), or somebody's own. So the world, the checks and all who watch are compiled
//! once.
//!
//! Beside the servers stands what is said of them all over the testbed: the [`Property`]s that must
//! hold, sets of nodes ([`NodeSet`], [`Founders`], [`MemberSets`]), who the members are now
//! ([`members`]), what servers decided, in words ([`decisions`]), and simulated time as text
//! ([`time_text`]).

pub mod bugs;
pub mod changes;
pub mod decisions;
mod founders;
mod ids;
mod member_sets;
pub mod members;
mod node_set;
mod out;
pub mod panics;
mod property;
mod server;
mod suggest;
pub mod time_text;
mod trace_hash;
mod variant;
pub mod words;

pub use founders::Founders;
pub use ids::{engine_id, raft_id};
pub use member_sets::MemberSets;
pub use node_set::NodeSet;
pub use out::{FIRST_OPERATOR, Out};
pub use property::Property;
pub use server::{Config, Image, Operator, Proposal, Server};
pub use suggest::nearest;
pub use variant::{AnyDuties, AnyRules, Machine, Variant};
