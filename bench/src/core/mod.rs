//! The core in memory: the cost of one entry from its proposal until every node has committed and
//! applied it, and the cost of keeping a leader in office.

pub(crate) mod node;
mod ours;
mod pair;
mod payload;
pub(crate) mod reads;
mod subject;
mod theirs;

use std::io;

use crate::figure::{Form, Unit, print};
use crate::instructions::Counter;
use crate::load::{COMPACT_EVERY, Cluster, Load};
use crate::measure::{Milli, Work, ns_per_unit};

use pair::{IDLE, MANY, ONE, figures};
pub(crate) use subject::Subject;

/// Entries between two readings of the clock: one compaction.
const CHUNK: u64 = COMPACT_EVERY;

/// Heartbeats between two readings of the clock.
const BEATS: u64 = 10_000;

/// Measures proposals.
///
/// # Errors
/// If standard output cannot be written, or valgrind fails.
pub(crate) fn run(form: Form, counter: Option<&Counter>) -> io::Result<()> {
    for (in_flight, title, pairs) in [
        (1, "committed and applied everywhere, one at a time", ONE),
        (64, "committed and applied everywhere, 64 in flight", MANY),
    ] {
        for (nodes, bytes) in [(3, 16), (3, 256), (5, 16), (5, 256)] {
            let load = Load {
                nodes,
                bytes,
                in_flight,
            };
            let prefix = format!("core {nodes} nodes {bytes} B, {in_flight} in flight");
            let mut all = figures(pairs, &prefix, Unit::NsPerEntry, |subjects| {
                Ok(time(subjects, load, |cluster| {
                    cluster.commit(CHUNK);
                    CHUNK
                }))
            })?;
            all.extend(figures(
                pairs,
                &prefix,
                Unit::MessagesPerEntry,
                |subjects| {
                    let per_entry = subjects.iter().map(|subject| messages(*subject, load));
                    Ok(per_entry.collect())
                },
            )?);
            if let Some(counter) = counter {
                let unit = Unit::InstructionsPerEntry;
                all.extend(figures(pairs, &prefix, unit, |subjects| {
                    let counts = subjects.iter();
                    counts.map(|it| counter.per_entry(*it, load)).collect()
                })?);
            }
            print(title, "raft-rs", &all, form)?;
        }
    }
    Ok(())
}

/// Measures heartbeats.
///
/// # Errors
/// If standard output cannot be written, or valgrind fails.
pub(crate) fn idle(form: Form, counter: Option<&Counter>) -> io::Result<()> {
    let mut all = Vec::new();
    for nodes in [3, 5] {
        let load = Load {
            nodes,
            bytes: 16,
            in_flight: 1,
        };
        let prefix = format!("idle {nodes} nodes");
        all.extend(figures(IDLE, &prefix, Unit::NsPerRound, |subjects| {
            Ok(time(subjects, load, |cluster| {
                (0..BEATS).for_each(|_| cluster.heartbeat());
                BEATS
            }))
        })?);
        if let Some(counter) = counter {
            let unit = Unit::InstructionsPerRound;
            all.extend(figures(IDLE, &prefix, unit, |subjects| {
                let counts = subjects.iter();
                counts.map(|it| counter.per_heartbeat(*it, load)).collect()
            })?);
        }
    }
    print("the whole cluster, idle", "raft-rs", &all, form)
}

/// Nanoseconds for one unit of work of each subject's cluster.
fn time(subjects: &[Subject], load: Load, work: fn(&mut dyn Cluster) -> u64) -> Vec<Milli> {
    let works = subjects.iter().map(|subject| -> Work<'_> {
        let mut cluster = subject.build(load);
        Box::new(move || work(&mut *cluster))
    });
    ns_per_unit(&mut works.collect::<Vec<_>>())
}

/// Messages for one entry.
fn messages(subject: Subject, load: Load) -> Milli {
    let mut cluster = subject.build(load);
    let before = cluster.delivered();
    cluster.commit(CHUNK);
    Milli::ratio(cluster.delivered() - before, CHUNK)
}
