//! The observer that records a run for explanations.

use std::collections::BTreeMap;

use checks::{Sets, Violation, asker, read_request};
use raft_core::{Index, Message};
use runner::Spectator;
use simulator::{Action, Cluster, Endpoint, MessageId, NodeId, Observer, Step};
use sut::{Server, engine_id};

use super::account::Account;
use super::node_state::stands_for;
use super::observed::{Answer, Applied, Image, NodeView, ObservedStep, Operation, Received};

/// The requests that a store has executed.
#[derive(Clone, Debug, Default)]
struct Store {
    /// The last serial of each client.
    serials: BTreeMap<u64, u64>,
    /// The version of each key that a watched request wrote.
    versions: BTreeMap<Vec<u8>, u64>,
    /// Whether it began with a snapshot, which has versions that no watched request wrote.
    from_snapshot: bool,
}

impl Store {
    fn from_snapshot() -> Self {
        Self {
            from_snapshot: true,
            ..Self::default()
        }
    }

    /// The last version of a key, if it is known.
    fn version(&self, key: &[u8]) -> Option<u64> {
        let unseen = (!self.from_snapshot).then_some(0);
        self.versions.get(key).copied().or(unseen)
    }
}

/// Watches a run and records what can explain a failure.
#[derive(Clone, Debug)]
pub struct Recorder {
    /// The messages in flight between nodes, each with the event that sent it.
    in_flight: BTreeMap<MessageId, (u64, Message)>,
    stores: Vec<Store>,
    /// How many writes each node has given to its disk since it started.
    given: Vec<u64>,
    account: Account,
    begun: bool,
}

impl Recorder {
    /// A recorder for a cluster of nodes with these names.
    #[must_use]
    pub fn new(names: Vec<String>) -> Self {
        Self {
            in_flight: BTreeMap::new(),
            stores: vec![Store::default(); names.len()],
            given: vec![0; names.len()],
            account: Account::new(names),
            begun: false,
        }
    }

    pub(super) fn account(&self) -> &Account {
        &self.account
    }

