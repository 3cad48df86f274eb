//! Checks that a leader changes the members as operators requested, and the conditions of a change:
//! a new voter holds the log, a quorum of the next voters is alive, and a removed leader makes sure
//! that the others learn of its removal.

use raft_core::{RoleKind, Term};
use simulator::{Action, Cluster, Endpoint, NodeId, Step};
use sut::{NodeSet, Operator, Property, Server, engine_id};

use super::{Core, Found, Safety};
use crate::configurations::Sets;
use crate::requested_change::{RequestedChange, but};
use crate::subject::Subject;

const AS_ASKED: Property = Property::MembersAsAsked;

/// The pending requests of a node that leads, and its knowledge of the others. Times are local.
#[derive(Clone, Debug, Default)]
pub(super) struct PendingRequests {
    /// The requests that it has not answered.
    requests: Vec<PendingRequest>,
    /// The time of the last message from each node.
    heard: Vec<u64>,
    /// Whether it has asked the others to quiesce.
    quiescing: bool,
    /// For a leader without a vote: the time of the last contact with each voter, by the leader's
    /// own account.
    followed: Option<Vec<(NodeId, u64)>>,
    /// The time when its disk last completed a write or was idle.
    disk_at: u64,
}

/// One change that an operator requested from a leader.
#[derive(Clone, Debug)]
struct PendingRequest {
    wish: RequestedChange,
    /// The end of its log when it had begun the change.
    through: u64,
    /// Its commit index at that time.
    committed: u64,
}

/// The state of a node before a step.
#[derive(Clone, Copy)]
pub(super) struct BeforeStep {
    /// Whether it already led its term after the step.
    led: bool,
    /// The last index of its log.
    last: u64,
    members: Sets,
}

/// A configuration that a leader appends.
#[derive(Clone, Copy)]
struct Appended {
    id: NodeId,
    index: u64,
    /// The members before the change. `is` holds the members after it.
    was: Sets,
    is: Sets,
}

impl PendingRequests {
    fn hear(&mut self, from: NodeId, local: u64) {
        // An id that no node has stands for an unknown node.
        if let Some(heard) = self.heard.get_mut(from.0 as usize) {
            *heard = local;
        }
    }

    /// It asks another server to quiesce.
    pub(super) fn quiesces(&mut self) {
        self.quiescing = true;
    }

    /// A leader that ends the quiescence counts its contacts from then on.
    #[inline]
    pub(super) fn breaks_silence(&mut self, local: u64) {
        if self.quiescing {
            self.quiescing = false;
            self.heard.fill(local);
        }
    }
}

impl Safety {
    /// The state of a node before this step, in the term after the step. Also records the requests
    /// and messages that the node receives.
    pub(super) fn known_before(
        &mut self,
        id: NodeId,
        term: Term,
        step: &Step<'_, Server>,
    ) -> BeforeStep {
        let local = local(step);
        let watched = self.watched(id);
        let known = BeforeStep {
            led: watched.role == Some(RoleKind::Leader) && watched.term == term,
            last: watched.log.last(),
            members: watched.members.latest(),
        };
        if !known.led {
            watched.pending_requests.requests.clear();
            watched.pending_requests.heard.clear();
            watched.pending_requests.followed = None;
            watched.pending_requests.quiescing = false;
            return known;
        }
        match step.action {
            Action::Deliver(message) | Action::Duplicate(message) => {
                if let Endpoint::Node(from) = message.from {
                    watched.pending_requests.hear(from, local);
                }
            }
            Action::Operator {
                command: Operator::Command(kv::Operator::Change { change, how }),
                ..
            } => watched.pending_requests.requests.push(PendingRequest {
                wish: RequestedChange {
                    change: change.clone(),
                    how: *how,
                    was: known.members,
                },
                through: known.last,
                committed: watched.commit,
            }),
            _ => {}
        }
        known
    }

