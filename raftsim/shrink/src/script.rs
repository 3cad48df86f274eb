//! The moves of a case as the steps of a scenario.

use scenario::{Letters, MessageKind, Nanos, ScriptStep, Verb};
use simulator::Stepped;
use sut::{Server, panics};

use super::case::Case;
use super::macro_steps::Line;
use super::message_key::MessageKey;
use super::moves::{Handling, MessageRef, MoveKind};
use super::replay::Replayer;

/// Replays a case and writes each move as a step.
pub(super) fn lines(replayer: &Replayer<'_>, case: &Case) -> Vec<Line> {
    let mut play = replayer.begin(&case.world);
    let mut lines = Vec::new();
    for made in &case.moves {
        if let MoveKind::Step(Verb::Call(call)) = &made.kind
            && play.world().cluster().open_operation(call.client).is_some()
        {
            let give_up = Verb::GiveUp {
                client: call.client,
            };
            lines.push(Line {
                step: ScriptStep::from(give_up.clone()),
                kind: Some(give_up.into()),
            });
        }
        let mut step = ScriptStep::from(verb(&made.kind, play.world()));
        if case.world.timed {
            step.at = Nanos::new(made.at.0);
        }
        // A move may break an assertion, which ends the run.
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
        MoveKind::Message(handling, message) => {
            let letters = letters(message, world);
            match handling {
                Handling::Deliver => Verb::Deliver(letters),
                Handling::Drop => Verb::Drop(letters),
                Handling::Duplicate => Verb::Duplicate(letters),
            }
        }
        MoveKind::Step(verb) => verb.clone(),
    }
}

/// The message as a step names it: by its kind, and by its number only if it is not the oldest. A step
/// that says AppendEntries means heartbeats, too.
fn letters(message: &MessageRef, world: &Stepped<Server>) -> Letters {
    let kind = message.key.kind.message;
    let is = |other: MessageKind| {
        kind == other || (kind, other) == (MessageKind::AppendEntries, MessageKind::Heartbeat)
    };
    let oldest = world.oldest((message.from, message.to), |flight| {
        is(MessageKey::of(flight).kind.message)
    });
    let first = oldest.is_some_and(|(id, _)| id.ordinal == message.ordinal);
    Letters {
        from: message.from.into(),
        to: message.to.into(),
        kind: Some(kind),
        ordinal: (!first).then_some(message.ordinal),
        all: false,
    }
}
