//! A client's requests to a server.

use raft_core::Span;

use crate::bytes::Bytes;
use crate::command::{ClientId, Command, Op, Serial};
use crate::entry::{ClusterTime, Entry, SessionId};
use crate::payload::Payload;
use crate::reads::ReadBy;

/// A client's request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// An operation on a key.
    Operation {
        /// The operation.
        op: Op,
        /// How a get is made safe. All other operations are entries of the log.
        read: ReadBy,
        /// The session that makes a retry safe. `None`: the session that every client has from its
        /// first request on, and that never expires.
        session: Option<SessionId>,
    },
    /// Open a session that may expire.
    OpenSession,
    /// Renew a session without a command.
    KeepSession {
        /// The session.
        session: SessionId,
    },
}

impl Request {
    /// The operation, if it is one.
    pub fn op(&self) -> Option<&Op> {
        match self {
            Request::Operation { op, .. } => Some(op),
            Request::OpenSession | Request::KeepSession { .. } => None,
        }
    }

    /// The same request with another operation, if it is one.
    #[must_use]
    pub fn with_op(&self, op: Op) -> Request {
        match *self {
            Request::Operation { read, session, .. } => Request::Operation { op, read, session },
            Request::OpenSession | Request::KeepSession { .. } => self.clone(),
        }
    }

    /// The key and the kind of read, if this request needs no entry.
    pub(crate) fn read_without_entry(&self) -> Option<(&Bytes, ReadBy)> {
        match self {
            Request::Operation {
                read: ReadBy::Log, ..
            } => None,
            Request::Operation {
                op: Op::Get { key },
                read,
                ..
            } => Some((key, *read)),
            _ => None,
        }
    }

    /// The payload of the entry for this request at `time`.
    pub(crate) fn payload(
        &self,
        (client, serial): (ClientId, Serial),
        time: ClusterTime,
        session_timeout: Option<Span>,
    ) -> Payload {
        let entry = match self {
            Request::Operation { op, session, .. } => {
                let op = op.as_ref();
                let command = Command { client, serial, op };
                match *session {
                    None => Entry::Command(command),
                    Some(session) => Entry::InSession {
                        time,
                        session,
                        command,
                    },
                }
            }
            Request::OpenSession => Entry::Open {
                time,
                client,
                serial,
                lasts: session_timeout,
            },
            Request::KeepSession { session } => Entry::Keep {
                time,
                client,
                serial,
                session: *session,
            },
        };
        Payload::new(entry.encode())
    }
}

/// A command through the log, without a session that may expire.
impl From<Op> for Request {
    fn from(op: Op) -> Self {
        Request::Operation {
            op,
            read: ReadBy::Log,
            session: None,
        }
    }
}
