//! What a move did, in a sentence to be read aloud.

use kv::{Op, ReadBy, Request, SessionId};
use raft_core::RoleKind;
use scenario::NodeName;
use simulator::{Cluster, Cut, Endpoint, NodeId};
use sut::{NodeSet, Operator, Server, changes, engine_id};

use super::message_key::Kind;
use super::moves::{Letter, MoveKind};
use super::script::node;

/// All nodes at one moment.
#[derive(Clone)]
pub(super) struct Glance(Vec<Option<State>>);

/// What is to be seen of a node that is up.
#[derive(Clone, Copy, PartialEq, Eq)]
struct State {
    role: RoleKind,
    term: u64,
    vote: Option<NodeId>,
    /// The last entry: index and term.
    last: (u64, u64),
    commit: u64,
}

impl Glance {
    /// Nothing is known of any node.
    pub(super) fn nothing(nodes: usize) -> Self {
        Self(vec![None; nodes])
    }

    pub(super) fn at(cluster: &Cluster<Server>) -> Self {
        let states = cluster.nodes().map(|id| {
            let raft = cluster.node(id)?.node().raft();
            let last = raft.log().last();
            Some(State {
                role: raft.role(),
                term: raft.current_term().0,
                vote: raft.voted_for().map(engine_id),
                last: (last.index.0, last.term.0),
                commit: raft.commit_index().0,
            })
        });
        Self(states.collect())
    }
}

/// A move between two moments.
pub(super) struct Scene<'a> {
    pub(super) names: &'a [NodeName],
    pub(super) before: &'a Glance,
    pub(super) after: &'a Glance,
    /// Whether the run ended in the middle of it.
    pub(super) over: bool,
}

