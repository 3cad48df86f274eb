//! A server refuses or answers any messages in any order, without a panic or a broken invariant.

use std::collections::BTreeMap;

use crate::common::schedule::change;
use crate::common::{Server, restored_server};
use proptest::prelude::*;
use raft_core::{
    AppendEntries, AppendEntriesReply, Base, Body, Boot, Change, ChangeOptions, Configuration,
    Durable, Effect, EntryId, EntryMeta, HardState, Index, Input, InstallSnapshot, Instant, LIMIT,
    Message, NodeId, Outcome, Priority, ProposalAnswer, ProposalToken, ReadMode, ReadToken,
    Refusal, RestoreError, Settings, SnapshotAttempt, SnapshotId, Span, Term, WriteId,
};

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![
        8 => 0_u64..8,
        1 => Just(LIMIT - 1),
        1 => Just(LIMIT),
        1 => Just(u64::MAX),
        1 => any::<u64>(),
    ]
}

fn snapshot() -> impl Strategy<Value = SnapshotId> {
    (entry(), number()).prop_map(|(last, bytes)| SnapshotId {
        last,
        bytes,
        checksum: 7,
    })
}

fn entry() -> impl Strategy<Value = EntryId> {
    (number(), number()).prop_map(|(index, term)| EntryId {
        index: Index(index),
        term: Term(term),
    })
}

fn configuration() -> impl Strategy<Value = Option<Box<Configuration>>> {
    let set = || proptest::sample::subsequence((1..=9).map(NodeId).collect::<Vec<_>>(), 0..=9);
    let made = (set(), set(), set(), any::<bool>()).prop_map(
        |(incoming, outgoing, learners, leaves_itself)| {
            let made = Configuration::new(&incoming, &outgoing, &learners).ok()?;
            let leaving = made.clone().that_leaves_itself();
            Some(leaving.ok().filter(|_| leaves_itself).unwrap_or(made))
        },
    );
    prop_oneof![
        9 => made,
        1 => Just(Some(Configuration::empty())),
    ]
    .prop_map(|made| made.map(Box::new))
}

fn append() -> impl Strategy<Value = Body> {
    let numbers = (number(), number(), number(), number(), number());
    (
        entry(),
        number(),
        proptest::option::weighted(0.2, configuration()),
        numbers,
    )
        .prop_map(
            |(prev, last, configuration, (entries_term, bytes, commit, seq, sent_at))| {
                Body::AppendEntries(AppendEntries {
                    prev,
                    last: Index(last),
                    entries_term: Term(entries_term),
                    bytes,
                    configuration: configuration.flatten(),
                    commit: Index(commit),
                    seq,
                    sent_at: Instant(sent_at),
                })
            },
        )
}

fn install() -> impl Strategy<Value = Body> {
    let numbers = (number(), number(), number(), number());
    (snapshot(), configuration(), numbers).prop_map(
        |(snapshot, configuration, (offset, length, seq, sent_at))| {
            let nobody = Configuration::empty();
            Body::InstallSnapshot(Box::new(InstallSnapshot {
                snapshot,
                configuration: configuration.map_or(nobody, |held| *held),
                offset,
                length,
                seq,
                sent_at: Instant(sent_at),
            }))
        },
    )
}

fn installed() -> impl Strategy<Value = Body> {
    let numbers = (number(), number(), number());
    (entry(), numbers).prop_map(
        |(last, (received, seq, sent_at))| Body::InstallSnapshotReply {
            last,
            received,
            seq,
            sent_at: Instant(sent_at),
        },
    )
}

fn reply() -> impl Strategy<Value = Body> {
    let outcome = prop_oneof![
        number().prop_map(|index| Outcome::Accepted {
            match_index: Index(index)
        }),
        (number(), entry()).prop_map(|(prev, hint)| Outcome::Rejected {
            prev_index: Index(prev),
            hint
        }),
    ];
    (number(), number(), outcome).prop_map(|(seq, sent_at, outcome)| {
        Body::AppendEntriesReply(AppendEntriesReply {
            seq,
            sent_at: Instant(sent_at),
            outcome,
        })
    })
}

fn priority() -> impl Strategy<Value = Priority> {
    any::<u8>().prop_map(Priority)
}

