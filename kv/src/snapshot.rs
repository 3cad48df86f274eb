//! Snapshots of the state machine, as bytes (§7). A snapshot holds the effect of all entries up to
//! an index, so that the log need not keep them.
//!
//! A snapshot holds the applied index, the keys with their versions and values, and the sessions:
//! without the sessions, a receiver of the snapshot would execute a retry again. If a client has
//! ever opened a session, the log's time follows, and each open session with its last use: without
//! these, a session would expire at another entry. Keys, clients and sessions are in order, so that
//! equal states have equal bytes.

use alloc::sync::Arc;
use alloc::vec::Vec;

use raft_core::{EntryId, SnapshotId, Span};

use crate::bytes::Bytes;
use crate::codec::{DecodeError, Reader, Writer};
use crate::command::{ClientId, Serial};
use crate::digest::Digest;
use crate::duties::Duties;
use crate::entry::{ClusterTime, SessionId};
use crate::expiring_sessions::{self, ExpiringSessions};
use crate::machine::Machine;
use crate::reply::{Answer, Reply, Version};
use crate::session::Sessions;
use crate::store::Store;

/// The first byte of every snapshot, which names its format.
const FORM: u8 = 1;

/// A complete snapshot. Nodes and disks of one process share it without copies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Snapshot {
    /// Its name: last entry, size, checksum.
    pub id: SnapshotId,
    /// Its content.
    pub bytes: Arc<[u8]>,
}

/// The bytes of one piece of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Piece {
    /// The bytes.
    pub bytes: Arc<[u8]>,
    /// Their checksum.
    pub checksum: u64,
}

impl Piece {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self {
            bytes: Arc::from(bytes),
            checksum: checksum(bytes),
        }
    }

    pub(crate) fn is_sound(&self) -> bool {
        checksum(&self.bytes) == self.checksum
    }
}

impl Snapshot {
    /// A snapshot of a machine that has applied everything up to `last`.
    pub fn of<D: Duties>(machine: &Machine<D>, last: EntryId) -> Self {
        assert!(last.index.0 > 0, "there is nothing to take a snapshot of");
        let bytes: Arc<[u8]> = Arc::from(machine.encode(last.index.0));
        let id = SnapshotId {
            last,
            bytes: bytes.len() as u64,
            checksum: checksum(&bytes),
        };
        Self { id, bytes }
    }

    /// Whether the bytes match the name.
    pub fn is_sound(&self) -> bool {
        self.bytes.len() as u64 == self.id.bytes && checksum(&self.bytes) == self.id.checksum
    }
}

pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    Digest::of(bytes).finish(bytes)
}

impl<D: Duties> Machine<D> {
    /// The machine as bytes, with everything applied up to `index`.
    fn encode(&self, index: u64) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.byte(FORM);
        writer.number(index);
        let keys = self.store().len();
        writer.number(keys as u64);
        for (key, version, value) in self.store().iter() {
            writer.field(&key);
            writer.number(version.0);
            optional(&mut writer, value);
        }
        let kept = self.duties().snapshot_holds_sessions();
        let sessions = self.sessions().iter().filter(|_| kept);
        writer.number(sessions.clone().count() as u64);
        for (client, serial, reply) in sessions {
            writer.number(client.0);
            writer.number(serial.0);
            encode_reply(&mut writer, reply);
        }
        if !self.opened().is_unused() {
            self.encode_opened(&mut writer);
        }
        writer.into_bytes()
    }

    fn encode_opened(&self, writer: &mut Writer) {
        let (duties, time) = (self.duties(), self.opened().time());
        let kept = duties.snapshot_holds_sessions();
        let sessions = self.opened().iter().filter(|_| kept);
        writer.number(time.0);
        writer.number(sessions.clone().count() as u64);
        for (id, session) in sessions {
            let used = match duties.snapshot_holds_last_uses() {
                true => session.used,
                false => time,
            };
            [id.0, session.client.0, used.0]
                .into_iter()
                .for_each(|number| writer.number(number));
            match session.lasts {
                None => writer.byte(0),
                Some(lasts) => {
                    writer.byte(1);
                    writer.number(lasts.0);
                }
            }
            match &session.newest {
                None => writer.byte(0),
                Some((serial, reply)) => {
                    writer.byte(1);
                    writer.number(serial.0);
                    encode_reply(writer, reply);
                }
            }
        }
    }

    /// The machine that these bytes describe, with these duties.
    ///
    /// # Errors
    /// When they do not describe a machine.
    pub fn decode(duties: D, bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        match reader.byte()? {
            FORM => {}
            other => return Err(DecodeError::UnknownTag(other)),
        }
        let applied = reader.number()?;
        let store = decode_store(&mut reader)?;
        let sessions = decode_sessions(&mut reader)?;
        let opened = match reader.is_empty() {
            true => ExpiringSessions::default(),
            false => decode_opened(&mut reader, applied, &duties)?,
        };
        reader.end()?;
        let sessions = (sessions, opened);
        Ok(Self::with_state(duties, applied, store, sessions))
    }
}

