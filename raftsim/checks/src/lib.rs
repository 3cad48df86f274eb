//! The checks watch a run from outside and report which property of the paper is violated.
//!
//! [`Checks`] is an observer of the engine. After every action it compares the node's output with
//! the earlier outputs of all nodes, at a cost proportional to the change. At the end it replays
//! the committed log against the replies that clients received. The checks never rely on the code
//! that they judge: they rebuild logs from writes, count quorums on the durable images of the
//! disks, and replay the log with a key-value model of their own.

mod answers;
mod applied_order;
mod configurations;
mod history;
pub mod history_export;
mod left_out;
mod linearity;
mod meter;
mod model;
mod reads;
mod requested_change;
mod safety;
mod shadow;
mod stored_bytes;
mod subject;
mod tenures;
mod violation;

use std::collections::BTreeSet;

use kv::Payload;
use simulator::{Action, Cluster, Observer, Step};
use sut::{Founders, Operator, Property, Server};

pub use configurations::{Sets, Short};
pub use history::{End, History, Operation};
pub use meter::Meter;
pub use model::{Request, asker, read_request};
pub use requested_change::{RequestedChange, but};
pub use safety::Sightings;
pub use stored_bytes::{Most, Stored, log_bytes, snapshot_bytes};
pub use subject::Subject;
pub use violation::{Broken, Violation};

use applied_order::Looked;
use linearity::Orders;
use safety::{Found, Safety};

/// Watches a run.
#[derive(Clone, Debug)]
pub struct Checks {
    safety: Safety,
    history: History,
    wanted: [bool; Property::COUNT],
    /// The committed log's payloads, for the replay at the end.
    log: Vec<Payload>,
    meter: Meter,
    stored: Stored,
    /// The search for an order that explains the replies ran out of its budget.
    undecided: bool,
}

impl Checks {
    /// Creates the checks of these properties for nodes with these names, of which `founders` found
    /// the cluster.
    #[must_use]
    pub fn new(
        names: Vec<String>,
        founders: impl Into<Founders>,
        properties: &BTreeSet<Property>,
    ) -> Self {
        let mut wanted = [false; Property::COUNT];
        for property in properties {
            wanted[*property as usize] = true;
        }
        Self {
            stored: Stored::new(names.len()),
            safety: Safety::new(names, founders.into(), wanted),
            history: History::default(),
            wanted,
            log: Vec::new(),
            meter: Meter::default(),
            undecided: false,
        }
    }

    /// The history of clients.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The history of clients, after all checks are done.
    #[must_use]
    pub fn into_history(self) -> History {
        self.history
    }

    /// The amount of data that nodes have sent each other so far.
    #[must_use]
    pub fn meter(&self) -> Meter {
        self.meter
    }

    /// The largest amounts of data that nodes have stored so far.
    pub fn stored(&self) -> &Stored {
        &self.stored
    }

    /// The committed log: the payload of each entry.
    pub fn committed(&self) -> &[Payload] {
        &self.log
    }

    /// The events that the run has shown so far.
    #[must_use]
    pub fn sightings(&self) -> Sightings {
        self.safety.sightings
    }

    /// How often each wanted property was evaluated.
    #[must_use]
    pub fn evaluated(&self) -> Vec<(Property, u64)> {
        Property::SINGLE
            .iter()
            .filter(|property| self.wanted[**property as usize])
            .map(|property| (*property, self.safety.evaluated[*property as usize]))
            .collect()
    }

    /// Checks the run as a whole: the witness order, exactly once, no acknowledged write lost.
    ///
    /// # Errors
    /// The violated property.
    pub fn finish(&mut self, cluster: &Cluster<Server>) -> Result<(), Box<Violation>> {
        let found = self.look_back(cluster);
        found.map_err(|found| {
            Box::new(Violation {
                broken: Broken::Property(found.property),
                event: cluster.last_event(),
                time: cluster.now(),
                node: None,
                subject: found.subject,
                facts: found.facts,
            })
        })
    }

    fn look_back(&mut self, cluster: &Cluster<Server>) -> Result<(), Found> {
        let wanted = self.wanted;
        let looked = self.witness()?;
        if wanted[Property::SessionGuarantees as usize] {
            reads::sessions(&self.history)?;
        }
        let evaluated = &mut self.safety.evaluated;
        evaluated[Property::AppliedOrderExplainsReplies as usize] += looked.replies;
        evaluated[Property::ExactlyOnce as usize] += looked.entries;
        evaluated[Property::NoAcknowledgedWriteLost as usize] += looked.replies;
        evaluated[Property::ReadsMatchTheirIndex as usize] += looked.reads;
        evaluated[Property::SessionGuarantees as usize] += looked.replies;
        if !self.undecided {
            evaluated[Property::Linearizability as usize] += looked.replies;
        }
        let up_to_date = cluster.nodes().find_map(|id| {
            let server = cluster.node(id)?;
            (server.node().applied() == self.safety.committed()).then_some(server)
        });
        let Some(server) = up_to_date else {
            return Ok(());
        };
        match applied_order::final_state(&looked.state, |key| server.node().read(key)) {
            Err(found) if !wanted[found.property as usize] => Ok(()),
            other => other,
        }
    }