impl Scene<'_> {
    /// A candidacy in which these were asked. A violation may end it before the node leads.
    pub(super) fn election(&self, candidate: NodeId, voters: NodeSet) -> String {
        let (name, voters) = (self.name(candidate), self.listed(voters));
        match self.after.0[candidate.0 as usize] {
            Some(State {
                role: RoleKind::Leader,
                term,
                ..
            }) => format!("{name} is elected leader of term {term} by {voters}."),
            _ => format!("{name} stands for election and asks {voters}."),
        }
    }

    /// A leader brings the log of one node up to an index. A violation may end it before that.
    pub(super) fn replication(&self, leader: NodeId, to: NodeSet, through: u64) -> String {
        let (name, to) = (self.name(leader), self.listed(to));
        match self.over {
            true => format!("{name} hands its log up to #{through} to {to}."),
            false => format!("{name} brings the log of {to} up to #{through} and hears of it."),
        }
    }

    /// `S2 and S3`, `S2, S3 and S4`.
    fn listed(&self, nodes: NodeSet) -> String {
        let names: Vec<_> = nodes.iter().map(|node| self.name(node)).collect();
        match names.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
            None => "itself alone".to_owned(),
        }
    }

    pub(super) fn sentence(&self, kind: &MoveKind) -> String {
        let told =
            |node: NodeId, what: &str| format!("{} {what}{}.", self.name(node), self.came(node));
        match kind {
            MoveKind::Deliver(letter) => self.arrival(letter, ""),
            MoveKind::Duplicate(letter) => self.arrival(letter, "A copy of "),
            MoveKind::Drop(letter) => format!(
                "{} to {} is lost.",
                capital(&self.message(letter)),
                self.end(letter.to)
            ),
            MoveKind::Timeout(node) => self.timeout(*node),
            MoveKind::Written { node, .. } => {
                format!(
                    "What {} wrote is durable{}.",
                    self.name(*node),
                    self.came(*node)
                )
            }
            MoveKind::Disk { node, stall: true } => format!(
                "The disk of {} stalls: what it writes from now on is not durable.",
                self.name(*node)
            ),
            MoveKind::Disk { node, stall: false } => {
                format!(
                    "The disk of {} goes on{}.",
                    self.name(*node),
                    self.came(*node)
                )
            }
            MoveKind::Crash { node, cut } => {
                let left = match *cut {
                    Cut::LOSE_ALL => "; what was not yet durable is lost",
                    Cut::KEEP_ALL => "; all it wrote is on its disk",
                    _ => "; a part of what was not yet durable is lost",
                };
                format!("{} crashes{left}.", self.name(*node))
            }
            MoveKind::Restart(node) => match self.after.0[node.0 as usize] {
                Some(State { term, last, .. }) => format!(
                    "{} starts again from its disk, in term {term} with a log up to #{}.",
                    self.name(*node),
                    last.0
                ),
                None => told(*node, "starts again from its disk"),
            },
            MoveKind::Pause(node) => told(*node, "stands still"),
            MoveKind::Resume(node) => told(*node, "goes on"),
            MoveKind::Clock { node, .. } => format!("The clock of {} changes.", self.name(*node)),
            MoveKind::Call {
                client,
                to,
                request,
            } => {
                format!(
                    "Client c{} asks {} to {}.",
                    client.0,
                    self.name(*to),
                    wanted(request)
                )
            }
            MoveKind::Retry { client, to } => format!(
                "Client c{} has no answer and asks {} the same.",
                client.0,
                self.name(*to)
            ),
            MoveKind::GiveUp(client) => format!("Client c{} gives up.", client.0),
            MoveKind::Operator { node, command } => self.command(*node, command),
        }
    }

    fn command(&self, node: NodeId, command: &Operator) -> String {
        let node = self.name(node);
        let command = match command {
            Operator::Propose(proposal) => {
                return format!("The operator asks {node} to {}.", asked(&proposal.op));
            }
            Operator::Command(command) => command,
        };
        let told = match command {
            kv::Operator::Transfer { to } => {
                format!("hand leadership to {}", self.name(engine_id(*to)))
            }
            kv::Operator::Campaign => "campaign".to_owned(),
            kv::Operator::StepDown => "step down".to_owned(),
            kv::Operator::Snapshot => "take a snapshot".to_owned(),
            kv::Operator::Compact => "cut its log".to_owned(),
            kv::Operator::RequestSnapshot => "ask its leader for a snapshot".to_owned(),
            kv::Operator::Change { change, how } => changes::words(change, *how, self.names),
            kv::Operator::Bootstrap => "found a cluster of its own".to_owned(),
            kv::Operator::ForceNewCluster => "go on alone".to_owned(),
            kv::Operator::ApplyAfter { .. } => {
                return format!("The state machine of {node} gets slow, or fast again.");
            }
        };
        format!("The operator tells {node} to {told}.")
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
    fn change(&self, node: NodeId) -> Option<(State, State)> {
        let place = node.0 as usize;
        Some((self.before.0[place]?, self.after.0[place]?))
    }

    fn timeout(&self, node: NodeId) -> String {
        let name = self.name(node);
        let Some((before, after)) = self.change(node) else {
            return format!("The time of {name} is up.");
        };
        match (before.role, after.role) {
            (RoleKind::Leader, RoleKind::Leader) => format!("{name} sends heartbeats."),
            (RoleKind::Leader, _) => {
                format!("{name} has not heard from a majority and leads no more.")
            }
            (_, RoleKind::PreCandidate) => format!(
                "{name} hears from no leader and asks who would vote for it in term {}.",
                after.term + 1
            ),
            (_, RoleKind::Candidate) => {
                format!(
                    "{name} hears from no leader and stands for election in term {}.",
                    after.term
                )
            }
            (_, RoleKind::Leader) => format!("{name} elects itself leader of term {}.", after.term),
            (_, RoleKind::Follower) => format!("{name} goes on waiting for a leader."),
        }
    }

    fn arrival(&self, letter: &Letter, copy: &str) -> String {
        let message = self.message(letter);
        let to = self.end(letter.to);
        let head = match copy {
            "" => format!("{} reaches {to}", capital(&message)),
            copy => format!("{copy}{message} reaches {to}"),
        };
        let Some(node) = node(letter.to) else {
            return format!("{head}.");
        };
        let answer = self.answer(letter, node);
        format!("{head}{answer}{}.", self.came(node))
    }

    fn message(&self, letter: &Letter) -> String {
        let from = self.end(letter.from);
        let term = letter.says.term;
        match letter.says.kind {
            Kind::PreVote => format!("{from}'s question for a vote in term {}", term + 1),
            Kind::PreVoteGranted => format!("{from}'s yes to the question"),
            Kind::PreVoteRefused => format!("{from}'s no to the question"),
            Kind::RequestVote => format!("{from}'s request for a vote in term {term}"),
            Kind::VoteGranted => format!("{from}'s vote of term {term}"),
            Kind::VoteRefused => format!("{from}'s refusal to vote in term {term}"),
            Kind::Append => {
                let (first, last, of) = letter.says.entries();
                match first == last {
                    true => format!("{from}'s entry #{last} of term {of}"),
                    false => format!("{from}'s entries #{first} to #{last} of term {of}"),
                }
            }
            Kind::Heartbeat => format!("{from}'s heartbeat of term {term}"),
            Kind::Accepted => format!("{from}'s acknowledgement up to #{}", letter.says.first()),
            Kind::Rejected => format!("{from}'s word that it lacks #{}", letter.says.first()),
            Kind::TimeoutNow => format!("{from}'s order to campaign"),
            Kind::Sleep => format!("{from}'s wish for silence"),
            Kind::SleepReply => format!("{from}'s answer to it"),
            Kind::WakeUp => format!("{from}'s call to wake"),
            Kind::ReadIndex => format!("{from}'s question for an index to read at"),
            Kind::ReadIndexReply => match letter.says.first() {
                0 => format!("{from}'s word that it can name no index"),
                index => format!("{from}'s word to read at #{index}"),
            },
            Kind::Propose => format!("the request that {from} passes on"),
            Kind::ProposeAccepted => {
                format!("{from}'s word that it is entry #{}", letter.says.first())
            }
            Kind::ProposeRefused => format!("{from}'s refusal of what was passed on"),
            Kind::Piece => format!("{from}'s piece of its snapshot at #{}", letter.says.first()),
            Kind::PieceReply => {
                format!(
                    "{from}'s word of what it has of the snapshot at #{}",
                    letter.says.first()
                )
            }
            Kind::Request => format!("the request of {from}"),
            Kind::Reply => format!("{from}'s answer"),
        }
    }

    /// What the receiver makes of a request for its vote, which its state does not always show.
    fn answer(&self, letter: &Letter, to: NodeId) -> &'static str {
        let Some((_, after)) = self.change(to) else {
            return "";
        };
        let voted = letter.says.term == after.term && after.vote == node(letter.from);
        match letter.says.kind {
            Kind::RequestVote if voted => ", which votes for it",
            Kind::RequestVote => ", which does not vote for it",
            _ => "",
        }
    }

    /// What else became of a node: term, role, log, commit index.
    fn came(&self, node: NodeId) -> String {
        let Some((before, after)) = self.change(node) else {
            return String::new();
        };
        let mut came = Vec::new();
        if after.role == RoleKind::Leader && before.role != RoleKind::Leader {
            came.push(format!("{} leads term {}", self.name(node), after.term));
        } else if after.role == RoleKind::Candidate && before.role != RoleKind::Candidate {
            came.push(format!(
                "{} stands for election in term {}",
                self.name(node),
                after.term
            ));
        } else if before.role == RoleKind::Leader && after.role != RoleKind::Leader {
            came.push(format!(
                "{} leads no more, in term {}",
                self.name(node),
                after.term
            ));
        } else if after.term > before.term {
            came.push(format!("{} is in term {} now", self.name(node), after.term));
        }
        if after.last != before.last {
            let (index, term) = after.last;
            came.push(match index {
                0 => "its log is empty".to_owned(),
                _ => format!("its log ends with #{index} of term {term}"),
            });
        }
        if after.commit != before.commit {
            came.push(format!("it commits up to #{}", after.commit));
        }
        match came.is_empty() {
            true => String::new(),
            false => format!(": {}", came.join(", ")),
        }
    }
}