fn decode_store(reader: &mut Reader<'_>) -> Result<Store, DecodeError> {
    let mut all: Vec<(Bytes, Version, Option<Bytes>)> = Vec::new();
    for _ in 0..reader.number()? {
        let key = Bytes::from(reader.field()?);
        if all.last().is_some_and(|(last, ..)| *last >= key) {
            return Err(DecodeError::OutOfOrder);
        }
        let version = Version(reader.number()?);
        all.push((key, version, decode_optional(reader)?));
    }
    Ok(Store::of_sorted(all))
}

fn decode_sessions(reader: &mut Reader<'_>) -> Result<Sessions, DecodeError> {
    let mut sessions = Sessions::default();
    let mut last = None;
    for _ in 0..reader.number()? {
        let client = ClientId(reader.number()?);
        if last >= Some(client) {
            return Err(DecodeError::OutOfOrder);
        }
        last = Some(client);
        let serial = Serial(reader.number()?);
        sessions.resume(client, serial, decode_reply(reader)?);
    }
    Ok(sessions)
}

fn decode_opened<D: Duties>(
    reader: &mut Reader<'_>,
    applied: u64,
    duties: &D,
) -> Result<ExpiringSessions, DecodeError> {
    let mut opened = ExpiringSessions::default();
    let time = ClusterTime(reader.number()?);
    let mut last = None;
    for _ in 0..reader.number()? {
        let id = SessionId(reader.number()?);
        let client = ClientId(reader.number()?);
        let used = ClusterTime(reader.number()?);
        if last >= Some(id) || id.0 > applied || used > time {
            return Err(DecodeError::OutOfOrder);
        }
        last = Some(id);
        let lasts = present(reader)?.then(|| reader.number()).transpose()?;
        let newest = match present(reader)? {
            true => Some((Serial(reader.number()?), decode_reply(reader)?)),
            false => None,
        };
        let session = expiring_sessions::Session {
            client,
            used,
            lasts: lasts.map(Span),
            newest,
        };
        opened.resume(duties, id, session);
    }
    opened.set_time(time);
    match opened.is_unused() {
        true => Err(DecodeError::OutOfOrder),
        false => Ok(opened),
    }
}

const VALUE: u8 = 1;
const WRITTEN: u8 = 2;
const MISMATCH: u8 = 3;
const DELETED: u8 = 4;
const DELETED_NOTHING: u8 = 5;

fn encode_reply(writer: &mut Writer, reply: &Reply) {
    writer.number(reply.version.0);
    match &reply.answer {
        Answer::Value(value) => {
            writer.byte(VALUE);
            optional(writer, value.as_ref());
        }
        Answer::Written => writer.byte(WRITTEN),
        Answer::Mismatch(actual) => {
            writer.byte(MISMATCH);
            optional(writer, actual.as_ref());
        }
        Answer::Deleted { existed: true } => writer.byte(DELETED),
        Answer::Deleted { existed: false } => writer.byte(DELETED_NOTHING),
    }
}

