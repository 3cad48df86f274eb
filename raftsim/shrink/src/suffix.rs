//! Replaying a suffix: the last moves of a long run, made in a fresh cluster.
//!
//! Most failures need little of what went before them. What they need is mostly a leader, so one is
//! elected first if the run had one at that time. A suffix that fails as the run did saves hundreds
//! of replays; one that does not costs a short replay.

use simulator::{Endpoint, NodeId, Time};

use super::case::Case;
use super::message_key::{Kind, MessageKey};
use super::moves::{Letter, Move, MoveKind, Pick};
use super::search::Reducer;

/// How the replay of a suffix deviates from the run.
#[derive(Clone, Copy)]
struct Leap {
    /// Elections take no more than they must.
    plain: bool,
    /// Messages are told apart by their kind alone.
    alike: bool,
    /// What is written is durable at once.
    quick: bool,
    /// The leader of the time is elected first.
    led: bool,
}

/// Tries longer and longer ends of the best case.
pub(super) fn replay_suffix(reducer: &mut Reducer<'_>) {
    let whole = reducer.best.clone();
    let mut length = 16;
    while length < whole.moves.len() {
        let begin = whole.moves.len() - length;
        for bits in 0..16 {
            let off = |bit| bits & bit == 0;
            let (plain, alike, quick, led) = (off(1), off(2), off(4), off(8));
            let replay_suffix = Leap {
                plain,
                alike,
                quick,
                led,
            };
            if reducer.attempt(replay_suffix.land(&whole, begin)) {
                return;
            }
        }
        length *= 2;
    }
}

impl Leap {
    /// The moves from `begin` on, made as this replay says.
    fn land(self, whole: &Case, begin: usize) -> Case {
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
            moves.extend(nodes.map(|node| now(MoveKind::Disk { node, stall: true })));
        }
        let end = whole.moves[begin..].iter();
        moves.extend(
            end.filter(|made| !self.quick || !made.kind.is_disk())
                .cloned(),
        );
        if self.alike {
            for letter in moves.iter_mut().filter_map(|made| made.kind.letter_mut()) {
                letter.pick = Pick::Oldest;
            }
        }
        Case { world, moves }
    }
}

/// Who led last.
fn leader_at(moves: &[Move]) -> Option<NodeId> {
    moves.iter().rev().find_map(|made| {
        let letter = made.kind.letter()?;
        match (letter.says.kind, letter.from) {
            (Kind::Append | Kind::Heartbeat, Endpoint::Node(leader)) => Some(leader),
            _ => None,
        }
    })
}

/// A node is elected by all others and hands its first entry to all.
fn election(leader: NodeId, nodes: u32) -> Vec<Move> {
    let others = || (0..nodes).map(NodeId).filter(move |node| *node != leader);
    let rounds = [
        (Kind::PreVote, Kind::PreVoteGranted),
        (Kind::RequestVote, Kind::VoteGranted),
        (Kind::Append, Kind::Accepted),
    ];
    let messages = rounds.into_iter().flat_map(|(asks, answers)| {
        let there = others().map(move |node| any(leader, node, asks));
        there.chain(others().map(move |node| any(node, leader, answers)))
    });
    std::iter::once(now(MoveKind::Timeout(leader)))
        .chain(messages)
        .collect()
}

/// The oldest message of a kind arrives.
fn any(from: NodeId, to: NodeId, kind: Kind) -> Move {
    now(MoveKind::Deliver(Letter {
        from: from.into(),
        to: to.into(),
        says: MessageKey::any(kind),
        ordinal: 0,
        pick: Pick::Like,
    }))
}

fn now(kind: MoveKind) -> Move {
    Move {
        at: Time::START,
        kind,
    }
}
