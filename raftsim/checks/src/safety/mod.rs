//! Checks the properties of Figure 3 and their prerequisites after every step of a node, at a cost
//! proportional to the change.

mod commit;
mod configuration;
mod election;
mod log;
mod monotonic;
mod promises;
mod requested;
mod snapshots;
mod witnesses;

use std::collections::BTreeMap;

use raft_core::{Index, NodeId as RaftId, Raft, RoleKind, Rules, Term};
use simulator::{Cluster, NodeId, Step};
use smallvec::SmallVec;
use sut::{Founders, NodeSet, Property, Server, engine_id};

use super::configurations::{MembersLog, Sets};
use super::shadow::{Entry, ShadowLog};
use super::subject::Subject;

use requested::PendingRequests;

/// The consensus part of a node, with any rules.
type Core = Raft<dyn Rules>;

/// A violated property.
pub(crate) struct Found {
    pub(crate) property: Property,
    /// The subject.
    pub(crate) subject: Subject,
    /// The two facts that contradict each other.
    pub(crate) facts: [String; 2],
}

/// Counts of events that a run has shown so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sightings {
    /// Leaders elected.
    pub leaders: u64,
    /// Candidacies, won or lost.
    pub elections: u64,
    /// Entries committed.
    pub commits: u64,
    /// Entries removed because the leader's log differs.
    pub overwritten: u64,
    /// Snapshots that nodes took of their own state.
    pub snapshots: u64,
    /// Snapshots of other nodes that replaced a whole log.
    pub installs: u64,
    /// Configurations committed.
    pub configurations: u64,
}

/// An entry as it was first seen, and the chain hash of the log before it.
#[derive(Clone, Copy, Debug)]
struct Known {
    entry: Entry,
    before: u64,
}

/// The checks' view of one node.
#[derive(Clone, Debug, Default)]
struct Watched {
    log: ShadowLog,
    members: MembersLog,
    /// Whether the latest members may have changed.
    members_moved: bool,
    term: Term,
    commit: u64,
    applied: u64,
    role: Option<RoleKind>,
    /// The match indices of the present leader's followers, in the order of its progress.
    matches: SmallVec<[(RaftId, Index); 8]>,
    vote: Option<(Term, RaftId)>,
    acknowledged: u64,
    /// The changes of members that operators requested while it leads.
    pending_requests: PendingRequests,
    /// Whether a part of its log came without data, or the log came as a whole.
    may_lack_data: bool,
    /// The node learned that its log is durable up to this index, in this term or an earlier one.
    durable: u64,
    durable_term: Term,
}

/// All nodes, and the entries that they have committed together.
#[derive(Clone, Debug)]
pub(crate) struct Safety {
    nodes: Vec<Watched>,
    names: Vec<String>,
    wanted: [bool; Property::COUNT],
    /// The leader of each term.
    leaders: Vec<Option<NodeId>>,
    /// Per index, the chain hash with which each term's entry was first seen.
    known: Vec<SmallVec<[Known; 2]>>,
    /// The voters of each term and candidate.
    ballots: BTreeMap<(Term, RaftId), NodeSet>,
    committed: ShadowLog,
    committed_members: MembersLog,
    /// The members that each node knows without any entry.
    founding: Vec<Sets>,
    /// An operator has forced a new cluster. The rest of the old cluster may decide, too.
    recovered: bool,
    /// Some members hold no data, or held none, so their logs may be incomplete.
    had_witnesses: bool,
    /// The term of the leader that committed each entry.
    committed_in: Vec<Term>,
    states: Vec<u64>,
    pub(crate) sightings: Sightings,
    pub(crate) evaluated: [u64; Property::COUNT],
}

