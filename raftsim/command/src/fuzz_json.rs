//! The lines of `fuzz --json`.

use std::collections::BTreeMap;

use fuzz::{Probe, Summary};
use runner::TRACE_VERSION;
use serde::Serialize;
use shrink::Shrunk;

use super::exit::Exit;
use super::fuzz_text::{Cost, a_second};
use super::json::Faults;
use super::line::to_line;
use super::small::Files;
use crate::failure::Record;

#[derive(Serialize)]
struct FailureLine<'a> {
    r#type: &'static str,
    #[serde(flatten)]
    record: &'a Record,
    folder: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    small: Option<Small>,
}

/// The small form of a failing seed.
#[derive(Serialize)]
pub(crate) struct Small {
    /// The path of the scenario.
    pub(crate) scenario: String,
    pub(crate) steps: u64,
    pub(crate) replays: u64,
}

impl Small {
    pub(crate) fn of((shrunk, files): (Shrunk, Files)) -> Self {
        Self {
            scenario: files.scenario.display().to_string(),
            steps: shrunk.steps,
            replays: shrunk.replays,
        }
    }
}

/// One line for a seed that failed. `folder` is its folder, if it could be written.
pub(crate) fn failure_line(record: &Record, folder: Option<&str>, small: Option<Small>) -> String {
    to_line(&FailureLine {
        r#type: "failure",
        record,
        folder,
        small,
    })
}

#[derive(Serialize)]
struct SummaryLine<'a> {
    r#type: &'static str,
    name: &'a str,
    exit_code: u8,
    interrupted: bool,
    runs: u64,
    failures: u64,
    verdicts: &'a BTreeMap<&'static str, u64>,
    trace_version: u32,
    events: u64,
    sim_ns: u64,
    wall_ns: u64,
    cpu_ns: Option<u64>,
    jobs: usize,
    seeds_per_second: u64,
    faults: BTreeMap<&'static str, Faults>,
    probes: BTreeMap<&'static str, u64>,
    not_hit: &'a [String],
}

/// One line for the seeds of one profile or file. Times are for the whole command so far.
pub(crate) fn summary_line(
    name: &str,
    summary: &Summary,
    missed: &[String],
    exit: Exit,
    cost: &Cost,
) -> String {
    let faults = summary.faults.iter();
    let probes = Probe::ALL.iter();
    to_line(&SummaryLine {
        r#type: "fuzz",
        name,
        exit_code: exit.code(),
        interrupted: exit == Exit::Interrupted,
        runs: summary.runs,
        failures: summary.failures,
        verdicts: &summary.verdicts,
        trace_version: TRACE_VERSION,
        events: summary.events,
        sim_ns: summary.sim_ns,
        wall_ns: cost.wall_ns,
        cpu_ns: cost.cpu_ns,
        jobs: cost.jobs,
        seeds_per_second: a_second(summary.runs, cost.wall_ns),
        faults: faults
            .map(|(kind, count)| (kind.name(), Faults::of(*count)))
            .collect(),
        probes: probes
            .map(|probe| {
                (
                    probe.name(),
                    summary.probes.get(probe).copied().unwrap_or(0),
                )
            })
            .collect(),
        not_hit: missed,
    })
}
