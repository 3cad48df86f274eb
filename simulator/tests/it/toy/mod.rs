//! A node with predictable behaviour: it pings its peers on a timer, stores the requests of clients
//! and counts.
#![allow(dead_code, reason = "each test file uses its own part of the toy")]

use simulator::*;

#[derive(Clone, Copy)]
pub(crate) struct Config {
    /// Time between two rounds of pings; `None` for a node that never wakes.
    pub period: Option<Span>,
    /// Whether a pong makes the node write.
    pub writes: bool,
    /// The only node that serves clients, if not all of them do.
    pub leader: Option<NodeId>,
    /// Whether the other nodes name the one that serves.
    pub hint: bool,
}

pub(crate) const PINGING: Config = Config {
    period: Some(Span::millis(50)),
    writes: true,
    leader: None,
    hint: true,
};

pub(crate) const STILL: Config = Config {
    period: None,
    ..PINGING
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    Ping(u64),
    Pong(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Stored(u64),
    NotHere(Option<NodeId>),
}

/// Holds writes 1, 2, 3, … of a node's whole life, each made of three parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    pub whole: u64,
    pub torn: Option<(u64, u32)>,
}

impl Disk for Counted {
    type Write = u64;

    fn apply(&mut self, write: u64) {
        assert_eq!(write, self.whole + 1, "writes reach the disk in order");
        self.whole = write;
    }

    fn parts(_: &u64) -> u32 {
        3
    }

