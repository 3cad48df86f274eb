//! Runs edited moves, as often as somebody asks. What is impossible is skipped.

use std::collections::BTreeSet;

use checks::{Broken, Checks, Violation};
use kv::{Request, Response, SessionId};
use runner::convert::{options, settings};
use scenario::Resolved;
use simulator::{
    Action, ClientId, Cluster, Completions, Content, DropReason, Endpoint, MessageId, NodeId,
    Refusal, Slot, Stepped, Stopped,
};
use sut::{Config, Image, Property, Server, Variant, panics};

use super::case::{Case, World};
use super::message_key::MessageKey;
use super::moves::{Letter, Move, MoveKind, Pick};

/// What came of a replay.
#[derive(Clone, Debug)]
pub(crate) struct Played {
    /// What does not hold, if something does not.
    pub(crate) broken: Option<Broken>,
    /// The moves that were possible, up to the violation; messages say what they said this time.
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

    /// The world of a case at time 0.
    pub(crate) fn world(&self, world: &World) -> Stepped<Server> {
        let member = |place| {
            let config = Config {
                options: options(&self.scenario.machine),
                variant: self.variant.clone(),
                settings: settings(&world.raft, &self.scenario.nodes[place as usize]),
                configuration: world.founders.known_to(NodeId(place)),
            };
            (config, Image::default())
        };
        let members = (0..world.nodes).map(member).collect();
        let cluster = Cluster::new(members, world.clients, self.scenario.seed);
        Stepped::new(cluster, Completions::AtOnce)
    }

    /// A replay that has not made its first move.
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
    /// The session that each client was told of last.
    sessions: Vec<Option<SessionId>>,
    timed: bool,
    kept: Vec<Move>,
}

impl Play {
    /// The world as the moves so far left it.
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
        // It is kept before it is done: a failing assertion may end it half-way.
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
        let action = match kind {
            MoveKind::Deliver(letter) => return self.message(letter, Action::Deliver),
            MoveKind::Drop(letter) => {
                return self.message(letter, |id| Action::Drop(id, DropReason::Listed));
            }
            MoveKind::Duplicate(letter) => return self.message(letter, Action::Duplicate),
            MoveKind::Disk { node, stall: true } => {
                self.stepped.stall_disk(*node);
                return Ok(());
            }
            MoveKind::Disk { node, stall: false } => {
                self.stepped.restore_disk(*node);
                return self.stepped.complete(*node, &mut self.checks);
            }
            MoveKind::Call {
                client,
                to,
                request,
            } => return self.call(*client, *to, request),
            MoveKind::Written { node, through } => self.written(*node, *through),
            MoveKind::Retry { client, to } => Action::Retry {
                client: *client,
                serial: self.serials[client.0 as usize],
                target: *to,
            },
            MoveKind::GiveUp(client) => Action::GiveUp {
                client: *client,
                serial: self.serials[client.0 as usize],
            },
            MoveKind::Operator { node, command } => Action::Operator {
                node: *node,
                command: command.clone(),
            },
            MoveKind::Timeout(node) => Action::Wake(*node),
            MoveKind::Crash { node, cut } => Action::Crash {
                node: *node,
                cut: *cut,
            },
            MoveKind::Restart(node) => Action::Restart(*node),
            MoveKind::Pause(node) => Action::Pause(*node),
            MoveKind::Resume(node) => Action::Resume(*node),
            MoveKind::Clock { node, rate, jump } => Action::Clock {
                node: *node,
                rate: *rate,
                jump: *jump,
            },
        };
        self.perform(&action)
    }

    /// At most what the node handed over this time; what is kept says so.
    fn written(&mut self, node: NodeId, through: Option<u64>) -> Action<Server> {
        let last = self.stepped.cluster().handed_over(node);
        let least = through.map(|through| through.min(last));
        if let Some(Move {
            kind: MoveKind::Written { through: kept, .. },
            ..
        }) = self.kept.last_mut()
        {
            *kept = least;
        }
        Action::Written {
            node,
            through: least.unwrap_or(last),
        }
    }

    fn perform(&mut self, action: &Action<Server>) -> Result<(), Stopped<Box<Violation>>> {
        self.stepped
            .perform(action, None, &mut self.checks)
            .map(|_| ())
    }

    fn call(
        &mut self,
        client: ClientId,
        target: NodeId,
        request: &Request,
    ) -> Result<(), Stopped<Box<Violation>>> {
        let request = self.in_own_session(client, request)?;
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

    /// The request, in the session that the client was told of this time: it may have another
    /// number. A client that was told of none asks for nothing in one.
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
        if let Some(Move {
            kind: MoveKind::Call { request: kept, .. },
            ..
        }) = self.kept.last_mut()
        {
            kept.clone_from(&request);
        }
        Ok(request)
    }

    /// The session that a client is told of by this message, if it still waits for that.
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
        letter: &Letter,
        action: impl Fn(MessageId) -> Action<Server>,
    ) -> Result<(), Stopped<Box<Violation>>> {
        let Some((id, slot, says)) = self.find(letter) else {
            return Err(Stopped::Refused(Refusal::NoSuchMessage));
        };
        if let Some(Move {
            kind: MoveKind::Deliver(kept) | MoveKind::Drop(kept) | MoveKind::Duplicate(kept),
            ..
        }) = self.kept.last_mut()
        {
            (kept.says, kept.ordinal) = (says, id.ordinal);
        }
        let action = action(id);
        let told = match action {
            Action::Drop(..) => None,
            _ => self.told_session(id, slot),
        };
        let done = self.stepped.perform(&action, Some(slot), &mut self.checks);
        if let (Ok(_), Some((client, session))) = (&done, told) {
            self.sessions[client.0 as usize] = Some(session);
        }
        done.map(|_| ())
    }

    /// The message that is meant, where it lies, and what it says.
    fn find(&self, letter: &Letter) -> Option<(MessageId, Slot, MessageKey)> {
        let on_link = || {
            self.stepped
                .on_link((letter.from, letter.to))
                .map(|(flight, slot)| (flight.id, slot, MessageKey::of(flight)))
        };
        let same = || {
            let mut same = on_link().filter(|(_, _, says)| *says == letter.says);
            let first = same.next()?;
            let named = |found: &(MessageId, Slot, MessageKey)| found.0.ordinal == letter.ordinal;
            Some(match named(&first) {
                true => first,
                false => same.find(named).unwrap_or(first),
            })
        };
        let alike = |found: &(MessageId, Slot, MessageKey)| found.2.kind == letter.says.kind;
        match letter.pick {
            Pick::Like => same().or_else(|| {
                let alike = || on_link().filter(alike);
                let latest = alike().map(|(_, _, says)| says.term).max()?;
                alike().find(|(_, _, says)| says.term == latest)
            }),
            Pick::Oldest => on_link().find(alike),
            Pick::Newest => on_link().rev().find(alike),
        }
    }
}
