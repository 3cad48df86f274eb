//! State Machine Safety (Figure 3) and the quorum behind each commit.

use raft_core::{Index, RoleKind, Term};
use simulator::{Cluster, NodeId};
use sut::{NodeSet, Property, Server};

use super::{Core, Found, Safety};
use crate::configurations::Sets;
use crate::subject::Subject;

impl Safety {
    /// Checks State Machine Safety for the entries that a node may apply, and counts each commit's
    /// quorum again. `led` tells whether the node led this term when the step began. `members` were
    /// its members then.
    pub(super) fn commit(
        &mut self,
        cluster: &Cluster<Server>,
        id: NodeId,
        raft: &Core,
        (led, members): (bool, Sets),
    ) -> Result<(), Found> {
        let commit = raft.commit_index().0;
        if commit == self.nodes[id.0 as usize].commit {
            return Ok(());
        }
        self.watched(id).commit = commit;
        if commit > self.committed.last() {
            let role = if led { RoleKind::Leader } else { raft.role() };
            self.quorum(cluster, id, role, members, commit)?;
            self.data_is_somewhere(cluster, id, commit)?;
            let term = raft.current_term();
            for index in self.committed.last() + 1..=commit {
                let Some(entry) = self.nodes[id.0 as usize].log.get(index) else {
                    break;
                };
                self.committed.push(entry);
                let held = self.nodes[id.0 as usize].members.held_at(index);
                if let Some(sets) = held {
                    self.member_history(id, index, sets)?;
                }
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

    /// Counts, on the disks, the nodes that hold the entries that a leader commits.
    pub(super) fn quorum(
        &mut self,
        cluster: &Cluster<Server>,
        id: NodeId,
        role: RoleKind,
        members: Sets,
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
        let index = Index(commit);
        let holds = |node: &NodeId| {
            let disk = &cluster.disk(*node).0;
            let held = disk.term_at(index) == Some(entry.term) || index < disk.base().index;
            held && self.holds_enough(*node, disk, members)
        };
        let holders: NodeSet = cluster.nodes().filter(holds).collect();
        let Some(short) = members.short(holders) else {
            return Ok(());
        };
        let (needed, all) = (short.needed(), short.of.len());
        let names: Vec<_> = short.have.iter().map(|node| self.name(node)).collect();
        let short_of_data = match self.lacking(cluster, entry.term, index, members) {
            Some(node) => format!("; {} holds it and lacks data", self.name(node)),
            None => String::new(),
        };
        let named = match names.is_empty() {
            true => String::new(),
            false => format!(" ({})", names.join(" ")),
        };
        let (nodes, verb) = match all {
            1 => ("node", "is"),
            _ if all == self.names.len() => ("nodes", "are"),
            _ => ("voters", "are"),
        };
        let facts = [
            format!("{name} commits #{commit}{}", entry.term),
            format!(
                "it is durable on {} of {all} {nodes}{named}, {needed} {verb} needed{short_of_data}",
                short.have.len(),
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
    pub(super) fn applied(&mut self, id: NodeId, server: &Server) -> Result<(), Found> {
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
                // An earlier entry was skipped. The commit check has reported that.
                None => {}
            }
        }
        Ok(())
    }
}
