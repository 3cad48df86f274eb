//! Our core in a cluster: a payload log beside it, instant disks, one queue of messages.

use std::collections::VecDeque;

use raft_core::{
    Base, Body, Boot, Configuration, Durable, Effect, EntryId, EntryMeta, HardState, Index, Input,
    Instant, Message, NodeId, Raft, ReadMode, ReadToken, RoleKind, Settings, Span, Standard,
};

use super::payload::{Carried, Payloads};
use crate::load::{Cluster, Load, MESSAGE_BYTES};

/// The way in which proposals reach the core and the commit index reaches followers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Manner {
    /// All entries in flight are proposed in one step.
    pub(crate) together: bool,
    /// The commit index is sent at once, not with the next message.
    pub(crate) eager: bool,
}

struct Server<P> {
    raft: Raft,
    payloads: P,
    /// The number of reads that got an index.
    read: u64,
}

/// The maximum clock error: a tenth of the shortest election timeout.
const CLOCK_ERROR: Span = Span(15_000_000);

struct Envelope {
    from: usize,
    to: usize,
    message: Message,
    frames: Vec<u8>,
}

/// Our cluster. The first node leads.
pub(crate) struct Ours<P> {
    servers: Vec<Server<P>>,
    queue: VecDeque<Envelope>,
    now: Instant,
    load: Load,
    manner: Manner,
    entry: Vec<u8>,
    sizes: Vec<u64>,
    committed: u64,
    delivered: u64,
}

impl<P: Payloads> Ours<P> {
    /// A cluster that has elected its leader.
    pub(crate) fn new(load: Load, manner: Manner) -> Self {
        let ids: Vec<_> = (1..=load.nodes as u64).map(NodeId).collect();
        let settings = Settings {
            eager_commit: manner.eager,
            max_message_bytes: MESSAGE_BYTES,
            clock_error: Some(CLOCK_ERROR),
            ..Settings::default()
        };
        let servers = ids.iter().map(|id| Server {
            raft: start(*id, &ids, settings),
            payloads: P::default(),
            read: 0,
        });
        let mut cluster = Self {
            servers: servers.collect(),
            queue: VecDeque::new(),
            now: Instant(0).after(settings.election_timeout_max),
            load,
            manner,
            entry: vec![7; load.bytes],
            sizes: vec![load.bytes as u64; load.in_flight],
            committed: 0,
            delivered: 0,
        };
        cluster.step(0, Input::Wake, Carried::Nothing);
        cluster.settle();
        let role = cluster.servers[0].raft.role();
        assert!(role == RoleKind::Leader, "the first node leads, not {role}");
        cluster
    }

    /// One of its servers.
    pub(super) fn raft(&self, place: usize) -> &Raft {
        &self.servers[place].raft
    }

    /// Steps a node and carries out its output. Its writes are durable at once.
    fn step(&mut self, place: usize, input: Input<'_>, carried: Carried<'_>) {
        let mut next = perform(
            &mut self.servers[place],
            &mut self.queue,
            self.now,
            (place, input, carried),
        );
        while let Some(write) = next {
            let input = Input::Written { write };
            next = perform(
                &mut self.servers[place],
                &mut self.queue,
                self.now,
                (place, input, Carried::Nothing),
            );
        }
    }

    fn propose(&mut self, count: usize) {
        let sizes = std::mem::take(&mut self.sizes);
        let entry = std::mem::take(&mut self.entry);
        let at_once = if self.manner.together { count } else { 1 };
        for _ in 0..count / at_once {
            let input = Input::Propose {
                sizes: &sizes[..at_once],
            };
            self.step(0, input, Carried::Proposals(at_once, &entry));
        }
        self.sizes = sizes;
        self.entry = entry;
    }

    /// Asks the leader for this number of reads, one step each. Returns when all of them got an
    /// index.
    pub(super) fn read(&mut self, reads: u64, mode: ReadMode) {
        let before = self.servers[0].read;
        for number in 0..reads {
            let token = ReadToken(before + number);
            self.step(0, Input::Read { token, mode }, Carried::Nothing);
        }
        self.settle();
        let read = self.servers[0].read - before;
        assert!(read == reads, "{read} of {reads} reads were answered");
    }

