//! The stepped scheduler: a list of actions decides, and nothing is drawn.
//!
//! Time stands still until a timer fires or it is moved. A node's timer fires only when the list
//! says so; the world's time then moves to that deadline, and timers of other nodes that are
//! overdue by then wait for their own turn.

use std::collections::VecDeque;

use crate::action::{Action, DropReason, MessageId};
use crate::apply::Applied;
use crate::cluster::Cluster;
use crate::flight::Flight;
use crate::node::{Node, NodeId};
use crate::observer::Observer;
use crate::refusal::Refusal;
use crate::slab::Slot;
use crate::time::{Span, Time};
use crate::topology::{Endpoint, LinkId, Pair};

/// The time at which a node's writes become durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Completions {
    /// Right after the action that wrote it, unless the node's disk is stalled.
    #[default]
    AtOnce,
    /// When an action of the list completes them.
    Listed,
}

/// Whether a link carries messages that the list does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gate {
    /// The link carries them.
    #[default]
    Open,
    /// The link keeps them in flight.
    Held,
    /// The link loses them.
    Cut,
}

/// The reason why a call stopped before its work was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped<V> {
    /// The action is impossible. The cluster is unchanged.
    Refused(Refusal),
    /// [`Stepped::settle`] reached its limit of actions.
    ActionLimit,
    /// The observer objected.
    Objection(V),
}

impl<V> From<Refusal> for Stopped<V> {
    fn from(refusal: Refusal) -> Self {
        Stopped::Refused(refusal)
    }
}

/// A cluster that performs the actions of a list. `Clone` makes an independent copy.
///
/// The methods panic if the caller names a node or a link of another world. Only actions are
/// refused.
#[derive(Clone)]
pub struct Stepped<N: Node> {
    cluster: Cluster<N>,
    now: Time,
    completions: Completions,
    stalled: Vec<bool>,
    gates: Vec<Gate>,
    /// The slots of the messages in flight, per link, in the order in which they were sent.
    mail: Vec<VecDeque<(u64, Slot)>>,
    events: Vec<N::Event>,
}

impl<N: Node> Stepped<N> {
    /// Creates a scheduler for a cluster at time 0. At first no disk is stalled and all links are
    /// open.
    ///
    /// # Panics
    ///
    /// If the cluster has already performed an action.
    #[must_use]
    pub fn new(cluster: Cluster<N>, completions: Completions) -> Stepped<N> {
        assert_eq!(cluster.last_event().0, 0, "a list is a whole run");
        let topology = cluster.topology();
        Stepped {
            now: cluster.now(),
            completions,
            stalled: topology.nodes().map(|_| false).collect(),
            gates: topology.links().map(|_| Gate::Open).collect(),
            mail: topology.links().map(|_| VecDeque::new()).collect(),
            events: Vec::new(),
            cluster,
        }
    }

    /// The cluster inside.
    #[must_use]
    pub fn cluster(&self) -> &Cluster<N> {
        &self.cluster
    }

    /// The world's time.
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    /// Moves the world's time forward; no timer fires.
    ///
    /// # Errors
    ///
    /// [`Refusal::Past`] if `time` lies in the past.
    pub fn advance_to(&mut self, time: Time) -> Result<(), Refusal> {
        if time < self.now {
            return Err(Refusal::Past);
        }
        self.now = time;
        Ok(())
    }

    /// Performs one action now, then completes the writes, if writes complete at once. A node wakes
    /// at its deadline: the world's time moves there. `hint` is the probable slot of the action's
    /// message, from [`Stepped::oldest`].
    ///
    /// # Errors
    ///
    /// The reason why the action is impossible, in which case nothing changed; or the observer's
    /// objection.
    #[inline]
    pub fn perform<O: Observer<N> + ?Sized>(
        &mut self,
        action: &Action<N>,
        hint: Option<Slot>,
        observer: &mut O,
    ) -> Result<Applied, Stopped<O::Violation>> {
        let time = match action {
            Action::Wake(node) if node.0 < self.cluster.topology().node_count() => {
                let due = self.cluster.due(*node).ok_or(Refusal::NotDue);
                self.now.max(due?)
            }
            _ => self.now,
        };
        let applied = self.act(time, action, hint, observer)?;
        self.now = time;
        if let (Completions::AtOnce, Some((node, _))) = (self.completions, applied.node) {
            self.complete(node, observer)?;
        }
        Ok(applied)
    }

