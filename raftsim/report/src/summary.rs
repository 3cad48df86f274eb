//! The summary of one run, for people: the leaders, the faults, the answers to clients.
//!
//! It is made from the trace and the outcome of the run, and not from the scenario, so it shows what
//! happened and not what was planned.

use anstyle::Style;
use raft_core::RoleKind;
use runner::Outcome;
use scenario::{Metric, Resolved};
use sut::decisions::{Decision, Role};
use sut::time_text::brief;
use sut::words::{self, count};

use crate::trace::{ActionKind, Line, Record, WorldChange};

/// At most this many entries are shown; the trace has the others.
const ENTRIES: usize = 14;
/// At most this many leaders are named.
const LEADERS: usize = 4;
/// The width of the summary, and the indentation of its lower rows.
const WIDTH: usize = 100;
const INDENT: usize = 9;

const HEAD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// One line of the summary.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    time: u64,
    answered: u64,
    /// Whether the scenario announced it, in contrast to an event of a node.
    announced: bool,
    text: String,
}

/// The time in which one node led a term.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Leadership {
    node: String,
    term: u64,
    from: u64,
    until: Option<u64>,
}

/// Collects the summary during the run.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    entries: Vec<Entry>,
    leaderships: Vec<Leadership>,
    answered: u64,
}

impl Summary {
    /// Adds the next line of the trace.
    pub fn add(&mut self, line: &Line) {
        match line {
            Line::Header(_) => {}
            Line::World(WorldChange { time, text }) => self.entry(*time, true, text.clone()),
            Line::Event(record) => {
                self.fault(record);
                self.role(record);
                let answered = record.request.is_some_and(|request| request.answered);
                self.answered += u64::from(answered);
            }
        }
    }

    fn entry(&mut self, time: u64, announced: bool, text: String) {
        self.entries.push(Entry {
            time,
            answered: self.answered,
            announced,
            text,
        });
    }

    fn fault(&mut self, record: &Record) {
        let Some(node) = &record.node else { return };
        let leads = self
            .leaderships
            .iter()
            .any(|r| r.until.is_none() && r.node == *node);
        let who = if leads {
            format!("{node}, the leader,")
        } else {
            node.clone()
        };
        let text = match record.action {
            ActionKind::Crash => {
                format!("{who} crashes{}", record.text.trim_start_matches("CRASH"))
            }
            ActionKind::Restart => format!("{node} restarts from its disk"),
            ActionKind::Pause => format!("{who} pauses"),
            ActionKind::Resume => format!("{node} resumes"),
            ActionKind::Clock => format!("{node}'s {}", record.text),
            _ => return,
        };
        self.entry(record.time, false, text);
    }

    fn role(&mut self, record: &Record) {
        let Some(node) = &record.node else { return };
        let leads = |term| {
            record
                .state
                .is_some_and(|state| state.role == Role::Leader && state.term == term)
        };
        let leadership = self
            .leaderships
            .iter_mut()
            .find(|r| r.node == *node && r.until.is_none());
        if let Some(leadership) = leadership
            && !leads(leadership.term)
        {
            leadership.until = Some(record.time);
        }
        for decision in record
            .decisions
            .iter()
            .filter(|decision| decision.what == "became")
        {
            let term = decision.number("term").unwrap_or(0);
            let (was, role) = (role(decision, "was"), role(decision, "role"));
            let Some(becomes) = words::role_change(was, role, term) else {
                continue;
            };
            let text = format!("{node} {becomes}");
            self.entry(record.time, false, text);
            if leads(term) {
                let from = record.time;
                self.leaderships.push(Leadership {
                    node: node.clone(),
                    term,
                    from,
                    until: None,
                });
            }
        }
    }

    /// The summary on one screen. `command` shows the whole trace.
    #[must_use]
    pub fn text(&self, scenario: &Resolved, outcome: &Outcome, command: &str) -> String {
        let mut text = String::new();
        let title = scenario
            .title
            .as_ref()
            .map_or(String::new(), |title| format!(": {title}"));
        text.push_str(&format!("{HEAD}{}{HEAD:#}{title}\n", scenario.name));
        text.push_str(&format!(
            "{}, {}, {} of simulated time, seed {}\n\n",
            count(scenario.nodes.len() as u64, "node"),
            count(u64::from(scenario.clients.count), "client"),
            brief(outcome.sim_ns),
            outcome.seed,
        ));
        let timed = scenario.script().is_none();
        text.push_str(&self.entries_text(timed, command));
        let rows = [
            ("Leaders", self.leaders_row(outcome.sim_ns)),
            ("Clients", clients_row(outcome)),
            ("Faults", faults_row(outcome)),
            ("Checks", checks_row(outcome)),
            (
                "Trace",
                vec![
                    format!("hash {:016x}", outcome.trace_hash),
                    count(outcome.events, "event"),
                ],
            ),
        ];
        for (head, parts) in rows {
            text.push_str(&format!("{HEAD}{head:<8}{HEAD:#} {}\n", wrapped(&parts)));
        }
        text
    }

    fn entries_text(&self, timed: bool, command: &str) -> String {
        let mut text = format!(
            "{DIM}{:>9}  {:>8}  what happened{DIM:#}\n",
            "time", "answered"
        );
        let mut entries: Vec<_> = self.entries.iter().collect();
        if timed {
            // The trace has a change of the world after its effects, but readers need it before them.
            // The steps of a script are already in order.
            entries.sort_by_key(|entry| (entry.time, !entry.announced));
        }
        for entry in entries.iter().take(ENTRIES) {
            let time = brief(entry.time);
            text.push_str(&format!(
                "{time:>9}  {:>8}  {}\n",
                entry.answered, entry.text
            ));
        }
        if let Some(more @ 1..) = entries.len().checked_sub(ENTRIES) {
            let rest = format!("... {more} more: {command} --kind role,fault");
            text.push_str(&format!("{DIM}{:>9}  {:>8}  {rest}{DIM:#}\n", "", ""));
        }
        text.push('\n');
        text
    }

