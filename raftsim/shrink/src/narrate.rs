//! The sentences of a script, made of what its own run shows: not of what other runs showed, from
//! which its steps came.

use checks::Violation;
use runner::Spectator;
use scenario::{NodeName, Verb};
use simulator::{Action, Cluster, Observer, Step, Time};
use sut::Server;

use super::macro_steps::Line;
use super::message_key::MessageKey;
use super::moves::MoveKind;
use super::sentences::{Glance, Scene};

/// Watches a script whose steps say their own numbers.
pub(super) struct Narrator {
    seen: Vec<Seen>,
    now: Glance,
}

/// What was to be seen of a step.
struct Seen {
    before: Glance,
    after: Glance,
    /// What the first message says that it is about.
    says: Option<MessageKey>,
    /// Whether the first action has begun.
    begun: bool,
}

/// Lets each step say its own number.
pub(super) fn numbered(lines: &[Line]) -> Vec<Line> {
    let mut lines = lines.to_vec();
    for (place, line) in lines.iter_mut().enumerate() {
        line.step.say = Some(place.to_string());
    }
    lines
}

impl Narrator {
    pub(super) fn new(nodes: usize) -> Self {
        Self {
            seen: Vec::new(),
            now: Glance::nothing(nodes),
        }
    }

    /// Lets each step say what it did; those that were never reached go.
    pub(super) fn tell(&self, lines: &mut Vec<Line>, names: &[NodeName]) {
        lines.truncate(self.seen.len());
        let steps = lines.len();
        for (place, (line, seen)) in lines.iter_mut().zip(&self.seen).enumerate() {
            let scene = Scene {
                names,
                before: &seen.before,
                after: &seen.after,
                over: place + 1 == steps,
            };
            line.step.say = match (&line.kind, &line.step.verb) {
                (Some(kind), _) => Some(scene.sentence(&seen.said(kind))),
                (None, Some(Verb::Elect { node, votes })) => Some(scene.election(*node, *votes)),
                (None, Some(Verb::Replicate { from, to, through })) => {
                    Some(scene.replication(*from, *to, through.unwrap_or(0)))
                }
                (None, _) => None,
            };
        }
    }
}

impl Seen {
    /// A move whose message says what it said this time.
    fn said(&self, kind: &MoveKind) -> MoveKind {
        let mut kind = kind.clone();
        if let (Some(letter), Some(says)) = (kind.letter_mut(), self.says) {
            letter.says = says;
        }
        kind
    }
}

impl Observer<Server> for Narrator {
    type Violation = Box<Violation>;

    fn before(
        &mut self,
        cluster: &Cluster<Server>,
        _: Time,
        action: &Action<Server>,
    ) -> Result<(), Box<Violation>> {
        let Some(seen) = self.seen.last_mut().filter(|seen| !seen.begun) else {
            return Ok(());
        };
        seen.begun = true;
        seen.before = Glance::at(cluster);
        seen.after = seen.before.clone();
        if let Action::Deliver(id) | Action::Duplicate(id) | Action::Drop(id, _) = action {
            let mut flights = cluster.in_flight();
            seen.says = flights.find(|flight| flight.id == *id).map(MessageKey::of);
        }
        Ok(())
    }

    fn after(
        &mut self,
        cluster: &Cluster<Server>,
        _: &Step<'_, Server>,
    ) -> Result<(), Box<Violation>> {
        self.now = Glance::at(cluster);
        if let Some(seen) = self.seen.last_mut() {
            seen.after = self.now.clone();
        }
        Ok(())
    }
}

impl Spectator for Narrator {
    fn told(&mut self, _: Time, kind: &str) {
        if kind.parse() == Ok(self.seen.len()) {
            self.seen.push(Seen {
                before: self.now.clone(),
                after: self.now.clone(),
                says: None,
                begun: false,
            });
        }
    }
}
