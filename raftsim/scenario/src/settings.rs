//! Settings that hold for a whole scenario: Raft, network, disks, clocks, clients.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::network::{NetworkChange, Reorder};
use super::select::{NodeName, Selector};
use super::units::{ClockRate, DurationRange, Nanos, Rate, Ratio, Size};

/// Settings of the Raft nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Raft {
    /// How long a follower waits for its leader before it starts an election; drawn again each time.
    pub election_timeout: DurationRange,
    /// The interval between the heartbeats of a leader.
    pub heartbeat: Nanos,
    /// Whether a node asks for pre-votes before it raises its term (dissertation 9.6).
    pub pre_vote: bool,
    /// Whether a node refuses its vote while it hears from a leader (dissertation 4.2.3).
    pub stickiness: bool,
    /// The priorities of nodes as leaders, by name, 0 to 255. A node that is left out has priority 0. A
    /// node withholds its vote for a while from a candidate of lower priority, unless the candidate's log
    /// is newer.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub priority: BTreeMap<NodeName, u32>,
    /// Whether a follower forwards a request to its leader. Otherwise it names the leader to the client.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub forward_proposals: bool,
    /// Whether an idle cluster stops its heartbeats until there is new work. This requires pre_vote.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub quiescence: bool,
    /// Whether a leader that does not hear from a majority steps down (dissertation 6.2).
    pub check_quorum: bool,
    /// Whether a leader announces a new commit index at once. Otherwise its next message carries the index.
    pub eager_commit: bool,
    /// The maximum bytes of entries in one message.
    pub max_message: Size,
    /// The maximum bytes of a snapshot in one message, 16B to 16MiB.
    pub snapshot_piece: Size,
    /// How much a leader sends to a follower before the follower acknowledges it.
    pub window: Window,
    /// The maximum bytes of entries that a leader has appended but not committed, 1KiB to 1GiB. The leader
    /// refuses proposals that exceed it.
    pub uncommitted: Size,
    /// The maximum number of reads that wait at one node, 1 to 65,536. Reads through the log do not count.
    pub reads_waiting: u32,
    /// How far two clocks may drift apart within the shortest election timeout. A lease is shorter than
    /// that timeout by this amount. Without this field there are no lease reads (dissertation 6.4.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_error: Option<Nanos>,
    /// A leader steps down if its disk finishes no write for this long. The default is ten times the
    /// longest election timeout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_timeout: Option<Nanos>,
}

impl Raft {
    /// How long a leader waits for its disk.
    #[must_use]
    pub fn disk_timeout(&self) -> Nanos {
        let longest = self.election_timeout.high().get();
        let usual = Nanos::new(longest.saturating_mul(10)).unwrap_or(Nanos::MAX);
        self.disk_timeout.unwrap_or(usual)
    }
}

/// Settings of each node's state machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Machine {
    /// The delay between committing an entry and applying it.
    pub apply_after: Nanos,
    /// When a node takes a snapshot and discards the entries that it covers. Without this field it never
    /// does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<SnapshotPolicy>,
    /// How long an unused session of a client stays open, measured by the time in the log, 1ms to 24h. With
    /// this field clients open sessions. Without it each client has a session from its first request on,
    /// and no session expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_timeout: Option<Nanos>,
}

/// When a node takes a snapshot of its state, and how much of its log it keeps (§7).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct SnapshotPolicy {
    /// Take a snapshot after this many applied entries since the last one, 1 to 1,000,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entries: Option<u32>,
    /// Take a snapshot after this many bytes of applied entries since the last one, 1B to 1GiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Size>,
    /// The number of covered entries that stay in the log, up to 1,000,000.
    #[serde(skip_serializing_if = "is_zero")]
    pub keep: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Default for Raft {
    fn default() -> Self {
        Self {
            election_timeout: DurationRange::millis(150, 300),
            heartbeat: Nanos::millis(50),
            pre_vote: true,
            stickiness: true,
            priority: BTreeMap::new(),
            forward_proposals: false,
            quiescence: false,
            check_quorum: true,
            eager_commit: false,
            max_message: Size::kib(64),
            snapshot_piece: Size::kib(64),
            window: Window::default(),
            uncommitted: Size::kib(64 * 1024),
            reads_waiting: 4_096,
            clock_error: None,
            disk_timeout: None,
        }
    }
}

impl Machine {
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// How much a leader sends to a follower before the follower acknowledges it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Window {
    /// The maximum number of messages with entries in flight, 1 to 1,024.
    pub messages: u32,
    /// The maximum bytes of entries in flight; at least one full message.
    pub bytes: Size,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            messages: 16,
            bytes: Size::kib(256),
        }
    }
}

/// Some directed links that differ from the rest of the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LinkRule {
    /// The senders: names, or all.
    pub from: Selector,
    /// The receivers: names, or all.
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
    /// A remark for readers of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl LinkRule {
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

/// How the nodes' disks behave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Disk {
    /// How long a write takes to become durable.
    pub sync: DurationRange,
    /// The effect of a crash on writes that are not yet reported durable.
    pub on_crash: OnCrash,
    /// In a stepped scenario: when writes become durable.
    #[serde(skip_serializing_if = "Completions::is_default")]
    pub completions: Completions,
}

