//! An operator's commands to a server.

use raft_core::{Change, ChangeOptions, NodeId, Span};

/// A command of the operator to one server. All but two are safe: at worst, a cluster has no leader
/// for a while. The text of the two exceptions says so.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// Hand leadership to this server.
    Transfer {
        /// The next leader.
        to: NodeId,
    },
    /// Campaign now.
    Campaign,
    /// Step down.
    StepDown,
    /// Take a snapshot of the applied state now.
    Snapshot,
    /// Cut the log as far as the newest snapshot covers it, even entries that the settings would
    /// keep.
    Compact,
    /// Ask the leader for a snapshot in place of entries.
    RequestSnapshot,
    /// From now on, apply entries later than they commit, as a slow state machine would.
    ApplyAfter {
        /// The delay, by the server's own clock.
        delay: Span,
    },
    /// Change the members of the cluster. A forced change can leave it without a live quorum.
    Change {
        /// The change.
        change: Change,
        /// Its options.
        how: ChangeOptions,
    },
    /// Found a cluster of this server alone. The server must belong to no cluster and hold no
    /// state.
    Bootstrap,
    /// **Loses entries that only others hold.** Continue as the only member with the present log,
    /// because the others are lost for good. If they are still running, there are two clusters from
    /// now on.
    ForceNewCluster,
}