    /// Checks the changes of members that a leader made in this step.
    pub(super) fn as_asked(
        &mut self,
        cluster: &Cluster<Server>,
        id: NodeId,
        raft: &Core,
        (step, known): (&Step<'_, Server>, BeforeStep),
    ) -> Result<(), Found> {
        if known.led {
            if self.nodes[id.0 as usize].members.latest_at() > known.last {
                self.appended(cluster, id, raft, (step, known))?;
            }
            self.leads_until_removed(raft, id, step, known.last)?;
        }
        self.note(cluster, id, raft, step);
        Ok(())
    }

    /// A leader appends configurations.
    fn appended(
        &mut self,
        cluster: &Cluster<Server>,
        id: NodeId,
        raft: &Core,
        (step, known): (&Step<'_, Server>, BeforeStep),
    ) -> Result<(), Found> {
        let local = local(step);
        let mut was = known.members;
        let members = &self.nodes[id.0 as usize].members;
        let appended: Vec<_> = members.after(known.last).collect();
        for (index, is) in appended {
            let appended = Appended { id, index, was, is };
            let request = self.was_asked(appended)?;
            if let Some(request) = request.filter(|request| !request.wish.how.forced) {
                self.voters_hold_the_log(cluster, appended, &request)?;
                self.voters_were_heard(raft, appended, &request, local)?;
            }
            for new in but(is.everybody(), was.everybody()).iter() {
                self.watched(id).pending_requests.hear(new, local);
            }
            was = is;
        }
        Ok(())
    }

    /// Checks that the appended configuration is the next one on the way to a requested one, or the
    /// end of a joint configuration. Returns the request, if there was one.
    fn was_asked(&mut self, appended: Appended) -> Result<Option<PendingRequest>, Found> {
        self.count(AS_ASKED);
        let Appended { id, index, was, is } = appended;
        let requests = &self.nodes[id.0 as usize].pending_requests.requests;
        let request = requests
            .iter()
            .find(|request| request.wish.next(was) == Some(is));
        if request.is_some() || (was.leaves_itself && is == was.left()) {
            return Ok(request.cloned());
        }
        let wishes = requests.iter().map(|request| {
            let (wish, was) = (request.wish.show(&self.names), request.wish.was);
            format!("to {wish}, of {}", was.show(&self.names))
        });
        let wishes: Vec<_> = wishes.collect();
        let name = self.name(id);
        let facts = [
            match wishes.is_empty() {
                true => format!("{name} was asked for nothing that it has not answered"),
                false => format!("{name} was asked {}", wishes.join(" and ")),
            },
            format!(
                "after the members {} it appends {} as #{index}",
                was.show(&self.names),
                is.show(&self.names)
            ),
        ];
        self.object(AS_ASKED, Subject::Node(id), facts)?;
        Ok(None)
    }

    /// A new voter must hold, on its own disk, the leader's log as it was when the change was
    /// requested.
    ///
    /// The reason: the first round of catching up ends when the new server has acknowledged that
    /// log, and it acknowledges only durable entries. Durable entries are removed only by a leader
    /// of a later term, and committed entries are never removed. So if a node has led a later term,
    /// only the entries that this leader knew to be committed are required.
    fn voters_hold_the_log(
        &mut self,
        cluster: &Cluster<Server>,
        appended: Appended,
        request: &PendingRequest,
    ) -> Result<(), Found> {
        let Appended { id, index, was, is } = appended;
        let watched = &self.nodes[id.0 as usize];
        let term = usize::try_from(watched.term.0).expect("a run has few terms");
        let deposed = self.leaders.iter().skip(term + 1).any(Option::is_some);
        let due = if deposed {
            request.committed
        } else {
            request.through
        };
        let Some(entry) = watched.log.get(due).filter(|_| !self.recovered) else {
            return Ok(());
        };
        let gained = but(is.voters(), was.voters());
        for new in cluster.nodes().filter(|node| gained.contains(*node)) {
            self.count(AS_ASKED);
            let disk = &cluster.disk(new).0;
            let at = raft_core::Index(due);
            if disk.term_at(at) == Some(entry.term) || at < disk.base().index {
                continue;
            }
            let (name, newcomer) = (self.name(id), self.name(new));
            let wish = request.wish.show(&self.names);
            let held = disk.last_index();
            let facts = [
                format!(
                    "{name} held #{due}{} when it was asked to {wish}",
                    entry.term
                ),
                format!(
                    "{newcomer} has a vote by #{index}, and its disk holds no such entry: it ends with {held}"
                ),
            ];
            self.object(AS_ASKED, Subject::Node(id), facts)?;
        }
        Ok(())
    }

    /// A majority of the next voters must have been heard of within the longest election timeout,
    /// on the leader's own clock. This is weaker than the leader's own rule, which counts from the
    /// sending of the request that a voter answered. The leader need not hear itself, nor a server
    /// that it has to write to first.
    fn voters_were_heard(
        &mut self,
        raft: &Core,
        appended: Appended,
        request: &PendingRequest,
        local: u64,
    ) -> Result<(), Found> {
        let Appended { id, index, was, is } = appended;
        let Some(target) = request
            .wish
            .target()
            .filter(|to| to.incoming != was.incoming)
        else {
            return Ok(());
        };
        self.count(AS_ASKED);
        let longest = raft.settings().election_timeout_max.0;
        let heard = &self.nodes[id.0 as usize].pending_requests.heard;
        let lives = |node: &NodeId| {
            let heard = heard.get(node.0 as usize);
            let lately = heard.is_some_and(|at| local.saturating_sub(*at) <= longest);
            *node == id || !was.everybody().contains(*node) || lately
        };
        let next = Sets {
            incoming: target.incoming,
            ..Sets::default()
        };
        let Some(short) = next.short(next.incoming.iter().filter(lives).collect()) else {
            return Ok(());
        };
        let name = self.name(id);
        let facts = [
            format!(
                "in the last {} {name} has heard of {} of {}, {} are needed",
                sut::time_text::brief(longest),
                self.listed(short.have),
                self.listed(short.of),
                short.needed()
            ),
            format!("it appends {} as #{index}", is.show(&self.names)),
        ];
        self.object(AS_ASKED, Subject::Node(id), facts)
    }

    /// A leader without a vote in its latest configuration must continue to lead until that
    /// configuration is committed. In the same term only the operator or its own timer ends its
    /// leadership: the timer does so if the leader hears from no quorum, or if its disk stalls.
    fn leads_until_removed(
        &mut self,
        raft: &Core,
        id: NodeId,
        step: &Step<'_, Server>,
        last: u64,
    ) -> Result<(), Found> {
        let watched = &self.nodes[id.0 as usize];
        let at = watched.members.latest_at();
        if at <= self.committed.last() {
            return Ok(());
        }
        let latest = watched.members.latest();
        if latest.votes(id) {
            return Ok(());
        }
        self.count(AS_ASKED);
        if raft.role() == RoleKind::Leader || (at <= last && self.may_give_up(raft, id, step)) {
            return Ok(());
        }
        let name = self.name(id);
        let facts = [
            format!(
                "{name} leads {}, and #{at} is not committed, which makes {} the members",
                raft.current_term(),
                latest.show(&self.names)
            ),
            "it leads no more, of its own accord".to_owned(),
        ];
        self.object(AS_ASKED, Subject::Node(id), facts)
    }

    /// Whether a leader may step down in this step without a new term.
    fn may_give_up(&self, raft: &Core, id: NodeId, step: &Step<'_, Server>) -> bool {
        match step.action {
            Action::Operator {
                command: Operator::Command(kv::Operator::StepDown),
                ..
            } => return true,
            Action::Wake(_) => {}
            _ => return false,
        }
        let settings = raft.settings();
        let watched = &self.nodes[id.0 as usize];
        let since = |at: u64| local(step).saturating_sub(at);
        let longest = settings.election_timeout_max.0;
        let followed = watched.pending_requests.followed.iter().flatten();
        let follow = followed.filter(|(_, at)| since(*at) <= longest);
        let follow: NodeSet = follow.map(|(node, _)| *node).collect();
        let lost = settings.check_quorum && watched.members.latest().short(follow).is_some();
        let stalls = |allowed: raft_core::Span| since(watched.pending_requests.disk_at) > allowed.0;
        lost || settings.disk_timeout.is_some_and(stalls)
    }

    /// Records the state with which the next step is compared.
    fn note(
        &mut self,
        cluster: &Cluster<Server>,
        id: NodeId,
        raft: &Core,
        step: &Step<'_, Server>,
    ) {
        let (local, nodes) = (local(step), self.names.len());
        let watched = self.watched(id);
        let (pending, last) = (&mut watched.pending_requests, watched.log.last());
        let idle = cluster.pending_writes(id).len() == 0;
        if idle || matches!(step.action, Action::Written { .. }) {
            pending.disk_at = local;
        }
        if raft.role() != RoleKind::Leader {
            return;
        }
        pending.heard.resize(nodes, local);
        if !raft.is_changing() {
            pending.requests.clear();
        }
        if let Action::Operator {
            command: Operator::Command(kv::Operator::Change { .. }),
            ..
        } = step.action
            && let Some(request) = pending.requests.last_mut()
        {
            request.through = last;
        }
        let votes = watched.members.latest().votes(id);
        let progress = raft.progress().iter();
        let followed = progress.map(|peer| (engine_id(peer.id), peer.contact.0));
        watched.pending_requests.followed = (!votes).then(|| followed.collect());
    }
}

/// The local time of the node.
pub(super) fn local(step: &Step<'_, Server>) -> u64 {
    step.local.map_or(0, |local| local.0)
}
