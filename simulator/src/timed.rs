//! The timed scheduler: a world whose seed decides everything nobody else decided.

use crate::action::{Action, DropReason};
use crate::caller::{Caller, Pace, Workload};
use crate::cluster::Cluster;
use crate::disk::Disk;
use crate::flight::Flight;
use crate::ledger::{FaultId, Ledger};
use crate::link::{Link, Quality};
use crate::node::{ClientId, Node, NodeId, Verdict};
use crate::observer::{Observer, Step};
use crate::queue::{Alarm, Due, Queue, Ring, Ticket};
use crate::random::{Purpose, Stream};
use crate::slab::Slot;
use crate::time::{SpanRange, Time};
use crate::topology::Endpoint;

/// How a timed world begins.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// The links between nodes.
    pub links: Quality,
    /// The links between clients and nodes.
    pub client_links: Quality,
    /// How long a disk's sync takes.
    pub sync: SpanRange,
    /// One pace for each client.
    pub clients: Vec<Pace>,
}

/// What one [`World::step`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It performed an action, and the observer saw it.
    Acted,
    /// It only moved an entry of the agenda.
    Quiet,
    /// Nothing will ever happen again, unless a fault or a client is started.
    Idle,
}

/// The timed side of one node.
#[derive(Clone)]
pub(crate) struct Host {
    pub(crate) timer: Alarm,
    /// What fell due while the node was paused, in order.
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
    // Its live entry in the queue. A crash forgets the sync, so entries of earlier incarnations
    // are never mistaken for it.
    pub(crate) ticket: Option<Ticket>,
}

/// A cluster whose agenda, network, disks and clients are driven by a seed. `Clone` makes an
/// independent copy that will go the same way.
#[derive(Clone)]
pub struct World<N: Node, W: Workload<N>> {
    pub(crate) cluster: Cluster<N>,
    pub(crate) queue: Queue,
    pub(crate) now: Time,
    pub(crate) links: Vec<Link>,
    pub(crate) hosts: Vec<Host>,
    pub(crate) callers: Vec<Caller>,
    pub(crate) ledger: Ledger,
    workload: W,
    events: Vec<N::Event>,
}

impl<N: Node, W: Workload<N>> World<N, W> {
    /// A world at time 0, with every node booted from the disk beside its configuration and every
    /// client about to think.
    ///
    /// # Panics
    ///
    /// If there is no node, or if nodes and clients have more than 2²⁷ links.
    #[must_use]
    pub fn new(plan: &Plan, members: Vec<(N::Config, N::Disk)>, workload: W) -> World<N, W> {
        let seed = plan.seed;
        let clients = u32::try_from(plan.clients.len()).expect("memory ends before 2³² clients");
        let cluster = Cluster::new(members, clients, seed);
        let topology = cluster.topology();
        let stream = |purpose, node: NodeId| Stream::new(seed, purpose, node.0.into());
        let hosts = topology.nodes().map(|node| Host {
            timer: Alarm::default(),
            deferred: Vec::new(),
            pause: None,
            sync: None,
            latency: plan.sync,
            slow: None,
            stall: None,
            disk: stream(Purpose::Disk, node),
            crashes: stream(Purpose::Crash, node),
        });
        let links = topology.links().map(|(from, to)| {
            let mut link = Link::new(Stream::new(
                seed,
                Purpose::Link,
                from.code() << 28 | to.code(),
            ));
            // A node's messages to itself take the latency of the others, and no harm.
            link.quality.latency = plan.links.latency;
            link
        });
        let callers = topology
            .clients()
            .zip(&plan.clients)
            .map(|(client, pace)| Caller::new(client, *pace, topology.node_count(), seed));
        let mut world = World {
            queue: Queue::default(),
            now: Time::START,
            links: links.collect(),
            hosts: hosts.collect(),
            callers: callers.collect(),
            ledger: Ledger::default(),
            workload,
            events: Vec::new(),
            cluster,
        };
        world.set_links(&topology.node_links(), plan.links);
        world.set_links(&topology.client_links(), plan.client_links);
        for node in topology.nodes() {
            world.set_timer(node);
        }
        world.start_clients();
        world
    }

