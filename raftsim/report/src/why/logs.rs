//! Explains committed entries that a leader lacks or a node replaces, and logs that differ.

use raft_core::{RuleId, Term};
use simulator::NodeId;

use super::explainer::Explainer;
use super::facts::{Commit, term_at};
use super::{copies, votes};

/// The first commit of an entry of this term.
fn committed<'a>(explainer: &Explainer<'a>, index: u64, term: Term) -> Option<&'a Commit> {
    let account = explainer.account;
    account.commits.iter().find(|commit| {
        let covers = commit.was < index && index <= commit.index;
        covers && term_at(&account.log_at(commit.node, commit.when.event), index) == Some(term)
    })
}

/// A leader that lacks a committed entry: its voters, and the removal of their copies.
pub(super) fn missing(explainer: &mut Explainer<'_>, leader: NodeId, index: u64, term: Term) {
    let (account, end) = (explainer.account, explainer.end);
    let Some(commit) = committed(explainer, index, term) else {
        return;
    };
    explainer.commit(commit);
    copies::made(explainer, commit);
    let mut elections = account.elections.iter().rev();
    let found = elections.find(|election| election.node == leader && election.when.event <= end);
    let Some(election) = found else { return };
    explainer.election(election);
    explainer.wrong_decisions(|wrong| wrong.when == election.when && wrong.node == leader);
    for voter in &election.votes {
        let grant = account.grants.iter().find(|grant| {
            (grant.node, grant.term, grant.candidate) == (*voter, election.term, leader)
        });
        let decided = grant.map_or(election.when, |grant| grant.when);
        let held = term_at(&account.log_at(*voter, decided.event), index) == Some(term);
        if let Some(grant) = grant.filter(|_| held) {
            let found = explainer.wrong_decisions(|wrong| {
                wrong.when == grant.when
                    && wrong.node == *voter
                    && wrong.rule == Some(RuleId::LogUpToDate)
            });
            if !found {
                explainer.grant(grant);
            }
        } else if commit.held.contains(voter)
            && let Some(edit) = explainer.removal(*voter, index, term, commit.when.event)
            && edit.when <= decided
        {
            explainer.edit(edit, index);
            explainer.wrong_decisions(|wrong| wrong.when == edit.when && wrong.node == *voter);
        }
    }
}

/// A node that commits another entry than the committed one.
pub(super) fn replaced(explainer: &mut Explainer<'_>, node: NodeId, index: u64, term: Term) {
    let (account, end) = (explainer.account, explainer.end);
    if let Some(first) = committed(explainer, index, term) {
        explainer.commit(first);
        copies::made(explainer, first);
    }
    let mut commits = account.commits.iter().rev();
    let Some(second) = commits.find(|commit| commit.node == node && commit.when.event <= end)
    else {
        return;
    };
    explainer.commit(second);
    copies::made(explainer, second);
    taken(explainer, node, index);
}

/// A log that holds an entry of another log and differs before it.
pub(super) fn entry(explainer: &mut Explainer<'_>, node: NodeId, index: u64, term: Term) {
    let (account, end) = (explainer.account, explainer.end);
    let own = account.log_at(node, end);
    let others = (0..).map(NodeId).take(account.names.len());
    let other = others
        .filter(|other| *other != node)
        .map(|other| (other, account.log_at(other, end)))
        .find(|(_, log)| term_at(log, index) == Some(term));
    let found = taken(explainer, node, index);
    let Some((other, theirs)) = other else { return };
    let differ = (1..=index).find(|at| term_at(&own, *at) != term_at(&theirs, *at));
    match differ {
        Some(at) => {
            let terms = [&own, &theirs].map(|log| term_at(log, at).unwrap_or_default());
            let (name, other) = (explainer.name(node), explainer.name(other));
            let text = format!(
                "{name} and {other} hold #{index}{term}, but at #{at} {name} has {} and {other} {}",
                terms[0], terms[1]
            );
            let last = account
                .edits
                .iter()
                .rev()
                .find(|edit| edit.when.event <= end);
            if let Some(edit) = last {
                explainer.say(edit.when, None, text);
            }
        }
        // The terms are the same: two leaders must have appended entries in one term.
        None if !found => {
            let mut elected = account
                .elections
                .iter()
                .filter(|election| election.term == term);
            if let (Some(first), Some(second)) = (elected.next(), elected.next()) {
                votes::leaders(explainer, term, [first.node, second.node]);
            }
        }
        None => {}
    }
}

/// The entry that a node wrongly accepted, kept or removed, at an index or before it.
fn taken(explainer: &mut Explainer<'_>, node: NodeId, index: u64) -> bool {
    let (account, end) = (explainer.account, explainer.end);
    let last = account.wrong_decisions.iter().rev().find(|wrong| {
        let rules = [RuleId::PreviousMatches, RuleId::TruncateConflictOnly];
        let about = wrong.index.is_some_and(|first| first <= index);
        let log = wrong.rule.is_some_and(|rule| rules.contains(&rule));
        wrong.node == node && log && about && wrong.when.event <= end
    });
    let Some(last) = last else { return false };
    let when = last.when;
    explainer.wrong_decisions(|wrong| wrong.when == when && wrong.node == node)
}
