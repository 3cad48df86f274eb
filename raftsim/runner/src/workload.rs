//! The requests of clients: operations drawn from a mix, on keys drawn from a set. If sessions can
//! expire, the client opens a session for them.

use kv::{Bytes, Op, ReadBy, Request, Response, SessionId};
use raft_core::{Index, Span};
use scenario::{Clients, Mix, Reads, Values};
use simulator::{ClientId, Stream, Time};
use smallvec::SmallVec;
use sut::Server;

/// Draws operations as the scenario's `clients` section specifies.
#[derive(Clone, Debug)]
pub struct KvWorkload {
    keys: u32,
    mix: Mix,
    reads: Reads,
    values: Values,
    value_size: usize,
    /// The latest index that each client has learned.
    seen: Vec<Index>,
    /// The session of each client, if clients open sessions.
    sessions: Option<Vec<Session>>,
}

/// A session from the view of its client.
#[derive(Clone, Copy, Debug, Default)]
struct Session {
    /// The id of the session and its expiry time when unused.
    held: Option<(SessionId, Option<Span>)>,
    /// The time of the client's last request that a log entry carries.
    used: Time,
}

impl KvWorkload {
    /// The workload of these clients. They open sessions if sessions can expire.
    #[must_use]
    pub fn new(clients: &Clients, sessions_expire: bool) -> Self {
        assert!(clients.keys > 0, "a checked scenario has a key");
        Self {
            keys: clients.keys,
            mix: clients.mix.clone(),
            reads: clients.reads.clone(),
            values: clients.values,
            value_size: usize::try_from(clients.value_size.get())
                .expect("a checked scenario has small values"),
            seen: vec![Index(0); clients.count as usize],
            sessions: sessions_expire.then(|| vec![Session::default(); clients.count as usize]),
        }
    }

    /// The next request of a client at `now`: opening a session if it has none, else an operation.
    /// An operation always takes five words from `random`, so that a changed mix does not shift
    /// later keys and values.
    pub fn draw(
        &mut self,
        client: ClientId,
        serial: u64,
        now: Time,
        random: &mut Stream,
    ) -> Request {
        if let Some(session) = self
            .session(client)
            .filter(|session| session.held.is_none())
        {
            session.used = now;
            return Request::OpenSession;
        }
        let op = self.op(client, serial, random);
        let way = random.word();
        let read = match op {
            Op::Get { .. } => self.read(client, way),
            _ => ReadBy::Log,
        };
        self.in_session(client, now, op, read)
    }

    /// The client's session; `None` if clients open none.
    fn session(&mut self, client: ClientId) -> Option<&mut Session> {
        let sessions = self.sessions.as_mut()?;
        Some(&mut sessions[client.0 as usize])
    }

    /// The request for this operation. Log entries do not show reads, so a client that has only
    /// read for a long time renews its session instead.
    fn in_session(&mut self, client: ClientId, now: Time, op: Op, read: ReadBy) -> Request {
        let no_entry = read != ReadBy::Log;
        let in_use = self.session(client).and_then(|session| {
            let (id, lasts) = session.held?;
            let unused = now.0 - session.used.0;
            if no_entry && lasts.is_none_or(|lasts| unused < lasts.0 / 3) {
                return None;
            }
            session.used = now;
            Some(id)
        });
        match in_use {
            Some(session) if no_entry => Request::KeepSession { session },
            session => Request::Operation { op, read, session },
        }
    }

    fn read(&self, client: ClientId, word: u64) -> ReadBy {
        let ways = [
            ReadBy::Log,
            ReadBy::ReadIndex,
            ReadBy::Lease,
            ReadBy::Follower,
            ReadBy::Stale {
                after: self.seen[client.0 as usize],
            },
        ];
        let weights = self.reads.weights().map(|(_, weight)| u64::from(weight));
        let mut at = scale(word, weights.iter().sum());
        for (way, weight) in ways.into_iter().zip(weights) {
            if at < weight {
                return way;
            }
            at -= weight;
        }
        unreachable!("a number below the sum of weights lies in one of them")
    }

