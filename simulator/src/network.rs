//! The network of the timed world: from the sender's output to the receiver's input.

use crate::action::{Action, DropReason};
use crate::caller::Workload;
use crate::flight::Flight;
use crate::ledger::Ledger;
use crate::link::Link;
use crate::node::Node;
use crate::observer::Observer;
use crate::queue::{Due, Queue};
use crate::slab::Slot;
use crate::time::Time;
use crate::timed::{Progress, World};
use crate::topology::Endpoint;

/// Puts a message on its link: draws its fate and queues its arrival.
#[inline]
pub(crate) fn post<N: Node>(
    slot: Slot,
    flight: &mut Flight<N>,
    now: Time,
    queue: &mut Queue,
    links: &mut [Link],
    ledger: &mut Ledger,
) {
    let link = &mut links[flight.link.place()];
    let fate = link.fate(|| flight.content.is_reply());
    if let Some(fault) = link.cut {
        ledger.effect(fault);
        queue.push(now, Due::Lose(slot, DropReason::Cut));
        return;
    }
    if fate.lost {
        link.faults.loss.inspect(|fault| ledger.effect(*fault));
        queue.push(now, Due::Lose(slot, DropReason::Loss));
        return;
    }
    if fate.reordered {
        ledger.held_up();
        link.faults.reorder.inspect(|fault| ledger.effect(*fault));
    }
    queue.push(now.after(fate.latency), Due::Arrive(slot));
    if let Some(latency) = fate.copy {
        flight.copies = 2;
        queue.push(now.after(latency), Due::Arrive(slot));
    }
}

impl<N: Node, W: Workload<N>> World<N, W> {
    /// Handles a message at the far end of its link.
    #[inline]
    pub(crate) fn arrive<O: Observer<N> + ?Sized>(
        &mut self,
        slot: Slot,
        observer: &mut O,
    ) -> Result<Progress, O::Violation> {
        let flight = self
            .cluster
            .flights
            .get(slot)
            .expect("it is in flight until it arrives");
        let link = &mut self.links[flight.link.place()];
        if let Some(fault) = link.cut {
            self.ledger.effect(fault);
            return self.lose(slot, DropReason::Cut, observer);
        }
        if let Some(fault) = link.hold {
            self.ledger.effect(fault);
            link.held.push(slot);
            return Ok(Progress::Quiet);
        }
        self.receive(slot, observer)
    }

    /// Delivers a message that has passed its link, now or when its receiver is resumed.
    #[inline]
    pub(crate) fn receive<O: Observer<N> + ?Sized>(
        &mut self,
        slot: Slot,
        observer: &mut O,
    ) -> Result<Progress, O::Violation> {
        let flight = self
            .cluster
            .flights
            .get_mut(slot)
            .expect("it is in flight until received");
        let id = flight.id;
        let again = flight.copies > 1;
        if let Endpoint::Node(node) = id.to {
            if self.cluster.node(node).is_none() {
                return self.lose(slot, DropReason::Down, observer);
            }
            if self.defer(node, Due::Receive(slot)) {
                return Ok(Progress::Quiet);
            }
        }
        let action = if again {
            let flight = self
                .cluster
                .flights
                .get_mut(slot)
                .expect("it was there above");
            flight.copies -= 1;
            if let Some(fault) = self.links[flight.link.place()].faults.duplicate {
                self.ledger.effect(fault);
            }
            Action::Duplicate(id)
        } else {
            Action::Deliver(id)
        };
        let acted = self.act(&action, Some(slot), observer);
        if let Endpoint::Client(client) = id.to {
            self.answered(client);
        }
        acted
    }

    /// Drops a message, or one copy of it.
    pub(crate) fn lose<O: Observer<N> + ?Sized>(
        &mut self,
        slot: Slot,
        reason: DropReason,
        observer: &mut O,
    ) -> Result<Progress, O::Violation> {
        let flight = self
            .cluster
            .flights
            .get_mut(slot)
            .expect("it is in flight until lost");
        flight.copies -= 1;
        if flight.copies > 0 {
            return Ok(Progress::Quiet);
        }
        let action = Action::Drop(flight.id, reason);
        self.act(&action, Some(slot), observer)
    }
}
