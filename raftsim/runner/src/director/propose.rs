//! Operations that scripts propose to nodes.

use checks::{self, History, Violation};
use kv::{Answer, Bytes, Op, Reply, Response};
use raft_core::Index;
use scenario::{MAX_PROPOSALS, Offer, One, Size, Start, Statement};
use simulator::{ClientId, Cluster, NodeId, Span, Time};
use sut::{FIRST_OPERATOR, Operator, Proposal, Server};

use super::Director;
use super::committed::CommittedLog;
use super::script::{Busy, Flow};
use crate::convert::span;
use crate::spectator::Watching;
use crate::world::KvWorld;

/// The time between two looks of a script at its operation.
const POLL_INTERVAL: Span = Span(20_000_000);
/// The time until an operation is proposed again after no node accepted it.
const REFUSED_RETRY: Span = Span(50_000_000);
/// The time until an accepted operation is proposed again.
const ACCEPTED_RETRY: Span = Span(2_000_000_000);
/// The time that a `one` without its own limit tries.
const DEFAULT_PROPOSAL_TIMEOUT: Span = Span(10_000_000_000);
/// Each operation has a client of its own, so every client has only one operation.
const SERIAL: u64 = 1;

/// An operation that was proposed.
#[derive(Clone, Debug)]
pub(super) struct Offered {
    client: ClientId,
    op: Op,
    /// The indices of the operation in the logs of the nodes that accepted it.
    pub(super) accepted: Vec<Index>,
    /// The first answer to it.
    pub(super) answer: Option<Reply>,
}

impl Offered {
    pub(super) fn learn(&mut self, history: &History) {
        if self.answer.is_none()
            && let Some(operation) = history.find(self.client.0.into(), SERIAL)
            && let checks::End::Answered { reply, .. } = &operation.end
        {
            self.answer = Some(reply.clone());
        }
    }

    /// The number of nodes that have applied the operation at this index.
    pub(super) fn applied_at(
        &self,
        index: Index,
        committed: &CommittedLog,
        cluster: &Cluster<Server>,
    ) -> usize {
        let own = Some(u64::from(self.client.0));
        let has = |id: &NodeId| {
            cluster.node(*id).is_some_and(|server| {
                server.node().applied() >= index.0 && committed.asker(server, index) == own
            })
        };
        cluster.nodes().filter(has).count()
    }
}

/// An operation that a thread waits for.
#[derive(Clone, Debug)]
pub(super) struct Pending<'s> {
    one: &'s One,
    /// Its position among the operations.
    offer: usize,
    /// The end of the attempts.
    deadline: Time,
    /// The position of the node that is asked first next time.
    turn: usize,
    /// The node and the index of an acceptance, and the end of the wait for its application.
    accepted: Option<(NodeId, Index, Time)>,
}

/// The operation of a step.
struct Said<'a> {
    op: Offer,
    key: Option<&'a str>,
    value: Option<&'a str>,
    size: Option<Size>,
}

impl<'s> Director<'s> {
    /// The operations with a name, each with its position among all operations.
    pub(super) fn offers_named(
        &self,
        name: Option<&str>,
    ) -> impl Iterator<Item = (usize, &Offered)> {
        let places = name.and_then(|name| self.program.named.get(name));
        let places = places.into_iter().flatten();
        places.map(|place| &self.program.offers[*place]).enumerate()
    }

    /// A new operation that was not proposed yet.
    fn new_offer(&mut self, said: &Said<'_>) -> Offered {
        let number = self.program.clients;
        self.program.clients += 1;
        let key: Bytes = said.key.unwrap_or("script").as_bytes().into();
        let value = || -> Bytes {
            if let Some(value) = said.value {
                return value.as_bytes().into();
            }
            let mut text = format!("s{number},");
            while (text.len() as u64) < said.size.map_or(0, Size::get) {
                text.push('.');
            }
            text.as_bytes().into()
        };
        let op = match said.op {
            Offer::Get => Op::Get { key },
            Offer::Put => Op::Put {
                value: value(),
                key,
            },
            Offer::Append => Op::Append {
                value: value(),
                key,
            },
        };
        Offered {
            client: ClientId(FIRST_OPERATOR + number),
            op,
            accepted: Vec::new(),
            answer: None,
        }
    }

    /// Stores an operation that later steps may ask about.
    fn keep(&mut self, name: Option<&'s str>, offered: Offered) -> usize {
        let place = self.program.offers.len();
        self.program.offers.push(offered);
        if let Some(name) = name {
            self.program.named.entry(name).or_default().push(place);
        }
        place
    }

