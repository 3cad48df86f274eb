//! The Raft algorithm as a pure function: one input in, effects out.
//!
//! A [`Raft`] is one server's state. [`Raft::step`] takes the time and one [`Input`] (a message, a
//! proposal, a deadline, a finished write) and gives [`Effects`]: messages to send, a write to make
//! durable, entries to apply. The crate has no clock, disk, network or source of randomness: the
//! driver passes everything in, so the same inputs give the same server, bit for bit. It is
//! `no_std`, has no `unsafe`, and allocates nothing per step once its buffers have grown.
//!
//! # The driver's contract
//!
//! **Do effects in any order, writes in order, and report each finished write.** Every message in
//! the effects is safe to send at once. The server holds back a promise (a vote, an
//! acknowledgement, a candidacy, the leader's own copy) until [`Input::Written`] says that the
//! state behind it is durable.
//!
//! # A leader, and an entry
//!
//! Three servers run in memory. `drive` is the driver; the rest is set-up and the assertion.
//!
//! ```
//! use raft_core::*;
//!
//! /// Steps one server and carries out its effects: disks are instant, messages arrive at once.
//! fn drive(cluster: &mut [Raft], id: NodeId, input: Input<'_>, trace: &mut Vec<(NodeId, Event)>) {
//!     let now = Instant(1_000_000_000);
//!     let mut events = Vec::new();
//!     let server = &mut cluster[id.0 as usize - 1];
//!     let effects: Vec<_> = server.step_observed(now, input, &mut events).collect();
//!     trace.extend(events.into_iter().map(|event| (id, event)));
//!     for effect in effects {
//!         match effect {
//!             Effect::Write(write) => drive(cluster, id, Input::Written { write: write.id }, trace),
//!             Effect::Send { to, message } => {
//!                 drive(cluster, to, Input::Receive { from: id, message: &message }, trace);
//!             }
//!             _ => {}
//!         }
//!     }
//! }
//!
//! let voters = [NodeId(1), NodeId(2), NodeId(3)];
//! let mut cluster = Vec::new();
//! for id in voters {
//!     let boot = Boot { id, settings: Settings::default(), now: Instant(0), seed: 7, incarnation: 0 };
//!     let durable = Durable {
//!         hard_state: HardState::default(),
//!         base: Base {
//!             last: EntryId::default(),
//!             configuration: Configuration::of_voters(&voters)?,
//!         },
//!         entries: Vec::<EntryMeta>::new(),
//!         intact: Index(0),
//!         snapshot: None,
//!         incoming: None,
//!         may_vote: true,
//!     };
//!     cluster.push(Raft::restore(Standard, boot, durable)?);
//! }
//!
//! let mut trace = Vec::new();
//! drive(&mut cluster, NodeId(1), Input::Wake, &mut trace); // its deadline has passed
//! drive(&mut cluster, NodeId(1), Input::Propose { sizes: &[16] }, &mut trace);
//!
//! let of_the_first = trace.iter().filter(|(id, _)| *id == NodeId(1)).map(|(_, event)| event);
//! let story: Vec<_> = of_the_first
//!     .filter_map(|event| match event {
//!         Event::Became { role, term, .. } => Some(format!("{role} in {term}")),
//!         Event::Committed { commit, rule, .. } => {
//!             Some(format!("committed {commit} by {}", rule.card().name))
//!         }
//!         _ => None,
//!     })
//!     .collect();
//! assert_eq!(
//!     story,
//!     [
//!         "pre-candidate in t0",
//!         "candidate in t1",
//!         "leader in t1",
//!         "committed #1 by commit.current-term-only", // the entry that opens the term
//!         "committed #2 by commit.current-term-only", // the proposal
//!     ]
//! );
//! assert!(cluster.iter().all(|raft| raft.log().last_index() == Index(2)));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # Where each rule lives
//!
//! Every decision is one small function of [`Rules`], with its section and its name. [`catalogue`]
//! lists them, and each [`Event`] names the rule behind it and the values it compared. Production
//! runs [`Standard`], which has no size. A testbed overrides one rule to see whether it would
//! notice.
//!
//! | file | decisions | source |
//! |---|---|---|
//! | `step` | which handler takes an input | Figure 2 |
//! | `terms` | a higher term makes a follower; a request of an older one gets an answer | §5.1 |
//! | `election` | timeouts, votes, pre-votes, stickiness | §5.2, §5.4.1, dissertation §4.2.3, §9.6 |
//! | `priority` | leader priority: candidates that a voter refuses for a time | not in the paper |
//! | `check_quorum` | when a leader without a quorum steps down | dissertation §6.2 |
//! | `replication`, `progress` | a leader's messages, windows, back-off | §5.3, dissertation §10.2.2 |
//! | `following` | AppendEntries at its receiver: stored and acknowledged entries | Figure 2, §5.3 |
//! | `reads` | ReadIndex, leases, reads of followers | §8, dissertation §6.4 |
//! | `snapshot` | cutting the log at its start, sending and installing snapshots | §7 |
//! | `transfer` | transfer of leadership, stepping down | dissertation §3.10 |
//! | `forwarding` | forwarding proposals to the leader | not in the paper |
//! | `membership` | changes of the cluster's members | §6, dissertation §4 |
//! | `catch_up` | when a newcomer may have a vote | dissertation §4.2.1 |
//! | `bootstrap` | founding a cluster, or a new one after a loss | dissertation §4.4; after a loss not in the paper |
//! | `witness` | members that vote and hold no data | not in the paper |
//! | `quiescence` | an idle cluster falls silent and wakes | not in the paper |
//! | `commit`, `quorum` | commitment of entries, majorities | §5.3, §5.4.2, §6 |
//! | `persistence` | a step's write, messages that wait for it, a stalled disk | Figure 2; stall not in the paper |
//! | `durability` | promises that may leave | Figure 2; watermark not in the paper |
//! | `restore` | the start of a server from its disk | Figure 2 |
//! | `log`, `configuration` | terms, bytes and members along the log; no commands | Figure 2, §6 |
//! | `invariants` | invariants of one server | Figure 3 |
//!
//! Files build on each other in one direction. The first ones know no server: `types`, `rules`,
//! `log`, `configuration`, `message`, `request` (a driver's requests, and why a server refuses
//! them), `effect`, `event`, and the parts of a server: `durability`, `state`, `progress`, `role`.
//! `raft` puts these parts together into the server. Each rule file adds methods to it and imports
//! no other rule file.
//!
//! # State that survives a crash
//!
//! [`HardState`] is the term and the vote; the log is beside it. The commit index is *not* part of
//! it. A leader sends it again with its first message that matches, so a restarted server starts
//! from the base and catches up, and no commit costs a write. The state machine must therefore
//! apply committed entries again from the log, or store its state together with the index that it
//! has applied.
//!
//! # The members of the cluster
//!
//! A server starts from a base that names its members. With the base of [`Configuration::empty`] it
//! waits until a leader adds it, or until [`Input::Bootstrap`] makes it found a cluster of its own.
//! [`Input::Change`] changes the members of a live cluster. [`Input::ForceNewCluster`] continues
//! after the permanent loss of a majority. A configuration is an entry like any other: it travels
//! beside its place in the log, takes effect once it is appended, and is undone when it is
//! truncated.
#![no_std]
#![forbid(unsafe_code)]
extern crate alloc;