    fn op(&mut self, client: ClientId, serial: u64, random: &mut Stream) -> Op {
        let [kind, key, value, expect] =
            [random.word(), random.word(), random.word(), random.word()];
        let key = Text::new("k")
            .number(scale(key, u64::from(self.keys)))
            .bytes();
        let written = |word| self.value(client, serial, word);
        let mut at = scale(kind, self.mix.total());
        let mut is = |weight: u32| {
            let hit = at < u64::from(weight);
            at = at.wrapping_sub(u64::from(weight));
            hit
        };
        if is(self.mix.put) {
            Op::Put {
                key,
                value: written(value),
            }
        } else if is(self.mix.append) {
            Op::Append {
                key,
                value: self.token(client, serial, value),
            }
        } else if is(self.mix.get) {
            Op::Get { key }
        } else if is(self.mix.cas) {
            // With few values the expected value is often present. With unique values only the
            // expectation of an absent key can come true.
            let expect = match self.values {
                Values::Few => Some(written(expect)),
                Values::Unique => None,
            };
            Op::Cas {
                key,
                expect,
                value: written(value),
            }
        } else {
            Op::Delete { key }
        }
    }

    fn value(&self, client: ClientId, serial: u64, word: u64) -> Bytes {
        match self.values {
            Values::Unique => unique(client, serial).padded(self.value_size).bytes(),
            Values::Few => few(word).bytes(),
        }
    }

    /// The text that an append adds. It is short, so that values stay readable.
    fn token(&self, client: ClientId, serial: u64, word: u64) -> Bytes {
        let text = match self.values {
            Values::Unique => unique(client, serial),
            Values::Few => few(word),
        };
        text.and(",").bytes()
    }
}

fn unique(client: ClientId, serial: u64) -> Text {
    Text::new("c")
        .number(u64::from(client.0))
        .and("-")
        .number(serial)
}

fn few(word: u64) -> Text {
    Text::new("v").number(scale(word, 4))
}

/// A short text under construction. A client draws two for every request, and the formatting of the
/// standard library would cost more than the request itself.
struct Text(SmallVec<[u8; 64]>);

impl Text {
    fn new(text: &str) -> Self {
        Self(SmallVec::from_slice(text.as_bytes()))
    }

    fn and(mut self, text: &str) -> Self {
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    fn number(mut self, mut number: u64) -> Self {
        let begin = self.0.len();
        loop {
            let digit = u8::try_from(number % 10).expect("a digit is below 10");
            self.0.push(b'0' + digit);
            number /= 10;
            if number == 0 {
                break;
            }
        }
        self.0[begin..].reverse();
        self
    }

    /// Adds dots up to `size`. A longer text stays unchanged.
    fn padded(mut self, size: usize) -> Self {
        let size = size.max(self.0.len());
        self.0.resize(size, b'.');
        self
    }

    fn bytes(self) -> Bytes {
        self.0.as_slice().into()
    }
}

fn scale(word: u64, size: u64) -> u64 {
    let scaled = (u128::from(word) * u128::from(size)) >> 64;
    u64::try_from(scaled).expect("a word times a size, over 2^64, is below the size")
}

impl simulator::Workload<Server> for KvWorkload {
    fn request(
        &mut self,
        client: ClientId,
        serial: u64,
        now: Time,
        random: &mut Stream,
    ) -> Request {
        self.draw(client, serial, now, random)
    }

    fn answered(&mut self, client: ClientId, reply: &Response) {
        match reply {
            Response::Done { index, .. } => {
                let seen = &mut self.seen[client.0 as usize];
                *seen = (*seen).max(*index);
            }
            Response::SessionOpened { session, lasts } => {
                if let Some(known) = self.session(client) {
                    known.held = Some((*session, *lasts));
                }
            }
            Response::SessionExpired => {
                if let Some(known) = self.session(client) {
                    known.held = None;
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_are_those_of_the_standard_library(client: u32, serial: u64, size in 0_usize..80) {
            let mut expected = format!("c{client}-{serial}");
            while expected.len() < size {
                expected.push('.');
            }
            let text = unique(ClientId(client), serial).padded(size).bytes();
            prop_assert_eq!(&*text, expected.as_bytes());
        }
    }
}
