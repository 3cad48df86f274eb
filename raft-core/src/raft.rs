//! One server's state (Figure 2), how it starts, and what may be read of it.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::fmt;

use crate::cards::RuleId;
use crate::configuration::Configuration;
use crate::durability::Durability;
use crate::effect::{Append, Effect, Rebase, Write};
use crate::event::{Event, Observer, RoleKind};
use crate::forwarding::Forwarded;
use crate::log::{Base, Log};
use crate::membership::ChangeFailure;
use crate::message::{Body, Message, SnapshotId};
use crate::progress::Progress;
use crate::quiescence::Quiet;
use crate::random::Random;
use crate::role::{Follower, Role};
use crate::rules::{Rules, Standard};
use crate::settings::{Settings, SettingsError};
use crate::snapshot::{Incoming, Snapshot};
use crate::types::{HardState, Index, Instant, LIMIT, NodeId, Reception, Term, WriteId};

/// A Raft server: a deterministic function of its state and each [`Input`](crate::Input).
///
/// `R` decides ([`Rules`]); production's [`Standard`] has no size. A `&Raft<dyn Rules>` reads a server
/// whatever it decides by.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Raft<R: ?Sized = Standard> {
    pub(crate) id: NodeId,
    pub(crate) settings: Settings,
    pub(crate) now: Instant,
    pub(crate) random: Random,
    pub(crate) current_term: Term,
    pub(crate) voted_for: Option<NodeId>,
    pub(crate) log: Log,
    pub(crate) commit_index: Index,
    pub(crate) role: Role,
    pub(crate) durability: Durability,
    /// The newest snapshot held here, whole and durable.
    pub(crate) snapshot: Option<Box<Snapshot>>,
    /// The snapshot of which this server holds a part.
    pub(crate) incoming: Option<Box<Incoming>>,
    /// The last go at receiving one.
    pub(crate) reception: Reception,
    /// When to campaign, unless a leader is heard from; `None` for leaders, for candidates whose
    /// candidacy is not durable yet, and for who sleeps.
    pub(crate) election_deadline: Option<Instant>,
    /// When a leader was last heard from, or this server started.
    pub(crate) heard_at: Instant,
    /// Since when this server has known of no leader: it last heard from one then, was deposed as
    /// one, or started. It speaks for the priority only, so a leader that gives up counts from when
    /// it last followed: it wants others to lead.
    pub(crate) leaderless_since: Instant,
    pub(crate) may_vote: bool,
    /// The candidate whose granted vote waits for the disk. Dies with the term.
    pub(crate) vote_owed: Option<NodeId>,
    /// Proposals that this server has passed on to its leader.
    pub(crate) forwarded: Forwarded,
    /// The leader that it last heard from, in whatever term.
    pub(crate) last_leader: Option<NodeId>,
    /// The write that this step builds up.
    pub(crate) pending: Pending,
    pub(crate) effects: VecDeque<Effect>,
    /// Last, so that a reference to a server can forget their type.
    pub(crate) rules: R,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Pending {
    pub(crate) hard_state: bool,
    pub(crate) truncate_from: Option<Index>,
    pub(crate) rebase: Option<Box<Rebase>>,
    pub(crate) append: Option<Append>,
}

/// Who a server is and how it starts.
#[derive(Clone, Debug)]
pub struct Boot {
    /// Its identity.
    pub id: NodeId,
    /// Its knobs.
    pub settings: Settings,
    /// Its clock.
    pub now: Instant,
    /// With `id` and `incarnation`, all its randomness.
    pub seed: u64,
    /// Counts its starts.
    pub incarnation: u64,
}

/// What was found on disk.
#[derive(Clone, Debug)]
pub struct Durable<E> {
    /// Term and vote; the default for a server that never ran.
    pub hard_state: HardState,
    /// What lies before the log. A new cluster starts from (0, 0) and its configuration.
    pub base: Base,
    /// The log after the base, in order.
    pub entries: E,
    /// Up to where the log may be promised; below its last index where some entries are known by
    /// term only (their payloads must be sent again).
    pub intact: Index,
    /// The newest whole snapshot: of the base, or of a later entry of the log.
    pub snapshot: Option<SnapshotId>,
    /// The snapshot of which a part was received, and how many bytes of it are there.
    pub incoming: Option<(SnapshotId, u64)>,
    /// Whether promises made before may be relied on. `false` for a disk that may have forgotten
    /// some: the server follows, but neither votes nor campaigns.
    pub may_vote: bool,
}

/// One entry found on disk.
#[derive(Clone, Debug)]
pub struct EntryMeta {
    /// The term in which it was created.
    pub term: Term,
    /// Its size in bytes.
    pub bytes: u64,
    /// The configuration it holds, if it holds one.
    pub configuration: Option<Configuration>,
}

