//! The start of a node from the content of its disk.

use core::fmt;

use alloc::vec::Vec;

use raft_core::{
    Base, Boot, Configuration, Durable, EntryId, EntryMeta, HardState, Raft, Rules, Term,
};

use crate::apply::Applying;
use crate::cluster_clock::ClusterClock;
use crate::codec::DecodeError;
use crate::disk::Disk;
use crate::duties::Duties;
use crate::forwarding::Forwarding;
use crate::left_out::must_hold_data;
use crate::machine::Machine;
use crate::members;
use crate::missing_data::MissingData;
use crate::node::{Node, Options};
use crate::payload::{Payload, PayloadLog};
use crate::reads::Reads;
use crate::snapshot_store::SnapshotStore;
use crate::stream::Stream;
use crate::waiting::Waiting;

/// Why a node cannot start from the content of its disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestoreError {
    /// Its core cannot start.
    Core(raft_core::RestoreError),
    /// The log begins after entries that no snapshot covers.
    NoSnapshot {
        /// The last of these entries.
        base: EntryId,
    },
    /// The snapshot's bytes do not match its name.
    SnapshotDamaged,
    /// The snapshot's bytes do not describe a state.
    SnapshotUnreadable(DecodeError),
    /// An entry announces a configuration, and its content is none.
    MembersUnreadable(DecodeError),
}

impl core::error::Error for RestoreError {}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Core(error) => write!(f, "{error}"),
            Self::NoSnapshot { base } => {
                write!(
                    f,
                    "the log begins after {base}, and no snapshot covers that"
                )
            }
            Self::SnapshotDamaged => f.write_str("the snapshot does not fit its checksum"),
            Self::SnapshotUnreadable(error) => write!(f, "the snapshot cannot be read: {error}"),
            Self::MembersUnreadable(error) => {
                write!(f, "a configuration in the log cannot be read: {error}")
            }
        }
    }
}

impl<R: Rules, D: Duties> Node<R, D> {
    /// Starts a node from its disk. Its state machine begins with the snapshot, or empty, and is
    /// rebuilt as the log commits again. `configuration` is the founding configuration of the
    /// cluster if this node is one of its founders; otherwise it is the empty one.
    ///
    /// # Errors
    /// When the settings are invalid or the disk contradicts itself.
    pub fn restore(
        rules: R,
        duties: D,
        boot: Boot,
        options: Options,
        configuration: Configuration,
        disk: &Disk,
    ) -> Result<Self, RestoreError> {
        let HardState {
            current_term,
            voted_for,
        } = disk.hard_state;
        let base = disk.base.clone().unwrap_or(Base {
            last: EntryId::default(),
            configuration,
        });
        let holds_data = must_hold_data(&base.configuration, boot.id);
        let machine = restored_machine(duties, disk, holds_data)?;
        let mut snapshots = SnapshotStore::new(options.compaction);
        let incoming = snapshots.found(disk, machine.duties());
        let mut payloads = PayloadLog::new(base.last.index);
        for (term, payload) in &disk.entries {
            payloads.push(*term, payload.clone());
        }
        let missing = MissingData::found(disk);
        let entries: Result<Vec<_>, _> = disk.entries.iter().map(found).collect();
        let entries = entries.map_err(RestoreError::MembersUnreadable)?;
        let durable = Durable {
            hard_state: HardState {
                current_term,
                voted_for,
            },
            base,
            entries,
            intact: payloads.last_index(),
            snapshot: disk.covering_snapshot().map(|snapshot| snapshot.id),
            incoming,
            may_vote: true,
        };
        let mut clock = ClusterClock::starting(boot.now, machine.time());
        clock.hear(boot.now, disk.entries.iter().map(|(_, payload)| payload));
        let raft = Raft::restore(rules, boot, durable).map_err(RestoreError::Core)?;
        if raft.incoming().is_none() {
            snapshots.forget_part();
        }
        Ok(Self {
            raft,
            machine,
            payloads,
            waiting: Waiting::default(),
            reads: Reads::default(),
            forwarding: Forwarding::default(),
            applying: Applying::after(options.apply_after),
            snapshots,
            stream: Stream::default(),
            missing,
            clock,
            session_timeout: options.session_timeout,
        })
    }
}

/// An entry as the core sees it.
fn found((term, payload): &(Term, Payload)) -> Result<EntryMeta, DecodeError> {
    let configuration = members::decode(payload.bytes())?;
    let held = configuration.as_ref().map(Configuration::bytes);
    Ok(EntryMeta {
        term: *term,
        bytes: held.unwrap_or(payload.bytes().len() as u64),
        configuration,
    })
}

/// The state of a node at its start. Without a snapshot it is empty. A member that `holds_data` may
/// only start like this if its log has no base.
fn restored_machine<D: Duties>(
    duties: D,
    disk: &Disk,
    holds_data: bool,
) -> Result<Machine<D>, RestoreError> {
    let base = disk.base();
    let Some(snapshot) = disk.covering_snapshot() else {
        return match base.index.0 > 0 && holds_data {
            true => Err(RestoreError::NoSnapshot { base }),
            false => Ok(Machine::new(duties)),
        };
    };
    if !snapshot.is_sound() {
        return Err(RestoreError::SnapshotDamaged);
    }
    Machine::decode(duties, &snapshot.bytes).map_err(RestoreError::SnapshotUnreadable)
}