fn wanted(request: &Request) -> String {
    match request {
        Request::Operation { op, read, session } => {
            let session = session.map_or(String::new(), |SessionId(id)| {
                format!(" in its session of #{id}")
            });
            format!("{}{}{session}", asked(op), how(*read))
        }
        Request::OpenSession => "open a session".to_owned(),
        Request::KeepSession { session } => format!("keep its session of #{}", session.0),
    }
}

fn how(read: ReadBy) -> &'static str {
    match read {
        ReadBy::Log => "",
        ReadBy::ReadIndex => " once a majority has answered it",
        ReadBy::Lease => " by its lease",
        ReadBy::Follower => " from the index that its leader names",
        ReadBy::Stale { .. } => " from whatever it has applied",
    }
}

fn asked(op: &Op) -> String {
    let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
    let key = text(op.key());
    match op {
        Op::Get { .. } => format!("get {key}"),
        Op::Put { value, .. } => format!("put {key}={}", text(value)),
        Op::Append { value, .. } => format!("append {} to {key}", text(value)),
        Op::Cas { expect, value, .. } => {
            let expect = expect
                .as_ref()
                .map_or("absent".to_owned(), |expect| text(expect));
            format!("put {key}={} if it is {expect}", text(value))
        }
        Op::Delete { .. } => format!("delete {key}"),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}
