//! What is said of a bug: which decision it changes, what it breaks, what shows it.

use std::fmt;

use raft_core::RuleId;

use super::Bug;
use crate::property::Property;

/// A bug in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Card {
    /// The bug.
    pub bug: Bug,
    /// Its row in the gallery, with a letter where a row has several bugs.
    pub id: &'static str,
    /// What is wrong, in one sentence.
    pub title: &'static str,
    /// What a server with this bug does, and what comes of it.
    pub deviation: &'static str,
    /// Which decision is wrong.
    pub change: Change,
    /// What may be seen not to hold first; runs differ.
    pub breaks: &'static [Shows],
    /// What must go on around the servers for it to show.
    pub exposed_by: &'static str,
    /// In what kind of software it was seen.
    pub seen_in: &'static str,
    /// Whether anything stands in its way.
    pub reach: Reach,
}

/// Which decision a bug changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A method of `raft_core::Rules`, and the rule that it stands for.
    Rule(&'static str, RuleId),
    /// A method of `kv::Duties`.
    Duty(&'static str),
    /// Settings that leave out a guard, and the rule that goes with them.
    Settings(&'static str, RuleId),
}

impl Change {
    /// As the gallery writes it, such as `Rules::leader_commit`.
    #[must_use]
    pub fn place(self) -> String {
        match self {
            Self::Rule(method, _) => format!("Rules::{method}"),
            Self::Duty(method) => format!("Duties::{method}"),
            Self::Settings(setting, _) => format!("Settings::{setting}"),
        }
    }

    /// The rule of Raft that no longer holds; a duty of the key-value layer is none.
    #[must_use]
    pub fn rule(self) -> Option<RuleId> {
        match self {
            Self::Rule(_, rule) | Self::Settings(_, rule) => Some(rule),
            Self::Duty(_) => None,
        }
    }
}

impl fmt::Display for Card {
    /// The whole card, for people.
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

/// How a bug is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shows {
    /// This property does not hold.
    Property(Property),
    /// Something does not come true in time.
    Liveness,
    /// A run costs more than its scenario allows.
    Limits,
}

impl Shows {
    /// As in scenario files: the property, `eventually` or `limits`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Property(property) => property.name(),
            Self::Liveness => "eventually",
            Self::Limits => "limits",
        }
    }
}

/// Whether anything stands in a bug's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It can show in any cluster of several servers.
    Open,
    /// It shows only where this is the case.
    Only(&'static str),
    /// A second guard would hide it and is removed with it.
    Unguarded(&'static str),
    /// Part of the row cannot show, because of this.
    Partly(&'static str),
}
