//! A cluster of stores that a test controls: the test moves every message, write and clock.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use kv::{
    Answer, ClientId, Disk, Event, Input, Message, Node, Op, Operator, Options, Outbox, ReadBy,
    Reply, Request, Response, RestoreError, Serial, Version, Write,
};
use raft_core::{
    Boot, Configuration, Index, Instant, NodeId, RoleKind, Settings, Span, Standard, WriteId,
};

#[derive(Default)]
struct Out {
    sends: Vec<(NodeId, Message)>,
    writes: Vec<Write>,
    replies: Vec<(ClientId, Serial, Response)>,
    applied: Vec<(Index, u64)>,
}

impl Outbox for Out {
    fn send(&mut self, to: NodeId, message: Message) {
        self.sends.push((to, message));
    }
    fn write(&mut self, write: Write) {
        self.writes.push(write);
    }
    fn reply(&mut self, client: ClientId, serial: Serial, response: Response) {
        self.replies.push((client, serial, response));
    }
    fn applied(&mut self, index: Index, state_hash: u64) {
        self.applied.push((index, state_hash));
    }
}

/// Three stores, their messages and writes in flight, and their responses.
pub struct Cluster {
    pub nodes: BTreeMap<NodeId, Node>,
    pub disks: BTreeMap<NodeId, Disk>,
    pub wire: VecDeque<(NodeId, NodeId, Message)>,
    pub replies: Vec<(u64, Response)>,
    pub events: Vec<(NodeId, Event)>,
    /// The nodes whose disks finish no write until the test says so.
    pub slow: BTreeSet<NodeId>,
    /// The writes that are in flight and not durable yet.
    pub in_flight: BTreeMap<NodeId, VecDeque<Write>>,
    /// Every write that became durable, in order.
    pub history: BTreeMap<NodeId, Vec<Write>>,
    /// The state hash after each entry. It is the same at every node that applies the entry or
    /// installs a snapshot of it.
    pub hashes: BTreeMap<Index, u64>,
    /// The number of each node's writes that are durable since its start.
    written: BTreeMap<NodeId, u64>,
    pub now: Instant,
    /// The lead of a node's own clock.
    pub ahead: BTreeMap<NodeId, Span>,
    pub options: Options,
    pub settings: Settings,
    /// The founders that hold no data.
    pub witnesses: Vec<NodeId>,
}

/// Settings under which only the paper's own rules decide.
pub fn plain() -> Settings {
    Settings {
        pre_vote: false,
        stickiness: false,
        check_quorum: false,
        ..Settings::default()
    }
}

pub fn put(value: &str) -> Op {
    Op::Put {
        key: "k".into(),
        value: value.into(),
    }
}

pub fn append(value: &str) -> Op {
    Op::Append {
        key: "k".into(),
        value: value.into(),
    }
}

impl Cluster {
    pub fn new() -> Self {
        Self::with(plain(), Options::default())
    }

    pub fn with(settings: Settings, options: Options) -> Self {
        Self::with_witnesses(settings, options, &[])
    }

    /// The same cluster with these witnesses.
    pub fn with_witnesses(settings: Settings, options: Options, witnesses: &[u64]) -> Self {
        let mut cluster = Self {
            nodes: BTreeMap::new(),
            disks: (1..=3).map(|id| (NodeId(id), Disk::default())).collect(),
            wire: VecDeque::new(),
            replies: Vec::new(),
            events: Vec::new(),
            slow: BTreeSet::new(),
            in_flight: BTreeMap::new(),
            history: BTreeMap::new(),
            hashes: BTreeMap::new(),
            written: BTreeMap::new(),
            now: Instant(0),
            ahead: BTreeMap::new(),
            options,
            settings,
            witnesses: witnesses.iter().map(|id| NodeId(*id)).collect(),
        };
        (1..=3).for_each(|id| cluster.start(id));
        cluster
    }

