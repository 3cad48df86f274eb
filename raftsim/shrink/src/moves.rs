//! Moves: what a list of actions becomes for editing. A move names a message by its content and not
//! by its number on the link, so that it keeps its meaning when other moves are removed.

use scenario::{Verb, Who};
use simulator::{ClientId, Endpoint, NodeId, Time};
use sut::{Operator, changes, engine_id, raft_id};

use super::message_key::MessageKey;

/// One edited action. A replay skips a move that is impossible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    /// The time of the action in the recorded run; only a timed case uses it.
    pub(crate) at: Time,
    pub(crate) kind: MoveKind,
}

impl Move {
    /// The same time with another action.
    pub(crate) fn with(&self, kind: impl Into<MoveKind>) -> Move {
        let kind = kind.into();
        Move { at: self.at, kind }
    }
}

/// The action of a move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MoveKind {
    Message(Handling, MessageRef),
    /// Anything else is a step of a scenario. It names one node, and a call has no serial: each
    /// replay numbers calls anew.
    Step(Verb),
}

impl From<Verb> for MoveKind {
    fn from(verb: Verb) -> Self {
        MoveKind::Step(verb)
    }
}

/// What happens to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handling {
    Deliver,
    Drop,
    /// The receiver gets a copy, and the message stays in flight.
    Duplicate,
}

/// A message in flight, named by its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MessageRef {
    pub(crate) from: Endpoint,
    pub(crate) to: Endpoint,
    pub(crate) key: MessageKey,
    /// Its number on the link in the last run that had it.
    pub(crate) ordinal: u64,
    pub(crate) pick: Pick,
}

/// How a replay picks one of the messages in flight on a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pick {
    /// A message with this key: the one with this number, or else the oldest. If no message has this
    /// key, the oldest of this kind in the latest term: where moves were removed, messages that they
    /// would have delivered are still on the links.
    ByKey,
    /// The oldest of this kind.
    Oldest,
    /// The newest of this kind.
    Newest,
}

impl MoveKind {
    /// The nodes that take part, without the targets of an operator's command.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = NodeId> {
        let pair = match self {
            MoveKind::Message(_, message) => [message.from, message.to].map(node_at),
            MoveKind::Step(verb) => [acting_node(verb), None],
        };
        pair.into_iter().flatten()
    }

    /// Whether a node takes part, or is the target of a command.
    pub(crate) fn concerns(&self, node: NodeId) -> bool {
        let targets = match self {
            MoveKind::Step(Verb::Operator { command, .. }) => match command {
                Operator::Command(kv::Operator::Transfer { to }) => vec![engine_id(*to)],
                Operator::Command(kv::Operator::Change { change, .. }) => changes::named(change),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        self.nodes().any(|other| other == node) || targets.contains(&node)
    }

    /// The client that takes part.
    pub(crate) fn client(&self) -> Option<ClientId> {
        match self {
            MoveKind::Message(_, message) => match (message.from, message.to) {
                (Endpoint::Client(client), _) | (_, Endpoint::Client(client)) => Some(client),
                _ => None,
            },
            MoveKind::Step(Verb::Call(call)) => Some(call.client),
            MoveKind::Step(Verb::Retry { client, .. } | Verb::GiveUp { client }) => Some(*client),
            MoveKind::Step(_) => None,
        }
    }

    /// Whether it decides when writes become durable.
    pub(crate) fn is_disk(&self) -> bool {
        matches!(
            self,
            MoveKind::Step(Verb::Disk { .. } | Verb::Written { .. })
        )
    }

    pub(crate) fn message(&self) -> Option<&MessageRef> {
        match self {
            MoveKind::Message(_, message) => Some(message),
            MoveKind::Step(_) => None,
        }
    }

    pub(crate) fn message_mut(&mut self) -> Option<&mut MessageRef> {
        match self {
            MoveKind::Message(_, message) => Some(message),
            MoveKind::Step(_) => None,
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
        let verb = match self {
            MoveKind::Message(_, message) => {
                message.from = end(message.from);
                message.to = end(message.to);
                return;
            }
            MoveKind::Step(verb) => verb,
        };
        match verb {
            Verb::Timeout(of) | Verb::Written { node: of, .. } => *of = node(*of),
            Verb::Disk { who, .. }
            | Verb::Crash { who, .. }
            | Verb::Restart(who)
            | Verb::Pause(who)
            | Verb::Resume(who)
            | Verb::Clock { who, .. } => *who = node(only(*who)).into(),
            Verb::Operator { node: of, command } => {
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
            Verb::Call(call) => {
                call.client = client(call.client);
                call.to = node(call.to);
            }
            Verb::Retry { client: by, to } => {
                *by = client(*by);
                *to = node(*to);
            }
            Verb::GiveUp { client: by } => *by = client(*by),
            other => unreachable!("no action is {other:?}"),
        }
    }
}

/// The node that does a step, or that a client asks.
fn acting_node(verb: &Verb) -> Option<NodeId> {
    match verb {
        Verb::Timeout(node)
        | Verb::Written { node, .. }
        | Verb::Operator { node, .. }
        | Verb::Retry { to: node, .. } => Some(*node),
        Verb::Call(call) => Some(call.to),
        Verb::Disk { who, .. }
        | Verb::Crash { who, .. }
        | Verb::Restart(who)
        | Verb::Pause(who)
        | Verb::Resume(who)
        | Verb::Clock { who, .. } => Some(only(*who)),
        _ => None,
    }
}

/// The one node that a step of a move names.
pub(crate) fn only(who: Who) -> NodeId {
    let node = match who {
        Who::These(nodes) => nodes.iter().next(),
        _ => None,
    };
    node.expect("a step of a move names one node")
}

/// The node at an end of a link, if it is one.
pub(crate) fn node_at(end: Endpoint) -> Option<NodeId> {
    match end {
        Endpoint::Node(node) => Some(node),
        Endpoint::Client(_) => None,
    }
}
