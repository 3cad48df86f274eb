//! Notices the events that faults may wait for: elections, crashes, restarts.

use checks::Violation;
use raft_core::{RoleKind, Term};
use scenario::Trigger;
use simulator::{Action, Cluster, Observer, Step};
use sut::Server;

/// Remembers each node's role and collects triggers until the director takes them.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    roles: Vec<(Term, RoleKind)>,
    pub(crate) seen: Vec<Trigger>,
}

impl Watch {
    pub(crate) fn new(nodes: usize) -> Self {
        let roles = vec![(Term(0), RoleKind::Follower); nodes];
        Self {
            roles,
            seen: Vec::new(),
        }
    }
}

impl Observer<Server> for Watch {
    type Violation = Box<Violation>;

    #[inline]
    fn after(
        &mut self,
        cluster: &Cluster<Server>,
        step: &Step<'_, Server>,
    ) -> Result<(), Box<Violation>> {
        let Some(id) = step.node else { return Ok(()) };
        match step.action {
            Action::Crash { .. } => self.seen.push(Trigger::Crash),
            Action::Restart(_) => self.seen.push(Trigger::Restart),
            _ => {}
        }
        let Some(server) = cluster.node(id) else {
            return Ok(());
        };
        let raft = server.node().raft();
        let is = (raft.current_term(), raft.role());
        let was = std::mem::replace(&mut self.roles[id.0 as usize], is);
        if is != was {
            match is.1 {
                RoleKind::Leader => self.seen.push(Trigger::LeaderElected),
                RoleKind::Candidate => self.seen.push(Trigger::ElectionStarted),
                RoleKind::Follower | RoleKind::PreCandidate => {}
            }
        }
        Ok(())
    }
}
