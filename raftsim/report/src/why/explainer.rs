//! Builds an explanation: facts and wrong decisions become statements.

use raft_core::{RuleId, Term};
use simulator::NodeId;
use sut::NodeSet;
use sut::words::{lost_writes, range};

use super::account::Account;
use super::explanation::{Explanation, Statement};
use super::facts::{Commit, Election, Grant, LogChange, LogEdit, Vote, When, term_at};
use super::wrong_decision::WrongDecision;

/// At most this many statements fit a screen beside the rest of a report.
const MOST: usize = 9;

/// Collects the statements of an explanation that ends with the event `end`.
pub(super) struct Explainer<'a> {
    pub(super) account: &'a Account,
    pub(super) end: u64,
    statements: Vec<Statement>,
}

impl<'a> Explainer<'a> {
    pub(super) fn new(account: &'a Account, end: u64) -> Self {
        Self {
            account,
            end,
            statements: Vec::new(),
        }
    }

    pub(super) fn name(&self, node: NodeId) -> &'a str {
        self.account.name(node)
    }

    fn names(&self, nodes: &[NodeId]) -> String {
        self.names_with(nodes, NodeSet::EMPTY)
    }

    /// Names of nodes; it says which of them are witnesses.
    fn names_with(&self, nodes: &[NodeId], witnesses: NodeSet) -> String {
        let name = |node: &NodeId| match witnesses.contains(*node) {
            true => format!("{} (a witness)", self.name(*node)),
            false => self.name(*node).to_owned(),
        };
        match nodes {
            [] => "nobody".to_owned(),
            _ => nodes.iter().map(name).collect::<Vec<_>>().join(" "),
        }
    }

    pub(super) fn say(&mut self, when: When, rule: Option<RuleId>, text: String) {
        self.add(Statement {
            event: when.event,
            time: when.time,
            wrong: false,
            rule,
            text,
        });
    }

    /// Adds a statement, but a repeated wrong decision only once.
    fn add(&mut self, statement: Statement) {
        let same = |known: &Statement| {
            known.text == statement.text && (known.wrong || known.event == statement.event)
        };
        if statement.event <= self.end && !self.statements.iter().any(same) {
            self.statements.push(statement);
        }
    }

    /// Whether a wrong decision of this node at this event already says that it broke one of these rules.
    fn is_reported(&self, when: When, node: NodeId, rules: &[RuleId]) -> bool {
        self.account.wrong_decisions.iter().any(|wrong| {
            let same = wrong.rule.is_some_and(|rule| rules.contains(&rule));
            wrong.when == when && wrong.node == node && same
        })
    }

    /// Adds the wrong decisions of a node in the last event or, if there are none, its changes of the log.
    pub(super) fn step(&mut self, node: NodeId) {
        let (account, end) = (self.account, self.end);
        if self.wrong_decisions(|wrong| wrong.node == node && wrong.when.event == end) {
            return;
        }
        let edits = account.edits.iter();
        for edit in edits.filter(|edit| edit.node == node && edit.when.event == end) {
            self.edit(edit, 0);
        }
    }

    /// Adds the wrong decisions that fit. Returns whether there are any.
    pub(super) fn wrong_decisions(&mut self, fits: impl Fn(&WrongDecision) -> bool) -> bool {
        let account = self.account;
        let mut any = false;
        for wrong in account.wrong_decisions.iter().filter(|wrong| fits(wrong)) {
            self.add(wrong.statement());
            any = true;
        }
        any
    }

    pub(super) fn election(&mut self, election: &Election) {
        let (name, term) = (self.name(election.node), election.term);
        let votes = self.names_with(&election.votes, election.witnesses);
        let text = format!("{name} is elected leader of {term} with the votes of {votes}");
        self.say(election.when, Some(RuleId::Majority), text);
    }

    pub(super) fn vote(&mut self, vote: &Vote) {
        let early = [RuleId::DurableVote, RuleId::DurableCandidacy];
        if self.is_reported(vote.when, vote.node, &early) {
            return;
        }
        let (name, term) = (self.name(vote.node), vote.term);
        let text = if vote.candidate == vote.node {
            format!("{name} asks for votes in {term}, and votes for itself")
        } else {
            format!(
                "{name}'s vote of {term} leaves for {}",
                self.name(vote.candidate)
            )
        };
        self.say(vote.when, Some(RuleId::VoteOnce), text);
    }

    pub(super) fn grant(&mut self, grant: &Grant) {
        let (name, to) = (self.name(grant.node), self.name(grant.candidate));
        let text = format!(
            "{name} votes for {to} in {}, whose log ends {}, its own {}",
            grant.term, grant.theirs, grant.own
        );
        self.say(grant.when, Some(RuleId::LogUpToDate), text);
    }

    pub(super) fn commit(&mut self, commit: &Commit) {
        if self.is_reported(commit.when, commit.node, &[RuleId::FollowerCommit]) {
            return;
        }
        let (name, term) = (self.name(commit.node), commit.term);
        let entry = format!("#{}{}", commit.index, commit.entry);
        let (rule, text) = if commit.leads {
            let counted = self.names_with(&commit.counted, commit.witnesses);
            let held = self.names(&commit.held);
            let all = commit.counted.iter().all(|node| commit.held.contains(node));
            let held = match (all, commit.counted.len(), commit.held.len()) {
                (true, 1, _) => "which holds it on disk".to_owned(),
                (true, ..) => "which hold it on disk".to_owned(),
                (false, _, 0) => "but it is on no disk".to_owned(),
                (false, _, 1) => format!("but it is on the disk of {held}"),
                (false, ..) => format!("but it is on the disks of {held}"),
            };
            let text =
                format!("{name}, leader of {term}, commits {entry}: it counts {counted}, {held}");
            (RuleId::CurrentTermOnly, text)
        } else {
            let text = format!("{name}, which follows in {term}, commits {entry}");
            (RuleId::FollowerCommit, text)
        };
        self.say(commit.when, Some(rule), text);
    }

    /// Adds the change that an edit made to the entry at `index`.
    pub(super) fn edit(&mut self, edit: &LogEdit, index: u64) {
        let cut = matches!(edit.change, LogChange::Truncated(..));
        if cut && self.is_reported(edit.when, edit.node, &[RuleId::TruncateConflictOnly]) {
            return;
        }
        let name = self.name(edit.node);
        let text = match &edit.change {
            LogChange::Truncated(from, by, under_way) => {
                let mut text = format!("{name} removes #{from} and what follows");
                if let Some(by) = by {
                    text.push_str(&format!(" on a message of {}", self.name(*by)));
                }
                if let Some(last) = under_way {
                    text.push_str(&format!(
                        ", while a write of entries up to #{last} is on its way to its disk"
                    ));
                }
                (Some(RuleId::TruncateConflictOnly), text)
            }
            LogChange::Installed(log, by) => {
                let by = by.map_or(String::new(), |by| format!(" that {} sent", self.name(by)));
                let text = format!("{name} installs a snapshot up to #{}{by}", log.len());
                (Some(RuleId::SuffixStays), text)
            }
            LogChange::Initial(log) => {
                let text = format!("{name} begins with a log up to #{}", log.len());
                (None, text)
            }
            LogChange::Appended(first, last, term) => {
                let entries = range(*first, *last);
                (None, format!("{name} puts {entries}{term} into its log"))
            }
            LogChange::Crashed(lost, image) => {
                let held = image.log.len();
                let held = match term_at(&image.log, index) {
                    Some(_) => format!("its disk still holds #{index}"),
                    None => format!("its disk holds its log up to #{held}"),
                };
                (
                    None,
                    format!("{name} crashes, {}; {held}", lost_writes(*lost)),
                )
            }
        };
        self.say(edit.when, text.0, text.1);
    }

    /// The edit that removed the entry from a node's log after an event.
    pub(super) fn removal(
        &self,
        node: NodeId,
        index: u64,
        term: Term,
        since: u64,
    ) -> Option<&'a LogEdit> {
        let edits = self.account.edits.iter();
        let mut later = edits.filter(|edit| edit.node == node && edit.when.event > since);
        later.find(|edit| match &edit.change {
            LogChange::Truncated(from, ..) => *from <= index,
            LogChange::Appended(first, last, put) => {
                (*first..=*last).contains(&index) && *put != term
            }
            LogChange::Installed(log, _) => term_at(log, index) != Some(term),
            LogChange::Crashed(_, image) => term_at(&image.log, index) != Some(term),
            LogChange::Initial(_) => false,
        })
    }

    /// The explanation. If it has no wrong decision, it gets the first one that can have led to the end.
    pub(super) fn finish(mut self) -> Explanation {
        if !self.statements.iter().any(|statement| statement.wrong) {
            let (account, end) = (self.account, self.end);
            let first = account
                .wrong_decisions
                .iter()
                .find(|wrong| account.led_to(wrong.when.event, end));
            if let Some(wrong) = first {
                self.add(wrong.statement());
            }
        }
        self.statements
            .sort_by_key(|statement| (statement.event, !statement.wrong));
        // The wrong decisions stay, and the last events.
        while self.statements.len() > MOST {
            let spare = self
                .statements
                .iter()
                .position(|statement| !statement.wrong)
                .unwrap_or(1);
            self.statements.remove(spare);
        }
        Explanation {
            statements: self.statements,
        }
    }
}
