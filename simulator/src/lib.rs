//! A deterministic world for pure machines: seeded clock, network, disks, clients and faults.
//!
//! The engine runs any [`Node`]: a machine that takes one [`Input`] at a time and answers with an
//! [`Output`]. It knows nothing of consensus or of what the machine stores. The same seed gives the
//! same run, and the same trace hash, in any process on any machine: integers only, no host clock,
//! no threads, no order that depends on addresses or hashes.
//!
//! # The tour
//!
//! A [`Cluster`] is the state of a world apart from chance: nodes, clocks, disks with the writes on
//! their way, messages in flight, and what the transport knows of clients. It does two things:
//!
//! 1. [`Cluster::apply`] performs one [`Action`], a resolved input such as "deliver the 7th message
//!    from A to B" or "crash B, and of its unreported writes the first survives". It steps the node
//!    and folds the action, its time and what came out into the [`TraceHash`]. An action that is
//!    impossible is refused and changes nothing.
//! 2. [`Cluster::dispatch`] puts what came out under way: messages are in flight, writes are on
//!    their way to the disk.
//!
//! So a list of actions is a whole run, and whoever decides which action comes next is a
//! *scheduler*. [`World`] is the timed one: it keeps an agenda ordered by time, then by when an
//! entry was made, and its seed decides latencies, losses and what survives a crash, from one
//! [`Stream`] per purpose and per link. [`World::step`] handles the next entry:
//!
//! ```text
//! agenda ─► resolve (cut? held? paused? down?) ─► Action ─► apply ─► Observer ─► dispatch ─► agenda
//! ```
//!
//! [`Stepped`] is the other one: a list decides, so that a recording can be replayed, edited and made
//! smaller, and a lesson can say exactly what happens. Time moves only when a listed timer fires.
//!
//! An [`Observer`] sees every action with its cause, and what the node did, before any of it is
//! under way. `()` sees nothing and costs nothing; [`Recorder`] keeps the actions.
//!
//! Faults are methods of the world, called between steps: [`World::crash`], [`World::cut`],
//! [`World::stall_disk`], [`World::set_clock`] and so on. The [`Ledger`] counts each kind as
//! scheduled, applied and effective, because a fault that never happened proves nothing.
//!
//! Clients keep one operation open each. A [`Pace`] says how patient they are, a [`Workload`] what
//! they ask; retries carry the serial of the first attempt, and an operation that a client gave up
//! has an unknown outcome.
//!
//! `examples/throughput.rs` is a small complete world.

mod action;
mod apply;
mod caller;
mod client;
mod clock;
mod cluster;
mod control;
mod disk;
mod flight;
mod hash;
mod host;
mod ledger;
mod link;
mod network;
mod node;
mod observer;
mod queue;
mod random;
mod refusal;
mod slab;
mod stepped;
mod time;
mod timed;
mod topology;

pub use action::{Action, DropReason, EventId, MessageId, Stamped};
pub use apply::Applied;
pub use caller::{Pace, Workload};
pub use client::Received;
pub use clock::{Clock, Rate};
pub use cluster::{Cluster, Counters};
pub use control::Unsynced;
pub use disk::{Cut, Disk, Lost, WriteOf};
pub use flight::{Content, Flight};
pub use hash::TraceHash;
pub use ledger::{Count, FaultKind, Ledger};
pub use link::Quality;
pub use node::{Boot, ClientId, Input, Node, NodeId, Output, Verdict};
pub use observer::{Observer, Recorder, Step};
pub use random::{Purpose, Ratio, Stream};
pub use refusal::Refusal;
pub use slab::Slot;
pub use stepped::{Completions, Gate, Stepped, Stopped};
pub use time::{Local, Span, SpanRange, Time};
pub use timed::{Plan, Progress, World};
pub use topology::{Endpoint, Pair, Topology};
