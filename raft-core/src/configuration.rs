//! The voters in force: one set, or two during joint consensus (paper §6).

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt::Write as _;

use smallvec::SmallVec;

use crate::types::NodeId;

/// A sorted set of servers, stored in place for the usual sizes.
pub type Members = SmallVec<[NodeId; 5]>;

/// A set of servers that is mostly empty, stored in place.
type Few = SmallVec<[NodeId; 2]>;

/// The members of a cluster: one set of voters, or two while a change is under way (§6), and
/// learners, which receive the log but decide nothing (dissertation §4.2.1).
///
/// Some of them may be witnesses, which hold no data (see `witness`).
///
/// In a joint configuration, the incoming voters and the learners are those of the next one. A
/// voter that becomes a learner is listed as a learner already, and still votes in the outgoing
/// half.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Configuration {
    incoming: Members,
    outgoing: Few,
    learners: Few,
    /// Boxed, because witnesses are rare.
    witnesses: Option<Box<Members>>,
    /// Whether the leader leaves the joint configuration without being asked.
    leaves_itself: bool,
}

/// Why a set of members is not a configuration.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ConfigurationError {
    /// A cluster needs at least one voter.
    NoVoters,
    /// This server is named twice, or as a voter and a learner at once.
    Twice(NodeId),
    /// Only a joint configuration can be left.
    NothingToLeave,
    /// This witness is no member.
    StrangeWitness(NodeId),
    /// The voters with data are no majority, so witnesses could block the election of all of them.
    TooManyWitnesses,
}

impl core::error::Error for ConfigurationError {}

impl core::fmt::Display for ConfigurationError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NoVoters => write!(f, "a configuration needs at least one voter"),
            Self::Twice(id) => write!(f, "{id} is named twice in the configuration"),
            Self::NothingToLeave => write!(f, "only a joint configuration leaves itself"),
            Self::StrangeWitness(id) => write!(f, "{id} is to be a witness and is no member"),
            Self::TooManyWitnesses => {
                write!(f, "those that hold data would be no majority of the voters")
            }
        }
    }
}

