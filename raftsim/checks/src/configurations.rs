//! The checks' own reading and counting of configurations. They share no code with the core.

use raft_core::Configuration;
use simulator::NodeId;
use sut::{Founders, NodeSet, engine_id};

use super::model::number;

/// The first byte of a payload that holds a configuration.
const MEMBERS: u8 = 11;
/// In the second byte: a leader leaves the joint configuration automatically.
const LEAVES_ITSELF: u8 = 1;
/// In the second byte: the configuration ends with a list of witnesses.
const HAS_WITNESSES: u8 = 2;

/// The members of a cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sets {
    /// The voters; in a joint configuration, those of the incoming half.
    pub incoming: NodeSet,
    /// The voters of the outgoing half.
    pub(crate) outgoing: NodeSet,
    pub(crate) learners: NodeSet,
    /// Whether a leader leaves this joint configuration automatically.
    pub leaves_itself: bool,
    /// The members that hold no data.
    pub witnesses: NodeSet,
}

/// A set of voters of which too few agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Short {
    /// The voters that agree.
    pub have: NodeSet,
    /// All voters of the set.
    pub of: NodeSet,
}

impl Short {
    /// The number of voters of a majority.
    pub fn needed(self) -> usize {
        self.of.len() / 2 + 1
    }
}

impl Sets {
    /// The members with which a cluster is founded.
    pub(crate) fn founding(founders: Founders) -> Self {
        Self {
            incoming: founders.voters(),
            witnesses: founders.witnesses(),
            ..Self::default()
        }
    }

    /// The same, as a node knows them: no members, if the node is not a founder.
    pub(crate) fn known_to(self, node: NodeId) -> Self {
        match self.incoming.contains(node) {
            true => self,
            false => Self::default(),
        }
    }

    /// Decodes the members of a payload, if it holds any.
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let (&MEMBERS, rest) = payload.split_first()? else {
            return None;
        };
        let (&flags, mut rest) = rest.split_first()?;
        let mut set = || {
            let count = number(&mut rest)?;
            let ids = (0..count).map(|_| Some(node(number(&mut rest)?)));
            ids.collect::<Option<NodeSet>>()
        };
        Some(Self {
            incoming: set()?,
            outgoing: set()?,
            learners: set()?,
            leaves_itself: flags & LEAVES_ITSELF != 0,
            witnesses: match flags & HAS_WITNESSES {
                0 => NodeSet::EMPTY,
                _ => set()?,
            },
        })
    }

    /// The configuration that a server uses, by its own account.
    pub fn of(configuration: &Configuration) -> Self {
        let set = |ids: &[raft_core::NodeId]| ids.iter().map(|id| engine_id(*id)).collect();
        Self {
            incoming: set(configuration.incoming()),
            outgoing: set(configuration.outgoing()),
            learners: set(configuration.learners()),
            leaves_itself: configuration.leaves_itself(),
            witnesses: set(configuration.witnesses()),
        }
    }

    pub(crate) fn is_nobody(self) -> bool {
        self.incoming.is_empty()
    }

    /// Whether two sets of voters must agree.
    pub fn is_joint(self) -> bool {
        !self.outgoing.is_empty()
    }

    /// All nodes with a vote in either half.
    pub fn voters(self) -> NodeSet {
        self.incoming.union(self.outgoing)
    }

    /// All nodes that receive the log.
    pub(crate) fn everybody(self) -> NodeSet {
        self.voters().union(self.learners)
    }

    /// Whether a node is a member and holds the data.
    pub(crate) fn holds_data(self, id: NodeId) -> bool {
        self.has(id) && !self.witnesses.contains(id)
    }

    /// Whether a node has a vote in either half.
    pub(crate) fn votes(self, id: NodeId) -> bool {
        self.incoming.contains(id) || self.outgoing.contains(id)
    }

    fn has(self, id: NodeId) -> bool {
        self.votes(id) || self.learners.contains(id)
    }

    /// Each set of voters that must agree.
    pub fn halves(self) -> impl Iterator<Item = NodeSet> {
        let halves = [self.incoming, self.outgoing].into_iter();
        halves.filter(|half| !half.is_empty())
    }

    /// The configuration that is in force after the joint configuration is left.
    pub fn left(self) -> Self {
        Self {
            outgoing: NodeSet::EMPTY,
            leaves_itself: false,
            ..self
        }
        .of_members()
    }

    /// The same, without witnesses that are not members.
    pub(crate) fn of_members(self) -> Self {
        Self {
            witnesses: self.witnesses.intersection(self.everybody()),
            ..self
        }
    }

    /// The first set of voters of which `who` is not a majority; `None` if `who` can decide.
    pub fn short(self, who: NodeSet) -> Option<Short> {
        if self.is_nobody() {
            let (have, of) = (NodeSet::EMPTY, NodeSet::EMPTY);
            return Some(Short { have, of });
        }
        let count = |of: NodeSet| Short {
            have: of.intersection(who),
            of,
        };
        let mut counts = self.halves().map(count);
        counts.find(|short| short.have.len() < short.needed())
    }

    /// Whether `own` of these members and `theirs` of others could decide independently.
    pub(crate) fn decide_apart(self, own: NodeSet, others: Self, theirs: NodeSet) -> bool {
        let voters: Vec<NodeId> = self
            .voters()
            .iter()
            .filter(|id| own.contains(*id))
            .collect();
        (0_u32..1 << voters.len()).any(|drawn| {
            let places = voters.iter().enumerate();
            let some: NodeSet = places
                .filter(|(place, _)| drawn >> place & 1 == 1)
                .map(|(_, id)| *id)
                .collect();
            let rest = theirs.iter().filter(|id| !some.contains(*id)).collect();
            self.short(some).is_none() && others.short(rest).is_none()
        })
    }

    /// Whether these members may follow `before`: one voter more or less, or a step into or out of
    /// a joint configuration.
    pub(crate) fn may_follow(self, before: Self) -> bool {
        let changes = |id: NodeId| {
            let (is, was) = (self.witnesses.contains(id), before.witnesses.contains(id));
            is != was && self.has(id) && before.has(id)
        };
        let mut all = self.witnesses.iter().chain(before.witnesses.iter());
        // A member that holds data keeps holding it, and a member without data gets none.
        if all.any(changes) {
            return false;
        }
        match (before.is_joint(), self.is_joint()) {
            (true, true) => false,
            (true, false) => self.incoming == before.incoming && self.learners == before.learners,
            (false, true) => self.outgoing == before.incoming,
            (false, false) => {
                let apart = |of: NodeSet, from: NodeSet| {
                    let gone = of.iter().filter(|id| !from.contains(*id));
                    gone.count()
                };
                let (is, was) = (self.incoming, before.incoming);
                apart(is, was) + apart(was, is) <= 1
            }
        }
    }

    /// The members by name: `S1 S2 -> S1 S3 + S4`.
    pub fn show(self, names: &[String]) -> String {
        let sets = sut::MemberSets {
            voters: self.incoming,
            outgoing: self.outgoing,
            learners: self.learners,
            witnesses: self.witnesses,
        };
        sets.show(names)
    }
}

