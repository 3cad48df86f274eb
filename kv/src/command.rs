//! A client's command, and its form as the payload of a log entry.

use alloc::sync::Arc;

use crate::bytes::Bytes;
use crate::codec::{DecodeError, Reader, Writer};

/// A client. The number is unique in the whole life of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u64);

/// A client's own number of a request. It grows with each new request, and a retry keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial(pub u64);

/// An operation on one key. `B` is the type of its byte strings: owned, or borrowed from the
/// payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op<B = Bytes> {
    /// Read the value.
    Get {
        /// The key to read.
        key: B,
    },
    /// Replace the value, or create it.
    Put {
        /// The key to write.
        key: B,
        /// Its new value.
        value: B,
    },
    /// Add to the end of the value; on an absent key this is a put.
    Append {
        /// The key to write.
        key: B,
        /// The bytes to add.
        value: B,
    },
    /// Compare-and-swap: put `value` if the value is `expect`.
    Cas {
        /// The key to compare and write.
        key: B,
        /// The expected value; `None`: the key must be absent.
        expect: Option<B>,
        /// Its new value, if the expectation holds.
        value: B,
    },
    /// Remove the value. This counts as a write even if there was none.
    Delete {
        /// The key to remove.
        key: B,
    },
}

/// An operation that borrows its byte strings.
pub type OpRef<'a> = Op<&'a [u8]>;

/// A request as the log carries it, with its client and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Command<B = Bytes> {
    /// The client.
    pub client: ClientId,
    /// The client's number of this request.
    pub serial: Serial,
    /// The operation.
    pub op: Op<B>,
}

/// A command that borrows its byte strings. Decoding a payload yields it without allocating.
pub type CommandRef<'a> = Command<&'a [u8]>;

const GET: u8 = 1;
const PUT: u8 = 2;
const APPEND: u8 = 3;
const CAS: u8 = 4;
const CAS_ABSENT: u8 = 5;
const DELETE: u8 = 6;

impl<B: AsRef<[u8]>> Op<B> {
    /// The same operation, borrowed.
    pub fn as_ref(&self) -> OpRef<'_> {
        match self {
            Op::Get { key } => Op::Get { key: key.as_ref() },
            Op::Put { key, value } => Op::Put {
                key: key.as_ref(),
                value: value.as_ref(),
            },
            Op::Append { key, value } => Op::Append {
                key: key.as_ref(),
                value: value.as_ref(),
            },
            Op::Cas { key, expect, value } => Op::Cas {
                key: key.as_ref(),
                expect: expect.as_ref().map(AsRef::as_ref),
                value: value.as_ref(),
            },
            Op::Delete { key } => Op::Delete { key: key.as_ref() },
        }
    }

    /// The key of the operation.
    pub fn key(&self) -> &[u8] {
        match self {
            Op::Get { key }
            | Op::Put { key, .. }
            | Op::Append { key, .. }
            | Op::Cas { key, .. }
            | Op::Delete { key } => key.as_ref(),
        }
    }
}

impl OpRef<'_> {
    /// The same operation with byte strings of its own.
    pub fn to_owned(&self) -> Op {
        match *self {
            Op::Get { key } => Op::Get { key: key.into() },
            Op::Put { key, value } => Op::Put {
                key: key.into(),
                value: value.into(),
            },
            Op::Append { key, value } => Op::Append {
                key: key.into(),
                value: value.into(),
            },
            Op::Cas { key, expect, value } => Op::Cas {
                key: key.into(),
                expect: expect.map(Bytes::from),
                value: value.into(),
            },
            Op::Delete { key } => Op::Delete { key: key.into() },
        }
    }
}

impl<B: AsRef<[u8]>> Command<B> {
    /// The payload of a log entry: a tag byte, client and serial as varints, then the key and the
    /// values, each after its length. It is never empty, because the empty payload is the entry
    /// without a command.
    pub fn encode(&self) -> Arc<[u8]> {
        let mut writer = Writer::default();
        self.write(&mut writer);
        writer.bytes().into()
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        let (tag, fields) = match self.op.as_ref() {
            Op::Get { key } => (GET, [Some(key), None, None]),
            Op::Put { key, value } => (PUT, [Some(key), Some(value), None]),
            Op::Append { key, value } => (APPEND, [Some(key), Some(value), None]),
            Op::Cas {
                key,
                expect: None,
                value,
            } => (CAS_ABSENT, [Some(key), Some(value), None]),
            Op::Cas { key, expect, value } => (CAS, [Some(key), expect, Some(value)]),
            Op::Delete { key } => (DELETE, [Some(key), None, None]),
        };
        writer.byte(tag);
        writer.number(self.client.0);
        writer.number(self.serial.0);
        for field in fields.into_iter().flatten() {
            writer.field(field);
        }
    }

