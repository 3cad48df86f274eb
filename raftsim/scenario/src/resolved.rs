//! A resolved scenario: all values are concrete. A run works from it.

use rand_chacha::ChaCha8Rng;
use serde::{Serialize, Serializer};
use simulator::NodeId;
use sut::bugs::Bug;
use sut::{Founders, NodeSet};

use super::action::{Action, Trigger};
use super::expect::Expect;
use super::lines::{self, Breaks};
use super::network::{Network, NetworkChange};
use super::program::Statement;
use super::select::NodeName;
use super::settings::{Clients, Clock, Disk, DiskChange, LinkRule, Machine, Raft};
use super::stepped::{Script, Verb};
use super::stream::stream;
use super::units::{Condition, DurationRange, Nanos, Ratio};
use super::written::Source;

/// A checked scenario for one seed. Defaults are filled in, parameters have their values, names
/// are known to exist.
///
/// Written as JSON it is a scenario file again, which resolves to the same scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The version of the format: 1.
    pub format: u32,
    /// A short name.
    pub name: String,
    /// The subject of the scenario.
    pub title: Option<String>,
    /// Its origin.
    pub source: Option<Source>,
    /// A remark for readers.
    pub note: Option<String>,
    /// The number from which all draws of the run are derived.
    pub seed: u64,
    /// The value that each parameter had, as JSON text, for reports.
    pub params: Vec<(String, String)>,
    /// The nodes. The number of a node is its index here.
    pub nodes: Vec<NodeName>,
    /// The nodes that found the cluster: all, unless the file gives others. The other nodes belong to no
    /// cluster until an action adds them.
    pub founders: Vec<NodeName>,
    /// The founders that store no data.
    pub witnesses: Vec<NodeName>,
    /// Settings of the Raft nodes.
    pub raft: Raft,
    /// Settings of each node's state machine.
    pub machine: Machine,
    /// How links between nodes carry messages.
    pub network: Network,
    /// Links that differ. A later rule overrides an earlier one.
    pub links: Vec<LinkRule>,
    /// How links between clients and nodes carry messages.
    pub client_network: Network,
    /// The behaviour of the disks.
    pub disk: Disk,
    /// Clocks that do not keep true time. A later entry replaces an earlier one of the same node.
    pub clocks: Vec<Clock>,
    /// The clients of the cluster.
    pub clients: Clients,
    /// The course of the run.
    pub course: Course,
    /// The expectations of the run.
    pub expect: Expect,
}

impl Resolved {
    /// The generator for the draws named `path`, such as `phases/storm/faults/0`. See
    /// [`stream`](super::stream()).
    #[must_use]
    pub fn stream(&self, path: &str) -> ChaCha8Rng {
        stream(self.seed, path)
    }

    /// The number of a node, counted from 0; `None` for a name that is not in this scenario.
    #[must_use]
    pub fn index_of(&self, name: &NodeName) -> Option<u32> {
        let place = self.nodes.iter().position(|known| known == name)?;
        Some(u32::try_from(place).expect("a scenario has at most nine nodes"))
    }

    /// The nodes that found the cluster, by number.
    #[must_use]
    pub fn founders(&self) -> Founders {
        let set = |names: &[NodeName]| -> NodeSet {
            let places = names.iter().filter_map(|name| self.index_of(name));
            places.map(NodeId).collect()
        };
        Founders::new(set(&self.founders), set(&self.witnesses))
    }

    /// The phases of a timed scenario, in order; a stepped one has none.
    #[must_use]
    pub fn phases(&self) -> &[Phase] {
        match &self.course {
            Course::Timed(phases) => phases,
            Course::Stepped(_) => &[],
        }
    }

    /// The script of a stepped scenario.
    #[must_use]
    pub fn script(&self) -> Option<&Script> {
        match &self.course {
            Course::Timed(_) => None,
            Course::Stepped(script) => Some(script),
        }
    }

    /// The bug that was planted in the run that this was recorded from.
    #[must_use]
    pub fn recorded_bug(&self) -> Option<Bug> {
        let recorded = self.script()?.recorded.as_ref()?;
        recorded.bug.as_ref()?.parse().ok()
    }

    /// The names of the branches; none once a branch has been chosen.
    pub fn branches(&self) -> impl Iterator<Item = &str> {
        self.script().into_iter().flat_map(Script::names)
    }

