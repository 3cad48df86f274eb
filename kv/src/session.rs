//! Client sessions, which make retries execute exactly once (Ongaro's dissertation, section 6.3).
//!
//! A client has one request outstanding at a time, so a retry can only ask for the reply to the
//! newest one. These sessions begin with a client's first request and never expire. The sessions
//! that clients open, and that expire, are in `expiring_sessions.rs`.

use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;

use raft_core::Span;

use crate::command::{ClientId, Serial};
use crate::digest::mix;
use crate::duties::{Duties, Standing};
use crate::entry::SessionId;
use crate::reply::Reply;

/// The outcome of a request, which determines the client's response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome<'m> {
    /// It was executed now.
    Executed(&'m Reply),
    /// It was executed before; this is the stored reply.
    Repeated(&'m Reply),
    /// The client has made a newer request since, and the reply to this one is gone. It was not
    /// executed now, and whether it was executed before is unknown.
    Superseded,
    /// The client does not have this session: it expired, or belongs to another client. The request
    /// was not executed now, and whether it was executed in that session is unknown.
    Expired,
    /// A session was opened.
    Opened {
        /// The session.
        session: SessionId,
        /// The unused time after which it expires; `None`: never.
        lasts: Option<Span>,
    },
    /// The session was renewed without a command.
    Kept,
}

impl<'m> Outcome<'m> {
    /// The reply, unless it is gone or there is none.
    pub fn reply(self) -> Option<&'m Reply> {
        match self {
            Outcome::Executed(reply) | Outcome::Repeated(reply) => Some(reply),
            Outcome::Superseded | Outcome::Expired | Outcome::Opened { .. } | Outcome::Kept => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Session {
    serial: Serial,
    reply: Reply,
    digest: u64,
}

impl Session {
    fn new(client: ClientId, serial: Serial, reply: Reply) -> Self {
        let digest = mix(mix(client.0, serial.0), reply.digest());
        Session {
            serial,
            reply,
            digest,
        }
    }
}

/// The sessions of all clients that opened none of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sessions {
    by_client: BTreeMap<ClientId, Session>,
    /// The sum of the sessions' digests. It depends on the sessions, not on their history.
    digest: u64,
}

impl Sessions {
    /// Executes the request if it is new, and stores the reply.
    pub(crate) fn answer<D: Duties>(
        &mut self,
        duties: &D,
        client: ClientId,
        serial: Serial,
        execute: impl FnOnce() -> Reply,
    ) -> Outcome<'_> {
        let session = match self.by_client.entry(client) {
            Entry::Vacant(place) => place.insert(Session::new(client, serial, execute())),
            Entry::Occupied(place) => {
                let session = place.into_mut();
                match duties.standing(session.serial, serial) {
                    Standing::New => {}
                    Standing::Retry => return Outcome::Repeated(&session.reply),
                    Standing::Superseded => return Outcome::Superseded,
                }
                self.digest = self.digest.wrapping_sub(session.digest);
                *session = Session::new(client, serial, execute());
                session
            }
        };
        self.digest = self.digest.wrapping_add(session.digest);
        Outcome::Executed(&session.reply)
    }

    /// All sessions, by client.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (ClientId, Serial, &Reply)> + Clone {
        self.by_client
            .iter()
            .map(|(client, session)| (*client, session.serial, &session.reply))
    }

    /// Adds a session of a snapshot, for a client without one.
    pub(crate) fn resume(&mut self, client: ClientId, serial: Serial, reply: Reply) {
        let session = Session::new(client, serial, reply);
        self.digest = self.digest.wrapping_add(session.digest);
        let none = self.by_client.insert(client, session);
        assert!(none.is_none(), "a client has one session");
    }

    pub(crate) fn digest(&self) -> u64 {
        self.digest
    }

    /// The digest, recomputed from the sessions alone.
    #[cfg(test)]
    pub(crate) fn recomputed_digest(&self) -> u64 {
        self.by_client
            .iter()
            .fold(0, |sum: u64, (client, session)| {
                let session = Session::new(*client, session.serial, session.reply.clone());
                sum.wrapping_add(session.digest)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::duties::Standard;
    use crate::reply::{Answer, Version};

    fn reply(version: u64) -> Reply {
        Reply {
            version: Version(version),
            answer: Answer::Written,
        }
    }

    fn answer(sessions: &mut Sessions, client: u64, serial: u64, version: u64) -> Outcome<'_> {
        sessions.answer(&Standard, ClientId(client), Serial(serial), || {
            reply(version)
        })
    }

    #[test]
    fn a_retry_gets_the_stored_reply_and_is_not_executed() {
        let mut sessions = Sessions::default();
        assert_eq!(
            answer(&mut sessions, 1, 7, 10),
            Outcome::Executed(&reply(10))
        );
        let outcome = sessions.answer(&Standard, ClientId(1), Serial(7), || {
            panic!("executed again")
        });
        assert_eq!(outcome, Outcome::Repeated(&reply(10)));
    }

    #[test]
    fn an_older_serial_is_superseded_and_not_executed() {
        let mut sessions = Sessions::default();
        answer(&mut sessions, 1, 7, 10);
        let outcome = sessions.answer(&Standard, ClientId(1), Serial(6), || {
            panic!("executed again")
        });
        assert_eq!(outcome, Outcome::Superseded);
        assert_eq!(outcome.reply(), None);
    }

    #[test]
    fn a_newer_serial_replaces_the_reply() {
        let mut sessions = Sessions::default();
        answer(&mut sessions, 1, 7, 10);
        assert_eq!(
            answer(&mut sessions, 1, 9, 20),
            Outcome::Executed(&reply(20))
        );
        assert_eq!(
            answer(&mut sessions, 1, 9, 30),
            Outcome::Repeated(&reply(20))
        );
        assert_eq!(answer(&mut sessions, 1, 7, 30), Outcome::Superseded);
    }

    #[test]
    fn clients_do_not_share_serials() {
        let mut sessions = Sessions::default();
        answer(&mut sessions, 1, 7, 10);
        assert_eq!(
            answer(&mut sessions, 2, 7, 20),
            Outcome::Executed(&reply(20))
        );
        assert_eq!(
            answer(&mut sessions, 1, 7, 30),
            Outcome::Repeated(&reply(10))
        );
    }

    #[test]
    fn the_digest_covers_client_serial_and_reply_but_no_order() {
        let digest = |requests: &[(u64, u64, u64)]| {
            let mut sessions = Sessions::default();
            for (client, serial, version) in requests {
                answer(&mut sessions, *client, *serial, *version);
            }
            assert_eq!(sessions.digest(), sessions.recomputed_digest());
            sessions.digest()
        };
        let one = digest(&[(1, 1, 1)]);
        assert_ne!(one, digest(&[]));
        assert_ne!(one, digest(&[(2, 1, 1)]));
        assert_ne!(one, digest(&[(1, 2, 1)]));
        assert_ne!(one, digest(&[(1, 1, 2)]));
        assert_eq!(one, digest(&[(1, 0, 9), (1, 1, 1)]));
        assert_eq!(
            digest(&[(1, 1, 1), (2, 5, 6)]),
            digest(&[(2, 5, 6), (1, 1, 1)])
        );
    }
}
