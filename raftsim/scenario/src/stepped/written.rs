//! A step of a stepped scenario as written. Every verb is an optional field of one flat struct, so that
//! mistakes keep their exact place in the file.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::crash::WrittenCrash;
use super::expected::RoleName;
use super::script::{Ask, MessageKind};
use crate::action::Route;
use crate::select::{NodeName, Partition, Selector};
use crate::units::{ClockRate, Nanos};

macro_rules! verbs {
    ($($(#[doc = $about:literal])+ $field:ident: $verb:ident($type:ty),)+) => {
        /// A step: at most one verb, and texts about it.
        #[derive(Default, Serialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[cfg_attr(feature = "schema", schemars(rename = "ScriptStep", deny_unknown_fields))]
        pub(crate) struct WrittenScriptStep {
            /// The time since the start of the run, never before the step above. Without this field no time
            /// passes before the step.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub(crate) at: Option<Nanos>,
            $($(#[doc = $about])+
            #[serde(skip_serializing_if = "Option::is_none")]
            pub(crate) $field: Option<Box<$type>>,)+
            /// A sentence for people who watch the run.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub(crate) say: Option<String>,
            /// The rule that the step shows, such as election.vote-once.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub(crate) why: Option<String>,
            /// A remark for readers of the file.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub(crate) note: Option<String>,
        }

        /// The verb of a step, as written.
        pub(crate) enum WrittenVerb {
            $($verb($type),)+
        }

        /// The names of all verbs.
        pub(crate) const VERBS: &[&str] = &[$(stringify!($field)),+];

        /// The names of all fields.
        const FIELDS: &[&str] = &["at", $(stringify!($field),)+ "say", "why", "note"];

        /// Reads a step field by field. A derived reader would keep each field in a variable of its
        /// own and drop all of them at each mistake, which makes a function of 100 KB.
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = WrittenScriptStep;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut step = WrittenScriptStep::default();
                while let Some(field) = map.next_key::<&str>()? {
                    match field {
                        "at" => step.at = Some(map.next_value()?),
                        $(stringify!($field) => step.$field = Some(map.next_value()?),)+
                        "say" => step.say = Some(map.next_value()?),
                        "why" => step.why = Some(map.next_value()?),
                        "note" => step.note = Some(map.next_value()?),
                        other => return Err(de::Error::unknown_field(other, FIELDS)),
                    }
                }
                Ok(step)
            }
        }

        impl<'de> Deserialize<'de> for WrittenScriptStep {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                from.deserialize_struct("ScriptStep", FIELDS, Fields)
            }
        }

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
    deliver: Deliver(WrittenMessages),
    /// Drop messages in flight.
    drop: Drop(WrittenMessages),
    /// Deliver copies of messages. The messages stay in flight.
    duplicate: Duplicate(WrittenMessages),
    /// Hold the messages of these links in flight until they are released.
    hold: Hold(Route),
    /// Stop holding the messages of these links.
    release: Release(Route),
    /// Cut the links from some nodes to others, in this direction only.
    cut: Cut(Route),
    /// Cut every link between each of these nodes and any other node, in both directions.
    isolate: Isolate(Selector),
    /// Divide the nodes into groups that cannot reach each other.
    partition: Partition(Partition),
    /// End cuts and holds of these nodes; all heals every link.
    heal: Heal(Selector),
    /// Move the time forward to the next deadline of a node.
    timeout: Timeout(NodeName),
    /// Make writes of a node durable.
    written: Written(WrittenWrites),
    /// Stall disks, or end a stall.
    disk: Disk(WrittenStall),
    /// Crash these nodes: they stop and lose their memory; their disks survive.
    crash: Crash(WrittenCrash),
    /// Start these crashed nodes again from their disks.
    restart: Restart(Selector),
    /// Pause these nodes. They keep their memory.
    pause: Pause(Selector),
    /// Resume these paused nodes.
    resume: Resume(Selector),
    /// Change the clock of these nodes.
    clock: Clock(WrittenClock),
    /// Begin an operation of a client.
    call: Call(WrittenCall),
    /// Open a session for a client.
    open_session: OpenSession(WrittenSession),
    /// Keep a client's session open, without another request.
    keep_session: KeepSession(WrittenSession),
    /// Send the request of a client's open operation again.
    retry: Retry(WrittenRetry),
    /// End a client's open operation without an answer.
    give_up: GiveUp(WrittenGiveUp),
    /// Give a node a command of the operator.
    operator: Operator(WrittenOperator),
    /// Let the cluster run by itself for this long. Messages arrive at once, and timers fire in order.
    settle: Settle(Nanos),
    /// Let time pass; nothing else happens.
    advance: Advance(Nanos),
    /// Make a node start an election and win it with exactly these votes.
    elect: Elect(WrittenElect),
    /// Make a node start an election and not win it.
    campaign: Campaign(WrittenCampaign),
    /// Make a leader replicate its log to these nodes, up to an index.
    replicate: Replicate(WrittenReplicate),
    /// Check that the cluster is as expected.
    expect: Expect(WrittenExpected),
    /// Ask people who watch the run a question.
    ask: Ask(Ask),
    /// Begin a phase. Expectations refer to its name.
    phase: Phase(String),
}

/// Messages in flight.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Messages"))]
pub(crate) struct WrittenMessages {
    /// The sender: a node, or a client such as c0. With "all": true, also several nodes or all.
    pub(crate) from: Selector,
    /// The receiver, in the same form as the sender.
    pub(crate) to: Selector,
    /// The kind of the messages. Without this field any kind matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<MessageKind>,
    /// The number of the message on its link, from 1. Without this field it is the oldest message that
    /// matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ordinal: Option<u64>,
    /// true: all messages that match, not only the oldest.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) all: bool,
}

/// Writes of one node.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Writes"))]
pub(crate) struct WrittenWrites {
    /// The node that made the writes.
    pub(crate) node: NodeName,
    /// The number of the last write, counted from the node's last start. Without this field it is the
    /// newest write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) through: Option<u64>,
}

/// Whether disks stall.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Stall"))]
pub(crate) struct WrittenStall {
    /// The nodes whose disks change.
    pub(crate) node: Selector,
    /// true: no write becomes durable by itself. false: waiting and later writes become durable.
    pub(crate) stall: bool,
}

/// A change of clocks.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "StepClock"))]
pub(crate) struct WrittenClock {
    /// The nodes whose clocks change.
    pub(crate) node: Selector,
    /// The rate of these clocks from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rate: Option<ClockRate>,
    /// How far each of these clocks jumps forward, once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) jump: Option<Nanos>,
}

/// An operation of a client, written as in a history.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Call"))]
pub(crate) struct WrittenCall {
    /// The client: c0 (the default), c1, ...
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<NodeName>,
    /// The client's number for the operation, above its earlier numbers; the next number by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) serial: Option<u64>,
    /// The node that receives the request.
    pub(crate) to: NodeName,
    /// The kind of the operation.
    pub(crate) op: OpName,
    /// The key of the operation.
    pub(crate) key: String,
    /// The value that a put, append or cas writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
    /// The value that a cas expects to find. Without this field it expects no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expect: Option<String>,
    /// The way to serve a get; through the log by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<Way>,
    /// The latest index that the client has seen. A stale read never returns an older state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<u64>,
    /// The session of the operation: the index of the entry that opened it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<u64>,
}

/// A request about a session.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Session"))]
pub(crate) struct WrittenSession {
    /// The client: c0 (the default), c1, ...
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<NodeName>,
    /// The client's number for the operation, above its earlier numbers; the next number by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) serial: Option<u64>,
    /// The node that receives the request.
    pub(crate) to: NodeName,
    /// The session to keep open: the index of the entry that opened it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<u64>,
}

/// Ways to serve a get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Way {
    /// Through the log.
    #[default]
    Log,
    /// By the leader, after a majority has confirmed that it still leads.
    ReadIndex,
    /// By the leader, at once, while its lease lasts.
    Lease,
    /// By any node, after its leader has named a commit index.
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
    /// Write a value if the current one is the expected one.
    Cas,
    /// Remove a value.
    Delete,
}

