//! The core in memory: what one entry costs from its proposal until every node has committed and
//! applied it, and what it costs to keep a leader in office.

mod ours;
mod payload;
mod subject;
mod theirs;

use std::io;

use crate::figure::{Figure, Form, Unit, print};
use crate::instructions::Counter;
use crate::load::{COMPACT_EVERY, Load};
use crate::measure::{Milli, Work, ns_per_unit};

pub(crate) use subject::Subject;

/// Two subjects beside each other.
struct Pair {
    name: &'static str,
    ours: Subject,
    peer: Subject,
}

const fn pair(name: &'static str, ours: Subject, peer: Subject) -> Pair {
    Pair { name, ours, peer }
}

const ONE: &[Pair] = &[
    pair(
        "commit rides on the next message",
        Subject::Ours,
        Subject::Each,
    ),
    pair(
        "commit rides, at the peer too",
        Subject::Ours,
        Subject::EachRiding,
    ),
    pair("commit told at once", Subject::OursEager, Subject::Each),
    pair("core alone, no payloads", Subject::Alone, Subject::Each),
];

const MANY: &[Pair] = &[
    pair("64 steps, peer inbox", Subject::Ours, Subject::Inbox),
    pair("64 steps, peer batch_append", Subject::Ours, Subject::Batch),
    pair(
        "one step, peer batch_append",
        Subject::OursTogether,
        Subject::Batch,
    ),
    pair(
        "one step, at the peer too",
        Subject::OursTogether,
        Subject::BatchTogether,
    ),
    pair(
        "core alone, no payloads",
        Subject::AloneTogether,
        Subject::Batch,
    ),
];

fn loads() -> impl Iterator<Item = (Load, &'static [Pair])> {
    [(1, ONE), (64, MANY)]
        .into_iter()
        .flat_map(|(in_flight, pairs)| {
            [(3, 16), (3, 256), (5, 16), (5, 256)].map(|(nodes, bytes)| {
                let load = Load {
                    nodes,
                    bytes,
                    in_flight,
                };
                (load, pairs)
            })
        })
}

/// Entries between two looks at the clock: one compaction.
const CHUNK: u64 = COMPACT_EVERY;

/// Measures proposals.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn run(form: Form, counter: Option<&Counter>) -> io::Result<()> {
    for (load, pairs) in loads() {
        let mut figures = Vec::new();
        let ns = costs(pairs, |subjects| {
            let mut works: Vec<Work<'_>> = Vec::new();
            for subject in subjects {
                let mut cluster = subject.build(load);
                works.push(Box::new(move || {
                    cluster.commit(CHUNK);
                    CHUNK
                }));
            }
            Ok(ns_per_unit(&mut works))
        })?;
        figures.extend(ns.figures("core", load, Unit::NsPerEntry));
        if let Some(counter) = counter {
            let counted = costs(pairs, |subjects| {
                subjects
                    .iter()
                    .map(|subject| counter.per_entry(*subject, load))
                    .collect()
            })?;
            figures.extend(counted.figures("core", load, Unit::InstructionsPerEntry));
        }
        let title = match load.in_flight {
            1 => "propose, committed and applied everywhere; one at a time",
            _ => "propose, committed and applied everywhere; 64 in flight",
        };
        print(title, &figures, form)?;
    }
    Ok(())
}

/// Measures heartbeats.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn idle(form: Form, counter: Option<&Counter>) -> io::Result<()> {
    const PAIRS: &[Pair] = &[pair("heartbeat round", Subject::Ours, Subject::Each)];
    const ROUNDS: u64 = 10_000;
    let mut figures = Vec::new();
    for nodes in [3, 5] {
        let load = Load {
            nodes,
            bytes: 16,
            in_flight: 1,
        };
        let ns = costs(PAIRS, |subjects| {
            let mut works: Vec<Work<'_>> = Vec::new();
            for subject in subjects {
                let mut cluster = subject.build(load);
                works.push(Box::new(move || {
                    (0..ROUNDS).for_each(|_| cluster.heartbeat());
                    ROUNDS
                }));
            }
            Ok(ns_per_unit(&mut works))
        })?;
        figures.extend(ns.figures("idle", load, Unit::NsPerRound));
        if let Some(counter) = counter {
            let counted = costs(PAIRS, |subjects| {
                subjects
                    .iter()
                    .map(|subject| counter.per_heartbeat(*subject, load))
                    .collect()
            })?;
            figures.extend(counted.figures("idle", load, Unit::InstructionsPerRound));
        }
    }
    print("the whole cluster, one heartbeat", &figures, form)
}

/// What each subject of some pairs costs.
struct Costs<'p> {
    pairs: &'p [Pair],
    subjects: Vec<Subject>,
    costs: Vec<Milli>,
}

/// Measures every subject of the pairs once.
fn costs<'p>(
    pairs: &'p [Pair],
    measure: impl FnOnce(&[Subject]) -> io::Result<Vec<Milli>>,
) -> io::Result<Costs<'p>> {
    let mut subjects = Vec::new();
    for subject in pairs.iter().flat_map(|pair| [pair.ours, pair.peer]) {
        if !subjects.contains(&subject) {
            subjects.push(subject);
        }
    }
    let costs = measure(&subjects)?;
    assert!(costs.len() == subjects.len(), "every subject was measured");
    Ok(Costs {
        pairs,
        subjects,
        costs,
    })
}

impl Costs<'_> {
    fn of(&self, subject: Subject) -> Milli {
        let place = self.subjects.iter().position(|known| *known == subject);
        self.costs[place.expect("every subject of a pair was measured")]
    }

    fn figures(&self, group: &str, load: Load, unit: Unit) -> impl Iterator<Item = Figure> {
        let Load { nodes, bytes, .. } = load;
        let size = if group == "core" {
            format!(" {bytes} B")
        } else {
            String::new()
        };
        let prefix = format!("{group} {nodes} nodes{size} B={}", load.in_flight);
        self.pairs.iter().map(move |pair| Figure {
            name: format!("{prefix}: {}", pair.name),
            ours: self.of(pair.ours),
            peer: Some(self.of(pair.peer)),
            unit,
        })
    }
}
