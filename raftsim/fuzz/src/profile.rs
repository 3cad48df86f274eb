//! What a fuzzer may draw: a profile is a JSON file of ranges and chances.

use scenario::{Chances, Counts, DurationRange, Nanos, Ratio, Sizes};
use serde::{Deserialize, Serialize};
use sut::bugs::Bug;

use super::kinds::Faults;
use super::must_hit::MustHit;

/// What the scenarios of a fuzzer are drawn from. Every field has a default: none but the faults
/// that a profile names can strike.
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
    /// What the profile is for, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// How many nodes, from 1 to 9.
    #[serde(default = "nodes")]
    pub nodes: Counts,
    /// How many more belong to no cluster at first; together at most 9.
    #[serde(default = "nobody")]
    pub spares: Counts,
    /// The chance that some nodes, fewer than half, hold no data.
    #[serde(default)]
    pub witnesses: Ratio,
    /// How the Raft nodes are configured.
    #[serde(default)]
    pub raft: RaftRanges,
    /// How links between nodes carry messages.
    #[serde(default)]
    pub network: NetworkRanges,
    /// How links between clients and nodes carry messages.
    #[serde(default)]
    pub client_network: NetworkRanges,
    /// How disks behave.
    #[serde(default)]
    pub disk: DiskRanges,
    /// How clocks behave.
    #[serde(default)]
    pub clocks: ClockRanges,
    /// The state machines.
    #[serde(default)]
    pub machine: MachineRanges,
    /// Who uses the cluster.
    #[serde(default)]
    pub clients: ClientRanges,
    /// How long faults strike, and in how many phases.
    #[serde(default)]
    pub storm: StormRanges,
    /// Which faults may strike.
    #[serde(default)]
    pub faults: Faults,
    /// How the run ends: with a surviving core that must serve.
    #[serde(default)]
    pub calm: CalmRanges,
    /// A bug that some seeds are run with, to see it found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plant: Option<Plant>,
    /// What many seeds together must have seen.
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
    /// The chance that nodes ask if they could win before they raise their term.
    pub pre_vote: Ratio,
    /// The chance that nodes refuse their vote while they hear from a leader.
    pub stickiness: Ratio,
    /// The chance that some nodes have priorities as leaders.
    pub priority: Ratio,
    /// The chance that followers pass requests on to their leader.
    pub forward_proposals: Ratio,
    /// The chance that an idle cluster falls silent, where nodes ask before they raise their term.
    pub quiescence: Ratio,
    /// The chance that a leader that does not hear from a majority steps down.
    pub check_quorum: Ratio,
    /// The chance that a leader announces a new commit index at once.
    pub eager_commit: Ratio,
    /// The shortest time that a follower waits for its leader.
    pub election_timeout: DurationRange,
    /// By how many percent the longest such time is longer; at least 20.
    pub spread_percent: Counts,
    /// How often a leader speaks in the shortest election timeout; at least 2.
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
    /// After how many of its longest election timeouts a leader leaves a disk that finishes
    /// nothing; at least 2.
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

/// Ranges of what links do to messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct NetworkRanges {
    /// The longest delay; the shortest is drawn between nothing and it.
    pub delay: DurationRange,
    /// How many messages are lost.
    pub drop: Dose,
    /// How many messages arrive twice.
    pub duplicate: Dose,
    /// How many messages are held up, so that later ones overtake.
    pub reorder: Dose,
    /// How long those are held up at most.
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

/// Whether something goes wrong at all, and how often it then does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Dose {
    /// The chance that it goes wrong at all in a seed.
    pub chance: Ratio,
    /// How often it then does.
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
    /// How long it takes at most until what was written is durable.
    pub sync: DurationRange,
    /// How long it takes at most while a disk is slow.
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
    /// How far clocks deviate for the whole run, up or down: at most 10%, or no timeout would mean
    /// anything in the calm phases.
    pub drift: Dose,
    /// How far a clock jumps where that fault strikes.
    pub jump: DurationRange,
    /// How fast a clock runs where that fault strikes, in percent of its due.
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
    /// How much later they then are applied.
    pub apply_after: DurationRange,
    /// How much later they are applied where that fault strikes.
    pub apply_late: DurationRange,
    /// The chance that nodes take snapshots and cut their logs.
    pub snapshots: Ratio,
    /// After how many applied entries they then do.
    pub snapshot_entries: Counts,
    /// After how many bytes of applied entries they then do.
    pub snapshot_bytes: Sizes,
    /// How many of the entries that a snapshot covers stay in the log.
    pub snapshot_keep: Counts,
    /// The chance that clients open sessions, which expire.
    pub sessions: Ratio,
    /// How long sessions then last unused, if that is long enough for their clients.
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

/// Ranges of the clients. What they ask for is drawn from mixes of all kinds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ClientRanges {
    /// How many clients.
    pub count: Counts,
    /// How many requests a second each makes when all goes well; at least 1.
    pub per_second: Counts,
    /// How many keys they share.
    pub keys: Counts,
    /// The length of values.
    pub value_size: Sizes,
    /// The chance that they write only a handful of different values.
    pub few_values: Ratio,
    /// The chance that they read without an entry of the log: each in some of the ways there are.
    pub reads: Ratio,
    /// The chance that they then also read by lease, where votes are withheld. Clocks keep to what
    /// is known of them in such a seed.
    pub leases: Ratio,
    /// How long one attempt waits.
    pub request_timeout: DurationRange,
    /// After how many such times a request is given up.
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

/// How long faults strike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct StormRanges {
    /// In how many phases, each with faults of its own.
    pub phases: Counts,
    /// How long each lasts.
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

/// How a run ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct CalmRanges {
    /// The chance that some nodes do not come back, so that the others must serve without them.
    pub outsiders: Ratio,
    /// The chance that clients go on while the cluster recovers.
    pub clients: Ratio,
    /// The chance that leadership is handed over in the end, where nothing stands in the way.
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

/// A bug that some seeds are run with.
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

/// The longest of those that calm phases are counted in: so that the worst case of nine storms and
/// all calm phases lasts less than a day.
pub(crate) const LONGEST_TIMEOUT: Nanos = Nanos::millis(20_000);
