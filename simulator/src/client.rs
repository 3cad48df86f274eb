//! The transport's view of a client: its open operation and the replies it accepts.

use crate::action::EventId;
use crate::node::{ClientId, Node, NodeId, Verdict};

/// The transport of one client. It decides nothing: a scheduler decides when the client calls,
/// retries and gives up.
#[derive(Clone)]
pub(crate) struct Session<N: Node> {
    /// The serial of the last operation begun; 0 before the first.
    pub(crate) serial: u64,
    /// The request of the open operation.
    pub(crate) open: Option<N::Request>,
    /// The last event of the client.
    pub(crate) cause: EventId,
}

/// A reply that reached its client.
#[derive(Clone)]
pub struct Received<N: Node> {
    /// The client.
    pub client: ClientId,
    /// The node that answered.
    pub from: NodeId,
    /// The serial it answers.
    pub serial: u64,
    /// The reply.
    pub reply: N::Reply,
    /// The meaning of the reply for the operation.
    pub verdict: Verdict,
    /// Whether the client accepts the reply. Clients ignore replies to operations that ended.
    pub accepted: bool,
}

impl<N: Node> Session<N> {
    pub(crate) fn new() -> Session<N> {
        Session {
            serial: 0,
            open: None,
            cause: EventId::OUTSIDE,
        }
    }

    pub(crate) fn is_open(&self, serial: u64) -> bool {
        self.open.is_some() && self.serial == serial
    }

    /// Processes a reply. [`Verdict::Done`] and [`Verdict::Failed`] end the operation that it
    /// answers.
    pub(crate) fn receive(
        &mut self,
        client: ClientId,
        from: NodeId,
        serial: u64,
        reply: N::Reply,
    ) -> Received<N> {
        let accepted = self.is_open(serial);
        let verdict = N::reply_verdict(&reply);
        if accepted && matches!(verdict, Verdict::Done | Verdict::Failed) {
            self.open = None;
        }
        Received {
            client,
            from,
            serial,
            reply,
            verdict,
            accepted,
        }
    }
}
