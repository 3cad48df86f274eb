//! In the steady state a step allocates nothing: buffers keep their capacity. (A log grows by one
//! segment per term and per full message, and this test does not count that.)

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use allocation_counter::measure;
use raft_core::{
    Base, Boot, Configuration, Durable, Effect, EntryId, EntryMeta, HardState, Index, Input,
    Instant, Message, NodeId, Raft, RoleKind, Settings, Standard, WriteId,
};

const SERVERS: usize = 3;

/// Three servers, whose buffers are all allocated up front.
struct Trio {
    nodes: Vec<Raft>,
    wire: Vec<(NodeId, NodeId, Message)>,
    written: Vec<(NodeId, WriteId)>,
    now: Instant,
    steps: u64,
}

fn place(id: NodeId) -> usize {
    usize::try_from(id.0).expect("identities are small") - 1
}

impl Trio {
    fn new() -> Self {
        let voters: Vec<_> = (1..=SERVERS as u64).map(NodeId).collect();
        let node = |id: &NodeId| {
            let boot = Boot {
                id: *id,
                settings: Settings::default(),
                now: Instant(0),
                seed: 1,
                incarnation: 0,
            };
            let durable = Durable {
                hard_state: HardState::default(),
                base: Base {
                    last: EntryId::default(),
                    configuration: Configuration::of_voters(&voters).unwrap(),
                },
                entries: [] as [EntryMeta; 0],
                intact: Index(0),
                snapshot: None,
                incoming: None,
                may_vote: true,
            };
            Raft::restore(Standard, boot, durable).unwrap()
        };
        Self {
            nodes: voters.iter().map(node).collect(),
            wire: Vec::with_capacity(64),
            written: Vec::with_capacity(64),
            now: Instant(0),
            steps: 0,
        }
    }

    fn step(&mut self, id: NodeId, input: Input<'_>) {
        self.steps += 1;
        for effect in self.nodes[place(id)].step(self.now, input) {
            match effect {
                Effect::Send { to, message } => self.wire.push((id, to, message)),
                Effect::Write(write) => self.written.push((id, write.id)),
                _ => {}
            }
        }
    }

    /// Carries out all pending effects, newest first.
    fn settle(&mut self) {
        loop {
            if let Some((id, write)) = self.written.pop() {
                self.step(id, Input::Written { write });
            } else if let Some((from, to, message)) = self.wire.pop() {
                self.step(
                    to,
                    Input::Receive {
                        from,
                        message: &message,
                    },
                );
            } else {
                return;
            }
        }
    }

    fn wake(&mut self, id: NodeId) {
        let deadline = self.nodes[place(id)].deadline().expect("it waits");
        self.now = self.now.max(deadline);
        self.step(id, Input::Wake);
        self.settle();
    }

    fn propose(&mut self, sizes: &[u64]) {
        self.step(NodeId(1), Input::Propose { sizes });
        self.settle();
    }
}

/// A cluster led by the first server and warmed up.
fn led() -> Trio {
    let mut trio = Trio::new();
    trio.now = Instant(1_000_000_000);
    trio.wake(NodeId(1));
    assert_eq!(trio.nodes[0].role(), RoleKind::Leader);
    for _ in 0..100 {
        trio.propose(&[16; 8]);
        trio.wake(NodeId(1));
    }
    trio
}

fn allocations(work: impl FnOnce()) -> u64 {
    measure(work).count_total
}

#[test]
fn the_counter_counts() {
    assert!(allocations(|| drop(std::hint::black_box(Box::new([0_u8; 9])))) >= 1);
}

#[test]
fn proposing_replicating_and_committing_allocate_nothing() {
    let mut trio = led();
    let (commit, steps) = (trio.nodes[0].commit_index(), trio.steps);
    let count = allocations(|| {
        for _ in 0..1_000 {
            trio.propose(&[16]);
            trio.propose(&[16, 16, 16, 16]);
        }
    });
    assert_eq!(trio.nodes[0].commit_index().0 - commit.0, 5_000);
    assert_eq!(count, 0, "in {} steps", trio.steps - steps);
}

#[test]
fn heartbeats_allocate_nothing() {
    let mut trio = led();
    let count = allocations(|| (0..1_000).for_each(|_| trio.wake(NodeId(1))));
    assert_eq!(count, 0);
    assert_eq!(trio.nodes[0].role(), RoleKind::Leader, "it led all along");
}
