//! Random schedules: any order of delivery, loss, duplication, timeouts, disk completions, and
//! crashes that leave any prefix of what was not reported; and what operators ask for meanwhile.

use proptest::prelude::*;
use raft_core::{Append, Change, How, Index, Input, NodeId, RoleKind, Rules};

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
    /// Some leader is asked.
    Change(usize, Change, How),
    Transfer(usize, u64),
    /// A snapshot is taken, and the log is cut so many entries before its end.
    Snapshot(u64, u64),
    /// Everything between these arrives, and nothing else.
    Among(Vec<u64>),
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

/// Any change of members, sensible or not.
pub fn change(size: u64) -> impl Strategy<Value = Change> {
    let id = move || (1..=size).prop_map(NodeId);
    let some = move |least| {
        let all: Vec<_> = (1..=size).map(NodeId).collect();
        proptest::sample::subsequence(all, least..=4)
    };
    prop_oneof![
        1 => id().prop_map(Change::Add),
        3 => id().prop_map(Change::Promote),
        1 => id().prop_map(Change::Demote),
        2 => id().prop_map(Change::Remove),
        2 => (id(), id()).prop_map(|(old, new)| Change::Replace { old, new }),
        2 => (some(1), some(0)).prop_map(|(voters, learners)| Change::To {
            learners: learners.into_iter().filter(|id| !voters.contains(id)).collect(),
            voters: voters.into(),
        }),
        1 => Just(Change::Leave),
    ]
}

/// Acts that may change who belongs to the cluster.
pub fn act_with_changes(size: u64) -> impl Strategy<Value = Act> {
    let how = (any::<bool>(), proptest::bool::weighted(0.2));
    let how = how.prop_map(|(forced, stays_joint)| How {
        forced,
        stays_joint,
    });
    let (leader, node) = (any::<usize>, move || 1..=size);
    prop_oneof![
        30 => act(size),
        2 => (leader(), change(size), how).prop_map(|(at, change, how)| Act::Change(at, change, how)),
        1 => (leader(), node()).prop_map(|(at, to)| Act::Transfer(at, to)),
        1 => (node(), 0_u64..3).prop_map(|(id, kept)| Act::Snapshot(id, kept)),
        3 => proptest::sample::subsequence((1..=size).collect::<Vec<_>>(), 1..=size as usize)
            .prop_map(Act::Among),
        2 => node().prop_map(Act::Timeout),
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
            Self::Among(ids) => ids.iter().all(|id| *id <= size),
            Self::Transfer(_, id) | Self::Snapshot(id, _) => *id <= size,
            Self::Deliver(_) | Self::Drop(_) | Self::Duplicate(_) | Self::Change(..) => true,
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
        write.append = write.append.filter(|_| cut > 0).map(|append| {
            let last = append.last.min(Index(append.first.0 + cut as u64 - 1));
            let whole = last == append.last;
            Append {
                last,
                configuration: append.configuration.filter(|_| whole),
                ..append
            }
        });
        disk.apply(&write);
    }
    cluster.crash(id);
    cluster.start(id);
}

/// Some server that believes to lead; mostly the one of the newest term.
fn leader<R: Rules + Clone>(cluster: &Cluster<R>, at: usize) -> Option<u64> {
    let leads = |id: &&NodeId| cluster.nodes[id].role() == RoleKind::Leader;
    let mut leaders: Vec<_> = cluster.nodes.keys().filter(leads).collect();
    leaders.sort_by_key(|id| core::cmp::Reverse(cluster.nodes[id].current_term()));
    let place = if at.is_multiple_of(4) { at / 4 } else { 0 };
    leaders.get(place % leaders.len().max(1)).map(|id| id.0)
}

/// A snapshot of all that this server knows to be committed, if it has no newer one.
fn snapshot<R: Rules + Clone>(cluster: &mut Cluster<R>, id: u64, kept: u64) {
    // It is stored after everything that was to be stored before.
    cluster.sync(id);
    let commit = cluster.node(id).commit_index();
    let known = cluster.disks[&n(id)].snapshot;
    let covered = known.map_or(Index(0), |known| known.last.index);
    if commit > covered {
        cluster.snapshot(id, 30, commit.0.saturating_sub(kept));
    }
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
        Act::Timeout(id) | Act::Sync(id) => {
            cluster.sync(id);
            cluster.sync_pieces(id);
        }
        Act::Change(at, change, how) => {
            if let Some(id) = leader(cluster, at) {
                let change = &change;
                cluster.step(id, Input::Change { change, how });
            }
        }
        Act::Transfer(at, to) => {
            if let Some(id) = leader(cluster, at) {
                cluster.step(id, Input::Transfer { to: n(to) });
            }
        }
        Act::Snapshot(id, kept) => snapshot(cluster, id, kept),
        Act::Among(ids) => {
            for _ in 0..3 {
                ids.iter().for_each(|id| cluster.sync(*id));
                cluster.deliver_among(&ids);
            }
            cluster.drop_all();
        }
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
