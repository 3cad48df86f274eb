//! A textbook key-value store, for the checks only. It shares no code with the store under test,
//! not even the decoding of commands.

use std::collections::BTreeMap;

/// The content of a log entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry<'a> {
    Request(Request<'a>),
    /// A client opens a session. The number is the time after which the unused session expires;
    /// without a number it never expires.
    Open {
        time: u64,
        client: u64,
        serial: u64,
        lasts: Option<u64>,
    },
    /// A client renews a session.
    Keep {
        time: u64,
        client: u64,
        serial: u64,
        id: u64,
    },
}

/// A client's request, as the log carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The session of the request, and the time stamped on it.
    pub(crate) session: Option<(u64, u64)>,
    /// The client.
    pub client: u64,
    /// The client's number of the request.
    pub serial: u64,
    pub(crate) tag: u8,
    /// The key of the request; empty if it has none.
    pub key: &'a [u8],
    pub(crate) first: &'a [u8],
    pub(crate) second: &'a [u8],
}

pub(crate) const GET: u8 = 1;
pub(crate) const PUT: u8 = 2;
pub(crate) const APPEND: u8 = 3;
pub(crate) const CAS: u8 = 4;
pub(crate) const CAS_ABSENT: u8 = 5;
pub(crate) const DELETE: u8 = 6;
const IN_SESSION: u8 = 7;
const OPEN: u8 = 8;
const KEEP: u8 = 10;

/// Decodes a payload; `None` if it holds no request or is malformed.
pub(crate) fn read(payload: &[u8]) -> Option<Entry<'_>> {
    let (tag @ IN_SESSION..=KEEP, mut rest) = payload.split_first()? else {
        return command(payload).map(Entry::Request);
    };
    let time = number(&mut rest)?;
    if *tag == IN_SESSION {
        let session = Some((number(&mut rest)?, time));
        let request = command(rest)?;
        return Some(Entry::Request(Request { session, ..request }));
    }
    let client = number(&mut rest)?;
    let serial = number(&mut rest)?;
    let last = match *tag {
        OPEN | KEEP => Some(number(&mut rest)?),
        _ => None,
    };
    let entry = match (*tag, last) {
        (KEEP, Some(id)) => Entry::Keep {
            time,
            client,
            serial,
            id,
        },
        (_, lasts) => Entry::Open {
            time,
            client,
            serial,
            lasts,
        },
    };
    rest.is_empty().then_some(entry)
}

/// Decodes a payload; `None` if it holds no command or is malformed.
pub fn read_request(payload: &[u8]) -> Option<Request<'_>> {
    match read(payload)? {
        Entry::Request(request) => Some(request),
        Entry::Open { .. } | Entry::Keep { .. } => None,
    }
}

/// The client and serial of a payload's request, including requests about sessions.
pub fn asker(payload: &[u8]) -> Option<(u64, u64)> {
    match read(payload)? {
        Entry::Request(Request { client, serial, .. })
        | Entry::Open { client, serial, .. }
        | Entry::Keep { client, serial, .. } => Some((client, serial)),
    }
}

fn command(payload: &[u8]) -> Option<Request<'_>> {
    let (tag, mut rest) = payload.split_first()?;
    let client = number(&mut rest)?;
    let serial = number(&mut rest)?;
    let key = field(&mut rest)?;
    let first = if matches!(*tag, GET | DELETE) {
        &[]
    } else {
        field(&mut rest)?
    };
    let second = if *tag == CAS { field(&mut rest)? } else { &[] };
    let whole = rest.is_empty() && (GET..=DELETE).contains(tag);
    whole.then_some(Request {
        session: None,
        client,
        serial,
        tag: *tag,
        key,
        first,
        second,
    })
}

/// Seven bits per byte, lowest first. The highest bit means that more bytes follow.
pub(crate) fn number(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for place in 0..10 {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f).checked_shl(7 * place)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn field<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(number(rest)?).ok()?;
    if length > rest.len() {
        return None;
    }
    let (field, after) = rest.split_at(length);
    *rest = after;
    Some(field)
}

/// The result of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Result {
    pub(crate) version: u64,
    pub(crate) answer: Answer,
}

