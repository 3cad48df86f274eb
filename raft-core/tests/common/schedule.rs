//! Random schedules: any order of delivery, loss, duplication, timeouts, disk completions, and
//! crashes that leave any prefix of what was not reported.

use proptest::prelude::*;
use raft_core::{Append, Index, Rules};

use super::{Cluster, n};

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum Act {
    Deliver(usize),
    Drop(usize),
    Duplicate(usize),
    Timeout(u64),
    Propose(u64),
    CompleteOne(u64),
    Sync(u64),
    /// So many whole writes survive, then so many pieces of the next.
    Crash(u64, usize, usize),
}

pub fn act(size: u64) -> impl Strategy<Value = Act> {
    let any_place = any::<usize>;
    let node = move || 1..=size;
    prop_oneof![
        16 => any_place().prop_map(Act::Deliver),
        1 => any_place().prop_map(Act::Drop),
        1 => any_place().prop_map(Act::Duplicate),
        2 => node().prop_map(Act::Timeout),
        3 => node().prop_map(Act::Propose),
        4 => node().prop_map(Act::CompleteOne),
        3 => node().prop_map(Act::Sync),
        1 => (node(), 0_usize..4, 0_usize..5).prop_map(|(id, whole, cut)| Act::Crash(id, whole, cut)),
    ]
}

impl Act {
    /// Whether a cluster of this size has the server that it happens to.
    pub fn fits(&self, size: u64) -> bool {
        match self {
            Self::Timeout(id) | Self::Propose(id) | Self::CompleteOne(id) | Self::Sync(id) => {
                *id <= size
            }
            Self::Crash(id, ..) => *id <= size,
            Self::Deliver(_) | Self::Drop(_) | Self::Duplicate(_) => true,
        }
    }
}

/// A crash: `whole` writes of those in flight survive, then `cut` pieces of the next one.
fn crash<R: Rules + Clone>(cluster: &mut Cluster<R>, id: u64, whole: usize, mut cut: usize) {
    let disk = cluster.disks.get_mut(&n(id)).unwrap();
    for _ in 0..whole {
        if let Some(write) = disk.in_flight.pop_front() {
            disk.apply(&write);
        }
    }
    if let Some(mut write) = disk.in_flight.pop_front() {
        let mut piece = || {
            let left = cut > 0;
            cut = cut.saturating_sub(1);
            left
        };
        write.hard_state = write.hard_state.filter(|_| piece());
        write.truncate_from = write.truncate_from.filter(|_| piece());
        write.rebase = write.rebase.filter(|_| piece());
        write.append = write.append.filter(|_| cut > 0).map(|append| Append {
            last: append.last.min(Index(append.first.0 + cut as u64 - 1)),
            ..append
        });
        disk.apply(&write);
    }
    cluster.crash(id);
    cluster.start(id);
}

/// Does one thing, if there is something to do it to.
pub fn run<R: Rules + Clone>(cluster: &mut Cluster<R>, act: Act) {
    let waiting = cluster.wire.len();
    match act {
        Act::Deliver(place) if waiting > 0 => {
            cluster.wire.swap(0, place % waiting);
            cluster.deliver_one(|_| true);
        }
        Act::Drop(place) if waiting > 0 => drop(cluster.wire.remove(place % waiting)),
        Act::Duplicate(place) if waiting > 0 => {
            let copy = cluster.wire[place % waiting].clone();
            cluster.wire.push_back(copy);
        }
        Act::Deliver(_) | Act::Drop(_) | Act::Duplicate(_) => {}
        Act::Timeout(id) if cluster.node(id).deadline().is_some() => drop(cluster.timeout(id)),
        Act::Timeout(id) | Act::Sync(id) => cluster.sync(id),
        Act::Propose(id) => drop(cluster.propose(id)),
        Act::CompleteOne(id) => {
            let first = cluster.disks[&n(id)]
                .in_flight
                .front()
                .map(|write| write.id.0);
            first.map(|write| cluster.durable(id, write));
        }
        Act::Crash(id, whole, cut) => crash(cluster, id, whole, cut),
    }
}