    /// The node that starts from a disk.
    pub fn restore(&self, id: u64, disk: &Disk) -> Result<Node, RestoreError> {
        let boot = Boot {
            id: NodeId(id),
            settings: self.settings,
            now: self.clock(NodeId(id)),
            seed: 5,
            incarnation: 0,
        };
        let members = Configuration::of_voters(&[NodeId(1), NodeId(2), NodeId(3)]).unwrap();
        let members = members.with_witnesses(&self.witnesses).unwrap();
        Node::restore(Standard, kv::Standard, boot, self.options, members, disk)
    }

    pub fn start(&mut self, id: u64) {
        let node = self.restore(id, &self.disks[&NodeId(id)]).unwrap();
        let id = NodeId(id);
        self.written.remove(&id);
        self.in_flight.remove(&id);
        self.nodes.insert(id, node);
    }

    pub fn crash(&mut self, id: u64) {
        self.crash_after(id, 0, 0);
    }

    /// Crashes a node: `whole` of its writes in flight survive, and `parts` parts of the next one.
    pub fn crash_after(&mut self, id: u64, whole: usize, parts: u32) {
        let id = NodeId(id);
        self.nodes.remove(&id);
        let mut lost = self.in_flight.remove(&id).unwrap_or_default();
        let disk = self.disks.get_mut(&id).unwrap();
        for write in lost.drain(..whole.min(lost.len())) {
            disk.apply(write);
        }
        if let Some(write) = lost.front() {
            disk.apply_parts(write, parts.min(kv::parts(write)));
        }
    }

    /// The time on a node's own clock.
    pub fn clock(&self, id: NodeId) -> Instant {
        let ahead = self.ahead.get(&id).copied();
        self.now.after(ahead.unwrap_or_default())
    }

    /// A node's deadline, by the test's clock.
    fn due(&self, id: NodeId) -> Option<Instant> {
        let deadline = self.nodes[&id].deadline()?;
        let ahead = self.ahead.get(&id).copied().unwrap_or_default();
        Some(Instant(deadline.0.saturating_sub(ahead.0)))
    }

    pub fn node(&self, id: u64) -> &Node {
        &self.nodes[&NodeId(id)]
    }

    pub fn step(&mut self, id: NodeId, input: Input) {
        let mut out = Out::default();
        let now = self.clock(id);
        let node = self.nodes.get_mut(&id).unwrap();
        let mut seen = Vec::new();
        node.step(now, input, &mut out, &mut seen);
        assert_eq!(node.invariants(), Ok(()));
        self.events
            .extend(seen.into_iter().map(|event| (id, event)));
        self.wire
            .extend(out.sends.into_iter().map(|(to, message)| (id, to, message)));
        self.replies
            .extend(out.replies.into_iter().map(|(_, serial, r)| (serial.0, r)));
        for (index, hash) in out.applied {
            let known = *self.hashes.entry(index).or_insert(hash);
            assert_eq!(hash, known, "{id} has another state after entry {index}");
        }
        self.in_flight.entry(id).or_default().extend(out.writes);
        if !self.slow.contains(&id) {
            self.sync(id.0);
        }
    }

    /// Makes the oldest write in flight durable. Returns whether there was one.
    pub fn write_one(&mut self, id: u64) -> bool {
        let id = NodeId(id);
        let Some(write) = self.in_flight.entry(id).or_default().pop_front() else {
            return false;
        };
        self.history.entry(id).or_default().push(write.clone());
        self.disks.get_mut(&id).unwrap().apply(write);
        let written = self.written.entry(id).or_insert(0);
        *written += 1;
        let write = WriteId(*written);
        self.step(id, Input::Written { write });
        true
    }

    /// Makes all writes in flight durable.
    pub fn sync(&mut self, id: u64) {
        while self.write_one(id) {}
    }

