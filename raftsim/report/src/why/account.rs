//! The account of a run: the facts of each event, and the decisions that a rule does not allow.

use raft_core::Term;
use simulator::NodeId;

use super::facts::{
    Ack, Apply, Commit, Election, Grant, LogChange, LogEdit, MatchUpdate, OperationEvent, Vote,
    When,
};
use super::node_state::NodeState;
use super::observed::Image;
use super::wrong_decision::WrongDecision;

/// The facts of a run so far.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) names: Vec<String>,
    pub(super) nodes: Vec<NodeState>,
    pub(super) votes: Vec<Vote>,
    pub(super) grants: Vec<Grant>,
    pub(super) elections: Vec<Election>,
    pub(super) commits: Vec<Commit>,
    pub(super) acks: Vec<Ack>,
    pub(super) match_updates: Vec<MatchUpdate>,
    pub(super) edits: Vec<LogEdit>,
    pub(super) applied: Vec<Apply>,
    pub(super) operations: Vec<OperationEvent>,
    pub(super) wrong_decisions: Vec<WrongDecision>,
    /// The terms of the committed log.
    pub(super) committed: Vec<Term>,
    /// For each event from 1 on: its cause, and the event before it on its node.
    pub(super) predecessors: Vec<[u64; 2]>,
    /// The last event of each node.
    pub(super) last: Vec<u64>,
}

impl Account {
    pub(super) fn new(names: Vec<String>) -> Self {
        let nodes = vec![NodeState::default(); names.len()];
        let last = vec![0; names.len()];
        Self {
            names,
            nodes,
            votes: Vec::new(),
            grants: Vec::new(),
            elections: Vec::new(),
            commits: Vec::new(),
            acks: Vec::new(),
            match_updates: Vec::new(),
            edits: Vec::new(),
            applied: Vec::new(),
            operations: Vec::new(),
            wrong_decisions: Vec::new(),
            committed: Vec::new(),
            predecessors: Vec::new(),
            last,
        }
    }

    pub(super) fn name(&self, node: NodeId) -> &str {
        &self.names[node.0 as usize]
    }

    /// Notes the log of a node before the first event.
    pub(super) fn begin(&mut self, node: NodeId, disk: Image) {
        assert!(self.predecessors.is_empty(), "nothing has happened yet");
        let log = disk.log.clone();
        self.edits.push(LogEdit {
            when: When { event: 0, time: 0 },
            node,
            change: LogChange::Initial(log.clone()),
        });
        self.nodes[node.0 as usize] = NodeState {
            log,
            disk,
            ..NodeState::default()
        };
    }

    /// The terms of a node's log as it was after an event.
    pub(super) fn log_at(&self, node: NodeId, event: u64) -> Vec<Term> {
        let mut log: Vec<Term> = Vec::new();
        let position = |index: u64| usize::try_from(index.saturating_sub(1)).unwrap_or(usize::MAX);
        let edits = self.edits.iter().filter(|edit| edit.node == node);
        for edit in edits.take_while(|edit| edit.when.event <= event) {
            match &edit.change {
                LogChange::Truncated(from, ..) => log.truncate(position(*from)),
                LogChange::Appended(first, last, term) => {
                    log.resize(log.len().max(position(*last) + 1), *term);
                    log[position(*first)..=position(*last)].fill(*term);
                }
                LogChange::Initial(terms) | LogChange::Installed(terms, _) => log.clone_from(terms),
                LogChange::Crashed(_, image) => log.clone_from(&image.log),
            }
        }
        log
    }

    /// Whether one event happened before another (Lamport): on the same node, or through messages.
    pub(super) fn led_to(&self, early: u64, late: u64) -> bool {
        let mut seen = vec![false; self.predecessors.len() + 1];
        let mut open = vec![late];
        while let Some(event) = open.pop() {
            if event == early {
                return true;
            }
            let position = usize::try_from(event).unwrap_or(0);
            if event < early
                || position == 0
                || position > self.predecessors.len()
                || seen[position]
            {
                continue;
            }
            seen[position] = true;
            open.extend(self.predecessors[position - 1]);
        }
        false
    }
}
