//! A sentence about each step, for people who watch the script.

use raft_core::RoleKind;
use scenario::{Keep, MessageKind, NodeName, Verb};
use simulator::{Cluster, Endpoint, NodeId};
use sut::{NodeSet, Operator, Server, engine_id, words};

use super::moves::{Handling, MessageRef, MoveKind, node_at, only};

/// All nodes at one time.
#[derive(Clone)]
pub(super) struct ClusterView(Vec<Option<NodeView>>);

/// A node that is up.
#[derive(Clone, Copy, PartialEq, Eq)]
struct NodeView {
    role: RoleKind,
    term: u64,
    vote: Option<NodeId>,
    /// Index and term of the last entry.
    last: (u64, u64),
    commit: u64,
}

impl ClusterView {
    /// Nodes of which nothing is known.
    pub(super) fn unknown(nodes: usize) -> Self {
        Self(vec![None; nodes])
    }

    pub(super) fn at(cluster: &Cluster<Server>) -> Self {
        let nodes = cluster.nodes().map(|id| {
            let raft = cluster.node(id)?.node().raft();
            let last = raft.log().last();
            Some(NodeView {
                role: raft.role(),
                term: raft.current_term().0,
                vote: raft.voted_for().map(engine_id),
                last: (last.index.0, last.term.0),
                commit: raft.commit_index().0,
            })
        });
        Self(nodes.collect())
    }

    fn node(&self, node: NodeId) -> Option<NodeView> {
        self.0[node.0 as usize]
    }
}

/// A step: the cluster before and after it.
pub(super) struct Transition<'a> {
    pub(super) names: &'a [NodeName],
    pub(super) before: &'a ClusterView,
    pub(super) after: &'a ClusterView,
    /// Whether a violation ended the run during the step.
    pub(super) over: bool,
}

