//! The steps of a scenario that do what moves did.

use scenario::{Call, ClockRate, Keep, Letters, MessageKind, Nanos, ScriptStep, Verb};
use simulator::{Endpoint, NodeId, Stepped};
use sut::{Server, panics};

use super::case::Case;
use super::macro_steps::Line;
use super::message_key::{Kind, MessageKey};
use super::moves::{Letter, MoveKind};
use super::replay::Replayer;

/// Replays a case once more and writes each move down as a step.
pub(super) fn lines(replayer: &Replayer<'_>, case: &Case) -> Vec<Line> {
    let mut play = replayer.begin(&case.world);
    let mut lines = Vec::new();
    for made in &case.moves {
        if let MoveKind::Call { client, .. } = made.kind
            && play.world().cluster().open_operation(client).is_some()
        {
            lines.push(Line {
                step: ScriptStep::from(Verb::GiveUp { client }),
                kind: Some(MoveKind::GiveUp(client)),
            });
        }
        let mut step = ScriptStep::from(verb(&made.kind, play.world()));
        if case.world.timed {
            step.at = Nanos::new(made.at.0);
        }
        // A step may break an assertion; then there is nothing more to do.
        let over = panics::catch(|| play.make(made).is_err()).unwrap_or(true);
        lines.push(Line {
            step,
            kind: Some(made.kind.clone()),
        });
        if over {
            break;
        }
    }
    lines
}

fn verb(kind: &MoveKind, world: &Stepped<Server>) -> Verb {
    match kind {
        MoveKind::Deliver(letter) => Verb::Deliver(letters(letter, world)),
        MoveKind::Drop(letter) => Verb::Drop(letters(letter, world)),
        MoveKind::Duplicate(letter) => Verb::Duplicate(letters(letter, world)),
        MoveKind::Timeout(node) => Verb::Timeout(*node),
        MoveKind::Written { node, through } => Verb::Written {
            node: *node,
            through: *through,
        },
        MoveKind::Disk { node, stall } => Verb::Disk {
            who: (*node).into(),
            stall: *stall,
        },
        MoveKind::Crash { node, cut } => Verb::Crash {
            who: (*node).into(),
            keep: Keep {
                writes: cut.writes,
                parts: cut.parts,
            },
        },
        MoveKind::Restart(node) => Verb::Restart((*node).into()),
        MoveKind::Pause(node) => Verb::Pause((*node).into()),
        MoveKind::Resume(node) => Verb::Resume((*node).into()),
        MoveKind::Clock { node, rate, jump } => Verb::Clock {
            who: (*node).into(),
            rate: ClockRate::new(rate.num(), rate.den()),
            jump: Nanos::new(jump.0).unwrap_or(Nanos::ZERO),
        },
        MoveKind::Call {
            client,
            to,
            request,
        } => Verb::Call(Box::new(Call {
            client: *client,
            serial: None,
            to: *to,
            request: request.clone(),
        })),
        MoveKind::Retry { client, to } => Verb::Retry {
            client: *client,
            to: *to,
        },
        MoveKind::GiveUp(client) => Verb::GiveUp { client: *client },
        MoveKind::Operator { node, command } => Verb::Operator {
            node: *node,
            command: command.clone(),
        },
    }
}

/// How a step names the message: by its kind, and by its place only if it is not the oldest.
fn letters(letter: &Letter, world: &Stepped<Server>) -> Letters {
    let kind = kind(letter.says.kind);
    let is = |other: Kind| kind == self::kind(other) || (kind, other) == HEARTBEAT;
    let oldest = world.oldest((letter.from, letter.to), |flight| {
        is(MessageKey::of(flight).kind)
    });
    let first = oldest.is_some_and(|(id, _)| id.ordinal == letter.ordinal);
    Letters {
        from: letter.from.into(),
        to: letter.to.into(),
        kind: Some(kind),
        ordinal: (!first).then_some(letter.ordinal),
        all: false,
    }
}

/// A step that says AppendEntries means heartbeats, too.
const HEARTBEAT: (MessageKind, Kind) = (MessageKind::AppendEntries, Kind::Heartbeat);

fn kind(kind: Kind) -> MessageKind {
    match kind {
        Kind::PreVote => MessageKind::PreVote,
        Kind::PreVoteGranted | Kind::PreVoteRefused => MessageKind::PreVoteReply,
        Kind::RequestVote => MessageKind::RequestVote,
        Kind::VoteGranted | Kind::VoteRefused => MessageKind::RequestVoteReply,
        Kind::Append => MessageKind::AppendEntries,
        Kind::Heartbeat => MessageKind::Heartbeat,
        Kind::Accepted | Kind::Rejected => MessageKind::AppendEntriesReply,
        Kind::TimeoutNow => MessageKind::TimeoutNow,
        Kind::Sleep => MessageKind::Sleep,
        Kind::SleepReply => MessageKind::SleepReply,
        Kind::WakeUp => MessageKind::WakeUp,
        Kind::ReadIndex => MessageKind::ReadIndex,
        Kind::ReadIndexReply => MessageKind::ReadIndexReply,
        Kind::Propose => MessageKind::Propose,
        Kind::ProposeAccepted | Kind::ProposeRefused => MessageKind::ProposeReply,
        Kind::Piece => MessageKind::InstallSnapshot,
        Kind::PieceReply => MessageKind::InstallSnapshotReply,
        Kind::Request => MessageKind::Request,
        Kind::Reply => MessageKind::Reply,
    }
}

/// The node at an end, if it is one.
pub(super) fn node(end: Endpoint) -> Option<NodeId> {
    match end {
        Endpoint::Node(node) => Some(node),
        Endpoint::Client(_) => None,
    }
}
