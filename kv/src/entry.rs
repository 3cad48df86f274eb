//! The content of a log entry, as bytes.
//!
//! A client without a session of its own sends its commands without a stamp. The leader stamps its
//! time on commands in a session that can expire, so that all servers see the same time at the same
//! entry (dissertation, section 6.3).

use alloc::sync::Arc;

use raft_core::Span;

use crate::codec::{DecodeError, Reader, Writer};
use crate::command::{ClientId, CommandRef, Serial};

/// The cluster's time, in nanoseconds, which leaders stamp on entries. It advances with the
/// leader's clock, and no server compares its own clock with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterTime(pub u64);

impl ClusterTime {
    /// The time `span` later, up to the end of time.
    #[must_use]
    pub fn after(self, span: Span) -> ClusterTime {
        ClusterTime(self.0.saturating_add(span.0))
    }
}

/// A session. Its number is the index of the entry that opened it, so that no two sessions share
/// one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// The content of an entry that is not empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Entry<'a> {
    /// A command of a client that opened no session.
    Command(CommandRef<'a>),
    /// A command in a session.
    InSession {
        /// The time at which the leader received it.
        time: ClusterTime,
        /// The session.
        session: SessionId,
        /// The command.
        command: CommandRef<'a>,
    },
    /// A client opens a session.
    Open {
        /// The time at which the leader received it.
        time: ClusterTime,
        /// The client.
        client: ClientId,
        /// The client's number of this request.
        serial: Serial,
        /// The unused time after which the session expires; `None`: never. The leader sets it, so
        /// that servers need not agree on it beforehand.
        lasts: Option<Span>,
    },
    /// A client renews its session without a command.
    Keep {
        /// The time at which the leader received it.
        time: ClusterTime,
        /// The client.
        client: ClientId,
        /// The client's number of this request.
        serial: Serial,
        /// The session.
        session: SessionId,
    },
}

const IN_SESSION: u8 = 7;
const OPEN: u8 = 8;
const OPEN_FOR_EVER: u8 = 9;
const KEEP: u8 = 10;

impl<'a> Entry<'a> {
    /// The payload: a tag byte; the time and the session as varints, if the entry has them; then
    /// the rest. [`crate::Command::encode`] gives the form of a command.
    pub fn encode(&self) -> Arc<[u8]> {
        let mut writer = Writer::default();
        match self {
            Entry::Command(command) => command.write(&mut writer),
            Entry::InSession {
                time,
                session,
                command,
            } => {
                writer.byte(IN_SESSION);
                writer.number(time.0);
                writer.number(session.0);
                command.write(&mut writer);
            }
            Entry::Open {
                time,
                client,
                serial,
                lasts,
            } => {
                writer.byte(lasts.map_or(OPEN_FOR_EVER, |_| OPEN));
                let numbers = [time.0, client.0, serial.0];
                let lasts = lasts.map(|lasts| lasts.0);
                numbers
                    .into_iter()
                    .chain(lasts)
                    .for_each(|number| writer.number(number));
            }
            Entry::Keep {
                time,
                client,
                serial,
                session,
            } => {
                writer.byte(KEEP);
                [time.0, client.0, serial.0, session.0]
                    .into_iter()
                    .for_each(|number| writer.number(number));
            }
        }
        writer.bytes().into()
    }

    /// Decodes a payload of [`Entry::encode`].
    ///
    /// # Errors
    ///
    /// Any other payload gives an error, the empty one too. No payload causes a panic.
    pub fn decode(payload: &'a [u8]) -> Result<Self, DecodeError> {
        let Some(tag @ IN_SESSION..=KEEP) = payload.first() else {
            return CommandRef::decode(payload).map(Entry::Command);
        };
        let mut reader = Reader::new(&payload[1..]);
        let time = ClusterTime(reader.number()?);
        let entry = match *tag {
            IN_SESSION => Entry::InSession {
                time,
                session: SessionId(reader.number()?),
                command: CommandRef::read(&mut reader)?,
            },
            KEEP => Entry::Keep {
                time,
                client: ClientId(reader.number()?),
                serial: Serial(reader.number()?),
                session: SessionId(reader.number()?),
            },
            opens => Entry::Open {
                time,
                client: ClientId(reader.number()?),
                serial: Serial(reader.number()?),
                lasts: match opens {
                    OPEN => Some(Span(reader.number()?)),
                    _ => None,
                },
            },
        };
        reader.end()?;
        Ok(entry)
    }

    /// The same entry as a leader stamps it at `now`, if it opens sessions with this timeout.
    #[must_use]
    pub(crate) fn taken_up(mut self, now: ClusterTime, session_timeout: Option<Span>) -> Self {
        match &mut self {
            Entry::Command(_) => {}
            Entry::InSession { time, .. } | Entry::Keep { time, .. } => *time = now,
            Entry::Open { time, lasts, .. } => (*time, *lasts) = (now, session_timeout),
        }
        self
    }

    /// The time stamped on a payload, if it has a stamp.
    #[inline]
    pub(crate) fn time_of(payload: &[u8]) -> Option<ClusterTime> {
        let IN_SESSION..=KEEP = payload.first()? else {
            return None;
        };
        match Entry::decode(payload).ok()? {
            Entry::Command(_) => None,
            Entry::InSession { time, .. } | Entry::Open { time, .. } | Entry::Keep { time, .. } => {
                Some(time)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;
    use crate::command::Op;

    fn entry(kind: u8, numbers: [u64; 4], key: &[u8]) -> Entry<'_> {
        let [time, client, serial, other] = numbers;
        let (time, client, serial) = (ClusterTime(time), ClientId(client), Serial(serial));
        let command = CommandRef {
            client,
            serial,
            op: Op::Get { key },
        };
        let session = SessionId(other);
        match kind {
            0 => Entry::Command(command),
            1 => Entry::InSession {
                time,
                session,
                command,
            },
            2 | 3 => Entry::Open {
                time,
                client,
                serial,
                lasts: (kind == 2).then_some(Span(other)),
            },
            _ => Entry::Keep {
                time,
                client,
                serial,
                session,
            },
        }
    }

    proptest! {
        #[test]
        fn an_entry_survives_the_round_trip_and_shows_its_time(
            kind in 0u8..5, numbers: [u64; 4], key in prop::collection::vec(any::<u8>(), 0..9),
        ) {
            let entry = entry(kind, numbers, &key);
            let payload = entry.encode();
            prop_assert_eq!(Entry::decode(&payload), Ok(entry));
            let time = (kind > 0).then_some(ClusterTime(numbers[0]));
            prop_assert_eq!(Entry::time_of(&payload), time);
            for length in 0..payload.len() {
                prop_assert!(Entry::decode(&payload[..length]).is_err());
            }
            let longer = [&*payload, &[0]].concat();
            prop_assert_eq!(Entry::decode(&longer), Err(DecodeError::Trailing { bytes: 1 }));
        }

        #[test]
        fn whatever_decodes_is_its_own_encoding(
            tag in 0u8..12,
            body in prop::collection::vec(0u8..6, 0..24),
        ) {
            let payload: Vec<u8> = [alloc::vec![tag], body].concat();
            if let Ok(entry) = Entry::decode(&payload) {
                prop_assert_eq!(&*entry.encode(), &*payload);
            }
            Entry::time_of(&payload);
        }
    }
}
