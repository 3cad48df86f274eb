//! Watches snapshots: taken, sent, resumed, installed, interrupted by crashes.

use kv::Write;
use raft_core::{Event, SnapshotId};
use simulator::{Cluster, NodeId, Step};
use sut::Server;

use super::probe::Probe;
use super::watch::{PartialSnapshot, Probes, has_sessions};

impl Probes {
    /// Events of snapshots.
    pub(super) fn snapshots(
        &mut self,
        node: NodeId,
        cluster: &Cluster<Server>,
        step: &Step<'_, Server>,
    ) {
        let raft = cluster.node(node).map(|server| server.node().raft());
        for event in step.events {
            match event {
                kv::Event::SnapshotBegun { .. } => self.hit(Probe::SnapshotBegun),
                kv::Event::Answered { lost: true, .. } => {
                    let installs = |event: &kv::Event| {
                        matches!(event, kv::Event::Core(Event::SnapshotInstalled { .. }))
                    };
                    let installed = step.events.iter().any(installs);
                    self.hit_if(installed, Probe::RequestCoveredBySnapshot);
                }
                kv::Event::Core(Event::LogCut { .. }) => {
                    self.hit(Probe::LogCut);
                    let sends = raft.is_some_and(|raft| {
                        let mut peers = raft.progress().iter();
                        peers.any(|peer| peer.sending().is_some())
                    });
                    self.hit_if(sends, Probe::LogCutWhileSending);
                }
                kv::Event::Core(Event::SnapshotSent { .. }) => self.hit(Probe::SnapshotSent),
                kv::Event::Core(Event::SnapshotPassedOver { last, held }) => {
                    let more = raft.is_some_and(|raft| raft.log().last_index() > last.index);
                    self.hit_if(*held && more, Probe::SuffixKept);
                    self.hit_if(!held, Probe::SnapshotWithoutNews);
                }
                kv::Event::Core(Event::SnapshotInstalled { whole, was, last }) => {
                    self.hit(Probe::SnapshotInstalled);
                    let seen = &self.servers[node.0 as usize];
                    let replaced = *whole && seen.last.index > *was && seen.last.index.0 > 0;
                    self.hit_if(replaced, Probe::SnapshotReplacedEntries);
                    self.installed(node);
                    self.hit_if(has_sessions(cluster, node), Probe::SnapshotBroughtSessions);
                    if *whole {
                        self.servers[node.0 as usize].last = *last;
                    }
                }
                _ => {}
            }
        }
    }

    /// Pieces of snapshots that a step writes.
    pub(super) fn pieces(
        &mut self,
        node: NodeId,
        cluster: &Cluster<Server>,
        step: &Step<'_, Server>,
    ) {
        for write in &step.output.writes {
            if let Write::Piece { snapshot, .. } = write {
                let raft = cluster.node(node).map(|server| server.node().raft());
                let leader = raft.and_then(raft_core::Raft::leader);
                self.piece(node, *snapshot, leader);
            }
        }
    }

    fn piece(&mut self, node: NodeId, id: SnapshotId, leader: Option<raft_core::NodeId>) {
        let part = &mut self.servers[node.0 as usize].part;
        match part {
            Some(part) if part.id == id => {
                part.pieces += 1;
                part.by_several |= part.leader.is_some() && part.leader != leader;
                part.leader = leader;
            }
            _ => {
                let anew = part.is_some();
                *part = Some(PartialSnapshot {
                    id,
                    pieces: 1,
                    leader,
                    by_several: false,
                    restarted: false,
                });
                self.hit_if(anew, Probe::SnapshotBegunAnew);
            }
        }
    }

    fn installed(&mut self, node: NodeId) {
        let Some(part) = self.servers[node.0 as usize].part.take() else {
            return;
        };
        self.hit_if(part.pieces > 1, Probe::SnapshotInPieces);
        self.hit_if(part.by_several, Probe::SnapshotResumedByOther);
        self.hit_if(part.restarted, Probe::SnapshotResumedAfterRestart);
    }

    /// A server crashed.
    pub(super) fn crashed_with_snapshots(&mut self, node: NodeId, disk: &kv::Disk) {
        let part = &mut self.servers[node.0 as usize].part;
        let kept = disk.incoming.as_ref().map(|(id, _)| *id);
        let had = part.is_some();
        *part = part.filter(|part| kept == Some(part.id));
        if let Some(part) = part {
            part.restarted = true;
        }
        self.hit_if(had, Probe::CrashedWhileReceiving);
        let covers = disk.snapshot.as_ref().map(|whole| whole.id.last.index);
        let ahead = covers.is_some_and(|covered| covered > disk.base().index);
        self.hit_if(ahead, Probe::CrashedBetweenSnapshotAndCut);
    }

    /// A server started.
    pub(super) fn started_with_snapshots(&mut self, disk: &kv::Disk) {
        self.hit_if(disk.snapshot.is_some(), Probe::StartedFromSnapshot);
    }
}
