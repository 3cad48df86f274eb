//! The start of a server from the content of its disk (Figure 2, "persistent state").

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::fmt;

use crate::configuration::Configuration;
use crate::durability::Durability;
use crate::log::{Base, Log};
use crate::message::SnapshotId;
use crate::raft::Raft;
use crate::random::Random;
use crate::role::{Follower, Role};
use crate::rules::Rules;
use crate::settings::{Settings, SettingsError};
use crate::state::{ForwardedProposals, Incoming, PendingWrite, Snapshot};
use crate::types::{HardState, Index, Instant, LIMIT, NodeId, SnapshotAttempt, Term};

/// The server's identity and the values for its start.
#[derive(Clone, Debug)]
pub struct Boot {
    /// Its identity.
    pub id: NodeId,
    /// Its settings.
    pub settings: Settings,
    /// Its clock.
    pub now: Instant,
    /// The seed: with `id` and `incarnation` it determines all randomness of the server.
    pub seed: u64,
    /// Counts its starts.
    pub incarnation: u64,
}

/// The content of the server's disk.
#[derive(Clone, Debug)]
pub struct Durable<E> {
    /// Term and vote; the default for a server that never ran.
    pub hard_state: HardState,
    /// The base of the log. A new cluster starts from (0, 0) and its configuration.
    pub base: Base,
    /// The log after the base, in order.
    pub entries: E,
    /// The last entry that the server may promise. It is below the last index if only the terms of
    /// some entries are known, so that a leader must send their payloads again.
    pub intact: Index,
    /// The newest complete snapshot: of the base, or of a later entry of the log.
    pub snapshot: Option<SnapshotId>,
    /// The snapshot that the server has received in part, and the number of bytes on disk.
    pub incoming: Option<(SnapshotId, u64)>,
    /// Whether the server may rely on its earlier promises. `false` for a disk that may have lost
    /// some: the server follows, but neither votes nor campaigns.
    pub may_vote: bool,
}

/// One entry found on disk.
#[derive(Clone, Debug)]
pub struct EntryMeta {
    /// The term of the leader that created it.
    pub term: Term,
    /// Its size in bytes.
    pub bytes: u64,
    /// The configuration it holds, if it holds one.
    pub configuration: Option<Configuration>,
}

/// Why a server cannot start from the content of its disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RestoreError {
    /// The settings cannot work.
    Settings(SettingsError),
    /// Terms decrease along the log, or one is 0: the entry with this index is wrong.
    TermsFall(Index),
    /// The log holds an entry of a term that the hard state has not reached.
    HardStateBehindLog,
    /// The entry with this index holds an empty configuration.
    NamesNobody(Index),
    /// The base has an index without a term, or a term without an index.
    BaseIsNoEntry,
    /// `intact` lies before the base or after the log.
    IntactOutsideLog,
    /// The snapshot is empty, or its last entry is neither the log's base nor in the log.
    SnapshotDoesNotFit,
    /// A number is not below [`LIMIT`].
    TooLarge,
}

impl core::error::Error for RestoreError {}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(error) => write!(f, "{error}"),
            Self::TermsFall(index) => {
                write!(f, "the term of entry {index} is below the one before")
            }
            Self::HardStateBehindLog => {
                f.write_str("the log holds an entry of a later term than the hard state")
            }
            Self::NamesNobody(index) => write!(f, "entry {index} makes nobody a member"),
            Self::BaseIsNoEntry => f.write_str("the base is neither the log's start nor an entry"),
            Self::IntactOutsideLog => f.write_str("the intact index lies outside the log"),
            Self::SnapshotDoesNotFit => f.write_str("the snapshot does not fit the log"),
            Self::TooLarge => f.write_str("a number on disk is too large"),
        }
    }
}

