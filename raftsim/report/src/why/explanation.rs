//! The explanation of a failure: from the first wrong decision to the contradiction.

use std::fmt;

use anstyle::{AnsiColor, Style};
use raft_core::RuleId;
use sut::time_text;

/// The width of the text, and its indentation.
const WIDTH: usize = 88;
const INDENT: usize = 21;

const WRONG: Style = AnsiColor::Red.on_default().bold();
const RULE: Style = AnsiColor::Cyan.on_default();

/// One statement of an explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The event.
    pub event: u64,
    /// Its time in simulated nanoseconds.
    pub time: u64,
    /// Whether this is a decision that its rule does not allow.
    pub wrong: bool,
    /// The rule that it is about.
    pub rule: Option<RuleId>,
    /// A sentence.
    pub text: String,
}

/// The events that led to a failure, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// None if nothing is known.
    pub statements: Vec<Statement>,
}

impl Explanation {
    /// The first decision that its rule does not allow, if it is known.
    #[must_use]
    pub fn first_wrong(&self) -> Option<&Statement> {
        self.statements.iter().find(|statement| statement.wrong)
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for statement in &self.statements {
            let (mark, style) = match statement.wrong {
                true => ("✗", WRONG),
                false => (" ", Style::new()),
            };
            let time = time_text::micros(statement.time);
            write!(
                f,
                "{time:>11} {:>6} {style}{mark}{style:#} ",
                statement.event
            )?;
            let rows = wrapped(&statement.text);
            let lines = rows.iter().map(|row| format!("{style}{row}{style:#}"));
            let lines: Vec<_> = lines.collect();
            f.write_str(&lines.join(&next_row()))?;
            if let Some(rule) = statement.rule {
                let rule = format!("({}, {})", rule.card().name, rule.card().section);
                let last = rows.last().map_or(0, |row| row.chars().count());
                let fits = last + 1 + rule.chars().count() <= WIDTH;
                let gap = if fits { " ".to_owned() } else { next_row() };
                write!(f, "{gap}{RULE}{rule}{RULE:#}")?;
            }
            f.write_str("\n")?;
        }
        Ok(())
    }
}

fn next_row() -> String {
    format!("\n{:INDENT$}", "")
}

/// The words of a text in rows of at most [`WIDTH`].
fn wrapped(text: &str) -> Vec<String> {
    let mut rows = vec![String::new()];
    for word in text.split(' ') {
        let row = rows.last_mut().expect("there is a first row");
        if row.is_empty() {
            row.push_str(word);
        } else if row.chars().count() + 1 + word.chars().count() <= WIDTH {
            row.push(' ');
            row.push_str(word);
        } else {
            rows.push(word.to_owned());
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_wrapped_between_words_and_rules_stay_whole() {
        let statement = Statement {
            event: 7,
            time: 1_000_000_000,
            wrong: true,
            rule: Some(RuleId::VoteOnce),
            text: "S1 ".repeat(40).trim_end().to_owned(),
        };
        let text = Explanation {
            statements: vec![statement],
        }
        .to_string();
        let rows: Vec<_> = text.lines().collect();
        assert_eq!(rows.len(), 2, "{text}");
        assert!(rows[1].starts_with(&format!("{:INDENT$}", "")), "{text}");
        assert!(rows[1].contains("(election.vote-once, §5.2)"), "{text}");
    }

    #[test]
    fn no_word_is_lost_by_wrapping() {
        let text = "a ".repeat(200) + &"b".repeat(120) + " c";
        assert_eq!(wrapped(&text).join(" "), text);
        assert_eq!(wrapped(""), [""]);
    }
}
