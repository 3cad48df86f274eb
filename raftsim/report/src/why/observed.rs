//! One step of a run with everything that an explanation may need.

use checks::Sets;
use kv::{ClientId, Serial};
use raft_core::{
    EntryId, Event, HardState, Index, Instant, Message, RoleKind, Settings, Term, Write,
};
use simulator::{NodeId, Step};
use sut::Server;

/// A step of the engine, with the parts that only the recorder knows.
pub(super) struct ObservedStep<'a> {
    pub(super) step: &'a Step<'a, Server>,
    /// The message of another node that arrived.
    pub(super) received: Option<Received>,
    /// The disk that a crash leaves or a restart finds.
    pub(super) disk: Option<Image>,
    /// The writes of the log that the node gave to its disk, each with its number.
    pub(super) writes: Vec<(u64, Write)>,
    pub(super) applied: Vec<Applied>,
    pub(super) answers: Vec<Answer>,
    /// The node after the step, unless it is down.
    pub(super) after: Option<NodeView>,
}

/// A message of another node that arrived.
pub(super) struct Received {
    pub(super) from: NodeId,
    /// The event that sent it.
    pub(super) sent: u64,
    pub(super) message: Message,
}

impl<'a> ObservedStep<'a> {
    /// The decisions of Raft, in order.
    pub(super) fn decisions(&self) -> impl Iterator<Item = &'a Event> + use<'a> {
        let events = self.step.events.iter();
        events.filter_map(|event| match event {
            kv::Event::Core(core) => Some(core),
            _ => None,
        })
    }

    /// The messages to other nodes.
    pub(super) fn sent(&self) -> impl Iterator<Item = (NodeId, &'a Message)> + use<'a> {
        let sends = self.step.output.sends.iter();
        sends.map(|(to, message)| (*to, &message.raft))
    }

    /// The reads without an entry that the node answered.
    pub(super) fn reads(&self) -> impl Iterator<Item = Read> + use<'a> {
        let events = self.step.events.iter();
        events.filter_map(|event| match event {
            kv::Event::ReadAnswered {
                client,
                serial,
                needs,
                applied,
            } => Some(Read {
                operation: (client.0, serial.0),
                needs: *needs,
                applied: *applied,
            }),
            _ => None,
        })
    }
}

/// A client's operation: client and serial.
pub(super) type Operation = (u64, u64);

/// The durable state of one node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) hard: HardState,
    /// The terms of its log from index 1 on. Before the base of the log these are the committed terms.
    pub(super) log: Vec<Term>,
}

/// A node, seen from outside.
#[derive(Clone, Debug)]
pub(super) struct NodeView {
    pub(super) term: Term,
    pub(super) vote: Option<NodeId>,
    pub(super) role: RoleKind,
    /// The last entry before its log.
    pub(super) base: Index,
    /// The end of the part of its log that it believes durable.
    pub(super) durable: Index,
    /// The match indexes of a leader.
    pub(super) matches: Vec<(NodeId, Index)>,
    /// The times at which a leader last heard from each follower.
    pub(super) contacts: Vec<(NodeId, Instant)>,
    /// Whether a change of members is in progress.
    pub(super) changing: bool,
    /// Its clock.
    pub(super) now: Instant,
    pub(super) settings: Settings,
    pub(super) commit: Index,
    /// The latest configuration in its log, the index of that, and the configuration that it uses.
    pub(super) members: Sets,
    pub(super) configured_at: Index,
    pub(super) in_use: Sets,
}

/// An entry that a node applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Applied {
    pub(super) entry: EntryId,
    /// The request in the entry.
    pub(super) request: Option<Operation>,
    /// Whether the node executed a request that it had executed before.
    pub(super) again: bool,
    /// The hash of its state after it.
    pub(super) state: u64,
}

/// A read without an entry that a node answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) operation: Operation,
    /// The index that the state must have reached; nothing for a stale read.
    pub(super) needs: Option<Index>,
    /// The index that it has reached.
    pub(super) applied: Index,
}

/// A response to a client, made from an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) client: ClientId,
    pub(super) serial: Serial,
    pub(super) entry: EntryId,
    /// The request in that entry.
    pub(super) holds: Option<Operation>,
}
