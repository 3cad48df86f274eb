//! Who decides: the voters in force, perhaps two sets of them (joint consensus, paper §6).

use alloc::string::String;
use core::fmt::Write as _;

use smallvec::SmallVec;

use crate::types::NodeId;

/// A sorted set of servers, stored in place for the usual sizes.
pub type Members = SmallVec<[NodeId; 5]>;

/// The members of a cluster: one set of voters, or two while a change is under way (§6), and
/// learners, who receive the log but decide nothing (dissertation §4.2.1).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Configuration {
    incoming: Members,
    outgoing: Members,
    learners: Members,
}

/// Why a set of members is not a configuration.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConfigurationError {
    /// A cluster needs at least one voter.
    NoVoters,
    /// This server is named twice, or as a voter and a learner at once.
    Twice(NodeId),
}

impl core::error::Error for ConfigurationError {}

impl core::fmt::Display for ConfigurationError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NoVoters => write!(f, "a configuration needs at least one voter"),
            Self::Twice(id) => write!(f, "{id} is named twice in the configuration"),
        }
    }
}

impl Configuration {
    /// A configuration with one set of voters and no learners.
    ///
    /// # Errors
    /// When there is no voter, or one is named twice.
    pub fn of_voters(voters: &[NodeId]) -> Result<Self, ConfigurationError> {
        Self::new(voters, &[], &[])
    }

    /// A configuration from its three sets; `outgoing` is empty outside a joint change.
    ///
    /// # Errors
    /// When there is no incoming voter, or a server is named twice where it may not be.
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
            outgoing: sorted(outgoing)?,
            learners: sorted(learners)?,
        };
        for learner in &configuration.learners {
            if configuration.is_voter(*learner) {
                return Err(ConfigurationError::Twice(*learner));
            }
        }
        Ok(configuration)
    }

    /// The voters of the configuration, or of its incoming half.
    #[must_use]
    pub fn incoming(&self) -> &[NodeId] {
        &self.incoming
    }

    /// The voters of the outgoing half; empty outside a joint change.
    #[must_use]
    pub fn outgoing(&self) -> &[NodeId] {
        &self.outgoing
    }

    /// The servers that receive the log and decide nothing.
    #[must_use]
    pub fn learners(&self) -> &[NodeId] {
        &self.learners
    }

    /// Whether decisions need a majority of each of two sets.
    #[must_use]
    pub fn is_joint(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// Whether this server's vote counts in either half.
    #[must_use]
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
        assert!(!all.is_empty(), "a configuration has at least one voter");
        all
    }

    /// One line for people: `{1 2 3}`, `{1 2 3}->{2 3 4} learners {5}`.
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
    fn members_are_listed_once_in_order() {
        let joint = Configuration::new(&ids(&[3, 4, 2]), &ids(&[1, 2, 3]), &ids(&[9])).unwrap();
        assert_eq!(joint.members(), ids(&[1, 2, 3, 4, 9]));
        assert_eq!(joint.describe(), "{1 2 3}->{2 3 4} learners {9}");
        assert!(joint.is_joint() && joint.is_voter(NodeId(1)) && !joint.is_voter(NodeId(9)));
    }
}
