//! A model of a cluster with changing members, independent of the state of its servers.

use std::collections::BTreeMap;

use raft_core::{Event, Index, NodeId, RoleKind, Rules, Settings, Term};

use super::{Cluster, Server};

/// The number of servers, most of which found the cluster.
pub const ALL: u64 = 6;

/// The leaders so far, and the committed entries.
#[derive(Default)]
pub struct Model {
    leaders: BTreeMap<Term, NodeId>,
    /// The term of every entry that any server called committed, and the members from that entry
    /// on.
    committed: BTreeMap<Index, (Term, Option<String>)>,
    /// The number of observed events, and the last checked entry of each server.
    events: usize,
    seen: BTreeMap<NodeId, Index>,
}

/// The term and the members in force at an entry, if the server's log still has them.
fn held(node: &Server, index: Index) -> Option<(Term, Option<String>)> {
    let members = node.log().configuration_in_force_at(index);
    let named = (!members.is_empty()).then(|| members.describe());
    node.log().term_at(index).ok().map(|term| (term, named))
}

impl Model {
    pub fn judge(&mut self, cluster: &Cluster) -> Result<(), String> {
        self.judge_elections(&cluster.events)?;
        for (id, node) in &cluster.nodes {
            self.judge_commits(*id, node)?;
        }
        for (id, node) in &cluster.nodes {
            let newest = self.leaders.last_key_value().map(|(term, _)| *term);
            if node.role() == RoleKind::Leader && Some(node.current_term()) == newest {
                let base = node.log().base().last.index;
                for (index, (term, _)) in self.committed.range(base..) {
                    if node.log().term_at(*index) != Ok(*term) {
                        return Err(format!("Leader Completeness: {id} lacks entry {index}"));
                    }
                }
            }
        }
        Ok(())
    }

    /// Checks each election once.
    fn judge_elections(&mut self, events: &[(NodeId, Event)]) -> Result<(), String> {
        for (id, event) in events.iter().skip(self.events) {
            if let Event::Became { role, term, .. } = event
                && *role == RoleKind::Leader
                && *self.leaders.entry(*term).or_insert(*id) != *id
            {
                return Err(format!("Election Safety: two leaders in {term}"));
            }
        }
        self.events = events.len();
        Ok(())
    }

    /// Checks once each entry that a server calls committed.
    fn judge_commits(&mut self, id: NodeId, node: &Server) -> Result<(), String> {
        let commit = node.commit_index();
        let seen = self.seen.entry(id).or_default();
        // The check of a restarted server starts again.
        let from = (*seen).min(commit).0 + 1;
        *seen = commit;
        for index in (from..=commit.0).map(Index) {
            let Some((term, members)) = held(node, index) else {
                continue;
            };
            let known = self.committed.entry(index).or_insert((term, None));
            if known.0 != term {
                return Err(format!("State Machine Safety: entry {index} at {id}"));
            }
            let agree = members.is_none() || known.1.is_none() || members == known.1;
            known.1 = known.1.take().or(members);
            if !agree {
                return Err(format!("{id} has other members from entry {index} on"));
            }
        }
        Ok(())
    }
}

/// `founders` servers, the first of which leads, and spare ones, with slow disks.
pub fn with_changes(rules: impl Rules + 'static, founders: u64, settings: Settings) -> Cluster {
    let mut cluster = Cluster::with_spares(rules, founders, ALL - founders, settings);
    let others: Vec<_> = (2..=founders).collect();
    cluster.lead(1, &others);
    cluster.instant_disk = false;
    cluster
}
