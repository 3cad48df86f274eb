//! The system under test: the server in the simulated world, and the vocabulary that the rest of
//! the testbed shares.
//!
//! A run has servers of one kind, [`Server`]: a `kv::Node` behind the engine's trait. Their rules
//! and duties are chosen at run time ([`Variant`]): as published, with a planted bug
//! ([`bugs::Bug`]), or user-defined. So the world, the checks and all observers are compiled once.
//!
//! Beside the servers stands the vocabulary of the testbed: the [`Property`]s that must hold, sets
//! of nodes ([`NodeSet`], [`Founders`], [`MemberSets`]), the current members ([`members`]), the
//! decisions of servers as text ([`decisions`]), and simulated time as text ([`time_text`]).

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