impl Configuration {
    /// The empty configuration of a server that has not joined yet. It names no member, so the
    /// server waits for a leader and never campaigns.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            incoming: SmallVec::new(),
            outgoing: SmallVec::new(),
            learners: SmallVec::new(),
            witnesses: None,
            leaves_itself: false,
        }
    }

    /// A configuration with one set of voters and no learners.
    ///
    /// # Errors
    /// When there is no voter, or a voter is named twice.
    pub fn of_voters(voters: &[NodeId]) -> Result<Self, ConfigurationError> {
        Self::new(voters, &[], &[])
    }

    /// A configuration from its three sets; `outgoing` is empty outside a joint change.
    ///
    /// # Errors
    /// When there is no incoming voter, or a server is named in two places that exclude each other.
    pub fn new(
        incoming: &[NodeId],
        outgoing: &[NodeId],
        learners: &[NodeId],
    ) -> Result<Self, ConfigurationError> {
        if incoming.is_empty() {
            return Err(ConfigurationError::NoVoters);
        }
        let configuration = Self {
            incoming: sorted(incoming)?,
            outgoing: sorted(outgoing)?.as_slice().into(),
            learners: sorted(learners)?.as_slice().into(),
            witnesses: None,
            leaves_itself: false,
        };
        for learner in &configuration.learners {
            if configuration.incoming.contains(learner) {
                return Err(ConfigurationError::Twice(*learner));
            }
        }
        Ok(configuration)
    }

    /// The same members, with exactly these as the witnesses.
    ///
    /// # Errors
    /// When a witness is named twice or is no member, or when voters with data are no majority of a
    /// half. The witnesses could then hold entries that no server with data has, and refuse every
    /// candidate their votes.
    pub fn with_witnesses(self, witnesses: &[NodeId]) -> Result<Self, ConfigurationError> {
        let witnesses = sorted(witnesses)?;
        if let Some(stranger) = witnesses.iter().find(|id| !self.is_member(**id)) {
            return Err(ConfigurationError::StrangeWitness(*stranger));
        }
        for voters in [self.incoming(), self.outgoing()] {
            let without = voters.iter().filter(|id| witnesses.contains(id)).count();
            if without > 0 && 2 * without >= voters.len() {
                return Err(ConfigurationError::TooManyWitnesses);
            }
        }
        let witnesses = (!witnesses.is_empty()).then(|| Box::new(witnesses));
        Ok(Self { witnesses, ..self })
    }

    /// The same joint configuration, which its leader leaves once it is committed.
    ///
    /// # Errors
    /// When it is not joint.
    pub fn that_leaves_itself(self) -> Result<Self, ConfigurationError> {
        if !self.is_joint() {
            return Err(ConfigurationError::NothingToLeave);
        }
        Ok(Self {
            leaves_itself: true,
            ..self
        })
    }

    /// The configuration after a joint one was left: its incoming half.
    #[must_use]
    pub fn left(&self) -> Self {
        let mut left = Self {
            outgoing: SmallVec::new(),
            leaves_itself: false,
            ..self.clone()
        };
        left.keep_witnesses();
        left
    }

    /// Removes witnesses that are no longer members.
    fn keep_witnesses(&mut self) {
        let Some(mut witnesses) = self.witnesses.take() else {
            return;
        };
        witnesses.retain(|id| self.is_member(*id));
        self.witnesses = Some(witnesses).filter(|left| !left.is_empty());
    }

    /// The joint configuration on the way to `next`: it needs both sets of voters.
    pub(crate) fn joined_by(&self, next: &Self, leaves_itself: bool) -> Self {
        assert!(
            !self.is_joint() && !next.is_joint(),
            "two sets of voters decide at most"
        );
        assert!(
            !self.incoming.is_empty() && !next.incoming.is_empty(),
            "each half has voters"
        );
        let mut witnesses = Members::from_slice(self.witnesses());
        witnesses.extend_from_slice(next.witnesses());
        witnesses.sort_unstable();
        witnesses.dedup();
        let mut joint = Self {
            outgoing: self.incoming.as_slice().into(),
            witnesses: Some(Box::new(witnesses)),
            leaves_itself,
            ..next.clone()
        };
        joint.keep_witnesses();
        joint
    }

    /// The voters of the configuration, or of its incoming half.
    #[must_use]
    #[inline]
    pub fn incoming(&self) -> &[NodeId] {
        &self.incoming
    }

    /// The voters of the outgoing half; empty outside a joint change.
    #[must_use]
    #[inline]
    pub fn outgoing(&self) -> &[NodeId] {
        &self.outgoing
    }

    /// The members that receive the log and decide nothing. In a joint configuration a voter of the
    /// outgoing half may be among them.
    #[must_use]
    #[inline]
    pub fn learners(&self) -> &[NodeId] {
        &self.learners
    }

    /// The members that hold no data, voters or learners.
    #[must_use]
    #[inline]
    pub fn witnesses(&self) -> &[NodeId] {
        self.witnesses.as_deref().map_or(&[], |some| some)
    }

    /// Whether this member holds no data.
    #[must_use]
    #[inline]
    pub fn is_witness(&self, id: NodeId) -> bool {
        self.witnesses().contains(&id)
    }

    /// Whether decisions need a majority of each of two sets.
    #[must_use]
    #[inline]
    pub fn is_joint(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// Whether the leader leaves this joint configuration as soon as it is committed. If not, an
    /// operator asks for that.
    #[must_use]
    pub fn leaves_itself(&self) -> bool {
        self.leaves_itself
    }

    /// Whether it has no members: see [`Configuration::empty`].
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.incoming.is_empty()
    }

    /// Whether this server is a member, with or without a vote.
    #[must_use]
    #[inline]
    pub fn is_member(&self, id: NodeId) -> bool {
        self.is_voter(id) || self.learners.contains(&id)
    }

    /// The size of an entry that holds it, in bytes: one word for each named server, and one more.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let named = self.incoming.len() + self.outgoing.len() + self.learners.len();
        let named = named + self.witnesses().len();
        8 * (named as u64 + 1)
    }

    /// The number of voters that only one of the two configurations has.
    pub(crate) fn voters_apart(&self, other: &Self) -> usize {
        let missing = |of: &Self, from: &Self| {
            let gone = of.incoming.iter().filter(|id| !from.incoming.contains(id));
            gone.count()
        };
        missing(self, other) + missing(other, self)
    }

    /// Whether this server's vote counts in either half.
    #[must_use]
    #[inline]
    pub fn is_voter(&self, id: NodeId) -> bool {
        self.incoming.contains(&id) || self.outgoing.contains(&id)
    }

    /// Every member once, in ascending order.
    #[must_use]
    pub fn members(&self) -> Members {
        let mut all: Members = SmallVec::new();
        all.extend_from_slice(&self.incoming);
        all.extend_from_slice(&self.outgoing);
        all.extend_from_slice(&self.learners);
        all.sort_unstable();
        all.dedup();
        all
    }

    /// One line for readers: `{1 2 3}`, `{1 2 3}->{2 3 4} learners {5} witnesses {3}`.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut text = String::new();
        if self.is_joint() {
            describe_set(&mut text, &self.outgoing);
            text.push_str("->");
        }
        describe_set(&mut text, &self.incoming);
        if !self.learners.is_empty() {
            text.push_str(" learners ");
            describe_set(&mut text, &self.learners);
        }
        if !self.witnesses().is_empty() {
            text.push_str(" witnesses ");
            describe_set(&mut text, self.witnesses());
        }
        text
    }
}