    /// Proposes an operation to a node. Returns the index in its log if the node accepts it.
    fn offer(
        offered: &mut Offered,
        node: NodeId,
        world: &mut KvWorld,
        observer: &mut Watching<'_>,
    ) -> Result<Option<Index>, Box<Violation>> {
        let command = Operator::Propose(Box::new(Proposal {
            client: offered.client,
            serial: SERIAL,
            op: offered.op.clone(),
        }));
        if !world.operator(node, command, observer)? {
            return Ok(None);
        }
        let accepted = world.cluster().node(node).and_then(|server| {
            let refuses = |response: &Response| !matches!(response, Response::Done { .. });
            let mut answers = server.answers().iter();
            let refused =
                answers.any(|(client, _, response)| *client == offered.client && refuses(response));
            (!refused).then(|| server.node().raft().log().last_index())
        });
        offered.accepted.extend(accepted);
        Ok(accepted)
    }

    pub(super) fn start(
        &mut self,
        step: &'s Statement,
        start: &'s Start,
        world: &mut KvWorld,
        observer: &mut Watching<'_>,
    ) -> Result<(), Box<Violation>> {
        let nodes = self.meant(step, &start.to, world);
        let said = Said {
            op: start.op,
            key: start.key.as_deref(),
            value: start.value.as_deref(),
            size: start.size,
        };
        if let Some(name) = &start.name {
            self.program.named.remove(name.as_str());
        }
        let mut last = None;
        for place in 0..start.count {
            if self.is_worn_out(step, world) {
                return Ok(());
            }
            let mut offered = self.new_offer(&said);
            let mut accepted = 0;
            for &node in &nodes {
                let Some(index) = Self::offer(&mut offered, node, world, observer)? else {
                    continue;
                };
                accepted += 1;
                if !self.isolated.contains(&node) {
                    last = Some(node);
                }
                let missing = self.misplaced(start, place, node, index, world);
                if let Some(missing) = missing {
                    self.fail(step, false, missing, world);
                }
            }
            let wanted = start.accepted.filter(|wanted| !wanted.holds(accepted));
            if let Some(wanted) = wanted {
                let missing = format!("{accepted} nodes accepted it, not {wanted}");
                self.fail(step, false, missing, world);
            } else if accepted == 0 && start.index.is_some() {
                self.fail(step, false, "nobody accepted it".to_owned(), world);
            }
            if let Some(name) = &start.name {
                self.keep(Some(name), offered);
            }
        }
        if let Some(who) = &start.who {
            self.program.names.insert(who, last.into_iter().collect());
        }
        Ok(())
    }

    /// Whether the operation is at another index than the step expects.
    fn misplaced(
        &self,
        start: &Start,
        place: u32,
        node: NodeId,
        index: Index,
        world: &KvWorld,
    ) -> Option<String> {
        let wanted = start.index?;
        let server = world.cluster().node(node)?;
        let commands = self.program.committed.commands(server, index);
        let is = commands.saturating_sub(u64::from(place));
        let name = &self.scenario.nodes[node.0 as usize];
        let missing = format!("{name} accepted it as command {is}, not {wanted}");
        (!wanted.holds(is)).then_some(missing)
    }

    /// Whether more operations were proposed than can be distinguished.
    fn is_worn_out(&mut self, step: &Statement, world: &KvWorld) -> bool {
        let is = self.program.clients >= MAX_PROPOSALS;
        if is {
            let missing = format!("a script offers at most {MAX_PROPOSALS} operations");
            self.fail(step, false, missing, world);
        }
        is
    }

