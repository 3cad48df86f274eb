//! The reasons why a step cannot be done or its expectation is not met. The text is built only on
//! demand, because the minimiser tries thousands of lists without reading it.

use raft_core::{Index, RoleKind, Term};
use simulator::{Endpoint, NodeId, Pair, Refusal, Time};
use sut::decisions::Words;
use sut::time_text;

/// The reason why a step failed.
#[derive(Clone, Debug)]
pub(super) enum StepFailure {
    /// The engine refuses the action.
    Refused(Refusal),
    /// The step's time has passed.
    Late {
        /// The step's time.
        time: Time,
        now: Time,
    },
    /// No message in flight matches.
    NoMessage,
    /// The message would use a link that is cut.
    Cut(Pair),
    /// The message would use a link that holds its messages.
    Held(Pair),
    /// The selector selects no node.
    Nobody,
    /// The cluster does not settle.
    ActionLimit,
    /// The node does not stand for election when its election timeout fires.
    DoesNotStand(NodeId, RoleKind),
    /// The candidate sent no request to this node, or it is gone.
    NotAsked(NodeId),
    /// The node did not decide about the request.
    Undecided(NodeId),
    /// The node should grant its vote and refused.
    Refuses(NodeId, kv::Event),
    /// The node should refuse its vote and granted it.
    Grants(NodeId, kv::Event),
    /// The node's answer is not in flight.
    NoAnswer(NodeId),
    /// The node should win and did not.
    DoesNotLead(NodeId, RoleKind, Term),
    /// The node should replicate and is not the leader.
    NotLeader(NodeId, RoleKind, Term),
    /// The node should not win and did.
    Leads(NodeId, Term),
    /// The leader's log is shorter.
    Short(NodeId, Index),
    /// The node did not acknowledge the wanted index.
    Behind(NodeId, Index),
    /// The expectation is not met.
    Differs {
        field: &'static str,
        whose: Endpoint,
        wanted: String,
        was: String,
    },
}

impl StepFailure {
    /// The failure as a sentence, for nodes with these names.
    pub(super) fn says(&self, names: &[String]) -> String {
        let name = |node: &NodeId| names[node.0 as usize].as_str();
        let end = |end: &Endpoint| match end {
            Endpoint::Node(node) => name(node).to_owned(),
            Endpoint::Client(client) => format!("c{}", client.0),
        };
        let decided = |event: &kv::Event| {
            let (decision, _) = Words(names).of(event);
            match decision.rule {
                Some(rule) => format!("{} ({rule})", decision.text),
                None => decision.text,
            }
        };
        match self {
            StepFailure::Refused(refusal) => refusal.to_string(),
            StepFailure::Late { time, now } => format!(
                "it should happen at {}, but it is {} already",
                time_text::show(time.0),
                time_text::show(now.0)
            ),
            StepFailure::NoMessage => "there is no such message in flight".to_owned(),
            StepFailure::Cut((from, to)) => format!("the link {} → {} is cut", end(from), end(to)),
            StepFailure::Held((from, to)) => {
                format!("the link {} → {} holds its messages", end(from), end(to))
            }
            StepFailure::Nobody => "nobody is meant at this moment".to_owned(),
            StepFailure::ActionLimit => {
                "the cluster does not come to rest: too many events".to_owned()
            }
            StepFailure::DoesNotStand(node, role) => {
                format!("{} does not stand for election: it is {role}", name(node))
            }
            StepFailure::NotAsked(node) => format!("no request to {} is in flight", name(node)),
            StepFailure::Undecided(node) => {
                format!("{} does not decide about the request", name(node))
            }
            StepFailure::Refuses(node, event) => {
                format!("{} refuses: {}", name(node), decided(event))
            }
            StepFailure::Grants(node, event) => {
                format!("{} grants: {}", name(node), decided(event))
            }
            StepFailure::NoAnswer(node) => format!("the answer of {} is not in flight", name(node)),
            StepFailure::DoesNotLead(node, role, term) => {
                format!("{} does not win: it is {role} in {term}", name(node))
            }
            StepFailure::NotLeader(node, role, term) => {
                format!("{} is not the leader: it is {role} in {term}", name(node))
            }
            StepFailure::Leads(node, term) => format!("{} wins: it leads in {term}", name(node)),
            StepFailure::Short(node, last) => format!("the log of {} ends at {last}", name(node)),
            StepFailure::Behind(node, index) => {
                format!("{} has acknowledged only up to {index}", name(node))
            }
            StepFailure::Differs {
                field,
                whose,
                wanted,
                was,
            } => format!("{field} of {}: expected {wanted}, it was {was}", end(whose)),
        }
    }
}
