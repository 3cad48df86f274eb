//! Operations of a scenario on a timed world: faults, their ends, and commands.
//!
//! Every operation happens at [`World::now`]. Move there with [`World::advance_to`] first. A cut
//! link drops messages that are sent on it and messages that arrive by it. A message that was under
//! way before the cut and arrives after the cut ends gets through.

use crate::action::Action;
use crate::caller::Workload;
use crate::clock::Rate;
use crate::disk::Cut;
use crate::ledger::FaultKind;
use crate::link::{Link, Quality, QualityFaults};
use crate::node::{Node, NodeId};
use crate::observer::Observer;
use crate::queue::Due;
use crate::time::{Span, SpanRange, Time};
use crate::timed::World;
use crate::topology::Pair;

/// The fate of the writes that were not reported when a node crashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsynced {
    /// All of them survive.
    Keep,
    /// None of them survives.
    Lose,
    /// A prefix survives. The node's crash stream decides whether it ends between or inside writes.
    Draw,
}

impl<N: Node, W: Workload<N>> World<N, W> {
    /// Moves the world's time forward to `time`.
    ///
    /// # Panics
    ///
    /// If `time` lies in the past or beyond the next entry of the agenda.
    pub fn advance_to(&mut self, time: Time) {
        assert!(time >= self.now, "{time:?} lies before {:?}", self.now);
        let next = self.next_time();
        assert!(
            next.is_none_or(|next| time <= next),
            "{next:?} comes before {time:?}"
        );
        self.now = time;
    }

    /// Crashes a node; false if it was down already.
    ///
    /// # Errors
    ///
    /// The observer's objection.
    pub fn crash<O: Observer<N> + ?Sized>(
        &mut self,
        node: NodeId,
        unsynced: Unsynced,
        observer: &mut O,
    ) -> Result<bool, O::Violation> {
        if self.cluster.node(node).is_none() {
            return Ok(false);
        }
        let drawn = self.draw_cut(node);
        let cut = match unsynced {
            Unsynced::Keep => Cut::KEEP_ALL,
            Unsynced::Lose => Cut::LOSE_ALL,
            Unsynced::Draw => drawn,
        };
        let verdict = self.act(&Action::Crash { node, cut }, None, observer);
        self.ledger.apply_with_effect(FaultKind::Crash);
        let lost = self.cluster.last_loss();
        if unsynced != Unsynced::Keep {
            let fault = self.ledger.apply(FaultKind::LostWrites);
            if lost.writes > 0 {
                self.ledger.effect(fault);
            }
        }
        if lost.torn {
            self.ledger.apply_with_effect(FaultKind::TornWrite);
        }
        self.hosts[node.0 as usize].sync = None;
        self.requeue_deferred(node);
        verdict.map(|_| true)
    }

    /// Restarts a node from its disk; false if it is up.
    ///
    /// # Errors
    ///
    /// The observer's objection.
    pub fn restart<O: Observer<N> + ?Sized>(
        &mut self,
        node: NodeId,
        observer: &mut O,
    ) -> Result<bool, O::Violation> {
        if self.cluster.node(node).is_some() {
            return Ok(false);
        }
        self.ledger.apply_with_effect(FaultKind::Restart);
        self.act(&Action::Restart(node), None, observer)
            .map(|_| true)
    }

    /// Pauses a node. Its timers, messages and syncs wait until it is resumed. False if it is down
    /// or paused already.
    ///
    /// # Errors
    ///
    /// The observer's objection.
    pub fn pause<O: Observer<N> + ?Sized>(
        &mut self,
        node: NodeId,
        observer: &mut O,
    ) -> Result<bool, O::Violation> {
        if self.cluster.node(node).is_none() || self.cluster.is_paused(node) {
            return Ok(false);
        }
        self.hosts[node.0 as usize].pause = Some(self.ledger.apply(FaultKind::Pause));
        self.act(&Action::Pause(node), None, observer).map(|_| true)
    }

    /// Resumes a node. Everything that fell due during the pause happens now, in order. False if
    /// the node is not paused.
    ///
    /// # Errors
    ///
    /// The observer's objection.
    pub fn resume<O: Observer<N> + ?Sized>(
        &mut self,
        node: NodeId,
        observer: &mut O,
    ) -> Result<bool, O::Violation> {
        if !self.cluster.is_paused(node) {
            return Ok(false);
        }
        self.requeue_deferred(node);
        self.act(&Action::Resume(node), None, observer)
            .map(|_| true)
    }

    /// Gives a node a command of the operator; false if it is down or paused.
    ///
    /// # Errors
    ///
    /// The observer's objection.
    pub fn operator<O: Observer<N> + ?Sized>(
        &mut self,
        node: NodeId,
        command: N::Operator,
        observer: &mut O,
    ) -> Result<bool, O::Violation> {
        if self.cluster.node(node).is_none() || self.cluster.is_paused(node) {
            return Ok(false);
        }
        self.act(&Action::Operator { node, command }, None, observer)
            .map(|_| true)
    }

    /// Lets a node's clock jump forward, then run at a rate.
    ///
    /// # Errors
    ///
    /// The observer's objection.
    pub fn set_clock<O: Observer<N> + ?Sized>(
        &mut self,
        node: NodeId,
        rate: Rate,
        jump: Span,
        observer: &mut O,
    ) -> Result<(), O::Violation> {
        if rate != self.cluster.clock(node).rate() {
            self.ledger.apply_with_effect(FaultKind::ClockRate);
        }
        if jump > Span::ZERO {
            self.ledger.apply_with_effect(FaultKind::ClockJump);
        }
        self.act(&Action::Clock { node, rate, jump }, None, observer)
            .map(|_| ())
    }

