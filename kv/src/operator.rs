//! What an operator can tell a server.

use raft_core::{NodeId, Span};

/// A command of the operator to one server. None of them can do harm: at worst a cluster is
/// without a leader for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// Hand leadership to this server.
    Transfer {
        /// The next leader.
        to: NodeId,
    },
    /// Campaign now.
    Campaign,
    /// Lead no more.
    StepDown,
    /// Take a snapshot of what is applied, now.
    Snapshot,
    /// Cut the log as far as the newest snapshot covers it, whatever is to stay behind.
    Compact,
    /// Ask the leader for a snapshot in place of entries.
    RequestSnapshot,
    /// From now on, apply entries so much later than they commit: a slow state machine.
    ApplyAfter {
        /// How much later, by the server's own clock.
        delay: Span,
    },
}
