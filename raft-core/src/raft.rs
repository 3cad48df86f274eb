//! One server's state (Figure 2), and what may be read of it.

use alloc::boxed::Box;
use alloc::collections::VecDeque;

use crate::configuration::Configuration;
use crate::durability::Durability;
use crate::effect::Effect;
use crate::event::RoleKind;
use crate::log::Log;
use crate::message::{Body, Message};
use crate::progress::Progress;
use crate::random::Random;
use crate::role::{Quiet, Role};
use crate::rules::{Rules, Standard};
use crate::settings::Settings;
use crate::state::{ForwardedProposals, Incoming, PendingWrite, Snapshot};
use crate::types::{Index, Instant, NodeId, SnapshotAttempt, Term, WriteId};

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
    /// The last attempt at receiving one.
    pub(crate) reception: SnapshotAttempt,
    /// When to campaign, unless a leader is heard from; `None` for leaders, for candidates whose
    /// candidacy is not durable yet, and for sleeping servers.
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
    pub(crate) forwarded: ForwardedProposals,
    /// The leader that it last heard from, in whatever term.
    pub(crate) last_leader: Option<NodeId>,
    /// The write that this step builds up.
    pub(crate) pending: PendingWrite,
    pub(crate) effects: VecDeque<Effect>,
    /// Last, so that a reference to a server can forget their type.
    pub(crate) rules: R,
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
    /// a sleeping server.
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

    /// The configuration in force: the latest in the log.
    pub(crate) fn in_force(&self) -> &Configuration {
        let through = self.in_force_through();
        match through >= self.log.last_index() {
            true => self.log.configuration(),
            false => self.log.configuration_in_force_at(through),
        }
    }

    /// The last entry that may hold it.
    #[inline]
    pub(crate) fn in_force_through(&self) -> Index {
        let last = self.log.last_index();
        self.rules.in_force_through(last, self.commit_index)
    }

    // ---- shared by the rule files -----------------------------------------------------------

    pub(crate) fn send(&mut self, to: NodeId, body: Body) {
        assert!(to != self.id, "a server does not write to itself");
        let message = Message {
            term: self.current_term,
            body,
        };
        self.effects.push_back(Effect::Send { to, message });
    }
}
