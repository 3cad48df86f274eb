//! Watches what comes of servers that are wanted as leaders more than others.

use raft_core::{Event, RoleKind, VoteRefusal};
use simulator::{Cluster, NodeId, Step};
use sut::{Server, engine_id};

use super::probe::Probe;
use super::watch::Probes;

impl Probes {
    /// What a step decided because of priorities, or in spite of them.
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
            let put_off = &mut self.servers[node.0 as usize].put_off;
            match event {
                Event::VoteRefused { why, .. } | Event::PreVoteRefused { why, .. } => {
                    *put_off |= matches!(why, VoteRefusal::LowerPriority { .. });
                }
                Event::Follows { .. } => *put_off = false,
                Event::Became {
                    role: RoleKind::Leader,
                    ..
                } => {
                    let put_off = std::mem::take(put_off);
                    self.hit_if(put_off, Probe::PreferredElected);
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
                    let probe = if self.chosen == Some((candidate, *term)) {
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
