//! One server's state (Figure 2), and its public view.

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
/// `R` makes the decisions ([`Rules`]). Production's [`Standard`] has no size. A `&Raft<dyn Rules>`
/// gives access to any server, without naming its rules.
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
    /// The newest complete and durable snapshot.
    pub(crate) snapshot: Option<Box<Snapshot>>,
    /// The snapshot that this server has received in part.
    pub(crate) incoming: Option<Box<Incoming>>,
    /// The last attempt at receiving one.
    pub(crate) reception: SnapshotAttempt,
    /// The instant of the next campaign, unless the server hears from a leader. `None` for leaders,
    /// for candidates whose candidacy is not durable yet, and for sleeping servers.
    pub(crate) election_deadline: Option<Instant>,
    /// The last instant at which it heard from a leader, or its start.
    pub(crate) heard_at: Instant,
    /// The start of the time without a known leader: the server last heard from a leader then, was
    /// deposed as a leader, or started. Only the priority rule uses it. A leader that steps down
    /// counts from the time when it last followed, because it gives way to others.
    pub(crate) leaderless_since: Instant,
    pub(crate) may_vote: bool,
    /// The candidate whose granted vote waits for the disk. The end of the term clears it.
    pub(crate) vote_owed: Option<NodeId>,
    /// Proposals that this server has passed on to its leader.
    pub(crate) forwarded: ForwardedProposals,
    /// The leader that it last heard from, in any term.
    pub(crate) last_leader: Option<NodeId>,
    /// The write of the present step.
    pub(crate) pending: PendingWrite,
    pub(crate) effects: VecDeque<Effect>,
    /// The last field, so that a reference to a server can be unsized to `dyn Rules`.
    pub(crate) rules: R,
}

/// The public view of the state.
impl<R: Rules + ?Sized> Raft<R> {
    /// This server's identity.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// Its settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Its clock at its last step, or at its start.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Latest term it has seen (Figure 2).
    #[must_use]
    pub fn current_term(&self) -> Term {
        self.current_term
    }

    /// The candidate that has its vote of that term (Figure 2).
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

    /// Its role.
    #[must_use]
    pub fn role(&self) -> RoleKind {
        self.role.kind()
    }

    /// The leader of its term, if known.
    #[must_use]
    pub fn leader(&self) -> Option<NodeId> {
        match &self.role {
            Role::Follower(follower) => follower.leader,
            Role::Leader(_) => Some(self.id),
            Role::PreCandidate(_) | Role::Candidate(_) => None,
        }
    }

    /// A leader's knowledge of the others, in ascending order; empty for other roles.
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

    /// The instant at which it needs [`Input::Wake`](crate::Input::Wake); `None` while only other
    /// inputs matter, as for a sleeping server.
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
