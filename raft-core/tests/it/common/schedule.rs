//! Random schedules: any order of delivery, loss, duplication, timeouts, disk completions, crashes
//! that leave any prefix of unreported writes, and operators' requests in between.

use proptest::prelude::*;
use raft_core::{Append, Change, ChangeOptions, Index, Input, NodeId, RoleKind};

use super::{Cluster, n};

/// One action.
#[derive(Clone, Debug)]
pub enum Act {
    Deliver(usize),
    Drop(usize),
    Duplicate(usize),
    Timeout(u64),
    Propose(u64),
    CompleteOne(u64),
    Sync(u64),
    /// A crash: some whole writes survive, then some pieces of the next.
    Crash(u64, usize, usize),
    /// Asks some leader for a change.
    Change(usize, Change, ChangeOptions),
    Transfer(usize, u64),
    /// Takes a snapshot, and cuts the log some entries before its end.
    Snapshot(u64, u64),
    /// Delivers everything between these servers, and nothing else.
    Among(Vec<u64>),
}

/// Any act but operators' requests.
///
/// One tuple in place of a union, here and below. A union keeps a test runner for each choice that
/// it did not take, and copying those costs more than all steps of the servers.
pub fn act(size: u64) -> impl Strategy<Value = Act> + Clone {
    let parts = (0_u32..31, any::<usize>(), 1..=size, 0_usize..4, 0_usize..5);
    parts.prop_map(|(kind, place, id, whole, cut)| match kind {
        0..16 => Act::Deliver(place),
        16 => Act::Drop(place),
        17 => Act::Duplicate(place),
        18..20 => Act::Timeout(id),
        20..23 => Act::Propose(id),
        23..27 => Act::CompleteOne(id),
        27..30 => Act::Sync(id),
        _ => Act::Crash(id, whole, cut),
    })
}

/// Draws small numbers out of one large one.
struct Draws(u64);

impl Draws {
    /// One of `count` numbers, from 0.
    fn below(&mut self, count: u64) -> u64 {
        let drawn = self.0 % count;
        self.0 /= count;
        drawn
    }

    fn server(&mut self, size: u64) -> NodeId {
        NodeId(self.below(size) + 1)
    }

    /// `count` servers, in order.
    fn servers(&mut self, size: u64, count: u64) -> Vec<NodeId> {
        let mut all: Vec<_> = (1..=size).map(NodeId).collect();
        while all.len() as u64 > count {
            let gone = self.below(all.len() as u64);
            all.remove(gone as usize);
        }
        all
    }

    fn change(&mut self, size: u64) -> Change {
        match self.below(12) {
            0 => Change::Add(self.server(size)),
            1..4 => Change::Promote(self.server(size)),
            4 => Change::Demote(self.server(size)),
            5..7 => Change::Remove(self.server(size)),
            7..9 => Change::Replace {
                old: self.server(size),
                new: self.server(size),
            },
            9..11 => {
                let (votes, learns) = (self.below(4) + 1, self.below(5));
                let voters = self.servers(size, votes);
                let mut learners = self.servers(size, learns);
                learners.retain(|id| !voters.contains(id));
                Change::To {
                    learners: learners.into(),
                    voters: voters.into(),
                }
            }
            _ => Change::Leave,
        }
    }
}

/// Any change of members, sensible or not.
pub fn change(size: u64) -> impl Strategy<Value = Change> {
    any::<u64>().prop_map(move |drawn| Draws(drawn).change(size))
}

/// Acts that may change the members of the cluster.
pub fn act_with_changes(size: u64) -> impl Strategy<Value = Act> + Clone {
    let parts = (0_u32..39, act(size), any::<usize>(), 1..=size, any::<u64>());
    parts.prop_map(move |(kind, act, leader, id, drawn)| {
        let mut draws = Draws(drawn);
        match kind {
            0..30 => act,
            30..32 => {
                let how = ChangeOptions {
                    forced: draws.below(2) == 1,
                    stays_joint: draws.below(5) == 4,
                };
                Act::Change(leader, draws.change(size), how)
            }
            32 => Act::Transfer(leader, id),
            33 => Act::Snapshot(id, draws.below(3)),
            34..37 => {
                let count = draws.below(size) + 1;
                let ids = draws.servers(size, count);
                Act::Among(ids.into_iter().map(|id| id.0).collect())
            }
            _ => Act::Timeout(id),
        }
    })
}

impl Act {
    /// Whether a cluster of this size has the server of the act.
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
fn crash(cluster: &mut Cluster, id: u64, whole: usize, mut cut: usize) {
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

/// Some server that considers itself leader, mostly the one of the newest term.
fn leader(cluster: &Cluster, at: usize) -> Option<u64> {
    let leads = |id: &&NodeId| cluster.nodes[id].role() == RoleKind::Leader;
    let mut leaders: Vec<_> = cluster.nodes.keys().filter(leads).collect();
    leaders.sort_by_key(|id| core::cmp::Reverse(cluster.nodes[id].current_term()));
    let place = if at.is_multiple_of(4) { at / 4 } else { 0 };
    leaders.get(place % leaders.len().max(1)).map(|id| id.0)
}

/// A snapshot of all that this server knows to be committed, if it has no newer one.
fn snapshot(cluster: &mut Cluster, id: u64, kept: u64) {
    // The snapshot is stored after all earlier writes.
    cluster.sync(id);
    let commit = cluster.node(id).commit_index();
    let known = cluster.disks[&n(id)].snapshot;
    let covered = known.map_or(Index(0), |known| known.last.index);
    if commit > covered {
        cluster.snapshot(id, 30, commit.0.saturating_sub(kept));
    }
}

/// Performs an act, if the cluster has a server for it.
pub fn run(cluster: &mut Cluster, act: Act) {
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
