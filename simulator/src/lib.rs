//! A deterministic world for pure machines: seeded clock, network, disks, clients and faults.
//!
//! The engine runs any [`Node`]: a machine that takes one [`Input`] at a time and returns an
//! [`Output`]. The engine knows nothing about consensus or about the data that the machine stores.
//! The same seed gives the same run and the same trace hash, in any process on any machine. The
//! engine uses integers only, no host clock, no threads, and no order that depends on addresses or
//! hashes.
//!
//! # The tour
//!
//! A [`Cluster`] is the state of a world apart from chance: nodes, clocks, disks with their pending
//! writes, messages in flight, and the transport's view of clients. It does two things:
//!
//! 1. [`Cluster::apply`] performs one [`Action`], a resolved input such as "deliver the 7th
//!    message from A to B" or "crash B, and of its unreported writes the first survives". It steps
//!    the node and folds the action, its time and its output into the [`TraceHash`]. It refuses an
//!    impossible action and then changes nothing.
//! 2. [`Cluster::dispatch`] sends the output on its way: messages to the network, writes to the
//!    disk.
//!
//! So a list of actions is a complete run. A *scheduler* decides which action comes next. [`World`]
//! is the timed scheduler. Its agenda is ordered by time, and entries of the same time by age. Its
//! seed decides latencies, losses and the writes that survive a crash, from one [`Stream`] per
//! purpose and per link. [`World::step`] handles the next entry:
//!
//! ```text
//! agenda ─► resolve (cut? held? paused? down?) ─► Action ─► apply ─► Observer ─► dispatch ─► agenda
//! ```
//!
//! [`Stepped`] is the other scheduler: a list of actions decides. So a recording can be replayed,
//! edited and made smaller, and a lesson can specify exactly what happens. Time moves only when a
//! listed timer fires.
//!
//! An [`Observer`] sees every action with its cause and its output before the output is on its way.
//! `()` sees nothing and costs nothing; [`Recorder`] keeps the actions.
//!
//! Faults are methods of the world, called between steps: [`World::crash`], [`World::cut`],
//! [`World::stall_disk`], [`World::set_clock`] and so on. The [`Ledger`] counts each kind as
//! scheduled, applied and effective, because a run tests nothing with a fault that never took
//! effect.
//!
//! Each client has one open operation at a time. A [`Pace`] sets its waiting times and a
//! [`Workload`] makes its requests. Retries carry the serial of the first attempt. If a client
//! gives up an operation, the outcome of the operation is unknown.
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