fn message() -> impl Strategy<Value = Message> {
    let body = prop_oneof![
        1 => (entry(), priority()).prop_map(|(last, priority)| Body::PreVote { last, priority }),
        1 => (number(), any::<bool>())
            .prop_map(|(term, granted)| Body::PreVoteReply { asked_in: Term(term), granted }),
        1 => (entry(), priority(), any::<bool>()).prop_map(|(last, priority, transfer)| {
            Body::RequestVote { last, priority, transfer }
        }),
        1 => (number(), proptest::collection::vec(number(), 0..3)).prop_map(|(token, sizes)| {
            Body::Propose { token: ProposalToken(token), sizes: sizes.into() }
        }),
        1 => (number(), proptest::option::of(entry())).prop_map(|(token, first)| {
            let refused = ProposalAnswer::Refused { why: Refusal::NotLeader, leader: None };
            let answer = first.map_or(refused, ProposalAnswer::Accepted);
            Body::ProposeReply { token: ProposalToken(token), answer }
        }),
        1 => Just(Body::TimeoutNow),
        1 => number().prop_map(|number| Body::ReadIndex { number }),
        1 => (number(), proptest::option::of(number())).prop_map(|(number, index)| {
            Body::ReadIndexReply { number, index: index.map(Index) }
        }),
        1 => any::<bool>().prop_map(|granted| Body::RequestVoteReply { granted }),
        4 => append(),
        3 => reply(),
        2 => install(),
        1 => installed(),
    ];
    (number(), body).prop_map(|(term, body)| Message {
        term: Term(term),
        body,
    })
}

#[derive(Clone, Debug)]
enum Act {
    Forge { from: u64, message: Message },
    Deliver { place: usize },
    Wake { later: u64 },
    Propose { sizes: Vec<u64> },
    Written { back: u64 },
    Read { mode: ReadMode },
    Transfer { to: u64 },
    Campaign,
    StepDown,
    Change { change: Change, how: ChangeOptions },
    Snapshot { kept: u64 },
    PieceStored,
    SnapshotDamaged,
    RequestSnapshot,
}

fn act() -> impl Strategy<Value = (u64, Act)> {
    let act = prop_oneof![
        4 => (1_u64..6, message()).prop_map(|(from, message)| Act::Forge { from, message }),
        5 => any::<usize>().prop_map(|place| Act::Deliver { place }),
        2 => (0_u64..400_000_000).prop_map(|later| Act::Wake { later }),
        1 => proptest::collection::vec(0_u64..200, 0..4).prop_map(|sizes| Act::Propose { sizes }),
        3 => (0_u64..3).prop_map(|back| Act::Written { back }),
        2 => (0_usize..3).prop_map(|mode| {
            let modes = [ReadMode::ReadIndex, ReadMode::Lease, ReadMode::Follower];
            Act::Read { mode: modes[mode] }
        }),
        1 => (0_u64..6).prop_map(|to| Act::Transfer { to }),
        1 => Just(Act::Campaign),
        1 => Just(Act::StepDown),
        2 => (change(6), any::<bool>(), any::<bool>()).prop_map(|(change, forced, stays_joint)| {
            let how = ChangeOptions { forced, stays_joint };
            Act::Change { change, how }
        }),
        1 => (0_u64..3).prop_map(|kept| Act::Snapshot { kept }),
        2 => Just(Act::PieceStored),
        1 => Just(Act::SnapshotDamaged),
        1 => Just(Act::RequestSnapshot),
    ];
    (1_u64..=3, act)
}

fn server(id: u64, settings: Settings, learner: bool) -> Server {
    let voters = [NodeId(1), NodeId(2), NodeId(3)];
    let learners: &[NodeId] = if learner { &[NodeId(4)] } else { &[] };
    let durable = Durable {
        hard_state: HardState::default(),
        base: Base {
            last: EntryId::default(),
            configuration: Configuration::new(&voters, &[], learners).unwrap(),
        },
        entries: Vec::<EntryMeta>::new(),
        intact: Index(0),
        snapshot: None,
        incoming: None,
        may_vote: true,
    };
    let boot = Boot {
        id: NodeId(id),
        settings,
        now: Instant(0),
        seed: 3,
        incarnation: 0,
    };
    restored_server(boot, durable).unwrap()
}

