//! Replays a suffix: the last moves of a long run in a fresh cluster.
//!
//! Most failures need few of the moves before them. Most of them need a leader, so the replay elects
//! the leader of that time first, if there was one. A suffix that fails as the run did saves hundreds
//! of replays; one that does not fail costs a short replay.

use scenario::{MessageKind, Verb};
use simulator::{Endpoint, NodeId, Time};

use super::case::Case;
use super::message_key::{Kind, MessageKey};
use super::moves::{Handling, MessageRef, Move, MoveKind, Pick};
use super::search::Reducer;

/// How the replay of a suffix deviates from the run.
#[derive(Clone, Copy)]
struct SuffixReplay {
    /// Elections use no optional rules.
    plain: bool,
    /// Moves name messages by their kind alone.
    alike: bool,
    /// Writes are durable at once.
    quick: bool,
    /// The leader of that time is elected first.
    led: bool,
}

/// Tries longer and longer suffixes of the best case.
pub(super) fn replay_suffix(reducer: &mut Reducer<'_>) {
    let whole = reducer.best.clone();
    let mut length = 16;
    while length < whole.moves.len() {
        let begin = whole.moves.len() - length;
        for bits in 0..16 {
            let off = |bit| bits & bit == 0;
            let (plain, alike, quick, led) = (off(1), off(2), off(4), off(8));
            let replay = SuffixReplay {
                plain,
                alike,
                quick,
                led,
            };
            if reducer.attempt(replay.case(&whole, begin)) {
                return;
            }
        }
        length *= 2;
    }
}

impl SuffixReplay {
    /// The moves from `begin` on in a fresh cluster.
    fn case(self, whole: &Case, begin: usize) -> Case {
        let mut world = whole.world.clone();
        world.timed = false;
        if self.plain {
            world.make_plain();
        }
        let mut moves = Vec::new();
        if let Some(leader) = leader_at(&whole.moves[..begin]).filter(|_| self.led) {
            moves = election(leader, world.nodes);
        }
        if !self.quick {
            let nodes = (0..world.nodes).map(NodeId);
            moves.extend(nodes.map(|node| {
                now(Verb::Disk {
                    who: node.into(),
                    stall: true,
                })
            }));
        }
        let end = whole.moves[begin..].iter();
        moves.extend(
            end.filter(|made| !self.quick || !made.kind.is_disk())
                .cloned(),
        );
        if self.alike {
            let kinds = moves.iter_mut().map(|made| &mut made.kind);
            for message in kinds.filter_map(MoveKind::message_mut) {
                message.pick = Pick::Oldest;
            }
        }
        Case { world, moves }
    }
}

/// The last leader.
fn leader_at(moves: &[Move]) -> Option<NodeId> {
    moves.iter().rev().find_map(|made| {
        let message = made.kind.message()?;
        match (message.key.kind.message, message.from) {
            (MessageKind::AppendEntries | MessageKind::Heartbeat, Endpoint::Node(leader)) => {
                Some(leader)
            }
            _ => None,
        }
    })
}

/// All nodes elect one of them, which sends its first entry to all.
fn election(leader: NodeId, nodes: u32) -> Vec<Move> {
    let others = || (0..nodes).map(NodeId).filter(move |node| *node != leader);
    let rounds = [
        (MessageKind::PreVote, MessageKind::PreVoteReply),
        (MessageKind::RequestVote, MessageKind::RequestVoteReply),
        (MessageKind::AppendEntries, MessageKind::AppendEntriesReply),
    ];
    let messages = rounds.into_iter().flat_map(|(asks, answers)| {
        let there = others().map(move |node| any(leader, node, asks));
        there.chain(others().map(move |node| any(node, leader, answers)))
    });
    std::iter::once(now(Verb::Timeout(leader)))
        .chain(messages)
        .collect()
}

/// The oldest message of a kind arrives.
fn any(from: NodeId, to: NodeId, kind: MessageKind) -> Move {
    let message = MessageRef {
        from: from.into(),
        to: to.into(),
        key: MessageKey::any(Kind::of(kind)),
        ordinal: 0,
        pick: Pick::ByKey,
    };
    now(MoveKind::Message(Handling::Deliver, message))
}

fn now(kind: impl Into<MoveKind>) -> Move {
    Move {
        at: Time::START,
        kind: kind.into(),
    }
}