/// The answer, without its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Value(Option<Vec<u8>>),
    Written,
    Mismatch(Option<Vec<u8>>),
    Deleted(bool),
}

/// Every key that was ever written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Model {
    keys: BTreeMap<Vec<u8>, Register>,
}

/// One key's version, and its value if it has one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Register {
    version: u64,
    value: Option<Vec<u8>>,
}

impl Model {
    pub(crate) fn get(&self, key: &[u8]) -> (u64, Option<&[u8]>) {
        self.keys
            .get(key)
            .map_or((0, None), |is| (is.version, is.value.as_deref()))
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.keys.keys().map(Vec::as_slice)
    }

    pub(crate) fn execute(&mut self, request: &Request<'_>) -> Result {
        if let Some(register) = self.keys.get_mut(request.key) {
            return register.execute(request);
        }
        let mut register = Register::default();
        let result = register.execute(request);
        // Reading an absent key, or failing to write it, must not create the key.
        if register.version > 0 {
            self.keys.insert(request.key.to_vec(), register);
        }
        result
    }
}

impl Register {
    fn execute(&mut self, request: &Request<'_>) -> Result {
        let actual = self.value.as_deref();
        let answer = match request.tag {
            GET => Answer::Value(self.value.clone()),
            PUT => self.set(request.first),
            APPEND => {
                self.version += 1;
                let value = self.value.get_or_insert_default();
                value.extend_from_slice(request.first);
                Answer::Written
            }
            CAS if actual == Some(request.first) => self.set(request.second),
            CAS_ABSENT if actual.is_none() => self.set(request.first),
            CAS | CAS_ABSENT => Answer::Mismatch(self.value.clone()),
            DELETE => {
                self.version += 1;
                Answer::Deleted(self.value.take().is_some())
            }
            tag => unreachable!("requests are read with known tags only, not {tag}"),
        };
        Result {
            version: self.version,
            answer,
        }
    }

    fn set(&mut self, value: &[u8]) -> Answer {
        self.version += 1;
        let buffer = self.value.get_or_insert_default();
        buffer.clear();
        buffer.extend_from_slice(value);
        Answer::Written
    }
}

#[cfg(test)]
mod tests {
    use kv::{ClientId, Command, Op, Serial};
    use proptest::prelude::*;

    use super::*;

    fn run(model: &mut Model, op: Op) -> Result {
        let payload = Command {
            client: ClientId(7),
            serial: Serial(300),
            op,
        }
        .encode();
        let request = read_request(&payload).unwrap();
        assert_eq!((request.client, request.serial), (7, 300));
        model.execute(&request)
    }

    #[test]
    fn the_schoolbook_store_does_what_its_name_says() {
        let mut model = Model::default();
        let key: kv::Bytes = "k".into();
        let put = Op::Put {
            key: key.clone(),
            value: "a".into(),
        };
        assert_eq!(
            run(&mut model, put),
            Result {
                version: 1,
                answer: Answer::Written
            }
        );
        let append = Op::Append {
            key: key.clone(),
            value: "b".into(),
        };
        assert_eq!(run(&mut model, append).version, 2);
        let cas = Op::Cas {
            key: key.clone(),
            expect: Some("x".into()),
            value: "c".into(),
        };
        let found = Answer::Mismatch(Some(b"ab".to_vec()));
        assert_eq!(
            run(&mut model, cas),
            Result {
                version: 2,
                answer: found
            }
        );
        let cas = Op::Cas {
            key: key.clone(),
            expect: Some("ab".into()),
            value: "c".into(),
        };
        assert_eq!(run(&mut model, cas).version, 3);
        let delete = Op::Delete { key: key.clone() };
        assert_eq!(run(&mut model, delete).answer, Answer::Deleted(true));
        let absent = Op::Cas {
            key: key.clone(),
            expect: None,
            value: "d".into(),
        };
        assert_eq!(
            run(&mut model, absent),
            Result {
                version: 5,
                answer: Answer::Written
            }
        );
        assert_eq!(model.get(b"k"), (5, Some(&b"d"[..])));
    }

    proptest! {
        #[test]
        fn unreadable_payloads_are_no_requests(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Some(request) = read_request(&bytes) {
                Model::default().execute(&request);
            }
        }
    }
}
