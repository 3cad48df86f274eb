//! State of a server in any role: its snapshots, the proposals it has passed on, and the write of
//! the present step.

use alloc::boxed::Box;
use alloc::collections::btree_map::Entry;
use alloc::collections::{BTreeMap, VecDeque};

use crate::configuration::Configuration;
use crate::effect::{Append, Rebase};
use crate::message::{InstallSnapshot, SnapshotId};
use crate::types::{Index, Instant, ProposalToken};

/// The write that a step puts together.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct PendingWrite {
    pub(crate) hard_state: bool,
    pub(crate) truncate_from: Option<Index>,
    pub(crate) rebase: Option<Box<Rebase>>,
    pub(crate) append: Option<Append>,
}

impl PendingWrite {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        !self.hard_state
            && self.truncate_from.is_none()
            && self.rebase.is_none()
            && self.append.is_none()
    }
}

/// A complete and durable snapshot that this server holds.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Snapshot {
    pub(crate) id: SnapshotId,
    /// The configuration in force at its last entry.
    pub(crate) configuration: Configuration,
}

/// A snapshot that this server has received in part. The part is durable.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Incoming {
    pub(crate) id: SnapshotId,
    /// Bytes before this one are durable.
    pub(crate) received: u64,
    /// Bytes before this one are durable or on their way to the disk.
    pub(crate) taken: u64,
    /// Pieces beyond that which arrived early: the start of each, and its length.
    pub(crate) early: BTreeMap<u64, u64>,
    pub(crate) configuration: Option<Configuration>,
}

impl Incoming {
    /// The part found on disk. The configuration arrives with the next piece.
    pub(crate) fn found(id: SnapshotId, received: u64) -> Self {
        Self {
            id,
            received,
            taken: received,
            early: BTreeMap::new(),
            configuration: None,
        }
    }

    /// Keeps a piece whose predecessors are still missing, if it is new and near enough. Returns
    /// whether it is kept.
    pub(crate) fn keep(&mut self, install: &InstallSnapshot, window: u64) -> bool {
        let beyond = install.offset.checked_sub(self.taken);
        if beyond.is_none_or(|beyond| beyond >= window) {
            return false;
        }
        let Entry::Vacant(place) = self.early.entry(install.offset) else {
            return false;
        };
        place.insert(install.length);
        true
    }

    /// Takes the next piece, of this length. Returns the length of the piece after it, if that has
    /// arrived.
    pub(crate) fn take(&mut self, length: u64) -> Option<u64> {
        self.taken += length;
        self.early = self.early.split_off(&self.taken);
        self.early.remove(&self.taken)
    }
}

/// The proposals that a server has passed on, oldest first.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct ForwardedProposals {
    pub(crate) passed: VecDeque<Passed>,
    pub(crate) bytes: u64,
}

impl ForwardedProposals {
    pub(crate) fn push(&mut self, passed: Passed) {
        self.bytes = self.bytes.saturating_add(passed.bytes);
        self.passed.push_back(passed);
    }

    /// Removes a message. Returns whether it was there.
    pub(crate) fn remove(&mut self, token: ProposalToken) -> bool {
        let place = self.passed.iter().position(|passed| passed.token == token);
        let gone = place.and_then(|place| self.passed.remove(place));
        self.bytes -= gone.map_or(0, |gone| gone.bytes);
        gone.is_some()
    }

    /// The deadline of the oldest answer.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.passed.front().map(|passed| passed.deadline)
    }
}

/// One message with proposals that is on its way, or whose outcome is unknown.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Passed {
    pub(crate) token: ProposalToken,
    pub(crate) bytes: u64,
    /// The end of the wait for an answer.
    pub(crate) deadline: Instant,
}
