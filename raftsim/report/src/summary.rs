//! The story of one run, for people: who led when, what went wrong, who was answered.
//!
//! It is made from the lines of the run's trace and from the run's outcome, so it tells what
//! happened and not what was planned.

use anstyle::Style;
use runner::Outcome;
use scenario::{Metric, Resolved};
use sut::decisions::{Decision, Role};
use sut::time_text::brief;

use crate::trace::{Act, Deed, Line, Record};

/// So many moments of a run are told; the trace has the others.
const MOMENTS: usize = 14;
/// So many leaders are named.
const LEADERS: usize = 4;
/// How wide the story is, and how far its lower rows are indented.
const WIDTH: usize = 100;
const INDENT: usize = 9;

const HEAD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// One moment worth telling, and how many operations had been answered by then.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Moment {
    time: u64,
    answered: u64,
    /// Whether it was announced, or done to the world, rather than done by a node.
    told: bool,
    text: String,
}

/// A time in which one node led a term.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Reign {
    node: String,
    term: u64,
    from: u64,
    until: Option<u64>,
}

/// Collects the story while the run goes on.
#[derive(Clone, Debug, Default)]
pub struct Story {
    moments: Vec<Moment>,
    reigns: Vec<Reign>,
    answered: u64,
}

impl Story {
    /// Takes in the next line of the trace.
    pub fn hear(&mut self, line: &Line) {
        match line {
            Line::Header(_) => {}
            Line::World(Deed { time, text }) => self.moment(*time, true, text.clone()),
            Line::Event(record) => {
                self.fault(record);
                self.role(record);
                let answered = record.request.is_some_and(|request| request.answered);
                self.answered += u64::from(answered);
            }
        }
    }

    fn moment(&mut self, time: u64, told: bool, text: String) {
        self.moments.push(Moment {
            time,
            answered: self.answered,
            told,
            text,
        });
    }

    fn fault(&mut self, record: &Record) {
        let Some(node) = &record.node else { return };
        let leads = self
            .reigns
            .iter()
            .any(|r| r.until.is_none() && r.node == *node);
        let who = if leads {
            format!("{node}, the leader,")
        } else {
            node.clone()
        };
        let text = match record.action {
            Act::Crash => format!("{who} crashes{}", record.text.trim_start_matches("CRASH")),
            Act::Restart => format!("{node} starts again from its disk"),
            Act::Pause => format!("{who} stands still"),
            Act::Resume => format!("{node} goes on"),
            Act::Clock => format!("{node}'s {}", record.text),
            _ => return,
        };
        self.moment(record.time, false, text);
    }

    fn role(&mut self, record: &Record) {
        let Some(node) = &record.node else { return };
        let leads = |term| {
            record
                .state
                .is_some_and(|state| state.role == Role::Leader && state.term == term)
        };
        let reign = self
            .reigns
            .iter_mut()
            .find(|r| r.node == *node && r.until.is_none());
        if let Some(reign) = reign
            && !leads(reign.term)
        {
            reign.until = Some(record.time);
        }
        for decision in record
            .decisions
            .iter()
            .filter(|decision| decision.what == "became")
        {
            let term = decision.number("term").unwrap_or(0);
            let text = match (word(decision, "role"), word(decision, "was")) {
                ("leader", _) => format!("{node} is elected leader of term {term}"),
                ("candidate", _) => format!("{node} stands for election in term {term}"),
                (_, "leader") => format!("{node} leads no more, and follows in term {term}"),
                _ => continue,
            };
            self.moment(record.time, false, text);
            if leads(term) {
                let from = record.time;
                self.reigns.push(Reign {
                    node: node.clone(),
                    term,
                    from,
                    until: None,
                });
            }
        }
    }

    /// The story told, in under a screen. `command` shows the whole trace.
    #[must_use]
    pub fn tell(&self, scenario: &Resolved, outcome: &Outcome, command: &str) -> String {
        let mut told = String::new();
        let title = scenario
            .title
            .as_ref()
            .map_or(String::new(), |title| format!(": {title}"));
        told.push_str(&format!("{HEAD}{}{HEAD:#}{title}\n", scenario.name));
        told.push_str(&format!(
            "{}, {}, {} of simulated time, seed {}\n\n",
            count(scenario.nodes.len() as u64, "node"),
            count(u64::from(scenario.clients.count), "client"),
            brief(outcome.sim_ns),
            outcome.seed,
        ));
        let timed = scenario.script().is_none();
        told.push_str(&self.moments_told(timed, command));
        let rows = [
            ("Leaders", self.leaders_told(outcome.sim_ns)),
            ("Clients", clients_told(outcome)),
            ("Faults", faults_told(outcome)),
            ("Checks", checks_told(outcome)),
            (
                "Trace",
                vec![
                    format!("hash {:016x}", outcome.trace_hash),
                    count(outcome.events, "event"),
                ],
            ),
        ];
        for (head, parts) in rows {
            told.push_str(&format!("{HEAD}{head:<8}{HEAD:#} {}\n", wrapped(&parts)));
        }
        told
    }

