//! Replays moves. A replay skips moves that are impossible.

use std::collections::BTreeSet;

use checks::{Broken, Checks, Violation};
use kv::{Request, Response, SessionId};
use runner::convert::{options, settings};
use scenario::{Call, Resolved, Verb};
use simulator::{
    Action, ClientId, Cluster, Completions, Content, Cut, DropReason, Endpoint, MessageId, NodeId,
    Rate, Refusal, Slot, Span, Stepped, Stopped,
};
use sut::{Config, Image, Property, Server, Variant, panics};

use super::case::{Case, World};
use super::message_key::MessageKey;
use super::moves::{Handling, MessageRef, Move, MoveKind, Pick, only};

/// The result of a replay.
#[derive(Clone, Debug)]
pub(crate) struct Played {
    /// The property that does not hold.
    pub(crate) broken: Option<Broken>,
    /// The moves that were possible, up to the violation, with the messages of this replay.
    pub(crate) moves: Vec<Move>,
}

/// Replays cases of one scenario with one kind of server.
pub(crate) struct Replayer<'s> {
    scenario: &'s Resolved,
    variant: Variant,
    properties: BTreeSet<Property>,
}

impl<'s> Replayer<'s> {
    pub(crate) fn new(scenario: &'s Resolved, variant: Variant) -> Self {
        Self {
            scenario,
            variant,
            properties: scenario.expect.properties(),
        }
    }

    /// The world of a case at its start.
    pub(crate) fn world(&self, world: &World) -> Stepped<Server> {
        let member = |position| {
            let config = Config {
                options: options(&self.scenario.machine),
                variant: self.variant.clone(),
                settings: settings(&world.raft, &self.scenario.nodes[position as usize]),
                configuration: world.founders.known_to(NodeId(position)),
            };
            (config, Image::default())
        };
        let members = (0..world.nodes).map(member).collect();
        let cluster = Cluster::new(members, world.clients, self.scenario.seed);
        Stepped::new(cluster, Completions::AtOnce)
    }

    /// A replay before its first move.
    pub(crate) fn begin(&self, world: &World) -> Play {
        let names = self.scenario.nodes.iter().take(world.nodes as usize);
        let names = names.map(|name| name.0.clone()).collect();
        Play {
            stepped: self.world(world),
            checks: Checks::new(names, world.founders, &self.properties),
            serials: vec![0; world.clients as usize],
            sessions: vec![None; world.clients as usize],
            timed: world.timed,
            kept: Vec::new(),
        }
    }

    /// Runs a case to its end, or to the first violation.
    ///
    /// # Panics
    /// When the tool itself is broken.
    pub(crate) fn play(&self, case: &Case) -> Played {
        let mut play = self.begin(&case.world);
        let result = panics::catch(|| play.go(&case.moves));
        let broken = match result {
            Ok(Ok(())) => None,
            Ok(Err(violation)) => Some(violation.broken),
            Err(panic) if panic.is_the_tools() => panic!("{} at {}", panic.message, panic.place),
            Err(_) => Some(Broken::CoreAssertion),
        };
        Played {
            broken,
            moves: play.kept,
        }
    }
}

/// One replay under way.
pub(crate) struct Play {
    stepped: Stepped<Server>,
    checks: Checks,
    /// Each client's last serial.
    serials: Vec<u64>,
    /// The latest session that each client was told of.
    sessions: Vec<Option<SessionId>>,
    timed: bool,
    kept: Vec<Move>,
}

impl Play {
    /// The world after the moves so far.
    pub(crate) fn world(&self) -> &Stepped<Server> {
        &self.stepped
    }

    fn go(&mut self, moves: &[Move]) -> Result<(), Box<Violation>> {
        moves.iter().try_for_each(|made| self.make(made))?;
        self.checks.finish(self.stepped.cluster())
    }

    /// Makes a move, or skips it.
    pub(crate) fn make(&mut self, made: &Move) -> Result<(), Box<Violation>> {
        if self.timed && made.at > self.stepped.now() {
            self.stepped
                .advance_to(made.at)
                .expect("it was compared with the present time");
        }
        // It is kept first, because a failing assertion may end the run in the middle of it.
        self.kept.push(made.clone());
        match self.kind(&made.kind) {
            Ok(()) => {}
            Err(Stopped::Objection(violation)) => return Err(violation),
            Err(Stopped::Refused(_) | Stopped::ActionLimit) => {
                self.kept.pop();
            }
        }
        Ok(())
    }

    fn kind(&mut self, kind: &MoveKind) -> Result<(), Stopped<Box<Violation>>> {
        let verb = match kind {
            MoveKind::Message(handling, message) => return self.message(*handling, message),
            MoveKind::Step(verb) => verb,
        };
        let action = match verb {
            Verb::Disk { who, stall: true } => {
                self.stepped.stall_disk(only(*who));
                return Ok(());
            }
            Verb::Disk { who, stall: false } => {
                self.stepped.restore_disk(only(*who));
                return self.stepped.complete(only(*who), &mut self.checks);
            }
            Verb::Call(call) => return self.call(call),
            Verb::Written { node, through } => self.written(*node, *through),
            Verb::Retry { client, to } => Action::Retry {
                client: *client,
                serial: self.serials[client.0 as usize],
                target: *to,
            },
            Verb::GiveUp { client } => Action::GiveUp {
                client: *client,
                serial: self.serials[client.0 as usize],
            },
            Verb::Operator { node, command } => Action::Operator {
                node: *node,
                command: command.clone(),
            },
            Verb::Timeout(node) => Action::Wake(*node),
            Verb::Crash { who, keep } => Action::Crash {
                node: only(*who),
                cut: Cut {
                    writes: keep.writes,
                    parts: keep.parts,
                },
            },
            Verb::Restart(who) => Action::Restart(only(*who)),
            Verb::Pause(who) => Action::Pause(only(*who)),
            Verb::Resume(who) => Action::Resume(only(*who)),
            Verb::Clock { who, rate, jump } => {
                let rate = rate.and_then(|rate| Rate::new(rate.num(), rate.den()));
                Action::Clock {
                    node: only(*who),
                    rate: rate.expect("a recorded clock has a rate"),
                    jump: Span(jump.get()),
                }
            }
            other => unreachable!("no action is {other:?}"),
        };
        self.perform(&action)
    }

