//! Watches leader priorities.

use raft_core::{Event, RoleKind, VoteRefusal};
use simulator::{Cluster, NodeId, Step};
use sut::{Server, engine_id};

use super::probe::Probe;
use super::watch::Probes;

impl Probes {
    /// Decisions in which priorities differ.
    pub(super) fn priorities(
        &mut self,
        node: NodeId,
        cluster: &Cluster<Server>,
        step: &Step<'_, Server>,
    ) {
        let priority = |node: NodeId| {
            let server: Option<&Server> = cluster.node(node);
            server.map(|server| server.node().raft().settings().priority)
        };
        for event in step.events {
            let kv::Event::Core(event) = event else {
                continue;
            };
            let refused_lower = &mut self.servers[node.0 as usize].refused_lower;
            match event {
                Event::VoteRefused { why, .. } | Event::PreVoteRefused { why, .. } => {
                    *refused_lower |= matches!(why, VoteRefusal::LowerPriority { .. });
                }
                Event::Follows { .. } => *refused_lower = false,
                Event::Became {
                    role: RoleKind::Leader,
                    ..
                } => {
                    let refused_lower = std::mem::take(refused_lower);
                    self.hit_if(refused_lower, Probe::PreferredElected);
                }
                Event::VoteGranted {
                    candidate,
                    term,
                    theirs,
                    own,
                    ..
                } => {
                    let candidate = engine_id(*candidate);
                    if priority(candidate) >= priority(node) || priority(candidate).is_none() {
                        continue;
                    }
                    let probe = if self.transfer_target == Some((candidate, *term)) {
                        Probe::PriorityPassedOver
                    } else if (theirs.term, theirs.index) > (own.term, own.index) {
                        Probe::PriorityOutweighed
                    } else {
                        Probe::PriorityGaveWay
                    };
                    self.hit(probe);
                }
                _ => {}
            }
        }
    }
}
