//! Explains votes that were given twice, lost, or counted wrongly.

use raft_core::{RuleId, Term};
use simulator::NodeId;
use sut::words::lost_writes;

use super::explainer::Explainer;
use super::facts::{Election, LogChange, Vote};
use super::rule_checks::disk_holds;

/// Two leaders of one term: the voters of both, or the wrong decisions that made two leaders.
pub(super) fn leaders(explainer: &mut Explainer<'_>, term: Term, leaders: [NodeId; 2]) {
    let account = explainer.account;
    let find = |node| {
        let mut of = account.elections.iter();
        of.find(|election| election.node == node && election.term == term)
    };
    let [Some(first), Some(second)] = leaders.map(find) else {
        return;
    };
    explainer.election(first);
    explainer.election(second);
    explainer.wrong_decisions(|wrong| {
        wrong.term == term && leaders.contains(&wrong.node) && about_votes(wrong.rule)
    });
    for voter in shared(first, second) {
        both(explainer, voter, term);
    }
}

fn shared(first: &Election, second: &Election) -> Vec<NodeId> {
    let both = first
        .votes
        .iter()
        .filter(|voter| second.votes.contains(voter));
    both.copied().collect()
}

/// One voter's votes of a term, and a crash between them.
fn both(explainer: &mut Explainer<'_>, voter: NodeId, term: Term) {
    let account = explainer.account;
    let votes: Vec<&Vote> = account
        .votes
        .iter()
        .filter(|vote| vote.node == voter && vote.term == term)
        .collect();
    let Some(first) = votes.first() else { return };
    let Some(second) = votes.iter().find(|vote| vote.candidate != first.candidate) else {
        return;
    };
    explainer.vote(first);
    explainer.vote(second);
    explainer.wrong_decisions(|wrong| {
        wrong.node == voter && wrong.term == term && about_votes(wrong.rule)
    });
    lost(explainer, first, second.when.event);
}

/// A vote that a node gives again or loses.
pub(super) fn vote(explainer: &mut Explainer<'_>, node: NodeId, term: Term, candidate: NodeId) {
    let account = explainer.account;
    let mut promises = account.votes.iter();
    let given = |vote: &&Vote| (vote.node, vote.term, vote.candidate) == (node, term, candidate);
    let Some(promise) = promises.find(given) else {
        return;
    };
    explainer.vote(promise);
    explainer.wrong_decisions(|wrong| {
        wrong.node == node && wrong.term == term && about_votes(wrong.rule)
    });
    lost(explainer, promise, explainer.end);
    let again =
        |vote: &&Vote| vote.node == node && vote.term == term && vote.candidate != candidate;
    if let Some(again) = account.votes.iter().find(again) {
        explainer.vote(again);
    }
}

/// Adds the crash up to an event that lost the vote.
fn lost(explainer: &mut Explainer<'_>, vote: &Vote, until: u64) {
    let account = explainer.account;
    for edit in &account.edits {
        let (when, same) = (edit.when, edit.node == vote.node);
        let LogChange::Crashed(lost, image) = &edit.change else {
            continue;
        };
        let kept = image.hard.current_term > vote.term
            || (image.hard.current_term == vote.term
                && image.hard.voted_for.map(super::node_state::node_of) == Some(vote.candidate));
        if same && !kept && (vote.when.event..=until).contains(&when.event) {
            let held = disk_holds(image.hard, |node| account.name(node));
            let name = explainer.name(vote.node);
            let text = format!(
                "{name} crashes, {}; its disk holds {held}",
                lost_writes(*lost)
            );
            explainer.say(when, None, text);
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