fn describe_set(text: &mut String, members: &[NodeId]) {
    text.push('{');
    for (place, id) in members.iter().enumerate() {
        let gap = if place == 0 { "" } else { " " };
        write!(text, "{gap}{}", id.0).expect("writing to a String cannot fail");
    }
    text.push('}');
}

fn sorted(members: &[NodeId]) -> Result<Members, ConfigurationError> {
    let mut sorted = Members::from_slice(members);
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(ConfigurationError::Twice(pair[0])),
        None => Ok(sorted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(numbers: &[u64]) -> Members {
        numbers.iter().map(|n| NodeId(*n)).collect()
    }

    #[test]
    fn a_configuration_needs_a_voter_and_names_nobody_twice() {
        assert_eq!(
            Configuration::of_voters(&[]),
            Err(ConfigurationError::NoVoters)
        );
        assert_eq!(
            Configuration::of_voters(&ids(&[2, 1, 2])),
            Err(ConfigurationError::Twice(NodeId(2)))
        );
        assert_eq!(
            Configuration::new(&ids(&[1, 2]), &[], &ids(&[2])),
            Err(ConfigurationError::Twice(NodeId(2)))
        );
    }

    #[test]
    fn a_voter_that_is_to_be_a_learner_votes_until_the_joint_configuration_is_left() {
        let old = Configuration::of_voters(&ids(&[1, 2, 3])).unwrap();
        let next = Configuration::new(&ids(&[1, 2]), &[], &ids(&[3])).unwrap();
        let joint = old.joined_by(&next, true);
        assert!(joint.is_voter(NodeId(3)) && joint.leaves_itself());
        assert_eq!(joint.left(), next);
        assert!(!next.is_voter(NodeId(3)) && next.is_member(NodeId(3)));
        assert_eq!(
            next.that_leaves_itself(),
            Err(ConfigurationError::NothingToLeave)
        );
    }

    #[test]
    fn witnesses_are_members_and_decide_nothing_alone() {
        let of = |voters: &[u64], learners: &[u64], witnesses: &[u64]| {
            let members = Configuration::new(&ids(voters), &[], &ids(learners)).unwrap();
            members.with_witnesses(&ids(witnesses))
        };
        assert_eq!(
            of(&[1, 2], &[], &[3]),
            Err(ConfigurationError::StrangeWitness(NodeId(3)))
        );
        assert_eq!(
            of(&[1, 2, 3], &[], &[2, 2]),
            Err(ConfigurationError::Twice(NodeId(2)))
        );
        let too_many = Err(ConfigurationError::TooManyWitnesses);
        assert_eq!(of(&[1], &[], &[1]), too_many);
        assert_eq!(of(&[1, 2], &[], &[2]), too_many);
        assert_eq!(of(&[1, 2, 3], &[], &[2, 3]), too_many);
        assert_eq!(of(&[1, 2, 3, 4], &[], &[3, 4]), too_many);
        for (voters, learners, witnesses) in [
            (&[1][..], &[2][..], &[2][..]),
            (&[1, 2, 3], &[], &[3]),
            (&[1, 2, 3, 4], &[5], &[4, 5]),
        ] {
            let some = of(voters, learners, witnesses).unwrap();
            assert_eq!(some.witnesses(), &*ids(witnesses));
        }
        assert_eq!(
            of(&[1, 2, 3], &[], &[]).unwrap(),
            Configuration::of_voters(&ids(&[1, 2, 3])).unwrap()
        );
    }

    #[test]
    fn each_half_of_a_joint_configuration_keeps_its_witnesses() {
        let of = |voters: &[u64], witness: u64| {
            let members = Configuration::of_voters(&ids(voters)).unwrap();
            members.with_witnesses(&[NodeId(witness)]).unwrap()
        };
        let (old, next) = (of(&[1, 2, 3], 3), of(&[1, 4, 5], 5));
        let joint = old.joined_by(&next, true);
        assert_eq!(joint.describe(), "{1 2 3}->{1 4 5} witnesses {3 5}");
        assert_eq!(joint.left(), next);
    }

    #[test]
    fn who_knows_of_no_member_knows_nobody() {
        let nobody = Configuration::empty();
        assert!(nobody.is_empty() && nobody.members().is_empty());
        assert!(!nobody.is_member(NodeId(1)));
    }

    #[test]
    fn members_are_listed_once_in_order() {
        let joint = Configuration::new(&ids(&[3, 4, 2]), &ids(&[1, 2, 3]), &ids(&[9])).unwrap();
        assert_eq!(joint.members(), ids(&[1, 2, 3, 4, 9]));
        assert_eq!(joint.describe(), "{1 2 3}->{2 3 4} learners {9}");
        assert!(joint.is_joint() && joint.is_voter(NodeId(1)) && !joint.is_voter(NodeId(9)));
    }
}
