//! A story being told: facts and slips become lines.

use raft_core::{RuleId, Term};
use simulator::NodeId;
use sut::NodeSet;

use super::account::Account;
use super::facts::{Change, Commit, Edit, Election, Grant, Vote, When, term_at};
use super::slip::Slip;
use super::story::{Line, Story};

/// So many lines fit a screen beside the rest of a report.
const MOST: usize = 9;

/// Collects the lines of a story that ends with the event `end`.
pub(super) struct Telling<'a> {
    pub(super) account: &'a Account,
    pub(super) end: u64,
    lines: Vec<Line>,
}

impl<'a> Telling<'a> {
    pub(super) fn new(account: &'a Account, end: u64) -> Self {
        Self {
            account,
            end,
            lines: Vec::new(),
        }
    }

    pub(super) fn name(&self, node: NodeId) -> &'a str {
        self.account.name(node)
    }

    /// Names in a row.
    pub(super) fn names(&self, nodes: &[NodeId]) -> String {
        let names: Vec<_> = nodes.iter().map(|node| self.name(*node)).collect();
        match &names[..] {
            [] => "nobody".to_owned(),
            _ => names.join(" "),
        }
    }

    /// The same, where it matters who holds no data.
    fn names_with(&self, nodes: &[NodeId], witnesses: NodeSet) -> String {
        let name = |node: &NodeId| match witnesses.contains(*node) {
            true => format!("{} (a witness)", self.name(*node)),
            false => self.name(*node).to_owned(),
        };
        let names: Vec<_> = nodes.iter().map(name).collect();
        match &names[..] {
            [] => "nobody".to_owned(),
            _ => names.join(" "),
        }
    }

    pub(super) fn say(&mut self, when: When, rule: Option<RuleId>, text: String) {
        self.add(Line {
            event: when.event,
            time: when.time,
            wrong: false,
            rule,
            text,
        });
    }

    /// A wrong decision that is repeated is told once.
    fn add(&mut self, line: Line) {
        let same = |told: &Line| told.text == line.text && (told.wrong || told.event == line.event);
        if line.event <= self.end && !self.lines.iter().any(same) {
            self.lines.push(line);
        }
    }

    /// Whether a slip at this moment says the same already: the same node broke this rule.
    fn slipped(&self, when: When, node: NodeId, rules: &[RuleId]) -> bool {
        self.account.slips.iter().any(|slip| {
            let same = slip.rule.is_some_and(|rule| rules.contains(&rule));
            slip.when == when && slip.node == node && same
        })
    }

    /// What a node did wrong in the last event; if nothing, what it did to its log.
    pub(super) fn step(&mut self, node: NodeId) {
        let (account, end) = (self.account, self.end);
        if self.slips(|slip| slip.node == node && slip.when.event == end) {
            return;
        }
        let edits = account.edits.iter();
        for edit in edits.filter(|edit| edit.node == node && edit.when.event == end) {
            self.edit(edit, 0);
        }
    }

    /// Tells of the slips that fit. Whether there are any.
    pub(super) fn slips(&mut self, fits: impl Fn(&Slip) -> bool) -> bool {
        let account = self.account;
        let mut any = false;
        for slip in account.slips.iter().filter(|slip| fits(slip)) {
            self.add(slip.line());
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
        if self.slipped(vote.when, vote.node, &early) {
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
        if self.slipped(commit.when, commit.node, &[RuleId::FollowerCommit]) {
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

    /// What an edit did to the entry at `index`.
    pub(super) fn edit(&mut self, edit: &Edit, index: u64) {
        let cut = matches!(edit.change, Change::Cut(..));
        if cut && self.slipped(edit.when, edit.node, &[RuleId::TruncateConflictOnly]) {
            return;
        }
        let name = self.name(edit.node);
        let text = match &edit.change {
            Change::Cut(from, by, under_way) => {
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
            Change::Given(log, by) => {
                let by = by.map_or(String::new(), |by| format!(" that {} sent", self.name(by)));
                let text = format!("{name} installs a snapshot up to #{}{by}", log.len());
                (Some(RuleId::SuffixStays), text)
            }
            Change::Begin(log) => {
                let text = format!("{name} begins with a log up to #{}", log.len());
                (None, text)
            }
            Change::Put(first, last, term) => {
                let range = match first == last {
                    true => format!("#{first}"),
                    false => format!("#{first}..{last}"),
                };
                (None, format!("{name} puts {range}{term} into its log"))
            }
            Change::Crash(lost, image) => {
                let held = image.log.len();
                let held = match term_at(&image.log, index) {
                    Some(_) => format!("its disk still holds #{index}"),
                    None => format!("its disk holds its log up to #{held}"),
                };
                (None, format!("{name} crashes, {}; {held}", unsynced(*lost)))
            }
        };
        self.say(edit.when, text.0, text.1);
    }

    /// What took the entry from a node's log after an event, if anything did.
    pub(super) fn removal(
        &self,
        node: NodeId,
        index: u64,
        term: Term,
        since: u64,
    ) -> Option<&'a Edit> {
        let edits = self.account.edits.iter();
        let mut later = edits.filter(|edit| edit.node == node && edit.when.event > since);
        later.find(|edit| match &edit.change {
            Change::Cut(from, ..) => *from <= index,
            Change::Put(first, last, put) => (*first..=*last).contains(&index) && *put != term,
            Change::Given(log, _) => term_at(log, index) != Some(term),
            Change::Crash(_, image) => term_at(&image.log, index) != Some(term),
            Change::Begin(_) => false,
        })
    }

    /// The story. Where no slip was told of, the first one that may have mattered is.
    pub(super) fn finish(mut self) -> Story {
        if !self.lines.iter().any(|line| line.wrong) {
            let (account, end) = (self.account, self.end);
            let first = account
                .slips
                .iter()
                .find(|slip| account.led_to(slip.when.event, end));
            if let Some(slip) = first {
                self.add(slip.line());
            }
        }
        self.lines.sort_by_key(|line| (line.event, !line.wrong));
        // What went wrong stays, and what came of it in the end.
        while self.lines.len() > MOST {
            let spare = self.lines.iter().position(|line| !line.wrong).unwrap_or(1);
            self.lines.remove(spare);
        }
        Story { lines: self.lines }
    }
}

/// So many writes are lost, in words.
pub(super) fn unsynced(lost: u64) -> String {
    match lost {
        0 => "no write is lost".to_owned(),
        1 => "one unsynced write is lost".to_owned(),
        lost => format!("{lost} unsynced writes are lost"),
    }
}