    fn moments_told(&self, timed: bool, command: &str) -> String {
        let mut told = format!(
            "{DIM}{:>9}  {:>8}  what happened{DIM:#}\n",
            "time", "answered"
        );
        let mut moments: Vec<_> = self.moments.iter().collect();
        if timed {
            // What is done to the world is told after its effects, and a story begins with it. The
            // steps of a script are told where they stand.
            moments.sort_by_key(|moment| (moment.time, !moment.told));
        }
        for moment in moments.iter().take(MOMENTS) {
            let time = brief(moment.time);
            told.push_str(&format!(
                "{time:>9}  {:>8}  {}\n",
                moment.answered, moment.text
            ));
        }
        if let Some(more @ 1..) = moments.len().checked_sub(MOMENTS) {
            let text = format!("... {more} more: {command} --kind role,fault");
            told.push_str(&format!("{DIM}{:>9}  {:>8}  {text}{DIM:#}\n", "", ""));
        }
        told.push('\n');
        told
    }

    fn leaders_told(&self, end: u64) -> Vec<String> {
        let named = self.reigns.iter().take(LEADERS).map(|reign| {
            let until = brief(reign.until.unwrap_or(end));
            format!(
                "{} of term {} ({} to {until})",
                reign.node,
                reign.term,
                brief(reign.from)
            )
        });
        let mut told: Vec<_> = named.collect();
        if let Some(more @ 1..) = self.reigns.len().checked_sub(LEADERS) {
            told.push(format!("{more} more"));
        }
        let (total, longest) = self.without_leader(end);
        told.push(format!(
            "nobody for {} (at most {} at a time)",
            brief(total),
            brief(longest)
        ));
        told
    }

    /// How long nobody led: in all, and at most at a time.
    fn without_leader(&self, end: u64) -> (u64, u64) {
        let mut reigns: Vec<_> = self
            .reigns
            .iter()
            .map(|r| (r.from, r.until.unwrap_or(end)))
            .collect();
        reigns.sort_unstable();
        let (mut total, mut longest, mut led_until) = (0, 0, 0);
        for (from, until) in reigns.into_iter().chain([(end, end)]) {
            let gap = from.saturating_sub(led_until);
            total += gap;
            longest = longest.max(gap);
            led_until = led_until.max(until);
        }
        (total, longest)
    }
}

fn word<'a>(decision: &'a Decision, name: &str) -> &'a str {
    decision
        .values
        .get(name)
        .and_then(|value| value.as_str())
        .unwrap_or("")
}

/// `1 node`, `3 nodes`.
fn count(n: u64, what: &str) -> String {
    if n == 1 {
        format!("1 {what}")
    } else {
        format!("{n} {what}s")
    }
}

/// Parts as lines of a screen's width, indented below their head.
fn wrapped(parts: &[String]) -> String {
    let (mut text, mut width) = (String::new(), INDENT);
    for (place, part) in parts.iter().enumerate() {
        let length = part.chars().count() + 2;
        if place > 0 {
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

fn clients_told(outcome: &Outcome) -> Vec<String> {
    let unknown = match outcome.metric(Metric::OpsUnknown) {
        0 => "none without an answer".to_owned(),
        n => format!("{n} without an answer"),
    };
    let expired = match outcome.metric(Metric::OpsExpired) {
        0 => None,
        n => Some(format!("{n} refused as their session had expired")),
    };
    let entries = match outcome.committed {
        1 => "1 entry committed".to_owned(),
        n => format!("{n} entries committed"),
    };
    let answered = count(outcome.metric(Metric::OpsOk), "operation");
    let told = [format!("{answered} answered"), unknown].into_iter();
    told.chain(expired).chain([entries]).collect()
}

fn faults_told(outcome: &Outcome) -> Vec<String> {
    let applied = outcome.faults.iter().filter(|(_, count)| count.applied > 0);
    let told = applied.map(|(kind, count)| {
        // One that changed nothing, such as a cut of a link that nobody used.
        let idle = count.applied.saturating_sub(count.effective);
        let remark = if idle == 0 {
            String::new()
        } else {
            format!(" ({idle} idle)")
        };
        format!("{} {}{remark}", kind.name(), count.applied)
    });
    let told: Vec<_> = told.collect();
    if told.is_empty() {
        vec!["none".to_owned()]
    } else {
        told
    }
}

fn checks_told(outcome: &Outcome) -> Vec<String> {
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

    fn story(reigns: &[(u64, Option<u64>)]) -> Story {
        let reign = |(from, until): &(u64, Option<u64>)| Reign {
            node: "S1".to_owned(),
            term: 1,
            from: *from,
            until: *until,
        };
        Story {
            reigns: reigns.iter().map(reign).collect(),
            ..Story::default()
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
        assert_eq!(story(&[]).without_leader(10), (10, 10));
        assert_eq!(story(&[(2, Some(4)), (7, None)]).without_leader(10), (5, 3));
        // An old leader may still think that it leads.
        assert_eq!(
            story(&[(1, Some(6)), (4, Some(8))]).without_leader(10),
            (3, 2)
        );
        assert_eq!(
            story(&[(0, Some(9)), (1, Some(2))]).without_leader(10),
            (1, 1)
        );
    }
}
