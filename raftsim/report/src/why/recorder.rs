//! The observer that takes down what a story needs.

use std::collections::BTreeMap;

use checks::{Sets, Violation, asker, read_request};
use raft_core::{Index, Message};
use runner::Spectator;
use simulator::{Action, Cluster, Endpoint, MessageId, NodeId, Observer, Step, Verdict};
use sut::{Operator, Server, engine_id};

use super::account::Account;
use super::moment::{Answer, Applied, Image, Look, Moment, Operation, Read, What};
use super::now::stands_for;

/// What a node's store has carried out.
#[derive(Clone, Debug, Default)]
struct Store {
    /// The last serial of each client.
    serials: BTreeMap<u64, u64>,
    /// The version of each key that was seen written.
    versions: BTreeMap<Vec<u8>, u64>,
    /// Whether it began with a snapshot, so that more was written than was seen.
    from_snapshot: bool,
}

impl Store {
    fn from_snapshot() -> Self {
        Self {
            from_snapshot: true,
            ..Self::default()
        }
    }

    /// The last known version of a key, if it is known.
    fn version(&self, key: &[u8]) -> Option<u64> {
        let unseen = (!self.from_snapshot).then_some(0);
        self.versions.get(key).copied().or(unseen)
    }
}

/// Watches a run and keeps what explains a failure.
#[derive(Clone, Debug)]
pub struct Recorder {
    /// The messages between nodes that are under way, each with the event that sent it.
    letters: BTreeMap<MessageId, (u64, Message)>,
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
            letters: BTreeMap::new(),
            stores: vec![Store::default(); names.len()],
            given: vec![0; names.len()],
            account: Account::new(names),
            begun: false,
        }
    }

    pub(super) fn account(&self) -> &Account {
        &self.account
    }

    fn moment(&mut self, cluster: &Cluster<Server>, step: &Step<'_, Server>) -> Moment {
        let what = self.what(cluster, step);
        self.post(cluster, step);
        let mut moment = Moment {
            id: step.id.0,
            time: step.time.0,
            node: step.node,
            what,
            decisions: Vec::new(),
            sent: Vec::new(),
            writes: self.writes(step),
            applied: Vec::new(),
            answers: Vec::new(),
            reads: Vec::new(),
            after: None,
        };
        for (to, message) in &step.output.sends {
            moment.sent.push((*to, message.raft.clone()));
        }
        let Some((node, server)) = step.node.and_then(|id| Some((id, cluster.node(id)?))) else {
            return moment;
        };
        moment.after = Some(look(server));
        for event in step.events {
            match event {
                kv::Event::Core(core) => moment.decisions.push(*core),
                kv::Event::Answered {
                    client,
                    serial,
                    entry,
                    lost: false,
                } => moment.answers.push(Answer {
                    client: *client,
                    serial: *serial,
                    entry: *entry,
                    holds: request_at(server, entry.index),
                }),
                kv::Event::ReadAnswered {
                    client,
                    serial,
                    needs,
                    applied,
                } => moment.reads.push(Read {
                    operation: (client.0, serial.0),
                    needs: *needs,
                    applied: *applied,
                }),
                _ => {}
            }
        }
        moment.applied = self.applied(node, server);
        moment
    }

    fn what(&mut self, cluster: &Cluster<Server>, step: &Step<'_, Server>) -> What {
        match step.action {
            Action::Deliver(id) | Action::Duplicate(id) => {
                if let Some(received) = step.received {
                    let done = received.accepted && received.verdict == Verdict::Done;
                    let operation = (u64::from(received.client.0), received.serial);
                    let told = What::Told(operation, received.from);
                    return if done { told } else { What::Other };
                }
                let letter = match step.action {
                    Action::Deliver(_) => self.letters.remove(id),
                    _ => self.letters.get(id).cloned(),
                };
                match (letter, id.from) {
                    (Some((sent, message)), Endpoint::Node(from)) => What::Receive {
                        from,
                        sent,
                        message,
                    },
                    _ => What::Other,
                }
            }
            Action::Drop(id, _) => {
                self.letters.remove(id);
                What::Other
            }
            Action::Written { through, .. } => What::Written(*through),
            Action::Crash { node, .. } => {
                self.stores[node.0 as usize] = Store::default();
                What::Crash {
                    lost: cluster.last_loss().writes,
                    disk: self.image(&cluster.disk(*node).0),
                }
            }
            Action::Restart(node) => {
                self.given[node.0 as usize] = 0;
                if cluster.disk(*node).0.snapshot.is_some() {
                    self.stores[node.0 as usize] = Store::from_snapshot();
                }
                What::Restart(self.image(&cluster.disk(*node).0))
            }
            Action::Operator {
                command: Operator::Command(command),
                ..
            } => What::Ordered(command.clone()),
            Action::Call { client, serial, .. } | Action::Retry { client, serial, .. } => {
                What::Asked((u64::from(client.0), *serial))
            }
            _ => What::Other,
        }
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

    /// Keeps what leaves, until it arrives.
    fn post(&mut self, cluster: &Cluster<Server>, step: &Step<'_, Server>) {
        let Some(node) = step.node else { return };
        let mut posted: BTreeMap<NodeId, u64> = BTreeMap::new();
        for (to, message) in &step.output.sends {
            let (from, end) = (node.into(), (*to).into());
            let sent = posted.entry(*to).or_insert_with(|| cluster.sent(from, end));
            *sent += 1;
            let id = MessageId {
                from,
                to: end,
                ordinal: *sent,
            };
            self.letters.insert(id, (step.id.0, message.raft.clone()));
        }
    }

    /// What was applied. A repetition is known by the version of its key, which it must not change;
    /// where another request of the same step changes it, nobody can tell.
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
        for (place, key) in &repeated {
            let was = store.version(key);
            let grew = was.is_some_and(|was| machine.read(key).version.0 > was);
            all[*place].again = !fresh.contains(key) && grew;
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

fn look(server: &Server) -> Look {
    let raft = server.node().raft();
    let progress = raft.progress().iter();
    Look {
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
        goes_by: Sets::of(raft.configuration()),
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
            // Nothing was written before the first event, so the disks are what they began as.
            for node in cluster.nodes() {
                let disk = self.image(&cluster.disk(node).0);
                self.account.begin(node, disk);
            }
        }
        let moment = self.moment(cluster, step);
        let cause = step.cause.0;
        self.account.take(&moment, cause);
        Ok(())
    }
}

impl Spectator for Recorder {}
