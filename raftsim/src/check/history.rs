//! What clients did and saw: one operation from its first call to its answer, retries included.

use kv::{Op, Reply, Response};
use simulator::{ClientId, EventId, NodeId, Time, Verdict};

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
    },
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
    pub(crate) fn last(&self, client: ClientId) -> Option<&Operation> {
        let (_, place) = self.places.get(client.0 as usize)?.last()?;
        self.operations.get(*place)
    }

    pub(crate) fn called(
        &mut self,
        client: ClientId,
        serial: u64,
        op: Op,
        call: EventId,
        called_at: Time,
    ) {
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
        if !received.accepted || received.verdict != Verdict::Done {
            return;
        }
        let Response::Done(reply) = &received.reply else {
            return;
        };
        let place = self.place(received.client.0.into(), received.serial);
        let operation = &mut self.operations[place.expect("only operations are answered")];
        assert!(
            operation.end == End::Unknown,
            "an operation is answered once"
        );
        operation.end = End::Answered {
            event,
            time,
            by: received.from,
            reply: reply.clone(),
        };
        self.answered += 1;
    }

    /// When each client was last answered.
    pub(crate) fn last_answers(&self, clients: u32) -> Vec<Option<Time>> {
        let mut last = vec![None; clients as usize];
        for operation in &self.operations {
            if let End::Answered { time, .. } = &operation.end {
                let known = &mut last[operation.client.0 as usize];
                *known = (*known).max(Some(*time));
            }
        }
        last
    }
}
