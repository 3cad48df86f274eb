//! The timed world's state for each node: its timer, its disk's pace and its deferred inputs.

use crate::action::Action;
use crate::caller::Workload;
use crate::disk::{Cut, Disk};
use crate::ledger::FaultId;
use crate::node::{Node, NodeId};
use crate::observer::Observer;
use crate::queue::{Alarm, Due, Ring, Ticket};
use crate::random::{Purpose, Stream, scale};
use crate::time::SpanRange;
use crate::timed::{Progress, World};

/// The timed side of one node.
#[derive(Clone)]
pub(crate) struct Host {
    pub(crate) timer: Alarm,
    /// Inputs that fell due while the node was paused, in order.
    pub(crate) deferred: Vec<Due>,
    pub(crate) pause: Option<FaultId>,
    pub(crate) sync: Option<Sync>,
    pub(crate) latency: SpanRange,
    pub(crate) slow: Option<(SpanRange, FaultId)>,
    pub(crate) stall: Option<FaultId>,
    disk: Stream,
    pub(crate) crashes: Stream,
}

/// The sync in progress on a disk: it covers the writes handed over before it began.
#[derive(Clone, Copy)]
pub(crate) struct Sync {
    through: u64,
    // The live entry of the sync in the queue. A crash drops the ticket, so entries of earlier
    // incarnations are never mistaken for this sync.
    pub(crate) ticket: Option<Ticket>,
}

impl Host {
    pub(crate) fn new(node: NodeId, latency: SpanRange, seed: u64) -> Host {
        Host {
            timer: Alarm::default(),
            deferred: Vec::new(),
            pause: None,
            sync: None,
            latency,
            slow: None,
            stall: None,
            disk: Stream::new(seed, Purpose::Disk, node.0.into()),
            crashes: Stream::new(seed, Purpose::Crash, node.0.into()),
        }
    }
}

impl<N: Node, W: Workload<N>> World<N, W> {
    #[inline]
    pub(crate) fn timer<O: Observer<N> + ?Sized>(
        &mut self,
        node: NodeId,
        ticket: Ticket,
        observer: &mut O,
    ) -> Result<Progress, O::Violation> {
        let due = Due::Timer(node);
        let host = &mut self.hosts[node.0 as usize];
        if host.timer.pop(ticket, self.now, &mut self.queue, due) == Ring::No
            || self.defer(node, due)
        {
            return Ok(Progress::Quiet);
        }
        self.act(&Action::Wake(node), None, observer)
    }

    pub(crate) fn synced<O: Observer<N> + ?Sized>(
        &mut self,
        node: NodeId,
        ticket: Ticket,
        observer: &mut O,
    ) -> Result<Progress, O::Violation> {
        let host = &mut self.hosts[node.0 as usize];
        let Some(sync) = host
            .sync
            .as_mut()
            .filter(|sync| sync.ticket == Some(ticket))
        else {
            return Ok(Progress::Quiet);
        };
        sync.ticket = None;
        let through = sync.through;
        if let Some(fault) = host.stall {
            self.ledger.effect(fault);
            return Ok(Progress::Quiet);
        }
        if self.defer(node, Due::Synced(node)) {
            return Ok(Progress::Quiet);
        }
        self.hosts[node.0 as usize].sync = None;
        self.act(&Action::Written { node, through }, None, observer)
    }

    /// Defers `due` if the node is paused. False if the node runs or is down.
    #[inline(always)]
    pub(crate) fn defer(&mut self, node: NodeId, due: Due) -> bool {
        if !self.cluster.is_paused(node) {
            return false;
        }
        let host = &mut self.hosts[node.0 as usize];
        host.deferred.push(due);
        self.ledger
            .effect(host.pause.expect("a paused node was paused by a fault"));
        true
    }

    /// Begins a sync if the disk is idle and writes wait.
    #[inline(always)]
    pub(crate) fn start_sync(&mut self, node: NodeId) {
        let host = &mut self.hosts[node.0 as usize];
        if host.sync.is_some() || self.cluster.pending_writes(node).len() == 0 {
            return;
        }
        let range = match host.slow {
            Some((range, fault)) => {
                self.ledger.effect(fault);
                range
            }
            None => host.latency,
        };
        let end = self.now.after(host.disk.span(range));
        host.sync = Some(Sync {
            through: self.cluster.handed_over(node),
            ticket: Some(self.queue.push(end, Due::Synced(node))),
        });
    }

    /// Sets the timer to the node's deadline.
    #[inline(always)]
    pub(crate) fn set_timer(&mut self, node: NodeId) {
        let due = self.cluster.due(node);
        let host = &mut self.hosts[node.0 as usize];
        host.timer
            .set(due, self.now, &mut self.queue, Due::Timer(node));
    }

    /// Draws the surviving part of a node's unreported writes. The position in the stream is drawn
    /// evenly among the ends of writes, then a position inside the next write.
    pub(crate) fn draw_cut(&mut self, node: NodeId) -> Cut {
        let stream = &mut self.hosts[node.0 as usize].crashes;
        let mut pending = self.cluster.pending_writes(node);
        let writes = stream.between(0, pending.len() as u64);
        let inside = stream.word();
        let next = usize::try_from(writes)
            .ok()
            .and_then(|place| pending.nth(place));
        let parts = next.map_or(0, |write| N::Disk::parts(write).saturating_sub(1));
        let parts = scale(inside, 0, parts.into());
        Cut {
            writes,
            parts: u32::try_from(parts).expect("at most as many as the write has"),
        }
    }
}