impl Transition<'_> {
    /// A node asks these voters. A violation may end the step before the node leads.
    pub(super) fn election(&self, candidate: NodeId, voters: NodeSet) -> String {
        let (name, voters) = (self.name(candidate), self.listed(voters));
        match self.after.node(candidate) {
            Some(NodeView {
                role: RoleKind::Leader,
                term,
                ..
            }) => format!("{name} is elected leader of term {term} by {voters}."),
            _ => format!("{name} stands for election and asks {voters}."),
        }
    }

    /// A leader replicates its log up to an index. A violation may end the step before that.
    pub(super) fn replication(&self, leader: NodeId, to: NodeSet, through: u64) -> String {
        let (name, to) = (self.name(leader), self.listed(to));
        match self.over {
            true => format!("{name} sends its log to {to} up to #{through}."),
            false => format!("{name} replicates its log to {to} up to #{through}."),
        }
    }

    fn listed(&self, nodes: NodeSet) -> String {
        let names: Vec<_> = nodes.iter().map(|node| self.name(node)).collect();
        match names.is_empty() {
            true => "itself alone".to_owned(),
            false => words::list(&names),
        }
    }

    pub(super) fn sentence(&self, kind: &MoveKind) -> String {
        match kind {
            MoveKind::Message(Handling::Deliver, message) => self.arrival(message, ""),
            MoveKind::Message(Handling::Duplicate, message) => self.arrival(message, "A copy of "),
            MoveKind::Message(Handling::Drop, message) => format!(
                "{} to {} is lost.",
                capital(&self.message(message)),
                self.end(message.to)
            ),
            MoveKind::Step(verb) => self.step(verb),
        }
    }

    fn step(&self, verb: &Verb) -> String {
        let does =
            |node: NodeId, what: &str| format!("{} {what}{}.", self.name(node), self.changes(node));
        match verb {
            Verb::Timeout(node) => self.timeout(*node),
            Verb::Written { node, .. } => {
                let (name, changes) = (self.name(*node), self.changes(*node));
                format!("The writes of {name} are durable{changes}.")
            }
            Verb::Disk { who, stall: true } => format!(
                "The disk of {} stalls: its writes are not durable from now on.",
                self.name(only(*who))
            ),
            Verb::Disk { who, stall: false } => {
                let (name, changes) = (self.name(only(*who)), self.changes(only(*who)));
                format!("The disk of {name} works again{changes}.")
            }
            Verb::Crash { who, keep } => {
                let left = match *keep {
                    Keep::NONE => "; it loses the writes that were not yet durable",
                    Keep::ALL => "; its disk keeps all writes",
                    _ => "; it loses a part of the writes that were not yet durable",
                };
                format!("{} crashes{left}.", self.name(only(*who)))
            }
            Verb::Restart(who) => match self.after.node(only(*who)) {
                Some(NodeView { term, last, .. }) => format!(
                    "{} restarts from its disk, in term {term} with a log up to #{}.",
                    self.name(only(*who)),
                    last.0
                ),
                None => does(only(*who), "restarts from its disk"),
            },
            Verb::Pause(who) => does(only(*who), "pauses"),
            Verb::Resume(who) => does(only(*who), "resumes"),
            Verb::Clock { who, .. } => format!("The clock of {} changes.", self.name(only(*who))),
            Verb::Call(call) => format!(
                "Client c{} asks {} to {}.",
                call.client.0,
                self.name(call.to),
                words::request(&call.request)
            ),
            Verb::Retry { client, to } => format!(
                "Client c{} has no answer and asks {} again.",
                client.0,
                self.name(*to)
            ),
            Verb::GiveUp { client } => format!("Client c{} gives up.", client.0),
            Verb::Operator { node, command } => {
                let command = match command {
                    Operator::Propose(proposal) => words::operation(&proposal.op),
                    Operator::Command(command) => words::command(command, self.names),
                };
                format!("The operator tells {} to {command}.", self.name(*node))
            }
            other => unreachable!("no move is {other:?}"),
        }
    }

    fn name(&self, node: NodeId) -> &str {
        &self.names[node.0 as usize].0
    }

    fn end(&self, end: Endpoint) -> String {
        match end {
            Endpoint::Node(node) => self.name(node).to_owned(),
            Endpoint::Client(client) => format!("client c{}", client.0),
        }
    }

    /// A node before and after, if it was up throughout.
    fn change(&self, node: NodeId) -> Option<(NodeView, NodeView)> {
        Some((self.before.node(node)?, self.after.node(node)?))
    }

    fn timeout(&self, node: NodeId) -> String {
        let name = self.name(node);
        let Some((before, after)) = self.change(node) else {
            return format!("A timer of {name} fires.");
        };
        let becomes = words::role_change(before.role, after.role, after.term);
        match (before.role, after.role, becomes) {
            (RoleKind::Leader, RoleKind::Leader, _) => format!("{name} sends heartbeats."),
            (RoleKind::Leader, _, Some(becomes)) => {
                format!("{name} has not heard from a majority and {becomes}.")
            }
            (_, RoleKind::PreCandidate, _) => format!(
                "{name} hears from no leader and asks for pre-votes in term {}.",
                after.term + 1
            ),
            (_, _, Some(becomes)) => format!("{name} hears from no leader and {becomes}."),
            (_, _, None) => format!("{name} keeps waiting for a leader."),
        }
    }

    fn arrival(&self, message: &MessageRef, copy: &str) -> String {
        let what = self.message(message);
        let to = self.end(message.to);
        let head = match copy {
            "" => format!("{} reaches {to}", capital(&what)),
            copy => format!("{copy}{what} reaches {to}"),
        };
        let Some(node) = node_at(message.to) else {
            return format!("{head}.");
        };
        let vote = self.vote(message, node);
        format!("{head}{vote}{}.", self.changes(node))
    }

    fn message(&self, message: &MessageRef) -> String {
        let from = self.end(message.from);
        let (key, term, index) = (message.key, message.key.term, message.key.index());
        match (key.kind.message, key.kind.refuses) {
            (MessageKind::PreVote, _) => format!("{from}'s pre-vote request for term {}", term + 1),
            (MessageKind::PreVoteReply, false) => format!("{from}'s pre-vote"),
            (MessageKind::PreVoteReply, true) => format!("{from}'s refusal of a pre-vote"),
            (MessageKind::RequestVote, _) => format!("{from}'s vote request of term {term}"),
            (MessageKind::RequestVoteReply, false) => format!("{from}'s vote of term {term}"),
            (MessageKind::RequestVoteReply, true) => {
                format!("{from}'s refusal of a vote in term {term}")
            }
            (MessageKind::AppendEntries, _) => {
                let (first, last, of) = key.entries();
                let noun = if first == last { "entry" } else { "entries" };
                format!("{from}'s {noun} {} of term {of}", words::range(first, last))
            }
            (MessageKind::Heartbeat, _) => format!("{from}'s heartbeat of term {term}"),
            (MessageKind::AppendEntriesReply, false) => {
                format!("{from}'s acknowledgement up to #{index}")
            }
            (MessageKind::AppendEntriesReply, true) => {
                format!("{from}'s rejection: it lacks #{index}")
            }
            (MessageKind::TimeoutNow, _) => format!("{from}'s TimeoutNow"),
            (MessageKind::Sleep, _) => format!("{from}'s request to fall silent"),
            (MessageKind::SleepReply, _) => format!("{from}'s reply to the request to fall silent"),
            (MessageKind::WakeUp, _) => format!("{from}'s call to wake up"),
            (MessageKind::ReadIndex, _) => format!("{from}'s request for a read index"),
            (MessageKind::ReadIndexReply, _) if index == 0 => {
                format!("{from}'s refusal of a read index")
            }
            (MessageKind::ReadIndexReply, _) => format!("{from}'s read index #{index}"),
            (MessageKind::Propose, _) => format!("the request that {from} forwards"),
            (MessageKind::ProposeReply, false) => {
                format!("{from}'s reply that the request is entry #{index}")
            }
            (MessageKind::ProposeReply, true) => format!("{from}'s refusal of the request"),
            (MessageKind::InstallSnapshot, _) => {
                format!("a piece of {from}'s snapshot at #{index}")
            }
            (MessageKind::InstallSnapshotReply, _) => {
                format!("{from}'s acknowledgement of a piece of the snapshot at #{index}")
            }
            (MessageKind::Request, _) => format!("the request of {from}"),
            (MessageKind::Reply, _) => format!("{from}'s response"),
        }
    }

    /// Whether the receiver grants its vote: its state does not always show it.
    fn vote(&self, message: &MessageRef, to: NodeId) -> &'static str {
        let Some((_, after)) = self.change(to) else {
            return "";
        };
        let voted = message.key.term == after.term && after.vote == node_at(message.from);
        match message.key.kind.message {
            MessageKind::RequestVote if voted => ", which votes for it",
            MessageKind::RequestVote => ", which does not vote for it",
            _ => "",
        }
    }

    /// The other changes of a node: role, term, log, commit index.
    fn changes(&self, node: NodeId) -> String {
        let Some((before, after)) = self.change(node) else {
            return String::new();
        };
        let name = self.name(node);
        let mut changes = Vec::new();
        let becomes = words::role_change(before.role, after.role, after.term);
        if let Some(becomes) = becomes.filter(|_| before.role != after.role) {
            changes.push(format!("{name} {becomes}"));
        } else if after.term > before.term {
            changes.push(format!("{name} enters term {}", after.term));
        }
        if after.last != before.last {
            let (index, term) = after.last;
            changes.push(match index {
                0 => "its log is empty".to_owned(),
                _ => format!("its log ends with #{index} of term {term}"),
            });
        }
        if after.commit != before.commit {
            changes.push(format!("it commits up to #{}", after.commit));
        }
        match changes.is_empty() {
            true => String::new(),
            false => format!(": {}", changes.join(", ")),
        }
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}
