//! The standing settings of a scenario: Raft, network, disks, clocks, clients.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::preset::WrittenNetwork;
use super::select::{NodeName, Selector};
use super::units::{ClockRate, DurationRange, Nanos, Rate, Ratio, Size};

/// How the Raft nodes are configured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Raft {
    /// How long a follower waits for its leader before it stands for election, drawn anew each
    /// time.
    pub election_timeout: DurationRange,
    /// How often a leader lets its followers hear from it.
    pub heartbeat: Nanos,
    /// Whether a node asks if it could win before it raises its term (dissertation 9.6).
    pub pre_vote: bool,
    /// Whether a node refuses its vote while it hears from a leader (dissertation 4.2.3).
    pub stickiness: bool,
    /// How much nodes are wanted as the leader, by name: from 0, as for all that are left out, to
    /// 255. A node puts off candidates of a lower priority whose log holds nothing more.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub priority: BTreeMap<NodeName, u32>,
    /// Whether a follower passes a request on to its leader, instead of naming it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub forward_proposals: bool,
    /// Whether an idle cluster falls silent, and wakes when anybody wants something; with pre_vote only.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub quiescence: bool,
    /// Whether a leader that does not hear from a majority steps down (dissertation 6.2).
    pub check_quorum: bool,
    /// Whether a leader announces a new commit index at once, instead of with its next message.
    pub eager_commit: bool,
    /// The most bytes of entries in one message.
    pub max_message: Size,
    /// The most bytes of a snapshot in one message, 16B to 16MiB.
    pub snapshot_piece: Size,
    /// How much a leader sends to a follower ahead of its answers.
    pub window: Window,
    /// The most bytes of entries that a leader has appended and not committed, 1KiB to 1GiB: what
    /// goes beyond is refused.
    pub uncommitted: Size,
    /// The most reads without an entry that wait at one node, 1 to 65,536.
    pub reads_waiting: u32,
    /// By how much clocks may be wrong against each other within the shortest election timeout. A
    /// lease lasts so much less than that; without it there are no lease reads (dissertation 6.4.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_error: Option<Nanos>,
    /// A leader whose disk finishes nothing for so long steps down. By default ten of the longest
    /// election timeouts.
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

/// The state machine of each node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Machine {
    /// How much later than it commits an entry is applied.
    pub apply_after: Nanos,
    /// When a node takes a snapshot and cuts its log; never, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<SnapshotPolicy>,
    /// How long a client's session lasts unused, by the time in the log, 1ms to 24h. Clients open
    /// sessions if they can expire; without it each has one from its first request on, for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_timeout: Option<Nanos>,
}

/// When a node takes a snapshot of its state, and how much of its log stays then (§7).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct SnapshotPolicy {
    /// After so many applied entries since the last one, 1 to 1,000,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entries: Option<u32>,
    /// After so many bytes of applied entries since the last one, 1B to 1GiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Size>,
    /// So many of the entries that it covers stay in the log, up to 1,000,000.
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

/// How much a leader sends to a follower ahead of its answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Window {
    /// The most messages with entries on their way, 1 to 1,024.
    pub messages: u32,
    /// The most bytes of entries on their way; at least one full message.
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

/// How links carry messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "WrittenNetwork")]
pub struct Network {
    /// How long a message travels.
    pub delay: DurationRange,
    /// The chance that a message is lost.
    pub drop: Ratio,
    /// The chance that a message arrives twice.
    pub duplicate: Ratio,
    /// The chance of an extra delay that lets later messages overtake.
    pub reorder: Reorder,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            delay: DurationRange::millis(1, 10),
            drop: Ratio::NEVER,
            duplicate: Ratio::NEVER,
            reorder: Reorder::default(),
        }
    }
}

impl Network {
    /// These settings with a change on top: what the change leaves out stays.
    #[must_use]
    pub fn with(&self, change: &NetworkChange) -> Self {
        Self {
            delay: change.delay.unwrap_or(self.delay),
            drop: change.drop.unwrap_or(self.drop),
            duplicate: change.duplicate.unwrap_or(self.duplicate),
            reorder: change
                .reorder
                .clone()
                .unwrap_or_else(|| self.reorder.clone()),
        }
    }
}

/// An extra delay for some messages, so that later ones overtake them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Reorder {
    /// The chance that a message is held up.
    pub chance: Ratio,
    /// How long it is held up, on top of its delay.
    pub delay: DurationRange,
    /// Which messages it may be.
    #[serde(skip_serializing_if = "Reordered::is_default")]
    pub of: Reordered,
}

/// Which messages may be held up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Reordered {
    /// All.
    #[default]
    All,
    /// Those that answer others.
    Replies,
}

