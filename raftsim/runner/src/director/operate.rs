//! Commands of operators, and the ends of their effects.

use checks::Violation;
use scenario::Action;
use simulator::{FaultKind, NodeId};
use sut::members::leader;
use sut::{Operator, raft_id};

use super::Director;
use super::draws::Draw;
use super::undo::{Undo, is_down, is_up};
use crate::convert::options;
use crate::spectator::Watching;
use crate::world::KvWorld;

/// Whether a state machine that was slowed down should still be slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slow {
    Still,
    /// The slow phase is over, but the node was paused and has not been told yet.
    Over,
}

impl Director<'_> {
    /// Gives an operator's command to nodes.
    pub(super) fn operate(
        &mut self,
        action: &Action,
        draw: Draw,
        world: &mut KvWorld,
        observer: &mut Watching<'_>,
    ) -> Result<Option<Undo>, Box<Violation>> {
        let leader = leader(world.cluster());
        let (nodes, command) = match action {
            Action::Transfer(who) => {
                let fit = |world: &KvWorld, id| is_up(world, id) && Some(id) != leader;
                let targets = self.who(who, draw, world, fit);
                let target = targets.into_iter().find(|id| Some(*id) != leader);
                let (Some(leader), Some(target)) = (leader, target) else {
                    return Ok(None);
                };
                let to = raft_id(target);
                (vec![leader], kv::Operator::Transfer { to })
            }
            Action::Campaign(who) => (self.who(who, draw, world, is_up), kv::Operator::Campaign),
            Action::StepDown(who) => (self.who(who, draw, world, is_up), kv::Operator::StepDown),
            Action::Apply(change) => {
                let delay = raft_core::Span(change.after.get());
                let nodes = self.who(&change.node, draw, world, is_up);
                self.slow.extend(nodes.iter().map(|id| (*id, Slow::Still)));
                (nodes, kv::Operator::ApplyAfter { delay })
            }
            Action::Snapshot(who) => (self.who(who, draw, world, is_up), kv::Operator::Snapshot),
            Action::Compact(who) => (self.who(who, draw, world, is_up), kv::Operator::Compact),
            Action::RequestSnapshot(who) => {
                let nodes = self.who(who, draw, world, is_up);
                (nodes, kv::Operator::RequestSnapshot)
            }
            Action::Bootstrap(who) => (self.who(who, draw, world, is_up), kv::Operator::Bootstrap),
            Action::ForceNewCluster(who) => {
                let nodes = self.who(who, draw, world, is_up);
                (nodes, kv::Operator::ForceNewCluster)
            }
            _ => unreachable!("no other action is an operator's command"),
        };
        for id in &nodes {
            if is_up(world, *id) {
                world.ledger_mut().schedule(FaultKind::Operator);
                world.ledger_mut().operated();
                world.operator(*id, Operator::Command(command.clone()), observer)?;
            }
        }
        Ok(matches!(action, Action::Apply(_)).then_some(Undo::Apply(nodes)))
    }

    /// Restores the scenario's apply speed of these state machines.
    pub(super) fn apply_as_usual(
        &mut self,
        nodes: &[NodeId],
        world: &mut KvWorld,
        observer: &mut Watching<'_>,
    ) -> Result<(), Box<Violation>> {
        let delay = options(&self.scenario.machine).apply_after;
        for id in nodes {
            let command = Operator::Command(kv::Operator::ApplyAfter { delay });
            let told = world.operator(*id, command, observer)?;
            // A paused node learns of it when it is resumed. A crashed node has lost the setting.
            if told || is_down(world, *id) {
                self.slow.remove(id);
            } else {
                self.slow.insert(*id, Slow::Over);
            }
        }
        Ok(())
    }
}
