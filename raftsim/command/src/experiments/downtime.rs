//! The time that a cluster has no leader after its leader crashed.

use checks::Violation;
use raft_core::{RoleKind, Term};
use runner::Spectator;
use simulator::{Action, Cluster, Observer, Span, Step, Time};
use sut::Server;

/// Measures the time from the first crash of a leader to the next leader. Then the run may stop.
#[derive(Clone, Debug)]
pub(crate) struct Downtime {
    /// The term that each node leads, while it leads.
    leads: Vec<Option<Term>>,
    crashed: Option<Time>,
    took: Option<Span>,
}

impl Downtime {
    /// A measurement for this many nodes.
    #[must_use]
    pub(crate) fn new(nodes: usize) -> Self {
        Self {
            leads: vec![None; nodes],
            crashed: None,
            took: None,
        }
    }

    /// The time of the leader's crash, if it crashed.
    #[must_use]
    pub(crate) fn crashed(&self) -> Option<Time> {
        self.crashed
    }

    /// The time until the next leader, if there was one.
    #[must_use]
    pub(crate) fn took(&self) -> Option<Span> {
        self.took
    }

    /// Whether this node is the leader of the highest term that has a leader.
    fn is_leader(&self, node: usize) -> bool {
        self.leads[node].is_some() && self.leads[node] == self.leads.iter().copied().max().flatten()
    }
}

impl Observer<Server> for Downtime {
    type Violation = Box<Violation>;

    fn after(
        &mut self,
        cluster: &Cluster<Server>,
        step: &Step<'_, Server>,
    ) -> Result<(), Box<Violation>> {
        let Some(id) = step.node else { return Ok(()) };
        let node = id.0 as usize;
        if matches!(step.action, Action::Crash { .. })
            && self.crashed.is_none()
            && self.is_leader(node)
        {
            self.crashed = Some(step.time);
        }
        let raft = cluster.node(id).map(|server| server.node().raft());
        let leads = raft
            .filter(|raft| raft.role() == RoleKind::Leader)
            .map(|raft| raft.current_term());
        if leads > self.leads[node]
            && let (Some(crashed), None) = (self.crashed, self.took)
        {
            self.took = Some(Span(step.time.0 - crashed.0));
        }
        self.leads[node] = leads;
        Ok(())
    }
}

impl Spectator for Downtime {
    fn has_seen_enough(&self) -> bool {
        self.took.is_some()
    }
}
