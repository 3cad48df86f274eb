//! Reads that are answered wrongly: too early, without a round of messages, or without a lease.

use raft_core::{Event, Instant, RuleId, Span};
use simulator::NodeId;
use sut::NodeSet;

use super::{NodeStep, WrongDecision};
use crate::why::node_state::Leadership;

pub(super) fn check(step: &mut NodeStep<'_>) {
    let observed = step.observed;
    let mut began = false;
    for event in observed.decisions() {
        match event {
            Event::ReadRoundBegan { index, .. } => {
                began = true;
                own_term_first(step, index.0);
            }
            Event::ReadRoundEnded { .. } => quorum(step, began),
            Event::ReadByLease { index, until } => {
                own_term_first(step, index.0);
                lease(step, *until);
            }
            _ => {}
        }
    }
    for read in observed.reads() {
        let Some(needs) = read.needs.filter(|needs| read.applied < *needs) else {
            continue;
        };
        let (client, serial) = read.operation;
        let text = format!(
            "{} answers request {serial} of client {client} with everything up to {} applied, though \
             {needs} is needed",
            step.own(),
            read.applied
        );
        step.wrong.push(WrongDecision {
            when: step.when,
            node: step.node,
            rule: None,
            term: step.after.term,
            index: Some(needs.0),
            operation: Some(read.operation),
            text,
        });
    }
}

fn own_term_first(step: &mut NodeStep<'_>, commit: u64) {
    let entry = super::super::facts::term_at(&step.log, commit);
    let term = step.after.term;
    if entry == Some(term) {
        return;
    }
    let text = format!(
        "{} answers reads at #{commit} though nothing of its own {term} is committed yet",
        step.own()
    );
    step.add(RuleId::ReadOwnTermFirst, Some(commit), text);
}

/// A majority must have answered messages that left after the round began, in this step or before it.
fn quorum(step: &mut NodeStep<'_>, in_this_step: bool) {
    let leadership = step.state.leadership_after(step.observed);
    let round = match in_this_step {
        true => &leadership.round,
        false => &step.state.leadership.round,
    };
    let answered = leadership.answered_since(round).into_iter();
    let who = answered.chain([step.node]).collect();
    let Some(short) = step.members().short(who) else {
        return;
    };
    let (answered, nodes, needed) = (short.have.len(), short.of.len(), short.needed());
    let text = format!(
        "{} answers reads though only {answered} of {nodes} nodes have followed it since they came, \
         {needed} are needed",
        step.own()
    );
    step.add(RuleId::ReadNeedsQuorum, None, text);
}

/// A lease must not last longer than the promises of a majority.
fn lease(step: &mut NodeStep<'_>, until: Instant) {
    let leadership = step.state.leadership_after(step.observed);
    let settings = step.after.settings;
    let own = step.own().to_owned();
    if !settings.stickiness {
        let text = format!("{own} reads by a lease though nobody withholds a vote for its sake");
        step.add(RuleId::LeaseNeedsPromises, None, text);
        return;
    }
    if leadership.told_target {
        let text = format!("{own} reads by a lease though it told another node to campaign");
        step.add(RuleId::LeaseGivenUp, None, text);
        return;
    }
    let halves = step.members().halves();
    let contacts = halves.map(|voters| contact(&leadership, voters, step.node));
    let contact = contacts.min().unwrap_or_default();
    let error = settings.clock_error.unwrap_or_default().0;
    let lasts = settings.election_timeout_min.0.saturating_sub(error);
    if until > contact.after(Span(lasts)) {
        let text = format!(
            "{own} takes its lease to end at {}, though a majority last answered what it sent at {}",
            sut::time_text::show(until.0),
            sut::time_text::show(contact.0)
        );
        step.add(RuleId::LeaseFromSendTime, None, text);
    }
}

/// The send time of the latest message that a majority of these voters has answered. The leader answers
/// itself at once.
fn contact(leadership: &Leadership, voters: NodeSet, own: NodeId) -> Instant {
    let sent = |voter: NodeId| {
        let heard = leadership.heard.iter().find(|(node, ..)| *node == voter);
        match heard {
            _ if voter == own => Instant(u64::MAX),
            Some((_, sent_at, _)) => *sent_at,
            None => leadership.began,
        }
    };
    let mut sent: Vec<_> = voters.iter().map(sent).collect();
    sent.sort_unstable_by(|a, b| b.cmp(a));
    sent.get(voters.len() / 2)
        .copied()
        .unwrap_or(leadership.began)
}
