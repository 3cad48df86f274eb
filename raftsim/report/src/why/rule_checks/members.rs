//! Wrong configurations: appended by a leader, or used by a server.

use checks::{RequestedChange, Sets, but};
use raft_core::{Change, Event, RoleKind, RuleId, Source};

use super::{NodeStep, WrongDecision};
use crate::why::facts::term_at;

pub(super) fn check(step: &mut NodeStep<'_>) {
    let configured = |event: &Event| matches!(event, Event::Configured { .. });
    if step.observed.decisions().any(configured) {
        goes_by(step);
    }
    let writes = step.observed.writes.iter();
    let appends = writes.filter_map(|(_, write)| write.append.as_ref());
    let own = appends.filter(|append| append.source == Source::Configuration);
    let first = own.map(|append| append.first.0).next();
    if let Some(at) = first.filter(|_| step.after.role == RoleKind::Leader) {
        appended(step, at);
        as_asked(step, at);
    }
    let left = |event: &Event| {
        let rule = RuleId::LeadsUntilCommitted;
        matches!(event, Event::Became { rule: cited, .. } if *cited == rule)
    };
    if step.observed.decisions().any(left) {
        stepped_down(step);
    }
}

/// A leader appended a configuration at this index.
fn appended(step: &mut NodeStep<'_>, at: u64) {
    let (own, term, commit) = (step.own().to_owned(), step.after.term, step.after.commit.0);
    if term_at(&step.log, commit) != Some(term) {
        let text = format!(
            "{own} changes the members at #{at} though nothing of its own {term} is committed yet"
        );
        step.add(RuleId::ChangeOwnTermFirst, Some(at), text);
    }
    let Some(before) = &step.state.view else {
        return;
    };
    let was = before.configured_at.0;
    if was <= commit {
        return;
    }
    let (rule, what) = match before.members.is_joint() {
        true => (RuleId::JointFirst, "leaves the joint configuration of"),
        false => (RuleId::ChangeOneAtATime, "changes the members again after"),
    };
    let text = format!("{own} {what} #{was} at #{at}, though #{was} is not committed yet");
    step.add(rule, Some(at), text);
}

/// A server does not use the latest configuration of its log.
fn goes_by(step: &mut NodeStep<'_>) {
    let (latest, is) = (step.after.members, step.after.in_use);
    if latest == is {
        return;
    }
    let names = &step.account.names;
    let text = format!(
        "{} goes by {} though the latest members in its log are {}",
        step.own(),
        is.show(names),
        latest.show(names)
    );
    step.add(RuleId::InForceAtAppend, None, text);
}

/// A leader appended a configuration at this index, which must be a requested one.
fn as_asked(step: &mut NodeStep<'_>, at: u64) {
    let Some(before) = &step.state.view else {
        return;
    };
    let (was, is) = (before.members, step.after.members);
    if was.leaves_itself && is == was.left() {
        return;
    }
    let mut requested = step.state.requested.iter();
    let asked = requested.find(|(request, _)| request.next(was) == Some(is));
    match asked.cloned() {
        None => unasked(step, at, is),
        Some((request, through)) if !request.how.forced => {
            caught_up(step, at, (was, is), through);
            is_live(step, at, was, &request);
        }
        Some(_) => {}
    }
}

fn unasked(step: &mut NodeStep<'_>, at: u64, is: Sets) {
    let names = &step.account.names;
    let requested = step.state.requested.iter();
    let shown: Vec<_> = requested
        .clone()
        .map(|(request, _)| request.show(names))
        .collect();
    let asked = match shown.is_empty() {
        true => "though nobody asked it to".to_owned(),
        false => format!("though it was asked to {}", shown.join(" and to ")),
    };
    let text = format!(
        "{} makes {} the members by #{at}, {asked}",
        step.own(),
        is.show(names)
    );
    let again = |request: &RequestedChange| {
        matches!(request.change, Change::Add(_)) && request.target().is_none()
    };
    let rule = requested.clone().any(|(request, _)| again(request));
    step.wrong.push(WrongDecision {
        when: step.when,
        node: step.node,
        rule: rule.then_some(RuleId::AddedAgain),
        term: step.after.term,
        index: Some(at),
        operation: None,
        text,
    });
}

/// A new voter must hold the leader's log as it was at the request, unless a later leader has removed
/// some of it.
fn caught_up(step: &mut NodeStep<'_>, at: u64, (was, is): (Sets, Sets), through: u64) {
    let elections = step.account.elections.iter();
    let later = elections.map(|election| election.term).max();
    if later > Some(step.after.term) {
        return;
    }
    let due = term_at(&step.log, through);
    for new in but(is.voters(), was.voters()).iter() {
        let disk = &step.account.nodes[new.0 as usize].disk.log;
        if term_at(disk, through) == due {
            continue;
        }
        let text = format!(
            "{} gives {} a vote by #{at}, whose disk does not hold #{through}, which stood in its log \
             when it was asked to",
            step.own(),
            step.name(new)
        );
        step.add(RuleId::CaughtUp, Some(at), text);
    }
}

/// A quorum of the next voters must have followed the leader within the longest election timeout. With
/// quiescence on, the account does not know when the leader began to count.
fn is_live(step: &mut NodeStep<'_>, at: u64, was: Sets, request: &RequestedChange) {
    let (settings, now) = (step.after.settings, step.after.now);
    let next = request.target().unwrap_or(was);
    if next.incoming == was.incoming || settings.quiescence {
        return;
    }
    let contacts = step.after.contacts.iter();
    let lately = contacts.filter(|(_, at)| now.since(*at) <= settings.election_timeout_max);
    let lives = lately.map(|(node, _)| *node).chain([step.node]).collect();
    let Some(short) = next.short(lives) else {
        return;
    };
    let silent: Vec<_> = but(short.of, short.have)
        .iter()
        .map(|node| step.name(node))
        .collect();
    let text = format!(
        "{} changes the voters to {} by #{at} though {} have long been silent",
        step.own(),
        next.show(&step.account.names),
        silent.join(" ")
    );
    step.add(RuleId::LiveQuorum, Some(at), text);
}

/// A leader steps down because its latest configuration gives it no vote.
fn stepped_down(step: &mut NodeStep<'_>) {
    let at = step.after.configured_at;
    if at <= step.after.commit {
        return;
    }
    let text = format!(
        "{} leads {} no more, though {at}, which takes its vote, is not committed",
        step.own(),
        step.after.term
    );
    step.add(RuleId::LeadsUntilCommitted, Some(at.0), text);
}
