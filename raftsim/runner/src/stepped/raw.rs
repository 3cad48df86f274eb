//! Verbs that are single actions, or the same action for several messages or nodes.

use scenario::{Call, Keep, Letters, Links, Verb};
use simulator::{
    Action, ClientId, Cut, DropReason, Endpoint, FaultKind, Gate, MessageId, NodeId, Pair, Rate,
    Span,
};
use sut::Server;

use super::gates::joined;
use super::observers::Halt;
use super::step_failure::StepFailure;
use super::{Player, kinds};
use crate::convert::rate;

impl Player<'_> {
    /// Performs a raw action, for one message or node after the other.
    pub(super) fn raw(&mut self, verb: &Verb) -> Result<(), Halt> {
        match verb {
            Verb::Deliver(letters) => self.each(letters, true, Action::Deliver),
            Verb::Duplicate(letters) => self.each(letters, true, Action::Duplicate),
            Verb::Drop(letters) => {
                self.each(letters, false, |id| Action::Drop(id, DropReason::Listed))
            }
            Verb::Timeout(node) => self.one(&Action::Wake(*node)),
            Verb::Written { node, through } => {
                let node = *node;
                let through = through.unwrap_or_else(|| self.world.cluster().handed_over(node));
                self.one(&Action::Written { node, through })
            }
            Verb::Disk { who, stall } => self.disk(&self.who(*who)?, *stall),
            Verb::Crash { who, keep } => {
                let Keep { writes, parts } = *keep;
                let cut = Cut { writes, parts };
                self.all(&self.who(*who)?, |node| Action::Crash { node, cut })
            }
            Verb::Restart(who) => self.all(&self.who(*who)?, Action::Restart),
            Verb::Pause(who) => self.all(&self.who(*who)?, Action::Pause),
            Verb::Resume(who) => self.all(&self.who(*who)?, Action::Resume),
            Verb::Clock {
                who,
                rate: to,
                jump,
            } => {
                for node in self.who(*who)? {
                    let present = self.world.cluster().clock(node).rate();
                    let rate: Rate = to.map_or(present, rate);
                    let jump = Span(jump.get());
                    self.one(&Action::Clock { node, rate, jump })?;
                }
                Ok(())
            }
            Verb::Call(call) => self.call(call),
            Verb::Retry { client, to } => {
                let (client, target) = (*client, *to);
                let serial = self.serials[client.0 as usize];
                self.one(&Action::Retry {
                    client,
                    serial,
                    target,
                })
            }
            Verb::GiveUp { client } => {
                let serial = self.serials[client.0 as usize];
                let client = *client;
                self.one(&Action::GiveUp { client, serial })
            }
            Verb::Operator { node, command } => self.one(&Action::Operator {
                node: *node,
                command: command.clone(),
            }),
            _ => unreachable!("every other verb is done elsewhere"),
        }
    }

    fn one(&mut self, action: &Action<Server>) -> Result<(), Halt> {
        self.act(action).map(|_| ())
    }

    fn all(
        &mut self,
        nodes: &[NodeId],
        action: impl Fn(NodeId) -> Action<Server>,
    ) -> Result<(), Halt> {
        nodes.iter().try_for_each(|node| self.one(&action(*node)))
    }

    fn disk(&mut self, nodes: &[NodeId], stall: bool) -> Result<(), Halt> {
        if stall {
            self.announce_nodes("stall the disk of", nodes);
            self.observers.faults.note(FaultKind::DiskStall);
            nodes.iter().for_each(|node| self.world.stall_disk(*node));
            return Ok(());
        }
        self.announce_nodes("as usual again: disk of", nodes);
        for node in nodes {
            self.world.restore_disk(*node);
            self.world.complete(*node, &mut self.observers)?;
        }
        Ok(())
    }

    fn call(&mut self, call: &Call) -> Result<(), Halt> {
        let ClientId(client) = call.client;
        let last = self.serials[client as usize];
        let serial = call.serial.unwrap_or(last + 1);
        self.one(&Action::Call {
            client: call.client,
            serial,
            target: call.to,
            request: call.request.clone(),
        })?;
        self.serials[client as usize] = serial;
        Ok(())
    }

    /// Applies an action to the selected messages. Messages that it causes are not selected.
    fn each(
        &mut self,
        letters: &Letters,
        carried: bool,
        action: impl Fn(MessageId) -> Action<Server>,
    ) -> Result<(), Halt> {
        let (from, to) = (letters.from, letters.to);
        if !letters.all {
            let ends = (from.only(), to.only());
            let (Some(from), Some(to)) = ends else {
                return Err(StepFailure::NoMessage.into());
            };
            let link = (from, to);
            let id = match letters.ordinal {
                Some(ordinal) => MessageId { from, to, ordinal },
                None => self.oldest(link, letters).ok_or(StepFailure::NoMessage)?,
            };
            if carried && self.is_cut(link) {
                return Err(StepFailure::Cut(link).into());
            }
            return self.one(&action(id));
        }
        let mut found = Vec::new();
        for link in joined(Links { from, to }) {
            if !(carried && self.is_cut(link)) {
                found.extend(self.fitting(link, letters));
            }
        }
        if found.is_empty() {
            return Err(StepFailure::NoMessage.into());
        }
        found.into_iter().try_for_each(|id| self.one(&action(id)))
    }

    fn oldest(&self, link: Pair, letters: &Letters) -> Option<MessageId> {
        let fits = |kind| move |flight: &_| kinds::is(flight, kind);
        let found = match letters.kind {
            Some(kind) => self.world.oldest(link, fits(kind)),
            None => self.world.oldest(link, |_| true),
        };
        found.map(|(id, _)| id)
    }

    /// The matching messages in flight on a link, the oldest first.
    fn fitting(&self, link: Pair, letters: &Letters) -> Vec<MessageId> {
        let on_link = |id: MessageId| (id.from, id.to) == link;
        let flights = self.world.cluster().in_flight();
        let mut found: Vec<_> = flights
            .filter(|flight| on_link(flight.id))
            .filter(|flight| letters.kind.is_none_or(|kind| kinds::is(flight, kind)))
            .map(|flight| flight.id)
            .collect();
        found.sort_unstable_by_key(|id| id.ordinal);
        found
    }

    /// Whether a link loses its messages. A link that does not exist carries nothing anyway.
    pub(super) fn is_cut(&self, link: Pair) -> bool {
        let exists = match link {
            (Endpoint::Client(_), Endpoint::Client(_)) => false,
            (from, to) => from != to,
        };
        exists && self.world.gate(link) == Gate::Cut
    }
}
