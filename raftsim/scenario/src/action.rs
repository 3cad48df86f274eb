//! Actions on the cluster. A step performs one at a given time, a fault at drawn times.

use serde::{Deserialize, Serialize};

use super::network::{NetworkChange, Reorder};
use super::select::{Partition, Selector};
use super::units::{ClockRate, Condition, DurationRange, Nanos, Ratio};

/// An action on the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// These nodes stop and lose their memory; their disks survive.
    Crash(Selector),
    /// These crashed nodes start again from their disks.
    Restart(Selector),
    /// All faults of these nodes end: the nodes restart or resume, their links heal, their disks and clocks
    /// return to normal.
    Recover(Selector),
    /// These nodes pause and keep their memory.
    Pause(Selector),
    /// These paused nodes resume.
    Resume(Selector),
    /// Every link between each of these nodes and any other node is cut in both directions.
    Isolate(Selector),
    /// Links between different groups are cut.
    Partition(Partition),
    /// The links from some nodes to others are cut, in this direction only.
    Cut(Route),
    /// The links from some nodes to others carry messages differently.
    Link(LinkChange),
    /// The links from some nodes to others hold their messages back, without dropping them.
    Hold(Route),
    /// The links from some nodes to others deliver the messages that they hold, and hold no more.
    Release(Route),
    /// Cuts, holds and link changes of these nodes end.
    Heal(Selector),
    /// These nodes' clocks change.
    Clock(ClockChange),
    /// These nodes' disks change.
    Disk(DiskFault),
    /// Every link between nodes carries messages differently.
    Network(NetworkChange),
    /// The leader transfers leadership to the first of these nodes that does not lead.
    Transfer(Selector),
    /// These nodes start an election now.
    Campaign(Selector),
    /// The leaders among these nodes step down.
    StepDown(Selector),
    /// The state machines of these nodes apply entries later.
    Apply(ApplyChange),
    /// These nodes take a snapshot of their state now.
    Snapshot(Selector),
    /// These nodes discard the log entries that their snapshots cover.
    Compact(Selector),
    /// These nodes ask their leader for a snapshot.
    RequestSnapshot(Selector),
    /// The leader adds the first of these nodes that is not a member, as a learner.
    AddServer(Selector),
    /// The leader gives a vote, as a witness, to the first of these nodes that has no vote and stores no
    /// data.
    AddWitness(Selector),
    /// The leader gives a vote to the first of these nodes that has none. If that node is not a member, the
    /// leader adds it first.
    Promote(Selector),
    /// The leader takes the vote of the first of these nodes that has one.
    Demote(Selector),
    /// The leader removes the first of these nodes that is a member.
    RemoveServer(Selector),
    /// The leader gives the vote of one node to another.
    Replace(Replacement),
    /// The leader makes these nodes the members.
    Members(MembersChange),
    /// The leaders among these nodes leave the joint configuration.
    LeaveJoint(Selector),
    /// The first of these nodes that is not a member starts, and joins the cluster as a voter.
    Join(Selector),
    /// Each of these nodes founds a cluster of its own, if it belongs to none.
    Bootstrap(Selector),
    /// Each of these nodes continues as the only member of a cluster, with the log that it holds.
    ForceNewCluster(Selector),
}

impl Action {
    /// Whether a fault can undo it after its `for`.
    #[must_use]
    pub fn can_be_undone(&self) -> bool {
        match self {
            Self::Restart(_)
            | Self::Recover(_)
            | Self::Resume(_)
            | Self::Release(_)
            | Self::Heal(_)
            | Self::Transfer(_)
            | Self::Campaign(_)
            | Self::StepDown(_)
            | Self::Snapshot(_)
            | Self::Compact(_)
            | Self::RequestSnapshot(_)
            | Self::AddServer(_)
            | Self::AddWitness(_)
            | Self::Promote(_)
            | Self::Demote(_)
            | Self::RemoveServer(_)
            | Self::Replace(_)
            | Self::Members(_)
            | Self::LeaveJoint(_)
            | Self::Join(_)
            | Self::Bootstrap(_)
            | Self::ForceNewCluster(_) => false,
            Self::Clock(change) => change.jump.is_none(),
            Self::Crash(_)
            | Self::Pause(_)
            | Self::Isolate(_)
            | Self::Partition(_)
            | Self::Cut(_)
            | Self::Link(_)
            | Self::Hold(_)
            | Self::Disk(_)
            | Self::Network(_)
            | Self::Apply(_) => true,
        }
    }
}

/// A node and its replacement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Replacement {
    /// The node that loses its vote: the first of these that has one.
    pub old: Selector,
    /// The node that gets the vote: the first of these that has none.
    pub new: Selector,
}