    /// Handles the next entry of the agenda, which is at most one action.
    ///
    /// # Errors
    ///
    /// The observer's objection. The action has taken place all the same.
    #[inline]
    pub fn step<O: Observer<N>>(&mut self, observer: &mut O) -> Result<Progress, O::Violation> {
        let Some((time, ticket, due)) = self.queue.pop() else {
            return Ok(Progress::Idle);
        };
        assert!(
            time >= self.now,
            "the agenda went back from {:?} to {time:?}",
            self.now
        );
        self.now = time;
        match due {
            Due::Arrive(slot) => self.arrive(slot, observer),
            Due::Receive(slot) => self.receive(slot, observer),
            Due::Lose(slot, reason) => self.lose(slot, reason, observer),
            Due::Timer(node) => self.timer(node, ticket, observer),
            Due::Synced(node) => self.synced(node, ticket, observer),
            Due::Send(client) => self.send(client, ticket, observer),
            Due::Patience(client) => self.patience(client, ticket, observer),
        }
    }

    /// Handles every entry of the agenda up to `end`, itself included, and moves on to `end`.
    ///
    /// # Errors
    ///
    /// The observer's first objection.
    pub fn run_until<O: Observer<N>>(
        &mut self,
        end: Time,
        observer: &mut O,
    ) -> Result<(), O::Violation> {
        while self.next_time().is_some_and(|next| next <= end) {
            self.step(observer)?;
        }
        self.now = self.now.max(end);
        Ok(())
    }

    /// When the next entry of the agenda is due.
    #[must_use]
    pub fn next_time(&self) -> Option<Time> {
        self.queue.next_time()
    }

    /// The world's time.
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    /// The cluster inside.
    #[must_use]
    pub fn cluster(&self) -> &Cluster<N> {
        &self.cluster
    }

    /// What became of the faults.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The ledger, to note faults that are planned.
    pub fn ledger_mut(&mut self) -> &mut Ledger {
        &mut self.ledger
    }

    /// Performs an action the scheduler has resolved, shows it to the observer, and puts what came
    /// out of it under way.
    #[inline]
    pub(crate) fn act<O: Observer<N>>(
        &mut self,
        action: Action<N>,
        hint: Option<Slot>,
        observer: &mut O,
    ) -> Result<Progress, O::Violation> {
        self.events.clear();
        let applied = if O::EVENTS {
            self.cluster
                .apply(self.now, &action, hint, &mut self.events)
        } else {
            self.cluster.apply(self.now, &action, hint, &mut ())
        };
        let applied = applied.expect("the timed scheduler resolves possible actions only");
        let to_client = matches!(action, Action::Deliver(id) | Action::Duplicate(id)
            if matches!(id.to, Endpoint::Client(_)));
        let verdict = observer.after(
            &self.cluster,
            &Step {
                id: applied.id,
                cause: applied.cause,
                time: self.now,
                node: applied.node.map(|(node, _)| node),
                local: applied.node.map(|(_, local)| local),
                action: &action,
                output: &self.cluster.output,
                events: &self.events,
                received: self.cluster.received.as_ref().filter(|_| to_client),
            },
        );
        let World {
            cluster,
            queue,
            now,
            links,
            ledger,
            ..
        } = self;
        cluster.dispatch_with(|slot, flight| post(slot, flight, *now, queue, links, ledger));
        if let Some((node, _)) = applied.node {
            self.start_sync(node);
            self.set_timer(node);
        }
        verdict.map(|()| Progress::Acted)
    }

