//! Wrong decisions about match indexes and commits.

use raft_core::{Body, Event, Index, Outcome, RoleKind, RuleId};
use simulator::NodeId;

use super::NodeStep;
use crate::why::facts::term_at;
use crate::why::node_state::counted;
use crate::why::observed::Received;

pub(super) fn check(step: &mut NodeStep<'_>) {
    known(step);
    for event in step.observed.decisions() {
        if let Event::Committed { commit, was, .. } = event {
            if step.after.role == RoleKind::Leader {
                leader(step, commit.0);
            } else {
                follower(step, was.0, commit.0);
            }
        }
    }
}

/// A match index that the leader must not conclude from a reply.
fn known(step: &mut NodeStep<'_>) {
    let (Some(before), Some(Received { from, message, .. })) =
        (&step.state.view, &step.observed.received)
    else {
        return;
    };
    let Body::AppendEntriesReply(reply) = &message.body else {
        return;
    };
    let find = |matches: &[(NodeId, Index)]| {
        let found = matches.iter().find(|(peer, _)| peer == from);
        found.map(|(_, index)| index.0)
    };
    // The leader forgets a server that it removes in this step.
    let Some(is) = find(&step.after.matches) else {
        return;
    };
    let was = find(&before.matches).unwrap_or(0);
    let leads = step.after.role == RoleKind::Leader && before.term == step.after.term;
    if was == is || !leads {
        return;
    }
    let (own, peer, term) = (step.own(), step.name(*from), step.after.term);
    let (rule, text) = match reply.outcome {
        _ if message.term != term => {
            let old = message.term;
            let text = format!("{own}, leader of {term}, counts {peer}'s answer of {old}");
            (RuleId::ReplyOfThisTerm, text)
        }
        Outcome::Accepted { match_index } if is < was => {
            let text = format!(
                "{own} has {peer}'s copy fall from #{was} to #{is} on a late acknowledgement of \
                 {match_index}"
            );
            (RuleId::MatchNeverFalls, text)
        }
        Outcome::Rejected { .. } => {
            let text = format!("{own} has {peer}'s copy go from #{was} to #{is} on a rejection");
            (RuleId::RejectionLeavesMatch, text)
        }
        Outcome::Accepted { .. } => return,
    };
    step.add(rule, Some(is.min(was) + 1), text);
}

fn leader(step: &mut NodeStep<'_>, commit: u64) {
    let (own, term) = (step.own(), step.after.term);
    if let Some(entry) = term_at(&step.log, commit)
        && entry != term
    {
        let text = format!("{own}, leader of {term}, commits #{commit}{entry} by counting copies");
        step.add(RuleId::CurrentTermOnly, Some(commit), text);
    }
    let copies = counted_then(step, commit);
    let own = step.own();
    let members = step.members();
    let Some(short) = members.short(copies.iter().copied().collect()) else {
        return;
    };
    let held = step.after.durable.0;
    let with_own = copies.iter().copied().chain([step.node]).collect();
    if members.short(with_own).is_none() {
        let text = format!(
            "{own} counts its own copy of #{commit} while its log is durable only up to #{held}"
        );
        step.add(RuleId::OwnCopyDurable, Some(held + 1), text);
    } else {
        let (copies, nodes, needed) = (short.have.len(), short.of.len(), short.needed());
        let text =
            format!("{own} commits #{commit} with {copies} of {nodes} copies, {needed} are needed");
        step.add(RuleId::Majority, Some(commit), text);
    }
}

/// The copies that the leader counted: those that it knows after the step, and those of servers that the
/// step removed.
fn counted_then(step: &NodeStep<'_>, commit: u64) -> Vec<NodeId> {
    let mut copies = counted(step.node, step.after, commit);
    if let Some(before) = &step.state.view {
        copies.extend(
            counted(step.node, before, commit)
                .into_iter()
                .filter(|id| *id != step.node),
        );
    }
    if let Some(Received { from, message, .. }) = &step.observed.received
        && let Body::AppendEntriesReply(reply) = &message.body
        && let Outcome::Accepted { match_index } = reply.outcome
        && match_index.0 >= commit
        && message.term == step.after.term
    {
        copies.push(*from);
    }
    copies
}

fn follower(step: &mut NodeStep<'_>, was: u64, commit: u64) {
    let Some(Received { from, message, .. }) = &step.observed.received else {
        return;
    };
    let Body::AppendEntries(append) = &message.body else {
        return;
    };
    if commit <= was.max(append.commit.min(append.last).0) {
        return;
    }
    let (own, leader) = (step.own(), step.name(*from));
    let entry = term_at(&step.log, commit).map_or(String::new(), |term| term.to_string());
    let text = if commit > append.commit.0 {
        let theirs = append.commit;
        format!("{own} commits #{commit}{entry}, though its leader {leader} commits only {theirs}")
    } else {
        let shown = append.last;
        format!(
            "{own} commits #{commit}{entry}, though {leader}'s message shows the logs to match only \
             up to {shown}"
        )
    };
    step.add(RuleId::FollowerCommit, Some(append.last.0 + 1), text);
}
