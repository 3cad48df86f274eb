//! Copies that a leader counts, and whether they exist.

use raft_core::RuleId;
use simulator::NodeId;

use super::facts::{Ack, Change, Commit};
use super::telling::Telling;

/// A commit without a quorum: whose copy was counted and is not there.
pub(super) fn commit(telling: &mut Telling<'_>, node: NodeId, index: u64) {
    let end = telling.end;
    let commits = &telling.account.commits;
    let found = commits
        .iter()
        .rev()
        .find(|commit| commit.node == node && commit.index >= index && commit.when.event <= end);
    if let Some(commit) = found {
        telling.commit(commit);
        made(telling, commit);
    }
}

/// What is wrong with a commit, if anything is.
pub(super) fn made(telling: &mut Telling<'_>, commit: &Commit) {
    telling.slips(|slip| slip.when == commit.when && slip.node == commit.node);
    let missing = commit
        .counted
        .iter()
        .filter(|node| !commit.held.contains(node));
    for peer in missing.filter(|peer| **peer != commit.node) {
        counted(telling, commit, *peer);
    }
}

/// A copy that was counted and is not there: who said it was, and where it went.
fn counted(telling: &mut Telling<'_>, commit: &Commit, peer: NodeId) {
    let account = telling.account;
    let learnt = account.learnt.iter().rev().find(|learnt| {
        (learnt.leader, learnt.peer) == (commit.node, peer)
            && learnt.index >= commit.index
            && learnt.when <= commit.when
    });
    let Some(learnt) = learnt else { return };
    telling.slips(|slip| slip.when == learnt.when && slip.node == commit.node);
    let mut acks = account.acks.iter();
    let Some(ack) = acks.find(|ack| ack.node == peer && ack.when.event == learnt.sent) else {
        return;
    };
    acknowledged(telling, ack, commit.index);
    if ack.durable >= commit.index
        && let Some(edit) = telling.removal(peer, commit.index, commit.entry, ack.when.event)
        && edit.when < commit.when
    {
        telling.edit(edit, commit.index);
        telling.slips(|slip| slip.when == edit.when && slip.node == peer);
    }
}

/// An acknowledgement, with what made it wrong.
fn acknowledged(telling: &mut Telling<'_>, ack: &Ack, index: u64) {
    let (name, to) = (telling.name(ack.node), telling.name(ack.to));
    let said = telling.slips(|slip| slip.when == ack.when && slip.node == ack.node);
    if !said {
        let text = format!(
            "{name} acknowledges #{} to {to}; its disk holds its log up to #{}",
            ack.index, ack.durable
        );
        telling.say(ack.when, Some(RuleId::AcknowledgeDurable), text);
    }
    // It may believe in good faith what an earlier step got wrong.
    let account = telling.account;
    let watermark = account.slips.iter().rev().find(|slip| {
        let rules = [
            RuleId::TruncationLowersWatermark,
            RuleId::TruncationLowersFlights,
        ];
        let believed = slip.rule.is_some_and(|rule| rules.contains(&rule));
        let about = slip.index.is_some_and(|first| first <= index);
        slip.node == ack.node && believed && about && slip.when <= ack.when
    });
    if let Some(watermark) = watermark
        && ack.durable < index
    {
        let when = watermark.when;
        telling.slips(|slip| slip.when == when && slip.node == ack.node);
    }
}

/// A part of its log that a node promised and does not hold.
pub(super) fn copy(telling: &mut Telling<'_>, node: NodeId, index: u64) {
    let (account, end) = (telling.account, telling.end);
    let put = account.edits.iter().rev().find(|edit| {
        let covers =
            matches!(edit.change, Change::Put(first, last, _) if (first..=last).contains(&index));
        edit.node == node && covers && edit.when.event <= end
    });
    let Some(put) = put else { return };
    telling.edit(put, index);
    let since = put.when;
    let mut acks = account.acks.iter();
    if let Some(ack) = acks.find(|ack| ack.node == node && ack.index >= index && ack.when >= since)
    {
        acknowledged(telling, ack, index);
    }
    telling.slips(|slip| {
        let about = slip.index.is_some_and(|first| first <= index);
        slip.node == node
            && about
            && slip.when >= since
            && slip.rule != Some(RuleId::AcknowledgeDurable)
    });
    let crash = account.edits.iter().find(|edit| {
        let crash = matches!(edit.change, Change::Crash(..));
        edit.node == node && crash && edit.when > since && edit.when.event <= end
    });
    if let Some(crash) = crash {
        telling.edit(crash, index);
    }
}
