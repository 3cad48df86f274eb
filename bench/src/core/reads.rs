//! Reads without a log entry: the cost from the request until the leader names an index.

use std::io;

use raft::ReadOnlyOption;
use raft_core::ReadMode;

use super::ours::{self, Ours};
use super::payload::Without;
use super::theirs::{self, Theirs};
use crate::figure::{Figure, Form, Unit, print};
use crate::load::{Cluster, Load};
use crate::measure::{Milli, Work, ns_per_unit};

/// Reads between two readings of the clock.
const CHUNK: u64 = 6_400;
/// The numbers of reads that wait for an index at the same time.
const BATCHES: [u64; 3] = [1, 16, 64];

const LOAD: Load = Load {
    nodes: 3,
    bytes: 16,
    in_flight: 1,
};

/// A second of processor time, in nanoseconds.
const SECOND_NS: u64 = 1_000_000_000;

/// The read modes of both sides.
const WAYS: [(&str, ReadMode, ReadOnlyOption); 2] = [
    ("ReadIndex", ReadMode::ReadIndex, ReadOnlyOption::Safe),
    ("lease", ReadMode::Lease, ReadOnlyOption::LeaseBased),
];

/// Measures reads, once with one request for each read, and once with one request for all waiting
/// reads. An application with many waiting reads should do the latter on both sides.
///
/// # Errors
/// If standard output cannot be written.
pub(crate) fn run(form: Form) -> io::Result<()> {
    for (name, mode, option) in WAYS {
        let mut all = Vec::new();
        for batch in BATCHES {
            let mut works = vec![ours(batch, 1, mode), theirs(batch, 1, option)];
            if batch > 1 {
                works.extend([ours(batch, batch, mode), theirs(batch, batch, option)]);
            }
            let costs = ns_per_unit(&mut works).into_iter().map(per_second);
            let costs: Vec<_> = costs.collect();
            let asked = ["each asks", "one question for all"];
            all.extend(costs.chunks(2).zip(asked).map(|(pair, how)| Figure {
                name: format!("{name}, 3 nodes, {batch} at a time: {how}"),
                ours: pair[0],
                peer: Some(pair[1]),
                unit: Unit::PerSecond,
            }));
        }
        print(&format!("reads by {name}"), "raft-rs", &all, form)?;
    }
    Ok(())
}

fn per_second(ns: Milli) -> Milli {
    Milli::ratio(SECOND_NS * 1000, ns.0)
}

fn ours(batch: u64, each: u64, mode: ReadMode) -> Work<'static> {
    let manner = ours::Manner {
        together: false,
        eager: false,
    };
    let mut cluster = Ours::<Without>::new(LOAD, manner);
    cluster.commit(1);
    Box::new(move || {
        (0..CHUNK / batch).for_each(|_| cluster.read(batch / each, mode));
        CHUNK
    })
}

fn theirs(batch: u64, each: u64, option: ReadOnlyOption) -> Work<'static> {
    let manner = theirs::Manner {
        inbox: true,
        batch_append: true,
        skip_bcast_commit: false,
        together: false,
    };
    let mut cluster = Theirs::reading(LOAD, manner, option);
    cluster.commit(1);
    Box::new(move || {
        (0..CHUNK / batch).for_each(|_| cluster.read(batch, each));
        CHUNK
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_reads_are_answered_on_both_sides() {
        for (_, mode, option) in WAYS {
            for batch in BATCHES {
                assert_eq!(ours(batch, 1, mode)(), CHUNK);
                assert_eq!(ours(batch, batch, mode)(), CHUNK);
                assert_eq!(theirs(batch, 1, option)(), CHUNK);
                assert_eq!(theirs(batch, batch, option)(), CHUNK);
            }
        }
    }

    #[test]
    fn nanoseconds_become_reads_a_second() {
        assert_eq!(per_second(Milli(250_000)), Milli(4_000_000_000));
    }
}