/// The new members of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MembersChange {
    /// The nodes with a vote.
    pub voters: Selector,
    /// The nodes that receive the log but have no vote; none by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learners: Option<Selector>,
    /// true: do not wait until new nodes have caught up, and do not check whether they are alive.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forced: bool,
    /// true: stay in the joint configuration until a leave_joint action.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stays_joint: bool,
}

/// Directed links: from each sender to each receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The senders.
    pub from: Selector,
    /// The receivers.
    pub to: Selector,
}

/// Directed links, and their changes from now on. Fields that are left out stay as they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LinkChange {
    /// The senders.
    pub from: Selector,
    /// The receivers.
    pub to: Selector,
    /// The delay of a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<DurationRange>,
    /// The chance that a message is lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drop: Option<Ratio>,
    /// The chance that a message arrives twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicate: Option<Ratio>,
    /// An extra delay for some messages, so that later messages overtake them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reorder: Option<Reorder>,
}

impl LinkChange {
    /// The change on these links.
    #[must_use]
    pub fn change(&self) -> NetworkChange {
        NetworkChange {
            delay: self.delay,
            drop: self.drop,
            duplicate: self.duplicate,
            reorder: self.reorder.clone(),
        }
    }
}

/// A change of some nodes' clocks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ClockChange {
    /// The nodes whose clocks change.
    pub node: Selector,
    /// The rate of these clocks from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<ClockRate>,
    /// How far each of these clocks jumps forward, once; drawn from the range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jump: Option<DurationRange>,
}

/// A change of some nodes' disks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DiskFault {
    /// The nodes whose disks change.
    pub node: Selector,
    /// Whether the disks stall. While a disk stalls, no write becomes durable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stall: Option<bool>,
    /// How long a write takes to become durable from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync: Option<DurationRange>,
}

/// A change of the delay with which some nodes apply committed entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ApplyChange {
    /// The nodes whose state machines change.
    pub node: Selector,
    /// The delay between committing an entry and applying it.
    pub after: Nanos,
}

/// An event that triggers a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// A node has become leader.
    LeaderElected,
    /// A node has become candidate.
    ElectionStarted,
    /// A node has crashed.
    Crash,
    /// A crashed node has started again.
    Restart,
}

