//! The properties of Figure 3 and what they rest on, after every step of a node, at a cost
//! proportional to what changed.

use kv::{Duties, Write};
use raft_core::{Body, Index, NodeId as RaftId, Outcome, RoleKind, Rules, Term};
use simulator::{Cluster, NodeId, Output};
use smallvec::SmallVec;

use super::shadow::{Entry, ShadowLog, first_touched};
use super::subject::Subject;
use crate::format::Property;
use crate::server::{Server, engine_id, raft_id};

/// A property that does not hold.
pub(crate) struct Found {
    pub(crate) property: Property,
    /// What it is about.
    pub(crate) subject: Subject,
    /// The two facts that contradict each other.
    pub(crate) facts: [String; 2],
}

/// What a run has shown so far, counted by the checks.
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
}

/// One node as the checks remember it.
#[derive(Clone, Debug, Default)]
struct Watched {
    log: ShadowLog,
    term: Term,
    commit: u64,
    applied: u64,
    role: Option<RoleKind>,
    /// What the present leader's followers hold, in the order of its progress.
    matches: SmallVec<[Index; 8]>,
    vote: Option<(Term, RaftId)>,
    acknowledged: u64,
    /// The node was told that its log is durable up to here, in this term or an earlier one.
    durable: u64,
    durable_term: Term,
}

/// All nodes, and what all of them together have committed.
#[derive(Clone, Debug)]
pub(crate) struct Safety {
    nodes: Vec<Watched>,
    names: Vec<String>,
    wanted: [bool; Property::COUNT],
    /// Who led each term.
    leaders: Vec<Option<NodeId>>,
    /// Per index, the chain hash that each term's entry was first seen with.
    known: Vec<SmallVec<[Entry; 2]>>,
    committed: ShadowLog,
    /// The term of the leader that committed each entry.
    committed_in: Vec<Term>,
    states: Vec<u64>,
    pub(crate) sightings: Sightings,
    pub(crate) evaluated: [u64; Property::COUNT],
}

