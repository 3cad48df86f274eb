//! The description of a bug: the decision it changes, the properties it breaks, the conditions that
//! expose it.

use std::fmt;

use raft_core::RuleId;

use super::Bug;
use crate::property::Property;

/// The description of a bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Card {
    /// The bug.
    pub bug: Bug,
    /// Its row in the gallery, with a letter where a row has several bugs.
    pub id: &'static str,
    /// The mistake, in one sentence.
    pub title: &'static str,
    /// The behaviour of a server with this bug, and its consequences.
    pub deviation: &'static str,
    /// The wrong decision.
    pub change: Change,
    /// The failures that may be seen first. Runs differ.
    pub breaks: &'static [Shows],
    /// The conditions that expose the bug.
    pub exposed_by: &'static str,
    /// The kind of software with the bug.
    pub seen_in: &'static str,
    /// Whether anything prevents the bug from showing.
    pub reach: Reach,
}

/// The decision that a bug changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A method of `raft_core::Rules`, and its rule.
    Rule(&'static str, RuleId),
    /// A method of `kv::Duties`.
    Duty(&'static str),
    /// Settings that disable a guard, and the corresponding rule.
    Settings(&'static str, RuleId),
}

impl Change {
    /// The place as in the gallery, such as `Rules::leader_commit`.
    #[must_use]
    pub fn place(self) -> String {
        match self {
            Self::Rule(method, _) => format!("Rules::{method}"),
            Self::Duty(method) => format!("Duties::{method}"),
            Self::Settings(setting, _) => format!("Settings::{setting}"),
        }
    }

    /// The rule of Raft that is violated. A duty of the key-value layer is not one.
    #[must_use]
    pub fn rule(self) -> Option<RuleId> {
        match self {
            Self::Rule(_, rule) | Self::Settings(_, rule) => Some(rule),
            Self::Duty(_) => None,
        }
    }
}

impl fmt::Display for Card {
    /// The whole card as readable text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} (a bug)\n\n{}.\n{}\n",
            self.id, self.title, self.deviation
        )?;
        writeln!(f, "Changes   {}", self.change.place())?;
        if let Some(rule) = self.change.rule() {
            let rule = rule.card();
            writeln!(
                f,
                "The rule  {} ({}): {}",
                rule.name, rule.section, rule.says
            )?;
        }
        let breaks: Vec<_> = self.breaks.iter().map(|shows| shows.name()).collect();
        writeln!(f, "Breaks    {}", breaks.join(", "))?;
        writeln!(f, "Shows by  {}", self.exposed_by)?;
        writeln!(f, "Seen in   {}", self.seen_in)?;
        match self.reach {
            Reach::Open => Ok(()),
            Reach::Only(when) => writeln!(f, "Only if   {when}"),
            Reach::Unguarded(guard) => writeln!(f, "Besides   {guard}"),
            Reach::Partly(part) => writeln!(f, "But       {part}"),
        }
    }
}

/// The failure with which a bug is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shows {
    /// This property is violated.
    Property(Property),
    /// An expectation does not come true in time.
    Liveness,
    /// A run costs more than its scenario allows.
    Limits,
}

impl Shows {
    /// The name in scenario files: the property, `eventually` or `limits`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Property(property) => property.name(),
            Self::Liveness => "eventually",
            Self::Limits => "limits",
        }
    }
}

/// Whether anything prevents a bug from showing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It can show in any cluster of several servers.
    Open,
    /// It shows only under this condition.
    Only(&'static str),
    /// A second guard would hide it and is removed with it.
    Unguarded(&'static str),
    /// Part of the row cannot show, for this reason.
    Partly(&'static str),
}