/// The engine's node for a Raft id, which counts from 1. All ids without a node map to 15, which no
/// scenario uses.
fn node(id: u64) -> NodeId {
    let place = id
        .checked_sub(1)
        .and_then(|place| u32::try_from(place).ok());
    NodeId(place.filter(|place| *place < 15).unwrap_or(15))
}

/// The configurations of a log, and the one before its first entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MembersLog {
    base: Sets,
    held: Vec<(u64, Sets)>,
}

impl MembersLog {
    pub(crate) fn new(base: Sets) -> Self {
        Self {
            base,
            held: Vec::new(),
        }
    }

    /// The configurations of these durable records.
    pub(crate) fn of_disk(disk: &kv::Disk, founding: Sets) -> Self {
        let base = disk.base.as_ref();
        let base = base.map_or(founding, |base| Sets::of(&base.configuration));
        let mut log = Self::new(base);
        for ((_, payload), index) in disk.entries.iter().zip(disk.base().index.0 + 1..) {
            log.push(index, payload.bytes());
        }
        log
    }

    pub(crate) fn push(&mut self, index: u64, payload: &[u8]) {
        if let Some(sets) = Sets::read(payload) {
            self.held.push((index, sets));
        }
    }

    /// Removes this entry and all that follow. Returns whether a configuration was removed.
    pub(crate) fn truncate(&mut self, from: u64) -> bool {
        let before = self.held.len();
        self.held.retain(|(index, _)| *index < from);
        self.held.len() < before
    }

    pub(crate) fn latest(&self) -> Sets {
        self.held.last().map_or(self.base, |(_, sets)| *sets)
    }

    /// The members before the latest ones.
    pub(crate) fn before_latest(&self) -> Sets {
        let before = self.held.iter().rev().nth(1);
        before.map_or(self.base, |(_, sets)| *sets)
    }

