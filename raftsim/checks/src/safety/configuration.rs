//! Membership (§6, dissertation §4): each node uses the latest configuration of its log, committed
//! configurations form one history, and no two of them can decide independently.

use raft_core::{Configuration, Index, RoleKind, Term};
use simulator::{Cluster, NodeId};
use sut::{NodeSet, Property, Server, raft_id};

use super::{Core, Found, Safety};
use crate::configurations::{MembersLog, Sets};
use crate::subject::Subject;

/// The last entry of a log, as votes compare it.
type Last = (Term, u64);

impl Safety {
    /// A node appends an entry to its log.
    pub(super) fn member_entry(&mut self, id: NodeId, payload: &[u8]) {
        let watched = self.watched(id);
        let (index, latest) = (watched.log.last(), watched.members.latest());
        watched.members.push(index, payload);
        watched.members_moved |= watched.members.latest() != latest;
        let witnesses = watched.members.latest().witnesses;
        self.had_witnesses |= !witnesses.is_empty();
    }

    /// A node's log loses this entry and all later ones.
    pub(super) fn members_cut(&mut self, id: NodeId, from: Index) {
        let watched = self.watched(id);
        watched.members_moved |= watched.members.truncate(from.0);
    }

    /// From now on a log begins with these members.
    pub(super) fn members_given(
        &mut self,
        id: NodeId,
        index: u64,
        configuration: &Configuration,
    ) -> Result<(), Found> {
        let given = Sets::of(configuration);
        // The initial state of a cluster comes without an entry.
        if index == 0 {
            self.founding[id.0 as usize] = given;
            if self.committed_members.latest().is_nobody() {
                self.committed_members = MembersLog::new(given);
            }
        }
        let known = self.committed_members.at(index);
        if given != known && index > 0 && !given.is_nobody() {
            self.count(Property::ConfigurationSafety);
            let facts = [
                format!("the members as of #{index} are {}", known.show(&self.names)),
                format!(
                    "{} takes them to be {}",
                    self.name(id),
                    given.show(&self.names)
                ),
            ];
            self.object(Property::ConfigurationSafety, Subject::Node(id), facts)?;
        }
        let watched = self.watched(id);
        watched.members = MembersLog::new(given);
        watched.members_moved = true;
        Ok(())
    }

    /// Checks after each step that the node uses the latest configuration in its log.
    pub(super) fn goes_by_the_latest(
        &mut self,
        cluster: &Cluster<Server>,
        id: NodeId,
        raft: &Core,
    ) -> Result<(), Found> {
        if !std::mem::take(&mut self.watched(id).members_moved) {
            return Ok(());
        }
        self.count(Property::ConfigurationSafety);
        let latest = self.nodes[id.0 as usize].members.latest();
        let is = Sets::of(raft.configuration());
        if is != latest {
            let facts = [
                format!(
                    "the latest configuration in the log of {} is {}",
                    self.name(id),
                    latest.show(&self.names)
                ),
                format!("it goes by {}", is.show(&self.names)),
            ];
            self.object(Property::ConfigurationSafety, Subject::Node(id), facts)?;
        }
        self.decide_together(cluster)
    }

    /// A configuration is committed. It must be a neighbour of the one before.
    pub(super) fn member_history(
        &mut self,
        id: NodeId,
        index: u64,
        sets: Sets,
    ) -> Result<(), Found> {
        self.count(Property::ConfigurationSafety);
        self.sightings.configurations += 1;
        let before = self.committed_members.latest();
        self.committed_members.note(index, sets);
        if sets.may_follow(before) || self.recovered || before.is_nobody() {
            return Ok(());
        }
        let facts = [
            format!("the members are {}", before.show(&self.names)),
            format!(
                "{} commits {} at #{index}, which is no single step from there",
                self.name(id),
                sets.show(&self.names)
            ),
        ];
        self.object(Property::ConfigurationSafety, Subject::Node(id), facts)
    }

