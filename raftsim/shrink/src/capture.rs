//! The recording of a failing run, and how its actions become moves.

use checks::Violation;
use runner::Spectator;
use simulator::{
    Action, Cluster, MessageId, Node, Observer, Stamped, Step, Stepped, Stopped, Time,
};
use sut::Server;

use super::message_key::MessageKey;
use super::moves::{Letter, Move, MoveKind, Pick};

/// Keeps every action of a run, up to the one that breaks something.
pub(crate) struct Capture<N: Node> {
    pub(crate) actions: Vec<Stamped<N>>,
    /// The action under way: an assertion that fails ends a run in the middle of one.
    pub(crate) tried: Option<(Time, Action<N>)>,
}

impl<N: Node> Capture<N> {
    pub(crate) fn new() -> Self {
        Self {
            actions: Vec::new(),
            tried: None,
        }
    }
}

impl<N: Node> Observer<N> for Capture<N> {
    type Violation = Box<Violation>;

    fn before(
        &mut self,
        _: &Cluster<N>,
        time: Time,
        action: &Action<N>,
    ) -> Result<(), Box<Violation>> {
        self.tried = Some((time, action.clone()));
        Ok(())
    }

    fn after(&mut self, _: &Cluster<N>, step: &Step<'_, N>) -> Result<(), Box<Violation>> {
        self.tried = None;
        self.actions.push(step.stamped());
        Ok(())
    }
}

impl Spectator for Capture<Server> {}

/// Turns a recording into moves, by replaying it in `world`. Every disk is stalled: completions are
/// moves of their own. The action that never ended is the last move.
pub(crate) fn moves(capture: &Capture<Server>, world: &mut Stepped<Server>) -> Vec<Move> {
    let mut moves = Vec::with_capacity(capture.actions.len() + 10);
    for node in world.cluster().nodes().collect::<Vec<_>>() {
        world.stall_disk(node);
        moves.push(Move {
            at: world.now(),
            kind: MoveKind::Disk { node, stall: true },
        });
    }
    for stamped in &capture.actions {
        moves.push(Move {
            at: stamped.time,
            kind: kind(&stamped.action, world),
        });
        world
            .advance_to(stamped.time)
            .expect("a recording goes forward in time");
        let (Ok(_) | Err(Stopped::ActionLimit)) = world.perform(&stamped.action, None, &mut ())
        else {
            panic!("a recorded action is possible where it was recorded")
        };
    }
    moves.extend(capture.tried.iter().map(|(time, action)| Move {
        at: *time,
        kind: kind(action, world),
    }));
    moves
}

/// The move that an action is.
fn kind(action: &Action<Server>, world: &Stepped<Server>) -> MoveKind {
    match action {
        Action::Deliver(id) => MoveKind::Deliver(letter(*id, world)),
        Action::Duplicate(id) => MoveKind::Duplicate(letter(*id, world)),
        Action::Drop(id, _) => MoveKind::Drop(letter(*id, world)),
        Action::Wake(node) => MoveKind::Timeout(*node),
        Action::Written { node, through } => MoveKind::Written {
            node: *node,
            through: Some(*through),
        },
        Action::Crash { node, cut } => MoveKind::Crash {
            node: *node,
            cut: *cut,
        },
        Action::Restart(node) => MoveKind::Restart(*node),
        Action::Clock { node, rate, jump } => MoveKind::Clock {
            node: *node,
            rate: *rate,
            jump: *jump,
        },
        Action::Pause(node) => MoveKind::Pause(*node),
        Action::Resume(node) => MoveKind::Resume(*node),
        Action::Operator { node, command } => MoveKind::Operator {
            node: *node,
            command: command.clone(),
        },
        Action::Call {
            client,
            target,
            request,
            ..
        } => MoveKind::Call {
            client: *client,
            to: *target,
            request: request.clone(),
        },
        Action::Retry { client, target, .. } => MoveKind::Retry {
            client: *client,
            to: *target,
        },
        Action::GiveUp { client, .. } => MoveKind::GiveUp(*client),
    }
}

fn letter(id: MessageId, world: &Stepped<Server>) -> Letter {
    let mut flights = world.cluster().in_flight();
    let flight = flights
        .find(|flight| flight.id == id)
        .expect("a recorded message is in flight where it was recorded");
    Letter {
        from: id.from,
        to: id.to,
        says: MessageKey::of(flight),
        ordinal: id.ordinal,
        pick: Pick::Like,
    }
}
