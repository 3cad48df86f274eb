//! Watches witnesses: servers that hold no data.

use raft_core::{Body, Event, RoleKind, VoteRefusal};
use simulator::{Cluster, NodeId, Step};
use sut::{Server, engine_id};

use super::probe::Probe;
use super::watch::Probes;

impl Probes {
    /// Events of a witness, or with the help of one.
    pub(super) fn witnesses(
        &mut self,
        node: NodeId,
        cluster: &Cluster<Server>,
        step: &Step<'_, Server>,
    ) {
        let Some(server) = cluster.node(node) else {
            return;
        };
        let raft = server.node().raft();
        let members = raft.configuration();
        for event in step.events {
            let kv::Event::Core(event) = event else {
                continue;
            };
            match event {
                Event::VoteCounted {
                    voter,
                    granted: true,
                    role: RoleKind::Candidate,
                } => self.servers[node.0 as usize].votes.push(*voter),
                Event::Became { role, .. } => {
                    let votes = std::mem::take(&mut self.servers[node.0 as usize].votes);
                    let data = votes.iter().filter(|id| !members.is_witness(**id));
                    let enough = members.incoming().len() / 2 + 1;
                    let tied = *role == RoleKind::Leader && data.count() < enough;
                    self.hit_if(tied && !members.is_joint(), Probe::ElectedByWitness);
                }
                Event::VoteRefused { why, .. } | Event::PreVoteRefused { why, .. } => {
                    let newer = matches!(why, VoteRefusal::LogBehind { .. });
                    self.hit_if(newer && raft.is_witness(), Probe::RefusedByWitness);
                }
                Event::Committed { .. } if raft.role() == RoleKind::Leader => {
                    self.committed_with_a_witness(raft, cluster);
                }
                _ => {}
            }
        }
        if members.witnesses().is_empty() {
            return;
        }
        for (_, message) in &step.output.sends {
            if let Body::InstallSnapshot(install) = &message.raft.body {
                self.hit_if(install.is_name(), Probe::SnapshotByName);
            }
        }
    }

    /// Hits if a majority holds the commit only with the disks of witnesses.
    fn committed_with_a_witness(
        &mut self,
        raft: &raft_core::Raft<dyn raft_core::Rules>,
        cluster: &Cluster<Server>,
    ) {
        let (members, commit) = (raft.configuration(), raft.commit_index());
        if members.witnesses().is_empty() || members.is_joint() {
            return;
        }
        let Ok(term) = raft.log().term_at(commit) else {
            return;
        };
        let holds = |id: &raft_core::NodeId| {
            let disk = &cluster.disk(engine_id(*id)).0;
            !members.is_witness(*id) && disk.term_at(commit) == Some(term)
        };
        let data = members.incoming().iter().filter(|id| holds(id)).count();
        self.hit_if(
            data < members.incoming().len() / 2 + 1,
            Probe::CommittedByWitness,
        );
    }
}
