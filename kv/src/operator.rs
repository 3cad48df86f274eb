//! What an operator can tell a server.

use raft_core::{Change, ChangeOptions, NodeId, Span};

/// A command of the operator to one server. But for two of them, which say so, none can do harm: at
/// worst a cluster is without a leader for a while.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
    /// Change the members of the cluster. A forced change can leave it without a quorum that lives.
    Change {
        /// What.
        change: Change,
        /// And how.
        how: ChangeOptions,
    },
    /// Found a cluster of this server alone, which belongs to none and holds nothing.
    Bootstrap,
    /// **Loses what others hold.** Go on as the only member, with this server's log as it is, since
    /// the others are gone for good. If they are not, there are two clusters from now on.
    ForceNewCluster,
}
