//! Placeholder
#![no_std]
#![forbid(unsafe_code)]
extern crate alloc;

mod check_quorum;
mod commit;
mod configuration;
mod durability;
mod effect;
mod election;
mod event;
mod following;
mod invariants;
mod log;
mod message;
mod progress;
mod quorum;
mod raft;
mod random;
mod replication;
mod role;
mod rules;
mod settings;
mod step;
mod types;

pub use configuration::{Configuration, ConfigurationError, Members};
pub use effect::{Append, Effect, Effects, Input, Source, Write};
pub use event::{Event, Observer, RoleKind, VoteRefusal};
pub use invariants::Broken;
pub use log::{Base, Log, OutsideLog};
pub use message::{AppendEntries, AppendEntriesReply, Body, Malformed, Message, Outcome};
pub use progress::{Pace, Progress};
pub use raft::{Boot, Durable, EntryMeta, Raft, RestoreError};
pub use rules::{Card, RuleId, Rules, Standard, catalogue};
pub use settings::{Settings, SettingsError};
pub use types::{EntryId, HardState, Index, Instant, LIMIT, NodeId, Span, Term, WriteId};