    pub(super) fn begin_one(&mut self, one: &'s One, now: Time) -> Pending<'s> {
        let again = one.again.as_deref();
        let known = again.and_then(|name| self.program.named.get(name)?.last().copied());
        let offer = known.unwrap_or_else(|| {
            let offered = self.new_offer(&Said {
                op: one.op,
                key: one.key.as_deref(),
                value: one.value.as_deref(),
                size: one.size,
            });
            if let Some(name) = &one.name {
                self.program.named.remove(name.as_str());
            }
            self.keep(one.name.as_deref(), offered)
        });
        Pending {
            one,
            offer,
            deadline: now.after(one.within.map_or(DEFAULT_PROPOSAL_TIMEOUT, span)),
            turn: 0,
            accepted: None,
        }
    }

    /// Checks once on an operation that a thread waits for.
    pub(super) fn look_at(
        &mut self,
        thread: usize,
        step: &'s Statement,
        mut pending: Pending<'s>,
        world: &mut KvWorld,
        observer: &mut Watching<'_>,
    ) -> Result<Flow, Box<Violation>> {
        let now = world.now();
        if self.is_worn_out(step, world) {
            return Ok(Flow::On);
        }
        let one = pending.one;
        if let Some((node, index, until)) = pending.accepted {
            if self.is_done(&pending, index, world) {
                if let Some(missing) = self.differs(&pending, node, index, world) {
                    self.fail(step, false, missing, world);
                }
                return Ok(Flow::On);
            }
            if now < until {
                self.program.threads[thread].busy = Busy::One(pending);
                return Ok(Flow::At(now.after(POLL_INTERVAL).min(until)));
            }
            pending.accepted = None;
            if !one.retry {
                return Ok(self.gives_up(step, &pending, world));
            }
        }
        if now >= pending.deadline {
            return Ok(self.gives_up(step, &pending, world));
        }
        let next = self.offer_around(step, &mut pending, world, observer)?;
        self.program.threads[thread].busy = Busy::One(pending);
        Ok(Flow::At(next))
    }

    /// Proposes the operation to one node after the other until one accepts it. Returns the time of
    /// the next look.
    fn offer_around(
        &mut self,
        step: &Statement,
        pending: &mut Pending<'s>,
        world: &mut KvWorld,
        observer: &mut Watching<'_>,
    ) -> Result<Time, Box<Violation>> {
        let now = world.now();
        let word = self.draw(step).who;
        let among = self.among(pending.one.among.as_ref(), word, world);
        for _ in 0..among.len() {
            let node = among[pending.turn % among.len()];
            pending.turn += 1;
            let offered = &mut self.program.offers[pending.offer];
            if let Some(index) = Self::offer(offered, node, world, observer)? {
                let until = now.after(ACCEPTED_RETRY).min(pending.deadline);
                pending.accepted = Some((node, index, until));
                return Ok(now.after(POLL_INTERVAL).min(until));
            }
        }
        Ok(now.after(REFUSED_RETRY).min(pending.deadline))
    }

    /// Whether an accepted operation is applied, and answered if the step needs the answer.
    fn is_done(&self, pending: &Pending<'_>, index: Index, world: &KvWorld) -> bool {
        let offered = &self.program.offers[pending.offer];
        let one = pending.one;
        let answered = offered.answer.is_some();
        let asks = matches!(offered.op, Op::Get { .. }) || one.version.is_some();
        let (committed, cluster) = (&self.program.committed, world.cluster());
        let applied = |on: u32| offered.applied_at(index, committed, cluster) >= on as usize;
        (answered || !asks) && one.on.map_or(answered, applied)
    }

    /// The difference between the result and the step's expectation.
    fn differs(
        &self,
        pending: &Pending<'_>,
        node: NodeId,
        index: Index,
        world: &KvWorld,
    ) -> Option<String> {
        let one = pending.one;
        if let Some(wanted) = one.index
            && let Some(server) = world.cluster().node(node)
        {
            let is = self.program.committed.commands(server, index);
            if !wanted.holds(is) {
                return Some(format!("it is command {is}, not {wanted}"));
            }
        }
        let answer = self.program.offers[pending.offer].answer.as_ref()?;
        if let (Some(wanted), Answer::Value(value)) = (&one.reads, &answer.answer) {
            let value = value.as_deref().unwrap_or_default();
            if value != wanted.as_bytes() {
                let is = String::from_utf8_lossy(value);
                return Some(format!("it reads \"{is}\", not \"{wanted}\""));
            }
        }
        let (wanted, is) = (one.version?, answer.version.0);
        (!wanted.holds(is)).then(|| format!("its version is {is}, not {wanted}"))
    }

    fn gives_up(&mut self, step: &Statement, pending: &Pending<'_>, world: &KvWorld) -> Flow {
        let (one, offered) = (pending.one, &self.program.offers[pending.offer]);
        if one.optional {
            return Flow::On;
        }
        let cluster = world.cluster();
        let applied = offered.accepted.iter();
        let applied = applied
            .map(|index| offered.applied_at(*index, &self.program.committed, cluster))
            .max();
        let answered = if offered.answer.is_some() {
            "was answered"
        } else {
            "has no answer"
        };
        let missing = match applied {
            None => "nobody accepted it".to_owned(),
            Some(most) => format!("it {answered}, and is applied by {most} nodes"),
        };
        self.fail(step, true, missing, world);
        Flow::On
    }
}