impl<R: Rules> Raft<R> {
    /// Starts a server from its disk, for the first time or after a crash.
    ///
    /// # Errors
    /// When the settings are invalid or the disk's content contradicts itself.
    pub fn restore<E: IntoIterator<Item = EntryMeta>>(
        rules: R,
        boot: Boot,
        durable: Durable<E>,
    ) -> Result<Self, RestoreError> {
        boot.settings.validate().map_err(RestoreError::Settings)?;
        let HardState {
            current_term,
            voted_for,
        } = durable.hard_state;
        if boot.now.0 >= LIMIT {
            return Err(RestoreError::TooLarge);
        }
        let base = durable.base.last.index;
        let log = restored_log(current_term, durable.base, durable.entries, &boot.settings)?;
        if durable.intact < base || durable.intact > log.last_index() {
            return Err(RestoreError::IntactOutsideLog);
        }
        let incoming = durable.incoming.map(|(id, _)| id);
        for id in durable.snapshot.into_iter().chain(incoming) {
            if id.last.index.0 >= LIMIT || id.last.term.0 >= LIMIT || id.bytes >= LIMIT {
                return Err(RestoreError::TooLarge);
            }
        }
        let snapshot = durable.snapshot.map(|id| restored_snapshot(id, &log));
        let snapshot = snapshot.transpose()?;
        let commit_index = snapshot.as_ref().map_or(base, |known| known.id.last.index);
        // As at the time of the snapshot: its receiver would know no member.
        let snapshot = snapshot.filter(|known| !known.configuration.is_empty());
        let incoming = durable
            .incoming
            .filter(|(id, received)| *received <= id.bytes);
        let mut raft = Self {
            rules,
            id: boot.id,
            settings: boot.settings,
            now: boot.now,
            random: Random::new(boot.seed, boot.id.0, boot.incarnation),
            current_term,
            voted_for,
            log,
            commit_index,
            role: Role::Follower(Follower::default()),
            durability: Durability::restored(durable.intact),
            snapshot,
            incoming: incoming.map(|(id, received)| Box::new(Incoming::found(id, received))),
            reception: SnapshotAttempt(0),
            election_deadline: None,
            heard_at: boot.now,
            leaderless_since: boot.now,
            may_vote: durable.may_vote,
            vote_owed: None,
            forwarded: ForwardedProposals::default(),
            last_leader: None,
            pending: PendingWrite::default(),
            effects: VecDeque::new(),
        };
        let commit = raft.commit_index;
        raft.log
            .keep_configurations(|at| raft.rules.configuration_found_counts(at, commit));
        raft.forget_overtaken();
        raft.election_deadline = Some(raft.fresh_election_deadline());
        assert!(raft.invariants().is_ok(), "a server starts in order");
        Ok(raft)
    }
}

/// The log of these entries after this base. None of them may have a term above the server's.
fn restored_log(
    current_term: Term,
    base: Base,
    entries: impl IntoIterator<Item = EntryMeta>,
    settings: &Settings,
) -> Result<Log, RestoreError> {
    let last = base.last;
    if current_term.0 >= LIMIT || last.index.0 >= LIMIT {
        return Err(RestoreError::TooLarge);
    }
    if (last.index.0 == 0) != (last.term.0 == 0) {
        return Err(RestoreError::BaseIsNoEntry);
    }
    let mut log = Log::new(base, settings.max_message_bytes);
    for entry in entries {
        if entry.term < log.last().term || entry.term.0 == 0 {
            return Err(RestoreError::TermsFall(log.last_index().next()));
        }
        if entry.bytes >= LIMIT {
            return Err(RestoreError::TooLarge);
        }
        let configuration = entry.configuration.as_ref();
        if configuration.is_some_and(Configuration::is_empty) {
            return Err(RestoreError::NamesNobody(log.last_index().next()));
        }
        log.append(entry.term, entry.bytes, configuration);
    }
    if log.last().term > current_term {
        return Err(RestoreError::HardStateBehindLog);
    }
    Ok(log)
}

/// The snapshot on disk, if the log holds its last entry or begins after it.
fn restored_snapshot(id: SnapshotId, log: &Log) -> Result<Box<Snapshot>, RestoreError> {
    if log.term_at(id.last.index) != Ok(id.last.term) || id.bytes == 0 {
        return Err(RestoreError::SnapshotDoesNotFit);
    }
    let configuration = log.configuration_in_force_at(id.last.index).clone();
    Ok(Box::new(Snapshot { id, configuration }))
}