impl Safety {
    pub(crate) fn new(names: Vec<String>, wanted: [bool; Property::COUNT]) -> Self {
        Self {
            nodes: vec![Watched::default(); names.len()],
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

    /// Reports what was found, if it was asked for; else the watching goes on as if nothing were.
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

    /// A node was stepped.
    pub(crate) fn stepped<R: Rules + Clone, D: Duties>(
        &mut self,
        cluster: &Cluster<Server<R, D>>,
        id: NodeId,
        server: &Server<R, D>,
        output: &Output<Server<R, D>>,
    ) -> Result<(), Found> {
        let raft = server.node().raft();
        // What a second leader writes breaks Log Matching too; that there are two is the cause.
        if raft.role() == RoleKind::Leader {
            self.leads(id, raft.current_term())?;
        }
        for write in &output.writes {
            self.written(id, write, raft.current_term())?;
        }
        for (to, message) in &output.sends {
            self.promised(id, *to, message)?;
        }
        if let Err(found) = self.monotonic(id, server) {
            self.object(found.property, found.subject, found.facts)?;
        }
        self.role(id, server)?;
        self.commit(cluster, id, server)?;
        self.applied(id, server)?;
        self.count(Property::CoreInvariants);
        let Err(broken) = server.node().invariants() else {
            return Ok(());
        };
        let state = format!("{} in {}", self.name(id), self.nodes[id.0 as usize].term);
        let facts = [broken.to_string(), state];
        self.object(Property::CoreInvariants, Subject::Node(id), facts)
    }

    /// Leader Append-Only and Log Matching (Figure 3).
    fn written(&mut self, id: NodeId, write: &Write, term: Term) -> Result<(), Found> {
        let Some(first) = first_touched(write) else {
            return Ok(());
        };
        self.count(Property::LeaderAppendOnly);
        let watched = &self.nodes[id.0 as usize];
        let leads = watched.role == Some(RoleKind::Leader) && watched.term == term;
        if leads && first.0 <= watched.log.last() {
            let facts = [
                format!(
                    "{} leads {term} with a log up to #{}",
                    self.name(id),
                    watched.log.last()
                ),
                format!("it rewrites its own log from {first}"),
            ];
            self.object(Property::LeaderAppendOnly, Subject::Node(id), facts)?;
        }
        let removed = self.watched(id).log.truncate(first);
        if write.raft.truncate_from.is_some() {
            self.sightings.overwritten += removed;
            let watched = self.watched(id);
            watched.acknowledged = watched.acknowledged.min(first.previous().0);
            watched.durable = watched.durable.min(first.previous().0);
        }
        let Some(append) = &write.raft.append else {
            return Ok(());
        };
        for payload in &write.payloads {
            let entry = self.nodes[id.0 as usize].log.next(append.term, payload);
            self.watched(id).log.push(entry);
            self.matching(id, entry)?;
        }
        Ok(())
    }

    /// Two logs that hold an entry of the same index and term are the same up to it.
    fn matching(&mut self, id: NodeId, entry: Entry) -> Result<(), Found> {
        self.count(Property::LogMatching);
        let index = self.nodes[id.0 as usize].log.last();
        let place = usize::try_from(index - 1).expect("a log fits in memory");
        if self.known.len() <= place {
            self.known.resize(place + 1, SmallVec::new());
        }
        let known = &mut self.known[place];
        match known.iter().find(|known| known.term == entry.term) {
            Some(same) if same.chain == entry.chain => Ok(()),
            Some(_) => {
                let facts = [
                    format!(
                        "an entry #{index} of {} is in another log already",
                        entry.term
                    ),
                    format!(
                        "{} now holds an entry of that index and term, but the logs differ there or \
                         before",
                        self.name(id)
                    ),
                ];
                let (node, term) = (id, entry.term);
                let subject = Subject::Entry { node, index, term };
                self.object(Property::LogMatching, subject, facts)
            }
            None => {
                known.push(entry);
                Ok(())
            }
        }
    }

    /// Notes what a message promises: a vote, an acknowledged log.
    fn promised(&mut self, id: NodeId, to: NodeId, message: &kv::Message) -> Result<(), Found> {
        let term = message.raft.term;
        let vote = match &message.raft.body {
            Body::RequestVote { .. } => raft_id(id),
            Body::RequestVoteReply { granted: true } => raft_id(to),
            Body::AppendEntriesReply(reply) => {
                if let Outcome::Accepted { match_index } = reply.outcome {
                    let watched = self.watched(id);
                    watched.acknowledged = watched.acknowledged.max(match_index.0);
                }
                return Ok(());
            }
            _ => return Ok(()),
        };
        self.count(Property::PromisesKept);
        let watched = &self.nodes[id.0 as usize];
        if let Some((voted_in, voted_for)) = watched.vote
            && voted_in == term
            && voted_for != vote
        {
            let name = self.name(id);
            let facts = [
                format!(
                    "{name} gave its vote of {term} to {}",
                    self.name_of(voted_for)
                ),
                format!("{name} gives its vote of {term} to {}", self.name_of(vote)),
            ];
            let subject = Subject::Vote {
                node: id,
                term,
                candidate: engine_id(voted_for),
            };
            self.object(Property::PromisesKept, subject, facts)?;
        }
        if watched.vote.is_none_or(|(voted_in, _)| voted_in < term) {
            self.watched(id).vote = Some((term, vote));
        }
        Ok(())
    }

    /// Within an incarnation term, commit, applied and, for a leader, match never go back.
    fn monotonic<R: Rules + Clone, D: Duties>(
        &mut self,
        id: NodeId,
        server: &Server<R, D>,
    ) -> Result<(), Found> {
        self.count(Property::MonotonicState);
        let (raft, applied) = (server.node().raft(), server.node().machine().applied());
        let (term, commit) = (raft.current_term(), raft.commit_index().0);
        let watched = &mut self.nodes[id.0 as usize];
        if term < watched.term || commit < watched.commit || applied < watched.applied {
            let falls = [
                ("term", watched.term.0, term.0),
                ("commit index", watched.commit, commit),
                ("applied index", watched.applied, applied),
            ];
            let fall = falls.into_iter().find(|(_, was, is)| is < was);
            let (what, was, is) = fall.expect("one of them fell");
            return Err(self.fall(id, Subject::Node(id), what, was, is));
        }
        let leads = raft.role() == RoleKind::Leader;
        let went_on = leads && watched.role == Some(RoleKind::Leader) && watched.term == term;
        if went_on {
            let peers = raft.progress().iter().zip(&mut watched.matches);
            for (peer, was) in peers {
                if peer.match_index < *was {
                    let (was, is, peer) = (was.0, peer.match_index.0, peer.id);
                    let what = format!("match index of {}", self.name_of(peer));
                    let subject = Subject::Match {
                        leader: id,
                        peer: engine_id(peer),
                    };
                    return Err(self.fall(id, subject, &what, was, is));
                }
                *was = peer.match_index;
            }
        } else if leads {
            watched.matches = raft
                .progress()
                .iter()
                .map(|peer| peer.match_index)
                .collect();
        }
        watched.applied = applied;
        Ok(())
    }

    fn fall(&self, id: NodeId, subject: Subject, what: &str, was: u64, is: u64) -> Found {
        let facts = [
            format!("{}'s {what} was {was}", self.name(id)),
            format!("it is {is} now"),
        ];
        Found {
            property: Property::MonotonicState,
            subject,
            facts,
        }
    }

    /// Leader Completeness (Figure 3), when the role has changed.
    fn role<R: Rules + Clone, D: Duties>(
        &mut self,
        id: NodeId,
        server: &Server<R, D>,
    ) -> Result<(), Found> {
        let raft = server.node().raft();
        let (term, role) = (raft.current_term(), raft.role());
        let watched = self.watched(id);
        let changed = watched.role != Some(role) || watched.term != term;
        (watched.term, watched.role) = (term, Some(role));
        if !changed {
            return Ok(());
        }
        match role {
            RoleKind::Candidate => self.sightings.elections += 1,
            RoleKind::Leader => self.elected(id, term)?,
            RoleKind::Follower | RoleKind::PreCandidate => {}
        }
        Ok(())
    }

    /// Election Safety (Figure 3): nobody else was elected in the term that this node leads.
    fn leads(&mut self, id: NodeId, term: Term) -> Result<(), Found> {
        let watched = &self.nodes[id.0 as usize];
        if watched.role == Some(RoleKind::Leader) && watched.term == term {
            return Ok(());
        }
        self.sightings.leaders += 1;
        self.count(Property::ElectionSafety);
        let place = usize::try_from(term.0).expect("a run has few terms");
        if self.leaders.len() <= place {
            self.leaders.resize(place + 1, None);
        }
        if let Some(other) = self.leaders[place]
            && other != id
        {
            let facts = [
                format!("{} was elected leader of {term}", self.name(other)),
                format!("{} is elected leader of {term}", self.name(id)),
            ];
            let leaders = [other, id];
            self.object(
                Property::ElectionSafety,
                Subject::Leaders { term, leaders },
                facts,
            )?;
        }
        self.leaders[place] = Some(id);
        Ok(())
    }

    /// Leader Completeness, when a leader is elected.
    fn elected(&mut self, id: NodeId, term: Term) -> Result<(), Found> {
        self.count(Property::LeaderCompleteness);
        let earlier = self
            .committed_in
            .partition_point(|committed| *committed < term) as u64;
        self.complete(id, term, earlier)
    }

    /// The leader of `term` must hold what was committed in earlier terms, up to `index`.
    fn complete(&self, id: NodeId, term: Term, index: u64) -> Result<(), Found> {
        let log = &self.nodes[id.0 as usize].log;
        if log.agrees(&self.committed, index) {
            return Ok(());
        }
        let missing = log.first_difference(&self.committed);
        let entry = self
            .committed
            .get(missing)
            .expect("the logs differ at a committed entry");
        let place = usize::try_from(missing - 1).expect("a log fits in memory");
        let facts = [
            format!(
                "entry #{missing}{} was committed in {}",
                entry.term, self.committed_in[place]
            ),
            match log.get(missing) {
                Some(own) => format!(
                    "{} leads the later {term} with another entry there, of {}",
                    self.name(id),
                    own.term
                ),
                None => format!(
                    "{} leads the later {term} with a log that ends at #{}",
                    self.name(id),
                    log.last()
                ),
            },
        ];
        let subject = Subject::Missing {
            leader: id,
            index: missing,
            term: entry.term,
        };
        self.object(Property::LeaderCompleteness, subject, facts)
    }

    /// State Machine Safety for what a node may apply, and a recount of each commit's quorum.
    fn commit<R: Rules + Clone, D: Duties>(
        &mut self,
        cluster: &Cluster<Server<R, D>>,
        id: NodeId,
        server: &Server<R, D>,
    ) -> Result<(), Found> {
        let raft = server.node().raft();
        let commit = raft.commit_index().0;
        if commit == self.nodes[id.0 as usize].commit {
            return Ok(());
        }
        self.watched(id).commit = commit;
        if commit > self.committed.last() {
            self.quorum(cluster, id, raft.role(), commit)?;
            let term = raft.current_term();
            for index in self.committed.last() + 1..=commit {
                let Some(entry) = self.nodes[id.0 as usize].log.get(index) else {
                    break;
                };
                self.committed.push(entry);
                self.committed_in.push(term);
                self.sightings.commits += 1;
            }
            self.known_to_later_leaders(cluster, term)?;
        }
        self.count(Property::StateMachineSafety);
        let log = &self.nodes[id.0 as usize].log;
        if log.agrees(&self.committed, commit) {
            return Ok(());
        }
        let differs = log.first_difference(&self.committed);
        let theirs = self
            .committed
            .get(differs)
            .map_or(Term(0), |entry| entry.term);
        let own = log.get(differs).map_or(Term(0), |entry| entry.term);
        let facts = [
            format!("entry #{differs}{theirs} is committed"),
            format!("{} commits #{differs}{own} in its place", self.name(id)),
        ];
        let subject = Subject::Replaced {
            node: id,
            index: differs,
            term: theirs,
        };
        self.object(Property::StateMachineSafety, subject, facts)
    }

    /// Leaders of later terms, elected before, must hold what was committed just now.
    fn known_to_later_leaders<R: Rules + Clone, D: Duties>(
        &mut self,
        cluster: &Cluster<Server<R, D>>,
        committed_in: Term,
    ) -> Result<(), Found> {
        for id in cluster.nodes() {
            let watched = &self.nodes[id.0 as usize];
            if watched.role == Some(RoleKind::Leader) && watched.term > committed_in {
                self.complete(id, watched.term, self.committed.last())?;
            }
        }
        Ok(())
    }

    /// Counts, on the disks themselves, who holds what a leader commits.
    fn quorum<R: Rules + Clone, D: Duties>(
        &mut self,
        cluster: &Cluster<Server<R, D>>,
        id: NodeId,
        role: RoleKind,
        commit: u64,
    ) -> Result<(), Found> {
        self.count(Property::CommitQuorum);
        let name = self.name(id);
        if role != RoleKind::Leader {
            let facts = [
                format!(
                    "no leader has committed more than #{}",
                    self.committed.last()
                ),
                format!("{name}, a {role}, commits #{commit}"),
            ];
            let term = self.nodes[id.0 as usize].log.get(commit);
            let subject = Subject::Commit {
                node: id,
                index: commit,
                term: term.map_or(Term(0), |entry| entry.term),
            };
            self.object(Property::CommitQuorum, subject, facts)?;
        }
        let Some(entry) = self.nodes[id.0 as usize].log.get(commit) else {
            return Ok(());
        };
        let place = usize::try_from(commit - 1).expect("a log fits in memory");
        let holders: Vec<_> = cluster
            .nodes()
            .filter(|node| {
                let held = cluster.disk(*node).0.entries.get(place);
                held.is_some_and(|(term, _)| *term == entry.term)
            })
            .collect();
        let needed = self.names.len() / 2 + 1;
        if holders.len() >= needed {
            return Ok(());
        }
        let names: Vec<_> = holders.iter().map(|node| self.name(*node)).collect();
        let named = match names.is_empty() {
            true => String::new(),
            false => format!(" ({})", names.join(" ")),
        };
        let (nodes, verb) = match self.names.len() {
            1 => ("node", "is"),
            _ => ("nodes", "are"),
        };
        let facts = [
            format!("{name} commits #{commit}{}", entry.term),
            format!(
                "it is durable on {} of {} {nodes}{named}, {needed} {verb} needed",
                holders.len(),
                self.names.len(),
            ),
        ];
        let subject = Subject::Commit {
            node: id,
            index: commit,
            term: entry.term,
        };
        self.object(Property::CommitQuorum, subject, facts)
    }

    /// Applying the same entries gives the same state everywhere.
    fn applied<R: Rules + Clone, D: Duties>(
        &mut self,
        id: NodeId,
        server: &Server<R, D>,
    ) -> Result<(), Found> {
        for (index, state) in server.applied() {
            self.count(Property::StateMachineSafety);
            let place = usize::try_from(index.0 - 1).expect("a log fits in memory");
            match self.states.get(place) {
                Some(known) if known == state => {}
                Some(known) => {
                    let facts = [
                        format!("another node's state after {index} has the hash {known:016x}"),
                        format!("{}'s state after {index} has {state:016x}", self.name(id)),
                    ];
                    let (node, index) = (id, index.0);
                    let subject = Subject::State { node, index };
                    self.object(Property::StateMachineSafety, subject, facts)?;
                }
                None if place == self.states.len() => self.states.push(*state),
                // An entry before was skipped: the commit check has reported that.
                None => {}
            }
        }
        Ok(())
    }

    /// A node crashed: its disk must hold what it promised.
    pub(crate) fn crashed(&mut self, id: NodeId, disk: &kv::Disk) -> Result<(), Found> {
        self.count(Property::PromisesKept);
        let found = ShadowLog::of_disk(disk);
        let watched = &self.nodes[id.0 as usize];
        let name = self.name(id);
        let on_disk = disk.hard_state;
        if let Some((term, vote)) = watched.vote
            && (on_disk.current_term < term
                || (on_disk.current_term == term && on_disk.voted_for != Some(vote)))
        {
            let held = match on_disk.voted_for {
                Some(other) => format!("a vote for {}", self.name_of(other)),
                None => "no vote".to_owned(),
            };
            let facts = [
                format!("{name} gave its vote of {term} to {}", self.name_of(vote)),
                format!(
                    "after its crash its disk holds {} and {held}",
                    on_disk.current_term
                ),
            ];
            let subject = Subject::Vote {
                node: id,
                term,
                candidate: engine_id(vote),
            };
            self.object(Property::PromisesKept, subject, facts)?;
        }
        if on_disk.current_term < watched.durable_term {
            let facts = [
                format!("{name} was told that {} is durable", watched.durable_term),
                format!("after its crash its disk holds {}", on_disk.current_term),
            ];
            self.object(Property::PromisesKept, Subject::Node(id), facts)?;
        }
        let kept = watched.acknowledged.max(watched.durable);
        if found.agrees(&watched.log, kept) {
            return Ok(());
        }
        let promise = if watched.acknowledged == kept {
            format!("{name} acknowledged its log up to #{kept}")
        } else {
            format!("{name} was told that its log is durable up to #{kept}")
        };
        let held = found.first_difference(&watched.log) - 1;
        let facts = [
            promise,
            format!("after its crash its disk holds that log only up to #{held}"),
        ];
        let index = held + 1;
        let subject = Subject::Copy { node: id, index };
        self.object(Property::PromisesKept, subject, facts)
    }

    /// A node is told that what is on its disk is durable. Of that, what a write still on its way
    /// will replace is promised no more.
    pub(crate) fn reported<'a>(
        &mut self,
        id: NodeId,
        disk: &kv::Disk,
        pending: impl Iterator<Item = &'a Write>,
    ) {
        let replaced = pending
            .filter_map(first_touched)
            .map(|first| first.previous().0);
        let watched = self.watched(id);
        watched.durable = replaced.fold(disk.entries.len() as u64, u64::min);
        watched.durable_term = disk.hard_state.current_term;
    }

    /// A node started again, from this disk.
    pub(crate) fn restarted(&mut self, id: NodeId, disk: &kv::Disk) {
        let log = ShadowLog::of_disk(disk);
        let watched = self.watched(id);
        watched.acknowledged = watched.acknowledged.min(log.last());
        watched.durable = log.last();
        watched.log = log;
        watched.term = disk.hard_state.current_term;
        watched.role = None;
        watched.commit = 0;
        watched.applied = 0;
        watched.matches.clear();
    }

    /// How many entries are committed.
    pub(crate) fn committed(&self) -> u64 {
        self.committed.last()
    }
}
