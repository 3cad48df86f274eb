//! Records the actions of a failing run and turns them into moves.

use checks::Violation;
use runner::Spectator;
use scenario::Verb;
use simulator::{
    Action, Cluster, MessageId, Node, Observer, Stamped, Step, Stepped, Stopped, Time,
};
use sut::Server;

use super::message_key::MessageKey;
use super::moves::{Handling, MessageRef, Move, MoveKind, Pick};

/// The actions of a run, up to the one that breaks something.
pub(crate) struct Capture<N: Node> {
    pub(crate) actions: Vec<Stamped<N>>,
    /// The action under way: a failing assertion ends a run in the middle of an action.
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

/// Turns a recording into moves by replaying it in `world`. All disks stall, so that each completion is
/// a move of its own. The action that never ended is the last move.
pub(crate) fn moves(capture: &Capture<Server>, world: &mut Stepped<Server>) -> Vec<Move> {
    let mut moves = Vec::with_capacity(capture.actions.len() + 10);
    for node in world.cluster().nodes().collect::<Vec<_>>() {
        world.stall_disk(node);
        moves.push(Move {
            at: world.now(),
            kind: MoveKind::Step(Verb::Disk {
                who: node.into(),
                stall: true,
            }),
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

/// The move that repeats an action.
fn kind(action: &Action<Server>, world: &Stepped<Server>) -> MoveKind {
    let (handling, id) = match action {
        Action::Deliver(id) => (Handling::Deliver, id),
        Action::Duplicate(id) => (Handling::Duplicate, id),
        Action::Drop(id, _) => (Handling::Drop, id),
        other => {
            let mut verb = runner::verb(other);
            if let Verb::Call(call) = &mut verb {
                call.serial = None;
            }
            return verb.into();
        }
    };
    MoveKind::Message(handling, message(*id, world))
}

fn message(id: MessageId, world: &Stepped<Server>) -> MessageRef {
    let mut flights = world.cluster().in_flight();
    let flight = flights
        .find(|flight| flight.id == id)
        .expect("a recorded message is in flight where it was recorded");
    MessageRef {
        from: id.from,
        to: id.to,
        key: MessageKey::of(flight),
        ordinal: id.ordinal,
        pick: Pick::ByKey,
    }
}
