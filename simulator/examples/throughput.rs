//! The speed of the engine with a node that does almost nothing.
//!
//! ```sh
//! cargo build --release -p simulator --example throughput
//! time target/release/examples/throughput 50000000
//! ```
//!
//! Tokens circle among five nodes. Each delivery resets the receiver's timeout, as a heartbeat
//! does. The argument is the number of events to run.

use simulator::{
    Boot, ClientId, Disk, Input, Local, Node, NodeId, Output, Plan, Quality, Span, SpanRange,
    Stream, Time, TraceHash, Verdict, Workload, World,
};

#[derive(Clone)]
struct Relay {
    next: NodeId,
    deadline: Local,
}

#[derive(Clone)]
struct NoDisk;

impl Disk for NoDisk {
    type Write = ();

    fn apply(&mut self, (): ()) {}

    fn parts((): &()) -> u32 {
        1
    }

    fn apply_parts(&mut self, (): &(), _: u32) {}
}

const TOKENS: u64 = 4;
const TOKEN_TIMEOUT: Span = Span::millis(100);

impl Node for Relay {
    type Config = ();
    type Message = [u64; 4];
    type Request = ();
    type Reply = ();
    type Operator = ();
    type Event = ();
    type Disk = NoDisk;

    fn boot((): &(), boot: Boot, _: &NoDisk) -> Relay {
        Relay {
            next: NodeId((boot.id.0 + 1) % boot.nodes),
            deadline: boot.now,
        }
    }

    fn step(
        &mut self,
        now: Local,
        input: Input<'_, Relay>,
        out: &mut Output<Relay>,
        _: Option<&mut Vec<()>>,
    ) {
        match input {
            Input::Receive { message, .. } => {
                let mut message = *message;
                message[0] += 1;
                out.sends.push((self.next, message));
            }
            Input::Wake if now == Local(0) => {
                out.sends
                    .extend((0..TOKENS).map(|token| (self.next, [0, token, 0, 0])));
            }
            _ => {}
        }
        self.deadline = now.after(TOKEN_TIMEOUT);
    }

    fn deadline(&self) -> Option<Local> {
        Some(self.deadline)
    }

    fn fold_message(message: &[u64; 4], hash: &mut TraceHash) {
        for word in message {
            hash.word(*word);
        }
    }

    fn fold_request((): &(), _: &mut TraceHash) {}
    fn fold_reply((): &(), _: &mut TraceHash) {}
    fn fold_write((): &(), _: &mut TraceHash) {}
    fn fold_operator((): &(), _: &mut TraceHash) {}

    fn reply_verdict((): &()) -> Verdict {
        Verdict::Done
    }
}

#[derive(Clone)]
struct Silence;

impl Workload<Relay> for Silence {
    fn request(&mut self, _: ClientId, _: u64, _: Time, _: &mut Stream) {}
}

fn main() {
    let argument = std::env::args()
        .nth(1)
        .and_then(|argument| argument.parse().ok());
    let events: u64 = argument.unwrap_or(1_000_000);
    let plan = Plan {
        seed: 1,
        links: Quality {
            latency: SpanRange::new(Span::millis(1), Span::millis(10)).expect("1 is below 10"),
            ..Quality::default()
        },
        client_links: Quality::default(),
        sync: SpanRange::default(),
        clients: Vec::new(),
    };
    let mut world: World<Relay, Silence> = World::new(&plan, vec![((), NoDisk); 5], Silence);
    while world.cluster().counters().events() < events {
        let Ok(_) = world.step(&mut ());
    }
    let counters = world.cluster().counters();
    println!("{counters:?}, hash {:016x}", world.cluster().trace_hash());
}
