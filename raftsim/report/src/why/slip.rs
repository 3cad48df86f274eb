//! A decision that the published rules do not allow.

use raft_core::{RuleId, Term};
use simulator::NodeId;

use super::facts::When;
use super::moment::Operation;
use super::story::Line;

/// A decision that no correct server makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slip {
    pub(super) when: When,
    pub(super) node: NodeId,
    /// The rule that does not allow it; the key-value layer has duties instead.
    pub(super) rule: Option<RuleId>,
    /// The term it was made in.
    pub(super) term: Term,
    /// The first entry it concerns, if it concerns the log.
    pub(super) index: Option<u64>,
    /// The client's operation it concerns, if it concerns one.
    pub(super) operation: Option<Operation>,
    pub(super) text: String,
}

impl Slip {
    pub(super) fn line(&self) -> Line {
        Line {
            event: self.when.event,
            time: self.when.time,
            wrong: true,
            rule: self.rule,
            text: self.text.clone(),
        }
    }
}
