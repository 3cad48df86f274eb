//! Compares each step with the published rules: the state of the node before the step, the message that
//! arrived, the disk, and the actions of the node.
//!
//! These checks never call the rules of the server. Each comparison is written anew from the paper.

mod appends;
mod commits;
mod members;
mod proposals;
mod reads;
mod snapshots;
mod store;
mod votes;

pub(super) use votes::disk_holds;

use std::borrow::Cow;

use checks::Sets;
use raft_core::{RuleId, Term};
use simulator::NodeId;

use super::account::Account;
use super::facts::When;
use super::node_state::{NodeState, edit};
use super::observed::{NodeView, ObservedStep};
use super::wrong_decision::WrongDecision;

/// One step of one node.
struct NodeStep<'a> {
    account: &'a Account,
    when: When,
    node: NodeId,
    /// The node before the step; its disk is already that of the step.
    state: &'a NodeState,
    observed: &'a ObservedStep<'a>,
    after: &'a NodeView,
    /// Its log after the step.
    log: Cow<'a, [Term]>,
    wrong: Vec<WrongDecision>,
}

impl NodeStep<'_> {
    fn name(&self, node: NodeId) -> &str {
        self.account.name(node)
    }

    fn own(&self) -> &str {
        self.account.name(self.node)
    }

    fn add(&mut self, rule: RuleId, index: Option<u64>, text: String) {
        self.wrong.push(WrongDecision {
            when: self.when,
            node: self.node,
            rule: Some(rule),
            term: self.after.term,
            index,
            operation: None,
            text,
        });
    }

    /// The members that counted in this step. A configuration that the step appends counts only after
    /// its decisions.
    fn members(&self) -> Sets {
        let before = self.state.view.as_ref();
        before.map_or(self.after.members, |before| before.members)
    }

    /// The last index of the log that is on the disk.
    fn durable(&self) -> u64 {
        let same = self.log.iter().zip(&self.state.disk.log);
        same.take_while(|(own, held)| own == held).count() as u64
    }
}

/// The decisions of this step that no rule allows.
pub(super) fn of(
    account: &Account,
    when: When,
    node: NodeId,
    observed: &ObservedStep<'_>,
) -> Vec<WrongDecision> {
    let Some(after) = &observed.after else {
        return Vec::new();
    };
    let state = &account.nodes[node.0 as usize];
    let mut log = Cow::Borrowed(&state.log[..]);
    for (_, write) in &observed.writes {
        edit(log.to_mut(), write, &account.committed);
    }
    let mut step = NodeStep {
        account,
        when,
        node,
        state,
        observed,
        after,
        log,
        wrong: Vec::new(),
    };
    votes::check(&mut step);
    appends::check(&mut step);
    commits::check(&mut step);
    members::check(&mut step);
    proposals::check(&mut step);
    reads::check(&mut step);
    snapshots::check(&mut step);
    store::check(&mut step);
    step.wrong
}
