//! The changes that an operator requests from a leader, and the configurations that may follow,
//! step by step. It is written from the specification of changes and shares no code with the core.

use raft_core::{Change, ChangeOptions};
use simulator::NodeId;
use sut::{NodeSet, changes, engine_id};

use super::configurations::Sets;

/// A change that an operator requested from a leader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestedChange {
    /// The change.
    pub change: Change,
    /// Its options.
    pub how: ChangeOptions,
    /// The leader's members at the time of the request.
    pub was: Sets,
}

impl RequestedChange {
    /// The members after the change; `None` if it changes nothing or makes no sense.
    pub fn target(&self) -> Option<Sets> {
        let node = |id: &raft_core::NodeId| engine_id(*id);
        let (voters, learners) = (self.was.incoming, self.was.learners);
        let (voters, learners) = match &self.change {
            Change::Leave => return None,
            // An existing member keeps its role.
            Change::Add(id) if self.was.everybody().contains(node(id)) => return None,
            Change::Add(id) => (voters, with(learners, node(id))),
            // A member that holds data does not become one without data.
            Change::AddWitness(id) if self.was.holds_data(node(id)) => return None,
            Change::Promote(id) | Change::AddWitness(id) => {
                (with(voters, node(id)), without(learners, node(id)))
            }
            Change::Demote(id) if !voters.contains(node(id)) => return None,
            Change::Demote(id) => (without(voters, node(id)), with(learners, node(id))),
            Change::Remove(id) => (without(voters, node(id)), without(learners, node(id))),
            Change::Replace { old, .. } if !voters.contains(node(old)) => return None,
            Change::Replace { old, new } => (
                with(without(voters, node(old)), node(new)),
                without(learners, node(new)),
            ),
            Change::To { voters, learners } => (
                voters.iter().map(node).collect(),
                learners.iter().map(node).collect(),
            ),
        };
        let witnesses = match &self.change {
            Change::AddWitness(id) => with(self.was.witnesses, node(id)),
            _ => self.was.witnesses,
        };
        let target = Sets {
            incoming: voters,
            learners,
            witnesses,
            ..Sets::default()
        }
        .of_members();
        let twice = voters.iter().any(|id| learners.contains(id));
        (!voters.is_empty() && !twice && target != self.was).then_some(target)
    }

    /// The configuration that a leader may append next for the change, if `now` is in force.
    pub fn next(&self, now: Sets) -> Option<Sets> {
        if self.change == Change::Leave {
            return now.is_joint().then(|| now.left());
        }
        let target = self.target()?;
        if now.is_joint() || now == target {
            return None;
        }
        let strangers = but(target.incoming, now.everybody());
        if !self.how.forced && !strangers.is_empty() {
            let first = Sets {
                learners: and(now.learners, strangers),
                witnesses: and(now.witnesses, target.witnesses),
                ..now
            };
            return Some(first.of_members());
        }
        let come = but(target.incoming, now.incoming).len();
        let gone = but(now.incoming, target.incoming).len();
        Some(match come + gone <= 1 {
            true => target,
            false => Sets {
                outgoing: now.incoming,
                witnesses: and(now.witnesses, target.witnesses),
                leaves_itself: !self.how.stays_joint,
                ..target
            }
            .of_members(),
        })
    }

    /// The change as text: "add S4 as a learner".
    pub fn show(&self, names: &[String]) -> String {
        changes::words(&self.change, self.how, names)
    }
}

/// The nodes of a set that are not in another.
pub fn but(set: NodeSet, other: NodeSet) -> NodeSet {
    set.iter().filter(|id| !other.contains(*id)).collect()
}

/// The nodes of either set.
fn and(set: NodeSet, other: NodeSet) -> NodeSet {
    set.iter().chain(other.iter()).collect()
}

fn with(set: NodeSet, id: NodeId) -> NodeSet {
    set.iter().chain([id]).collect()
}

