//! Votes that are given or counted wrongly, or sent too early.

use raft_core::{Body, Event, HardState, Message, RoleKind, RuleId, Term};
use simulator::NodeId;
use sut::raft_id;

use super::NodeStep;
use crate::why::node_state::{node_of, votes_counted};
use crate::why::observed::Received;

pub(super) fn check(step: &mut NodeStep<'_>) {
    forgotten(step);
    let observed = step.observed;
    for (position, event) in observed.decisions().enumerate() {
        match event {
            Event::VoteGranted {
                candidate,
                term,
                theirs,
                own,
                ..
            } => {
                let candidate = node_of(*candidate);
                if (theirs.term, theirs.index) < (own.term, own.index) {
                    let text = format!(
                        "{} votes for {} in {term}, whose log ends {theirs}, behind its own {own}",
                        step.own(),
                        step.name(candidate)
                    );
                    step.add(RuleId::LogUpToDate, None, text);
                }
                let stepped_down = observed.decisions().take(position).any(|event| {
                    matches!(event, Event::Became { role: RoleKind::Follower, term: same, .. }
                        if same == term)
                });
                second(step, *term, candidate, stepped_down);
            }
            Event::VoteCounted {
                voter,
                granted: true,
                role: RoleKind::Candidate,
            } => counted(step, node_of(*voter)),
            Event::Became {
                role: RoleKind::PreCandidate | RoleKind::Candidate,
                ..
            } => stands(step),
            Event::Became {
                role: RoleKind::Leader,
                term,
                ..
            } => elected(step, *term),
            _ => {}
        }
    }
    let mut campaigns = false;
    for (to, message) in observed.sent() {
        let asks = matches!(message.body, Body::RequestVote { .. });
        // One candidacy goes to everybody.
        if !(asks && campaigns) {
            too_early(step, to, message);
        }
        campaigns |= asks;
    }
}

/// The node forgets its vote without a new term or a crash.
fn forgotten(step: &mut NodeStep<'_>) {
    let Some(before) = &step.state.view else {
        return;
    };
    let (Some(vote), None) = (before.vote, step.after.vote) else {
        return;
    };
    if before.term == step.after.term {
        let (own, vote, term) = (step.own(), step.name(vote), before.term);
        let text = if before.role == step.after.role {
            format!("{own} forgets that it voted for {vote} in {term}")
        } else {
            let (was, is) = (before.role, step.after.role);
            format!("{own}, {was} in {term}, becomes a {is} and forgets that it voted for {vote}")
        };
        step.add(RuleId::VoteSurvivesStepDown, None, text);
    }
}

/// The node votes for a second candidate.
fn second(step: &mut NodeStep<'_>, term: Term, candidate: NodeId, stepped_down: bool) {
    let before = step.state.view.as_ref().filter(|view| view.term == term);
    let Some(first) = before.and_then(|view| view.vote) else {
        return;
    };
    if first == candidate {
        return;
    }
    let (own, to, had) = (step.own(), step.name(candidate), step.name(first));
    if stepped_down {
        let text =
            format!("{own} steps down in {term}, forgets its vote for {had}, votes for {to}");
        step.add(RuleId::VoteSurvivesStepDown, None, text);
    } else {
        let text = format!("{own} votes for {to} in {term}, though {had} has its vote");
        step.add(RuleId::VoteOnce, None, text);
    }
}

/// The node takes a reply for a vote of this term.
fn counted(step: &mut NodeStep<'_>, voter: NodeId) {
    let Some(Received { message, .. }) = &step.observed.received else {
        return;
    };
    if voter == step.node {
        return;
    }
    let (own, voter, term) = (step.own(), step.name(voter), step.after.term);
    match message.body {
        Body::PreVoteReply { .. } => {
            let text = format!("{own} counts {voter}'s answer to a pre-vote as a vote in {term}");
            step.add(RuleId::PreVoteIsNoVote, None, text);
        }
        Body::RequestVoteReply { .. } if message.term != term => {
            let given = message.term;
            let text = format!("{own} counts {voter}'s vote of {given} in {term}");
            step.add(RuleId::VoteOfThisTerm, None, text);
        }
        _ => {}
    }
}

/// A witness has no data, so it must not stand for election.
fn stands(step: &mut NodeStep<'_>) {
    if step.after.members.witnesses.contains(step.node) {
        let text = format!("{} stands for election, though it is a witness", step.own());
        step.add(RuleId::WitnessNeverStands, None, text);
    }
}

fn elected(step: &mut NodeStep<'_>, term: Term) {
    let votes = votes_counted(step.state, step.observed);
    if let Some(short) = step.after.members.short(votes.into_iter().collect()) {
        let (nodes, needed) = (short.of.len(), short.needed());
        let text = format!(
            "{} leads {term} with {} of {nodes} votes, {needed} are needed",
            step.own(),
            short.have.len()
        );
        step.add(RuleId::Majority, None, text);
    }
}

/// A vote leaves before the disk holds it.
fn too_early(step: &mut NodeStep<'_>, to: NodeId, message: &Message) {
    let term = message.term;
    let (candidate, rule) = match &message.body {
        Body::RequestVoteReply { granted: true } => (to, RuleId::DurableVote),
        Body::RequestVote { .. } => (step.node, RuleId::DurableCandidacy),
        _ => return,
    };
    let promised = HardState {
        current_term: term,
        voted_for: Some(raft_id(candidate)),
    };
    let held = step.state.disk.hard;
    if held != promised {
        let own = step.own();
        let vote = match candidate == step.node {
            true => "itself",
            false => step.name(candidate),
        };
        let holds = disk_holds(held, |node| step.name(node));
        let text = format!("{own}'s vote for {vote} in {term} leaves while its disk holds {holds}");
        step.add(rule, None, text);
    } else if let Body::RequestVote { last, .. } = &message.body
        && step.durable() < last.index.0
    {
        let (own, durable) = (step.own(), step.durable());
        let text = format!(
            "{own} advertises its log up to {last} while its disk holds it only up to #{durable}"
        );
        step.add(rule, Some(durable + 1), text);
    }
}

/// Term and vote on a disk, in words.
pub(in crate::why) fn disk_holds<'n>(held: HardState, name: impl Fn(NodeId) -> &'n str) -> String {
    match held.voted_for {
        Some(vote) => format!(
            "{} and a vote for {}",
            held.current_term,
            name(node_of(vote))
        ),
        None => format!("{} and no vote", held.current_term),
    }
}