/// Adds one optional field per action to a struct. The struct is flat, not a flattened or tagged enum, so
/// that mistakes keep their exact place in the file.
macro_rules! with_actions {
    ($(#[$about:meta])* pub(crate) struct $name:ident {
        $($(#[$field_about:meta])* pub(crate) $field:ident: $type:ty,)*
    }) => {
        #[derive(Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(deny_unknown_fields)]
        $(#[$about])*
        pub(crate) struct $name {
            $($(#[$field_about])* pub(crate) $field: $type,)*
            /// Crash these nodes: they stop and lose their memory; their disks survive.
            crash: Option<Selector>,
            /// Start these crashed nodes again from their disks.
            restart: Option<Selector>,
            /// End all faults of these nodes: restart or resume them, heal their links, and return their
            /// disks and clocks to normal.
            recover: Option<Selector>,
            /// Pause these nodes. They keep their memory.
            pause: Option<Selector>,
            /// Resume these paused nodes.
            resume: Option<Selector>,
            /// Cut every link between each of these nodes and any other node, in both directions.
            isolate: Option<Selector>,
            /// Divide the nodes into groups that cannot reach each other.
            partition: Option<Partition>,
            /// Cut the links from some nodes to others, in this direction only.
            cut: Option<Route>,
            /// Change how the links from some nodes to others carry messages.
            link: Option<LinkChange>,
            /// Hold back the messages from some nodes to others, for later delivery.
            hold: Option<Route>,
            /// Deliver the messages that were held back from some nodes to others, and hold back no more.
            release: Option<Route>,
            /// End cuts, partitions, holds and link changes of these nodes; all heals every link.
            heal: Option<Selector>,
            /// Change the clock of these nodes.
            clock: Option<ClockChange>,
            /// Change the disk of these nodes.
            disk: Option<DiskFault>,
            /// Change how every link between nodes carries messages.
            network: Option<NetworkChange>,
            /// Ask the leader to transfer leadership to the first of these nodes that does not lead.
            transfer: Option<Selector>,
            /// Make these nodes start an election now. A leader ignores this.
            campaign: Option<Selector>,
            /// Make the leaders among these nodes step down.
            step_down: Option<Selector>,
            /// Change the delay with which these nodes apply committed entries.
            apply: Option<ApplyChange>,
            /// Make these nodes take a snapshot of their state now.
            snapshot: Option<Selector>,
            /// Make these nodes discard the log entries that their snapshots cover.
            compact: Option<Selector>,
            /// Make these nodes ask their leader for a snapshot instead of entries.
            request_snapshot: Option<Selector>,
            /// Ask the leader to add the first of these nodes that is not a member, as a learner.
            add_server: Option<Selector>,
            /// Ask the leader to give a vote, as a witness, to the first of these nodes that has no vote
            /// and stores no data.
            add_witness: Option<Selector>,
            /// Ask the leader to give a vote to the first of these nodes that has none, once it has caught
            /// up. If that node is not a member, the leader adds it first.
            promote: Option<Selector>,
            /// Ask the leader to take the vote of the first of these nodes that has one.
            demote: Option<Selector>,
            /// Ask the leader to remove the first of these nodes that is a member.
            remove_server: Option<Selector>,
            /// Ask the leader to give the vote of one node to another, in one step.
            replace: Option<Replacement>,
            /// Ask the leader to make these nodes the members.
            members: Option<MembersChange>,
            /// Ask the leaders among these nodes to leave the joint configuration.
            leave_joint: Option<Selector>,
            /// Start the first of these nodes that is not a member, and make it a voter.
            join: Option<Selector>,
            /// Make each of these nodes found a cluster of its own. The node must not belong to a cluster.
            bootstrap: Option<Selector>,
            /// Make each of these nodes continue as the only member of a cluster, with the log that it
            /// holds. This is for a majority that is lost for good. If the other members still run, there
            /// are two clusters afterwards.
            force_new_cluster: Option<Selector>,
        }

        impl $name {
            /// Every action written here, with the name of its field.
            pub(crate) fn actions(&self) -> Vec<(&'static str, Action)> {
                let mut found = Vec::new();
                with_actions!(@collect self found crash Crash, restart Restart, recover Recover,
                    pause Pause, resume Resume, isolate Isolate, partition Partition, cut Cut,
                    link Link, hold Hold, release Release, heal Heal, clock Clock, disk Disk,
                    network Network, transfer Transfer, campaign Campaign, step_down StepDown,
                    apply Apply, snapshot Snapshot, compact Compact,
                    request_snapshot RequestSnapshot, add_server AddServer,
                    add_witness AddWitness, promote Promote,
                    demote Demote, remove_server RemoveServer, replace Replace,
                    members Members, leave_joint LeaveJoint, join Join, bootstrap Bootstrap,
                    force_new_cluster ForceNewCluster);
                found
            }
        }
    };
    (@collect $self:ident $found:ident $($field:ident $action:ident),+) => {
        $(if let Some(what) = &$self.$field {
            $found.push((stringify!($field), Action::$action(what.clone())));
        })+
    };
}

pub(crate) use with_actions;

/// The names of all actions, as steps and faults write them.
pub(crate) const ACTIONS: [&str; 33] = [
    "crash",
    "restart",
    "recover",
    "pause",
    "resume",
    "isolate",
    "partition",
    "cut",
    "link",
    "hold",
    "release",
    "heal",
    "clock",
    "disk",
    "network",
    "transfer",
    "campaign",
    "step_down",
    "apply",
    "snapshot",
    "compact",
    "request_snapshot",
    "add_server",
    "add_witness",
    "promote",
    "demote",
    "remove_server",
    "replace",
    "members",
    "leave_joint",
    "join",
    "bootstrap",
    "force_new_cluster",
];

with_actions! {
    /// Exactly one action, at a given time.
    #[cfg_attr(feature = "schema", schemars(rename = "Step"))]
    pub(crate) struct WrittenStep {
        /// The time since the start of the phase. Without at and after, the step happens together with the
        /// step before it.
        pub(crate) at: Option<Nanos>,
        /// The time since the step before it, or since the start of the phase.
        pub(crate) after: Option<Nanos>,
        /// A remark for readers of the file.
        pub(crate) note: Option<String>,
        /// A sentence for people who watch the run.
        pub(crate) say: Option<String>,
    }
}

with_actions! {
    /// Exactly one action, at drawn times.
    #[cfg_attr(feature = "schema", schemars(rename = "Fault"))]
    pub(crate) struct WrittenFault {
        /// The time between two occurrences, drawn again each time; at least 1ms.
        pub(crate) every: Option<DurationRange>,
        /// The event that triggers the fault.
        pub(crate) on: Option<Trigger>,
        /// The chance that the fault happens, drawn each time; 100% by default.
        pub(crate) chance: Option<Ratio>,
        /// A delay before the action.
        pub(crate) after: Option<DurationRange>,
        /// How long the action stays in force. Without this field it is not undone.
        #[serde(rename = "for")]
        pub(crate) lasts: Option<DurationRange>,
        /// The fault does not happen while this condition holds.
        pub(crate) unless: Option<Condition>,
        /// The fault happens only while this condition holds.
        pub(crate) only_if: Option<Condition>,
        /// A remark for readers of the file.
        pub(crate) note: Option<String>,
    }
}
