//! The status of the servers at a time of a run.

use checks::Violation;
use runner::Spectator;
use scenario::NodeName;
use simulator::{Cluster, Observer, Step, Time};
use sut::Server;

/// Keeps the status of each server after its last event up to a time.
#[derive(Clone, Debug)]
pub struct Servers {
    until: Time,
    servers: Vec<Option<kv::Status>>,
}

impl Servers {
    /// For a cluster of this size, up to this time.
    #[must_use]
    pub fn new(nodes: usize, until: Time) -> Self {
        let servers = vec![None; nodes];
        Self { until, servers }
    }

    /// The status of each server; `None` for a server that was down or had not yet done anything.
    #[must_use]
    pub fn into_statuses(self) -> Vec<Option<kv::Status>> {
        self.servers
    }
}

/// The statuses of servers with these names as JSON, `null` for those that are absent.
#[must_use]
pub fn statuses(names: &[NodeName], servers: &[Option<kv::Status>]) -> String {
    let named = names.iter().zip(servers);
    let named: serde_json::Map<_, _> = named
        .map(|(name, status)| (name.to_string(), serde_json::json!(status)))
        .collect();
    serde_json::to_string_pretty(&named).expect("statuses are JSON")
}

impl Observer<Server> for Servers {
    type Violation = Box<Violation>;

    fn after(
        &mut self,
        cluster: &Cluster<Server>,
        step: &Step<'_, Server>,
    ) -> Result<(), Box<Violation>> {
        if let Some(node) = step.node.filter(|_| step.time <= self.until) {
            let server = cluster.node(node);
            self.servers[node.0 as usize] = server.map(|server| server.node().status());
        }
        Ok(())
    }
}

impl Spectator for Servers {}
