//! The observer that makes the records of a trace.

use std::collections::BTreeMap;
use std::collections::btree_map::Range;

use checks::Violation;
use raft_core::RoleKind;
use runner::Spectator;
use simulator::{
    Action, Cluster, DropReason, Endpoint, EventId, MessageId, NodeId, Observer, Output, Step,
    Time, Verdict,
};
use sut::decisions::{Decision, Kind, Role, Words};
use sut::{Operator, Server, time_text, words};

use super::record::{ActionKind, Line, MessageSummary, Record, Request, State, WorldChange};
use super::wording::{self, Wording};

/// Makes a record of each event and hands it on.
pub struct Tracer<'s> {
    names: Vec<String>,
    /// The messages in flight and the writes on their way to disks: the engine names both by number
    /// only.
    in_flight: BTreeMap<MessageId, Wording>,
    writes: BTreeMap<(NodeId, u64), Wording>,
    states: Vec<Option<State>>,
    /// Without its type, so that a tracer is compiled once.
    sink: Box<dyn FnMut(Line) + 's>,
}

/// The fields of a record that follow from the action alone.
struct ActionFields {
    act: ActionKind,
    kinds: Vec<Kind>,
    from: Option<String>,
    to: Option<String>,
    message: Option<MessageSummary>,
    about: Option<(u32, u64)>,
    text: String,
    idle: bool,
}

impl ActionFields {
    fn new(act: ActionKind, kind: Kind, text: impl Into<String>) -> ActionFields {
        let text = text.into();
        ActionFields {
            act,
            kinds: vec![kind],
            from: None,
            to: None,
            message: None,
            about: None,
            text,
            idle: false,
        }
    }
}

impl<'s> Tracer<'s> {
    /// A tracer for nodes with these names; `sink` gets each line but the header.
    pub fn new(names: Vec<String>, sink: impl FnMut(Line) + 's) -> Self {
        let states = vec![None; names.len()];
        Self {
            names,
            in_flight: BTreeMap::new(),
            writes: BTreeMap::new(),
            states,
            sink: Box::new(sink),
        }
    }

    fn name(&self, end: Endpoint) -> String {
        called(&self.names, end)
    }

    fn record(&mut self, cluster: &Cluster<Server>, step: &Step<'_, Server>) -> Record {
        let mut fields = self.action_fields(cluster, step);
        let words = Words(&self.names);
        let mut decisions = Vec::new();
        for event in step.events {
            let (decision, kind) = words.of(event);
            decisions.push(decision);
            fields.kinds.extend(kind);
        }
        fields.kinds.sort_unstable();
        fields.kinds.dedup();
        let state = step.node.and_then(|id| Some(state(cluster.node(id)?)));
        let idle = fields.idle && self.changed_nothing(step, &decisions, state);
        let answered = step
            .received
            .is_some_and(|received| received.accepted && received.verdict == Verdict::Done);
        let sent = self.remember(cluster, step);
        if let Some(node) = step.node {
            self.states[node.0 as usize] = state;
        }
        Record {
            id: step.id.0,
            cause: (step.cause != EventId::OUTSIDE).then_some(step.cause.0),
            time: step.time.0,
            node: step.node.map(|node| self.name(node.into())),
            local: step.local.map(|local| local.0),
            action: fields.act,
            kinds: fields.kinds,
            from: fields.from,
            to: fields.to,
            message: fields.message,
            sent,
            request: fields.about.map(|(client, serial)| Request {
                client,
                serial,
                answered,
            }),
            text: fields.text,
            decisions,
            state,
            idle,
        }
    }

    /// Whether the node did only what an idle node does.
    fn changed_nothing(
        &self,
        step: &Step<'_, Server>,
        decisions: &[Decision],
        state: Option<State>,
    ) -> bool {
        let Output {
            sends,
            writes,
            replies,
        } = step.output;
        let before = step.node.and_then(|node| self.states[node.0 as usize]);
        writes.is_empty()
            && replies.is_empty()
            && sends
                .iter()
                .all(|(_, message)| wording::message(message).idle)
            && decisions
                .iter()
                .all(|decision| decision.what == "acknowledged")
            && before == state
    }

