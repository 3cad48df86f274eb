//! A property that does not hold, and the two facts that contradict each other.

use std::fmt;

use simulator::{EventId, NodeId, Time};
use sut::Property;

use super::subject::Subject;

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What does not hold.
    pub broken: Broken,
    /// The action after which it was seen.
    pub event: EventId,
    /// When, in simulated time.
    pub time: Time,
    /// The node it was seen on, if it concerns one.
    pub node: Option<NodeId>,
    /// What it is about.
    pub subject: Subject,
    /// Two facts that cannot both be true of a correct cluster.
    pub facts: [String; 2],
}

/// The kind of thing that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Broken {
    /// A property of the cluster or of what clients saw.
    Property(Property),
    /// An assertion inside the core or the key-value layer failed.
    CoreAssertion,
}

impl Broken {
    /// Its name, as in scenario files and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Property(property) => property.name(),
            Self::CoreAssertion => "core-assertion",
        }
    }

    /// The property in the paper's words.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::Property(property) => property.says(),
            Self::CoreAssertion => "What the code asserts of its own structure holds.",
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
