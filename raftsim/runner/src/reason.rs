//! The reasons why an expectation is not met. A run asks often and prints rarely, so the text is
//! built only on demand.

use raft_core::Index;
use scenario::NodeName;
use simulator::NodeId;
use sut::{MemberSets, NodeSet};

/// The reason why a condition is not true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason<'s> {
    NoLeader,
    SeveralLeaders(NodeSet),
    NotFollowed {
        leader: NodeId,
        by: NodeId,
    },
    WrongLeader {
        leader: NodeId,
        wanted: &'s [NodeName],
    },
    NotCommitted {
        leader: NodeId,
        commit: Index,
        last: Index,
    },
    Down(NodeId),
    AppliedApart {
        nodes: [NodeId; 2],
        applied: [u64; 2],
    },
    Unserved {
        client: usize,
    },
    MembersUnknown,
    OtherMembers(MemberSets),
    MembersNotCommitted(&'s str),
}

impl Reason<'_> {
    /// The reason as text.
    pub(crate) fn show(self, names: &[String]) -> String {
        let name = |id: NodeId| names[id.0 as usize].as_str();
        match self {
            Self::NoLeader => "no node leads".to_owned(),
            Self::SeveralLeaders(leaders) => {
                let leaders: Vec<_> = leaders.iter().map(name).collect();
                format!("several nodes lead: {}", leaders.join(" "))
            }
            Self::NotFollowed { leader, by } => {
                let (leader, by) = (name(leader), name(by));
                format!("{leader} leads, but {by} does not follow it")
            }
            Self::WrongLeader { leader, wanted } => {
                let wanted: Vec<_> = wanted.iter().map(ToString::to_string).collect();
                format!("{} leads, not {}", name(leader), wanted.join(" or "))
            }
            Self::NotCommitted {
                leader,
                commit,
                last,
            } => format!(
                "{} has committed up to {commit}, its log ends at {last}",
                name(leader)
            ),
            Self::Down(node) => format!("{} is down", name(node)),
            Self::AppliedApart {
                nodes: [one, other],
                applied: [its, theirs],
            } => format!(
                "{} has applied up to #{its}, {} up to #{theirs}",
                name(one),
                name(other)
            ),
            Self::Unserved { client } => {
                format!("client {client} has had no answer since the phase began")
            }
            Self::MembersUnknown => "no node leads, so nobody knows the members".to_owned(),
            Self::OtherMembers(now) => format!("the members are {}", now.show(names)),
            Self::MembersNotCommitted(wanted) => format!("{wanted} is not committed"),
        }
    }
}
