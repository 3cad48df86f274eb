//! Votes given twice, lost, or counted wrongly.

use raft_core::{RuleId, Term};
use simulator::NodeId;

use super::facts::{Change, Election, Vote};
use super::slips::disk_holds;
use super::telling::{Telling, unsynced};

/// Two leaders of one term: who voted for both, or what else made them two.
pub(super) fn leaders(telling: &mut Telling<'_>, term: Term, leaders: [NodeId; 2]) {
    let account = telling.account;
    let find = |node| {
        let mut of = account.elections.iter();
        of.find(|election| election.node == node && election.term == term)
    };
    let [Some(first), Some(second)] = leaders.map(find) else {
        return;
    };
    telling.election(first);
    telling.election(second);
    telling
        .slips(|slip| slip.term == term && leaders.contains(&slip.node) && about_votes(slip.rule));
    for voter in shared(first, second) {
        both(telling, voter, term);
    }
}

fn shared(first: &Election, second: &Election) -> Vec<NodeId> {
    let both = first
        .votes
        .iter()
        .filter(|voter| second.votes.contains(voter));
    both.copied().collect()
}

/// One voter's votes of a term, and what came between them.
fn both(telling: &mut Telling<'_>, voter: NodeId, term: Term) {
    let account = telling.account;
    let votes: Vec<&Vote> = account
        .votes
        .iter()
        .filter(|vote| vote.node == voter && vote.term == term)
        .collect();
    let Some(first) = votes.first() else { return };
    let Some(second) = votes.iter().find(|vote| vote.candidate != first.candidate) else {
        return;
    };
    telling.vote(first);
    telling.vote(second);
    telling.slips(|slip| slip.node == voter && slip.term == term && about_votes(slip.rule));
    lost(telling, first, second.when.event);
}

/// A vote that a node does not keep: by giving it again, or by losing it.
pub(super) fn vote(telling: &mut Telling<'_>, node: NodeId, term: Term, candidate: NodeId) {
    let account = telling.account;
    let mut promises = account.votes.iter();
    let given = |vote: &&Vote| (vote.node, vote.term, vote.candidate) == (node, term, candidate);
    let Some(promise) = promises.find(given) else {
        return;
    };
    telling.vote(promise);
    telling.slips(|slip| slip.node == node && slip.term == term && about_votes(slip.rule));
    lost(telling, promise, telling.end);
    let again =
        |vote: &&Vote| vote.node == node && vote.term == term && vote.candidate != candidate;
    if let Some(again) = account.votes.iter().find(again) {
        telling.vote(again);
    }
}

/// Tells of a crash up to an event that the vote did not survive.
fn lost(telling: &mut Telling<'_>, vote: &Vote, until: u64) {
    let account = telling.account;
    for edit in &account.edits {
        let (when, same) = (edit.when, edit.node == vote.node);
        let Change::Crash(lost, image) = &edit.change else {
            continue;
        };
        let kept = image.hard.current_term > vote.term
            || (image.hard.current_term == vote.term
                && image.hard.voted_for.map(super::now::node_of) == Some(vote.candidate));
        if same && !kept && (vote.when.event..=until).contains(&when.event) {
            let held = disk_holds(image.hard, |node| account.name(node));
            let name = telling.name(vote.node);
            let text = format!("{name} crashes, {}; its disk holds {held}", unsynced(*lost));
            telling.say(when, None, text);
            return;
        }
    }
}

fn about_votes(rule: Option<RuleId>) -> bool {
    use RuleId::*;
    rule.is_some_and(|rule| {
        matches!(
            rule,
            VoteOnce
                | VoteSurvivesStepDown
                | VoteOfThisTerm
                | PreVoteIsNoVote
                | Majority
                | DurableVote
                | DurableCandidacy
        )
    })
}
