//! The state of a world, apart from chance: nodes, clocks, disks, messages and clients' transport.
//!
//! A scheduler alternates between [`Cluster::apply`], which performs one action, and
//! [`Cluster::dispatch`], which sends the output of the action on its way. Both schedulers use
//! these two methods. Nothing in this module draws a random number.

use crate::action::{Action, EventId, MessageId};
use crate::client::{Received, Session};
use crate::clock::Clock;
use crate::disk::{Lost, Storage, WriteOf};
use crate::flight::{Content, Flight};
use crate::hash::TraceHash;
use crate::node::{Boot, ClientId, Input, Node, NodeId, Output};
use crate::slab::{Slab, Slot};
use crate::time::{Local, Time};
use crate::topology::{Endpoint, Topology};

/// Counts of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Messages between nodes that were delivered, duplicates included.
    pub messages: u64,
    /// Node timers that fired.
    pub timers: u64,
    /// Disk completions reported to nodes.
    pub completions: u64,
    /// Requests and replies that were delivered, duplicates included.
    pub client_messages: u64,
    /// Deliveries that left the message in flight.
    pub duplicates: u64,
    /// Messages of any kind that were lost.
    pub drops: u64,
}

impl Counters {
    /// Messages delivered between nodes, plus timers fired. Speed is given in this unit.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.messages + self.timers
    }
}

/// One node with its clock, disk and deadline.
#[derive(Clone)]
pub(crate) struct Member<N: Node> {
    config: N::Config,
    /// `None` while it is down.
    pub(crate) node: Option<N>,
    pub(crate) disk: Storage<N::Disk>,
    pub(crate) clock: Clock,
    pub(crate) paused: bool,
    incarnation: u32,
    deadline: Option<Local>,
    /// The action after which the node set its deadline.
    pub(crate) deadline_cause: EventId,
    due: Option<Time>,
}

/// The state of a world. `Clone` makes an independent copy.
///
/// The methods panic if the caller names a node or a client of another world. Only
/// [`Cluster::apply`] refuses such an action.
#[derive(Clone)]
pub struct Cluster<N: Node> {
    topology: Topology,
    seed: u64,
    pub(crate) now: Time,
    pub(crate) last: EventId,
    pub(crate) members: Vec<Member<N>>,
    pub(crate) sessions: Vec<Session<N>>,
    pub(crate) flights: Slab<Flight<N>>,
    // The number of messages sent, per link.
    sent: Vec<u64>,
    pub(crate) hash: TraceHash,
    pub(crate) counters: Counters,
    pub(crate) output: Output<N>,
    // The node that produced the output; `Some` until the output is dispatched.
    pub(crate) author: Option<NodeId>,
    // The client that sends a request, and the node it asks; `Some` until the request is
    // dispatched.
    pub(crate) asked: Option<(ClientId, NodeId)>,
    pub(crate) received: Option<Received<N>>,
    pub(crate) lost: Lost,
}

impl<N: Node> Cluster<N> {
    /// Creates a cluster at time 0. Every node boots from the disk beside its configuration, no
    /// message is in flight and no client has an open operation. Every node gets `seed`.
    ///
    /// # Panics
    ///
    /// If there is no node, or if nodes and clients have more than 2²⁷ links.
    #[must_use]
    pub fn new(members: Vec<(N::Config, N::Disk)>, clients: u32, seed: u64) -> Cluster<N> {
        let count = u32::try_from(members.len()).expect("memory ends before 2³² nodes");
        let topology = Topology::new(count, clients);
        let members = members.into_iter().map(|(config, disk)| Member {
            config,
            node: None,
            disk: Storage::new(disk),
            clock: Clock::default(),
            paused: false,
            incarnation: 0,
            deadline: None,
            deadline_cause: EventId::OUTSIDE,
            due: None,
        });
        let mut cluster = Cluster {
            topology,
            seed,
            now: Time::START,
            last: EventId::OUTSIDE,
            members: members.collect(),
            sessions: topology.clients().map(|_| Session::new()).collect(),
            flights: Slab::new(),
            sent: topology.links().map(|_| 0).collect(),
            hash: TraceHash::default(),
            counters: Counters::default(),
            output: Output::default(),
            author: None,
            asked: None,
            received: None,
            lost: Lost::default(),
        };
        for node in topology.nodes() {
            cluster.boot(node, EventId::OUTSIDE);
        }
        cluster
    }