struct Room {
    nodes: Vec<Server>,
    wire: Vec<(NodeId, NodeId, Message)>,
    /// The pieces of a snapshot that are to be stored, and are not reported yet.
    pieces: BTreeMap<u64, (SnapshotAttempt, u64)>,
    now: u64,
}

impl Room {
    fn step(&mut self, id: u64, input: Input<'_>) {
        let node = &mut self.nodes[id as usize - 1];
        let observer = &mut Vec::new();
        for effect in node.step_observed(Instant(self.now), input, observer) {
            match effect {
                Effect::Send { to, message } => self.wire.push((NodeId(id), to, message)),
                Effect::StorePiece {
                    reception,
                    offset,
                    length,
                    ..
                } => drop(self.pieces.insert(id, (reception, offset + length))),
                _ => {}
            }
        }
        assert_eq!(node.invariants(), Ok(()));
    }

    /// Takes a snapshot of the committed state and cuts the log.
    fn snapshot(&mut self, id: u64, kept: u64) {
        let node = &self.nodes[id as usize - 1];
        let index = node.commit_index();
        let term = node.log().term_at(index).unwrap();
        if index == Index(0) {
            return;
        }
        let snapshot = SnapshotId {
            last: EntryId { index, term },
            bytes: 70,
            checksum: index.0,
        };
        self.step(id, Input::SnapshotTaken { snapshot });
        let through = Index(index.0.saturating_sub(kept));
        self.step(id, Input::Compact { through });
    }

    fn act(&mut self, id: u64, act: Act) {
        match act {
            Act::Forge { from, message } => {
                let from = NodeId(from);
                self.step(
                    id,
                    Input::Receive {
                        from,
                        message: &message,
                    },
                );
            }
            Act::Deliver { place } if !self.wire.is_empty() => {
                let (from, to, message) = self.wire.remove(place % self.wire.len());
                if to.0 <= 3 {
                    self.step(
                        to.0,
                        Input::Receive {
                            from,
                            message: &message,
                        },
                    );
                }
            }
            Act::Deliver { .. } => {}
            Act::Wake { later } => {
                self.now += later;
                self.step(id, Input::Wake);
            }
            Act::Propose { sizes } => self.step(id, Input::Propose { sizes: &sizes }),
            Act::Written { back } => {
                let (issued, durable) = self.nodes[id as usize - 1].writes();
                let write = WriteId(issued.0.saturating_sub(back).max(durable.0));
                self.step(id, Input::Written { write });
            }
            Act::Read { mode } => {
                let token = ReadToken(self.now);
                self.step(id, Input::Read { token, mode });
            }
            Act::Transfer { to } => self.step(id, Input::Transfer { to: NodeId(to) }),
            Act::Campaign => self.step(id, Input::Campaign),
            Act::StepDown => self.step(id, Input::StepDown),
            Act::Change { change, how } => {
                let change = &change;
                self.step(id, Input::Change { change, how });
            }
            Act::Snapshot { kept } => self.snapshot(id, kept),
            Act::PieceStored => {
                if let Some((reception, received)) = self.pieces.remove(&id) {
                    let stored = Input::PieceStored {
                        reception,
                        received,
                    };
                    self.step(id, stored);
                }
            }
            Act::SnapshotDamaged => {
                if let Some((reception, _)) = self.pieces.remove(&id) {
                    self.step(id, Input::SnapshotDamaged { reception });
                }
            }
            Act::RequestSnapshot => self.step(id, Input::RequestSnapshot),
        }
    }
}