    /// A message reaches the far end of its link.
    #[inline]
    fn arrive<O: Observer<N>>(
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

    /// A message has passed its link: its receiver gets it, now or once it is awake.
    #[inline]
    fn receive<O: Observer<N>>(
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
        let acted = self.act(action, Some(slot), observer);
        if let Endpoint::Client(client) = id.to {
            self.answered(client);
        }
        acted
    }

    /// A message is lost, or one copy of it.
    fn lose<O: Observer<N>>(
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
        self.act(action, Some(slot), observer)
    }

    #[inline]
    fn timer<O: Observer<N>>(
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
        self.act(Action::Wake(node), None, observer)
    }

    fn synced<O: Observer<N>>(
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
        self.act(Action::Written { node, through }, None, observer)
    }

    fn send<O: Observer<N>>(
        &mut self,
        client: ClientId,
        ticket: Ticket,
        observer: &mut O,
    ) -> Result<Progress, O::Violation> {
        let caller = &mut self.callers[client.0 as usize];
        if caller
            .send
            .pop(ticket, self.now, &mut self.queue, Due::Send(client))
            == Ring::No
        {
            return Ok(Progress::Quiet);
        }
        if self.cluster.open_operation(client).is_some() {
            return self.ask_again(client, observer);
        }
        if !caller.running {
            return Ok(Progress::Quiet);
        }
        caller.serial += 1;
        let (serial, target) = (caller.serial, caller.target);
        let request = self.workload.request(client, serial, &mut caller.content);
        caller.gives_up = self.now.after(caller.pace.give_up);
        caller.asked(self.now, &mut self.queue);
        let action = Action::Call {
            client,
            serial,
            target,
            request,
        };
        self.act(action, None, observer)
    }

    fn patience<O: Observer<N>>(
        &mut self,
        client: ClientId,
        ticket: Ticket,
        observer: &mut O,
    ) -> Result<Progress, O::Violation> {
        let caller = &mut self.callers[client.0 as usize];
        let due = Due::Patience(client);
        if caller.patience.pop(ticket, self.now, &mut self.queue, due) == Ring::No {
            return Ok(Progress::Quiet);
        }
        caller.rotate();
        if self.now < caller.gives_up {
            return self.ask_again(client, observer);
        }
        caller.ended(self.now, &mut self.queue);
        let serial = caller.serial;
        self.act(Action::GiveUp { client, serial }, None, observer)
    }

    fn ask_again<O: Observer<N>>(
        &mut self,
        client: ClientId,
        observer: &mut O,
    ) -> Result<Progress, O::Violation> {
        let caller = &mut self.callers[client.0 as usize];
        caller.asked(self.now, &mut self.queue);
        let action = Action::Retry {
            client,
            serial: caller.serial,
            target: caller.target,
        };
        self.act(action, None, observer)
    }

    /// A client makes of a reply what it can.
    fn answered(&mut self, client: ClientId) {
        let received = self
            .cluster
            .received
            .as_ref()
            .expect("a reply was just delivered");
        let caller = &mut self.callers[client.0 as usize];
        if !received.accepted {
            return;
        }
        match received.verdict {
            Verdict::Done => caller.ended(self.now, &mut self.queue),
            // A late refusal from a node it no longer waits for says nothing new.
            verdict if received.from == caller.target => {
                caller.refused(verdict, self.now, &mut self.queue);
            }
            _ => {}
        }
    }

    /// Puts off what falls due for a paused node; false if the node is awake or down.
    #[inline(always)]
    fn defer(&mut self, node: NodeId, due: Due) -> bool {
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

    /// Follows the node's deadline.
    #[inline(always)]
    pub(crate) fn set_timer(&mut self, node: NodeId) {
        let due = self.cluster.due(node);
        let host = &mut self.hosts[node.0 as usize];
        host.timer
            .set(due, self.now, &mut self.queue, Due::Timer(node));
    }

    /// What survives of a node's unreported writes: a place in the stream, drawn evenly among the
    /// ends of writes, then a place inside the next write.
    pub(crate) fn draw_cut(&mut self, node: NodeId) -> crate::disk::Cut {
        let stream = &mut self.hosts[node.0 as usize].crashes;
        let mut pending = self.cluster.pending_writes(node);
        let writes = stream.between(0, pending.len() as u64);
        let inside = stream.word();
        let next = usize::try_from(writes)
            .ok()
            .and_then(|place| pending.nth(place));
        let parts = next.map_or(0, |write| N::Disk::parts(write).saturating_sub(1));
        let parts = crate::random::scale(inside, 0, parts.into());
        crate::disk::Cut {
            writes,
            parts: u32::try_from(parts).expect("at most as many as the write has"),
        }
    }
}

/// Puts a message on its link: draws its fate and notes when it will be seen again.
#[inline]
fn post<N: Node>(
    slot: Slot,
    flight: &mut Flight<N>,
    now: Time,
    queue: &mut Queue,
    links: &mut [Link],
    ledger: &mut Ledger,
) {
    let link = &mut links[flight.link.place()];
    let fate = link.fate();
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
        link.faults.reorder.inspect(|fault| ledger.effect(*fault));
    }
    queue.push(now.after(fate.latency), Due::Arrive(slot));
    if let Some(latency) = fate.copy {
        flight.copies = 2;
        queue.push(now.after(latency), Due::Arrive(slot));
    }
}
