//! What no correct leader counts, and what no correct server commits.

use raft_core::{Body, Event, Index, Outcome, RoleKind, RuleId};
use simulator::NodeId;

use super::Scene;
use crate::why::facts::term_at;
use crate::why::moment::What;
use crate::why::now::counted;

pub(super) fn check(scene: &mut Scene<'_>) {
    known(scene);
    for event in &scene.moment.decisions {
        if let Event::Committed { commit, was, .. } = event {
            if scene.after.role == RoleKind::Leader {
                leader(scene, commit.0);
            } else {
                follower(scene, was.0, commit.0);
            }
        }
    }
}

/// What the leader believes of another node, and must not conclude from its answer.
fn known(scene: &mut Scene<'_>) {
    let (Some(before), What::Receive { from, message, .. }) = (&scene.now.look, &scene.moment.what)
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
    // Who was taken out in this step is known no more.
    let Some(is) = find(&scene.after.matches) else {
        return;
    };
    let was = find(&before.matches).unwrap_or(0);
    let leads = scene.after.role == RoleKind::Leader && before.term == scene.after.term;
    if was == is || !leads {
        return;
    }
    let (own, peer, term) = (scene.own(), scene.name(*from), scene.after.term);
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
    scene.slip(rule, Some(is.min(was) + 1), text);
}

fn leader(scene: &mut Scene<'_>, commit: u64) {
    let (own, term) = (scene.own(), scene.after.term);
    if let Some(entry) = term_at(&scene.log, commit)
        && entry != term
    {
        let text = format!("{own}, leader of {term}, commits #{commit}{entry} by counting copies");
        scene.slip(RuleId::CurrentTermOnly, Some(commit), text);
    }
    let copies = counted_then(scene, commit);
    let own = scene.own();
    let members = scene.members();
    let Some(short) = members.short(copies.iter().copied().collect()) else {
        return;
    };
    let held = scene.after.durable.0;
    let with_own = copies.iter().copied().chain([scene.node]).collect();
    if members.short(with_own).is_none() {
        let text = format!(
            "{own} counts its own copy of #{commit} while its log is durable only up to #{held}"
        );
        scene.slip(RuleId::OwnCopyDurable, Some(held + 1), text);
    } else {
        let (copies, nodes, needed) = (short.have.len(), short.of.len(), short.needed());
        let text =
            format!("{own} commits #{commit} with {copies} of {nodes} copies, {needed} are needed");
        scene.slip(RuleId::Majority, Some(commit), text);
    }
}

/// Whose copies the leader counted: those that it knows of after the step, and those of servers that
/// were taken out in it.
fn counted_then(scene: &Scene<'_>, commit: u64) -> Vec<NodeId> {
    let mut copies = counted(scene.node, scene.after, commit);
    if let Some(before) = &scene.now.look {
        copies.extend(
            counted(scene.node, before, commit)
                .into_iter()
                .filter(|id| *id != scene.node),
        );
    }
    if let What::Receive { from, message, .. } = &scene.moment.what
        && let Body::AppendEntriesReply(reply) = &message.body
        && let Outcome::Accepted { match_index } = reply.outcome
        && match_index.0 >= commit
        && message.term == scene.after.term
    {
        copies.push(*from);
    }
    copies
}

fn follower(scene: &mut Scene<'_>, was: u64, commit: u64) {
    let What::Receive { from, message, .. } = &scene.moment.what else {
        return;
    };
    let Body::AppendEntries(append) = &message.body else {
        return;
    };
    if commit <= was.max(append.commit.min(append.last).0) {
        return;
    }
    let (own, leader) = (scene.own(), scene.name(*from));
    let entry = term_at(&scene.log, commit).map_or(String::new(), |term| term.to_string());
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
    scene.slip(RuleId::FollowerCommit, Some(append.last.0 + 1), text);
}
