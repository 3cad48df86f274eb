//! The lines of `run --json`.

use std::collections::BTreeMap;

use checks::Violation;
use runner::{TRACE_VERSION, Verdict};
use scenario::Metric;
use serde::Serialize;
use simulator::Count;
use sut::bugs::Bug;

use super::exit::Exit;
use super::line::to_line;
use super::ran::Ran;
use super::tally::Tally;

#[derive(Serialize)]
struct RunLine<'a> {
    r#type: &'static str,
    verdict: &'static str,
    scenario: &'a str,
    seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    bug: Option<&'static str>,
    trace_hash: String,
    trace_version: u32,
    events: u64,
    sim_ns: u64,
    wall_ns: u64,
    elections: u64,
    commits: u64,
    ops_ok: u64,
    ops_unknown: u64,
    ops_expired: u64,
    faults: BTreeMap<&'static str, Faults>,
    checks: BTreeMap<&'static str, u64>,
    violation: Option<Violated>,
}

#[derive(Serialize)]
pub(crate) struct Faults {
    scheduled: u64,
    applied: u64,
    effective: u64,
}

impl Faults {
    pub(crate) fn of(count: Count) -> Faults {
        Faults {
            scheduled: count.scheduled,
            applied: count.applied,
            effective: count.effective,
        }
    }
}

/// A failure: a violated property with its event, or an expectation.
#[derive(Serialize)]
struct Violated {
    name: &'static str,
    says: &'static str,
    sim_ns: u64,
    event: Option<u64>,
    node: Option<String>,
    facts: [String; 2],
}

/// One line for one run. `unseen` is the subject that the run did not show, if it is the only run.
pub(crate) fn run_line(ran: &Ran, unseen: Option<String>) -> String {
    let unseen = unseen.filter(|_| ran.exit() == Exit::Fine);
    let outcome = &ran.outcome;
    let faults = outcome.faults.iter();
    let faults = faults.map(|(kind, count)| (kind.name(), Faults::of(*count)));
    let checks = outcome
        .checks
        .iter()
        .map(|(property, times)| (property.name(), *times));
    to_line(&RunLine {
        r#type: "run",
        verdict: if unseen.is_some() {
            "inconclusive"
        } else {
            ran.verdict()
        },
        scenario: &ran.scenario.name,
        seed: outcome.seed,
        bug: ran.bug.map(Bug::id),
        trace_hash: format!("{:016x}", outcome.trace_hash),
        trace_version: TRACE_VERSION,
        events: outcome.events,
        sim_ns: outcome.sim_ns,
        wall_ns: ran.wall_ns,
        elections: outcome.metric(Metric::Elections),
        commits: outcome.metric(Metric::Commits),
        ops_ok: outcome.metric(Metric::OpsOk),
        ops_unknown: outcome.metric(Metric::OpsUnknown),
        ops_expired: outcome.metric(Metric::OpsExpired),
        faults: faults.collect(),
        checks: checks.collect(),
        violation: unseen
            .map(|asked| not_seen(asked, ran))
            .or_else(|| violated(ran)),
    })
}

fn not_seen(asked: String, ran: &Ran) -> Violated {
    let facts = [
        format!("the scenario must show {asked}"),
        "the run did not show it".to_owned(),
    ];
    Violated {
        name: "sometimes",
        says: "At least one run shows the subject of the scenario.",
        sim_ns: ran.outcome.sim_ns,
        event: None,
        node: None,
        facts,
    }
}

fn violated(ran: &Ran) -> Option<Violated> {
    let outcome = &ran.outcome;
    if let Some(theirs) = &ran.differs {
        return Some(Violated {
            name: "determinism",
            says: "The same scenario and seed give the same run in any process.",
            sim_ns: outcome.sim_ns,
            event: None,
            node: None,
            facts: [
                format!("trace hash {:016x} here", outcome.trace_hash),
                format!("trace hash {} in the second process", theirs.hash),
            ],
        });
    }
    let (name, says, unmet) = match &outcome.verdict {
        Verdict::Ok => return None,
        Verdict::Safety(violation) => return Some(unsafe_run(violation, ran)),
        Verdict::Expectation(unmet) if unmet.is_about_a_step() => (
            "steps",
            "Every step is possible, and its expectation holds.",
            unmet,
        ),
        Verdict::Expectation(unmet) => ("limits", "A run stays within its limits.", unmet),
        Verdict::Liveness(unmet) => ("eventually", "The expectation becomes true in time.", unmet),
        Verdict::Inconclusive(unmet) => (
            "faults",
            "A fault that is scheduled is applied at least once.",
            unmet,
        ),
    };
    let (sim_ns, facts) = (unmet.time.0, unmet.facts.clone());
    Some(Violated {
        name,
        says,
        sim_ns,
        event: None,
        node: None,
        facts,
    })
}

fn unsafe_run(violation: &Violation, ran: &Ran) -> Violated {
    let name = |node: simulator::NodeId| ran.scenario.nodes[node.0 as usize].0.clone();
    Violated {
        name: violation.broken.name(),
        says: violation.broken.says(),
        sim_ns: violation.time.0,
        event: Some(violation.event.0),
        node: violation.node.map(name),
        facts: violation.facts.clone(),
    }
}

#[derive(Serialize)]
struct TotalLine {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bug: Option<&'static str>,
    exit_code: u8,
    runs: u64,
    verdicts: BTreeMap<&'static str, u64>,
    interrupted: bool,
    trace_version: u32,
    events: u64,
    sim_ns: u64,
    wall_ns: u64,
    sometimes: Vec<SometimesSeen>,
}

#[derive(Serialize)]
struct SometimesSeen {
    scenario: String,
    wants: String,
    seen: u64,
    runs: u64,
}

/// The last line, if there are several runs.
pub(crate) fn total_line(
    total: &Tally,
    files: &[(String, Tally)],
    exit: Exit,
    bug: Option<Bug>,
    wall_ns: u64,
) -> String {
    let sometimes = files.iter().flat_map(|(scenario, tally)| {
        tally.sometimes.iter().map(|seen| SometimesSeen {
            scenario: scenario.clone(),
            wants: seen.asked(),
            seen: seen.times,
            runs: tally.runs,
        })
    });
    to_line(&TotalLine {
        r#type: "total",
        bug: bug.map(Bug::id),
        exit_code: exit.code(),
        runs: total.runs,
        verdicts: total.verdicts.clone(),
        interrupted: exit == Exit::Interrupted,
        trace_version: TRACE_VERSION,
        events: total.events,
        sim_ns: total.sim_ns,
        wall_ns,
        sometimes: sometimes.collect(),
    })
}