impl Safety {
    pub(crate) fn new(
        names: Vec<String>,
        founders: Founders,
        wanted: [bool; Property::COUNT],
    ) -> Self {
        let all = (0..).map(NodeId).take(names.len());
        let members = Sets::founding(founders);
        let founding: Vec<_> = all.map(|id| members.known_to(id)).collect();
        let watched = founding.iter().map(|sets| Watched {
            members: MembersLog::new(*sets),
            ..Watched::default()
        });
        Self {
            nodes: watched.collect(),
            founding,
            ballots: BTreeMap::new(),
            committed_members: MembersLog::new(members),
            recovered: false,
            had_witnesses: !members.witnesses.is_empty(),
            names,
            wanted,
            leaders: Vec::new(),
            known: Vec::new(),
            committed: ShadowLog::default(),
            committed_in: Vec::new(),
            states: Vec::new(),
            sightings: Sightings::default(),
            evaluated: [0; Property::COUNT],
        }
    }

    /// Reports a finding if its property is wanted. Otherwise the checks continue as if there were
    /// none.
    fn object(
        &self,
        property: Property,
        subject: Subject,
        facts: [String; 2],
    ) -> Result<(), Found> {
        if self.wanted[property as usize] {
            Err(Found {
                property,
                subject,
                facts,
            })
        } else {
            Ok(())
        }
    }

    #[inline]
    fn count(&mut self, property: Property) {
        self.evaluated[property as usize] += 1;
    }

    fn name(&self, node: NodeId) -> &str {
        &self.names[node.0 as usize]
    }

    pub(crate) fn name_of(&self, id: RaftId) -> &str {
        self.name(engine_id(id))
    }

    fn watched(&mut self, node: NodeId) -> &mut Watched {
        &mut self.nodes[node.0 as usize]
    }

    /// Checks a node after a step.
    pub(crate) fn stepped(
        &mut self,
        cluster: &Cluster<Server>,
        id: NodeId,
        server: &Server,
        step: &Step<'_, Server>,
    ) -> Result<(), Found> {
        let output = step.output;
        let machine = server.node();
        let raft = machine.raft();
        // The writes of a second leader also break Log Matching, but the second leader is the
        // cause.
        if raft.role() == RoleKind::Leader {
            self.leads(id, raft.current_term())?;
        }
        let known = self.known_before(id, raft.current_term(), step);
        // A leader's commit is counted with the members it had at that time. Configurations that
        // follow from the commit are appended in the same step.
        let counted_by = self.nodes[id.0 as usize].members.latest();
        for write in &output.writes {
            match write {
                kv::Write::Log(write) => self.written(id, write, raft.current_term())?,
                kv::Write::Snapshot(_) => self.sightings.snapshots += 1,
                kv::Write::Piece { .. } => {}
            }
        }
        for (to, message) in &output.sends {
            self.promised(id, *to, message, step)?;
        }
        if let Err(found) = self.monotonic(id, raft, machine.applied()) {
            self.object(found.property, found.subject, found.facts)?;
        }
        self.goes_by_the_latest(cluster, id, raft)?;
        let before = &self.nodes[id.0 as usize];
        // A leader without a vote in its latest configuration steps down once that configuration is
        // committed.
        let led = before.role == Some(RoleKind::Leader) && before.term == raft.current_term();
        self.role(cluster, id, raft)?;
        self.commit(cluster, id, raft, (led, counted_by))?;
        for write in output.writes.iter().filter_map(kv::Write::log) {
            self.cut(id, write)?;
        }
        self.applied(id, server)?;
        self.as_asked(cluster, id, raft, (step, known))?;
        self.count(Property::CoreInvariants);
        let Err(broken) = machine.invariants() else {
            return Ok(());
        };
        let state = format!("{} in {}", self.name(id), self.nodes[id.0 as usize].term);
        let facts = [broken.to_string(), state];
        self.object(Property::CoreInvariants, Subject::Node(id), facts)
    }

    /// An operator makes a node the only member, regardless of the data that others hold.
    pub(crate) fn recovers(&mut self) {
        self.recovered = true;
    }

    /// The number of committed entries.
    pub(crate) fn committed(&self) -> u64 {
        self.committed.last()
    }
}
