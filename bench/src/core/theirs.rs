//! The peer in a cluster of the same shape.

use std::collections::VecDeque;

use raft::eraftpb::{Entry, Message, MessageType};
use raft::{ReadOnlyOption, ReadState};

use crate::load::{Applied, Cluster, Load};
use crate::peer::{self, Application, PeerNode};

/// The way in which the peer is driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Manner {
    /// A node steps all messages of its inbox before the harness collects its output; otherwise one
    /// message at a time.
    pub(crate) inbox: bool,
    /// Entries are added to messages that have not been sent yet.
    pub(crate) batch_append: bool,
    /// The next message carries the commit index.
    pub(crate) skip_bcast_commit: bool,
    /// All entries in flight are proposed in one message.
    pub(crate) together: bool,
}

/// The peer's cluster. The first node leads.
pub(crate) struct Theirs {
    nodes: Vec<PeerNode>,
    inboxes: Vec<VecDeque<Message>>,
    /// The nodes whose inboxes come next; empty with `inbox`.
    order: VecDeque<usize>,
    applied: Vec<Applied>,
    /// The number of reads that got an index, for all nodes.
    read: u64,
    /// The number of requests for an index so far.
    asked: u64,
    load: Load,
    manner: Manner,
    entry: Vec<u8>,
    committed: u64,
    delivered: u64,
}

struct Node<'a> {
    inboxes: &'a mut [VecDeque<Message>],
    order: Option<&'a mut VecDeque<usize>>,
    applied: &'a mut Applied,
    read: &'a mut u64,
}

fn place_of(id: u64) -> usize {
    usize::try_from(id - 1).expect("nodes are few")
}

impl Application for Node<'_> {
    fn send(&mut self, message: Message) {
        let to = place_of(message.to);
        self.inboxes[to].push_back(message);
        if let Some(order) = &mut self.order {
            order.push_back(to);
        }
    }

    fn apply(&mut self, entry: &Entry) {
        self.applied.apply(entry.get_data());
    }

    fn read(&mut self, state: &ReadState) {
        *self.read += reads_of(&state.request_ctx);
    }
}

/// The context of a request: its number, and the number of its reads.
fn context(number: u64, reads: u64) -> Vec<u8> {
    [number.to_le_bytes(), reads.to_le_bytes()].concat()
}

fn reads_of(context: &[u8]) -> u64 {
    let reads = context.last_chunk().copied();
    reads.map(u64::from_le_bytes).expect("it is a context")
}

impl Theirs {
    /// A cluster that has elected its leader.
    pub(crate) fn new(load: Load, manner: Manner) -> Self {
        Self::reading(load, manner, ReadOnlyOption::Safe)
    }

    /// The same, with this read mode.
    pub(crate) fn reading(load: Load, manner: Manner, reads: ReadOnlyOption) -> Self {
        let nodes = (1..=load.nodes as u64).map(|id| {
            let mut config = peer::config(id);
            config.read_only_option = reads;
            config.batch_append = manner.batch_append;
            config.skip_bcast_commit = manner.skip_bcast_commit;
            PeerNode::new(&config, load.nodes as u64)
        });
        let mut cluster = Self {
            nodes: nodes.collect(),
            inboxes: vec![VecDeque::new(); load.nodes],
            order: VecDeque::new(),
            applied: vec![Applied::default(); load.nodes],
            read: 0,
            asked: 0,
            load,
            manner,
            entry: vec![7; load.bytes],
            committed: 0,
            delivered: 0,
        };
        let campaigned = cluster.nodes[0].raw.campaign();
        campaigned.expect("a follower may campaign");
        cluster.drain(0);
        cluster.settle();
        let leader = cluster.nodes[0].raw.raft.leader_id;
        assert!(leader == 1, "the first node leads, not {leader}");
        cluster
    }

    fn drain(&mut self, place: usize) {
        let mut application = Node {
            inboxes: &mut self.inboxes,
            order: (!self.manner.inbox).then_some(&mut self.order),
            applied: &mut self.applied[place],
            read: &mut self.read,
        };
        self.nodes[place].drain(&mut application);
    }

    /// Asks the leader for this number of reads, `each` of them with one request. Returns when all
    /// of them got an index.
    pub(super) fn read(&mut self, reads: u64, each: u64) {
        let before = self.read;
        for _ in 0..reads / each {
            self.asked += 1;
            let context = context(self.asked, each);
            self.nodes[0].raw.read_index(context);
        }
        self.drain(0);
        self.settle();
        let read = self.read - before;
        assert!(read == reads, "{read} of {reads} reads were answered");
    }

    fn deliver(&mut self, place: usize) -> bool {
        let Some(message) = self.inboxes[place].pop_front() else {
            return false;
        };
        self.delivered += 1;
        let stepped = self.nodes[place].raw.step(message);
        stepped.expect("messages of members are sound");
        true
    }

    /// Delivers messages until none is in flight.
    fn settle(&mut self) {
        if self.manner.inbox {
            while self.inboxes.iter().any(|inbox| !inbox.is_empty()) {
                self.empty_inboxes();
            }
        }
        while let Some(place) = self.order.pop_front() {
            self.deliver(place);
            self.drain(place);
        }
    }

    fn empty_inboxes(&mut self) {
        for place in 0..self.nodes.len() {
            let mut any = false;
            while self.deliver(place) {
                any = true;
            }
            if any {
                self.drain(place);
            }
        }
    }

    fn propose(&mut self, count: usize) {
        let node = &mut self.nodes[0];
        if self.manner.together {
            let entries: Vec<_> = (0..count)
                .map(|_| {
                    let mut entry = Entry::default();
                    entry.data = self.entry.clone().into();
                    entry
                })
                .collect();
            let mut message = Message::default();
            message.set_msg_type(MessageType::MsgPropose);
            message.from = 1;
            message.set_entries(entries.into());
            let proposed = node.raw.step(message);
            proposed.expect("the leader takes proposals");
        } else {
            for _ in 0..count {
                let proposed = self.nodes[0].raw.propose(Vec::new(), self.entry.clone());
                proposed.expect("the leader takes proposals");
                if !self.manner.inbox {
                    self.drain(0);
                }
            }
        }
        self.drain(0);
    }
}

impl Cluster for Theirs {
    fn commit(&mut self, entries: u64) {
        let batch = self.load.in_flight as u64;
        assert!(entries.is_multiple_of(batch), "whole batches are proposed");
        for _ in 0..entries / batch {
            self.propose(self.load.in_flight);
            self.settle();
        }
        if self.manner.skip_bcast_commit {
            self.heartbeat();
        }
        self.committed += entries;
        for applied in &self.applied {
            assert!(
                applied.entries == self.committed && *applied == self.applied[0],
                "all have applied all, and the same"
            );
        }
    }

    fn heartbeat(&mut self) {
        for place in 0..self.nodes.len() {
            if self.nodes[place].raw.tick() {
                self.drain(place);
            }
        }
        self.settle();
    }

    fn delivered(&self) -> u64 {
        self.delivered
    }
}