    /// Remembers the messages and writes of the step. Returns the messages.
    fn remember(
        &mut self,
        cluster: &Cluster<Server>,
        step: &Step<'_, Server>,
    ) -> Vec<MessageSummary> {
        let mut sent_messages = Vec::new();
        let mut numbers: BTreeMap<(Endpoint, Endpoint), u64> = BTreeMap::new();
        let names = &self.names;
        let mut send = |from: Endpoint, to: Endpoint, wording: Wording| {
            let ordinal = numbers
                .entry((from, to))
                .or_insert_with(|| cluster.sent(from, to));
            *ordinal += 1;
            let id = MessageId {
                from,
                to,
                ordinal: *ordinal,
            };
            sent_messages.push(summary(names, id, &wording));
            self.in_flight.insert(id, wording);
        };
        match step.action {
            Action::Call {
                client,
                serial,
                target,
                request,
            } => {
                let wording = wording::request(client.0, *serial, request);
                send((*client).into(), (*target).into(), wording);
            }
            Action::Retry {
                client,
                serial,
                target,
            } => {
                let open = cluster.open_operation(*client);
                let (_, request) = open.expect("a client retries the operation it has open");
                let wording = wording::request(client.0, *serial, request);
                send((*client).into(), (*target).into(), wording);
            }
            Action::Crash { node, .. } => {
                self.writes.retain(|(owner, _), _| owner != node);
            }
            _ => {}
        }
        let Some(node) = step.node else {
            return sent_messages;
        };
        for (to, message) in &step.output.sends {
            send(node.into(), (*to).into(), wording::message(message));
        }
        for (client, serial, reply) in &step.output.replies {
            let wording = wording::response(client.0, *serial, reply, &self.names);
            send(node.into(), (*client).into(), wording);
        }
        let mut number = cluster.handed_over(node);
        for write in &step.output.writes {
            number += 1;
            self.writes.insert((node, number), wording::write(write));
        }
        sent_messages
    }

    fn action_fields(
        &mut self,
        cluster: &Cluster<Server>,
        step: &Step<'_, Server>,
    ) -> ActionFields {
        let lost = cluster.last_loss();
        match step.action {
            Action::Deliver(id) => {
                let ignored = step.received.is_some_and(|received| !received.accepted);
                self.delivery(
                    *id,
                    ActionKind::Deliver,
                    if ignored { " (too late)" } else { "" },
                )
            }
            Action::Duplicate(id) => self.delivery(*id, ActionKind::Duplicate, " (twice)"),
            Action::Drop(id, reason) => self.loss(*id, *reason),
            Action::Wake(_) => ActionFields {
                idle: true,
                ..ActionFields::new(ActionKind::Wake, Kind::Timer, "timer")
            },
            Action::Written { node, through } => {
                let done = self.finished(*node, *through);
                ActionFields::new(ActionKind::Written, Kind::Disk, format!("on disk: {done}"))
            }
            Action::Crash { .. } => {
                let text = match (lost.writes, lost.torn) {
                    (0, _) => "CRASH".to_owned(),
                    (1, true) => "CRASH, one unsynced write is torn".to_owned(),
                    (lost, true) => format!("CRASH, {}, one in part", words::lost_writes(lost)),
                    (lost, false) => format!("CRASH, {}", words::lost_writes(lost)),
                };
                ActionFields::new(ActionKind::Crash, Kind::Fault, text)
            }
            Action::Restart(_) => {
                ActionFields::new(ActionKind::Restart, Kind::Fault, "restart from disk")
            }
            Action::Clock { jump, .. } if jump.0 > 0 => {
                let text = format!("clock jumps {} ahead", time_text::brief(jump.0));
                ActionFields::new(ActionKind::Clock, Kind::Fault, text)
            }
            Action::Clock { .. } => {
                ActionFields::new(ActionKind::Clock, Kind::Fault, "clock changes its rate")
            }
            Action::Pause(_) => ActionFields::new(ActionKind::Pause, Kind::Fault, "pause"),
            Action::Resume(_) => ActionFields::new(ActionKind::Resume, Kind::Fault, "resume"),
            Action::Operator { node, command } => self.command(*node, command),
            Action::Call {
                client,
                serial,
                target,
                request,
            } => {
                let wording = wording::request(client.0, *serial, request);
                self.asking(ActionKind::Call, client.0, *serial, *target, &wording.text)
            }
            Action::Retry {
                client,
                serial,
                target,
            } => {
                let text = format!("c{}.{serial} again", client.0);
                self.asking(ActionKind::Retry, client.0, *serial, *target, &text)
            }
            Action::GiveUp { client, serial } => {
                let text = format!("c{}.{serial} given up, outcome unknown", client.0);
                let from = Some(format!("c{}", client.0));
                let about = Some((client.0, *serial));
                ActionFields {
                    from,
                    about,
                    ..ActionFields::new(ActionKind::GiveUp, Kind::Client, text)
                }
            }
        }
    }

    fn command(&self, node: NodeId, command: &Operator) -> ActionFields {
        let proposal = match command {
            Operator::Propose(proposal) => proposal,
            Operator::Command(command) => {
                let text = format!("operator: {}", words::command(command, &self.names));
                return ActionFields::new(ActionKind::Operator, Kind::Fault, text);
            }
        };
        let (client, serial) = (proposal.client.0, proposal.serial);
        let asked = wording::request(client, serial, &proposal.op.clone().into()).text;
        ActionFields {
            to: Some(self.name(node.into())),
            about: Some((client, serial)),
            ..ActionFields::new(
                ActionKind::Operator,
                Kind::Client,
                format!("operator: {asked}"),
            )
        }
    }

