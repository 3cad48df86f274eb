//! What the world remembers of a cluster whose members change, whatever its servers say.

use std::collections::BTreeMap;

use raft_core::{Event, Index, NodeId, RoleKind, Rules, Settings, Term};

use super::{Cluster, Server};

/// All servers, most of which found the cluster.
pub const ALL: u64 = 6;

/// Who led, and what was committed.
#[derive(Default)]
pub struct Model {
    leaders: BTreeMap<Term, NodeId>,
    /// The term of every entry that any server called committed, and the members from there on.
    committed: BTreeMap<Index, (Term, Option<String>)>,
    /// How many events were seen, and up to where each server.
    events: usize,
    seen: BTreeMap<NodeId, Index>,
}

/// The term and the members in force at an entry, if the server's log still tells.
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

    /// Each election, once.
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

    /// Each entry that a server calls committed, once.
    fn judge_commits(&mut self, id: NodeId, node: &Server) -> Result<(), String> {
        let commit = node.commit_index();
        let seen = self.seen.entry(id).or_default();
        // A restarted server begins anew.
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

/// So many servers, the first of which leads, and spare ones; disks take their time.
pub fn with_changes(rules: impl Rules + 'static, founders: u64, settings: Settings) -> Cluster {
    let mut cluster = Cluster::with_spares(rules, founders, ALL - founders, settings);
    let others: Vec<_> = (2..=founders).collect();
    cluster.lead(1, &others);
    cluster.instant_disk = false;
    cluster
}
