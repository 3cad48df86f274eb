//! The results of several runs together.

use std::collections::BTreeMap;

use runner::Outcome;
use scenario::Sometimes;

use super::exit::Exit;
use super::ran::Ran;

/// Counts that at least one run must reach, and the number of runs that did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    wants: Sometimes,
    pub(crate) times: u64,
}

impl Seen {
    /// The counts as text, such as `crashes >= 3 and pauses >= 2`.
    pub(crate) fn asked(&self) -> String {
        let wants = self.wants.wants();
        let parts: Vec<_> = wants
            .iter()
            .map(|(metric, want)| format!("{} {want}", metric.name()))
            .collect();
        parts.join(" and ")
    }
}

/// The runs of one file, or of all files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) runs: u64,
    pub(crate) verdicts: BTreeMap<&'static str, u64>,
    pub(crate) events: u64,
    pub(crate) sim_ns: u64,
    pub(crate) sometimes: Vec<Seen>,
    worst: Option<Exit>,
}

impl Tally {
    pub(crate) fn add(&mut self, ran: &Ran) {
        self.runs += 1;
        *self.verdicts.entry(ran.verdict()).or_insert(0) += 1;
        self.events += ran.outcome.events;
        self.sim_ns += ran.outcome.sim_ns;
        self.note(ran.exit());
        for wants in &ran.scenario.expect.sometimes {
            let times = u64::from(holds(wants, &ran.outcome));
            match self.sometimes.iter_mut().find(|seen| seen.wants == *wants) {
                Some(seen) => seen.times += times,
                None => self.sometimes.push(Seen {
                    wants: wants.clone(),
                    times,
                }),
            }
        }
    }

    /// Notes a result that may decide the exit code.
    pub(crate) fn note(&mut self, exit: Exit) {
        self.worst = Some(self.worst.unwrap_or(exit).worst(exit));
    }

    /// The expectations of `sometimes` that no run met.
    pub(crate) fn unseen(&self) -> impl Iterator<Item = &Seen> {
        self.sometimes.iter().filter(|seen| seen.times == 0)
    }

    /// The worst exit code of the runs; inconclusive if they did not show their subject.
    pub(crate) fn exit(&self) -> Exit {
        let worst = self.worst.unwrap_or(Exit::Fine);
        match self.unseen().next() {
            Some(_) => worst.worst(Exit::Inconclusive),
            None => worst,
        }
    }

    /// Adds the runs of another file. `sometimes` applies to each file separately.
    pub(crate) fn merge(&mut self, file: &Tally) {
        self.runs += file.runs;
        self.events += file.events;
        self.sim_ns += file.sim_ns;
        for (verdict, count) in &file.verdicts {
            *self.verdicts.entry(verdict).or_insert(0) += count;
        }
        self.note(file.exit());
    }
}

fn holds(wants: &Sometimes, outcome: &Outcome) -> bool {
    wants
        .wants()
        .iter()
        .all(|(metric, want)| want.holds(outcome.metric(*metric)))
}
