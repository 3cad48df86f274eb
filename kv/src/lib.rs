//! The replicated key-value state machine, which applies the entries that a cluster agrees on.
//!
//! A tour, in the order in which a request travels:
//!
//! 1. A client asks for an [`Op`]: get, put, append, compare-and-swap or delete, on [`Bytes`].
//! 2. With its client and serial number it is a [`Command`], and [`Command::encode`] turns that
//!    into the payload of one log entry. An empty payload holds no command: a leader opens its term
//!    with such an entry. An entry with the members of the cluster holds no command either.
//! 3. Once the entry is committed, [`Machine::apply`] decodes it in place and looks the serial up
//!    in the client's session. It answers a retry without executing it again, and executes a new
//!    command.
//! 4. The [`Reply`] carries the key's [`Version`] next to the [`Answer`].
//! 5. A get need not be an entry: [`ReadBy`] lists the other ways of answering it, and their
//!    guarantees.
//! 6. A client may open a session ([`Request::OpenSession`]). The leader then stamps its commands
//!    with its [`ClusterTime`], and the log decides when the session expires.
//! 7. A [`Snapshot`] is the state as bytes, in place of the entries that made it; [`Compaction`]
//!    says when a node takes one.
//! 8. A witness votes and holds no data: its leader leaves the payloads out.
//! 9. [`Node`] combines all of it with Raft and the log of payloads into one pure machine: a server
//!    without its sockets and files.
//!
//! The machine is a function of the applied entries alone, and [`Machine::hash`] identifies its
//! state at any time. Decisions that a key-value layer could get wrong are methods of [`Duties`].
//! Production uses [`Standard`], which has no size and no cost.
//!
//! ```
//! use kv::{Answer, ClientId, Command, Machine, Op, Serial, Version};
//!
//! let put: Command = Command {
//!     client: ClientId(1),
//!     serial: Serial(1),
//!     op: Op::Put { key: "x".into(), value: "1".into() },
//! };
//! let mut machine: Machine = Machine::default();
//! machine.apply(1, &[]); // a leader's term begins
//! machine.apply(2, &put.encode());
//! machine.apply(3, &put.encode()); // the client lost the answer and asked again
//!
//! let read = machine.read(b"x");
//! assert_eq!(read.answer, Answer::Value(Some("1".into())));
//! assert_eq!(read.version, Version(1)); // written once
//! ```

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod apply;
mod attachments;
mod bytes;
mod cluster_clock;
mod codec;
mod command;
mod compacting;
mod digest;
mod disk;
mod duties;
mod entry;
mod event;
mod expiring_sessions;
mod forwarding;
mod key;
mod left_out;
mod machine;
mod members;
mod missing_data;
mod node;
mod operator;
mod payload;
mod piece_buffer;
mod reads;
mod reply;
mod request;
mod responses;
mod restore;
mod session;
mod snapshot;
mod snapshot_store;
mod store;
mod stream;
mod waiting;
mod wire;
mod witness;

pub use bytes::Bytes;
pub use codec::DecodeError;
pub use command::{ClientId, Command, CommandRef, Op, OpRef, Serial};
pub use disk::{Disk, parts};
pub use duties::{Duties, Standard, Standing};
pub use entry::{ClusterTime, Entry, SessionId};
pub use event::{ApplyOutcome, Event, Observer};
pub use machine::{Applied, Machine};
pub use node::{Input, Node, Options, Status};
pub use operator::Operator;
pub use payload::{Payload, Payloads};
pub use reads::ReadBy;
pub use reply::{Answer, Reply, Version};
pub use request::Request;
pub use restore::RestoreError;
pub use session::Outcome;
pub use snapshot::{Piece, Snapshot};
pub use snapshot_store::Compaction;
pub use wire::{LogWrite, Message, Outbox, Response, Write};