    /// How long all phases of a timed scenario last together.
    #[must_use]
    pub fn length(&self) -> Nanos {
        let total = self.phases().iter().map(|phase| phase.lasts.get()).sum();
        Nanos::new(total).expect("phases of a checked scenario last at most 24 hours together")
    }

    /// The scenario as a format 1 file. A stepped one has one step a line.
    #[must_use]
    pub fn to_json(&self) -> String {
        let json = match self.course {
            Course::Timed(_) => lines::to_string(self, Breaks::Everywhere),
            Course::Stepped(_) => lines::to_string(self, Breaks::AtSteps),
        };
        json.expect("strings, integers and lists are always JSON")
    }

    /// The run along one branch: the trunk, then the branch's steps. Its name is `NAME#BRANCH`, and its
    /// `caught_by` has only entries about this branch. `None` if there is no such branch.
    #[must_use]
    pub fn along(&self, branch: &str) -> Option<Resolved> {
        let script = self.script()?.along(branch)?;
        let mut run = self.clone();
        run.name = format!("{}#{branch}", self.name);
        let begins = |phase: &str| {
            let mut verbs = script.steps.iter().filter_map(|step| step.verb.as_ref());
            verbs.any(|verb| matches!(verb, Verb::Phase(name) if name == phase))
        };
        run.expect.eventually.retain(|wanted| begins(&wanted.phase));
        run.course = Course::Stepped(script);
        run.expect.caught_by.retain_mut(|caught| {
            let about = caught.branch.as_deref().is_none_or(|about| about == branch);
            caught.branch = None;
            about
        });
        Some(run)
    }
}

/// The course of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Course {
    /// Phases in order, at least one. The seed decides when things happen.
    Timed(Vec<Phase>),
    /// Steps: nothing happens unless one of them says so.
    Stepped(Script),
}

/// A part of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Phase {
    /// Its name. No other phase has the same name.
    pub name: String,
    /// How long it lasts; more than zero.
    #[serde(rename = "for")]
    pub lasts: Nanos,
    /// Whether it ends early, as soon as its steps are done and every expectation about it holds.
    #[serde(
        rename = "until",
        serialize_with = "met",
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub until_met: bool,
    /// Whether clients send requests during the phase.
    pub clients: bool,
    /// Whether every fault ends when the phase begins.
    #[serde(serialize_with = "all", skip_serializing_if = "std::ops::Not::not")]
    pub heal: bool,
    /// Changes of the links between nodes during the phase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkChange>,
    /// Changes of the links between clients and nodes during the phase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_network: Option<NetworkChange>,
    /// Changes of the disks during the phase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk: Option<DiskChange>,
    /// Steps that run one after the other; each takes as long as it needs. The phase ends when the script
    /// is done.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub script: Vec<Statement>,
    /// Actions at given times, in order.
    pub steps: Vec<Step>,
    /// Actions at drawn times.
    pub faults: Vec<Fault>,
    /// A remark for readers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn all<S: Serializer>(heal: &bool, to: S) -> Result<S::Ok, S::Error> {
    assert!(*heal, "a phase that heals nothing leaves the field out");
    to.serialize_str("all")
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn met<S: Serializer>(until_met: &bool, to: S) -> Result<S::Ok, S::Error> {
    assert!(
        *until_met,
        "a phase that waits for nothing leaves the field out"
    );
    to.serialize_str("met")
}

/// An action at a given time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The time since the start of the phase; never before the step above, never after the end of the
    /// phase.
    pub at: Nanos,
    /// The action.
    #[serde(flatten)]
    pub action: Action,
    /// A remark for readers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// A sentence for people who watch the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub say: Option<String>,
}

/// An action at drawn times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// When the fault could happen.
    #[serde(flatten)]
    pub when: When,
    /// The chance that it happens then.
    pub chance: Ratio,
    /// A delay before the action.
    pub after: DurationRange,
    /// How long the action stays in force; `None`: it is not undone.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasts: Option<DurationRange>,
    /// The fault does not happen while this condition holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unless: Option<Condition>,
    /// The fault happens only while this condition holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only_if: Option<Condition>,
    /// The action.
    #[serde(flatten)]
    pub action: Action,
    /// A remark for readers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// When a fault could happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// Again and again, after a drawn time of at least 1 ms.
    Every(DurationRange),
    /// Each time that this event happens.
    On(Trigger),
}