/// Why a server cannot start from what was found on disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RestoreError {
    /// The settings cannot work.
    Settings(SettingsError),
    /// Terms fall along the log, or one is 0: the entry with this index is wrong.
    TermsFall(Index),
    /// The log holds an entry of a term that the hard state has not reached.
    HardStateBehindLog,
    /// The entry with this index holds a configuration of nobody.
    NamesNobody(Index),
    /// The base has an index without a term, or a term without an index.
    BaseIsNoEntry,
    /// `intact` lies before the base or after the log.
    IntactOutsideLog,
    /// The snapshot is empty, or its last entry is neither the log's base nor in the log.
    SnapshotDoesNotFit,
    /// A number is beyond [`LIMIT`].
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
    /// A server that starts, for the first time or again, from what is on its disk.
    ///
    /// # Errors
    /// When the settings cannot work or the disk's content contradicts itself.
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
        let base = durable.base.last;
        if current_term.0 >= LIMIT || base.index.0 >= LIMIT || boot.now.0 >= LIMIT {
            return Err(RestoreError::TooLarge);
        }
        if (base.index.0 == 0) != (base.term.0 == 0) {
            return Err(RestoreError::BaseIsNoEntry);
        }
        let log = restored_log(durable.base, durable.entries, &boot.settings)?;
        if log.last().term > current_term {
            return Err(RestoreError::HardStateBehindLog);
        }
        if durable.intact < base.index || durable.intact > log.last_index() {
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
        let commit_index = snapshot
            .as_ref()
            .map_or(base.index, |known| known.id.last.index);
        // As when it was taken: who was sent it would know nobody.
        let snapshot = snapshot.filter(|known| !known.configuration.is_of_nobody());
        let incoming = durable
            .incoming
            .filter(|(id, received)| *received <= id.bytes);
        let mut raft = Self {
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
            reception: Reception(0),
            election_deadline: None,
            heard_at: boot.now,
            leaderless_since: boot.now,
            may_vote: durable.may_vote,
            vote_owed: None,
            forwarded: Forwarded::default(),
            last_leader: None,
            pending: Pending::default(),
            effects: VecDeque::new(),
            rules,
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

/// What may be read.
impl<R: Rules + ?Sized> Raft<R> {
    /// This server's identity.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// Its knobs.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What its clock showed at its last step, or when it started.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Latest term it has seen (Figure 2).
    #[must_use]
    pub fn current_term(&self) -> Term {
        self.current_term
    }

    /// Who has its vote of that term (Figure 2).
    #[must_use]
    pub fn voted_for(&self) -> Option<NodeId> {
        self.voted_for
    }

    /// Highest entry it knows to be committed (Figure 2).
    #[must_use]
    pub fn commit_index(&self) -> Index {
        self.commit_index
    }

    /// Its log's metadata (Figure 2).
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The configuration in force: the latest in its log.
    #[must_use]
    pub fn configuration(&self) -> &Configuration {
        self.in_force()
    }

    /// What it is.
    #[must_use]
    pub fn role(&self) -> RoleKind {
        self.role.kind()
    }

    /// Who leads its term, if it knows.
    #[must_use]
    pub fn leader(&self) -> Option<NodeId> {
        match &self.role {
            Role::Follower(follower) => follower.leader,
            Role::Leader(_) => Some(self.id),
            Role::PreCandidate(_) | Role::Candidate(_) => None,
        }
    }

    /// What a leader knows of the others, in ascending order; empty for everyone else.
    #[must_use]
    pub fn progress(&self) -> &[Progress] {
        match &self.role {
            Role::Leader(leader) => &leader.peers,
            _ => &[],
        }
    }

    /// The log is durable up to here.
    #[must_use]
    pub fn durable_index(&self) -> Index {
        self.durability.durable_index()
    }

    /// The last write handed out, and the last one reported durable.
    #[must_use]
    pub fn writes(&self) -> (WriteId, WriteId) {
        (self.durability.issued(), self.durability.durable_write())
    }

    /// When it wants [`Input::Wake`](crate::Input::Wake); `None` while only other inputs matter, as for
    /// who sleeps.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match &self.role {
            Role::Leader(leader) if leader.quiet == Quiet::Asleep => None,
            Role::Leader(leader) => Some(match leader.transfer {
                Some(transfer) => leader.next_heartbeat.min(transfer.deadline),
                None => leader.next_heartbeat,
            }),
            _ => match (self.election_deadline, self.forwarded.deadline()) {
                (Some(election), Some(forwarded)) => Some(election.min(forwarded)),
                (election, forwarded) => election.or(forwarded),
            },
        }
    }

    // ---- shared by the rule files -----------------------------------------------------------

    pub(crate) fn fresh_election_deadline(&mut self) -> Instant {
        let (min, max) = (
            self.settings.election_timeout_min,
            self.settings.election_timeout_max,
        );
        let draw = self.random.draw();
        self.now.after(self.rules.election_timeout(min, max, draw))
    }

    pub(crate) fn send(&mut self, to: NodeId, body: Body) {
        assert!(to != self.id, "a server does not write to itself");
        let message = Message {
            term: self.current_term,
            body,
        };
        self.effects.push_back(Effect::Send { to, message });
    }

    /// Becomes a follower, in this term or a higher one (§5.1).
    pub(crate) fn become_follower<O: Observer>(
        &mut self,
        term: Term,
        leader: Option<NodeId>,
        rule: RuleId,
        observer: &mut O,
    ) {
        assert!(term >= self.current_term, "terms never fall");
        assert!(leader != Some(self.id), "nobody follows itself");
        self.fail_change(ChangeFailure::LeadershipLost, observer);
        self.fail_reads(observer);
        self.lose_forwarded(observer);
        let was = self.role.kind();
        if was == RoleKind::Leader && rule == RuleId::HigherTerm {
            self.leaderless_since = self.now;
        }
        let voted_for = self
            .rules
            .vote_after_step_down(self.voted_for, self.current_term, term);
        if term > self.current_term || voted_for != self.voted_for {
            self.pending.hard_state = true;
            self.vote_owed = None;
        }
        self.current_term = term;
        self.voted_for = voted_for;
        self.role = Role::Follower(Follower {
            leader,
            ..Follower::default()
        });
        // A term alone postpones nothing (§5.2): a candidate that can never win must not keep the
        // others from campaigning.
        if self.election_deadline.is_none() {
            self.election_deadline = Some(self.fresh_election_deadline());
        }
        observer.event(Event::Became {
            role: RoleKind::Follower,
            was,
            term,
            rule,
        });
        if let Some(leader) = leader {
            observer.event(Event::Follows { leader, term });
        }
    }

    /// Hands the step's write to the driver, as the first effect.
    pub(crate) fn flush_write(&mut self) {
        let Pending {
            hard_state,
            truncate_from,
            rebase,
            append,
        } = core::mem::take(&mut self.pending);
        if !hard_state && truncate_from.is_none() && rebase.is_none() && append.is_none() {
            return;
        }
        assert!(
            truncate_from.is_none() || rebase.is_none(),
            "a log is cut at its start or at its end"
        );
        let submitted = self.durability.submitted_index();
        assert!(
            append
                .as_ref()
                .is_none_or(|append| append.first <= submitted.next()),
            "writes leave no hole"
        );
        let last = append.as_ref().map_or(submitted, |append| append.last);
        assert!(
            last <= self.log.last_index(),
            "nothing is written that the log does not hold"
        );
        let id = self.durability.issue(hard_state, last, self.now);
        let hard_state = hard_state.then_some(HardState {
            current_term: self.current_term,
            voted_for: self.voted_for,
        });
        self.effects.push_front(Effect::Write(Write {
            id,
            hard_state,
            truncate_from,
            rebase,
            append,
        }));
    }
}