fn without(set: NodeSet, id: NodeId) -> NodeSet {
    but(set, id.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ids: &[u32]) -> NodeSet {
        ids.iter().map(|id| NodeId(*id)).collect()
    }

    fn sets(voters: &[u32], learners: &[u32]) -> Sets {
        Sets {
            incoming: set(voters),
            learners: set(learners),
            ..Sets::default()
        }
    }

    fn id(number: u64) -> raft_core::NodeId {
        raft_core::NodeId(number + 1)
    }

    /// All configurations of a change, in order.
    fn way(was: Sets, change: Change, how: ChangeOptions) -> Vec<Sets> {
        let wish = RequestedChange { change, how, was };
        let mut way = Vec::new();
        let mut now = was;
        while let Some(next) = wish.next(now) {
            way.push(next);
            now = next;
            assert!(way.len() < 4, "{way:?}");
        }
        way
    }

    #[test]
    fn a_witness_is_a_witness_from_the_first_step_on_and_as_long_as_it_is_a_member() {
        let was = sets(&[0, 1], &[]);
        let first = Sets {
            witnesses: set(&[2]),
            ..sets(&[0, 1], &[2])
        };
        let there = Sets {
            witnesses: set(&[2]),
            ..sets(&[0, 1, 2], &[])
        };
        assert_eq!(politely(was, Change::AddWitness(id(2))), [first, there]);
        assert_eq!(politely(was, Change::AddWitness(id(1))), []);
        assert_eq!(politely(there, Change::AddWitness(id(2))), []);
        assert_eq!(politely(there, Change::Demote(id(2))), [first]);
        assert_eq!(politely(there, Change::Remove(id(2))), [was]);
        let change = Change::Replace {
            old: id(2),
            new: id(3),
        };
        let with_both = Sets {
            witnesses: set(&[2]),
            ..sets(&[0, 1, 2], &[3])
        };
        let joint = Sets {
            outgoing: set(&[0, 1, 2]),
            witnesses: set(&[2]),
            leaves_itself: true,
            ..sets(&[0, 1, 3], &[])
        };
        let way = politely(there, change);
        assert_eq!(way, [with_both, joint]);
        assert_eq!(joint.left(), sets(&[0, 1, 3], &[]));
    }

    fn politely(was: Sets, change: Change) -> Vec<Sets> {
        way(was, change, ChangeOptions::default())
    }

    #[test]
    fn what_is_so_already_or_makes_no_sense_changes_nothing() {
        let was = sets(&[0, 1], &[2]);
        for change in [
            Change::Add(id(1)),
            Change::Add(id(2)),
            Change::Promote(id(1)),
            Change::Demote(id(2)),
            Change::Remove(id(5)),
            Change::Leave,
            Change::Replace {
                old: id(2),
                new: id(5),
            },
            Change::To {
                voters: [].as_slice().into(),
                learners: [id(1)].as_slice().into(),
            },
        ] {
            assert_eq!(politely(was, change.clone()), [], "{change:?}");
        }
        assert_eq!(politely(sets(&[0], &[]), Change::Demote(id(0))), []);
        assert_eq!(politely(sets(&[0], &[]), Change::Remove(id(0))), []);
    }

    #[test]
    fn one_voter_more_or_less_is_a_step_and_a_stranger_learns_first() {
        let was = sets(&[0, 1], &[2]);
        let add = politely(was, Change::Add(id(3)));
        assert_eq!(add, [sets(&[0, 1], &[2, 3])]);
        let promote = politely(was, Change::Promote(id(2)));
        assert_eq!(promote, [sets(&[0, 1, 2], &[])]);
        let join = politely(was, Change::Promote(id(3)));
        assert_eq!(join, [sets(&[0, 1], &[2, 3]), sets(&[0, 1, 3], &[2])]);
        let demote = politely(was, Change::Demote(id(1)));
        assert_eq!(demote, [sets(&[0], &[1, 2])]);
        assert_eq!(politely(was, Change::Remove(id(1))), [sets(&[0], &[2])]);
    }

    #[test]
    fn more_than_one_goes_through_both_sets_of_voters() {
        let (was, new) = (sets(&[0, 1], &[]), id(3));
        let replace = |how| way(was, Change::Replace { old: id(1), new }, how);
        let joint = |leaves_itself| Sets {
            incoming: set(&[0, 3]),
            outgoing: set(&[0, 1]),
            leaves_itself,
            ..Sets::default()
        };
        let how = ChangeOptions::default();
        assert_eq!(replace(how), [sets(&[0, 1], &[3]), joint(true)]);
        let forced = ChangeOptions {
            forced: true,
            stays_joint: true,
        };
        assert_eq!(replace(forced), [joint(false)]);
        assert_eq!(politely(joint(false), Change::Leave), [sets(&[0, 3], &[])]);
    }
}