/// A request that is sent again.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Retry"))]
pub(crate) struct WrittenRetry {
    /// The client: c0 (the default), c1, ...
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<NodeName>,
    /// The node that receives the request.
    pub(crate) to: NodeName,
}

/// An operation that a client gives up.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "GiveUp"))]
pub(crate) struct WrittenGiveUp {
    /// The client: c0 (the default), c1, ...
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<NodeName>,
}

/// Exactly one command of the operator, given to a node directly.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "OperatorCommand"))]
pub(crate) struct WrittenOperator {
    /// The node that receives the command.
    pub(crate) to: NodeName,
    /// Propose an operation to the node, whether it leads or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) propose: Option<WrittenProposal>,
    /// Transfer leadership to this node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) transfer: Option<NodeName>,
    /// true: start an election now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) campaign: Option<bool>,
    /// true: step down as leader.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) step_down: Option<bool>,
    /// From now on, apply entries this long after they are committed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) apply_after: Option<Nanos>,
    /// true: take a snapshot of the state now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) snapshot: Option<bool>,
    /// true: discard the log entries that the snapshot covers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) compact: Option<bool>,
    /// true: ask the leader for a snapshot instead of entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request_snapshot: Option<bool>,
    /// Change the members of the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) change: Option<WrittenChange>,
    /// true: found a new cluster. The node must not belong to a cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bootstrap: Option<bool>,
    /// true: continue as the only member of a cluster, with the log that the node holds. This is for a
    /// majority that is lost for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) force_new_cluster: Option<bool>,
}