    /// Delivers the oldest message that `wanted` accepts. Returns whether there was one.
    pub fn deliver_one(&mut self, wanted: impl Fn(NodeId, NodeId, &Message) -> bool) -> bool {
        let place = self.wire.iter().position(|(f, t, m)| wanted(*f, *t, m));
        let Some(place) = place else {
            return false;
        };
        let (from, to, message) = self.wire.remove(place).unwrap();
        let message = &message;
        if self.nodes.contains_key(&to) {
            self.step(to, Input::Receive { from, message });
        }
        true
    }

    pub fn deliver(&mut self, between: &[u64]) {
        while self.deliver_one(|from, to, _| between.contains(&from.0) && between.contains(&to.0)) {
        }
    }

    pub fn wake(&mut self, id: u64, among: &[u64]) {
        self.now = self.now.max(self.due(NodeId(id)).unwrap());
        self.step(NodeId(id), Input::Wake);
        self.deliver(among);
    }

    pub fn elect(&mut self, id: u64, among: &[u64]) {
        self.wake(id, among);
        if self.nodes[&NodeId(id)].raft().role() != RoleKind::Leader {
            self.wake(id, among);
        }
        assert_eq!(self.nodes[&NodeId(id)].raft().role(), RoleKind::Leader);
    }

    pub fn operate(&mut self, id: u64, command: Operator) {
        self.step(NodeId(id), Input::Operator(&command));
    }

    pub fn ask(&mut self, id: u64, serial: u64, op: Op) {
        self.request(id, serial, &op.into());
    }

    pub fn read(&mut self, id: u64, serial: u64, read: ReadBy) {
        let op = Op::Get { key: "k".into() };
        let session = None;
        self.request(id, serial, &Request::Operation { op, read, session });
    }

    pub fn request(&mut self, id: u64, serial: u64, request: &Request) {
        self.request_of(9, id, serial, request);
    }

    pub fn request_of(&mut self, client: u64, id: u64, serial: u64, request: &Request) {
        let (client, serial) = (ClientId(client), Serial(serial));
        self.step(
            NodeId(id),
            Input::Request {
                client,
                serial,
                request,
            },
        );
    }

    pub fn value(&self, id: u64) -> Reply {
        self.nodes[&NodeId(id)].machine().read(b"k")
    }

    /// Runs all nodes, without lost messages or slow disks, until all have applied the same
    /// entries.
    pub fn calm(&mut self) {
        self.slow.clear();
        for id in 1..=3 {
            if !self.nodes.contains_key(&NodeId(id)) {
                self.start(id);
            }
            self.sync(id);
        }
        for _ in 0..400 {
            self.deliver(&[1, 2, 3]);
            if self.is_settled() {
                return;
            }
            let due = self.nodes.keys().map(|id| (self.due(*id), id.0));
            let (_, id) = due.min().unwrap();
            self.wake(id, &[1, 2, 3]);
        }
        let states = self.nodes.values().map(Node::status).collect::<Vec<_>>();
        panic!("the cluster does not settle: {states:#?}");
    }

    /// Whether there is a leader, and all nodes have applied its whole log.
    fn is_settled(&self) -> bool {
        let leads = |node: &&Node| node.raft().role() == RoleKind::Leader;
        let Some(leader) = self.nodes.values().find(leads) else {
            return false;
        };
        let (term, last) = (leader.raft().current_term(), leader.raft().log().last());
        let done = |node: &Node| {
            let raft = node.raft();
            let applied = match raft.is_witness() {
                true => raft.commit_index().0,
                false => node.machine().applied(),
            };
            raft.current_term() == term && applied == last.index.0
        };
        last.term == term && self.nodes.values().all(done)
    }
}

pub fn written(version: u64, index: u64) -> Response {
    Response::Done {
        reply: Reply {
            version: Version(version),
            answer: Answer::Written,
        },
        index: Index(index),
    }
}

pub fn found(value: &str, version: u64, index: u64) -> Response {
    Response::Done {
        reply: Reply {
            version: Version(version),
            answer: Answer::Value(Some(value.into())),
        },
        index: Index(index),
    }
}
