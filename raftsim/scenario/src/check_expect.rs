//! Checks of expectations.

use sut::MemberSets;

use super::checker::Checker;
use super::codes::Code;
use super::expect::{Eventually, Expect};
use super::resolved::Course;
use super::stepped::Verb;
use super::suggest::did_you_mean;
use super::units::{Comparison, Nanos, Operator};

/// A phase for expectations, and its length if that is known.
type Known<'a> = (&'a str, Option<Nanos>);

/// Checks that expectations fit the course of the run.
pub(crate) fn expect(checker: &mut Checker<'_>, expect: &Expect, course: &Course) {
    let phases = &known(course)[..];
    // A recorded run may have ended before all of its phases began.
    let ended = matches!(course, Course::Stepped(script) if script.recorded.is_some());
    let begun = |phase: &str| !ended || phases.iter().any(|(name, _)| *name == phase);
    let wanted = expect.eventually.iter().enumerate();
    for (i, wanted) in wanted.filter(|(_, wanted)| begun(&wanted.phase)) {
        eventually(checker, &format!("expect/eventually/{i}"), wanted, phases);
    }
    if let Course::Timed(phases) = course {
        for (i, phase) in phases
            .iter()
            .enumerate()
            .filter(|(_, phase)| phase.until_met)
        {
            until(checker, &format!("phases/{i}/until"), expect, &phase.name);
        }
    }
    for (i, sometimes) in expect.sometimes.iter().enumerate() {
        if sometimes.wants().is_empty() {
            let message = "this expectation has no condition";
            checker.wrong(Code::SC029, &format!("expect/sometimes/{i}"), message);
        }
    }
    for (i, caught) in expect.caught_by.iter().enumerate() {
        checker.bug(&format!("expect/caught_by/{i}/bug"), &caught.bug);
    }
    let limits = &expect.limits;
    let total: u64 = phases
        .iter()
        .filter_map(|(_, lasts)| *lasts)
        .fold(0, |sum: u64, lasts| sum.saturating_add(lasts.get()));
    if let Some(limit) = limits.sim_time
        && total > limit.get()
    {
        let message = format!("the phases together last longer than {limit}");
        checker.wrong(Code::SC027, "expect/limits/sim_time", message);
    }
    let most = [Operator::AtMost, Operator::Less];
    let exact = [Operator::AtMost, Operator::Less, Operator::Equal];
    // A run that exceeds this limit is stopped, so only an upper bound makes sense here.
    upper_bound(checker, "events", limits.events, &most);
    upper_bound(checker, "messages", limits.messages, &exact);
    upper_bound(checker, "bytes", limits.bytes, &exact);
    upper_bound(checker, "log_bytes", limits.log_bytes, &exact);
    upper_bound(checker, "snapshot_bytes", limits.snapshot_bytes, &exact);
    upper_bound(checker, "messages_per_op", limits.messages_per_op, &exact);
    upper_bound(checker, "elections", limits.elections, &exact);
    upper_bound(checker, "ops_unknown", limits.ops_unknown, &exact);
}

/// The phases of a course. In a stepped course steps begin them.
fn known(course: &Course) -> Vec<Known<'_>> {
    match course {
        Course::Timed(phases) => {
            let phases = phases.iter();
            phases
                .map(|phase| (phase.name.as_str(), Some(phase.lasts)))
                .collect()
        }
        Course::Stepped(script) => {
            let branches = script.branches.iter().flat_map(|branch| &branch.steps);
            let begun = script.steps.iter().chain(branches);
            begun
                .filter_map(|step| match &step.verb {
                    Some(Verb::Phase(name)) => Some((name.as_str(), None)),
                    _ => None,
                })
                .collect()
        }
    }
}

fn eventually(checker: &mut Checker<'_>, at: &str, wanted: &Eventually, phases: &[Known<'_>]) {
    let asks = [
        wanted.one_leader,
        wanted.all_committed,
        wanted.all_applied_equal,
        wanted.all_served,
        wanted.members.is_some(),
    ];
    if !asks.contains(&true) {
        let help =
            "set one_leader, all_committed, all_applied_equal or all_served to true, or give members".to_owned();
        let message = "this expectation has no condition";
        checker.wrong_with_help(Code::SC029, at, message, Some(help));
    }
    if wanted.stays && !wanted.one_leader {
        let help = Some("set one_leader to true as well".to_owned());
        let message = "\"stays\" needs \"one_leader\"";
        checker.wrong_with_help(Code::SC029, &format!("{at}/stays"), message, help);
    }
    if wanted.led_by.is_some() && !wanted.one_leader {
        let help = Some("set one_leader to true as well".to_owned());
        let message = "\"led_by\" needs \"one_leader\"";
        checker.wrong_with_help(Code::SC029, &format!("{at}/led_by"), message, help);
    }
    if let Some(led_by) = &wanted.led_by {
        checker.static_selector(&format!("{at}/led_by"), led_by);
    }
    if let Some(members) = &wanted.members
        && let Err(message) = MemberSets::read(members, &checker.nodes)
    {
        checker.wrong(Code::SC029, &format!("{at}/members"), message);
    }
    if let Some(among) = &wanted.among {
        checker.static_selector(&format!("{at}/among"), among);
    }
    let Some(phase) = phases.iter().find(|(name, _)| *name == wanted.phase) else {
        let shown: String = wanted.phase.chars().take(40).collect();
        let names = phases.iter().map(|(name, _)| *name);
        let help = did_you_mean(&wanted.phase, names);
        let message = format!("there is no phase \"{shown}\"");
        return checker.wrong_with_help(Code::SC028, &format!("{at}/in"), message, help);
    };
    if let (_, Some(lasts)) = phase
        && wanted.within > *lasts
    {
        let message = format!(
            "the phase lasts only {lasts}, which is shorter than {}",
            wanted.within
        );
        checker.wrong(Code::SC027, &format!("{at}/within"), message);
    }
}

/// Checks a phase that ends early: it must have an expectation that can become true before its end.
fn until(checker: &mut Checker<'_>, at: &str, expect: &Expect, phase: &str) {
    let mut wanted = expect
        .eventually
        .iter()
        .filter(|wanted| wanted.phase == phase)
        .peekable();
    if wanted.peek().is_none() {
        let message = "no \"eventually\" expectation is about this phase";
        let help = Some(
            "leave out \"until\", or add an \"eventually\" expectation about this phase".to_owned(),
        );
        checker.wrong_with_help(Code::SC029, at, message, help);
    }
    if wanted.any(|wanted| wanted.stays) {
        let message = "this phase cannot end early: an expectation about it has \"stays\"";
        checker.wrong(Code::SC027, at, message);
    }
}

fn upper_bound(
    checker: &mut Checker<'_>,
    field: &str,
    limit: Option<Comparison>,
    allowed: &[Operator],
) {
    let Some(limit) = limit else { return };
    if !allowed.contains(&limit.operator) {
        let at = format!("expect/limits/{field}");
        let help = Some(format!("write \"<= {}\"", limit.value));
        checker.wrong_with_help(
            Code::SC027,
            &at,
            format!("\"{limit}\" is not an upper bound"),
            help,
        );
    }
}