impl Default for Disk {
    fn default() -> Self {
        Self {
            sync: DurationRange::millis(1, 5),
            on_crash: OnCrash::LoseUnsynced,
            completions: Completions::AtOnce,
        }
    }
}

/// When writes become durable in a stepped scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Completions {
    /// Right after the step that made them, unless the disk is stalled.
    #[default]
    AtOnce,
    /// When a `written` step says so.
    Listed,
}

impl Completions {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The effect of a crash on writes that are not yet reported durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum OnCrash {
    /// A random prefix of them survives. The cut may fall inside a write.
    LoseUnsynced,
    /// All of them survive.
    KeepUnsynced,
    /// None of them survives.
    LoseAll,
}

/// A change of the disks for a phase. Fields that are left out stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DiskChange {
    /// How long a write takes to become durable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync: Option<DurationRange>,
    /// The effect of a crash on writes that are not yet reported durable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_crash: Option<OnCrash>,
}

/// The clocks of some nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// The nodes: names, or all.
    pub node: Selector,
    /// The rate of these clocks.
    pub rate: ClockRate,
    /// A remark for readers of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The clients: each sends one request, waits for the answer, pauses, and sends the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Clients {
    /// The number of clients, 0 to 64.
    pub count: u32,
    /// How fast each client works. The mean pause between an answer and the next request is the inverse of
    /// this rate. Each pause is drawn from half to one and a half times the mean.
    pub rate: Rate,
    /// The number of keys that the clients share, 1 to 10,000.
    pub keys: u32,
    /// The weights of the kinds of requests.
    pub mix: Mix,
    /// The weights of the ways to serve a get.
    #[serde(skip_serializing_if = "Reads::is_default")]
    pub reads: Reads,
    /// The values that clients write.
    pub values: Values,
    /// The length of a written value, at most 16KiB.
    pub value_size: Size,
    /// How long a client waits for an answer before it sends the request to another node.
    pub request_timeout: Nanos,
    /// How long a client tries before it gives a request up. It is then unknown whether the request took
    /// effect.
    pub give_up: Nanos,
}

impl Default for Clients {
    fn default() -> Self {
        Self {
            count: 3,
            rate: Rate::per_second(20),
            keys: 5,
            mix: Mix::default(),
            reads: Reads::default(),
            values: Values::Unique,
            value_size: Size::new(24).expect("far below a gibibyte"),
            request_timeout: Nanos::millis(500),
            give_up: Nanos::millis(3_000),
        }
    }
}

/// Weights of the kinds of requests, 0 to 1,000: a kind with twice the weight is drawn twice as often. If a
/// file gives a mix, the kinds that it leaves out have weight 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Mix {
    /// The weight of put, which writes a value.
    #[serde(default)]
    pub put: u32,
    /// The weight of append, which writes at the end of a value.
    #[serde(default)]
    pub append: u32,
    /// The weight of get, which reads a value.
    #[serde(default)]
    pub get: u32,
    /// The weight of cas (compare and swap), which writes a value if the current one is the expected one.
    #[serde(default)]
    pub cas: u32,
    /// The weight of delete, which removes a value.
    #[serde(default)]
    pub delete: u32,
}

impl Default for Mix {
    fn default() -> Self {
        Self {
            put: 4,
            append: 2,
            get: 4,
            cas: 1,
            delete: 1,
        }
    }
}

impl Mix {
    /// The sum of all weights, at most 5,000 in a checked scenario.
    #[must_use]
    pub fn total(&self) -> u64 {
        [self.put, self.append, self.get, self.cas, self.delete]
            .map(u64::from)
            .iter()
            .sum()
    }
}

/// Weights of the ways to serve a get, 0 to 1,000. If a file gives weights, the ways that it leaves out
/// have weight 0. All ways but stale are linearizable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Reads {
    /// Through the log, like a write. By default all gets are served in this way.
    #[serde(default)]
    pub log: u32,
    /// By the leader, after a majority has confirmed that it still leads (dissertation 6.4).
    #[serde(default)]
    pub read_index: u32,
    /// By the leader, at once, while its lease lasts (dissertation 6.4.1).
    #[serde(default)]
    pub lease: u32,
    /// By any node, after its leader has named a commit index (dissertation 6.4).
    #[serde(default)]
    pub follower: u32,
    /// By any node, at once, from the entries that it has applied. The state is never older than the one
    /// that the client has seen.
    #[serde(default)]
    pub stale: u32,
}

impl Default for Reads {
    fn default() -> Self {
        Self {
            log: 1,
            read_index: 0,
            lease: 0,
            follower: 0,
            stale: 0,
        }
    }
}

impl Reads {
    /// The weights with their names, in order.
    #[must_use]
    pub fn weights(&self) -> [(&'static str, u32); 5] {
        [
            ("log", self.log),
            ("read_index", self.read_index),
            ("lease", self.lease),
            ("follower", self.follower),
            ("stale", self.stale),
        ]
    }

    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The values that clients write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Values {
    /// Each value is written once, so that a read shows which write it saw.
    Unique,
    /// A few values, so that compare-and-swap often succeeds and different writes look alike.
    Few,
}
