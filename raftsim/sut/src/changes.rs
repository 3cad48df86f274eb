//! Requested changes of members: the servers they name, their text, and their renumbering.

use raft_core::{Change, ChangeOptions, Members};
use simulator::NodeId;

use crate::ids::{engine_id, raft_id};

/// The servers that a change names.
pub fn named(change: &Change) -> Vec<NodeId> {
    let ids: Vec<raft_core::NodeId> = match change {
        Change::Add(id)
        | Change::AddWitness(id)
        | Change::Promote(id)
        | Change::Demote(id)
        | Change::Remove(id) => vec![*id],
        Change::Replace { old, new } => vec![*old, *new],
        Change::To { voters, learners } => voters.iter().chain(learners).copied().collect(),
        Change::Leave => Vec::new(),
    };
    ids.into_iter().map(engine_id).collect()
}

/// Renumbers the servers that a change names. Two servers may get the same number.
pub fn renumber(change: &mut Change, number: impl Fn(NodeId) -> NodeId) {
    let new = |id: &mut raft_core::NodeId| *id = raft_id(number(engine_id(*id)));
    match change {
        Change::Add(id)
        | Change::AddWitness(id)
        | Change::Promote(id)
        | Change::Demote(id)
        | Change::Remove(id) => new(id),
        Change::Replace { old, new: by } => [old, by].into_iter().for_each(new),
        Change::To { voters, learners } => {
            voters.iter_mut().chain(learners.iter_mut()).for_each(new);
            for set in [voters, learners] {
                set.sort_unstable();
                set.dedup();
            }
        }
        Change::Leave => {}
    }
}

/// A change as text, for servers with these names: "add S4".
pub fn words(change: &Change, how: ChangeOptions, names: &[impl AsRef<str>]) -> String {
    let name = |id: &raft_core::NodeId| names[engine_id(*id).0 as usize].as_ref();
    let list = |ids: &Members| ids.iter().map(name).collect::<Vec<_>>().join(" ");
    let what = match change {
        Change::Add(id) => format!("add {} as a learner", name(id)),
        Change::AddWitness(id) => format!("add {} as a witness", name(id)),
        Change::Promote(id) => format!("give {} a vote", name(id)),
        Change::Demote(id) => format!("take the vote of {}", name(id)),
        Change::Remove(id) => format!("remove {}", name(id)),
        Change::Replace { old, new } => format!("replace {} by {}", name(old), name(new)),
        Change::To { voters, learners } if learners.is_empty() => {
            format!("make {} the members", list(voters))
        }
        Change::To { voters, learners } => {
            format!(
                "make {} the voters and {} the learners",
                list(voters),
                list(learners)
            )
        }
        Change::Leave => "leave the joint configuration".to_owned(),
    };
    match how.forced {
        true => format!("{what}, whatever comes of it"),
        false => what,
    }
}
