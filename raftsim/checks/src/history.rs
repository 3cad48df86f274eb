//! What clients did and saw: one operation from its first call to its answer, retries included.

use kv::{Op, ReadBy, Reply, Request, Response};
use raft_core::Index;
use simulator::{ClientId, EventId, NodeId, Time, Verdict};
use sut::{FIRST_OPERATOR, Proposal};

/// How an operation ended for its client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It was answered.
    Answered {
        /// The event in which the answer arrived.
        event: EventId,
        /// When.
        time: Time,
        /// Who answered.
        by: NodeId,
        /// What the client was told.
        reply: Reply,
        /// The state that it was answered from: with everything applied up to here.
        index: Index,
    },
    /// It was refused since the client's session had expired: it may have taken effect before.
    Expired,
    /// It was given up, or the run ended first: it may have taken effect, or may do so yet.
    Unknown,
}

/// One operation of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Who asked.
    pub client: ClientId,
    /// The client's number of it.
    pub serial: u64,
    /// What was asked.
    pub op: Op,
    /// How, if it is a get.
    pub read: ReadBy,
    /// The event of the first call.
    pub call: EventId,
    /// When that was.
    pub called_at: Time,
    /// How it ended.
    pub end: End,
}

/// All operations, in the order of their calls.
#[derive(Clone, Debug, Default)]
pub struct History {
    operations: Vec<Operation>,
    /// Per client, the serials of its operations, rising, each with its place.
    places: Vec<Vec<(u64, usize)>>,
    answered: u64,
    expired: u64,
}

impl Operation {
    /// Whether it is a read that no entry of the log carries.
    #[must_use]
    pub fn has_no_entry(&self) -> bool {
        self.read != ReadBy::Log && matches!(self.op, Op::Get { .. })
    }

    /// Whether it is a read that may be answered from an old state.
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

    /// How many were answered.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.answered
    }

    /// How many were refused because the client's session had expired.
    #[must_use]
    pub fn expired(&self) -> u64 {
        self.expired
    }

    /// How many of clients were not answered. An operator does not wait.
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

    /// Its place among all operations.
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
        // Opening and keeping sessions asks nothing of the store.
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

    /// An operator offers an operation; it may have done so before, to this server or another.
    pub(crate) fn offered(&mut self, proposal: &Proposal, event: EventId, time: Time) {
        let Proposal { client, serial, op } = proposal;
        if self.place(client.0.into(), *serial).is_none() {
            self.called(*client, *serial, op.clone().into(), event, time);
        }
    }

    /// A server says what became of an operation that an operator offered it.
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
        // It may have been offered to several servers: the first answer counts.
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

    /// When each client was last answered.
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