fn decode_reply(reader: &mut Reader<'_>) -> Result<Reply, DecodeError> {
    let version = Version(reader.number()?);
    let answer = match reader.byte()? {
        VALUE => Answer::Value(decode_optional(reader)?),
        WRITTEN => Answer::Written,
        MISMATCH => Answer::Mismatch(decode_optional(reader)?),
        DELETED => Answer::Deleted { existed: true },
        DELETED_NOTHING => Answer::Deleted { existed: false },
        other => return Err(DecodeError::UnknownTag(other)),
    };
    Ok(Reply { version, answer })
}

fn optional(writer: &mut Writer, value: Option<&Bytes>) {
    match value {
        None => writer.byte(0),
        Some(value) => {
            writer.byte(1);
            writer.field(value);
        }
    }
}

fn decode_optional(reader: &mut Reader<'_>) -> Result<Option<Bytes>, DecodeError> {
    Ok(match present(reader)? {
        true => Some(Bytes::from(reader.field()?)),
        false => None,
    })
}

fn present(reader: &mut Reader<'_>) -> Result<bool, DecodeError> {
    match reader.byte()? {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(DecodeError::UnknownTag(other)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::command::{Command, Op};

    fn any_op() -> impl Strategy<Value = Op> {
        let text = || prop::collection::vec(97u8..100, 0..3).prop_map(Bytes::from);
        let (key, value) = (text(), text());
        (0..6, key, value).prop_map(|(kind, key, value)| match kind {
            0 => Op::Get { key },
            1 => Op::Put { key, value },
            2 => Op::Append { key, value },
            3 => Op::Cas {
                key,
                expect: None,
                value,
            },
            4 => Op::Cas {
                key,
                expect: Some(value.clone()),
                value,
            },
            _ => Op::Delete { key },
        })
    }

    fn of(machine: &Machine) -> Snapshot {
        let last = EntryId {
            index: raft_core::Index(machine.applied()),
            term: raft_core::Term(3),
        };
        Snapshot::of(machine, last)
    }

    fn any_machine() -> impl Strategy<Value = Machine> {
        prop::collection::vec((0..4u64, any_op()), 1..40).prop_map(|requests| {
            let mut machine = Machine::default();
            for (index, (client, op)) in (1u64..).zip(requests) {
                let command = Command {
                    client: ClientId(client),
                    serial: Serial(index),
                    op,
                };
                machine.apply(index, &command.encode());
            }
            machine
        })
    }

    proptest! {
        #[test]
        fn a_machine_comes_back_from_its_snapshot_as_it_was(machine in any_machine()) {
            let snapshot = of(&machine);
            prop_assert!(snapshot.is_sound());
            prop_assert_eq!(snapshot.id.last.index.0, machine.applied());
            let back = Machine::decode(crate::Standard, &snapshot.bytes);
            let back = back.expect("a snapshot can be read");
            prop_assert_eq!(back.hash(), machine.hash());
            prop_assert_eq!(of(&back), snapshot);
            prop_assert_eq!(back, machine);
        }

        #[test]
        fn no_bytes_break_the_reader_and_none_but_the_right_ones_are_read(
            machine in any_machine(), place: prop::sample::Index, change in 1u8..=255, cut: prop::sample::Index
        ) {
            let right = of(&machine).bytes.to_vec();
            let mut wrong = right.clone();
            let place = place.index(wrong.len());
            wrong[place] ^= change;
            if let Ok(other) = Machine::decode(crate::Standard, &wrong) {
                prop_assert_eq!(other.encode(other.applied()), wrong, "each state has one form");
            }
            let short = Machine::decode(crate::Standard, &right[..cut.index(right.len())]);
            prop_assert!(short.is_err());
        }

        #[test]
        fn a_changed_byte_is_noticed(machine in any_machine(), place: prop::sample::Index, change in 1u8..=255) {
            let mut snapshot = of(&machine);
            let mut bytes = snapshot.bytes.to_vec();
            let place = place.index(bytes.len());
            bytes[place] ^= change;
            snapshot.bytes = Arc::from(bytes);
            prop_assert!(!snapshot.is_sound());
        }
    }
}
