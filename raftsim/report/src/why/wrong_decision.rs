//! A decision that the published rules do not allow.

use raft_core::{RuleId, Term};
use simulator::NodeId;

use super::explanation::Statement;
use super::facts::When;
use super::observed::Operation;

/// A decision that no correct server makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WrongDecision {
    pub(super) when: When,
    pub(super) node: NodeId,
    /// The rule that does not allow it. The key-value layer has duties instead of rules.
    pub(super) rule: Option<RuleId>,
    /// The term of the node.
    pub(super) term: Term,
    /// The first entry that it concerns, if it concerns the log.
    pub(super) index: Option<u64>,
    /// The client's operation that it concerns, if any.
    pub(super) operation: Option<Operation>,
    pub(super) text: String,
}

impl WrongDecision {
    pub(super) fn statement(&self) -> Statement {
        Statement {
            event: self.when.event,
            time: self.when.time,
            wrong: true,
            rule: self.rule,
            text: self.text.clone(),
        }
    }
}
