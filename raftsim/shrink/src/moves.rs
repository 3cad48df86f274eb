//! What a list of actions becomes when it is to be edited: each message is named by what it says,
//! not by its place on its link, so that a move still means something when others are gone.

use kv::Request;
use simulator::{ClientId, Cut, Endpoint, NodeId, Rate, Span, Time};
use sut::{Operator, changes, engine_id, raft_id};

use super::message_key::MessageKey;

/// One edited action. A move that is impossible in a replay is skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    /// When it was done in the recorded run; only a timed case goes by it.
    pub(crate) at: Time,
    pub(crate) kind: MoveKind,
}

impl Move {
    /// Something else done at the same time.
    pub(crate) fn with(&self, kind: MoveKind) -> Move {
        Move { at: self.at, kind }
    }
}

/// What a move does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MoveKind {
    Deliver(Letter),
    /// The message is lost.
    Drop(Letter),
    /// The receiver gets a copy, the message stays in flight.
    Duplicate(Letter),
    /// The node's deadline is reached.
    Timeout(NodeId),
    /// Writes become durable: all the node handed over, or those up to a number.
    Written {
        node: NodeId,
        through: Option<u64>,
    },
    /// The disk completes nothing by itself from now on, or everything again.
    Disk {
        node: NodeId,
        stall: bool,
    },
    Crash {
        node: NodeId,
        cut: Cut,
    },
    Restart(NodeId),
    Pause(NodeId),
    Resume(NodeId),
    Clock {
        node: NodeId,
        rate: Rate,
        jump: Span,
    },
    /// A client calls; an operation it has open is given up first.
    Call {
        client: ClientId,
        to: NodeId,
        request: Request,
    },
    Retry {
        client: ClientId,
        to: NodeId,
    },
    GiveUp(ClientId),
    /// The operator commands a node.
    Operator {
        node: NodeId,
        command: Operator,
    },
}

/// Which message is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) from: Endpoint,
    pub(crate) to: Endpoint,
    pub(crate) says: MessageKey,
    /// Its place on its link when it was last seen.
    pub(crate) ordinal: u64,
    pub(crate) pick: Pick,
}

/// Which of the messages in flight on a link is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pick {
    /// The one that says exactly this; if several do, the one at that place on the link or else the
    /// oldest of them; if none does, of this kind the oldest of the latest term. Where parts of a run
    /// are gone, what they would have delivered still lies on the links.
    Like,
    /// The oldest of this kind.
    Oldest,
    /// The newest of this kind.
    Newest,
}

impl MoveKind {
    /// Whether a node has a part in it.
    pub(crate) fn concerns(&self, node: NodeId) -> bool {
        let at = |end: Endpoint| end == Endpoint::Node(node);
        match self {
            MoveKind::Deliver(letter) | MoveKind::Drop(letter) | MoveKind::Duplicate(letter) => {
                at(letter.from) || at(letter.to)
            }
            MoveKind::Timeout(of)
            | MoveKind::Written { node: of, .. }
            | MoveKind::Disk { node: of, .. }
            | MoveKind::Crash { node: of, .. }
            | MoveKind::Restart(of)
            | MoveKind::Pause(of)
            | MoveKind::Resume(of)
            | MoveKind::Clock { node: of, .. }
            | MoveKind::Call { to: of, .. }
            | MoveKind::Retry { to: of, .. } => *of == node,
            MoveKind::Operator { node: of, command } => {
                let targets = match command {
                    Operator::Command(kv::Operator::Transfer { to }) => vec![engine_id(*to)],
                    Operator::Command(kv::Operator::Change { change, .. }) => {
                        changes::named(change)
                    }
                    _ => Vec::new(),
                };
                *of == node || targets.contains(&node)
            }
            MoveKind::GiveUp(_) => false,
        }
    }

    /// The client that has a part in it.
    pub(crate) fn client(&self) -> Option<ClientId> {
        match self {
            MoveKind::Deliver(letter) | MoveKind::Drop(letter) | MoveKind::Duplicate(letter) => {
                match (letter.from, letter.to) {
                    (Endpoint::Client(client), _) | (_, Endpoint::Client(client)) => Some(client),
                    _ => None,
                }
            }
            MoveKind::Call { client, .. }
            | MoveKind::Retry { client, .. }
            | MoveKind::GiveUp(client) => Some(*client),
            _ => None,
        }
    }

    /// Whether it is about when writes become durable.
    pub(crate) fn is_disk(&self) -> bool {
        matches!(self, MoveKind::Disk { .. } | MoveKind::Written { .. })
    }

    /// The message it is about.
    pub(crate) fn letter(&self) -> Option<&Letter> {
        match self {
            MoveKind::Deliver(letter) | MoveKind::Drop(letter) | MoveKind::Duplicate(letter) => {
                Some(letter)
            }
            _ => None,
        }
    }

    /// The message it is about, to be changed.
    pub(crate) fn letter_mut(&mut self) -> Option<&mut Letter> {
        match self {
            MoveKind::Deliver(letter) | MoveKind::Drop(letter) | MoveKind::Duplicate(letter) => {
                Some(letter)
            }
            _ => None,
        }
    }

    /// Gives nodes and clients other numbers.
    pub(crate) fn renumber(
        &mut self,
        node: impl Fn(NodeId) -> NodeId,
        client: impl Fn(ClientId) -> ClientId,
    ) {
        let end = |end: Endpoint| match end {
            Endpoint::Node(of) => Endpoint::Node(node(of)),
            Endpoint::Client(of) => Endpoint::Client(client(of)),
        };
        match self {
            MoveKind::Deliver(letter) | MoveKind::Drop(letter) | MoveKind::Duplicate(letter) => {
                letter.from = end(letter.from);
                letter.to = end(letter.to);
            }
            MoveKind::Timeout(of)
            | MoveKind::Written { node: of, .. }
            | MoveKind::Disk { node: of, .. }
            | MoveKind::Crash { node: of, .. }
            | MoveKind::Restart(of)
            | MoveKind::Pause(of)
            | MoveKind::Resume(of)
            | MoveKind::Clock { node: of, .. } => *of = node(*of),
            MoveKind::Operator { node: of, command } => {
                *of = node(*of);
                match command {
                    Operator::Command(kv::Operator::Transfer { to }) => {
                        *to = raft_id(node(engine_id(*to)));
                    }
                    Operator::Command(kv::Operator::Change { change, .. }) => {
                        changes::renumber(change, &node);
                    }
                    _ => {}
                }
            }
            MoveKind::Call { client: by, to, .. } | MoveKind::Retry { client: by, to } => {
                *by = client(*by);
                *to = node(*to);
            }
            MoveKind::GiveUp(by) => *by = client(*by),
        }
    }
}
