//! What can be done to the cluster: by a step at its time, or by a fault at drawn times.

use serde::{Deserialize, Serialize};

use super::select::{Partition, Selector};
use super::settings::{NetworkChange, Reorder};
use super::units::{ClockRate, Condition, DurationRange, Nanos, Ratio};

/// One thing done to the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// These nodes lose their memory and stop; their disks stay.
    Crash(Selector),
    /// These crashed nodes start again from their disks.
    Restart(Selector),
    /// These nodes are well again: restarted, resumed, links healed, disk and clock normal.
    Recover(Selector),
    /// These nodes stand still and keep their memory.
    Pause(Selector),
    /// These paused nodes go on.
    Resume(Selector),
    /// Every link between each of these nodes and any other node is cut, both ways.
    Isolate(Selector),
    /// Links between different groups are cut.
    Partition(Partition),
    /// The links from one to the other are cut, one way.
    Cut(Route),
    /// The links from one to the other carry messages differently.
    Link(LinkChange),
    /// Messages from one to the other are kept back, not dropped.
    Hold(Route),
    /// Messages kept back from one to the other are delivered, and no more are kept.
    Release(Route),
    /// Cuts, holds and link changes of these nodes end.
    Heal(Selector),
    /// These nodes' clocks change.
    Clock(ClockChange),
    /// These nodes' disks change.
    Disk(DiskFault),
    /// Every link between nodes carries messages differently.
    Network(NetworkChange),
    /// The leader hands leadership to the first of these nodes that does not lead.
    Transfer(Selector),
    /// These nodes stand for election now.
    Campaign(Selector),
    /// Those of these nodes that lead do so no more.
    StepDown(Selector),
    /// The state machines of these nodes apply entries later.
    Apply(ApplyChange),
    /// These nodes take a snapshot of their state now.
    Snapshot(Selector),
    /// These nodes cut their logs as far as their snapshots cover them.
    Compact(Selector),
    /// These nodes ask their leader for a snapshot.
    RequestSnapshot(Selector),
    /// Whoever leads is to add the first of these nodes that is no member, as a learner.
    AddServer(Selector),
    /// Whoever leads is to give the first of these nodes that fits a vote as a witness.
    AddWitness(Selector),
    /// Whoever leads is to give the first of these nodes that has none a vote, and to add it first if
    /// it must.
    Promote(Selector),
    /// Whoever leads is to take the vote of the first of these nodes that has one.
    Demote(Selector),
    /// Whoever leads is to take the first of these nodes that is a member out.
    RemoveServer(Selector),
    /// Whoever leads is to give the vote of one node to another.
    Replace(Replacement),
    /// Whoever leads is to make these the members.
    Members(MembersChange),
    /// Whoever leads is to leave the joint configuration: those of these nodes that lead.
    LeaveJoint(Selector),
    /// The first of these nodes that is no member starts, and joins the cluster as a voter.
    Join(Selector),
    /// Each of these nodes founds a cluster of its own, if it belongs to none.
    Bootstrap(Selector),
    /// Each of these nodes goes on as the only member of a cluster, with the log that it holds.
    ForceNewCluster(Selector),
}

impl Action {
    /// Can it be undone after a fault's `for`?
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

/// One node for another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Replacement {
    /// The first of these that has a vote goes.
    pub old: Selector,
    /// The first of these that has none comes.
    pub new: Selector,
}

/// The members that a cluster is to have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MembersChange {
    /// The nodes that vote from then on.
    pub voters: Selector,
    /// Who receives the log without a vote; nobody by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learners: Option<Selector>,
    /// true: do not wait for newcomers to catch up, nor ask whether anybody of them is alive.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forced: bool,
    /// true: stay in the joint configuration until leave_joint.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stays_joint: bool,
}

/// Directed links: from each of some nodes to each of others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The senders.
    pub from: Selector,
    /// The receivers.
    pub to: Selector,
}

/// Directed links and how they differ from now on. What is left out stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LinkChange {
    /// The senders.
    pub from: Selector,
    /// The receivers.
    pub to: Selector,
    /// How long a message travels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<DurationRange>,
    /// The chance that a message is lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drop: Option<Ratio>,
    /// The chance that a message arrives twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicate: Option<Ratio>,
    /// The chance of an extra delay that lets later messages overtake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reorder: Option<Reorder>,
}

impl LinkChange {
    /// What differs on these links.
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
    /// Whose clock.
    pub node: Selector,
    /// How fast it runs from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<ClockRate>,
    /// How far it jumps forward, once; drawn from the range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jump: Option<DurationRange>,
}

/// A change of some nodes' disks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DiskFault {
    /// Whose disk.
    pub node: Selector,
    /// Whether it stalls: nothing becomes durable until it no longer does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stall: Option<bool>,
    /// How long it takes from now on until what was written is durable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync: Option<DurationRange>,
}

/// A change of how soon some nodes apply what is committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ApplyChange {
    /// Whose state machine.
    pub node: Selector,
    /// How much later than it commits an entry is applied.
    pub after: Nanos,
}

/// What a fault waits for, where it waits for something.
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

