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
use raft_core::{AppendEntries, Body, Event, Index, RoleKind, RuleId, Term};
use simulator::NodeId;

use super::account::{Account, Now, edit, node_of};
use super::facts::When;
use super::moment::{Look, Moment, Operation, What};
use super::story::Line;

/// A decision that no correct server makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slip {
    pub(super) when: When,
    pub(super) node: NodeId,
    /// The rule that does not allow it; the key-value layer has duties instead.
    pub(super) rule: Option<RuleId>,
    /// The term it was made in.
    pub(super) term: Term,
    /// The first entry it concerns, if it concerns the log.
    pub(super) index: Option<u64>,
    /// The client's operation it concerns, if it concerns one.
    pub(super) operation: Option<Operation>,
    pub(super) text: String,
}

impl Slip {
    pub(super) fn line(&self) -> Line {
        Line {
            event: self.when.event,
            time: self.when.time,
            wrong: true,
            rule: self.rule,
            text: self.text.clone(),
        }
    }
}

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

/// The leader's message that the step took over, if it did.
fn taken(moment: &Moment) -> Option<(&AppendEntries, NodeId, Term)> {
    let What::Receive { from, message, .. } = &moment.what else {
        return None;
    };
    let Body::AppendEntries(append) = &message.body else {
        return None;
    };
    let takes = |event: &Event| {
        use Event::{AckWithheld, Acknowledged, Appended};
        matches!(
            event,
            Acknowledged { .. } | AckWithheld { .. } | Appended { .. }
        )
    };
    let took = moment.decisions.iter().any(takes);
    took.then_some((append, *from, message.term))
}

/// Up to where the present leader has shown the log to match, after a step.
pub(super) fn verified(now: &Now, moment: &Moment) -> (Term, u64) {
    let Some(after) = &moment.after else {
        return (Term(0), 0);
    };
    let known = if now.verified.0 == after.term {
        now.verified.1
    } else {
        0
    };
    // What lies before the log is committed, and so the leader's.
    let taken = taken(moment).map_or(0, |(append, ..)| append.last.max(after.base).0);
    let snapshots = moment.decisions.iter().map(|event| match event {
        Event::SnapshotInstalled { last, .. } | Event::SnapshotPassedOver { last, .. } => {
            last.index.0
        }
        _ => 0,
    });
    let shown = snapshots.fold(taken, u64::max);
    (after.term, known.max(shown))
}

/// Whose votes a candidate has counted, after a step.
pub(super) fn votes_counted(now: &Now, moment: &Moment) -> Vec<NodeId> {
    let mut votes = now.votes.clone();
    for event in &moment.decisions {
        match event {
            Event::Became {
                role: RoleKind::Candidate,
                ..
            } => votes.clear(),
            Event::VoteCounted {
                voter,
                granted: true,
                role: RoleKind::Candidate,
            } if !votes.contains(&node_of(*voter)) => votes.push(node_of(*voter)),
            _ => {}
        }
    }
    votes
}

/// Whose copy of an entry a node counts, by what it believes.
pub(super) fn counted(node: NodeId, look: &Look, index: u64) -> Vec<NodeId> {
    let own = (node, look.durable);
    let copies = look.matches.iter().copied().chain([own]);
    let mut counted: Vec<_> = copies
        .filter(|(_, held)| *held >= Index(index))
        .map(|(node, _)| node)
        .collect();
    counted.sort_unstable();
    counted
}
