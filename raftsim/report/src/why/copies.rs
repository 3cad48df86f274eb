//! Explains commits by the copies that a leader counts, and whether these exist.

use raft_core::RuleId;
use simulator::NodeId;

use super::explainer::Explainer;
use super::facts::{Ack, Commit, LogChange};

/// A commit without a quorum: the copies that the leader counted and that do not exist.
pub(super) fn commit(explainer: &mut Explainer<'_>, node: NodeId, index: u64) {
    let end = explainer.end;
    let commits = &explainer.account.commits;
    let found = commits
        .iter()
        .rev()
        .find(|commit| commit.node == node && commit.index >= index && commit.when.event <= end);
    if let Some(commit) = found {
        explainer.commit(commit);
        made(explainer, commit);
    }
}

/// The wrong decisions of a commit.
pub(super) fn made(explainer: &mut Explainer<'_>, commit: &Commit) {
    explainer.wrong_decisions(|wrong| wrong.when == commit.when && wrong.node == commit.node);
    let missing = commit
        .counted
        .iter()
        .filter(|node| !commit.held.contains(node));
    for peer in missing.filter(|peer| **peer != commit.node) {
        counted(explainer, commit, *peer);
    }
}

/// A counted copy that does not exist: its acknowledgement, and the removal of the entry.
fn counted(explainer: &mut Explainer<'_>, commit: &Commit, peer: NodeId) {
    let account = explainer.account;
    let update = account.match_updates.iter().rev().find(|update| {
        (update.leader, update.peer) == (commit.node, peer)
            && update.index >= commit.index
            && update.when <= commit.when
    });
    let Some(update) = update else { return };
    explainer.wrong_decisions(|wrong| wrong.when == update.when && wrong.node == commit.node);
    let mut acks = account.acks.iter();
    let Some(ack) = acks.find(|ack| ack.node == peer && ack.when.event == update.sent) else {
        return;
    };
    acknowledged(explainer, ack, commit.index);
    if ack.durable >= commit.index
        && let Some(edit) = explainer.removal(peer, commit.index, commit.entry, ack.when.event)
        && edit.when < commit.when
    {
        explainer.edit(edit, commit.index);
        explainer.wrong_decisions(|wrong| wrong.when == edit.when && wrong.node == peer);
    }
}

/// An acknowledgement, and the decision that made it wrong.
fn acknowledged(explainer: &mut Explainer<'_>, ack: &Ack, index: u64) {
    let (name, to) = (explainer.name(ack.node), explainer.name(ack.to));
    let said = explainer.wrong_decisions(|wrong| wrong.when == ack.when && wrong.node == ack.node);
    if !said {
        let text = format!(
            "{name} acknowledges #{} to {to}; its disk holds its log up to #{}",
            ack.index, ack.durable
        );
        explainer.say(ack.when, Some(RuleId::AcknowledgeDurable), text);
    }
    // The node may rely on a watermark that an earlier step got wrong.
    let account = explainer.account;
    let watermark = account.wrong_decisions.iter().rev().find(|wrong| {
        let rules = [
            RuleId::TruncationLowersWatermark,
            RuleId::TruncationLowersFlights,
        ];
        let believed = wrong.rule.is_some_and(|rule| rules.contains(&rule));
        let about = wrong.index.is_some_and(|first| first <= index);
        wrong.node == ack.node && believed && about && wrong.when <= ack.when
    });
    if let Some(watermark) = watermark
        && ack.durable < index
    {
        let when = watermark.when;
        explainer.wrong_decisions(|wrong| wrong.when == when && wrong.node == ack.node);
    }
}

/// A part of its log that a node acknowledged and does not hold.
pub(super) fn copy(explainer: &mut Explainer<'_>, node: NodeId, index: u64) {
    let (account, end) = (explainer.account, explainer.end);
    let put = account.edits.iter().rev().find(|edit| {
        let covers =
            matches!(edit.change, LogChange::Appended(first, last, _) if (first..=last).contains(&index));
        edit.node == node && covers && edit.when.event <= end
    });
    let Some(put) = put else { return };
    explainer.edit(put, index);
    let since = put.when;
    let mut acks = account.acks.iter();
    if let Some(ack) = acks.find(|ack| ack.node == node && ack.index >= index && ack.when >= since)
    {
        acknowledged(explainer, ack, index);
    }
    explainer.wrong_decisions(|wrong| {
        let about = wrong.index.is_some_and(|first| first <= index);
        wrong.node == node
            && about
            && wrong.when >= since
            && wrong.rule != Some(RuleId::AcknowledgeDurable)
    });
    let crash = account.edits.iter().find(|edit| {
        let crash = matches!(edit.change, LogChange::Crashed(..));
        edit.node == node && crash && edit.when > since && edit.when.event <= end
    });
    if let Some(crash) = crash {
        explainer.edit(crash, index);
    }
}