/// Adds one optional field per action to a struct. A flat struct, not a flattened or tagged enum:
/// only so do mistakes keep their exact place in the file.
macro_rules! with_actions {
    ($(#[$about:meta])* pub(crate) struct $name:ident {
        $($(#[$field_about:meta])* pub(crate) $field:ident: $type:ty,)*
    }) => {
        #[derive(Clone, Debug, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(deny_unknown_fields)]
        $(#[$about])*
        pub(crate) struct $name {
            $($(#[$field_about])* pub(crate) $field: $type,)*
            /// Crash these nodes: they lose their memory and stop; their disks stay.
            crash: Option<Selector>,
            /// Start these crashed nodes again from their disks.
            restart: Option<Selector>,
            /// End whatever ails these nodes: restart, resume, heal links, normal disk and clock.
            recover: Option<Selector>,
            /// Make these nodes stand still; they keep their memory.
            pause: Option<Selector>,
            /// Let these paused nodes go on.
            resume: Option<Selector>,
            /// Cut every link between each of these nodes and any other node, both ways.
            isolate: Option<Selector>,
            /// Divide the nodes into groups that do not reach each other.
            partition: Option<Partition>,
            /// Cut the links from one to the other, one way.
            cut: Option<Route>,
            /// Change how the links from one to the other carry messages.
            link: Option<LinkChange>,
            /// Keep back what is sent from one to the other, to be delivered later.
            hold: Option<Route>,
            /// Deliver what was kept back from one to the other, and keep back no more.
            release: Option<Route>,
            /// End cuts, partitions, holds and link changes of these nodes; all heals every link.
            heal: Option<Selector>,
            /// Change the clock of these nodes.
            clock: Option<ClockChange>,
            /// Change the disk of these nodes.
            disk: Option<DiskFault>,
            /// Change how every link between nodes carries messages.
            network: Option<NetworkChange>,
            /// Let the leader hand leadership to the first of these nodes that does not lead.
            transfer: Option<Selector>,
            /// Let these nodes stand for election now; a leader does nothing.
            campaign: Option<Selector>,
            /// Let those of these nodes that lead do so no more.
            step_down: Option<Selector>,
            /// Change how soon these nodes apply what is committed.
            apply: Option<ApplyChange>,
            /// Let these nodes take a snapshot of their state now.
            snapshot: Option<Selector>,
            /// Let these nodes cut their logs as far as their snapshots cover them.
            compact: Option<Selector>,
            /// Let these nodes ask their leader for a snapshot in place of entries.
            request_snapshot: Option<Selector>,
            /// Let whoever leads add the first of these nodes that is no member, as a learner.
            add_server: Option<Selector>,
            /// Let whoever leads give a vote, as a witness, to the first of these nodes that has none
            /// and holds no data.
            add_witness: Option<Selector>,
            /// Let whoever leads give the first of these nodes that has none a vote, once it has
            /// caught up; one that is no member is added first.
            promote: Option<Selector>,
            /// Let whoever leads take the vote of the first of these nodes that has one.
            demote: Option<Selector>,
            /// Let whoever leads take the first of these nodes that is a member out.
            remove_server: Option<Selector>,
            /// Let whoever leads give the vote of one node to another, in one step.
            replace: Option<Replacement>,
            /// Let whoever leads make these the members.
            members: Option<MembersChange>,
            /// Let those of these nodes that lead leave the joint configuration.
            leave_joint: Option<Selector>,
            /// Start the first of these nodes that is no member, and let it become a voter.
            join: Option<Selector>,
            /// Let each of these nodes found a cluster of its own; it must belong to none.
            bootstrap: Option<Selector>,
            /// Let each of these nodes go on alone with the log that it holds, since the others are
            /// gone for good. If they are not, there are two clusters from then on.
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
    /// Something done at a given time: exactly one action.
    #[cfg_attr(feature = "schema", schemars(rename = "Step"))]
    pub(crate) struct WrittenStep {
        /// When, counted from the start of the phase. Without at and after: together with the
        /// step before.
        pub(crate) at: Option<Nanos>,
        /// When, counted from the step before (or the start of the phase).
        pub(crate) after: Option<Nanos>,
        /// A remark for readers of the file.
        pub(crate) note: Option<String>,
        /// A sentence shown to whoever watches the run.
        pub(crate) say: Option<String>,
    }
}

with_actions! {
    /// Something done at drawn times: exactly one action.
    #[cfg_attr(feature = "schema", schemars(rename = "Fault"))]
    pub(crate) struct WrittenFault {
        /// How long from one strike to the next, drawn anew each time; at least 1ms.
        pub(crate) every: Option<DurationRange>,
        /// What it waits for, instead of a time.
        pub(crate) on: Option<Trigger>,
        /// The chance that it strikes when it could; 100% by default.
        pub(crate) chance: Option<Ratio>,
        /// How long it waits before it strikes.
        pub(crate) after: Option<DurationRange>,
        /// How long until the action is undone; without it, the action stays.
        #[serde(rename = "for")]
        pub(crate) lasts: Option<DurationRange>,
        /// It does not strike while this holds.
        pub(crate) unless: Option<Condition>,
        /// It strikes only while this holds.
        pub(crate) only_if: Option<Condition>,
        /// A remark for readers of the file.
        pub(crate) note: Option<String>,
    }
}
