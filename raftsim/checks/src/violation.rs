//! A violated property, and the two facts that contradict each other.

use std::fmt;

use simulator::{EventId, NodeId, Time};
use sut::Property;

use super::subject::Subject;

/// The finding of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The violated property or assertion.
    pub broken: Broken,
    /// The action after which the violation was seen.
    pub event: EventId,
    /// The simulated time of the action.
    pub time: Time,
    /// The node of the violation, if it concerns one.
    pub node: Option<NodeId>,
    /// The subject.
    pub subject: Subject,
    /// Two facts that cannot both be true of a correct cluster.
    pub facts: [String; 2],
}

/// The kind of violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Broken {
    /// A property of the cluster or of the clients' history.
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
