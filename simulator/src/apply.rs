//! Performs one action.

use crate::action::{Action, EventId, MessageId};
use crate::cluster::Cluster;
use crate::disk::Lost;
use crate::flight::Content;
use crate::node::{ClientId, Input, Node, NodeId};
use crate::observer::{Observer, Step};
use crate::refusal::Refusal;
use crate::slab::Slot;
use crate::time::{Local, Time};
use crate::topology::Endpoint;

/// The effect of [`Cluster::apply`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The action's number.
    pub id: EventId,
    /// The action that caused it.
    pub cause: EventId,
    /// The affected node with its local time.
    pub node: Option<(NodeId, Local)>,
}

impl<N: Node> Cluster<N> {
    /// Performs one action at `time`. `hint` is the probable slot of its message. The output waits
    /// for [`Cluster::dispatch`].
    ///
    /// # Errors
    ///
    /// The reason why the action is impossible. The cluster is then unchanged.
    ///
    /// # Panics
    ///
    /// If the output of the previous action was not dispatched.
    #[inline]
    pub fn apply(
        &mut self,
        time: Time,
        action: &Action<N>,
        hint: Option<Slot>,
        events: Option<&mut Vec<N::Event>>,
    ) -> Result<Applied, Refusal> {
        let slot = self.check(time, action, hint)?;
        Ok(self.apply_possible(time, action, slot, events))
    }

    /// Performs a possible action. If the action concerns a message, `slot` is the message's slot.
    #[inline(always)]
    fn apply_possible(
        &mut self,
        time: Time,
        action: &Action<N>,
        slot: Option<Slot>,
        events: Option<&mut Vec<N::Event>>,
    ) -> Applied {
        assert!(
            self.author.is_none() && self.asked.is_none(),
            "the last action was not dispatched"
        );
        let node = self.place(action, time);
        let id = EventId(self.last.0 + 1);
        self.now = time;
        self.last = id;
        action.fold(&mut self.hash);
        self.hash.word(time.0);
        if let Some((_, local)) = node {
            self.hash.word(local.0);
        }
        let local = node.map(|(_, local)| local);
        let cause = self.perform(action, (slot, local), events);
        if self.author.is_some() {
            self.fold_output();
        }
        Applied { id, cause, node }
    }

    /// Performs one action that was [checked](Cluster::check), shows it to the observer and also
    /// returns the observer's result. The output waits for [`Cluster::dispatch`]. `events` is a
    /// buffer.
    #[inline(always)]
    pub(crate) fn act<O: Observer<N> + ?Sized>(
        &mut self,
        time: Time,
        action: &Action<N>,
        slot: Option<Slot>,
        events: &mut Vec<N::Event>,
        observer: &mut O,
    ) -> (Applied, Result<(), O::Violation>) {
        events.clear();
        let explained = observer.wants_events().then_some(&mut *events);
        let applied = self.apply_possible(time, action, slot, explained);
        let to_client = matches!(action, Action::Deliver(id) | Action::Duplicate(id)
            if matches!(id.to, Endpoint::Client(_)));
        let step = Step {
            id: applied.id,
            cause: applied.cause,
            time,
            node: applied.node.map(|(node, _)| node),
            local: applied.node.map(|(_, local)| local),
            action,
            output: &self.output,
            events,
            received: self.received.as_ref().filter(|_| to_client),
        };
        let verdict = observer.after(self, &step);
        (applied, verdict)
    }

    /// Performs a possible action and returns its cause. `local` is the local time of its node.
    #[inline]
    fn perform(
        &mut self,
        action: &Action<N>,
        (slot, local): (Option<Slot>, Option<Local>),
        events: Option<&mut Vec<N::Event>>,
    ) -> EventId {
        let slot = || slot.expect("an action on a message was checked to have one");
        match action {
            Action::Deliver(_) => {
                let slot = slot();
                let cause = self.receive(slot, local, events);
                self.flights.discard(slot);
                return cause;
            }
            Action::Duplicate(_) => {
                self.counters.duplicates += 1;
                return self.receive(slot(), local, events);
            }
            Action::Drop(..) => {
                self.counters.drops += 1;
                return self.flights.remove(slot()).cause;
            }
            Action::Wake(node) => {
                self.counters.timers += 1;
                let cause = self.members[node.0 as usize].deadline_cause;
                self.step((*node, local), Input::Wake, events);
                return cause;
            }
            Action::Written { node, through } => {
                self.counters.completions += 1;
                let disk = &mut self.members[node.0 as usize].disk;
                let cause = disk
                    .cause(*through)
                    .expect("it was checked to be on its way");
                disk.report(*through);
                self.step((*node, local), Input::Written { through: *through }, events);
                return cause;
            }
            Action::Operator { node, command } => {
                self.step((*node, local), Input::Operator(command), events);
            }
            Action::Call { client, .. }
            | Action::Retry { client, .. }
            | Action::GiveUp { client, .. } => {
                return self.ask(*client, action);
            }
            _ => self.apply_fault(action),
        }
        EventId::OUTSIDE
    }