    fn apply_parts(&mut self, write: &u64, parts: u32) {
        assert_eq!(*write, self.whole + 1, "writes reach the disk in order");
        assert!(
            0 < parts && parts < 3,
            "a torn write has some of its parts, not all"
        );
        self.torn = Some((*write, parts));
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Toy {
    pub id: NodeId,
    pub incarnation: u32,
    pub rounds: u64,
    pub pings: u64,
    pub pongs: u64,
    pub asked: u64,
    pub commands: u64,
    pub last_seen: Local,
    stored: u64,
    stored_at_boot: u64,
    nodes: u32,
    period: Option<Span>,
    writes: bool,
    leader: Option<NodeId>,
    hint: bool,
    wake: Option<Local>,
    waiting: Vec<(u64, ClientId, u64)>,
}

impl Toy {
    fn write(&mut self, out: &mut Output<Toy>) -> u64 {
        self.stored += 1;
        out.writes.push(self.stored);
        self.stored - self.stored_at_boot
    }

    fn ping_all(&mut self, out: &mut Output<Toy>) {
        let peers = (0..self.nodes).map(NodeId).filter(|peer| *peer != self.id);
        out.sends
            .extend(peers.map(|peer| (peer, Message::Ping(self.rounds))));
        self.rounds += 1;
    }

    fn ask(&mut self, client: ClientId, serial: u64, out: &mut Output<Toy>) {
        self.asked += 1;
        if self.leader.is_some_and(|leader| leader != self.id) {
            let hint = self.leader.filter(|_| self.hint);
            out.replies.push((client, serial, Reply::NotHere(hint)));
            return;
        }
        let number = self.write(out);
        self.waiting.push((number, client, serial));
    }
}

impl Node for Toy {
    type Config = Config;
    type Message = Message;
    type Request = u64;
    type Reply = Reply;
    type Operator = u64;
    type Event = u64;
    type Disk = Counted;

    fn boot(config: &Config, boot: Boot, disk: &Counted) -> Toy {
        Toy {
            id: boot.id,
            incarnation: boot.incarnation,
            rounds: 0,
            pings: 0,
            pongs: 0,
            asked: 0,
            commands: 0,
            last_seen: boot.now,
            stored: disk.whole,
            stored_at_boot: disk.whole,
            nodes: boot.nodes,
            period: config.period,
            writes: config.writes,
            leader: config.leader,
            hint: config.hint,
            wake: config.period.map(|period| boot.now.after(period)),
            waiting: Vec::new(),
        }
    }

    fn step(
        &mut self,
        now: Local,
        input: Input<'_, Toy>,
        out: &mut Output<Toy>,
        events: Option<&mut Vec<u64>>,
    ) {
        assert!(now >= self.last_seen, "local time went back");
        self.last_seen = now;
        match input {
            Input::Receive {
                from,
                message: Message::Ping(round),
            } => {
                self.pings += 1;
                out.sends.push((from, Message::Pong(*round)));
            }
            Input::Receive { .. } => {
                self.pongs += 1;
                if self.writes {
                    self.write(out);
                }
            }
            Input::Wake => {
                assert!(
                    self.wake.is_some_and(|wake| wake <= now),
                    "woken before the deadline"
                );
                self.wake = self.period.map(|period| now.after(period));
                self.ping_all(out);
                if let Some(events) = events {
                    events.push(self.rounds);
                }
            }
            Input::Written { through } => {
                let done = self
                    .waiting
                    .iter()
                    .take_while(|(number, ..)| *number <= through);
                let done = done.count();
                for (number, client, serial) in self.waiting.drain(..done) {
                    out.replies.push((client, serial, Reply::Stored(number)));
                }
            }
            Input::Request { client, serial, .. } => self.ask(client, serial, out),
            Input::Operator(rounds) => {
                self.commands += 1;
                (0..*rounds).for_each(|_| self.ping_all(out));
            }
        }
    }

    fn deadline(&self) -> Option<Local> {
        self.wake
    }

    fn fold_message(message: &Message, hash: &mut TraceHash) {
        let (kind, round) = match message {
            Message::Ping(round) => (1, round),
            Message::Pong(round) => (2, round),
        };
        hash.word(kind);
        hash.word(*round);
    }

    fn fold_request(request: &u64, hash: &mut TraceHash) {
        hash.word(*request);
    }

    fn fold_reply(reply: &Reply, hash: &mut TraceHash) {
        hash.word(match reply {
            Reply::Stored(number) => *number,
            Reply::NotHere(hint) => hint.map_or(u64::MAX, |node| u64::MAX - 1 - u64::from(node.0)),
        });
    }

    fn fold_write(write: &u64, hash: &mut TraceHash) {
        hash.word(*write);
    }

    fn fold_operator(operator: &u64, hash: &mut TraceHash) {
        hash.word(*operator);
    }

    fn reply_verdict(reply: &Reply) -> Verdict {
        match reply {
            Reply::Stored(_) => Verdict::Done,
            Reply::NotHere(hint) => Verdict::Elsewhere(*hint),
        }
    }
}

/// Clients ask for random numbers.
#[derive(Clone, Copy)]
pub(crate) struct Numbers;

impl Workload<Toy> for Numbers {
    fn request(&mut self, _: ClientId, _: u64, _: Time, random: &mut Stream) -> u64 {
        random.word()
    }
}

pub(crate) type Toys = World<Toy, Numbers>;

pub(crate) fn range(min: u64, max: u64) -> SpanRange {
    SpanRange::new(Span::millis(min), Span::millis(max)).expect("min is not above max")
}

pub(crate) fn ms(count: u64) -> Time {
    Time::START.after(Span::millis(count))
}

/// Links with a latency from `min` to `max` milliseconds and no faults.
pub(crate) fn sound(min: u64, max: u64) -> Quality {
    Quality {
        latency: range(min, max),
        ..Quality::default()
    }
}

pub(crate) fn pace() -> Pace {
    Pace {
        think: range(10, 30),
        attempt: Span::millis(100),
        retry: range(5, 10),
        give_up: Span::millis(1_000),
    }
}

pub(crate) fn plan(seed: u64, clients: usize) -> Plan {
    Plan {
        seed,
        links: sound(1, 10),
        client_links: sound(1, 2),
        sync: range(2, 4),
        clients: vec![pace(); clients],
    }
}

pub(crate) fn world(plan: &Plan, nodes: usize, config: Config) -> Toys {
    World::new(plan, vec![(config, Counted::default()); nodes], Numbers)
}

/// A two-node world without clients in which every message takes one millisecond and nothing
/// happens by itself.
pub(crate) fn pair(writes: bool) -> Toys {
    let config = Config { writes, ..STILL };
    let plan = Plan {
        links: sound(1, 1),
        ..plan(1, 0)
    };
    world(&plan, 2, config)
}

pub(crate) const A: NodeId = NodeId(0);
pub(crate) const B: NodeId = NodeId(1);

pub(crate) fn one_way(from: NodeId, to: NodeId) -> Pair {
    (from.into(), to.into())
}

/// Lets a node ping all its peers `rounds` times, now.
pub(crate) fn ping(world: &mut Toys, node: NodeId, rounds: u64) {
    let Ok(taken) = world.operator(node, rounds, &mut ());
    assert!(taken, "{node:?} takes the command");
}

pub(crate) fn run(world: &mut Toys, until: u64) {
    let Ok(()) = world.run_until(ms(until), &mut ());
}

pub(crate) fn toy(world: &Toys, node: NodeId) -> &Toy {
    world.cluster().node(node).expect("the node is up")
}

pub(crate) fn record(world: &mut Toys, until: u64) -> Vec<Stamped<Toy>> {
    let mut recorder = Recorder::default();
    let Ok(()) = world.run_until(ms(until), &mut recorder);
    recorder.actions
}

/// Applied and effective faults of a kind.
pub(crate) fn faults(world: &Toys, kind: FaultKind) -> (u64, u64) {
    let count = world.ledger().count(kind);
    (count.applied, count.effective)
}

/// A world with all kinds of faults for a while, driven by its seed.
pub(crate) fn chaos(seed: u64) -> Toys {
    let harm = Ratio::new(1, 10).expect("a tenth is a probability");
    let bad = Quality {
        latency: range(1, 10),
        loss: harm,
        duplicate: harm,
        reorder: harm,
        reorder_delay: range(20, 100),
        ..Quality::default()
    };
    let plan = Plan {
        links: bad,
        client_links: bad,
        ..plan(seed, 2)
    };
    world(&plan, 3, PINGING)
}

/// Runs a world through a second with every kind of fault.
pub(crate) fn torment<O: Observer<Toy>>(
    world: &mut Toys,
    observer: &mut O,
) -> Result<(), O::Violation> {
    let mut random = Stream::new(world.cluster().trace_hash(), Purpose::Scenario, 0);
    let links = world.cluster().topology().node_links();
    let rate = Rate::new(9, 10).expect("not 0");
    for step in 1..=100 {
        world.run_until(ms(step * 20), observer)?;
        let node = NodeId(u32::try_from(random.between(0, 2)).expect("at most 2"));
        let pick = random.between(0, links.len() as u64 - 1);
        let link = [links[usize::try_from(pick).expect("a place in the list")]];
        match random.between(0, 14) {
            0 => world.crash(node, Unsynced::Draw, observer).map(|_| ())?,
            1 | 2 => world.restart(node, observer).map(|_| ())?,
            3 => world.pause(node, observer).map(|_| ())?,
            4 => world.resume(node, observer).map(|_| ())?,
            5 => world.set_clock(node, rate, Span::millis(3), observer)?,
            6 => world.set_clock(node, Rate::REAL, Span::ZERO, observer)?,
            7 => world.cut(&link),
            8 => world.heal(&link),
            9 => world.hold(&link),
            10 => world.release(&link),
            11 => world.stall_disk(node),
            13 => world.cut(&[link[0], (link[0].1, link[0].0)]),
            12 => world.slow_disk(node, range(30, 60)),
            _ => world.restore_disk(node),
        }
    }
    Ok(())
}