/// The log that these entries make after this base.
fn restored_log(
    base: Base,
    entries: impl IntoIterator<Item = EntryMeta>,
    settings: &Settings,
) -> Result<Log, RestoreError> {
    let mut log = Log::new(base, settings.max_message_bytes);
    for entry in entries {
        if entry.term < log.last().term || entry.term.0 == 0 {
            return Err(RestoreError::TermsFall(log.last_index().next()));
        }
        if entry.bytes >= LIMIT {
            return Err(RestoreError::TooLarge);
        }
        let configuration = entry.configuration.as_ref();
        if configuration.is_some_and(Configuration::is_of_nobody) {
            return Err(RestoreError::NamesNobody(log.last_index().next()));
        }
        log.append(entry.term, entry.bytes, configuration);
    }
    Ok(log)
}

/// The snapshot found, if it is of an entry that the log holds or begins after.
fn restored_snapshot(id: SnapshotId, log: &Log) -> Result<Box<Snapshot>, RestoreError> {
    if log.term_at(id.last.index) != Ok(id.last.term) || id.bytes == 0 {
        return Err(RestoreError::SnapshotDoesNotFit);
    }
    let configuration = log.configuration_in_force_at(id.last.index).clone();
    Ok(Box::new(Snapshot { id, configuration }))
}
