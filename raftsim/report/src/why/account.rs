//! The account of a run: the facts of each event, and the slips where a rule does not allow what a
//! node did.

use raft_core::Term;
use simulator::NodeId;

use super::facts::{Ack, Asked, Change, Commit, Done, Edit, Election, Grant, Learnt, Vote, When};
use super::moment::Image;
use super::now::Now;
use super::slip::Slip;

/// Everything that was taken down.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) names: Vec<String>,
    pub(super) nodes: Vec<Now>,
    pub(super) votes: Vec<Vote>,
    pub(super) grants: Vec<Grant>,
    pub(super) elections: Vec<Election>,
    pub(super) commits: Vec<Commit>,
    pub(super) acks: Vec<Ack>,
    pub(super) learnt: Vec<Learnt>,
    pub(super) edits: Vec<Edit>,
    pub(super) done: Vec<Done>,
    pub(super) asked: Vec<Asked>,
    pub(super) slips: Vec<Slip>,
    /// The terms of the committed log.
    pub(super) committed: Vec<Term>,
    /// Per event from 1 on, what came before it: its cause, and the last event of its node.
    pub(super) before: Vec<[u64; 2]>,
    pub(super) last: Vec<u64>,
}

impl Account {
    pub(super) fn new(names: Vec<String>) -> Self {
        let nodes = vec![Now::default(); names.len()];
        let last = vec![0; names.len()];
        Self {
            names,
            nodes,
            votes: Vec::new(),
            grants: Vec::new(),
            elections: Vec::new(),
            commits: Vec::new(),
            acks: Vec::new(),
            learnt: Vec::new(),
            edits: Vec::new(),
            done: Vec::new(),
            asked: Vec::new(),
            slips: Vec::new(),
            committed: Vec::new(),
            before: Vec::new(),
            last,
        }
    }

    pub(super) fn name(&self, node: NodeId) -> &str {
        &self.names[node.0 as usize]
    }

    /// What a node begins with, before the first event.
    pub(super) fn begin(&mut self, node: NodeId, disk: Image) {
        assert!(self.before.is_empty(), "nothing has happened yet");
        let log = disk.log.clone();
        self.edits.push(Edit {
            when: When { event: 0, time: 0 },
            node,
            change: Change::Begin(log.clone()),
        });
        self.nodes[node.0 as usize] = Now {
            log,
            disk,
            ..Now::default()
        };
    }

    /// The terms of a node's log as it was after an event.
    pub(super) fn log_at(&self, node: NodeId, event: u64) -> Vec<Term> {
        let mut log: Vec<Term> = Vec::new();
        let place = |index: u64| usize::try_from(index.saturating_sub(1)).unwrap_or(usize::MAX);
        let edits = self.edits.iter().filter(|edit| edit.node == node);
        for edit in edits.take_while(|edit| edit.when.event <= event) {
            match &edit.change {
                Change::Cut(from, ..) => log.truncate(place(*from)),
                Change::Put(first, last, term) => {
                    log.resize(log.len().max(place(*last) + 1), *term);
                    log[place(*first)..=place(*last)].fill(*term);
                }
                Change::Begin(terms) | Change::Given(terms, _) => log.clone_from(terms),
                Change::Crash(_, image) => log.clone_from(&image.log),
            }
        }
        log
    }

    /// Whether one event lies in the causal past of another: its own past, and that of all whose
    /// messages reached it.
    pub(super) fn led_to(&self, early: u64, late: u64) -> bool {
        let mut seen = vec![false; self.before.len() + 1];
        let mut open = vec![late];
        while let Some(event) = open.pop() {
            if event == early {
                return true;
            }
            let place = usize::try_from(event).unwrap_or(0);
            if event < early || place == 0 || place > self.before.len() || seen[place] {
                continue;
            }
            seen[place] = true;
            open.extend(self.before[place - 1]);
        }
        false
    }
}
