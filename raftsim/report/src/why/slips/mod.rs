//! Decisions that the published rules do not allow, told by comparing each step with the rule: what
//! the node had before it, what reached it, what its disk held, and what it did then.
//!
//! Nothing here asks the rules in force. Each comparison is written anew from the paper.

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
use super::moment::{Look, Moment};
use super::now::{Now, edit};
use super::slip::Slip;

/// One step of one node.
struct Scene<'a> {
    account: &'a Account,
    when: When,
    node: NodeId,
    /// The node before the step, its disk as it is.
    now: &'a Now,
    moment: &'a Moment,
    after: &'a Look,
    /// Its log after the step.
    log: Cow<'a, [Term]>,
    found: Vec<Slip>,
}

impl Scene<'_> {
    fn name(&self, node: NodeId) -> &str {
        self.account.name(node)
    }

    fn own(&self) -> &str {
        self.account.name(self.node)
    }

    fn slip(&mut self, rule: RuleId, index: Option<u64>, text: String) {
        self.found.push(Slip {
            when: self.when,
            node: self.node,
            rule: Some(rule),
            term: self.after.term,
            index,
            operation: None,
            text,
        });
    }

    /// The members that decided in this step: those that follow from what was decided are appended
    /// after it.
    fn members(&self) -> Sets {
        let before = self.now.look.as_ref();
        before.map_or(self.after.members, |before| before.members)
    }

    /// How much of the log is on the disk.
    fn durable(&self) -> u64 {
        let same = self.log.iter().zip(&self.now.disk.log);
        same.take_while(|(own, held)| own == held).count() as u64
    }
}

/// What this step of the node did that it must not do.
pub(super) fn of(account: &Account, when: When, node: NodeId, moment: &Moment) -> Vec<Slip> {
    let Some(after) = &moment.after else {
        return Vec::new();
    };
    let now = &account.nodes[node.0 as usize];
    let mut log = Cow::Borrowed(&now.log[..]);
    for (_, write) in &moment.writes {
        edit(log.to_mut(), write, &account.committed);
    }
    let mut scene = Scene {
        account,
        when,
        node,
        now,
        moment,
        after,
        log,
        found: Vec::new(),
    };
    votes::check(&mut scene);
    appends::check(&mut scene);
    commits::check(&mut scene);
    members::check(&mut scene);
    proposals::check(&mut scene);
    reads::check(&mut scene);
    snapshots::check(&mut scene);
    store::check(&mut scene);
    scene.found
}