    /// The members in force after all entries up to this index.
    pub(crate) fn at(&self, index: u64) -> Sets {
        let before = self.held.iter().rev().find(|(at, _)| *at <= index);
        before.map_or(self.base, |(_, sets)| *sets)
    }

    /// The members that an entry holds.
    pub(crate) fn held_at(&self, index: u64) -> Option<Sets> {
        let held = self.held.iter().find(|(at, _)| *at == index);
        held.map(|(_, sets)| *sets)
    }

    /// The members that later entries hold, each with its index.
    pub(crate) fn after(&self, index: u64) -> impl Iterator<Item = (u64, Sets)> {
        self.held.iter().copied().filter(move |(at, _)| *at > index)
    }

    /// The index of the entry with the latest members; 0 if there is none.
    pub(crate) fn latest_at(&self) -> u64 {
        self.held.last().map_or(0, |(index, _)| *index)
    }

    /// Records a committed configuration.
    pub(crate) fn note(&mut self, index: u64, sets: Sets) {
        self.held.push((index, sets));
    }

    /// Whether no entry holds a configuration.
    pub(crate) fn never_changed(&self) -> bool {
        self.held.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ids: &[u32]) -> NodeSet {
        ids.iter().map(|id| NodeId(*id)).collect()
    }

    fn simple(ids: &[u32]) -> Sets {
        Sets {
            incoming: set(ids),
            ..Sets::default()
        }
    }

    #[test]
    fn neighbours_never_decide_apart_and_two_neighbours_of_an_even_set_do() {
        let all = set(&[0, 1, 2, 3, 4, 5]);
        let apart = |a: Sets, b: Sets| a.decide_apart(all, b, all);
        assert!(!apart(simple(&[0, 1, 2, 3]), simple(&[0, 1, 2, 3, 4])));
        assert!(!apart(simple(&[0, 1, 2]), simple(&[0, 1])));
        assert!(apart(simple(&[1, 2, 3]), simple(&[0, 2, 3])), "Ongaro 2015");
        assert!(
            apart(simple(&[0, 1, 2]), simple(&[0, 1, 2, 3, 4])),
            "Figure 10"
        );
    }

    #[test]
    fn a_joint_configuration_decides_apart_from_neither_of_its_halves() {
        let all = set(&[0, 1, 2, 3, 4, 5]);
        let joint = Sets {
            incoming: set(&[3, 4, 5]),
            outgoing: set(&[0, 1, 2]),
            learners: NodeSet::EMPTY,
            leaves_itself: true,
            ..Sets::default()
        };
        for half in [simple(&[0, 1, 2]), simple(&[3, 4, 5])] {
            assert!(!joint.decide_apart(all, half, all));
            assert!(!half.decide_apart(all, joint, all));
        }
        assert!(joint.may_follow(simple(&[0, 1, 2])) && simple(&[3, 4, 5]).may_follow(joint));
        assert!(!simple(&[3, 4, 5]).may_follow(simple(&[0, 1, 2])));
        assert!(
            !simple(&[0, 1, 2]).may_follow(joint),
            "there is no way back"
        );
    }

    #[test]
    fn witnesses_are_read_from_an_entry_and_stay_what_they_are() {
        let payload = [MEMBERS, HAS_WITNESSES, 3, 1, 2, 3, 0, 0, 1, 3];
        let sets = Sets::read(&payload).unwrap();
        let wanted = Sets {
            witnesses: set(&[2]),
            ..simple(&[0, 1, 2])
        };
        assert_eq!(sets, wanted);
        assert!(wanted.holds_data(NodeId(1)) && !wanted.holds_data(NodeId(2)));
        assert!(!wanted.holds_data(NodeId(3)), "it is no member");
        assert!(wanted.may_follow(simple(&[0, 1])) && simple(&[0, 1]).may_follow(wanted));
        assert!(!wanted.may_follow(simple(&[0, 1, 2])) && !simple(&[0, 1, 2]).may_follow(wanted));
    }

    #[test]
    fn what_is_missing_is_told_half_by_half() {
        let joint = Sets {
            incoming: set(&[0, 3, 4]),
            outgoing: set(&[0, 1, 2]),
            learners: NodeSet::EMPTY,
            leaves_itself: true,
            ..Sets::default()
        };
        assert_eq!(joint.short(set(&[0, 1, 3])), None);
        let short = joint.short(set(&[0, 1, 2])).unwrap();
        assert_eq!((short.have, short.of), (set(&[0]), set(&[0, 3, 4])));
        assert!(
            Sets::default().short(set(&[0])).is_some(),
            "nobody decides nothing"
        );
    }
}
