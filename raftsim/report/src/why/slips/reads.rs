//! Reads that no correct server answers: too early, without having asked, or by a lease that it
//! does not have.

use raft_core::{Event, Instant, RuleId, Span};
use simulator::NodeId;
use sut::NodeSet;

use super::{Scene, Slip};
use crate::why::now::Reign;

pub(super) fn check(scene: &mut Scene<'_>) {
    let moment = scene.moment;
    let mut began = false;
    for event in &moment.decisions {
        match event {
            Event::ReadRoundBegan { index, .. } => {
                began = true;
                own_term_first(scene, index.0);
            }
            Event::ReadRoundEnded { .. } => quorum(scene, began),
            Event::ReadByLease { index, until } => {
                own_term_first(scene, index.0);
                lease(scene, *until);
            }
            _ => {}
        }
    }
    for read in &moment.reads {
        let Some(needs) = read.needs.filter(|needs| read.applied < *needs) else {
            continue;
        };
        let (client, serial) = read.operation;
        let text = format!(
            "{} answers request {serial} of client {client} with everything up to {} applied, though \
             {needs} is needed",
            scene.own(),
            read.applied
        );
        scene.found.push(Slip {
            when: scene.when,
            node: scene.node,
            rule: None,
            term: scene.after.term,
            index: Some(needs.0),
            operation: Some(read.operation),
            text,
        });
    }
}

fn own_term_first(scene: &mut Scene<'_>, commit: u64) {
    let entry = super::super::facts::term_at(&scene.log, commit);
    let term = scene.after.term;
    if entry == Some(term) {
        return;
    }
    let text = format!(
        "{} answers reads at #{commit} though nothing of its own {term} is committed yet",
        scene.own()
    );
    scene.slip(RuleId::ReadOwnTermFirst, Some(commit), text);
}

/// Whether a majority answered messages that left after the round began; in this very step, or
/// before it.
fn quorum(scene: &mut Scene<'_>, in_this_step: bool) {
    let reign = scene.now.reign_after(scene.moment);
    let round = match in_this_step {
        true => &reign.round,
        false => &scene.now.reign.round,
    };
    let answered = reign.answered_since(round).into_iter();
    let who = answered.chain([scene.node]).collect();
    let Some(short) = scene.members().short(who) else {
        return;
    };
    let (answered, nodes, needed) = (short.have.len(), short.of.len(), short.needed());
    let text = format!(
        "{} answers reads though only {answered} of {nodes} nodes have followed it since they came, \
         {needed} are needed",
        scene.own()
    );
    scene.slip(RuleId::ReadNeedsQuorum, None, text);
}

/// Whether a lease can last until then.
fn lease(scene: &mut Scene<'_>, until: Instant) {
    let reign = scene.now.reign_after(scene.moment);
    let settings = scene.after.settings;
    let own = scene.own().to_owned();
    if !settings.stickiness {
        let text = format!("{own} reads by a lease though nobody withholds a vote for its sake");
        scene.slip(RuleId::LeaseNeedsPromises, None, text);
        return;
    }
    if reign.told {
        let text = format!("{own} reads by a lease though it told another node to campaign");
        scene.slip(RuleId::LeaseGivenUp, None, text);
        return;
    }
    let halves = scene.members().halves();
    let contacts = halves.map(|voters| contact(&reign, voters, scene.node));
    let contact = contacts.min().unwrap_or_default();
    let error = settings.clock_error.unwrap_or_default().0;
    let lasts = settings.election_timeout_min.0.saturating_sub(error);
    if until > contact.after(Span(lasts)) {
        let text = format!(
            "{own} takes its lease to end at {}, though a majority last answered what it sent at {}",
            sut::time_text::show(until.0),
            sut::time_text::show(contact.0)
        );
        scene.slip(RuleId::LeaseFromSendTime, None, text);
    }
}

/// When the latest message was sent that a majority of these voters has answered; the leader answers
/// at once.
fn contact(reign: &Reign, voters: NodeSet, own: NodeId) -> Instant {
    let sent = |voter: NodeId| {
        let heard = reign.heard.iter().find(|(node, ..)| *node == voter);
        match heard {
            _ if voter == own => Instant(u64::MAX),
            Some((_, sent_at, _)) => *sent_at,
            None => reign.began,
        }
    };
    let mut sent: Vec<_> = voters.iter().map(sent).collect();
    sent.sort_unstable_by(|a, b| b.cmp(a));
    sent.get(voters.len() / 2).copied().unwrap_or(reign.began)
}
