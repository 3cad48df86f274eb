//! Notices what faults wait for: elections, crashes, restarts.

use std::marker::PhantomData;

use kv::Duties;
use raft_core::{RoleKind, Rules, Term};
use simulator::{Action, Cluster, Observer, Step};

use crate::format::Trigger;
use crate::server::Server;

/// Remembers each node's role and collects triggers until they are taken. `V` is the violation
/// type of whoever watches beside it; it has none of its own.
#[derive(Clone, Debug)]
pub(crate) struct Watch<V> {
    roles: Vec<(Term, RoleKind)>,
    pub(crate) seen: Vec<Trigger>,
    violation: PhantomData<V>,
}

impl<V> Watch<V> {
    pub(crate) fn new(nodes: usize) -> Self {
        let roles = vec![(Term(0), RoleKind::Follower); nodes];
        Self {
            roles,
            seen: Vec::new(),
            violation: PhantomData,
        }
    }
}

impl<R: Rules + Clone, D: Duties, V> Observer<Server<R, D>> for Watch<V> {
    const EVENTS: bool = false;
    type Violation = V;

    #[inline]
    fn after(
        &mut self,
        cluster: &Cluster<Server<R, D>>,
        step: &Step<'_, Server<R, D>>,
    ) -> Result<(), V> {
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