    /// Tests whether the applied order explains all replies. If it does, that proves
    /// linearizability, whether or not the property is wanted. If it does not, another order may.
    fn witness(&mut self) -> Result<Looked, Found> {
        let wanted = |property: Property| self.wanted[property as usize];
        let linear = wanted(Property::Linearizability);
        let found = match applied_order::check(&self.history, &self.log, |p| linear || wanted(p)) {
            Ok(looked) => return Ok(looked),
            Err(found) => found,
        };
        let order = found.property == Property::AppliedOrderExplainsReplies;
        // If a request took effect twice or never, that says more than the fact that no order
        // explains the replies.
        if !linear || (!order && wanted(found.property)) {
            return Err(found);
        }
        match linearity::look(&self.history) {
            Orders::None(subject, facts) => {
                return Err(Found {
                    property: Property::Linearizability,
                    subject,
                    facts,
                });
            }
            Orders::Some => {}
            Orders::Unknown => self.undecided = true,
        }
        if self.wanted[found.property as usize] {
            return Err(found);
        }
        applied_order::check(&self.history, &self.log, |p| self.wanted[p as usize])
    }

    /// Whether it is unknown if any order explains the replies.
    pub fn undecided(&self) -> bool {
        self.undecided
    }

    fn look(&mut self, cluster: &Cluster<Server>, step: &Step<'_, Server>) -> Result<(), Found> {
        match step.action {
            Action::Call {
                client,
                serial,
                request,
                ..
            } => {
                self.history
                    .called(*client, *serial, request.clone(), step.id, step.time);
                return Ok(());
            }
            Action::Operator {
                command: Operator::Propose(proposal),
                ..
            } => self.history.offered(proposal, step.id, step.time),
            Action::Operator {
                command: Operator::Command(kv::Operator::ForceNewCluster),
                ..
            } => self.safety.recovers(),
            Action::Crash { node, .. } => {
                let disk = &cluster.disk(*node).0;
                self.stored.crashed(*node, disk, step.time);
                return self.safety.crashed(*node, disk);
            }
            Action::Written { node, .. } => {
                let (disk, pending) = (&cluster.disk(*node).0, cluster.pending_writes(*node));
                self.stored.written(*node, disk, pending.len(), step.time);
                self.safety.reported(*node, disk, pending);
            }
            Action::Restart(node) => {
                self.safety.restarted(*node, &cluster.disk(*node).0);
                if let Some(server) = cluster.node(*node) {
                    self.safety.started(*node, server)?;
                }
            }
            _ => {}
        }
        if let Some(received) = step.received {
            self.history.received(received, step.id, step.time);
        }
        let Some(id) = step.node else { return Ok(()) };
        for (_, message) in &step.output.sends {
            self.meter.sent(message);
        }
        self.stored.handed_over(id, &step.output.writes);
        let Some(server) = cluster.node(id) else {
            return Ok(());
        };
        for answer in server.answers() {
            self.history.told(answer, id, step.id, step.time);
        }
        let result = self.safety.stepped(cluster, id, server, step);
        if (self.log.len() as u64) < self.safety.committed() {
            self.keep_committed(server, &cluster.disk(id).0);
        }
        result
    }

    /// Keeps the payloads of newly committed entries, from the node that committed them.
    fn keep_committed(&mut self, server: &Server, disk: &kv::Disk) {
        let committed = self
            .safety
            .committed()
            .min(server.node().raft().commit_index().0);
        while (self.log.len() as u64) < committed {
            let index = raft_core::Index(self.log.len() as u64 + 1);
            // With a wrong rule the node may have removed the entry at once.
            let own = server.node().entry(index).map(|(_, payload)| payload);
            let Some(payload) = own.or_else(|| Some(&disk.entry(index)?.1)) else {
                return;
            };
            self.log.push(payload.clone());
        }
    }
}

impl Observer<Server> for Checks {
    type Violation = Box<Violation>;

    #[inline]
    fn after(
        &mut self,
        cluster: &Cluster<Server>,
        step: &Step<'_, Server>,
    ) -> Result<(), Box<Violation>> {
        match self.look(cluster, step) {
            Ok(()) => Ok(()),
            Err(found) => Err(Box::new(Violation {
                broken: Broken::Property(found.property),
                event: step.id,
                time: step.time,
                node: step.node,
                subject: found.subject,
                facts: found.facts,
            })),
        }
    }
}
