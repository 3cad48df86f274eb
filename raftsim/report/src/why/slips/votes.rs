//! Votes that no correct server gives, counts or sends too early.

use raft_core::{Body, Event, HardState, Message, RoleKind, RuleId, Term};
use simulator::NodeId;
use sut::raft_id;

use super::Scene;
use crate::why::moment::What;
use crate::why::now::{node_of, votes_counted};

pub(super) fn check(scene: &mut Scene<'_>) {
    forgotten(scene);
    let moment = scene.moment;
    for (place, event) in moment.decisions.iter().enumerate() {
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
                        scene.own(),
                        scene.name(candidate)
                    );
                    scene.slip(RuleId::LogUpToDate, None, text);
                }
                let stepped_down = moment.decisions[..place].iter().any(|event| {
                    matches!(event, Event::Became { role: RoleKind::Follower, term: same, .. }
                        if same == term)
                });
                second(scene, *term, candidate, stepped_down);
            }
            Event::VoteCounted {
                voter,
                granted: true,
                role: RoleKind::Candidate,
            } => counted(scene, node_of(*voter)),
            Event::Became {
                role: RoleKind::PreCandidate | RoleKind::Candidate,
                ..
            } => stands(scene),
            Event::Became {
                role: RoleKind::Leader,
                term,
                ..
            } => elected(scene, *term),
            _ => {}
        }
    }
    let mut campaigns = false;
    for (to, message) in &moment.sent {
        let asks = matches!(message.body, Body::RequestVote { .. });
        // One candidacy goes to everybody.
        if !(asks && campaigns) {
            too_early(scene, *to, message);
        }
        campaigns |= asks;
    }
}

/// A vote that is gone, though neither the term changed nor the node went down.
fn forgotten(scene: &mut Scene<'_>) {
    let Some(before) = &scene.now.look else {
        return;
    };
    let (Some(vote), None) = (before.vote, scene.after.vote) else {
        return;
    };
    if before.term == scene.after.term {
        let (own, vote, term) = (scene.own(), scene.name(vote), before.term);
        let text = if before.role == scene.after.role {
            format!("{own} forgets that it voted for {vote} in {term}")
        } else {
            let (was, is) = (before.role, scene.after.role);
            format!("{own}, {was} in {term}, becomes a {is} and forgets that it voted for {vote}")
        };
        scene.slip(RuleId::VoteSurvivesStepDown, None, text);
    }
}

/// A vote for one though another has it.
fn second(scene: &mut Scene<'_>, term: Term, candidate: NodeId, stepped_down: bool) {
    let before = scene.now.look.as_ref().filter(|look| look.term == term);
    let Some(first) = before.and_then(|look| look.vote) else {
        return;
    };
    if first == candidate {
        return;
    }
    let (own, to, had) = (scene.own(), scene.name(candidate), scene.name(first));
    if stepped_down {
        let text =
            format!("{own} steps down in {term}, forgets its vote for {had}, votes for {to}");
        scene.slip(RuleId::VoteSurvivesStepDown, None, text);
    } else {
        let text = format!("{own} votes for {to} in {term}, though {had} has its vote");
        scene.slip(RuleId::VoteOnce, None, text);
    }
}

/// An answer that is taken for a vote of this term.
fn counted(scene: &mut Scene<'_>, voter: NodeId) {
    let What::Receive { message, .. } = &scene.moment.what else {
        return;
    };
    if voter == scene.node {
        return;
    }
    let (own, voter, term) = (scene.own(), scene.name(voter), scene.after.term);
    match message.body {
        Body::PreVoteReply { .. } => {
            let text = format!("{own} counts {voter}'s answer to a pre-vote as a vote in {term}");
            scene.slip(RuleId::PreVoteIsNoVote, None, text);
        }
        Body::RequestVoteReply { .. } if message.term != term => {
            let given = message.term;
            let text = format!("{own} counts {voter}'s vote of {given} in {term}");
            scene.slip(RuleId::VoteOfThisTerm, None, text);
        }
        _ => {}
    }
}

/// A witness has nothing to lead with.
fn stands(scene: &mut Scene<'_>) {
    if scene.after.members.witnesses.contains(scene.node) {
        let text = format!(
            "{} stands for election, though it is a witness",
            scene.own()
        );
        scene.slip(RuleId::WitnessNeverStands, None, text);
    }
}

fn elected(scene: &mut Scene<'_>, term: Term) {
    let votes = votes_counted(scene.now, scene.moment);
    if let Some(short) = scene.after.members.short(votes.into_iter().collect()) {
        let (nodes, needed) = (short.of.len(), short.needed());
        let text = format!(
            "{} leads {term} with {} of {nodes} votes, {needed} are needed",
            scene.own(),
            short.have.len()
        );
        scene.slip(RuleId::Majority, None, text);
    }
}

/// A promise that leaves before the disk holds it.
fn too_early(scene: &mut Scene<'_>, to: NodeId, message: &Message) {
    let term = message.term;
    let (candidate, rule) = match &message.body {
        Body::RequestVoteReply { granted: true } => (to, RuleId::DurableVote),
        Body::RequestVote { .. } => (scene.node, RuleId::DurableCandidacy),
        _ => return,
    };
    let promised = HardState {
        current_term: term,
        voted_for: Some(raft_id(candidate)),
    };
    let held = scene.now.disk.hard;
    if held != promised {
        let own = scene.own();
        let vote = match candidate == scene.node {
            true => "itself",
            false => scene.name(candidate),
        };
        let holds = disk_holds(held, |node| scene.name(node));
        let text = format!("{own}'s vote for {vote} in {term} leaves while its disk holds {holds}");
        scene.slip(rule, None, text);
    } else if let Body::RequestVote { last, .. } = &message.body
        && scene.durable() < last.index.0
    {
        let (own, durable) = (scene.own(), scene.durable());
        let text = format!(
            "{own} advertises its log up to {last} while its disk holds it only up to #{durable}"
        );
        scene.slip(rule, Some(durable + 1), text);
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