    fn observed<'a>(
        &mut self,
        cluster: &Cluster<Server>,
        step: &'a Step<'a, Server>,
    ) -> ObservedStep<'a> {
        let received = self.received(step);
        let disk = self.disk(cluster, step);
        self.remember_sent(cluster, step);
        let mut observed = ObservedStep {
            step,
            received,
            disk,
            writes: self.writes(step),
            applied: Vec::new(),
            answers: Vec::new(),
            after: None,
        };
        let Some((node, server)) = step.node.and_then(|id| Some((id, cluster.node(id)?))) else {
            return observed;
        };
        observed.after = Some(view(server));
        for event in step.events {
            if let kv::Event::Answered {
                client,
                serial,
                entry,
                lost: false,
            } = event
            {
                observed.answers.push(Answer {
                    client: *client,
                    serial: *serial,
                    entry: *entry,
                    holds: request_at(server, entry.index),
                });
            }
        }
        observed.applied = self.applied(node, server);
        observed
    }

    fn received(&mut self, step: &Step<'_, Server>) -> Option<Received> {
        let (id, sent) = match step.action {
            Action::Deliver(id) => (id, self.in_flight.remove(id)),
            Action::Duplicate(id) => (id, self.in_flight.get(id).cloned()),
            Action::Drop(id, _) => {
                self.in_flight.remove(id);
                return None;
            }
            _ => return None,
        };
        let ((sent, message), Endpoint::Node(from)) = (sent?, id.from) else {
            return None;
        };
        Some(Received {
            from,
            sent,
            message,
        })
    }

    /// The disk that a crash leaves or a restart finds.
    fn disk(&mut self, cluster: &Cluster<Server>, step: &Step<'_, Server>) -> Option<Image> {
        let (node, store) = match step.action {
            Action::Crash { node, .. } => (*node, Store::default()),
            Action::Restart(node) => {
                self.given[node.0 as usize] = 0;
                let store = match cluster.disk(*node).0.snapshot.is_some() {
                    true => Store::from_snapshot(),
                    false => Store::default(),
                };
                (*node, store)
            }
            _ => return None,
        };
        self.stores[node.0 as usize] = store;
        Some(self.image(&cluster.disk(node).0))
    }

    fn writes(&mut self, step: &Step<'_, Server>) -> Vec<(u64, raft_core::Write)> {
        let Some(node) = step.node else {
            return Vec::new();
        };
        let mut writes = Vec::new();
        let given = &mut self.given[node.0 as usize];
        for write in &step.output.writes {
            *given += 1;
            writes.extend(write.log().map(|log| (*given, log.raft.clone())));
        }
        writes
    }

    fn image(&self, disk: &kv::Disk) -> Image {
        let mut log = stands_for(disk.base(), &self.account.committed);
        log.extend(disk.entries.iter().map(|(term, _)| *term));
        let hard = disk.hard_state;
        Image { hard, log }
    }

    /// Remembers the messages that the step sent: the engine names a message that arrives only by its
    /// number.
    fn remember_sent(&mut self, cluster: &Cluster<Server>, step: &Step<'_, Server>) {
        let Some(node) = step.node else { return };
        let mut numbers: BTreeMap<NodeId, u64> = BTreeMap::new();
        for (to, message) in &step.output.sends {
            let (from, end) = (node.into(), (*to).into());
            let sent = numbers
                .entry(*to)
                .or_insert_with(|| cluster.sent(from, end));
            *sent += 1;
            let id = MessageId {
                from,
                to: end,
                ordinal: *sent,
            };
            self.in_flight.insert(id, (step.id.0, message.raft.clone()));
        }
    }

    /// The entries that the node applied. A request that is executed again changes the version of its
    /// key, unless another request of the same step may have done so.
    fn applied(&mut self, node: NodeId, server: &Server) -> Vec<Applied> {
        let store = &mut self.stores[node.0 as usize];
        let machine = server.node();
        let (mut all, mut fresh, mut repeated) = (Vec::new(), Vec::new(), Vec::new());
        for (index, state) in server.applied() {
            let Some((entry, payload)) = server.node().entry(*index) else {
                // The state came with a snapshot.
                *store = Store::from_snapshot();
                all.push(Applied {
                    entry: server.node().raft().log().base().last,
                    request: None,
                    again: false,
                    state: *state,
                });
                continue;
            };
            let request = read_request(payload.bytes());
            let asked = asker(payload.bytes());
            if let Some(request) = &request {
                let last = store.serials.entry(request.client).or_insert(0);
                if request.serial > *last {
                    *last = request.serial;
                    fresh.push(request.key.to_vec());
                } else {
                    repeated.push((all.len(), request.key.to_vec()));
                }
            }
            all.push(Applied {
                entry,
                request: asked,
                again: false,
                state: *state,
            });
        }
        for (position, key) in &repeated {
            let was = store.version(key);
            let grew = was.is_some_and(|was| machine.read(key).version.0 > was);
            all[*position].again = !fresh.contains(key) && grew;
        }
        for key in fresh
            .into_iter()
            .chain(repeated.into_iter().map(|(_, key)| key))
        {
            let version = machine.read(&key).version.0;
            store.versions.insert(key, version);
        }
        all
    }
}

/// The request that an entry holds.
fn request_at(server: &Server, index: Index) -> Option<Operation> {
    let (_, payload) = server.node().entry(index)?;
    asker(payload.bytes())
}

fn view(server: &Server) -> NodeView {
    let raft = server.node().raft();
    let progress = raft.progress().iter();
    NodeView {
        term: raft.current_term(),
        vote: raft.voted_for().map(engine_id),
        role: raft.role(),
        base: raft.log().base().last.index,
        durable: raft.durable_index(),
        matches: progress
            .map(|peer| (engine_id(peer.id), peer.match_index))
            .collect(),
        contacts: raft
            .progress()
            .iter()
            .map(|peer| (engine_id(peer.id), peer.contact))
            .collect(),
        changing: raft.is_changing(),
        now: raft.now(),
        settings: *raft.settings(),
        commit: raft.commit_index(),
        members: Sets::of(raft.log().configuration()),
        configured_at: raft.log().configured_at(),
        in_use: Sets::of(raft.configuration()),
    }
}

impl Observer<Server> for Recorder {
    type Violation = Box<Violation>;

    fn wants_events(&self) -> bool {
        true
    }

    fn after(
        &mut self,
        cluster: &Cluster<Server>,
        step: &Step<'_, Server>,
    ) -> Result<(), Box<Violation>> {
        if !self.begun {
            self.begun = true;
            // No node wrote before the first event: the disks are the initial ones.
            for node in cluster.nodes() {
                let disk = self.image(&cluster.disk(node).0);
                self.account.begin(node, disk);
            }
        }
        let observed = self.observed(cluster, step);
        self.account.take_in(&observed, cluster.last_loss().writes);
        Ok(())
    }
}

impl Spectator for Recorder {}
