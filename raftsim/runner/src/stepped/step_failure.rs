//! Why a step cannot be done, or what is not as it expects. Words are found only when somebody
//! wants them: whoever tries thousands of lists does not.

use raft_core::{Index, RoleKind, Term};
use simulator::{Endpoint, NodeId, Pair, Refusal, Time};
use sut::decisions::Words;
use sut::time_text;

/// Why a step failed.
#[derive(Clone, Debug)]
pub(super) enum StepFailure {
    /// The engine refuses its action.
    Refused(Refusal),
    /// It was to happen earlier.
    Late {
        /// When it was to happen.
        time: Time,
        /// What time it is.
        now: Time,
    },
    /// No message in flight fits.
    NoMessage,
    /// It would go over a link that is cut.
    Cut(Pair),
    /// It would go over a link that holds its messages.
    Held(Pair),
    /// Nobody is meant.
    Nobody,
    /// The cluster does not come to rest.
    ActionLimit,
    /// The node does not stand for election when its time is out.
    DoesNotStand(NodeId, RoleKind),
    /// The candidate sent no request to this node, or it is gone.
    NotAsked(NodeId),
    /// The node did not decide about the request.
    Undecided(NodeId),
    /// The node was to grant its vote and did not.
    Refuses(NodeId, kv::Event),
    /// The node was to refuse its vote and did not.
    Grants(NodeId, kv::Event),
    /// The node's answer is not in flight.
    NoAnswer(NodeId),
    /// The node was to win and did not.
    DoesNotLead(NodeId, RoleKind, Term),
    /// The node was to replicate and is no leader.
    NotLeader(NodeId, RoleKind, Term),
    /// The node was not to win and did.
    Leads(NodeId, Term),
    /// The leader's log is shorter.
    Short(NodeId, Index),
    /// The node did not acknowledge that much.
    Behind(NodeId, Index),
    /// The cluster is not as expected.
    Differs {
        field: &'static str,
        whose: Endpoint,
        wanted: String,
        was: String,
    },
}

impl StepFailure {
    /// The same as a sentence, for nodes with these names.
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