    /// Boots a node that is down from its disk.
    pub(crate) fn boot(&mut self, node: NodeId, cause: EventId) {
        let member = &mut self.members[node.0 as usize];
        assert!(member.node.is_none(), "{node:?} boots while it is up");
        let boot = Boot {
            id: node,
            nodes: self.topology.node_count(),
            seed: self.seed,
            incarnation: member.incarnation,
            now: member.clock.local(self.now),
        };
        member.node = Some(N::boot(&member.config, boot, member.disk.image()));
        member.incarnation += 1;
        member.note_deadline(cause);
    }

    /// Sends the output of the last action on its way: messages to the network, writes to the disk.
    /// Calls `posted` for every message.
    #[inline]
    pub(crate) fn dispatch_with(&mut self, posted: impl FnMut(Slot, &mut Flight<N>)) {
        if self.author.is_none() && self.asked.is_none() {
            return;
        }
        let mut post = Post {
            topology: self.topology,
            cause: self.last,
            flights: &mut self.flights,
            sent: &mut self.sent,
            posted,
        };
        if let Some((client, target)) = self.asked.take() {
            let session = &self.sessions[client.0 as usize];
            let content = Content::Request {
                serial: session.serial,
                request: session
                    .open
                    .clone()
                    .expect("a client that asks has an open operation"),
            };
            post.post(client.into(), target.into(), content);
        }
        let Some(author) = self.author.take() else {
            return;
        };
        let Output {
            sends,
            writes,
            replies,
        } = &mut self.output;
        // Most steps produce only one kind of output, and draining an empty vector is not free.
        if !sends.is_empty() {
            for (to, message) in sends.drain(..) {
                post.post(author.into(), to.into(), Content::Message(message));
            }
        }
        if !replies.is_empty() {
            for (client, serial, reply) in replies.drain(..) {
                let content = Content::Reply { serial, reply };
                post.post(author.into(), client.into(), content);
            }
        }
        if !writes.is_empty() {
            let disk = &mut self.members[author.0 as usize].disk;
            for write in writes.drain(..) {
                disk.hand_over(write, self.last);
            }
        }
    }

    /// Sends the output of the last action on its way.
    pub fn dispatch(&mut self) {
        self.dispatch_with(|_, _| ());
    }

    /// The world time of the node's deadline. `None` if it has none, if it lies beyond the end of
    /// time, or if the node is down.
    #[must_use]
    #[inline]
    pub fn due(&self, node: NodeId) -> Option<Time> {
        self.members[node.0 as usize].due
    }

    /// The node that an action affects, with its local time at `time`.
    #[inline]
    pub(crate) fn place(&self, action: &Action<N>, time: Time) -> Option<(NodeId, Local)> {
        let node = action.node()?;
        Some((node, self.members[node.0 as usize].clock.local(time)))
    }

    /// A node; `None` while it is down.
    #[must_use]
    #[inline]
    pub fn node(&self, node: NodeId) -> Option<&N> {
        self.members[node.0 as usize].node.as_ref()
    }

    /// A node's durable image. It holds exactly the writes that were reported to the node and,
    /// after a crash, the others that survived.
    #[must_use]
    pub fn disk(&self, node: NodeId) -> &N::Disk {
        self.members[node.0 as usize].disk.image()
    }

    /// The writes on their way to a node's disk, in order.
    pub fn pending_writes(&self, node: NodeId) -> impl ExactSizeIterator<Item = &WriteOf<N>> {
        self.members[node.0 as usize].disk.pending()
    }

    /// The number of the last write a node handed over since it booted; 0 before the first.
    #[must_use]
    pub fn handed_over(&self, node: NodeId) -> u64 {
        self.members[node.0 as usize].disk.handed_over()
    }

