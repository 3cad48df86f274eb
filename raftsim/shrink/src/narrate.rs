//! Gives each step of a script a sentence about its own run: the runs that the steps came from may have
//! done something else.

use checks::Violation;
use runner::Spectator;
use scenario::{NodeName, Verb};
use simulator::{Action, Cluster, Observer, Step, Time};
use sut::Server;

use super::macro_steps::Line;
use super::message_key::MessageKey;
use super::moves::MoveKind;
use super::sentences::{ClusterView, Transition};

/// Watches a script in which each step says its own number.
pub(super) struct Narrator {
    seen: Vec<Seen>,
    now: ClusterView,
}

/// The cluster before and after a step.
struct Seen {
    before: ClusterView,
    after: ClusterView,
    /// The key of its first message.
    key: Option<MessageKey>,
    /// Whether the first action has begun.
    begun: bool,
}

/// Lets each step say its own number.
pub(super) fn numbered(lines: &[Line]) -> Vec<Line> {
    let mut lines = lines.to_vec();
    for (position, line) in lines.iter_mut().enumerate() {
        line.step.say = Some(position.to_string());
    }
    lines
}

impl Narrator {
    pub(super) fn new(nodes: usize) -> Self {
        Self {
            seen: Vec::new(),
            now: ClusterView::unknown(nodes),
        }
    }

    /// Lets each step say what it did, and removes steps that the run did not reach.
    pub(super) fn narrate(&self, lines: &mut Vec<Line>, names: &[NodeName]) {
        lines.truncate(self.seen.len());
        let steps = lines.len();
        for (position, (line, seen)) in lines.iter_mut().zip(&self.seen).enumerate() {
            let transition = Transition {
                names,
                before: &seen.before,
                after: &seen.after,
                over: position + 1 == steps,
            };
            line.step.say = match (&line.kind, &line.step.verb) {
                (Some(kind), _) => Some(transition.sentence(&seen.of_this_run(kind))),
                (None, Some(Verb::Elect { node, votes })) => {
                    Some(transition.election(*node, *votes))
                }
                (None, Some(Verb::Replicate { from, to, through })) => {
                    Some(transition.replication(*from, *to, through.unwrap_or(0)))
                }
                (None, _) => None,
            };
        }
    }
}

impl Seen {
    /// The move with the message of this run.
    fn of_this_run(&self, kind: &MoveKind) -> MoveKind {
        let mut kind = kind.clone();
        if let (Some(message), Some(key)) = (kind.message_mut(), self.key) {
            message.key = key;
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
        seen.before = ClusterView::at(cluster);
        seen.after = seen.before.clone();
        if let Action::Deliver(id) | Action::Duplicate(id) | Action::Drop(id, _) = action {
            let mut flights = cluster.in_flight();
            seen.key = flights.find(|flight| flight.id == *id).map(MessageKey::of);
        }
        Ok(())
    }

    fn after(
        &mut self,
        cluster: &Cluster<Server>,
        _: &Step<'_, Server>,
    ) -> Result<(), Box<Violation>> {
        self.now = ClusterView::at(cluster);
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
                key: None,
                begun: false,
            });
        }
    }
}
