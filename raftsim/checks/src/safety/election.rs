//! Election Safety and Leader Completeness (Figure 3): the nodes that may lead, and their logs.

use raft_core::{RoleKind, Term};
use simulator::{Cluster, NodeId};
use sut::{Property, Server};

use super::{Core, Found, Safety};
use crate::subject::Subject;

impl Safety {
    /// Leader Completeness (Figure 3), after a change of role.
    pub(super) fn role(
        &mut self,
        cluster: &Cluster<Server>,
        id: NodeId,
        raft: &Core,
    ) -> Result<(), Found> {
        let (term, role) = (raft.current_term(), raft.role());
        let watched = self.watched(id);
        let changed = watched.role != Some(role) || watched.term != term;
        (watched.term, watched.role) = (term, Some(role));
        if !changed {
            return Ok(());
        }
        if role != RoleKind::Follower {
            self.stands_with_data(id, role)?;
        }
        match role {
            RoleKind::Candidate => self.sightings.elections += 1,
            RoleKind::Leader => {
                self.elected(id, term)?;
                self.election_quorum(cluster, id, term)?;
            }
            RoleKind::Follower | RoleKind::PreCandidate => {}
        }
        Ok(())
    }

    /// Election Safety (Figure 3): no other node was elected in the term that this node leads.
    pub(super) fn leads(&mut self, id: NodeId, term: Term) -> Result<(), Found> {
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
    pub(super) fn elected(&mut self, id: NodeId, term: Term) -> Result<(), Found> {
        self.count(Property::LeaderCompleteness);
        let earlier = self
            .committed_in
            .partition_point(|committed| *committed < term) as u64;
        self.complete(id, term, earlier)
    }

    /// The leader of `term` must hold the entries up to `index` that were committed in earlier
    /// terms.
    pub(super) fn complete(&self, id: NodeId, term: Term, index: u64) -> Result<(), Found> {
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

    /// Leaders of later terms that were elected before must hold the entries that were committed
    /// just now.
    pub(super) fn known_to_later_leaders(
        &mut self,
        cluster: &Cluster<Server>,
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
}