    /// Checks that a leader has the votes of a majority of each voter set in force. While only
    /// founders vote, two leaders of one term show the same violation.
    pub(super) fn election_quorum(
        &mut self,
        cluster: &Cluster<Server>,
        id: NodeId,
        term: Term,
    ) -> Result<(), Found> {
        let members = &self.nodes[id.0 as usize].members;
        if members.never_changed() && self.committed_members.never_changed() {
            return Ok(());
        }
        let (latest, before) = (members.latest(), members.before_latest());
        self.count(Property::ConfigurationSafety);
        let mut votes = self
            .ballots
            .remove(&(term, raft_id(id)))
            .unwrap_or_default();
        votes.insert(id);
        let voters = latest.voters();
        let (name, shown) = (self.name(id), latest.show(&self.names));
        if let Some(short) = latest.short(votes) {
            let facts = [
                format!("the members that {name} goes by are {shown}"),
                format!(
                    "it leads {term} with the votes of {} of {}, {} are needed",
                    self.listed(short.have),
                    self.listed(short.of),
                    short.needed()
                ),
            ];
            self.object(Property::ConfigurationSafety, Subject::Node(id), facts)?;
        }
        let stood = voters.contains(id) || before.voters().contains(id);
        if !stood && !self.recovered && self.founding[id.0 as usize] != latest {
            let facts = [
                format!("the members that {name} goes by are {shown}"),
                format!("it leads {term}, though it has no vote"),
            ];
            self.object(Property::ConfigurationSafety, Subject::Node(id), facts)?;
        }
        self.decide_together(cluster)
    }

    /// Checks that any two configurations in force that can both decide share a quorum. These are
    /// the configurations of any two nodes that can win an election, or that lead and can commit.
    fn decide_together(&mut self, cluster: &Cluster<Server>) -> Result<(), Found> {
        let up: Vec<_> = cluster
            .nodes()
            .filter(|id| cluster.node(*id).is_some())
            .collect();
        self.count(Property::ConfigurationSafety);
        let of = |id: &NodeId| self.nodes[id.0 as usize].members.latest();
        let differ = up.windows(2).any(|pair| of(&pair[0]) != of(&pair[1]));
        if self.recovered || !differ {
            return Ok(());
        }
        let able: Vec<_> = up
            .iter()
            .filter_map(|id| Some((*id, of(id), self.followers(cluster, *id)?)))
            .collect();
        for (place, (one, sets, own)) in able.iter().enumerate() {
            for (other, others, theirs) in &able[place + 1..] {
                if sets == others || !sets.decide_apart(*own, *others, *theirs) {
                    continue;
                }
                let can = |id: NodeId, sets: &Sets, who: NodeSet| {
                    let who: NodeSet = sets
                        .voters()
                        .iter()
                        .filter(|id| who.contains(*id))
                        .collect();
                    format!(
                        "{} goes by {} and can decide with {}",
                        self.name(id),
                        sets.show(&self.names),
                        self.listed(who)
                    )
                };
                let facts = [can(*one, sets, *own), can(*other, others, *theirs)];
                let subject = Subject::Deciders {
                    nodes: [*one, *other],
                };
                return self.object(Property::ConfigurationSafety, subject, facts);
            }
        }
        Ok(())
    }

    /// The nodes that could let this node decide: its followers, if it leads; else the nodes whose
    /// logs are no newer than its own. `None` if they are not a quorum.
    fn followers(&self, cluster: &Cluster<Server>, id: NodeId) -> Option<NodeSet> {
        let members = &self.nodes[id.0 as usize].members;
        let (sets, before) = (members.latest(), members.before_latest());
        let raft = cluster.node(id)?.node().raft();
        let term = raft.current_term();
        let leads = raft.role() == RoleKind::Leader;
        let stands = sets.voters().contains(id) || before.voters().contains(id);
        if !leads && !stands {
            return None;
        }
        let own = self.last_of(cluster, id);
        let would = |other: &NodeId| match leads {
            true => *other == id || term_of(cluster, *other) <= term,
            false => self.last_of(cluster, *other) <= own,
        };
        let who: NodeSet = sets.voters().iter().filter(would).collect();
        sets.short(who).is_none().then_some(who)
    }

    /// The last entry of a node's log; while the node is down, of its disk.
    fn last_of(&self, cluster: &Cluster<Server>, id: NodeId) -> Last {
        let last = match cluster.node(id) {
            Some(server) => server.node().raft().log().last(),
            None => {
                let disk = &cluster.disk(id).0;
                let index = disk.last_index();
                let term = disk.term_at(index).unwrap_or_default();
                raft_core::EntryId { index, term }
            }
        };
        (last.term, last.index.0)
    }

    pub(super) fn listed(&self, who: NodeSet) -> String {
        let names: Vec<_> = who.iter().map(|id| self.name(id)).collect();
        match names.is_empty() {
            true => "nobody".to_owned(),
            false => names.join(" "),
        }
    }
}

fn term_of(cluster: &Cluster<Server>, id: NodeId) -> Term {
    match cluster.node(id) {
        Some(server) => server.node().raft().current_term(),
        None => cluster.disk(id).0.hard_state.current_term,
    }
}
