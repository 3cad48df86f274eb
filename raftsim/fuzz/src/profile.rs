//! Profiles: JSON files with the ranges and chances from which a fuzzer draws.

use scenario::{Chances, Counts, DurationRange, Nanos, Ratio, Sizes};
use serde::{Deserialize, Serialize};
use sut::bugs::Bug;

use super::kinds::Faults;
use super::must_hit::MustHit;

/// The ranges and chances from which a fuzzer draws scenarios. Every field has a default. Only the
/// faults that a profile names can strike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Where the JSON Schema of profiles is, for editors.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The version of this format: 1.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 1)))]
    pub profile: u32,
    /// A short name; by default that of the file.
    #[serde(default)]
    pub name: String,
    /// The purpose of the profile, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The number of nodes, from 1 to 9.
    #[serde(default = "nodes")]
    pub nodes: Counts,
    /// The number of further nodes that belong to no cluster at first; at most 9 in total.
    #[serde(default = "nobody")]
    pub spares: Counts,
    /// The chance that some nodes, fewer than half, hold no data.
    #[serde(default)]
    pub witnesses: Ratio,
    /// The settings of Raft.
    #[serde(default)]
    pub raft: RaftRanges,
    /// The links between nodes.
    #[serde(default)]
    pub network: NetworkRanges,
    /// The links between clients and nodes.
    #[serde(default)]
    pub client_network: NetworkRanges,
    /// The disks.
    #[serde(default)]
    pub disk: DiskRanges,
    /// The clocks.
    #[serde(default)]
    pub clocks: ClockRanges,
    /// The state machines.
    #[serde(default)]
    pub machine: MachineRanges,
    /// The clients.
    #[serde(default)]
    pub clients: ClientRanges,
    /// The phases with faults.
    #[serde(default)]
    pub storm: StormRanges,
    /// The faults that may strike.
    #[serde(default)]
    pub faults: Faults,
    /// The end of the run, in which a surviving core must serve clients.
    #[serde(default)]
    pub calm: CalmRanges,
    /// A bug in the servers of some seeds, to see that it is found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plant: Option<Plant>,
    /// The probes and faults that many seeds together must hit.
    #[serde(default)]
    pub must_hit: MustHit,
}

fn nodes() -> Counts {
    read("1..7")
}

fn nobody() -> Counts {
    read("0..0")
}

/// A default, as a profile would write it.
fn read<T: std::str::FromStr<Err = scenario::UnitError>>(text: &str) -> T {
    text.parse()
        .unwrap_or_else(|error| panic!("the default {text} is well-formed, but {error}"))
}

/// Ranges of the settings of Raft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct RaftRanges {
    /// The chance that nodes ask for pre-votes before they raise their term.
    pub pre_vote: Ratio,
    /// The chance that nodes refuse their vote while they hear from a leader.
    pub stickiness: Ratio,
    /// The chance that some nodes have priorities as leaders.
    pub priority: Ratio,
    /// The chance that followers forward requests to their leader.
    pub forward_proposals: Ratio,
    /// The chance that an idle cluster falls silent, if nodes ask for pre-votes.
    pub quiescence: Ratio,
    /// The chance that a leader that does not hear from a majority steps down.
    pub check_quorum: Ratio,
    /// The chance that a leader announces a new commit index at once.
    pub eager_commit: Ratio,
    /// The shortest time that a follower waits for its leader.
    pub election_timeout: DurationRange,
    /// How much longer the longest such time is, in percent; at least 20.
    pub spread_percent: Counts,
    /// The number of heartbeats in the shortest election timeout; at least 2.
    pub heartbeats: Counts,
    /// The most messages with entries on their way to one follower.
    pub window_messages: Counts,
    /// The most bytes of entries in one message.
    pub max_message: Sizes,
    /// The most bytes of a snapshot in one message.
    pub snapshot_piece: Sizes,
    /// The most bytes of entries that are appended and not committed.
    pub uncommitted: Sizes,
    /// The most reads without an entry that wait at one node.
    pub reads_waiting: Counts,
    /// The time after which a leader steps down if its disk finishes nothing, in longest election
    /// timeouts; at least 2.
    pub disk_timeouts: Counts,
}

impl Default for RaftRanges {
    fn default() -> Self {
        Self {
            pre_vote: read("50%"),
            stickiness: read("50%"),
            priority: read("15%"),
            forward_proposals: read("0%"),
            quiescence: read("0%"),
            check_quorum: read("70%"),
            eager_commit: read("30%"),
            election_timeout: read("50ms..500ms"),
            spread_percent: read("20..200"),
            heartbeats: read("2..5"),
            window_messages: read("1..32"),
            max_message: read("2KiB..64KiB"),
            snapshot_piece: read("16B..16KiB"),
            uncommitted: read("1KiB..1MiB"),
            reads_waiting: read("1..64"),
            disk_timeouts: read("2..20"),
        }
    }
}

/// Ranges of the quality of links.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct NetworkRanges {
    /// The longest delay; the shortest is drawn below it.
    pub delay: DurationRange,
    /// The share of lost messages.
    pub drop: Dose,
    /// The share of messages that arrive twice.
    pub duplicate: Dose,
    /// The share of messages that are delayed so much that later ones overtake.
    pub reorder: Dose,
    /// The longest such delay.
    pub reorder_delay: DurationRange,
}

impl Default for NetworkRanges {
    fn default() -> Self {
        Self {
            delay: read("100us..100ms"),
            drop: Dose::new("50%", "0.1%..30%"),
            duplicate: Dose::new("50%", "0.1%..30%"),
            reorder: Dose::new("50%", "0.1%..30%"),
            reorder_delay: read("1ms..2s"),
        }
    }
}

