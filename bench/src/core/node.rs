//! One idle server: its memory, and the cost of a copy. Programs that explore the behaviour of a
//! cluster copy servers all the time.

use std::hint::black_box;
use std::io;

use raft_core::Raft;

use super::ours::{Manner, Ours};
use super::payload::Without;
use crate::figure::{Figure, Form, Unit, print};
use crate::load::Load;
use crate::measure::{Milli, Work, ns_per_unit};
use crate::memory::resident;
use crate::peer::{self, PeerNode};

/// The number of copies whose memory is measured.
const COPIES: u64 = 20_000;

/// Copies between two readings of the clock.
const CHUNK: u64 = 10_000;

/// Measures an idle follower, and the time to copy it and its leader.
///
/// # Errors
/// If standard output cannot be written.
pub(crate) fn run(form: Form) -> io::Result<()> {
    let mut all = Vec::new();
    for nodes in [3, 5] {
        let load = Load {
            nodes,
            bytes: 16,
            in_flight: 1,
        };
        let manner = Manner {
            together: false,
            eager: false,
        };
        let cluster = Ours::<Without>::new(load, manner);
        let (leader, follower) = (cluster.raft(0), cluster.raft(1));
        let figure = |what: &str, ours, peer, unit| Figure {
            name: format!("node of {nodes}: {what}"),
            ours,
            peer,
            unit,
        };
        let held = |bytes| Milli::ratio(bytes, COPIES);
        let ours = memory(|| follower.clone());
        let peer = memory(|| PeerNode::new(&peer::config(1), nodes as u64));
        if let Some(ours) = ours {
            let peer = peer.map(held);
            all.push(figure("memory, idle", held(ours), peer, Unit::Bytes));
        }
        let size = Milli::ratio(size_of::<Raft>() as u64, 1);
        all.push(figure("of this, in one piece", size, None, Unit::Bytes));
        let copies = ns_per_unit(&mut [copied(follower), copied(leader)]);
        all.push(figure(
            "a copy of a follower",
            copies[0],
            None,
            Unit::NsPerCopy,
        ));
        all.push(figure(
            "a copy of the leader",
            copies[1],
            None,
            Unit::NsPerCopy,
        ));
    }
    print("one idle server", "raft-rs", &all, form)
}

/// The memory of `COPIES` values that exist at the same time.
fn memory<T>(make: impl Fn() -> T) -> Option<u64> {
    let before = resident()?;
    let all: Vec<T> = (0..COPIES).map(|_| make()).collect();
    let held = resident()?;
    // Freed memory would be reused by the next measurement.
    std::mem::forget(black_box(all));
    Some(held.saturating_sub(before))
}

/// Copies the server and drops the copies.
fn copied(raft: &Raft) -> Work<'_> {
    Box::new(move || {
        for _ in 0..CHUNK {
            black_box(black_box(raft).clone());
        }
        CHUNK
    })
}
