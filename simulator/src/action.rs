//! Actions are resolved inputs. A list of actions is a complete run, with no randomness left in it.

use crate::clock::Rate;
use crate::disk::Cut;
use crate::hash::TraceHash;
use crate::node::{ClientId, Node, NodeId};
use crate::time::{Local, Span, Time};
use crate::topology::Endpoint;

/// One performed action: 1, 2, 3, … in the order of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub u64);

impl EventId {
    /// The cause of actions that no earlier action caused: boots, faults, a client's first call.
    pub const OUTSIDE: EventId = EventId(0);
}

/// A message, named by its link and its place among the messages sent on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId {
    /// The sender.
    pub from: Endpoint,
    /// The receiver.
    pub to: Endpoint,
    /// 1 for the first message sent on the link, and so on.
    pub ordinal: u64,
}

/// The reason why a message is dropped. It is for the reader of a trace and is not part of the
/// trace hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropReason {
    /// The link lost it by chance.
    Loss,
    /// The link was cut when it was sent or when it would have arrived.
    Cut,
    /// The receiver was down.
    Down,
    /// A list of actions drops it.
    Listed,
}

/// One resolved input of the world. Chance, cuts, pauses and the choices of clients are decided
/// before an action is performed.
#[derive(Clone)]
pub enum Action<N: Node> {
    /// The receiver gets a message. The message is then no longer in flight.
    Deliver(MessageId),
    /// The receiver gets a copy of a message. The message stays in flight.
    Duplicate(MessageId),
    /// A message is lost.
    Drop(MessageId, DropReason),
    /// A node's deadline is reached.
    Wake(NodeId),
    /// A node's writes up to and including a number become durable, and the node learns of it.
    Written {
        /// The node.
        node: NodeId,
        /// The number of the last durable write.
        through: u64,
    },
    /// A node loses its memory and some of its unreported writes.
    Crash {
        /// The node.
        node: NodeId,
        /// The part of the unreported writes that survives.
        cut: Cut,
    },
    /// A node that is down boots from its disk.
    Restart(NodeId),
    /// A node's clock jumps forward, then runs at a rate.
    Clock {
        /// The node.
        node: NodeId,
        /// The new rate.
        rate: Rate,
        /// The length of the jump.
        jump: Span,
    },
    /// A node stands still until it is resumed or crashes.
    Pause(NodeId),
    /// A paused node continues.
    Resume(NodeId),
    /// The operator commands a node.
    Operator {
        /// The node.
        node: NodeId,
        /// The command.
        command: N::Operator,
    },
    /// A client begins an operation.
    Call {
        /// The client.
        client: ClientId,
        /// The operation's number, above those of the client's earlier ones.
        serial: u64,
        /// The node that receives the request.
        target: NodeId,
        /// The request.
        request: N::Request,
    },
    /// A client sends the request of its open operation again, under the same serial.
    Retry {
        /// The client.
        client: ClientId,
        /// The operation's number.
        serial: u64,
        /// The node that receives the request.
        target: NodeId,
    },
    /// A client ends its open operation without an answer. The outcome of the operation stays
    /// unknown.
    GiveUp {
        /// The client.
        client: ClientId,
        /// The operation's number.
        serial: u64,
    },
}

/// A performed action with its circumstances, as a recording holds it.
#[derive(Clone)]
pub struct Stamped<N: Node> {
    /// Its number.
    pub id: EventId,
    /// The action that sent the message, handed over the write, set the timer, ….
    pub cause: EventId,
    /// The time of the action.
    pub time: Time,
    /// The local time of the node; `None` if the action happened to no node.
    pub local: Option<Local>,
    /// The action.
    pub action: Action<N>,
}

impl<N: Node> Action<N> {
    /// The node that the action affects; `None` if it affects the network or a client.
    #[must_use]
    #[inline]
    pub fn node(&self) -> Option<NodeId> {
        match self {
            Action::Deliver(message) | Action::Duplicate(message) => match message.to {
                Endpoint::Node(node) => Some(node),
                Endpoint::Client(_) => None,
            },
            Action::Wake(node)
            | Action::Written { node, .. }
            | Action::Crash { node, .. }
            | Action::Restart(node)
            | Action::Clock { node, .. }
            | Action::Pause(node)
            | Action::Resume(node)
            | Action::Operator { node, .. } => Some(*node),
            Action::Drop(..)
            | Action::Call { .. }
            | Action::Retry { .. }
            | Action::GiveUp { .. } => None,
        }
    }

    /// Folds the whole action. The first word distinguishes the kinds.
    #[inline]
    pub(crate) fn fold(&self, hash: &mut TraceHash) {
        match self {
            Action::Deliver(message) => message.fold(1, hash),
            Action::Duplicate(message) => message.fold(2, hash),
            Action::Drop(message, _) => message.fold(3, hash),
            Action::Wake(node) => head(4, node.0, hash),
            Action::Written { node, through } => {
                head(5, node.0, hash);
                hash.word(*through);
            }
            Action::Crash { node, cut } => {
                head(6, node.0, hash);
                hash.word(cut.writes);
                hash.word(cut.parts.into());
            }
            Action::Restart(node) => head(7, node.0, hash),
            Action::Clock { node, rate, jump } => {
                head(8, node.0, hash);
                hash.word(rate.word());
                hash.word(jump.0);
            }
            Action::Pause(node) => head(9, node.0, hash),
            Action::Resume(node) => head(10, node.0, hash),
            Action::Operator { node, command } => {
                head(11, node.0, hash);
                N::fold_operator(command, hash);
            }
            Action::Call {
                client,
                serial,
                target,
                request,
            } => {
                head(12, client.0, hash);
                hash.word(*serial);
                hash.word(target.0.into());
                N::fold_request(request, hash);
            }
            Action::Retry {
                client,
                serial,
                target,
            } => {
                head(13, client.0, hash);
                hash.word(*serial);
                hash.word(target.0.into());
            }
            Action::GiveUp { client, serial } => {
                head(14, client.0, hash);
                hash.word(*serial);
            }
        }
    }
}

impl MessageId {
    // The kind and the two endpoints share a word: two endpoint codes take 56 bits.
    #[inline]
    fn fold(&self, kind: u64, hash: &mut TraceHash) {
        hash.word(kind << 56 | self.from.code() << 28 | self.to.code());
        hash.word(self.ordinal);
    }
}

#[inline]
fn head(kind: u64, who: u32, hash: &mut TraceHash) {
    hash.word(kind << 56 | u64::from(who));
}
