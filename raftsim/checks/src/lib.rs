//! The checks: they watch a run from outside and say which property of the paper does not hold.
//!
//! [`Checks`] is an observer of the engine. After every action it compares what a node did with
//! what all nodes did before, at a cost proportional to what changed; at the end it replays the
//! committed log against what clients were told. Nothing here calls the code it judges for an
//! opinion: logs are remembered from writes, quorums are counted on the disks' durable images, and
//! the replay uses a key-value model of its own.

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
mod stored;
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
pub use stored::{Most, Stored, log_bytes, snapshot_bytes};
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
    /// The search for an order that explains what clients saw ran out of its budget.
    undecided: bool,
}

impl Checks {
    /// Checks of these properties, for nodes with these names, some of which found the cluster.
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

    /// What clients did and saw.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// What clients did and saw, when nothing more will be checked.
    #[must_use]
    pub fn into_history(self) -> History {
        self.history
    }

    /// How much nodes have sent each other so far.
    #[must_use]
    pub fn meter(&self) -> Meter {
        self.meter
    }

    /// How much nodes have kept at most so far.
    pub fn stored(&self) -> &Stored {
        &self.stored
    }

    /// The committed log: what each entry carries.
    pub fn committed(&self) -> &[Payload] {
        &self.log
    }

    /// What the run has shown so far.
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

    /// Looks at the run as a whole: the witness order, exactly once, no acknowledged write lost.
    ///
    /// # Errors
    /// What does not hold.
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

    /// The applied order as an explanation of what clients saw: a proof of linearizability, if it
    /// explains everything, asked for or not. If it does not, another order may.
    fn witness(&mut self) -> Result<Looked, Found> {
        let wanted = |property: Property| self.wanted[property as usize];
        let linear = wanted(Property::Linearizability);
        let found = match applied_order::check(&self.history, &self.log, |p| linear || wanted(p)) {
            Ok(looked) => return Ok(looked),
            Err(found) => found,
        };
        let order = found.property == Property::AppliedOrderExplainsReplies;
        // That a request took effect twice or never says more than that no order explains it.
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

    /// Whether it is not known if any order explains what clients saw.
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
            // With a wrong rule the node may have cut it off at once.
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