    fn asking(
        &self,
        act: ActionKind,
        client: u32,
        serial: u64,
        target: NodeId,
        text: &str,
    ) -> ActionFields {
        let to = self.name(target.into());
        let text = format!("{text} → {to}");
        let from = Some(format!("c{client}"));
        ActionFields {
            from,
            to: Some(to),
            about: Some((client, serial)),
            ..ActionFields::new(act, Kind::Client, text)
        }
    }

    fn delivery(&mut self, id: MessageId, act: ActionKind, remark: &str) -> ActionFields {
        let wording = match act {
            ActionKind::Duplicate => self.in_flight.get(&id).cloned(),
            _ => self.in_flight.remove(&id),
        };
        let wording = wording.expect("what arrives was sent before");
        let (from, to) = (self.name(id.from), self.name(id.to));
        let text = match (id.from, id.to) {
            (Endpoint::Client(_), _) => format!("request {}{remark}", wording.text),
            (_, Endpoint::Client(_)) => format!("{} from {from}{remark}", wording.text),
            _ => format!("{from}→ {}{}{remark}", wording.text, wording.detail),
        };
        let message = Some(summary(&self.names, id, &wording));
        let (from, to) = (Some(from), Some(to));
        let about = wording.about;
        ActionFields {
            from,
            to,
            message,
            about,
            idle: wording.idle,
            ..ActionFields::new(act, wording.kind, text)
        }
    }

    fn loss(&mut self, id: MessageId, reason: DropReason) -> ActionFields {
        let wording = self
            .in_flight
            .remove(&id)
            .expect("what is lost was sent before");
        let (from, to) = (self.name(id.from), self.name(id.to));
        let why = match reason {
            DropReason::Loss => "lost",
            DropReason::Cut => "cut off",
            DropReason::Down => "receiver down",
            DropReason::Listed => "dropped",
        };
        let text = format!("{why}: {from}→{to} {}{}", wording.text, wording.detail);
        let message = Some(summary(&self.names, id, &wording));
        let kinds = vec![wording.kind, Kind::Drop];
        let (from, to) = (Some(from), Some(to));
        ActionFields {
            act: ActionKind::Drop,
            kinds,
            from,
            to,
            message,
            about: wording.about,
            text,
            idle: wording.idle,
        }
    }

    fn finished(&mut self, node: NodeId, through: u64) -> String {
        let done: Vec<_> = in_range(self.writes.range((node, 0)..=(node, through)));
        let texts: Vec<_> = done
            .iter()
            .filter_map(|key| self.writes.remove(key))
            .collect();
        let texts: Vec<_> = texts.iter().map(|wording| wording.text.as_str()).collect();
        texts.join(", ")
    }
}

fn called(names: &[String], end: Endpoint) -> String {
    match end {
        Endpoint::Node(id) => names[id.0 as usize].clone(),
        Endpoint::Client(id) => format!("c{}", id.0),
    }
}

fn summary(names: &[String], id: MessageId, wording: &Wording) -> MessageSummary {
    MessageSummary {
        to: called(names, id.to),
        ordinal: id.ordinal,
        text: wording.text.clone(),
    }
}

fn in_range(range: Range<'_, (NodeId, u64), Wording>) -> Vec<(NodeId, u64)> {
    range.map(|(key, _)| *key).collect()
}

fn state(server: &Server) -> State {
    let node = server.node();
    let raft = node.raft();
    State {
        role: match raft.role() {
            RoleKind::Follower => Role::Follower,
            RoleKind::PreCandidate => Role::PreCandidate,
            RoleKind::Candidate => Role::Candidate,
            RoleKind::Leader => Role::Leader,
        },
        term: raft.current_term().0,
        last: raft.log().last_index().0,
        commit: raft.commit_index().0,
        applied: node.applied(),
    }
}

impl Observer<Server> for Tracer<'_> {
    type Violation = Box<Violation>;

    fn wants_events(&self) -> bool {
        true
    }

    fn after(
        &mut self,
        cluster: &Cluster<Server>,
        step: &Step<'_, Server>,
    ) -> Result<(), Box<Violation>> {
        let record = self.record(cluster, step);
        (self.sink)(Line::Event(Box::new(record)));
        Ok(())
    }
}

impl Spectator for Tracer<'_> {
    fn told(&mut self, time: Time, text: &str) {
        (self.sink)(Line::World(WorldChange {
            time: time.0,
            text: text.to_owned(),
        }));
    }
}
