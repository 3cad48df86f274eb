//! A trace for people: one line an event, the column is the node.
//!
//! ```text
//!        time      id ←cause  S1         S2         S3
//! 0.187442s       9 ←3        ·          P0 0/0     ·          timer ⇒ pre-candidate in t0
//! ```
//!
//! The node that steps shows its role, term, last and commit index; the others show their role. The
//! glyphs: `L` leader, `C` candidate, `P` pre-candidate, `F` follower, `✗` down, `=` paused, and
//! `·` for a follower to which nothing happens.

use anstyle::{AnsiColor, Style};
use raft_core::catalogue;
use sut::decisions::{Decision, Role};
use sut::time_text;

use super::filter::{Fate, Filter};
use super::record::{ActionKind, Header, Line, Record, State};

const DIM: Style = Style::new().dimmed();
const LEAD: Style = AnsiColor::Green.on_default().bold();
const STAND: Style = AnsiColor::Yellow.on_default().bold();
const FAULT: Style = AnsiColor::Red.on_default();
const RULE: Style = AnsiColor::Cyan.on_default();

/// The state of a node that its column shows between events.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NodeStatus {
    Up(Role),
    Down,
    Paused,
}

/// Puts lines of a trace into columns, in their order.
pub struct Columns {
    names: Vec<String>,
    status: Vec<NodeStatus>,
    width: usize,
    filter: Filter,
    why: bool,
    folded: u64,
    shown: u64,
}

impl Columns {
    /// Columns for the trace with this header. With `why`, decisions stand below their events.
    #[must_use]
    pub fn new(header: &Header, filter: Filter, why: bool) -> Self {
        let names = header.nodes.clone();
        let longest = names
            .iter()
            .map(|name| name.chars().count())
            .max()
            .unwrap_or(0);
        let status = vec![NodeStatus::Up(Role::Follower); names.len()];
        Self {
            width: longest.max(9),
            names,
            status,
            filter,
            why,
            folded: 0,
            shown: 0,
        }
    }

    /// The line above all others.
    #[must_use]
    pub fn head(&self) -> String {
        let mut head = format!("{:>11} {:>6} {:<7} ", "time", "id", "←cause");
        for name in &self.names {
            head.push_str(&format!("{name:<width$} ", width = self.width));
        }
        format!("{DIM}{head}what happened ⇒ what came of it{DIM:#}")
    }

    /// A line of the trace as text; `None` if it is not shown.
    pub fn show(&mut self, line: &Line) -> Option<String> {
        let fate = self.filter.fate(line);
        self.skip(line);
        match fate {
            Fate::Hidden => return None,
            Fate::Folded => {
                self.folded += 1;
                return None;
            }
            Fate::Shown => self.shown += 1,
        }
        match line {
            Line::Header(_) => None,
            Line::World(change) => {
                let time = time_text::micros(change.time);
                let cells = format!(
                    "{:<width$}",
                    "",
                    width = 15 + (self.width + 1) * self.names.len()
                );
                Some(format!(
                    "{time:>11} {cells}{FAULT}── {}{FAULT:#}",
                    change.text
                ))
            }
            Line::Event(record) => Some(self.event(record)),
        }
    }

    /// Follows the state of the nodes through a line that is not shown.
    pub fn skip(&mut self, line: &Line) {
        if let Line::Event(record) = line {
            self.follow(record);
        }
    }

    /// The numbers of folded events and of shown lines.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        (self.folded, self.shown)
    }

    fn position(&self, record: &Record) -> Option<usize> {
        self.names
            .iter()
            .position(|name| Some(name) == record.node.as_ref())
    }

    fn follow(&mut self, record: &Record) {
        let Some(position) = self.position(record) else {
            return;
        };
        self.status[position] = match (record.action, record.state) {
            (ActionKind::Pause, _) => NodeStatus::Paused,
            (_, Some(state)) => NodeStatus::Up(state.role),
            (_, None) => NodeStatus::Down,
        };
    }

    fn event(&self, record: &Record) -> String {
        let cause = record
            .cause
            .map_or(String::new(), |cause| format!("←{cause}"));
        let time = time_text::micros(record.time);
        let mut line = format!("{time:>11} {:>6} {DIM}{cause:<7}{DIM:#} ", record.id);
        let here = self.position(record);
        for (position, status) in self.status.iter().enumerate() {
            let (text, style) = match record.state.filter(|_| Some(position) == here) {
                Some(state) => (cell(state, *status), style(*status)),
                None => (
                    glyph(*status, Some(position) == here).to_owned(),
                    dim(*status),
                ),
            };
            line.push_str(&format!(
                "{style}{text:<width$}{style:#} ",
                width = self.width
            ));
        }
        let style = match record.action {
            ActionKind::Crash
            | ActionKind::Restart
            | ActionKind::Pause
            | ActionKind::Resume
            | ActionKind::Clock => FAULT,
            ActionKind::Drop => DIM,
            _ => Style::new(),
        };
        line.push_str(&format!("{style}{}{style:#}", record.text));
        let notable: Vec<_> = record
            .decisions
            .iter()
            .filter(|decision| decision.notable)
            .collect();
        for (position, decision) in notable.iter().enumerate() {
            line.push_str(if position == 0 { " ⇒ " } else { "; " });
            line.push_str(&decision.text);
        }
        if self.why {
            for decision in &record.decisions {
                line.push_str(&self.reason(decision));
            }
        }
        line
    }

    fn reason(&self, decision: &Decision) -> String {
        let indent = 27 + (self.width + 1) * self.names.len();
        let rule = match &decision.rule {
            Some(rule) => format!("{RULE}{rule}{RULE:#}{}: ", section(rule)),
            None => String::new(),
        };
        format!("\n{:indent$}  · {rule}{}", "", decision.text)
    }
}

/// Where a rule is published; nothing for one of another version.
fn section(rule: &str) -> String {
    let card = catalogue().iter().find(|(_, card)| card.name == rule);
    card.map_or(String::new(), |(_, card)| format!(" ({})", card.section))
}

fn cell(state: State, status: NodeStatus) -> String {
    let glyph = glyph(status, true);
    format!("{glyph}{} {}/{}", state.term, state.last, state.commit)
}

fn glyph(status: NodeStatus, here: bool) -> &'static str {
    match status {
        NodeStatus::Up(Role::Leader) => "L",
        NodeStatus::Up(Role::Candidate) => "C",
        NodeStatus::Up(Role::PreCandidate) => "P",
        NodeStatus::Up(Role::Follower) if here => "F",
        NodeStatus::Up(Role::Follower) => "·",
        NodeStatus::Down => "✗",
        NodeStatus::Paused => "=",
    }
}

fn style(status: NodeStatus) -> Style {
    match status {
        NodeStatus::Up(Role::Leader) => LEAD,
        NodeStatus::Up(Role::Candidate | Role::PreCandidate) => STAND,
        NodeStatus::Up(Role::Follower) => Style::new(),
        NodeStatus::Down | NodeStatus::Paused => FAULT,
    }
}

fn dim(status: NodeStatus) -> Style {
    match status {
        NodeStatus::Up(_) => DIM,
        NodeStatus::Down | NodeStatus::Paused => FAULT,
    }
}