    fn leaders_row(&self, end: u64) -> Vec<String> {
        let named = self.leaderships.iter().take(LEADERS).map(|leadership| {
            let until = brief(leadership.until.unwrap_or(end));
            format!(
                "{} of term {} ({} to {until})",
                leadership.node,
                leadership.term,
                brief(leadership.from)
            )
        });
        let mut text: Vec<_> = named.collect();
        if let Some(more @ 1..) = self.leaderships.len().checked_sub(LEADERS) {
            text.push(format!("{more} more"));
        }
        let (total, longest) = self.without_leader(end);
        text.push(format!(
            "no leader for {} (at most {} at a time)",
            brief(total),
            brief(longest)
        ));
        text
    }

    /// The time without a leader: in total, and the longest at a time.
    fn without_leader(&self, end: u64) -> (u64, u64) {
        let mut leaderships: Vec<_> = self
            .leaderships
            .iter()
            .map(|r| (r.from, r.until.unwrap_or(end)))
            .collect();
        leaderships.sort_unstable();
        let (mut total, mut longest, mut led_until) = (0, 0, 0);
        for (from, until) in leaderships.into_iter().chain([(end, end)]) {
            let gap = from.saturating_sub(led_until);
            total += gap;
            longest = longest.max(gap);
            led_until = led_until.max(until);
        }
        (total, longest)
    }
}

/// The role with this name in the values of a decision.
fn role(decision: &Decision, name: &str) -> RoleKind {
    let value = decision.values.get(name).and_then(|value| value.as_str());
    let roles = [
        RoleKind::PreCandidate,
        RoleKind::Candidate,
        RoleKind::Leader,
    ];
    let known = roles
        .into_iter()
        .find(|role| Some(role.to_string().as_str()) == value);
    known.unwrap_or(RoleKind::Follower)
}

/// Parts as lines of a screen's width, indented below their head.
fn wrapped(parts: &[String]) -> String {
    let (mut text, mut width) = (String::new(), INDENT);
    for (position, part) in parts.iter().enumerate() {
        let length = part.chars().count() + 2;
        if position > 0 {
            text.push(',');
            if width + length > WIDTH {
                text.push_str(&format!("\n{:INDENT$}", ""));
                width = INDENT;
            } else {
                text.push(' ');
            }
        }
        text.push_str(part);
        width += length;
    }
    text
}

fn clients_row(outcome: &Outcome) -> Vec<String> {
    let unknown = match outcome.metric(Metric::OpsUnknown) {
        0 => "none without an answer".to_owned(),
        n => format!("{n} without an answer"),
    };
    let expired = match outcome.metric(Metric::OpsExpired) {
        0 => None,
        n => Some(format!("{n} refused because their session had expired")),
    };
    let entries = match outcome.committed {
        1 => "1 entry committed".to_owned(),
        n => format!("{n} entries committed"),
    };
    let answered = count(outcome.metric(Metric::OpsOk), "operation");
    let text = [format!("{answered} answered"), unknown].into_iter();
    text.chain(expired).chain([entries]).collect()
}

fn faults_row(outcome: &Outcome) -> Vec<String> {
    let applied = outcome.faults.iter().filter(|(_, count)| count.applied > 0);
    let text = applied.map(|(kind, count)| {
        // A fault without effect changed nothing, such as a cut of an unused link.
        let idle = count.applied.saturating_sub(count.effective);
        let remark = if idle == 0 {
            String::new()
        } else {
            format!(" ({idle} scheduled, no effect)")
        };
        format!("{} {}{remark}", kind.name(), count.applied)
    });
    let text: Vec<_> = text.collect();
    if text.is_empty() {
        vec!["none".to_owned()]
    } else {
        text
    }
}

fn checks_row(outcome: &Outcome) -> Vec<String> {
    let times: u64 = outcome.checks.iter().map(|(_, times)| times).sum();
    let properties = match outcome.checks.len() {
        1 => "1 property".to_owned(),
        n => format!("{n} properties"),
    };
    vec![properties, format!("evaluated {times} times")]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(leaderships: &[(u64, Option<u64>)]) -> Summary {
        let leadership = |(from, until): &(u64, Option<u64>)| Leadership {
            node: "S1".to_owned(),
            term: 1,
            from: *from,
            until: *until,
        };
        Summary {
            leaderships: leaderships.iter().map(leadership).collect(),
            ..Summary::default()
        }
    }

    #[test]
    fn rows_are_wrapped_between_parts() {
        let parts = vec!["x".repeat(50), "y".repeat(30), "z".repeat(9)];
        let text = wrapped(&parts);
        assert_eq!(text.lines().count(), 2);
        assert!(
            text.ends_with(&format!("\n         {}", "z".repeat(9))),
            "{text}"
        );
    }

    #[test]
    fn time_without_a_leader_is_what_no_reign_covers() {
        assert_eq!(summary(&[]).without_leader(10), (10, 10));
        assert_eq!(
            summary(&[(2, Some(4)), (7, None)]).without_leader(10),
            (5, 3)
        );
        // An old leader may still think that it leads.
        assert_eq!(
            summary(&[(1, Some(6)), (4, Some(8))]).without_leader(10),
            (3, 2)
        );
        assert_eq!(
            summary(&[(0, Some(9)), (1, Some(2))]).without_leader(10),
            (1, 1)
        );
    }
}