    /// The same command, borrowed.
    pub fn as_ref(&self) -> CommandRef<'_> {
        Command {
            client: self.client,
            serial: self.serial,
            op: self.op.as_ref(),
        }
    }
}

impl<'a> CommandRef<'a> {
    /// Decodes a payload of [`Command::encode`].
    ///
    /// # Errors
    ///
    /// Any other payload gives an error, the empty one too. No payload causes a panic.
    pub fn decode(payload: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(payload);
        let command = Self::read(&mut reader)?;
        reader.end()?;
        Ok(command)
    }

    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let tag = reader.byte()?;
        if !(GET..=DELETE).contains(&tag) {
            return Err(DecodeError::UnknownTag(tag));
        }
        let client = ClientId(reader.number()?);
        let serial = Serial(reader.number()?);
        let key = reader.field()?;
        let op = match tag {
            GET => Op::Get { key },
            PUT => Op::Put {
                key,
                value: reader.field()?,
            },
            APPEND => Op::Append {
                key,
                value: reader.field()?,
            },
            CAS => Op::Cas {
                key,
                expect: Some(reader.field()?),
                value: reader.field()?,
            },
            CAS_ABSENT => Op::Cas {
                key,
                expect: None,
                value: reader.field()?,
            },
            DELETE => Op::Delete { key },
            _ => return Err(DecodeError::UnknownTag(tag)),
        };
        Ok(Command { client, serial, op })
    }

    /// The same command with byte strings of its own.
    pub fn to_owned(&self) -> Command {
        Command {
            client: self.client,
            serial: self.serial,
            op: self.op.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn bytes() -> impl Strategy<Value = Bytes> {
        prop::collection::vec(any::<u8>(), 0..200).prop_map(Bytes::from)
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![
            bytes().prop_map(|key| Op::Get { key }),
            (bytes(), bytes()).prop_map(|(key, value)| Op::Put { key, value }),
            (bytes(), bytes()).prop_map(|(key, value)| Op::Append { key, value }),
            (bytes(), prop::option::of(bytes()), bytes())
                .prop_map(|(key, expect, value)| Op::Cas { key, expect, value }),
            bytes().prop_map(|key| Op::Delete { key }),
        ]
    }

    fn command() -> impl Strategy<Value = Command> {
        (any::<u64>(), any::<u64>(), op()).prop_map(|(client, serial, op)| Command {
            client: ClientId(client),
            serial: Serial(serial),
            op,
        })
    }

    #[test]
    fn the_encoding_is_compact() {
        let op: Op = Op::Put {
            key: "k1".into(),
            value: "v".into(),
        };
        let command = Command {
            client: ClientId(3),
            serial: Serial(9),
            op,
        };
        assert_eq!(*command.encode(), [PUT, 3, 9, 2, b'k', b'1', 1, b'v']);
    }

    #[test]
    fn an_empty_payload_is_no_command() {
        assert_eq!(CommandRef::decode(&[]), Err(DecodeError::Truncated));
    }

    #[test]
    fn an_unknown_tag_is_named() {
        for tag in [0, DELETE + 1, 255] {
            assert_eq!(
                CommandRef::decode(&[tag]),
                Err(DecodeError::UnknownTag(tag))
            );
        }
    }

    proptest! {
        #[test]
        fn a_command_survives_the_round_trip(command in command()) {
            let payload = command.encode();
            let decoded = CommandRef::decode(&payload).unwrap();
            prop_assert_eq!(decoded, command.as_ref());
            prop_assert_eq!(decoded.to_owned(), command);
        }

        #[test]
        fn no_prefix_of_a_payload_is_a_command(command in command()) {
            let payload = command.encode();
            for length in 0..payload.len() {
                prop_assert!(CommandRef::decode(&payload[..length]).is_err());
            }
        }

        #[test]
        fn bytes_after_a_command_are_noticed(
            command in command(),
            rest in prop::collection::vec(any::<u8>(), 1..9),
        ) {
            let payload = [&*command.encode(), &rest].concat();
            let expected = Err(DecodeError::Trailing { bytes: rest.len() });
            prop_assert_eq!(CommandRef::decode(&payload), expected);
        }

        #[test]
        fn whatever_decodes_is_its_own_encoding(
            tag in 0u8..9,
            body in prop::collection::vec(0u8..6, 0..24),
        ) {
            let payload: Vec<u8> = [alloc::vec![tag], body].concat();
            if let Ok(command) = CommandRef::decode(&payload) {
                prop_assert_eq!(&*command.encode(), &*payload);
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(payload in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(command) = CommandRef::decode(&payload) {
                prop_assert_eq!(&*command.encode(), &*payload);
            }
        }
    }
}