    /// Completes at most the writes that the node handed over in this replay, and keeps that number.
    fn written(&mut self, node: NodeId, through: Option<u64>) -> Action<Server> {
        let last = self.stepped.cluster().handed_over(node);
        let least = through.map(|through| through.min(last));
        if let Some(Verb::Written { through: kept, .. }) = self.kept_step() {
            *kept = least;
        }
        Action::Written {
            node,
            through: least.unwrap_or(last),
        }
    }

    /// The step that was kept last.
    fn kept_step(&mut self) -> Option<&mut Verb> {
        match &mut self.kept.last_mut()?.kind {
            MoveKind::Step(verb) => Some(verb),
            MoveKind::Message(..) => None,
        }
    }

    fn perform(&mut self, action: &Action<Server>) -> Result<(), Stopped<Box<Violation>>> {
        self.stepped
            .perform(action, None, &mut self.checks)
            .map(|_| ())
    }

    /// A client calls; it gives up an open operation first.
    fn call(&mut self, call: &Call) -> Result<(), Stopped<Box<Violation>>> {
        let (client, target) = (call.client, call.to);
        let request = self.in_own_session(client, &call.request)?;
        let open = self.stepped.cluster().open_operation(client);
        if let Some((serial, _)) = open {
            self.perform(&Action::GiveUp { client, serial })?;
        }
        let serial = self.serials[client.0 as usize] + 1;
        self.perform(&Action::Call {
            client,
            serial,
            target,
            request,
        })?;
        self.serials[client.0 as usize] = serial;
        Ok(())
    }

    /// The request in the session that the client was told of in this replay: the session may have
    /// another number. A client without a session makes no request in one.
    fn in_own_session(
        &mut self,
        client: ClientId,
        request: &Request,
    ) -> Result<Request, Stopped<Box<Violation>>> {
        let mut request = request.clone();
        let (Request::Operation {
            session: Some(session),
            ..
        }
        | Request::KeepSession { session }) = &mut request
        else {
            return Ok(request);
        };
        let told = self.sessions[client.0 as usize];
        *session = told.ok_or(Stopped::Refused(Refusal::NoSuchOperation))?;
        if let Some(Verb::Call(kept)) = self.kept_step() {
            kept.request.clone_from(&request);
        }
        Ok(request)
    }

    /// The session that this message tells a client of, if the client still waits for it.
    fn told_session(&self, id: MessageId, slot: Slot) -> Option<(ClientId, SessionId)> {
        let Endpoint::Client(client) = id.to else {
            return None;
        };
        let mut on_link = self.stepped.on_link((id.from, id.to));
        let (flight, _) = on_link.find(|(_, at)| *at == slot)?;
        let Content::Reply {
            serial,
            reply: Response::SessionOpened { session, .. },
        } = &flight.content
        else {
            return None;
        };
        let open = self.stepped.cluster().open_operation(client);
        let waits = open.is_some_and(|(open, _)| open == *serial);
        waits.then_some((client, *session))
    }

    fn message(
        &mut self,
        handling: Handling,
        message: &MessageRef,
    ) -> Result<(), Stopped<Box<Violation>>> {
        let Some((id, slot, key)) = self.find(message) else {
            return Err(Stopped::Refused(Refusal::NoSuchMessage));
        };
        let kept = self.kept.last_mut();
        if let Some(kept) = kept.and_then(|kept| kept.kind.message_mut()) {
            (kept.key, kept.ordinal) = (key, id.ordinal);
        }
        let (action, told) = match handling {
            Handling::Deliver => (Action::Deliver(id), self.told_session(id, slot)),
            Handling::Duplicate => (Action::Duplicate(id), self.told_session(id, slot)),
            Handling::Drop => (Action::Drop(id, DropReason::Listed), None),
        };
        let done = self.stepped.perform(&action, Some(slot), &mut self.checks);
        if let (Ok(_), Some((client, session))) = (&done, told) {
            self.sessions[client.0 as usize] = Some(session);
        }
        done.map(|_| ())
    }

    /// The message that is meant, its slot, and its key.
    fn find(&self, message: &MessageRef) -> Option<(MessageId, Slot, MessageKey)> {
        let on_link = || {
            self.stepped
                .on_link((message.from, message.to))
                .map(|(flight, slot)| (flight.id, slot, MessageKey::of(flight)))
        };
        let same = || {
            let mut same = on_link().filter(|(_, _, key)| *key == message.key);
            let first = same.next()?;
            let named = |found: &(MessageId, Slot, MessageKey)| found.0.ordinal == message.ordinal;
            Some(match named(&first) {
                true => first,
                false => same.find(named).unwrap_or(first),
            })
        };
        let alike = |found: &(MessageId, Slot, MessageKey)| found.2.kind == message.key.kind;
        match message.pick {
            Pick::ByKey => same().or_else(|| {
                let alike = || on_link().filter(alike);
                let latest = alike().map(|(_, _, key)| key.term).max()?;
                alike().find(|(_, _, key)| key.term == latest)
            }),
            Pick::Oldest => on_link().find(alike),
            Pick::Newest => on_link().rev().find(alike),
        }
    }
}
