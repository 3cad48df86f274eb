//! A closed-loop client of the timed world. It decides when to call, which node to ask and when to
//! give up.

use crate::action::Action;
use crate::node::{ClientId, Node, NodeId, Verdict};
use crate::observer::Observer;
use crate::queue::{Alarm, Due, Queue, Ring, Ticket};
use crate::random::{Purpose, Stream};
use crate::time::{Span, SpanRange, Time};
use crate::timed::{Progress, World};

/// Makes the requests of clients.
pub trait Workload<N: Node>: Clone {
    /// The next request of a client, made at `now`. `random` is the client's own.
    fn request(
        &mut self,
        client: ClientId,
        serial: u64,
        now: Time,
        random: &mut Stream,
    ) -> N::Request;

    /// Reports that a client's operation was answered or failed. Later requests may depend on it.
    fn answered(&mut self, client: ClientId, reply: &N::Reply) {
        let _ = (client, reply);
    }
}

/// The waiting times of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The pause between the end of an operation and the next call.
    pub think: SpanRange,
    /// The time that a client waits for an answer before it asks the next node.
    pub attempt: Span,
    /// The pause before the next attempt after a node could not answer. If the range begins at 0,
    /// the world may stay at one moment for as long as nodes keep refusing.
    pub retry: SpanRange,
    /// The time after the call at which the client gives up. The operation's outcome is then
    /// unknown.
    pub give_up: Span,
}

/// One client with its pace and its progress.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) id: ClientId,
    pub(crate) pace: Pace,
    nodes: u32,
    /// The node that gets the next request.
    pub(crate) target: NodeId,
    pub(crate) serial: u64,
    pub(crate) running: bool,
    /// The time of the next call or retry.
    pub(crate) send: Alarm,
    /// The end of the current wait.
    pub(crate) patience: Alarm,
    pub(crate) gives_up: Time,
    waits: Stream,
    pub(crate) content: Stream,
}

impl Caller {
    pub(crate) fn new(id: ClientId, pace: Pace, nodes: u32, seed: u64) -> Caller {
        Caller {
            id,
            pace,
            nodes,
            target: NodeId(id.0 % nodes),
            serial: 0,
            running: false,
            send: Alarm::default(),
            patience: Alarm::default(),
            gives_up: Time::START,
            waits: Stream::new(seed, Purpose::Client, id.0.into()),
            content: Stream::new(seed, Purpose::Workload, id.0.into()),
        }
    }

    /// An attempt is on its way, so the client waits for an answer.
    pub(crate) fn asked(&mut self, now: Time, queue: &mut Queue) {
        let until = now.after(self.pace.attempt).min(self.gives_up);
        self.wait_until(until, now, queue);
    }

    /// The operation has ended with or without an answer, so the client thinks.
    pub(crate) fn ended(&mut self, now: Time, queue: &mut Queue) {
        let next = now.after(self.waits.span(self.pace.think));
        let next = self.running.then_some(next);
        self.send.set(next, now, queue, Due::Send(self.id));
        self.patience.set(None, now, queue, Due::Patience(self.id));
    }

    /// The node answered that it cannot serve the request, so the client asks another one a little
    /// later.
    pub(crate) fn refused(&mut self, verdict: Verdict, now: Time, queue: &mut Queue) {
        match verdict {
            Verdict::Elsewhere(Some(hint)) if hint.0 < self.nodes => self.target = hint,
            _ => self.rotate(),
        }
        let next = now.after(self.waits.span(self.pace.retry));
        self.send.set(Some(next), now, queue, Due::Send(self.id));
        self.wait_until(self.gives_up, now, queue);
    }

    /// Turns to the next node.
    pub(crate) fn rotate(&mut self) {
        self.target = NodeId((self.target.0 + 1) % self.nodes);
    }

    fn wait_until(&mut self, until: Time, now: Time, queue: &mut Queue) {
        self.patience
            .set(Some(until), now, queue, Due::Patience(self.id));
    }
}

impl<N: Node, W: Workload<N>> World<N, W> {
    pub(crate) fn send<O: Observer<N> + ?Sized>(
        &mut self,
        client: ClientId,
        ticket: Ticket,
        observer: &mut O,
    ) -> Result<Progress, O::Violation> {
        let caller = &mut self.callers[client.0 as usize];
        if caller
            .send
            .pop(ticket, self.now, &mut self.queue, Due::Send(client))
            == Ring::No
        {
            return Ok(Progress::Quiet);
        }
        if self.cluster.open_operation(client).is_some() {
            return self.ask_again(client, observer);
        }
        if !caller.running {
            return Ok(Progress::Quiet);
        }
        caller.serial += 1;
        let (serial, target) = (caller.serial, caller.target);
        let request = self
            .workload
            .request(client, serial, self.now, &mut caller.content);
        caller.gives_up = self.now.after(caller.pace.give_up);
        caller.asked(self.now, &mut self.queue);
        let action = Action::Call {
            client,
            serial,
            target,
            request,
        };
        self.act(&action, None, observer)
    }

    pub(crate) fn patience<O: Observer<N> + ?Sized>(
        &mut self,
        client: ClientId,
        ticket: Ticket,
        observer: &mut O,
    ) -> Result<Progress, O::Violation> {
        let caller = &mut self.callers[client.0 as usize];
        let due = Due::Patience(client);
        if caller.patience.pop(ticket, self.now, &mut self.queue, due) == Ring::No {
            return Ok(Progress::Quiet);
        }
        caller.rotate();
        if self.now < caller.gives_up {
            return self.ask_again(client, observer);
        }
        caller.ended(self.now, &mut self.queue);
        let serial = caller.serial;
        self.act(&Action::GiveUp { client, serial }, None, observer)
    }

    fn ask_again<O: Observer<N> + ?Sized>(
        &mut self,
        client: ClientId,
        observer: &mut O,
    ) -> Result<Progress, O::Violation> {
        let caller = &mut self.callers[client.0 as usize];
        caller.asked(self.now, &mut self.queue);
        let action = Action::Retry {
            client,
            serial: caller.serial,
            target: caller.target,
        };
        self.act(&action, None, observer)
    }

    /// Updates a client after a reply.
    pub(crate) fn answered(&mut self, client: ClientId) {
        let received = self
            .cluster
            .received
            .as_ref()
            .expect("a reply was just delivered");
        let caller = &mut self.callers[client.0 as usize];
        if !received.accepted {
            return;
        }
        match received.verdict {
            Verdict::Done | Verdict::Failed => {
                caller.ended(self.now, &mut self.queue);
                self.workload.answered(client, &received.reply);
            }
            // The client no longer waits for the sender of a late refusal, so the refusal says
            // nothing new.
            verdict if received.from == caller.target => {
                caller.refused(verdict, self.now, &mut self.queue);
            }
            _ => {}
        }
    }
}