/// Exactly one change of the members.
#[derive(Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Change"))]
pub(crate) struct WrittenChange {
    /// Add this node, as a learner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) add: Option<NodeName>,
    /// Give this node a vote as a witness, once it has caught up. It must store no data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) add_witness: Option<NodeName>,
    /// Give this node a vote, once it has caught up. If it is not a member, it is added first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) promote: Option<NodeName>,
    /// Take the vote of this node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) demote: Option<NodeName>,
    /// Remove this node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) remove: Option<NodeName>,
    /// Give the vote of this node to another, in one step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) replace: Option<NodeName>,
    /// With replace: the node that gets the vote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<NodeName>,
    /// Make these nodes the voters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) voters: Option<Vec<NodeName>>,
    /// With voters: the members without a vote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) learners: Option<Vec<NodeName>>,
    /// true: leave the joint configuration.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) leave: bool,
    /// true: do not wait until new nodes have caught up, and do not check whether they are alive.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) forced: bool,
    /// true: stay in the joint configuration until a leave command.
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

/// An operation that the operator proposes.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Proposal"))]
pub(crate) struct WrittenProposal {
    /// The client number of the operation, 100 or higher.
    pub(crate) client: u32,
    /// The number of the operation. An operation that is proposed again keeps its number.
    pub(crate) serial: u64,
    /// The kind of the operation.
    pub(crate) op: OpName,
    /// The key of the operation.
    pub(crate) key: String,
    /// The value that a put, append or cas writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
    /// The value that a cas expects to find. Without this field it expects no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expect: Option<String>,
}

/// An election that is won.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Elect"))]
pub(crate) struct WrittenElect {
    /// The node that wins.
    pub(crate) node: NodeName,
    /// The nodes that vote for it, besides itself.
    pub(crate) votes: Selector,
}

/// An election that the candidate does not win.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Campaign"))]
pub(crate) struct WrittenCampaign {
    /// The candidate.
    pub(crate) node: NodeName,
    /// The nodes that vote for it, besides itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) granted_by: Option<Selector>,
    /// The nodes that refuse their vote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refused_by: Option<Selector>,
}

/// Replication up to an index.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Replicate"))]
pub(crate) struct WrittenReplicate {
    /// The leader.
    pub(crate) from: NodeName,
    /// The nodes that receive the entries.
    pub(crate) to: Selector,
    /// The last index to replicate; the leader's last index by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) through: Option<u64>,
}

/// The expected state of the cluster. Maps are by node or by client.
#[derive(Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Expected"))]
pub(crate) struct WrittenExpected {
    /// These nodes are leaders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) leader: Option<Selector>,
    /// These nodes are not leaders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) not_leader: Option<Selector>,
    /// These nodes are down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) down: Option<Selector>,
    /// The roles of nodes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) roles: BTreeMap<String, RoleName>,
    /// The terms of nodes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) terms: BTreeMap<String, u64>,
    /// The node that each node voted for in its term, or "nobody".
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) voted_for: BTreeMap<String, NodeName>,
    /// The commit indexes of nodes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) commit: BTreeMap<String, u64>,
    /// The last index that each node has applied.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) applied: BTreeMap<String, u64>,
    /// The last index before each node's log; 0 for a whole log.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) begins_after: BTreeMap<String, u64>,
    /// The terms of the entries in each node's log, from the first entry that it holds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) logs: BTreeMap<String, Vec<u64>>,
    /// The terms of the entries on each node's disk, from the first entry that it holds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) durable: BTreeMap<String, Vec<u64>>,
    /// The members in each node's configuration, such as "S1 S2 S3", "S1 S2 -> S1 S3" for a joint
    /// configuration, "S1 S2 + S3" with a learner, "S1 S2 S3, witnesses S3" with a witness, or "nobody".
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) members: BTreeMap<String, String>,
    /// The values in each node's state machine, by key. The empty text also stands for no value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) values: BTreeMap<String, BTreeMap<String, String>>,
    /// Whether the last operation of each client has been answered.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) replied: BTreeMap<String, bool>,
    /// Whether the last operation of each client was refused because its session had expired.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) expired: BTreeMap<String, bool>,
    /// The value that the last operation of each client read. The empty text also stands for no value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) read: BTreeMap<String, String>,
}