    /// Applies a fault to a node. The node gets no input.
    fn apply_fault(&mut self, action: &Action<N>) {
        let node = action.node().expect("it happens to a node");
        let member = &mut self.members[node.0 as usize];
        match action {
            Action::Crash { cut, .. } => {
                member.node = None;
                member.paused = false;
                member.forget_deadline();
                self.lost = member.disk.crash(*cut);
            }
            Action::Restart(_) => self.boot(node, self.last),
            Action::Clock { rate, jump, .. } => {
                member.clock.change(self.now, *rate, *jump);
                member.convert_deadline();
            }
            Action::Pause(_) => member.paused = true,
            Action::Resume(_) => member.paused = false,
            _ => unreachable!("actions with an input are performed elsewhere"),
        }
    }

    /// Performs a client's own action and returns its cause.
    fn ask(&mut self, client: ClientId, action: &Action<N>) -> EventId {
        let session = &mut self.sessions[client.0 as usize];
        match action {
            Action::Call {
                serial,
                target,
                request,
                ..
            } => {
                session.serial = *serial;
                session.open = Some(request.clone());
                self.asked = Some((client, *target));
            }
            Action::Retry { target, .. } => self.asked = Some((client, *target)),
            _ => session.open = None,
        }
        std::mem::replace(&mut session.cause, self.last)
    }

    /// Gives a message to its receiver and returns its cause. The message stays in its slot.
    #[inline(always)]
    fn receive(
        &mut self,
        slot: Slot,
        local: Option<Local>,
        events: Option<&mut Vec<N::Event>>,
    ) -> EventId {
        let local = || local.expect("a node that receives has a clock");
        let Cluster {
            flights, counters, ..
        } = self;
        let flight = flights.get(slot).expect("it was found");
        let (cause, MessageId { from, to, .. }) = (flight.cause, flight.id);
        match (&flight.content, from, to) {
            (Content::Message(message), Endpoint::Node(from), Endpoint::Node(to)) => {
                counters.messages += 1;
                let input = Input::Receive { from, message };
                self.author = Some(to);
                let member = &mut self.members[to.0 as usize];
                member.step(local(), self.last, input, &mut self.output, events);
            }
            (
                Content::Request { serial, request },
                Endpoint::Client(client),
                Endpoint::Node(to),
            ) => {
                counters.client_messages += 1;
                let input = Input::Request {
                    client,
                    serial: *serial,
                    request,
                };
                self.author = Some(to);
                let member = &mut self.members[to.0 as usize];
                member.step(local(), self.last, input, &mut self.output, events);
            }
            (Content::Reply { serial, reply }, Endpoint::Node(from), Endpoint::Client(client)) => {
                counters.client_messages += 1;
                let session = &mut self.sessions[client.0 as usize];
                let received = session.receive(client, from, *serial, reply.clone());
                if received.accepted {
                    session.cause = self.last;
                }
                self.received = Some(received);
            }
            _ => unreachable!("what a message carries follows from its ends"),
        }
        cause
    }

    #[inline(always)]
    fn step(
        &mut self,
        (node, local): (NodeId, Option<Local>),
        input: Input<'_, N>,
        events: Option<&mut Vec<N::Event>>,
    ) {
        let local = local.expect("a node that steps has a clock");
        self.author = Some(node);
        let member = &mut self.members[node.0 as usize];
        member.step(local, self.last, input, &mut self.output, events);
    }

    #[inline]
    fn fold_output(&mut self) {
        let hash = &mut self.hash;
        let output = &self.output;
        let [sends, writes, replies] = [
            output.sends.len(),
            output.writes.len(),
            output.replies.len(),
        ]
        .map(|len| len as u64);
        hash.word(sends << 40 | writes << 20 | replies);
        for (to, message) in &output.sends {
            hash.word(to.0.into());
            N::fold_message(message, hash);
        }
        for write in &output.writes {
            N::fold_write(write, hash);
        }
        for (client, serial, reply) in &output.replies {
            hash.word(client.0.into());
            hash.word(*serial);
            N::fold_reply(reply, hash);
        }
    }

    /// The writes that the last crash destroyed.
    #[must_use]
    pub fn last_loss(&self) -> Lost {
        self.lost
    }
}
