//! The summary of `raftsim fuzz` for people.

use std::io::Write;

use fuzz::{Probe, Summary};
use sut::time_text::brief;

use super::screen::{BAD, DIM, GOOD, HEAD, Screen, Stop, styled};

/// The number of the rarest probes in the summary.
const RAREST: usize = 8;

/// Probes that were never hit are named if there are at most this many.
const NAMED: usize = 20;

/// The cost of a search.
pub(crate) struct Cost {
    pub(crate) wall_ns: u64,
    /// The processor time of all threads together, if the system provides it.
    pub(crate) cpu_ns: Option<u64>,
    pub(crate) jobs: usize,
}

/// The rate per second of `part` in `per_ns` nanoseconds.
pub(crate) fn a_second(part: u64, per_ns: u64) -> u64 {
    let a_second = u128::from(part) * 1_000_000_000 / u128::from(per_ns.max(1));
    u64::try_from(a_second).unwrap_or(u64::MAX)
}

/// The results of the seeds of one profile or file.
pub(crate) fn summary(
    name: &str,
    summary: &Summary,
    missed: &[String],
    screen: &mut Screen,
) -> Result<(), Stop> {
    let out = &mut screen.out;
    let verdicts: Vec<_> = summary
        .verdicts
        .iter()
        .map(|(verdict, count)| format!("{count} {verdict}"))
        .collect();
    let mark = match (summary.failures, missed.is_empty()) {
        (0, true) => styled(GOOD, "ok    "),
        (0, false) => styled(BAD, "UNSEEN"),
        _ => styled(BAD, "FAILED"),
    };
    writeln!(
        out,
        "{mark} {} {} seeds: {}; {} simulated",
        styled(HEAD, name),
        summary.runs,
        verdicts.join(", "),
        brief(summary.sim_ns),
    )?;
    if !summary.faults.is_empty() {
        writeln!(out, "\nFaults         scheduled   applied  effective")?;
    }
    for (kind, count) in &summary.faults {
        let name = kind.name();
        let (scheduled, applied, effective) = (count.scheduled, count.applied, count.effective);
        writeln!(
            out,
            "  {name:<13}{scheduled:>9} {applied:>9}  {effective:>9}"
        )?;
    }
    let (hit, all) = (summary.probes.len(), Probe::ALL.len());
    writeln!(
        out,
        "\nProbes         {hit} of {all} hit; the rarest, with the number of seeds"
    )?;
    let mut rarest: Vec<_> = summary.probes.iter().collect();
    rarest.sort_by_key(|(_, seeds)| **seeds);
    for (probe, seeds) in rarest.into_iter().take(RAREST) {
        let says = styled(DIM, probe.says());
        writeln!(out, "  {:<33}{seeds:>9}  {says}", probe.name())?;
    }
    let never = Probe::ALL
        .iter()
        .filter(|probe| !summary.probes.contains_key(probe));
    let never: Vec<_> = never.map(|probe| probe.name()).collect();
    if (1..=NAMED).contains(&never.len()) {
        writeln!(out, "never hit: {}", never.join(", "))?;
    }
    for missed in missed {
        let (mark, runs) = (styled(BAD, "NOT HIT"), summary.runs);
        writeln!(out, "{mark} {name}: {missed} in any of {runs} seeds")?;
    }
    Ok(())
}

/// The speed of the search.
pub(crate) fn cost<'a>(
    summaries: impl Iterator<Item = &'a Summary>,
    cost: &Cost,
    screen: &mut Screen,
) -> Result<(), Stop> {
    let (mut runs, mut sim_ns) = (0, 0);
    for summary in summaries {
        runs += summary.runs;
        sim_ns += summary.sim_ns;
    }
    let (seeds, jobs) = (a_second(runs, cost.wall_ns), cost.jobs);
    let threads = if jobs == 1 { "thread" } else { "threads" };
    let mut line = format!("{seeds} seeds per second on {jobs} {threads}");
    if let Some(cpu_ns) = cost.cpu_ns {
        let (seeds, ratio) = (a_second(runs, cpu_ns), sim_ns / cpu_ns.max(1));
        line.push_str(&format!(
            "; {seeds} seeds and {ratio} simulated seconds per second of processor time"
        ));
    }
    writeln!(screen.out, "\n{line}")?;
    Ok(())
}