    /// Delivers messages until none is in flight.
    fn settle(&mut self) {
        while let Some(envelope) = self.queue.pop_front() {
            self.delivered += 1;
            let carried = match &envelope.message.body {
                Body::AppendEntries(append) => {
                    Carried::Frames(append.prev.index.next(), &envelope.frames)
                }
                _ => Carried::Nothing,
            };
            let input = Input::Receive {
                from: NodeId(envelope.from as u64 + 1),
                message: &envelope.message,
            };
            self.step(envelope.to, input, carried);
        }
    }
}

/// Steps a node once. Returns the last write it handed out, if any.
fn perform<P: Payloads>(
    server: &mut Server<P>,
    queue: &mut VecDeque<Envelope>,
    now: Instant,
    (place, input, carried): (usize, Input<'_>, Carried<'_>),
) -> Option<raft_core::WriteId> {
    let Server {
        raft,
        payloads,
        read,
    } = server;
    let mut written = None;
    for effect in raft.step(now, input) {
        match effect {
            Effect::Write(write) => {
                payloads.write(&write, carried);
                written = Some(write.id);
            }
            Effect::Send { to, message } => {
                let frames = match &message.body {
                    Body::AppendEntries(append) if !append.is_empty() => {
                        payloads.read(append.prev.index.next(), append.last, append.entries_term)
                    }
                    _ => Vec::new(),
                };
                queue.push_back(Envelope {
                    from: place,
                    to: usize::try_from(to.0 - 1).expect("nodes are few"),
                    message,
                    frames,
                });
            }
            Effect::Committed { through } => payloads.apply(through),
            Effect::Proposed { .. } => {}
            Effect::ReadReady { .. } => *read += 1,
            Effect::ProposalRefused { .. }
            | Effect::ProposalForwarded { .. }
            | Effect::ProposalAnswered { .. }
            | Effect::ProposalLost { .. }
            | Effect::ReadFailed { .. }
            | Effect::Changed { .. }
            | Effect::ChangeFailed { .. }
            | Effect::TransferFailed { .. } => {
                panic!("the first node leads, and nobody takes over: {effect:?}")
            }
            Effect::KeepPiece { .. } | Effect::StorePiece { .. } | Effect::Installed { .. } => {
                panic!("nobody takes a snapshot: {effect:?}")
            }
        }
    }
    written
}

fn start(id: NodeId, ids: &[NodeId], settings: Settings) -> Raft {
    let configuration = Configuration::of_voters(ids).expect("nodes are numbered from 1");
    let boot = Boot {
        id,
        settings,
        now: Instant(0),
        seed: 1,
        incarnation: 0,
    };
    let durable = Durable {
        hard_state: HardState::default(),
        base: Base {
            last: EntryId::default(),
            configuration,
        },
        entries: std::iter::empty::<EntryMeta>(),
        intact: Index(0),
        may_vote: true,
        snapshot: None,
        incoming: None,
    };
    Raft::restore(Standard, boot, durable).expect("a new server starts from nothing")
}

impl<P: Payloads> Cluster for Ours<P> {
    fn commit(&mut self, entries: u64) {
        let batch = self.load.in_flight as u64;
        assert!(entries.is_multiple_of(batch), "whole batches are proposed");
        for _ in 0..entries / batch {
            self.propose(self.load.in_flight);
            self.settle();
        }
        if !self.manner.eager {
            // The heartbeat carries the last commit index.
            self.heartbeat();
        }
        self.committed += entries;
        for server in &self.servers {
            let applied = server.payloads.applied();
            assert!(
                applied.entries == self.committed && applied == self.servers[0].payloads.applied(),
                "all have applied all, and the same"
            );
        }
    }

    fn heartbeat(&mut self) {
        self.now = self.now.after(self.servers[0].raft.settings().heartbeat);
        self.step(0, Input::Wake, Carried::Nothing);
        self.settle();
    }

    fn delivered(&self) -> u64 {
        self.delivered
    }
}