mod bootstrap;
mod cards;
mod catch_up;
mod check_quorum;
mod commit;
mod configuration;
mod durability;
mod effect;
mod election;
mod event;
mod following;
mod forwarding;
mod invariants;
mod log;
mod membership;
mod message;
mod persistence;
mod priority;
mod progress;
mod quiescence;
mod quorum;
mod raft;
mod random;
mod reads;
mod replication;
mod request;
mod restore;
mod role;
mod rules;
mod settings;
mod snapshot;
mod state;
mod status;
mod step;
mod terms;
mod transfer;
mod types;
mod witness;

pub use cards::{Card, RuleId, catalogue};
pub use configuration::{Configuration, ConfigurationError, Members};
pub use effect::{Append, Effect, Effects, Input, Rebase, Source, Write};
pub use event::{Event, Observer, RoleKind, VoteRefusal};
pub use invariants::Broken;
pub use log::{Base, Log, OutsideLog};
pub use message::{
    AppendEntries, AppendEntriesReply, Body, InstallSnapshot, Malformed, Message, MessageKind,
    Outcome, SnapshotId,
};
pub use progress::{Progress, ProgressState};
pub use raft::Raft;
pub use request::{
    Change, ChangeFailure, ChangeOptions, LeaseRefusal, ProposalAnswer, ReadFailure, ReadMode,
    Refusal, TransferFailure,
};
pub use restore::{Boot, Durable, EntryMeta, RestoreError};
pub use rules::{Rules, Standard};
pub use settings::{Settings, SettingsError};
pub use status::{Membership, PeerStatus, Status};
pub use types::{
    EntryId, HardState, Index, Instant, LIMIT, NodeId, Priority, ProposalToken, ReadToken,
    SnapshotAttempt, Span, Term, WriteId,
};