    /// Sets the latency of a node's syncs from now on. This ends a slow phase, if there is one.
    pub fn set_disk(&mut self, node: NodeId, latency: SpanRange) {
        let host = &mut self.hosts[node.0 as usize];
        host.latency = latency;
        host.slow = None;
    }

    /// Sets the latency of a node's syncs until [`World::restore_disk`].
    pub fn slow_disk(&mut self, node: NodeId, latency: SpanRange) {
        let fault = self.ledger.apply(FaultKind::DiskSlow);
        self.hosts[node.0 as usize].slow = Some((latency, fault));
    }

    /// A node's disk finishes nothing until [`World::restore_disk`].
    pub fn stall_disk(&mut self, node: NodeId) {
        let fault = self.ledger.apply(FaultKind::DiskStall);
        self.hosts[node.0 as usize].stall = Some(fault);
    }

    /// Ends a slow phase or a stall of a node's disk. A sync that was held back ends now.
    pub fn restore_disk(&mut self, node: NodeId) {
        let host = &mut self.hosts[node.0 as usize];
        host.slow = None;
        if host.stall.take().is_none() {
            return;
        }
        if let Some(sync) = host.sync.as_mut().filter(|sync| sync.ticket.is_none()) {
            sync.ticket = Some(self.queue.push(self.now, Due::Synced(node)));
        }
    }

    /// Sets the quality of links, for messages sent from now on.
    ///
    /// # Panics
    ///
    /// If one of them is not a link of this world. The other methods that take links panic in the
    /// same case.
    pub fn set_links(&mut self, links: &[Pair], quality: Quality) {
        let exists = !links.is_empty();
        let ledger = &mut self.ledger;
        let mut fault = |on: bool, kind| (exists && on).then(|| ledger.apply(kind));
        let faults = QualityFaults {
            loss: fault(!quality.loss.is_zero(), FaultKind::Loss),
            duplicate: fault(!quality.duplicate.is_zero(), FaultKind::Duplicate),
            reorder: fault(!quality.reorder.is_zero(), FaultKind::Reorder),
        };
        self.each_link(links, |link| {
            link.quality = quality;
            link.faults = faults;
        });
    }

    /// The quality of a link.
    #[must_use]
    pub fn quality(&self, link: Pair) -> Quality {
        self.links[self.place(link)].quality
    }

    /// Cuts links. Each set of links is one fault of the ledger. Cuts are not counted per link:
    /// healing a link ends all cuts of it.
    pub fn cut(&mut self, links: &[Pair]) {
        if links.is_empty() {
            return;
        }
        let both_ways = links.iter().all(|(from, to)| links.contains(&(*to, *from)));
        let kind = if both_ways {
            FaultKind::Cut
        } else {
            FaultKind::OneWayCut
        };
        let fault = self.ledger.apply(kind);
        self.each_link(links, |link| link.cut = Some(fault));
    }

    /// Ends the cuts of links.
    pub fn heal(&mut self, links: &[Pair]) {
        self.each_link(links, |link| link.cut = None);
    }

    /// Lets links keep arriving messages until the links are released.
    pub fn hold(&mut self, links: &[Pair]) {
        if links.is_empty() {
            return;
        }
        let fault = self.ledger.apply(FaultKind::Hold);
        self.each_link(links, |link| link.hold = Some(fault));
    }

    /// Ends the hold of links. Their held messages arrive now, link by link, in order.
    pub fn release(&mut self, links: &[Pair]) {
        for link in links {
            let place = self.place(*link);
            let link = &mut self.links[place];
            link.hold = None;
            for slot in link.held.drain(..) {
                self.queue.push(self.now, Due::Arrive(slot));
            }
        }
    }

    /// Lets clients end their open operations and begin no new ones.
    pub fn stop_clients(&mut self) {
        for caller in &mut self.callers {
            caller.running = false;
        }
    }

    /// Lets stopped clients continue after a pause.
    pub fn start_clients(&mut self) {
        for caller in &mut self.callers {
            let open = self.cluster.open_operation(caller.id).is_some();
            let stopped = !std::mem::replace(&mut caller.running, true);
            if stopped && !open {
                caller.ended(self.now, &mut self.queue);
            }
        }
    }

    fn place(&self, (from, to): Pair) -> usize {
        let link = self.cluster.topology().link(from, to);
        link.unwrap_or_else(|| panic!("there is no link from {from:?} to {to:?}"))
            .place()
    }

    fn each_link(&mut self, links: &[Pair], mut change: impl FnMut(&mut Link)) {
        for link in links {
            let place = self.place(*link);
            change(&mut self.links[place]);
        }
    }

    /// Queues again everything that was deferred during a pause. After a crash, messages will find
    /// the node down, and timers and syncs are dropped.
    fn requeue_deferred(&mut self, node: NodeId) {
        let now = self.now;
        let host = &mut self.hosts[node.0 as usize];
        host.pause = None;
        for due in host.deferred.drain(..) {
            match due {
                Due::Timer(_) => {
                    host.timer
                        .set(self.cluster.due(node), now, &mut self.queue, due);
                }
                Due::Synced(_) => {
                    if let Some(sync) = host.sync.as_mut() {
                        sync.ticket = Some(self.queue.push(now, due));
                    }
                }
                _ => {
                    self.queue.push(now, due);
                }
            }
        }
    }
}