    /// Makes all writes of a node durable, also those that it makes when it learns of a completion.
    /// Does nothing while the disk is stalled or the node is down or paused.
    ///
    /// # Errors
    ///
    /// The observer's objection.
    pub fn complete<O: Observer<N> + ?Sized>(
        &mut self,
        node: NodeId,
        observer: &mut O,
    ) -> Result<(), Stopped<O::Violation>> {
        let deaf = self.cluster.node(node).is_none() || self.cluster.is_paused(node);
        while !deaf && !self.stalled[node.0 as usize] && self.cluster.pending_writes(node).len() > 0
        {
            let through = self.cluster.handed_over(node);
            self.act(self.now, &Action::Written { node, through }, None, observer)?;
        }
        Ok(())
    }

    /// Lets a node's disk complete nothing by itself until it is restored.
    pub fn stall_disk(&mut self, node: NodeId) {
        self.stalled[node.0 as usize] = true;
    }

    /// Lets a node's disk work again. [`Stepped::complete`] completes the waiting writes.
    pub fn restore_disk(&mut self, node: NodeId) {
        self.stalled[node.0 as usize] = false;
    }

    /// Whether a node's disk is stalled.
    #[must_use]
    pub fn is_stalled(&self, node: NodeId) -> bool {
        self.stalled[node.0 as usize]
    }

    /// Sets whether these links carry messages from now on. This affects only [`Stepped::settle`]
    /// and callers of [`Stepped::gate`]: a message that the list names gets through.
    pub fn set_gates(&mut self, links: &[Pair], gate: Gate) {
        for link in links {
            let place = self.place(*link);
            self.gates[place] = gate;
        }
    }

    /// Whether a link carries messages.
    #[must_use]
    pub fn gate(&self, link: Pair) -> Gate {
        self.gates[self.place(link)]
    }

    /// The oldest message in flight on a link for which `fits` is true, with its slot.
    pub fn oldest(
        &self,
        link: Pair,
        mut fits: impl FnMut(&Flight<N>) -> bool,
    ) -> Option<(MessageId, Slot)> {
        self.on_link(link)
            .find(|(flight, _)| fits(flight))
            .map(|(flight, slot)| (flight.id, slot))
    }

    /// The messages in flight on a link, oldest first, with their slots.
    pub fn on_link(&self, link: Pair) -> impl DoubleEndedIterator<Item = (&Flight<N>, Slot)> {
        self.mail[self.place(link)].iter().map(|(_, slot)| {
            let flight = self.cluster.flights.get(*slot);
            (flight.expect("what left the link was taken off it"), *slot)
        })
    }

    /// Lets the world run by itself for `span`. Messages arrive at once, in the order in which they
    /// were sent; writes complete at once; timers fire in order. Held links keep their messages.
    /// Cut links and nodes that are down lose them.
    ///
    /// # Errors
    ///
    /// The observer's objection; [`Stopped::ActionLimit`] after `limit` actions.
    pub fn settle<O: Observer<N> + ?Sized>(
        &mut self,
        span: Span,
        limit: u64,
        observer: &mut O,
    ) -> Result<(), Stopped<O::Violation>> {
        let end = self.now.after(span);
        let last = self.cluster.last_event().0 + limit;
        for node in self.cluster.nodes().collect::<Vec<_>>() {
            self.complete(node, observer)?;
        }
        loop {
            if self.cluster.last_event().0 >= last {
                return Err(Stopped::ActionLimit);
            }
            if let Some((action, slot)) = self.next_arrival() {
                self.perform_settling(&action, Some(slot), observer)?;
            } else if let Some(node) = self.next_timer(end) {
                self.perform_settling(&Action::Wake(node), None, observer)?;
            } else {
                self.now = end;
                return Ok(());
            }
        }
    }

