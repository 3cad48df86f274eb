//! A scenario with everything concrete: what the director of a run works from.

use rand_chacha::ChaCha8Rng;
use serde::{Serialize, Serializer};
use simulator::NodeId;
use sut::bugs::Bug;
use sut::{Founders, NodeSet};

use super::action::{Action, Trigger};
use super::expect::Expect;
use super::lines::{self, Breaks};
use super::program::Statement;
use super::select::NodeName;
use super::settings::{
    Clients, Clock, Disk, DiskChange, LinkRule, Machine, Network, NetworkChange, Raft,
};
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
    /// What the scenario shows.
    pub title: Option<String>,
    /// Where it comes from.
    pub source: Option<Source>,
    /// A remark for readers.
    pub note: Option<String>,
    /// The number that all draws of the run come from.
    pub seed: u64,
    /// The value that each parameter had, as JSON text, for reports.
    pub params: Vec<(String, String)>,
    /// The nodes; a node's number is its place here.
    pub nodes: Vec<NodeName>,
    /// Those of them that found the cluster: all, unless the file says otherwise. The others belong to
    /// no cluster until they are added to one.
    pub founders: Vec<NodeName>,
    /// Those founders that hold no data.
    pub witnesses: Vec<NodeName>,
    /// How the Raft nodes are configured.
    pub raft: Raft,
    /// The state machine of each node.
    pub machine: Machine,
    /// How links between nodes carry messages.
    pub network: Network,
    /// Links that differ; a later rule comes on top of an earlier one.
    pub links: Vec<LinkRule>,
    /// How links between clients and nodes carry messages.
    pub client_network: Network,
    /// How disks behave.
    pub disk: Disk,
    /// Clocks that do not keep true time; a later entry replaces an earlier one of the same node.
    pub clocks: Vec<Clock>,
    /// Who uses the cluster.
    pub clients: Clients,
    /// What happens.
    pub course: Course,
    /// What the run is expected to show.
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

    /// The names of the branches that have not been chosen from yet.
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

    /// The run along one branch: the trunk, then the branch's steps. It is named `NAME#BRANCH`, and
    /// keeps of `caught_by` what is about this branch. `None` if there is no such branch.
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

/// What happens in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Course {
    /// Phases, one after the other; never none. The seed decides when things happen.
    Timed(Vec<Phase>),
    /// Steps: nothing happens unless one of them says so.
    Stepped(Script),
}

/// A stretch of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Phase {
    /// Its name, unlike that of every other phase.
    pub name: String,
    /// How long it lasts; never zero.
    #[serde(rename = "for")]
    pub lasts: Nanos,
    /// Whether it ends early, once its steps are done and all that is expected of it has come true.
    #[serde(
        rename = "until",
        serialize_with = "met",
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub until_met: bool,
    /// Whether clients send requests in it.
    pub clients: bool,
    /// Whether every fault ends when it begins.
    #[serde(serialize_with = "all", skip_serializing_if = "std::ops::Not::not")]
    pub heal: bool,
    /// How links between nodes differ while it lasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkChange>,
    /// How links between clients and nodes differ while it lasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_network: Option<NetworkChange>,
    /// How disks differ while it lasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk: Option<DiskChange>,
    /// What is done one after the other, each step for as long as it takes; the phase ends when it
    /// is done.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub script: Vec<Statement>,
    /// What is done at given times, in order.
    pub steps: Vec<Step>,
    /// What is done at drawn times.
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

/// Something done at a given time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// When, counted from the start of the phase; never before the step above, never after the end
    /// of the phase.
    pub at: Nanos,
    /// What is done.
    #[serde(flatten)]
    pub action: Action,
    /// A remark for readers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// A sentence shown to whoever watches the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub say: Option<String>,
}

/// Something done at drawn times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// When it could strike.
    #[serde(flatten)]
    pub when: When,
    /// The chance that it then does.
    pub chance: Ratio,
    /// How long it waits before it strikes.
    pub after: DurationRange,
    /// How long until the action is undone; `None`: never.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasts: Option<DurationRange>,
    /// It does not strike while this holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unless: Option<Condition>,
    /// It strikes only while this holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only_if: Option<Condition>,
    /// What is done.
    #[serde(flatten)]
    pub action: Action,
    /// A remark for readers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// When a fault could strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// Again and again, after a drawn time of at least 1 ms.
    Every(DurationRange),
    /// Each time that this happens.
    On(Trigger),
}
