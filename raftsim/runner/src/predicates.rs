//! What may be true of a cluster at one moment: it has one leader, all is committed, states are equal.

use raft_core::{RoleKind, Term};
use simulator::{Cluster, NodeId};
use sut::members::{self, Rank};
use sut::{Server, raft_id};

/// A leader and its term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leadership {
    pub(crate) leader: NodeId,
    pub(crate) term: Term,
}

impl Leadership {
    /// Why it is over, if it is.
    pub(crate) fn lost(
        self,
        cluster: &Cluster<Server>,
        among: &[NodeId],
        names: &[String],
    ) -> Option<String> {
        let now = one_leader(cluster, among, names);
        if now == Ok(self) {
            return None;
        }
        let (was, Term(term)) = (&names[self.leader.0 as usize], self.term);
        let is = now.map_or_else(
            |lack| lack,
            |new| format!("{} leads term {}", names[new.leader.0 as usize], new.term.0),
        );
        Some(format!("{was} led term {term}, but now {is}"))
    }
}

/// The one leader that all servers of these that are up follow, or why there is none.
pub(crate) fn one_leader(
    cluster: &Cluster<Server>,
    among: &[NodeId],
    names: &[String],
) -> Result<Leadership, String> {
    let up: Vec<_> = among
        .iter()
        .filter_map(|&id| cluster.node(id).map(|server| (id, server.node().raft())))
        .collect();
    let leaders: Vec<_> = up
        .iter()
        .filter(|(_, raft)| raft.role() == RoleKind::Leader)
        .collect();
    let [(leader, of)] = leaders[..] else {
        let leading: Vec<_> = leaders
            .iter()
            .map(|(id, _)| names[id.0 as usize].as_str())
            .collect();
        return Err(match leading.len() {
            0 => "no node leads".to_owned(),
            _ => format!("several nodes lead: {}", leading.join(" ")),
        });
    };
    let stray = up.iter().find(|(_, raft)| raft.leader() != Some(of.id()));
    if let Some((stray, _)) = stray {
        let (stray, leader) = (&names[stray.0 as usize], &names[leader.0 as usize]);
        return Err(format!("{leader} leads, but {stray} does not follow it"));
    }
    Ok(Leadership {
        leader: *leader,
        term: of.current_term(),
    })
}

/// What stands in the way of everything in the leader's log being committed.
pub(crate) fn all_committed(
    cluster: &Cluster<Server>,
    among: &[NodeId],
    names: &[String],
) -> Option<String> {
    let leader = match one_leader(cluster, among, names) {
        Ok(leadership) => leadership.leader,
        Err(lack) => return Some(lack),
    };
    let raft = cluster.node(leader)?.node().raft();
    let (commit, last) = (raft.commit_index(), raft.log().last_index());
    let name = &names[leader.0 as usize];
    (commit < last).then(|| format!("{name} has committed up to {commit}, its log ends at {last}"))
}

/// A witness applies nothing, nor does a learner that was one and lacks what it would have to apply.
pub(crate) fn applied_equal(
    cluster: &Cluster<Server>,
    among: &[NodeId],
    names: &[String],
) -> Option<String> {
    let mut first: Option<(u64, u64, usize)> = None;
    let now = members::in_force(cluster);
    let witness = |id| now.is_some_and(|now| now.is_witness(raft_id(id)));
    let lacks = |id| cluster.node(id).is_some_and(|it| it.node().lacks_data());
    let stays_behind = |id| lacks(id) && members::rank(now, id) == Rank::Learner;
    let applies = |id: &&NodeId| !witness(**id) && !stays_behind(**id);
    for &id in among.iter().filter(applies) {
        let place = id.0 as usize;
        let Some(server) = cluster.node(id) else {
            return Some(format!("{} is down", names[place]));
        };
        let machine = server.node();
        let is = (machine.applied(), machine.state_hash());
        match first {
            None => first = Some((is.0, is.1, place)),
            Some((applied, hash, _)) if (applied, hash) == is => {}
            Some((applied, _, other)) => {
                return Some(format!(
                    "{} has applied up to #{applied}, {} up to #{}",
                    names[other], names[place], is.0
                ));
            }
        }
    }
    None
}
