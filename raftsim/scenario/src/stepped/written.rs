//! A step of a stepped scenario as it is written. Every verb is an optional field of one flat
//! struct: only so do mistakes keep their exact place in the file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::crash::WrittenCrash;
use super::expected::RoleName;
use super::script::{Ask, MessageKind};
use crate::action::Route;
use crate::select::{NodeName, Partition, Selector};
use crate::units::{ClockRate, Nanos};

macro_rules! verbs {
    ($($(#[doc = $about:literal])+ $field:ident: $verb:ident($type:ty),)+) => {
        /// One step: at most one verb, and words about it.
        #[derive(Clone, Debug, Default, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(deny_unknown_fields)]
        #[cfg_attr(feature = "schema", schemars(rename = "ScriptStep"))]
        pub(crate) struct WrittenScriptStep {
            /// When, counted from the start of the run; never before the step above. Without it no
            /// time passes before the step.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub(crate) at: Option<Nanos>,
            $($(#[doc = $about])+
            #[serde(skip_serializing_if = "Option::is_none")]
            pub(crate) $field: Option<Box<$type>>,)+
            /// A sentence shown to whoever watches the run.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub(crate) say: Option<String>,
            /// The rule that the step is about, such as election.vote-once.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub(crate) why: Option<String>,
            /// A remark for readers of the file.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub(crate) note: Option<String>,
        }

        /// What a step does, as it is written.
        #[derive(Clone, Debug)]
        pub(crate) enum WrittenVerb {
            $($verb($type),)+
        }

        /// The names of all verbs.
        pub(crate) const VERBS: &[&str] = &[$(stringify!($field)),+];

        impl WrittenScriptStep {
            /// Every verb written here, with the name of its field.
            pub(crate) fn take_verbs(&mut self) -> Vec<(&'static str, WrittenVerb)> {
                let mut found = Vec::new();
                $(if let Some(what) = self.$field.take() {
                    found.push((stringify!($field), WrittenVerb::$verb(*what)));
                })+
                found
            }
        }

        impl From<WrittenVerb> for WrittenScriptStep {
            fn from(verb: WrittenVerb) -> Self {
                let mut step = Self::default();
                match verb {
                    $(WrittenVerb::$verb(what) => step.$field = Some(Box::new(what)),)+
                }
                step
            }
        }
    };
}

verbs! {
    /// Deliver messages in flight.
    deliver: Deliver(WrittenLetters),
    /// Lose messages in flight.
    drop: Drop(WrittenLetters),
    /// Deliver copies of messages, which stay in flight.
    duplicate: Duplicate(WrittenLetters),
    /// Keep the messages of these links in flight until they are released.
    hold: Hold(Route),
    /// No longer keep the messages of these links.
    release: Release(Route),
    /// Cut the links from one to the other, one way.
    cut: Cut(Route),
    /// Cut every link between each of these nodes and any other node, both ways.
    isolate: Isolate(Selector),
    /// Divide the nodes into groups that do not reach each other.
    partition: Partition(Partition),
    /// End cuts and holds of these nodes; all heals every link.
    heal: Heal(Selector),
    /// Let the deadline of a node be reached: the world's time moves there.
    timeout: Timeout(NodeName),
    /// Let writes of a node become durable.
    written: Written(WrittenWrites),
    /// Stall disks, or let them go on.
    disk: Disk(WrittenStall),
    /// Crash these nodes: they lose their memory and stop; their disks stay.
    crash: Crash(WrittenCrash),
    /// Start these crashed nodes again from their disks.
    restart: Restart(Selector),
    /// Make these nodes stand still; they keep their memory.
    pause: Pause(Selector),
    /// Let these paused nodes go on.
    resume: Resume(Selector),
    /// Change the clock of these nodes.
    clock: Clock(WrittenClock),
    /// Let a client begin an operation.
    call: Call(WrittenCall),
    /// Let a client ask for a session.
    open_session: OpenSession(WrittenSession),
    /// Let a client keep its session, without asking for anything in it.
    keep_session: KeepSession(WrittenSession),
    /// Let a client send the request of its open operation again.
    retry: Retry(WrittenRetry),
    /// Let a client end its open operation without an answer.
    give_up: GiveUp(WrittenGiveUp),
    /// Let the operator command a node.
    operator: Operator(WrittenOperator),
    /// Let the cluster run by itself for so long: messages arrive at once, timers fire in order.
    settle: Settle(Nanos),
    /// Let only time pass.
    advance: Advance(Nanos),
    /// Let a node stand for election and win with exactly these votes.
    elect: Elect(WrittenElect),
    /// Let a node stand for election and not win.
    campaign: Campaign(WrittenCampaign),
    /// Let a leader bring the logs of these nodes up to an index.
    replicate: Replicate(WrittenReplicate),
    /// Check that the cluster is as expected.
    expect: Expect(WrittenExpected),
    /// Ask whoever watches a question.
    ask: Ask(Ask),
    /// Begin a phase, which expectations refer to.
    phase: Phase(String),
}

/// Messages in flight.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Letters"))]
pub(crate) struct WrittenLetters {
    /// The sender: a node, or a client such as c0. With all, several or every node.
    pub(crate) from: Selector,
    /// The receiver: likewise.
    pub(crate) to: Selector,
    /// What they say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<MessageKind>,
    /// The place among the messages sent on the link, from 1. Without it the oldest that fits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ordinal: Option<u64>,
    /// All that fit, not just the oldest.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) all: bool,
}

/// Writes of one node.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Writes"))]
pub(crate) struct WrittenWrites {
    /// The node whose writes they are.
    pub(crate) node: NodeName,
    /// The number of the last one, counted from the node's last start. Without it all that it
    /// handed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) through: Option<u64>,
}

/// Whether disks stall.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Stall"))]
pub(crate) struct WrittenStall {
    /// Whose disks.
    pub(crate) node: Selector,
    /// true: nothing becomes durable by itself. false: what waits does, and all later writes.
    pub(crate) stall: bool,
}

/// A change of clocks.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "StepClock"))]
pub(crate) struct WrittenClock {
    /// Whose clock.
    pub(crate) node: Selector,
    /// How fast it runs from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rate: Option<ClockRate>,
    /// How far it jumps forward, once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) jump: Option<Nanos>,
}

/// An operation of a client, written as in a history.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Call"))]
pub(crate) struct WrittenCall {
    /// The client: c0 (the default), c1, ...
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<NodeName>,
    /// The client's number of the operation, above those of its earlier ones; the next by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) serial: Option<u64>,
    /// The node it asks.
    pub(crate) to: NodeName,
    /// What it asks for.
    pub(crate) op: OpName,
    /// The key it is about.
    pub(crate) key: String,
    /// What a put, append or cas writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
    /// What a cas expects to find; without it, nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expect: Option<String>,
    /// How a get is made safe; through the log by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<Way>,
    /// The latest index that the client has seen, which a stale read does not go behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<u64>,
    /// The session that it is asked in: the index of the entry that opened it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<u64>,
}

/// A request about a session.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Session"))]
pub(crate) struct WrittenSession {
    /// The client: c0 (the default), c1, ...
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<NodeName>,
    /// The client's number of the operation, above those of its earlier ones; the next by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) serial: Option<u64>,
    /// The node it asks.
    pub(crate) to: NodeName,
    /// The session that it keeps: the index of the entry that opened it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<u64>,
}

/// Ways of reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Way {
    /// As an entry of the log.
    #[default]
    Log,
    /// By the leader, once it has heard from a majority again.
    ReadIndex,
    /// By the leader, at once while its lease lasts.
    Lease,
    /// By any node, once its leader has named an index.
    Follower,
    /// By any node, at once.
    Stale,
}

/// The kinds of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(crate) enum OpName {
    /// Read a value.
    Get,
    /// Write a value.
    Put,
    /// Write at the end of a value.
    Append,
    /// Write a value if the present one is as expected.
    Cas,
    /// Remove a value.
    Delete,
}

/// A request that is sent again.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Retry"))]
pub(crate) struct WrittenRetry {
    /// The client: c0 (the default), c1, ...
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<NodeName>,
    /// The node it asks.
    pub(crate) to: NodeName,
}

/// An operation that is given up.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "GiveUp"))]
pub(crate) struct WrittenGiveUp {
    /// The client: c0 (the default), c1, ...
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<NodeName>,
}

/// A command of the operator: exactly one, given to a node directly.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "OperatorCommand"))]
pub(crate) struct WrittenOperator {
    /// The node that is commanded.
    pub(crate) to: NodeName,
    /// Offer an operation to it, whether it leads or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) propose: Option<WrittenProposal>,
    /// Let it hand leadership to this node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) transfer: Option<NodeName>,
    /// true: let it stand for election now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) campaign: Option<bool>,
    /// true: let it lead no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) step_down: Option<bool>,
    /// Let it apply entries so much later than they commit, from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) apply_after: Option<Nanos>,
    /// true: let it take a snapshot of its state now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) snapshot: Option<bool>,
    /// true: let it cut its log as far as its snapshot covers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) compact: Option<bool>,
    /// true: let it ask its leader for a snapshot in place of entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request_snapshot: Option<bool>,
    /// Let it change the members of the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) change: Option<WrittenChange>,
    /// true: let it found a cluster of its own; it must belong to none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bootstrap: Option<bool>,
    /// true: let it go on alone with the log that it holds, since the others are gone for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) force_new_cluster: Option<bool>,
}

/// A change of members: exactly one.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Change"))]
pub(crate) struct WrittenChange {
    /// Add this node, as a learner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) add: Option<NodeName>,
    /// Give this node a vote as a witness, once it has caught up; it must hold no data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) add_witness: Option<NodeName>,
    /// Give this node a vote, once it has caught up; it is added first if it is no member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) promote: Option<NodeName>,
    /// Take the vote of this node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) demote: Option<NodeName>,
    /// Take this node out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) remove: Option<NodeName>,
    /// Give the vote of this node to another, in one step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) replace: Option<NodeName>,
    /// With replace: to this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<NodeName>,
    /// Make these nodes the voters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) voters: Option<Vec<NodeName>>,
    /// With voters: these are members without a vote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) learners: Option<Vec<NodeName>>,
    /// true: leave the joint configuration.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) leave: bool,
    /// true: do not wait for newcomers to catch up, nor ask whether anybody of them is alive.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) forced: bool,
    /// true: stay in the joint configuration until somebody leaves it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) stays_joint: bool,
}

impl WrittenOperator {
    pub(crate) fn nothing(to: NodeName) -> Self {
        Self {
            to,
            propose: None,
            transfer: None,
            campaign: None,
            step_down: None,
            apply_after: None,
            snapshot: None,
            compact: None,
            request_snapshot: None,
            change: None,
            bootstrap: None,
            force_new_cluster: None,
        }
    }
}

/// An operation that the operator offers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Proposal"))]
pub(crate) struct WrittenProposal {
    /// The client number that the operation goes by, from 100 on.
    pub(crate) client: u32,
    /// The number of the operation; an operation that is offered again keeps it.
    pub(crate) serial: u64,
    /// What it asks for.
    pub(crate) op: OpName,
    /// The key it is about.
    pub(crate) key: String,
    /// What a put, append or cas writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
    /// What a cas expects to find; without it, nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expect: Option<String>,
}

/// An election that is won.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Elect"))]
pub(crate) struct WrittenElect {
    /// The node that wins.
    pub(crate) node: NodeName,
    /// Who votes for it, besides itself.
    pub(crate) votes: Selector,
}

/// A candidacy that is lost.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Campaign"))]
pub(crate) struct WrittenCampaign {
    /// Who stands.
    pub(crate) node: NodeName,
    /// Who votes for it, besides itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) granted_by: Option<Selector>,
    /// Who refuses it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refused_by: Option<Selector>,
}

/// Replication up to an index.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Replicate"))]
pub(crate) struct WrittenReplicate {
    /// The leader.
    pub(crate) from: NodeName,
    /// Whose logs it brings there.
    pub(crate) to: Selector,
    /// The last index; the leader's last by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) through: Option<u64>,
}

/// What the cluster is like. Maps are by node or by client.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Expected"))]
pub(crate) struct WrittenExpected {
    /// These nodes take themselves for leader.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) leader: Option<Selector>,
    /// These nodes do not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) not_leader: Option<Selector>,
    /// These nodes are down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) down: Option<Selector>,
    /// What nodes are.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) roles: BTreeMap<String, RoleName>,
    /// Their terms.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) terms: BTreeMap<String, u64>,
    /// Whom they voted for in their term: a node, or nobody.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) voted_for: BTreeMap<String, NodeName>,
    /// Their commit indexes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) commit: BTreeMap<String, u64>,
    /// The last index each has applied.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) applied: BTreeMap<String, u64>,
    /// Where their logs begin: the last entry before them, 0 for a whole log.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) begins_after: BTreeMap<String, u64>,
    /// The terms of the entries in their logs, from where these begin.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) logs: BTreeMap<String, Vec<u64>>,
    /// The terms of the entries on their disks, from where the logs there begin.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) durable: BTreeMap<String, Vec<u64>>,
    /// The members that they go by, such as "S1 S2 S3", "S1 S2 -> S1 S3" while a joint configuration
    /// is in force, "S1 S2 + S3" with a learner, "S1 S2 S3, witnesses S3", or "nobody".
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) members: BTreeMap<String, String>,
    /// The values in their state machines, by key; the empty text also stands for no value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) values: BTreeMap<String, BTreeMap<String, String>>,
    /// Whether the last operation of clients has been answered.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) replied: BTreeMap<String, bool>,
    /// Whether the last operation of clients was refused because their session had expired.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) expired: BTreeMap<String, bool>,
    /// What the last operation of clients read; the empty text also stands for no value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) read: BTreeMap<String, String>,
}