impl Reordered {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for Reorder {
    fn default() -> Self {
        Self {
            chance: Ratio::NEVER,
            delay: DurationRange::millis(10, 100),
            of: Reordered::All,
        }
    }
}

/// A change of how links carry messages. What is left out stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "WrittenNetwork")]
pub struct NetworkChange {
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

impl NetworkChange {
    /// Does it leave everything as it is?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
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
    /// A remark for readers of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl LinkRule {
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

/// How the nodes' disks behave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Disk {
    /// How long it takes until what was written is durable.
    pub sync: DurationRange,
    /// What a crash does to writes that were not yet reported durable.
    pub on_crash: OnCrash,
    /// In a stepped scenario: when what was written becomes durable.
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

/// When what was written becomes durable in a stepped scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Completions {
    /// Right after the step that wrote it, unless the disk is stalled.
    #[default]
    AtOnce,
    /// When a step says so.
    Listed,
}

impl Completions {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What a crash does to writes that were not yet reported durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum OnCrash {
    /// A drawn prefix of them survives, cut between or inside writes.
    LoseUnsynced,
    /// All of them survive.
    KeepUnsynced,
    /// None of them survives.
    LoseAll,
}

/// A change of the disks for a phase. What is left out stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DiskChange {
    /// How long it takes until what was written is durable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync: Option<DurationRange>,
    /// What a crash does to writes that were not yet reported durable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_crash: Option<OnCrash>,
}

/// The clock of some nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// Whose clock: names, or all.
    pub node: Selector,
    /// How fast it runs.
    pub rate: ClockRate,
    /// A remark for readers of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The clients: each sends one request, waits for the answer, thinks, and sends the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Clients {
    /// How many clients, 0 to 64.
    pub count: u32,
    /// How fast each client goes on: the mean pause between an answer and its next request is the
    /// inverse of this, drawn from half to one and a half times of it.
    pub rate: Rate,
    /// How many keys they share, 1 to 10,000.
    pub keys: u32,
    /// How often each kind of request is drawn, as weights.
    pub mix: Mix,
    /// How gets are made safe, as weights.
    #[serde(skip_serializing_if = "Reads::is_default")]
    pub reads: Reads,
    /// Which values they write.
    pub values: Values,
    /// The length of a written value, at most 16KiB.
    pub value_size: Size,
    /// How long one attempt waits for its answer before the request goes to another node.
    pub request_timeout: Nanos,
    /// After how long a request is given up; whether it took effect is then unknown.
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

/// Weights of the kinds of requests, 0 to 1,000: a kind with twice the weight is drawn twice as
/// often. In a written mix a kind that is left out is not drawn at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Mix {
    /// The weight of writes of a value.
    #[serde(default)]
    pub put: u32,
    /// The weight of writes at the end of a value.
    #[serde(default)]
    pub append: u32,
    /// The weight of reads.
    #[serde(default)]
    pub get: u32,
    /// The weight of compare-and-swap: writes if the value is the expected one.
    #[serde(default)]
    pub cas: u32,
    /// The weight of removals.
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
    /// The sum of all weights; never above 5,000 in a checked scenario.
    #[must_use]
    pub fn total(&self) -> u64 {
        [self.put, self.append, self.get, self.cas, self.delete]
            .map(u64::from)
            .iter()
            .sum()
    }
}

/// Weights of the ways in which a get is made safe, 0 to 1,000. Where some are written, what is left
/// out is not drawn at all. All but the last are linearizable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Reads {
    /// As an entry of the log, like a write. Alone by default.
    #[serde(default)]
    pub log: u32,
    /// By the leader, once it has heard from a majority again (dissertation 6.4).
    #[serde(default)]
    pub read_index: u32,
    /// By the leader, at once while its lease lasts (dissertation 6.4.1).
    #[serde(default)]
    pub lease: u32,
    /// By any node, once its leader has named an index (dissertation 6.4).
    #[serde(default)]
    pub follower: u32,
    /// By any node, at once, from whatever it has applied: never less than the client has seen.
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

/// Which values clients write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Values {
    /// No value twice, so that a read tells which write it saw.
    Unique,
    /// A handful, so that compare-and-swap often succeeds and different writes look alike.
    Few,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_replaces_what_it_names_and_keeps_the_rest() {
        let base = Network::default();
        assert_eq!(base.with(&NetworkChange::default()), base);
        let change = NetworkChange {
            delay: Some(DurationRange::millis(1, 2)),
            drop: Some(Ratio::ALWAYS),
            duplicate: Some(Ratio::ALWAYS),
            reorder: Some(Reorder {
                chance: Ratio::ALWAYS,
                ..Reorder::default()
            }),
        };
        let changed = Network {
            delay: DurationRange::millis(1, 2),
            drop: Ratio::ALWAYS,
            duplicate: Ratio::ALWAYS,
            reorder: Reorder {
                chance: Ratio::ALWAYS,
                ..Reorder::default()
            },
        };
        assert_eq!(base.with(&change), changed);
        let only_drop = NetworkChange {
            drop: Some(Ratio::ALWAYS),
            ..NetworkChange::default()
        };
        let expected = Network {
            drop: Ratio::ALWAYS,
            ..Network::default()
        };
        assert_eq!(base.with(&only_drop), expected);
    }
}