    /// Whether a node stands still.
    #[must_use]
    pub fn is_paused(&self, node: NodeId) -> bool {
        self.members[node.0 as usize].paused
    }

    /// How many times a node restarted.
    #[must_use]
    pub fn incarnation(&self, node: NodeId) -> u32 {
        self.members[node.0 as usize].incarnation - 1
    }

    /// The local time of a node.
    #[must_use]
    pub fn local_now(&self, node: NodeId) -> Local {
        self.members[node.0 as usize].clock.local(self.now)
    }

    /// A node's clock.
    #[must_use]
    pub fn clock(&self, node: NodeId) -> Clock {
        self.members[node.0 as usize].clock
    }

    /// The open operation of a client: its serial and its request.
    #[must_use]
    pub fn open_operation(&self, client: ClientId) -> Option<(u64, &N::Request)> {
        let session = &self.sessions[client.0 as usize];
        Some((session.serial, session.open.as_ref()?))
    }

    /// How many messages were sent from one endpoint to another; 0 if no link joins them.
    #[must_use]
    pub fn sent(&self, from: Endpoint, to: Endpoint) -> u64 {
        self.topology
            .link(from, to)
            .map_or(0, |link| self.sent[link.place()])
    }

    /// The messages in flight, in no meaningful order.
    pub fn in_flight(&self) -> impl Iterator<Item = &Flight<N>> {
        self.flights.iter().map(|(_, flight)| flight)
    }

    /// The nodes and clients of this world.
    #[must_use]
    pub fn topology(&self) -> Topology {
        self.topology
    }

    /// All nodes, in order.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<N> {
        self.topology.nodes()
    }

    /// The time of the last action.
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    /// The last action performed.
    #[must_use]
    pub fn last_event(&self) -> EventId {
        self.last
    }

    /// The hash of all actions so far, with their times and effects.
    #[must_use]
    pub fn trace_hash(&self) -> u64 {
        self.hash.value()
    }

    /// The counts of events so far.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }
}

struct Post<'a, N: Node, F> {
    topology: Topology,
    cause: EventId,
    flights: &'a mut Slab<Flight<N>>,
    sent: &'a mut [u64],
    posted: F,
}

impl<N: Node, F: FnMut(Slot, &mut Flight<N>)> Post<'_, N, F> {
    #[inline(always)]
    fn post(&mut self, from: Endpoint, to: Endpoint, content: Content<N>) {
        let link = self
            .topology
            .link(from, to)
            .expect("nodes send to endpoints of their world");
        let sent = &mut self.sent[link.place()];
        *sent += 1;
        let id = MessageId {
            from,
            to,
            ordinal: *sent,
        };
        let (slot, flight) = self.flights.insert(Flight {
            id,
            cause: self.cause,
            content,
            link,
            copies: 1,
        });
        (self.posted)(slot, flight);
    }
}

impl<N: Node> Member<N> {
    /// Gives the node one input, `cause`, at its local time `local`.
    #[inline(always)]
    pub(crate) fn step(
        &mut self,
        local: Local,
        cause: EventId,
        input: Input<'_, N>,
        output: &mut Output<N>,
        events: Option<&mut Vec<N::Event>>,
    ) {
        let node = self.node.as_mut();
        let node = node.expect("a node that steps was checked to be up");
        node.step(local, input, output, events);
        self.note_deadline(cause);
    }

    /// Asks the node for its deadline, after a step or a boot.
    #[inline]
    pub(crate) fn note_deadline(&mut self, cause: EventId) {
        let deadline = self.node.as_ref().and_then(N::deadline);
        if deadline != self.deadline {
            self.deadline = deadline;
            self.deadline_cause = cause;
            self.convert_deadline();
        }
    }

    /// Converts the deadline to world time again, after a change of the clock.
    pub(crate) fn convert_deadline(&mut self) {
        self.due = self.deadline.and_then(|deadline| self.clock.due(deadline));
    }

    pub(crate) fn forget_deadline(&mut self) {
        self.deadline = None;
        self.due = None;
    }
}
