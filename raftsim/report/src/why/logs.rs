//! Committed entries that a leader lacks or a node replaces, and logs that differ where they must
//! not.

use raft_core::{RuleId, Term};
use simulator::NodeId;

use super::facts::{Commit, term_at};
use super::telling::Telling;
use super::{copies, votes};

/// Who committed an entry of this term first.
fn committed<'a>(telling: &Telling<'a>, index: u64, term: Term) -> Option<&'a Commit> {
    let account = telling.account;
    account.commits.iter().find(|commit| {
        let covers = commit.was < index && index <= commit.index;
        covers && term_at(&account.log_at(commit.node, commit.when.event), index) == Some(term)
    })
}

/// A leader that lacks a committed entry: who elected it, and where their copies went.
pub(super) fn missing(telling: &mut Telling<'_>, leader: NodeId, index: u64, term: Term) {
    let (account, end) = (telling.account, telling.end);
    let Some(commit) = committed(telling, index, term) else {
        return;
    };
    telling.commit(commit);
    copies::made(telling, commit);
    let mut elections = account.elections.iter().rev();
    let found = elections.find(|election| election.node == leader && election.when.event <= end);
    let Some(election) = found else { return };
    telling.election(election);
    telling.slips(|slip| slip.when == election.when && slip.node == leader);
    for voter in &election.votes {
        let grant = account.grants.iter().find(|grant| {
            (grant.node, grant.term, grant.candidate) == (*voter, election.term, leader)
        });
        let decided = grant.map_or(election.when, |grant| grant.when);
        let held = term_at(&account.log_at(*voter, decided.event), index) == Some(term);
        if let Some(grant) = grant.filter(|_| held) {
            let slipped = telling.slips(|slip| {
                slip.when == grant.when
                    && slip.node == *voter
                    && slip.rule == Some(RuleId::LogUpToDate)
            });
            if !slipped {
                telling.grant(grant);
            }
        } else if commit.held.contains(voter)
            && let Some(edit) = telling.removal(*voter, index, term, commit.when.event)
            && edit.when <= decided
        {
            telling.edit(edit, index);
            telling.slips(|slip| slip.when == edit.when && slip.node == *voter);
        }
    }
}

/// A node that commits another entry than the one committed before.
pub(super) fn replaced(telling: &mut Telling<'_>, node: NodeId, index: u64, term: Term) {
    let (account, end) = (telling.account, telling.end);
    if let Some(first) = committed(telling, index, term) {
        telling.commit(first);
        copies::made(telling, first);
    }
    let mut commits = account.commits.iter().rev();
    let Some(second) = commits.find(|commit| commit.node == node && commit.when.event <= end)
    else {
        return;
    };
    telling.commit(second);
    copies::made(telling, second);
    taken(telling, node, index);
}

/// A log that holds an entry of another log, and differs before it.
pub(super) fn entry(telling: &mut Telling<'_>, node: NodeId, index: u64, term: Term) {
    let (account, end) = (telling.account, telling.end);
    let own = account.log_at(node, end);
    let others = (0..).map(NodeId).take(account.names.len());
    let other = others
        .filter(|other| *other != node)
        .map(|other| (other, account.log_at(other, end)))
        .find(|(_, log)| term_at(log, index) == Some(term));
    let slipped = taken(telling, node, index);
    let Some((other, theirs)) = other else { return };
    let differ = (1..=index).find(|at| term_at(&own, *at) != term_at(&theirs, *at));
    match differ {
        Some(at) => {
            let terms = [&own, &theirs].map(|log| term_at(log, at).unwrap_or_default());
            let (name, other) = (telling.name(node), telling.name(other));
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
                telling.say(edit.when, None, text);
            }
        }
        // The same terms all along: two leaders must have made entries in one of them.
        None if !slipped => {
            let mut reigns = account
                .elections
                .iter()
                .filter(|election| election.term == term);
            if let (Some(first), Some(second)) = (reigns.next(), reigns.next()) {
                votes::leaders(telling, term, [first.node, second.node]);
            }
        }
        None => {}
    }
}

/// What a node took over, kept or removed wrongly at an entry or before it.
fn taken(telling: &mut Telling<'_>, node: NodeId, index: u64) -> bool {
    let (account, end) = (telling.account, telling.end);
    let last = account.slips.iter().rev().find(|slip| {
        let rules = [RuleId::PreviousMatches, RuleId::TruncateConflictOnly];
        let about = slip.index.is_some_and(|first| first <= index);
        let log = slip.rule.is_some_and(|rule| rules.contains(&rule));
        slip.node == node && log && about && slip.when.event <= end
    });
    let Some(last) = last else { return false };
    let when = last.when;
    telling.slips(|slip| slip.when == when && slip.node == node)
}
