//! The timed scheduler: a world whose seed decides everything that the scenario leaves open.

use crate::action::Action;
use crate::caller::{Caller, Pace, Workload};
use crate::cluster::Cluster;
use crate::host::Host;
use crate::ledger::Ledger;
use crate::link::{Link, Quality};
use crate::network::post;
use crate::node::Node;
use crate::observer::Observer;
use crate::queue::{Due, Queue};
use crate::random::{Purpose, Stream};
use crate::slab::Slot;
use crate::time::{SpanRange, Time};

/// The initial parameters of a timed world.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// The links between nodes.
    pub links: Quality,
    /// The links between clients and nodes.
    pub client_links: Quality,
    /// The duration of a disk's sync.
    pub sync: SpanRange,
    /// One pace for each client.
    pub clients: Vec<Pace>,
}

/// The result of one [`World::step`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The step performed an action, and the observer saw it.
    Acted,
    /// The step only moved an entry of the agenda.
    Quiet,
    /// The agenda is empty. Nothing happens until a fault or a client is started.
    Idle,
}

/// A cluster whose agenda, network, disks and clients are driven by a seed. `Clone` makes an
/// independent copy that behaves identically.
#[derive(Clone)]
pub struct World<N: Node, W: Workload<N>> {
    pub(crate) cluster: Cluster<N>,
    pub(crate) queue: Queue,
    pub(crate) now: Time,
    pub(crate) links: Vec<Link>,
    pub(crate) hosts: Vec<Host>,
    pub(crate) callers: Vec<Caller>,
    pub(crate) ledger: Ledger,
    pub(crate) workload: W,
    events: Vec<N::Event>,
}

impl<N: Node, W: Workload<N>> World<N, W> {
    /// Creates a world at time 0. Every node boots from the disk beside its configuration, and
    /// every client is about to think.
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
        let hosts = topology
            .nodes()
            .map(|node| Host::new(node, plan.sync, seed));
        let links = topology.links().map(|(from, to)| {
            let mut link = Link::new(Stream::new(
                seed,
                Purpose::Link,
                from.code() << 28 | to.code(),
            ));
            // A node's messages to itself have the latency of the others, but no faults.
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
    /// The observer's objection. The action has taken place nevertheless.
    #[inline]
    pub fn step<O: Observer<N> + ?Sized>(
        &mut self,
        observer: &mut O,
    ) -> Result<Progress, O::Violation> {
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

    /// Handles every entry of the agenda up to and including `end`, and advances to `end`.
    ///
    /// # Errors
    ///
    /// The observer's first objection.
    pub fn run_until<O: Observer<N> + ?Sized>(
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

    /// The counts of faults.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The ledger, to count planned faults.
    pub fn ledger_mut(&mut self) -> &mut Ledger {
        &mut self.ledger
    }

    /// Performs an action that the scheduler has resolved, shows it to the observer, and sends its
    /// output on its way. An action with the slot of its message needs no check: the scheduler took
    /// the message's name from the slot and has seen that the receiver is awake.
    #[inline]
    pub(crate) fn act<O: Observer<N> + ?Sized>(
        &mut self,
        action: &Action<N>,
        slot: Option<Slot>,
        observer: &mut O,
    ) -> Result<Progress, O::Violation> {
        observer.before(&self.cluster, self.now, action)?;
        let slot = slot.or_else(|| {
            let checked = self.cluster.check(self.now, action, None);
            checked.expect("the timed scheduler resolves possible actions only")
        });
        let (applied, verdict) =
            self.cluster
                .act(self.now, action, slot, &mut self.events, observer);
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
}
