//! The history of clients: each operation from its first call to its answer, retries included.

use kv::{Op, ReadBy, Reply, Request, Response};
use raft_core::Index;
use simulator::{ClientId, EventId, NodeId, Time, Verdict};
use sut::{FIRST_OPERATOR, Proposal};

/// The end of an operation for its client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The operation was answered.
    Answered {
        /// The event in which the answer arrived.
        event: EventId,
        /// The time of the answer.
        time: Time,
        /// The node that answered.
        by: NodeId,
        /// The reply.
        reply: Reply,
        /// The answer reflects the state after all entries up to this index.
        index: Index,
    },
    /// The operation was refused because the client's session had expired. It may have taken effect
    /// before.
    Expired,
    /// The client gave up, or the run ended first. The operation may have taken effect, or may
    /// still do so.
    Unknown,
}

/// One operation of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The client.
    pub client: ClientId,
    /// The client's number of the operation.
    pub serial: u64,
    /// The operation.
    pub op: Op,
    /// The way of reading, if the operation is a get.
    pub read: ReadBy,
    /// The event of the first call.
    pub call: EventId,
    /// The time of the first call.
    pub called_at: Time,
    /// The end of the operation.
    pub end: End,
}

/// All operations, in the order of their calls.
#[derive(Clone, Debug, Default)]
pub struct History {
    operations: Vec<Operation>,
    /// Per client, the serials of its operations in ascending order, each with its position.
    places: Vec<Vec<(u64, usize)>>,
    answered: u64,
    expired: u64,
}

impl Operation {
    /// Whether the operation is a read without a log entry.
    #[must_use]
    pub fn has_no_entry(&self) -> bool {
        self.read != ReadBy::Log && matches!(self.op, Op::Get { .. })
    }

    /// Whether the operation is a read that may be answered from an old state.
    #[must_use]
    pub fn may_be_stale(&self) -> bool {
        self.has_no_entry() && matches!(self.read, ReadBy::Stale { .. })
    }
}

impl History {
    /// All operations, in the order of their calls.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The number of answered operations.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.answered
    }

    /// The number of operations that were refused because the client's session had expired.
    #[must_use]
    pub fn expired(&self) -> u64 {
        self.expired
    }

    /// The number of client operations without an answer. Operators do not wait and are not
    /// counted.
    #[must_use]
    pub fn unanswered(&self) -> u64 {
        let of_clients = |operation: &&Operation| operation.client.0 < FIRST_OPERATOR;
        let clients = self.operations.iter().filter(of_clients);
        clients
            .filter(|operation| operation.end == End::Unknown)
            .count() as u64
    }

    /// The operation of this client and serial.
    #[must_use]
    pub fn find(&self, client: u64, serial: u64) -> Option<&Operation> {
        self.operations.get(self.place(client, serial)?)
    }

    /// The position of the operation among all operations.
    pub(crate) fn place(&self, client: u64, serial: u64) -> Option<usize> {
        let places = self.places.get(usize::try_from(client).ok()?)?;
        let found = places.binary_search_by_key(&serial, |(serial, _)| *serial);
        Some(places[found.ok()?].1)
    }

    /// The last operation of a client, if it began one.
    pub fn last(&self, client: ClientId) -> Option<&Operation> {
        let (_, place) = self.places.get(client.0 as usize)?.last()?;
        self.operations.get(*place)
    }

    pub(crate) fn called(
        &mut self,
        client: ClientId,
        serial: u64,
        request: Request,
        call: EventId,
        called_at: Time,
    ) {
        // Requests that open or keep a session do not access the store.
        let Request::Operation { op, read, .. } = request else {
            return;
        };
        let place = client.0 as usize;
        if self.places.len() <= place {
            self.places.resize(place + 1, Vec::new());
        }
        let last = self.places[place].last();
        assert!(
            last.is_none_or(|(last, _)| *last < serial),
            "the numbers of a client's operations rise"
        );
        self.places[place].push((serial, self.operations.len()));
        self.operations.push(Operation {
            client,
            serial,
            op,
            read,
            call,
            called_at,
            end: End::Unknown,
        });
    }

    pub(crate) fn received(
        &mut self,
        received: &simulator::Received<impl simulator::Node<Reply = Response>>,
        event: EventId,
        time: Time,
    ) {
        if !received.accepted || !matches!(received.verdict, Verdict::Done | Verdict::Failed) {
            return;
        }
        let Some(place) = self.place(received.client.0.into(), received.serial) else {
            return;
        };
        let end = match &received.reply {
            Response::Done { reply, index } => End::Answered {
                event,
                time,
                by: received.from,
                reply: reply.clone(),
                index: *index,
            },
            Response::SessionExpired => End::Expired,
            _ => return,
        };
        let operation = &mut self.operations[place];
        assert!(
            operation.end == End::Unknown,
            "an operation is answered once"
        );
        match end {
            End::Answered { .. } => self.answered += 1,
            _ => self.expired += 1,
        }
        operation.end = end;
    }

    /// An operator proposes an operation. It may have proposed it before, to this server or
    /// another.
    pub(crate) fn offered(&mut self, proposal: &Proposal, event: EventId, time: Time) {
        let Proposal { client, serial, op } = proposal;
        if self.place(client.0.into(), *serial).is_none() {
            self.called(*client, *serial, op.clone().into(), event, time);
        }
    }

    /// A server reports the result of an operation that an operator proposed to it.
    pub(crate) fn told(
        &mut self,
        (client, serial, response): &(ClientId, u64, Response),
        by: NodeId,
        event: EventId,
        time: Time,
    ) {
        let Response::Done { reply, index } = response else {
            return;
        };
        let place = self.place(client.0.into(), *serial);
        let operation = &mut self.operations[place.expect("only operations are answered")];
        // The operation may have been proposed to several servers. The first answer counts.
        if operation.end == End::Unknown {
            operation.end = End::Answered {
                event,
                time,
                by,
                reply: reply.clone(),
                index: *index,
            };
            self.answered += 1;
        }
    }

    /// The time of each client's last answer.
    pub fn last_answers(&self, clients: u32) -> Vec<Option<Time>> {
        let mut last = vec![None; clients as usize];
        for operation in &self.operations {
            if let End::Answered { time, .. } = &operation.end
                && let Some(known) = last.get_mut(operation.client.0 as usize)
            {
                *known = (*known).max(Some(*time));
            }
        }
        last
    }
}
