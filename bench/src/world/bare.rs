//! The peer in a bare loop: a heap of events, ticks of 10 ms, closed-loop clients, and a map to
//! which entries are applied. It has no faults, no disks, no trace and no checks.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use raft::StateRole;
use raft::eraftpb::{Entry, Message};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::{ELECTION_NS, HEARTBEAT_NS, Happened, KEYS, LATENCY_NS, NODES, Plan, VALUE_BYTES};
use crate::peer::{self, Application, PeerNode};

const TICK_NS: u64 = 10_000_000;

/// An event that falls due.
enum Due {
    Tick(usize),
    Message(Box<Message>),
    Request { client: u32, node: usize },
    Reply { client: u32 },
    Nothing,
}

/// The environment of the nodes.
struct World {
    now: u64,
    sequence: u64,
    queue: BinaryHeap<Reverse<(u64, u64, usize)>>,
    slots: Vec<Due>,
    free: Vec<usize>,
    random: ChaCha8Rng,
    maps: Vec<BTreeMap<Vec<u8>, Vec<u8>>>,
    applied: Vec<u64>,
    /// The serial of each client's pending operation.
    serials: Vec<u64>,
    happened: Happened,
}

impl World {
    fn plan(&mut self, time: u64, due: Due) {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                self.slots.push(Due::Nothing);
                self.slots.len() - 1
            }
        };
        self.slots[slot] = due;
        self.sequence += 1;
        self.queue.push(Reverse((time, self.sequence, slot)));
    }

    fn take(&mut self) -> Option<(u64, Due)> {
        let Reverse((time, _, slot)) = self.queue.pop()?;
        self.free.push(slot);
        Some((time, std::mem::replace(&mut self.slots[slot], Due::Nothing)))
    }

    fn travel(&mut self, due: Due) {
        let (min, max) = LATENCY_NS;
        let latency = min + scale(self.random.next_u64(), max - min + 1);
        self.plan(self.now + latency, due);
    }

    /// A client's write: client, serial, key, value.
    fn entry(&mut self, client: u32) -> Vec<u8> {
        let serial = self.serials[client as usize];
        let key = format!("k{}", scale(self.random.next_u64(), u64::from(KEYS)));
        let mut value = format!("c{client}-{serial}").into_bytes();
        value.resize(
            usize::try_from(VALUE_BYTES).expect("values are small"),
            b'.',
        );
        let mut entry = client.to_le_bytes().to_vec();
        entry.extend_from_slice(&serial.to_le_bytes());
        entry.push(u8::try_from(key.len()).expect("keys are short"));
        entry.extend_from_slice(key.as_bytes());
        entry.extend_from_slice(&value);
        entry
    }
}

fn scale(word: u64, size: u64) -> u64 {
    let scaled = (u128::from(word) * u128::from(size)) >> 64;
    u64::try_from(scaled).expect("a word times a size, over 2^64, is below the size")
}

/// One node's view of the world.
struct Node<'a> {
    world: &'a mut World,
    place: usize,
    leads: bool,
}

impl Application for Node<'_> {
    fn send(&mut self, message: Message) {
        self.world.travel(Due::Message(Box::new(message)));
    }

    fn apply(&mut self, entry: &Entry) {
        let Some((head, rest)) = entry.get_data().split_at_checked(13) else {
            // The leader appends this entry at the start of its term.
            return;
        };
        let (key, value) = rest.split_at(usize::from(head[12]));
        self.world.maps[self.place].insert(key.to_vec(), value.to_vec());
        self.world.applied[self.place] += 1;
        let (client, serial) = (
            u32::from_le_bytes(head[..4].try_into().expect("four bytes")),
            u64::from_le_bytes(head[4..12].try_into().expect("eight bytes")),
        );
        if self.leads && self.world.serials[client as usize] == serial {
            self.world.travel(Due::Reply { client });
        }
    }
}

pub(super) fn run(plan: Plan) -> Happened {
    let count = NODES as usize;
    let mut nodes: Vec<_> = (1..=u64::from(NODES)).map(node).collect();
    let mut world = World {
        now: 0,
        sequence: 0,
        queue: BinaryHeap::new(),
        slots: Vec::new(),
        free: Vec::new(),
        random: ChaCha8Rng::seed_from_u64(1),
        maps: vec![BTreeMap::new(); count],
        applied: vec![0; count],
        serials: vec![1; plan.clients as usize],
        happened: Happened::default(),
    };
    for place in 0..count {
        world.plan(TICK_NS, Due::Tick(place));
    }
    for client in 0..plan.clients {
        world.travel(Due::Request { client, node: 0 });
    }
    let end = plan.simulated_ms * 1_000_000;
    while let Some((time, due)) = world.take() {
        if time > end {
            break;
        }
        world.now = time;
        handle(&mut nodes, &mut world, due);
    }
    world.happened.operations = world.applied.iter().copied().max().unwrap_or(0);
    world.happened
}

fn handle(nodes: &mut [PeerNode], world: &mut World, due: Due) {
    let place = match due {
        Due::Tick(place) => {
            world.happened.events += 1;
            world.plan(world.now + TICK_NS, Due::Tick(place));
            nodes[place].raw.tick();
            place
        }
        Due::Message(message) => {
            world.happened.events += 1;
            let place = usize::try_from(message.to - 1).expect("nodes are few");
            // A node may refuse a late message.
            let _ = nodes[place].raw.step(*message);
            place
        }
        Due::Request { client, node } => {
            world.happened.client_messages += 1;
            let raft = &nodes[node].raw.raft;
            if raft.state != StateRole::Leader {
                let leader = usize::try_from(raft.leader_id).expect("nodes are few");
                let node = leader.checked_sub(1).unwrap_or((node + 1) % nodes.len());
                world.plan(world.now + TICK_NS, Due::Request { client, node });
                return;
            }
            let entry = world.entry(client);
            let proposed = nodes[node].raw.propose(Vec::new(), entry);
            proposed.expect("the leader takes proposals");
            node
        }
        Due::Reply { client } => {
            world.happened.client_messages += 1;
            world.serials[client as usize] += 1;
            let leader = nodes
                .iter()
                .position(|node| node.raw.raft.state == StateRole::Leader);
            let node = leader.unwrap_or(0);
            world.travel(Due::Request { client, node });
            return;
        }
        Due::Nothing => panic!("an event happens once"),
    };
    let leads = nodes[place].raw.raft.state == StateRole::Leader;
    nodes[place].drain(&mut Node {
        world,
        place,
        leads,
    });
}

fn node(id: u64) -> PeerNode {
    let ticks = |ns: u64| usize::try_from(ns / TICK_NS).expect("timeouts are short");
    let mut config = peer::config(id);
    config.heartbeat_tick = ticks(HEARTBEAT_NS);
    config.election_tick = ticks(ELECTION_NS.0);
    config.max_election_tick = ticks(ELECTION_NS.1);
    PeerNode::new(&config, u64::from(NODES))
}
