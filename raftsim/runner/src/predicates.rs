//! Conditions of a cluster at one moment: it has one leader, all entries are committed, states are
//! equal.

use raft_core::{RoleKind, Term};
use simulator::{Cluster, NodeId};
use sut::members::{self, Rank};
use sut::{NodeSet, Server, raft_id};

use crate::reason::Reason;

/// A leader and its term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leadership {
    pub(crate) leader: NodeId,
    pub(crate) term: Term,
}

impl Leadership {
    /// The reason why it is over, if it is.
    pub(crate) fn lost(
        self,
        cluster: &Cluster<Server>,
        among: NodeSet,
        names: &[String],
    ) -> Option<String> {
        let now = one_leader(cluster, among);
        if now == Ok(self) {
            return None;
        }
        let (was, Term(term)) = (&names[self.leader.0 as usize], self.term);
        let is = now.map_or_else(
            |reason| reason.show(names),
            |new| format!("{} leads term {}", names[new.leader.0 as usize], new.term.0),
        );
        Some(format!("{was} led term {term}, but now {is}"))
    }
}

/// The one leader that all running servers among these follow, or the reason why there is none.
pub(crate) fn one_leader(
    cluster: &Cluster<Server>,
    among: NodeSet,
) -> Result<Leadership, Reason<'static>> {
    let up = || {
        among
            .iter()
            .filter_map(|id| Some((id, cluster.node(id)?.node().raft())))
    };
    let mut leaders = up().filter(|(_, raft)| raft.role() == RoleKind::Leader);
    let Some((leader, of)) = leaders.next() else {
        return Err(Reason::NoLeader);
    };
    if let Some((second, _)) = leaders.next() {
        let others = leaders.map(|(id, _)| id);
        let all = [leader, second].into_iter().chain(others).collect();
        return Err(Reason::SeveralLeaders(all));
    }
    let stray = up().find(|(_, raft)| raft.leader() != Some(of.id()));
    if let Some((by, _)) = stray {
        return Err(Reason::NotFollowed { leader, by });
    }
    Ok(Leadership {
        leader,
        term: of.current_term(),
    })
}

/// The reason why not everything in the leader's log is committed.
pub(crate) fn all_committed(cluster: &Cluster<Server>, among: NodeSet) -> Option<Reason<'static>> {
    let leader = match one_leader(cluster, among) {
        Ok(leadership) => leadership.leader,
        Err(reason) => return Some(reason),
    };
    let raft = cluster.node(leader)?.node().raft();
    let (commit, last) = (raft.commit_index(), raft.log().last_index());
    (commit < last).then_some(Reason::NotCommitted {
        leader,
        commit,
        last,
    })
}

/// The reason why the applied states differ, if they do. Skips witnesses, which apply nothing.
/// Skips learners that were witnesses and miss the data that they would have to apply.
pub(crate) fn applied_equal(cluster: &Cluster<Server>, among: NodeSet) -> Option<Reason<'static>> {
    let mut first: Option<(u64, u64, NodeId)> = None;
    let now = members::in_force(cluster);
    let witness = |id| now.is_some_and(|now| now.is_witness(raft_id(id)));
    let lacks = |id| cluster.node(id).is_some_and(|it| it.node().lacks_data());
    let stays_behind = |id| lacks(id) && members::rank(now, id) == Rank::Learner;
    let applies = |id: &NodeId| !witness(*id) && !stays_behind(*id);
    for id in among.iter().filter(applies) {
        let Some(server) = cluster.node(id) else {
            return Some(Reason::Down(id));
        };
        let machine = server.node();
        let is = (machine.applied(), machine.state_hash());
        match first {
            None => first = Some((is.0, is.1, id)),
            Some((applied, hash, _)) if (applied, hash) == is => {}
            Some((applied, _, other)) => {
                return Some(Reason::AppliedApart {
                    nodes: [other, id],
                    applied: [applied, is.0],
                });
            }
        }
    }
    None
}
