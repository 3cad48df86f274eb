//! The kinds of faults that a fuzzer may draw, by their names in profiles.

use scenario::{DurationRange, Nanos, Ratio};
use serde::{Deserialize, Serialize};

/// How a kind of fault may strike. Each seed draws whether it strikes, how often and for how long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    /// The chance that a phase has this fault at all.
    pub chance: Ratio,
    /// The time from one strike to the next; at least 1ms.
    #[serde(default = "every")]
    pub every: DurationRange,
    /// The time until it is undone.
    #[serde(rename = "for", default = "lasts")]
    pub lasts: DurationRange,
}

fn every() -> DurationRange {
    DurationRange::new(Nanos::millis(100), Nanos::millis(4_000))
}

fn lasts() -> DurationRange {
    DurationRange::new(Nanos::millis(5), Nanos::millis(3_000))
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $field:ident: $kind:ident,)+) => {
        /// A kind of fault that a fuzzer may draw.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind { $($(#[doc = $doc])+ $kind,)+ }

        /// The faults that may strike; a fault that is left out never strikes.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(deny_unknown_fields, default)]
        pub struct Faults {
            $($(#[doc = $doc])+
            #[serde(skip_serializing_if = "Option::is_none")]
            pub $field: Option<Pattern>,)+
        }

        impl Faults {
            /// The kinds that may strike, with their names and patterns.
            #[must_use]
            pub fn patterns(&self) -> Vec<(Kind, &'static str, &Pattern)> {
                let all = [$((Kind::$kind, stringify!($field), &self.$field)),+];
                let named = all.into_iter().filter_map(|(kind, name, pattern)| {
                    Some((kind, name, pattern.as_ref()?))
                });
                named.collect()
            }
        }
    };
}

kinds! {
    /// Some nodes crash.
    crash: Crash,
    /// The leader crashes.
    crash_leader: CrashLeader,
    /// A new leader crashes within moments of its election.
    crash_new_leader: CrashNewLeader,
    /// A node crashes soon after a node has restarted.
    crash_again: CrashAgain,
    /// A majority crashes at once.
    crash_majority: CrashMajority,
    /// All nodes crash at once.
    crash_all: CrashAll,
    /// Some nodes pause.
    pause: Pause,
    /// The leader pauses.
    pause_leader: PauseLeader,
    /// Some nodes are cut off from all others.
    isolate: Isolate,
    /// The leader is cut off from all others.
    isolate_leader: IsolateLeader,
    /// A new leader is cut off within moments of its election.
    isolate_new_leader: IsolateNewLeader,
    /// The nodes are divided in two.
    partition: Partition,
    /// Links between some nodes are cut one way.
    cut: Cut,
    /// All links from the leader, or all links to it, are cut.
    cut_leader: CutLeader,
    /// The messages of some nodes are held for a while.
    hold: Hold,
    /// The messages of the leader are held for a while.
    hold_leader: HoldLeader,
    /// Some links lose, duplicate, delay and reorder more messages than the others.
    link: Link,
    /// All links lose, duplicate, delay and reorder more messages for a while.
    weather: Weather,
    /// A clock jumps forward.
    clock_jump: ClockJump,
    /// A clock runs too fast or too slow.
    clock_speed: ClockSpeed,
    /// A disk finishes nothing.
    disk_stall: DiskStall,
    /// A disk is slow.
    disk_slow: DiskSlow,
    /// The leader's disk finishes nothing.
    disk_stall_leader: DiskStallLeader,
    /// The operator hands leadership to some node.
    transfer: Transfer,
    /// The operator tells some nodes to campaign.
    campaign: Campaign,
    /// The operator tells the leader to step down.
    step_down: StepDown,
    /// Some state machines apply late.
    apply_late: ApplyLate,
    /// The operator tells some nodes to take a snapshot.
    snapshot: Snapshot,
    /// The operator tells some nodes to cut their logs.
    compact: Compact,
    /// The operator tells some nodes to ask for a snapshot.
    request_snapshot: RequestSnapshot,
    /// The operator tells the leader to add a server as a learner.
    add_server: AddServer,
    /// The operator tells the leader to add a learner once more.
    add_again: AddAgain,
    /// The operator tells the leader to add a server as a witness.
    add_witness: AddWitness,
    /// The operator lets a server join as a voter; a server that is down starts first.
    join: Join,
    /// The operator tells the leader to give some server a vote.
    promote: Promote,
    /// The operator tells the leader to take some server's vote.
    demote: Demote,
    /// The operator tells the leader to remove some server.
    remove_server: RemoveServer,
    /// The operator tells the leader to remove itself.
    remove_leader: RemoveLeader,
    /// The operator tells the leader to replace a voter.
    replace: Replace,
    /// The operator tells the leader to make some servers the only members.
    members: Members,
    /// The operator tells the leader to leave a joint configuration.
    leave_joint: LeaveJoint,
}

impl Kind {
    /// Whether it changes the members.
    #[must_use]
    pub fn changes_members(self) -> bool {
        matches!(
            self,
            Self::AddServer
                | Self::AddAgain
                | Self::AddWitness
                | Self::Join
                | Self::Promote
                | Self::Demote
                | Self::RemoveServer
                | Self::RemoveLeader
                | Self::Replace
                | Self::Members
                | Self::LeaveJoint
        )
    }
}