    /// Performs one action and completes its writes, even if completions are listed.
    fn perform_settling<O: Observer<N> + ?Sized>(
        &mut self,
        action: &Action<N>,
        hint: Option<Slot>,
        observer: &mut O,
    ) -> Result<(), Stopped<O::Violation>> {
        let applied = self.perform(action, hint, observer)?;
        match applied.node {
            Some((node, _)) => self.complete(node, observer),
            None => Ok(()),
        }
    }

    /// The next arrival: a delivery or a drop of the oldest message that does not wait.
    fn next_arrival(&self) -> Option<(Action<N>, Slot)> {
        let moving = self.cluster.flights.iter().filter(|(_, flight)| {
            self.gates[flight.link.place()] != Gate::Held && !self.is_deaf(flight.id.to)
        });
        let (slot, flight) = moving.min_by_key(|(_, flight)| {
            let MessageId { from, to, ordinal } = flight.id;
            (flight.cause, from, to, ordinal)
        })?;
        let action = match flight.id.to {
            _ if self.gates[flight.link.place()] == Gate::Cut => {
                Action::Drop(flight.id, DropReason::Cut)
            }
            Endpoint::Node(node) if self.cluster.node(node).is_none() => {
                Action::Drop(flight.id, DropReason::Down)
            }
            _ => Action::Deliver(flight.id),
        };
        Some((action, slot))
    }

    /// Whether messages to this endpoint have to wait.
    fn is_deaf(&self, endpoint: Endpoint) -> bool {
        match endpoint {
            Endpoint::Node(node) => self.cluster.is_paused(node),
            Endpoint::Client(_) => false,
        }
    }

    /// The node whose timer fires next, by `end` at the latest.
    fn next_timer(&self, end: Time) -> Option<NodeId> {
        let awake = self
            .cluster
            .nodes()
            .filter(|node| !self.cluster.is_paused(*node));
        awake
            .filter_map(|node| Some((self.cluster.due(node)?, node)))
            .filter(|(due, _)| *due <= end)
            .min()
            .map(|(_, node)| node)
    }

    #[inline]
    fn act<O: Observer<N> + ?Sized>(
        &mut self,
        time: Time,
        action: &Action<N>,
        hint: Option<Slot>,
        observer: &mut O,
    ) -> Result<Applied, Stopped<O::Violation>> {
        let look = observer.before(&self.cluster, time, action);
        look.map_err(Stopped::Objection)?;
        let hint = hint.or_else(|| self.lies(action));
        let slot = self.cluster.check(time, action, hint)?;
        let (applied, verdict) = self
            .cluster
            .act(time, action, slot, &mut self.events, observer);
        if let Action::Deliver(id) | Action::Drop(id, _) = action {
            // The message is mostly the oldest one. A queue removes it in constant time.
            let place = self.place((id.from, id.to));
            let mail = &mut self.mail[place];
            if let Ok(found) = mail.binary_search_by_key(&id.ordinal, |(ordinal, _)| *ordinal) {
                mail.remove(found);
            }
        }
        let mail = &mut self.mail;
        self.cluster.dispatch_with(|slot, flight| {
            let mail = &mut mail[flight.link.place()];
            let rises = mail
                .back()
                .is_none_or(|(last, _)| *last < flight.id.ordinal);
            assert!(rises, "messages of a link are numbered as they are sent");
            mail.push_back((flight.id.ordinal, slot));
        });
        match verdict {
            Ok(()) => Ok(applied),
            Err(objection) => Err(Stopped::Objection(objection)),
        }
    }

    /// The slot of an action's message, if the message is under way.
    fn lies(&self, action: &Action<N>) -> Option<Slot> {
        let (Action::Deliver(id) | Action::Drop(id, _) | Action::Duplicate(id)) = action else {
            return None;
        };
        let link = self.cluster.topology().link(id.from, id.to)?;
        let mail = &self.mail[link.place()];
        let found = mail.binary_search_by_key(&id.ordinal, |(ordinal, _)| *ordinal);
        Some(mail[found.ok()?].1)
    }

    fn place(&self, (from, to): Pair) -> usize {
        let link: Option<LinkId> = self.cluster.topology().link(from, to);
        link.unwrap_or_else(|| panic!("there is no link from {from:?} to {to:?}"))
            .place()
    }
}
