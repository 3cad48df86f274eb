//! Messages in flight.

use crate::action::{EventId, MessageId};
use crate::node::Node;
use crate::slab::{Slab, Slot};
use crate::topology::LinkId;

/// The content of a message.
#[derive(Clone)]
pub enum Content<N: Node> {
    /// From node to node.
    Message(N::Message),
    /// From a client to a node.
    Request {
        /// The client's number for the operation.
        serial: u64,
        /// The request.
        request: N::Request,
    },
    /// From a node to a client.
    Reply {
        /// The serial it answers.
        serial: u64,
        /// The reply.
        reply: N::Reply,
    },
}

impl<N: Node> Content<N> {
    /// Whether it answers another message.
    pub(crate) fn is_reply(&self) -> bool {
        match self {
            Content::Message(message) => N::is_reply(message),
            Content::Request { .. } => false,
            Content::Reply { .. } => true,
        }
    }
}

/// A message on its way.
#[derive(Clone)]
pub struct Flight<N: Node> {
    /// Its name.
    pub id: MessageId,
    /// The action that sent it.
    pub cause: EventId,
    /// The content.
    pub content: Content<N>,
    pub(crate) link: LinkId,
    /// The number of arrivals that a timed scheduler still expects.
    pub(crate) copies: u8,
}

/// The slot of a message in flight. If the message is not at `hint`, this searches all of them.
#[inline]
pub(crate) fn find<N: Node>(
    flights: &Slab<Flight<N>>,
    id: MessageId,
    hint: Option<Slot>,
) -> Option<Slot> {
    let hinted = hint.filter(|slot| flights.get(*slot).is_some_and(|flight| flight.id == id));
    hinted.or_else(|| {
        flights
            .iter()
            .find(|(_, flight)| flight.id == id)
            .map(|(slot, _)| slot)
    })
}
