//! The observer that writes a run down.

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

use super::letters::{self, Letter};
use super::record::{Act, Deed, Line, Posted, Record, Request, State};

/// Makes a record of each event and hands it on.
pub struct Tracer<F> {
    names: Vec<String>,
    /// What is in flight and what is on its way to disks: the engine shows an action without it.
    letters: BTreeMap<MessageId, Letter>,
    writes: BTreeMap<(NodeId, u64), Letter>,
    states: Vec<Option<State>>,
    sink: F,
}

/// What an action is, before the node's decisions are known.
struct Scene {
    act: Act,
    kinds: Vec<Kind>,
    from: Option<String>,
    to: Option<String>,
    message: Option<Posted>,
    about: Option<(u32, u64)>,
    text: String,
    idle: bool,
}

impl Scene {
    fn new(act: Act, kind: Kind, text: impl Into<String>) -> Scene {
        let text = text.into();
        Scene {
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

impl<F: FnMut(Line)> Tracer<F> {
    /// A tracer for nodes with these names; `sink` gets each line but the header.
    pub fn new(names: Vec<String>, sink: F) -> Self {
        let states = vec![None; names.len()];
        Self {
            names,
            letters: BTreeMap::new(),
            writes: BTreeMap::new(),
            states,
            sink,
        }
    }

    fn name(&self, end: Endpoint) -> String {
        called(&self.names, end)
    }

    fn record(&mut self, cluster: &Cluster<Server>, step: &Step<'_, Server>) -> Record {
        let mut scene = self.scene(cluster, step);
        let words = Words(&self.names);
        let mut decisions = Vec::new();
        for event in step.events {
            let (decision, kind) = words.of(event);
            decisions.push(decision);
            scene.kinds.extend(kind);
        }
        scene.kinds.sort_unstable();
        scene.kinds.dedup();
        let state = step.node.and_then(|id| Some(look(cluster.node(id)?)));
        let idle = scene.idle && self.changed_nothing(step, &decisions, state);
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
            action: scene.act,
            kinds: scene.kinds,
            from: scene.from,
            to: scene.to,
            message: scene.message,
            sent,
            request: scene.about.map(|(client, serial)| Request {
                client,
                serial,
                answered,
            }),
            text: scene.text,
            decisions,
            state,
            idle,
        }
    }

    /// Whether the node did no more than a node at rest does.
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
                .all(|(_, message)| letters::message(message).idle)
            && decisions
                .iter()
                .all(|decision| decision.what == "acknowledged")
            && before == state
    }

    /// Keeps what the step put out, until it arrives. The messages among it.
    fn remember(&mut self, cluster: &Cluster<Server>, step: &Step<'_, Server>) -> Vec<Posted> {
        let mut posted = Vec::new();
        let mut sent: BTreeMap<(Endpoint, Endpoint), u64> = BTreeMap::new();
        let names = &self.names;
        let mut post = |from: Endpoint, to: Endpoint, letter: Letter| {
            let ordinal = sent
                .entry((from, to))
                .or_insert_with(|| cluster.sent(from, to));
            *ordinal += 1;
            let id = MessageId {
                from,
                to,
                ordinal: *ordinal,
            };
            posted.push(announced(names, id, &letter));
            self.letters.insert(id, letter);
        };
        match step.action {
            Action::Call {
                client,
                serial,
                target,
                request,
            } => {
                let letter = letters::request(client.0, *serial, request);
                post((*client).into(), (*target).into(), letter);
            }
            Action::Retry {
                client,
                serial,
                target,
            } => {
                let open = cluster.open_operation(*client);
                let (_, request) = open.expect("a client retries the operation it has open");
                let letter = letters::request(client.0, *serial, request);
                post((*client).into(), (*target).into(), letter);
            }
            Action::Crash { node, .. } => {
                self.writes.retain(|(owner, _), _| owner != node);
            }
            _ => {}
        }
        let Some(node) = step.node else {
            return posted;
        };
        for (to, message) in &step.output.sends {
            post(node.into(), (*to).into(), letters::message(message));
        }
        for (client, serial, reply) in &step.output.replies {
            let letter = letters::response(client.0, *serial, reply, &self.names);
            post(node.into(), (*client).into(), letter);
        }
        let mut number = cluster.handed_over(node);
        for write in &step.output.writes {
            number += 1;
            self.writes.insert((node, number), letters::write(write));
        }
        posted
    }

    fn scene(&mut self, cluster: &Cluster<Server>, step: &Step<'_, Server>) -> Scene {
        let lost = cluster.last_loss();
        match step.action {
            Action::Deliver(id) => {
                let ignored = step.received.is_some_and(|received| !received.accepted);
                self.delivery(*id, Act::Deliver, if ignored { " (too late)" } else { "" })
            }
            Action::Duplicate(id) => self.delivery(*id, Act::Duplicate, " (twice)"),
            Action::Drop(id, reason) => self.loss(*id, *reason),
            Action::Wake(_) => Scene {
                idle: true,
                ..Scene::new(Act::Wake, Kind::Timer, "timer")
            },
            Action::Written { node, through } => {
                let done = self.finished(*node, *through);
                Scene::new(Act::Written, Kind::Disk, format!("on disk: {done}"))
            }
            Action::Crash { .. } => {
                let text = match (lost.writes, lost.torn) {
                    (0, _) => "CRASH".to_owned(),
                    (1, true) => "CRASH, one unsynced write is torn".to_owned(),
                    (lost, true) => format!("CRASH, {}, one in part", words::lost_writes(lost)),
                    (lost, false) => format!("CRASH, {}", words::lost_writes(lost)),
                };
                Scene::new(Act::Crash, Kind::Fault, text)
            }
            Action::Restart(_) => Scene::new(Act::Restart, Kind::Fault, "restart from disk"),
            Action::Clock { jump, .. } if jump.0 > 0 => {
                let text = format!("clock jumps {} ahead", time_text::brief(jump.0));
                Scene::new(Act::Clock, Kind::Fault, text)
            }
            Action::Clock { .. } => Scene::new(Act::Clock, Kind::Fault, "clock changes its rate"),
            Action::Pause(_) => Scene::new(Act::Pause, Kind::Fault, "pause"),
            Action::Resume(_) => Scene::new(Act::Resume, Kind::Fault, "resume"),
            Action::Operator { node, command } => self.command(*node, command),
            Action::Call {
                client,
                serial,
                target,
                request,
            } => {
                let letter = letters::request(client.0, *serial, request);
                self.asking(Act::Call, client.0, *serial, *target, &letter.text)
            }
            Action::Retry {
                client,
                serial,
                target,
            } => {
                let text = format!("c{}.{serial} again", client.0);
                self.asking(Act::Retry, client.0, *serial, *target, &text)
            }
            Action::GiveUp { client, serial } => {
                let text = format!("c{}.{serial} given up, outcome unknown", client.0);
                let from = Some(format!("c{}", client.0));
                let about = Some((client.0, *serial));
                Scene {
                    from,
                    about,
                    ..Scene::new(Act::GiveUp, Kind::Client, text)
                }
            }
        }
    }

    fn command(&self, node: NodeId, command: &Operator) -> Scene {
        let proposal = match command {
            Operator::Propose(proposal) => proposal,
            Operator::Command(command) => {
                let text = format!("operator: {}", words::command(command, &self.names));
                return Scene::new(Act::Operator, Kind::Fault, text);
            }
        };
        let (client, serial) = (proposal.client.0, proposal.serial);
        let asked = letters::request(client, serial, &proposal.op.clone().into()).text;
        Scene {
            to: Some(self.name(node.into())),
            about: Some((client, serial)),
            ..Scene::new(Act::Operator, Kind::Client, format!("operator: {asked}"))
        }
    }

    fn asking(&self, act: Act, client: u32, serial: u64, target: NodeId, text: &str) -> Scene {
        let to = self.name(target.into());
        let text = format!("{text} → {to}");
        let from = Some(format!("c{client}"));
        Scene {
            from,
            to: Some(to),
            about: Some((client, serial)),
            ..Scene::new(act, Kind::Client, text)
        }
    }

    fn delivery(&mut self, id: MessageId, act: Act, remark: &str) -> Scene {
        let letter = match act {
            Act::Duplicate => self.letters.get(&id).cloned(),
            _ => self.letters.remove(&id),
        };
        let letter = letter.expect("what arrives was sent before");
        let (from, to) = (self.name(id.from), self.name(id.to));
        let text = match (id.from, id.to) {
            (Endpoint::Client(_), _) => format!("request {}{remark}", letter.text),
            (_, Endpoint::Client(_)) => format!("{} from {from}{remark}", letter.text),
            _ => format!("{from}→ {}{}{remark}", letter.text, letter.detail),
        };
        let message = Some(announced(&self.names, id, &letter));
        let (from, to) = (Some(from), Some(to));
        let about = letter.about;
        Scene {
            from,
            to,
            message,
            about,
            idle: letter.idle,
            ..Scene::new(act, letter.kind, text)
        }
    }

    fn loss(&mut self, id: MessageId, reason: DropReason) -> Scene {
        let letter = self
            .letters
            .remove(&id)
            .expect("what is lost was sent before");
        let (from, to) = (self.name(id.from), self.name(id.to));
        let why = match reason {
            DropReason::Loss => "lost",
            DropReason::Cut => "cut off",
            DropReason::Down => "receiver down",
            DropReason::Listed => "dropped",
        };
        let text = format!("{why}: {from}→{to} {}{}", letter.text, letter.detail);
        let message = Some(announced(&self.names, id, &letter));
        let kinds = vec![letter.kind, Kind::Drop];
        let (from, to) = (Some(from), Some(to));
        Scene {
            act: Act::Drop,
            kinds,
            from,
            to,
            message,
            about: letter.about,
            text,
            idle: letter.idle,
        }
    }

    fn finished(&mut self, node: NodeId, through: u64) -> String {
        let done: Vec<_> = in_range(self.writes.range((node, 0)..=(node, through)));
        let texts: Vec<_> = done
            .iter()
            .filter_map(|key| self.writes.remove(key))
            .collect();
        let texts: Vec<_> = texts.iter().map(|letter| letter.text.as_str()).collect();
        texts.join(", ")
    }
}

fn called(names: &[String], end: Endpoint) -> String {
    match end {
        Endpoint::Node(id) => names[id.0 as usize].clone(),
        Endpoint::Client(id) => format!("c{}", id.0),
    }
}

fn announced(names: &[String], id: MessageId, letter: &Letter) -> Posted {
    Posted {
        to: called(names, id.to),
        ordinal: id.ordinal,
        text: letter.text.clone(),
    }
}

fn in_range(range: Range<'_, (NodeId, u64), Letter>) -> Vec<(NodeId, u64)> {
    range.map(|(key, _)| *key).collect()
}

fn look(server: &Server) -> State {
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

impl<F: FnMut(Line)> Observer<Server> for Tracer<F> {
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

impl<F: FnMut(Line)> Spectator for Tracer<F> {
    fn told(&mut self, time: Time, text: &str) {
        (self.sink)(Line::World(Deed {
            time: time.0,
            text: text.to_owned(),
        }));
    }
}
