//! Writes a resolved scenario as a scenario file.

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use super::expect::Expect;
use super::lines::{self, Breaks};
use super::network::Network;
use super::resolved::{Course, Phase, Resolved};
use super::select::NodeName;
use super::settings::{Clients, Clock, Completions, Disk, LinkRule, Machine, Raft};
use super::stepped::{self, Branch, Impossible, Recorded, Script, ScriptStep};
use super::written::{Mode, Source};

/// The fields of the file. A stepped scenario leaves out fields that have no meaning in it.
#[derive(Serialize)]
struct Shown<'a> {
    format: u32,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a Source>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<Mode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    impossible: Option<Impossible>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recorded: Option<&'a Recorded>,
    seed: u64,
    nodes: &'a [NodeName],
    #[serde(skip_serializing_if = "Option::is_none")]
    founders: Option<&'a [NodeName]>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    witnesses: &'a [NodeName],
    raft: &'a Raft,
    #[serde(skip_serializing_if = "Machine::is_default")]
    machine: &'a Machine,
    #[serde(flatten)]
    surroundings: Surroundings<'a>,
    #[serde(flatten)]
    course: ShownCourse<'a>,
    expect: &'a Expect,
}

/// The surroundings of the nodes.
#[derive(Serialize)]
#[serde(untagged)]
enum Surroundings<'a> {
    Whole {
        network: &'a Network,
        links: &'a [LinkRule],
        client_network: &'a Network,
        disk: &'a Disk,
        clocks: &'a [Clock],
        clients: &'a Clients,
    },
    /// In a stepped scenario that was not recorded.
    Stepped { disk: ListedDisk, clients: Passive },
}

#[derive(Serialize)]
struct ListedDisk {
    completions: Completions,
}

#[derive(Serialize)]
struct Passive {
    count: u32,
}

struct ShownCourse<'a>(&'a Resolved);

impl Serialize for Resolved {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let script = self.script();
        let recorded = script.and_then(|script| script.recorded.as_ref());
        let impossible = script.map(|script| script.impossible);
        Shown {
            format: self.format,
            name: &self.name,
            title: self.title.as_deref(),
            source: self.source.as_ref(),
            note: self.note.as_deref(),
            mode: script.map(|_| Mode::Stepped),
            impossible: impossible.filter(|impossible| !impossible.is_default()),
            recorded,
            seed: self.seed,
            nodes: &self.nodes,
            founders: Some(&self.founders[..]).filter(|founders| *founders != self.nodes),
            witnesses: &self.witnesses,
            raft: &self.raft,
            machine: &self.machine,
            surroundings: surroundings(self, script.is_some() && recorded.is_none()),
            course: ShownCourse(self),
            expect: &self.expect,
        }
        .serialize(to)
    }
}

fn surroundings(scenario: &Resolved, stepped: bool) -> Surroundings<'_> {
    if stepped {
        return Surroundings::Stepped {
            disk: ListedDisk {
                completions: scenario.disk.completions,
            },
            clients: Passive {
                count: scenario.clients.count,
            },
        };
    }
    Surroundings::Whole {
        network: &scenario.network,
        links: &scenario.links,
        client_network: &scenario.client_network,
        disk: &scenario.disk,
        clocks: &scenario.clocks,
        clients: &scenario.clients,
    }
}

impl Serialize for ShownCourse<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let names = &self.0.nodes;
        let mut map = to.serialize_map(None)?;
        match &self.0.course {
            Course::Timed(phases) => map.serialize_entry::<_, [Phase]>("phases", phases)?,
            Course::Stepped(Script {
                steps, branches, ..
            }) => {
                map.serialize_entry("steps", &ShownSteps { steps, names })?;
                if !branches.is_empty() {
                    map.serialize_entry("branches", &ShownBranches { branches, names })?;
                }
            }
        }
        map.end()
    }
}

/// A step's verb as written, for nodes with these names.
pub fn step(step: &ScriptStep, names: &[NodeName]) -> String {
    let bare = ScriptStep {
        verb: step.verb.clone(),
        at: step.verb.is_none().then_some(step.at).flatten(),
        ..ScriptStep::default()
    };
    let written = stepped::steps(std::slice::from_ref(&bare), names).next();
    lines::to_string(&written, Breaks::Nowhere).expect("names and numbers are always JSON")
}

struct ShownSteps<'a> {
    steps: &'a [ScriptStep],
    names: &'a [NodeName],
}

impl Serialize for ShownSteps<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut list = to.serialize_seq(Some(self.steps.len()))?;
        for step in stepped::steps(self.steps, self.names) {
            list.serialize_element(&step)?;
        }
        list.end()
    }
}

struct ShownBranches<'a> {
    branches: &'a [Branch],
    names: &'a [NodeName],
}

impl Serialize for ShownBranches<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.branches.len()))?;
        for Branch { name, steps } in self.branches {
            let names = self.names;
            map.serialize_entry(name, &ShownSteps { steps, names })?;
        }
        map.end()
    }
}
