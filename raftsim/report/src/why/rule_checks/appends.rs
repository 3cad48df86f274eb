//! Wrong decisions of followers: entries accepted, removed, acknowledged or believed durable.

use raft_core::{Body, Event, Outcome, RuleId};
use simulator::Action;

use super::NodeStep;
use crate::why::facts::term_at;
use crate::why::node_state::{taken, verified};

pub(super) fn check(step: &mut NodeStep<'_>) {
    previous(step);
    cut(step);
    watermark(step);
    let observed = step.observed;
    for (_, message) in observed.sent() {
        if let Body::AppendEntriesReply(reply) = &message.body
            && let Outcome::Accepted { match_index } = reply.outcome
        {
            acknowledged(step, match_index.0);
        }
    }
}

/// The node accepts entries though it lacks the entry before them.
fn previous(step: &mut NodeStep<'_>) {
    let Some((append, from, _)) = taken(step.observed) else {
        return;
    };
    let prev = append.prev;
    let own = term_at(&step.state.log, prev.index.0);
    if prev.index.0 == 0 || own == Some(prev.term) {
        return;
    }
    let has = match own {
        Some(own) => format!("its own entry there is of {own}"),
        None => "it has no entry there".to_owned(),
    };
    let text = format!(
        "{} takes over what {} sends after {prev}, though {has}",
        step.own(),
        step.name(from)
    );
    step.add(RuleId::PreviousMatches, Some(prev.index.0), text);
}

/// The node removes entries that do not conflict, or keeps entries that do.
fn cut(step: &mut NodeStep<'_>) {
    let Some((append, from, _)) = taken(step.observed) else {
        return;
    };
    let mut sent = append.prev.index.0 + 1..=append.last.0;
    let conflict = sent.find(|index| {
        let own = term_at(&step.state.log, *index);
        own.is_some_and(|own| own != append.entries_term)
    });
    let cut = step.observed.decisions().find_map(|event| match event {
        Event::Truncated { from, .. } => Some(from.0),
        _ => None,
    });
    let (own, leader) = (step.own(), step.name(from));
    let text = match (cut, conflict) {
        (Some(cut), None) => {
            format!("{own} removes #{cut} and what follows, though nothing {leader} sent conflicts")
        }
        (Some(cut), Some(conflict)) if cut != conflict => format!(
            "{own} removes #{cut} and what follows, though what {leader} sent conflicts at #{conflict}"
        ),
        (None, Some(conflict)) if term_at(&step.log, conflict) != Some(append.entries_term) => {
            let (kept, sent) = (term_at(&step.log, conflict), append.entries_term);
            let kept = kept.map_or(String::new(), |kept| kept.to_string());
            format!("{own} keeps its #{conflict}{kept}, though {leader} sent #{conflict}{sent}")
        }
        _ => return,
    };
    step.add(RuleId::TruncateConflictOnly, cut.or(conflict), text);
}

/// The node believes more of its log durable than its disk holds.
fn watermark(step: &mut NodeStep<'_>) {
    let (believed, durable) = (step.after.durable.0, step.durable());
    let before = step.state.view.as_ref().map_or(0, |view| view.durable.0);
    if believed <= durable || before > step.state.durable() {
        return;
    }
    let cuts = |event: &Event| match event {
        Event::Truncated { .. } => true,
        // A snapshot of older state is another mistake, which `snapshots` reports.
        Event::SnapshotInstalled { last, was, .. } => *was < last.index,
        _ => false,
    };
    let takes_back = |event: &Event| matches!(event, Event::SnapshotInstalled { last, was, .. } if *was >= last.index);
    if step.observed.decisions().any(takes_back) {
        return;
    }
    let (rule, because) = match step.observed.step.action {
        _ if step.observed.decisions().any(cuts) => {
            (RuleId::TruncationLowersWatermark, "after cutting its log")
        }
        Action::Written { .. } => (
            RuleId::TruncationLowersFlights,
            "on a late report about entries that it has replaced since",
        ),
        _ => return,
    };
    let text = format!(
        "{} believes its log durable up to #{believed} {because}, but its disk holds it only up to \
         #{durable}",
        step.own()
    );
    step.add(rule, Some(durable + 1), text);
}

fn acknowledged(step: &mut NodeStep<'_>, index: u64) {
    let (_, shown) = verified(step.state, step.observed);
    let (own, durable) = (step.own(), step.durable());
    let (first, text) = if index > shown {
        let text = format!(
            "{own} acknowledges #{index}, though its leader has shown the logs to match only up to \
             #{shown}"
        );
        (shown + 1, text)
    } else if index > durable && step.after.durable.0 < index {
        let text = format!(
            "{own} acknowledges #{index} while its disk holds its log only up to #{durable}"
        );
        (durable + 1, text)
    } else {
        return;
    };
    step.add(RuleId::AcknowledgeDurable, Some(first), text);
}