/// A defect that some seeds have, and how often it then occurs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Dose {
    /// The chance that a seed has it.
    pub chance: Ratio,
    /// How often it then occurs.
    pub of: Chances,
}

impl Dose {
    fn new(chance: &str, of: &str) -> Self {
        let (chance, of) = (read(chance), read(of));
        Self { chance, of }
    }
}

/// Ranges of the disks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct DiskRanges {
    /// The longest time until a write is durable.
    pub sync: DurationRange,
    /// The longest time while a disk is slow.
    pub slow_sync: DurationRange,
    /// The chance that crashes lose nothing.
    pub keep_unsynced: Ratio,
    /// The chance that crashes lose everything that was not reported durable.
    pub lose_all: Ratio,
}

impl Default for DiskRanges {
    fn default() -> Self {
        Self {
            sync: read("100us..100ms"),
            slow_sync: read("20ms..1s"),
            keep_unsynced: read("10%"),
            lose_all: read("20%"),
        }
    }
}

/// Ranges of the clocks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ClockRanges {
    /// The drift of clocks for the whole run, up or down. At most 10%: with more, timeouts would mean
    /// nothing in the calm phases.
    pub drift: Dose,
    /// The length of a jump where that fault strikes.
    pub jump: DurationRange,
    /// The speed of a clock where that fault strikes, in percent.
    pub speed_percent: Counts,
}

impl Default for ClockRanges {
    fn default() -> Self {
        Self {
            drift: Dose::new("50%", "0.01%..10%"),
            jump: read("1ms..5s"),
            speed_percent: read("20..500"),
        }
    }
}

/// Ranges of the state machines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct MachineRanges {
    /// The chance that entries are applied later than they commit, all the time.
    pub late: Ratio,
    /// The delay in that case.
    pub apply_after: DurationRange,
    /// The delay where that fault strikes.
    pub apply_late: DurationRange,
    /// The chance that nodes take snapshots and cut their logs.
    pub snapshots: Ratio,
    /// The number of applied entries between snapshots.
    pub snapshot_entries: Counts,
    /// The bytes of applied entries between snapshots.
    pub snapshot_bytes: Sizes,
    /// The number of covered entries that stay in the log.
    pub snapshot_keep: Counts,
    /// The chance that clients open sessions, which expire.
    pub sessions: Ratio,
    /// The time after which an unused session expires, if that is long enough for its client.
    pub session_timeout: DurationRange,
}

impl Default for MachineRanges {
    fn default() -> Self {
        Self {
            late: read("20%"),
            apply_after: read("100us..100ms"),
            apply_late: read("1ms..2s"),
            snapshots: read("40%"),
            snapshot_entries: read("1..64"),
            snapshot_bytes: read("256B..8KiB"),
            snapshot_keep: read("0..16"),
            sessions: read("25%"),
            session_timeout: read("100ms..10s"),
        }
    }
}

/// Ranges of the clients. Their requests are drawn from mixes of all kinds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ClientRanges {
    /// The number of clients.
    pub count: Counts,
    /// The requests of each client in a second without faults; at least 1.
    pub per_second: Counts,
    /// The number of keys that they share.
    pub keys: Counts,
    /// The length of values.
    pub value_size: Sizes,
    /// The chance that they write only a few different values.
    pub few_values: Ratio,
    /// The chance that they read without an entry of the log, in one or more ways.
    pub reads: Ratio,
    /// The chance that they then also read by lease, if nodes withhold votes for a leader. In such a
    /// seed clocks keep their bounds.
    pub leases: Ratio,
    /// The timeout of one attempt.
    pub request_timeout: DurationRange,
    /// The number of such timeouts after which a client gives a request up.
    pub patience: Counts,
}

impl Default for ClientRanges {
    fn default() -> Self {
        Self {
            count: read("1..8"),
            per_second: read("1..10"),
            keys: read("1..5"),
            value_size: read("8B..256B"),
            few_values: read("50%"),
            reads: read("60%"),
            leases: read("40%"),
            request_timeout: read("50ms..1s"),
            patience: read("1..10"),
        }
    }
}

/// Ranges of the phases with faults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct StormRanges {
    /// The number of phases, each with its own faults.
    pub phases: Counts,
    /// The length of each phase.
    #[serde(rename = "for")]
    pub lasts: DurationRange,
}

impl Default for StormRanges {
    fn default() -> Self {
        Self {
            phases: read("1..3"),
            lasts: read("1s..4s"),
        }
    }
}

/// Ranges of the end of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct CalmRanges {
    /// The chance that some nodes do not return, so that the others must serve without them.
    pub outsiders: Ratio,
    /// The chance that clients send requests while the cluster recovers.
    pub clients: Ratio,
    /// The chance that leadership is handed over in the end, where that is possible.
    pub handover: Ratio,
}

impl Default for CalmRanges {
    fn default() -> Self {
        Self {
            outsiders: read("60%"),
            clients: read("50%"),
            handover: read("40%"),
        }
    }
}

/// A bug in the servers of some seeds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Plant {
    /// The bug, by its name.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    #[serde(with = "bug_by_name")]
    pub bug: Bug,
    /// The chance that a seed has it.
    pub chance: Ratio,
}

mod bug_by_name {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    use sut::bugs::Bug;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    pub(super) fn serialize<S: Serializer>(bug: &Bug, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(bug.id())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Bug, D::Error> {
        String::deserialize(from)?.parse().map_err(Error::custom)
    }
}

/// The longest of most durations.
pub(crate) const LONGEST: Nanos = Nanos::millis(3_600_000);

/// The longest timeout. Calm phases are multiples of it; with this bound nine storms and all calm phases
/// last less than a day.
pub(crate) const LONGEST_TIMEOUT: Nanos = Nanos::millis(20_000);