fn settings() -> impl Strategy<Value = Settings> {
    (
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        1_u64..4,
    )
        .prop_map(
            |(pre_vote, stickiness, check_quorum, eager_commit, window_messages)| Settings {
                pre_vote,
                stickiness,
                check_quorum,
                eager_commit,
                window_messages,
                max_message_bytes: 100,
                window_bytes: 150,
                clock_error: eager_commit.then_some(Span(0)),
                reads_waiting: 2,
                ..Settings::default()
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_message_breaks_a_server(
        settings in settings(),
        learner in any::<bool>(),
        acts in proptest::collection::vec(act(), 1..150),
    ) {
        let nodes = (1..=3).map(|id| server(id, settings, learner)).collect();
        let mut room = Room { nodes, wire: Vec::new(), pieces: BTreeMap::new(), now: 0 };
        for (id, act) in acts {
            room.act(id, act);
        }
    }

    /// A disk that contradicts itself gives an error; any other starts a correct server.
    #[test]
    fn no_disk_breaks_a_starting_server(
        term in number(),
        base in entry(),
        terms in proptest::collection::vec((number(), number()), 0..6),
        intact in number(),
        now in number(),
        snapshot in proptest::option::of(snapshot()),
        incoming in proptest::option::of((snapshot(), number())),
    ) {
        let voters = [NodeId(1), NodeId(2)];
        let durable = Durable {
            hard_state: HardState { current_term: Term(term), voted_for: None },
            base: Base { last: base, configuration: Configuration::of_voters(&voters).unwrap() },
            entries: terms.iter().map(|(term, bytes)| EntryMeta {
                term: Term(*term), bytes: *bytes, configuration: None,
            }),
            intact: Index(intact),
            snapshot,
            incoming,
            may_vote: true,
        };
        let settings = Settings::default();
        let boot = Boot { id: NodeId(1), settings, now: Instant(now), seed: 3, incarnation: 0 };
        if let Ok(raft) = restored_server(boot, durable) {
            prop_assert_eq!(raft.invariants(), Ok(()));
        }
    }
}

#[test]
fn a_disk_that_contradicts_itself_is_refused_by_name() {
    let with = |snapshot, incoming, base: (u64, u64), terms: &[u64], current, intact| {
        let durable = Durable {
            hard_state: HardState {
                current_term: Term(current),
                voted_for: None,
            },
            base: Base {
                last: EntryId {
                    index: Index(base.0),
                    term: Term(base.1),
                },
                configuration: Configuration::of_voters(&[NodeId(1)]).unwrap(),
            },
            entries: terms.iter().map(|term| EntryMeta {
                term: Term(*term),
                bytes: 1,
                configuration: None,
            }),
            intact: Index(intact),
            snapshot,
            incoming,
            may_vote: true,
        };
        let settings = Settings::default();
        let boot = Boot {
            id: NodeId(1),
            settings,
            now: Instant(0),
            seed: 3,
            incarnation: 0,
        };
        restored_server(boot, durable).err()
    };
    let restore =
        |base, terms: &[u64], current, intact| with(None, None, base, terms, current, intact);
    assert_eq!(restore((0, 0), &[1, 2], 2, 2), None);
    assert_eq!(
        restore((0, 0), &[2, 1], 2, 2),
        Some(RestoreError::TermsFall(Index(2)))
    );
    assert_eq!(
        restore((0, 0), &[1, 2], 1, 2),
        Some(RestoreError::HardStateBehindLog)
    );
    assert_eq!(
        restore((0, 0), &[1], 1, 2),
        Some(RestoreError::IntactOutsideLog)
    );
    assert_eq!(
        restore((4, 0), &[1], 1, 5),
        Some(RestoreError::BaseIsNoEntry)
    );
    assert_eq!(restore((0, 0), &[], LIMIT, 0), Some(RestoreError::TooLarge));

    let snapshot = |index, term, bytes| SnapshotId {
        last: EntryId {
            index: Index(index),
            term: Term(term),
        },
        bytes,
        checksum: 7,
    };
    let own = |snapshot| with(Some(snapshot), None, (0, 0), &[1, 2], 2, 2);
    assert_eq!(own(snapshot(2, 2, 5)), None);
    assert_eq!(
        own(snapshot(2, 1, 5)),
        Some(RestoreError::SnapshotDoesNotFit)
    );
    assert_eq!(
        own(snapshot(3, 2, 5)),
        Some(RestoreError::SnapshotDoesNotFit)
    );
    assert_eq!(
        own(snapshot(2, 2, 0)),
        Some(RestoreError::SnapshotDoesNotFit)
    );
    assert_eq!(own(snapshot(2, 2, LIMIT)), Some(RestoreError::TooLarge));
    let incoming = |found| with(None, Some((found, 0)), (0, 0), &[1, 2], 2, 2);
    assert_eq!(incoming(snapshot(9, 2, 5)), None);
    assert_eq!(
        incoming(snapshot(9, 2, LIMIT)),
        Some(RestoreError::TooLarge)
    );
}
