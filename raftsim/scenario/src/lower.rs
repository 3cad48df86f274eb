//! From steps and faults as written to one action each, with what must hold of them.

use super::action::{ACTIONS, Action, WrittenFault, WrittenStep};
use super::check::Checker;
use super::codes::Code;
use super::program;
use super::resolved::{Fault, Phase, Step, When};
use super::select::{Partition, Selector};
use super::units::{DurationRange, Nanos, Ratio};
use super::written::WrittenPhase;

/// The phases with every step and fault that is sound; the others are noted as mistakes.
pub(crate) fn phases(checker: &mut Checker<'_>, written: Vec<WrittenPhase>) -> Vec<Phase> {
    let phase = |(i, written)| phase(checker, &format!("phases/{i}"), written);
    written.into_iter().enumerate().map(phase).collect()
}

fn phase(checker: &mut Checker<'_>, at: &str, written: WrittenPhase) -> Phase {
    let steps = steps(checker, at, &written);
    let faults = written.faults.into_iter().enumerate();
    let faults = faults
        .filter_map(|(i, written)| fault(checker, &format!("{at}/faults/{i}"), written))
        .collect();
    Phase {
        name: written.name,
        lasts: written.lasts,
        until_met: written.until.is_some(),
        clients: written.clients,
        heal: written.heal.is_some(),
        network: written.network,
        client_network: written.client_network,
        disk: written.disk,
        script: written
            .script
            .map(|steps| program::script(checker, at, steps))
            .unwrap_or_default(),
        steps,
        faults,
        note: written.note,
    }
}

fn steps(checker: &mut Checker<'_>, phase: &str, written: &WrittenPhase) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut previous = Nanos::ZERO;
    for (i, step) in written.steps.iter().enumerate() {
        let at = format!("{phase}/steps/{i}");
        let when = when(checker, &at, step, previous);
        if when >= written.lasts {
            let field = if step.after.is_some() { "after" } else { "at" };
            let message = format!(
                "this step is at {when}, but the phase ends at {}",
                written.lasts
            );
            checker.wrong(Code::SC021, &format!("{at}/{field}"), message);
        }
        previous = previous.max(when);
        if let Some(action) = only_action(checker, &at, step.actions()) {
            let (note, say) = (step.note.clone(), step.say.clone());
            steps.push(Step {
                at: when,
                action,
                note,
                say,
            });
        }
    }
    steps
}

fn when(checker: &mut Checker<'_>, at: &str, step: &WrittenStep, previous: Nanos) -> Nanos {
    match (step.at, step.after) {
        (Some(_), Some(_)) => {
            let message = "this step has both \"at\" and \"after\"";
            checker.wrong(Code::SC022, &format!("{at}/after"), message);
            previous
        }
        (Some(when), None) => {
            if when < previous {
                let message = format!("this step is at {when}, the one above at {previous}");
                let help = Some("steps stand in the order in which they happen".to_owned());
                checker.wrong_with_help(Code::SC020, &format!("{at}/at"), message, help);
            }
            when
        }
        // Anything beyond the longest duration is beyond the end of the phase, too.
        (None, Some(after)) => {
            Nanos::new(previous.get().saturating_add(after.get())).unwrap_or(Nanos::MAX)
        }
        (None, None) => previous,
    }
}

fn fault(checker: &mut Checker<'_>, at: &str, written: WrittenFault) -> Option<Fault> {
    let when = match (written.every, written.on) {
        (Some(every), None) => {
            if every.low() < Nanos::millis(1) {
                let message = format!("a fault can strike every 1ms, not every {}", every.low());
                checker.wrong(Code::SC026, &format!("{at}/every"), message);
            }
            Some(When::Every(every))
        }
        (None, Some(trigger)) => Some(When::On(trigger)),
        (None, None) => {
            let help = "add \"every\": \"1s\", or \"on\": \"leader-elected\"".to_owned();
            let message = "this fault does not say when it strikes";
            checker.wrong_with_help(Code::SC023, at, message, Some(help));
            None
        }
        (Some(_), Some(_)) => {
            let message = "this fault has both \"every\" and \"on\"";
            checker.wrong(Code::SC023, &format!("{at}/on"), message);
            None
        }
    };
    let action = only_action(checker, at, written.actions())?;
    if written.lasts.is_some() && !action.can_be_undone() {
        let message = "this action cannot be undone after \"for\"";
        checker.wrong(Code::SC024, &format!("{at}/for"), message);
    }
    Some(Fault {
        when: when?,
        chance: written.chance.unwrap_or(Ratio::ALWAYS),
        after: written
            .after
            .unwrap_or(DurationRange::new(Nanos::ZERO, Nanos::ZERO)),
        lasts: written.lasts,
        unless: written.unless,
        only_if: written.only_if,
        action,
        note: written.note,
    })
}

fn only_action(
    checker: &mut Checker<'_>,
    at: &str,
    actions: Vec<(&'static str, Action)>,
) -> Option<Action> {
    for (name, action) in &actions {
        check_action(checker, &format!("{at}/{name}"), action);
    }
    match &actions[..] {
        [(_, action)] => Some(action.clone()),
        [] => {
            let help = Some(format!("add one of {}", ACTIONS.join(", ")));
            checker.wrong_with_help(Code::SC019, at, "there is no action here", help);
            None
        }
        [(first, _), (second, _), ..] => {
            let message = format!("there are two actions here: {first} and {second}");
            let help = Some("write one object for each".to_owned());
            checker.wrong_with_help(Code::SC019, &format!("{at}/{second}"), message, help);
            None
        }
    }
}

pub(super) fn check_action(checker: &mut Checker<'_>, at: &str, action: &Action) {
    match action {
        Action::Crash(who)
        | Action::Restart(who)
        | Action::Recover(who)
        | Action::Pause(who)
        | Action::Resume(who)
        | Action::Isolate(who)
        | Action::Heal(who)
        | Action::Transfer(who)
        | Action::Campaign(who)
        | Action::StepDown(who)
        | Action::Snapshot(who)
        | Action::Compact(who)
        | Action::RequestSnapshot(who)
        | Action::AddServer(who)
        | Action::AddWitness(who)
        | Action::Promote(who)
        | Action::Demote(who)
        | Action::RemoveServer(who)
        | Action::LeaveJoint(who)
        | Action::Join(who)
        | Action::Bootstrap(who)
        | Action::ForceNewCluster(who) => checker.selector(at, who),
        Action::Replace(replacement) => {
            checker.selector(&format!("{at}/old"), &replacement.old);
            checker.selector(&format!("{at}/new"), &replacement.new);
        }
        Action::Members(change) => {
            checker.selector(&format!("{at}/voters"), &change.voters);
            if let Some(learners) = &change.learners {
                checker.selector(&format!("{at}/learners"), learners);
            }
        }
        Action::Apply(change) => checker.selector(&format!("{at}/node"), &change.node),
        Action::Partition(Partition::Groups(groups)) => check_groups(checker, at, groups),
        Action::Partition(_) => {}
        Action::Cut(route) | Action::Hold(route) | Action::Release(route) => {
            check_route(checker, at, &route.from, &route.to);
        }
        Action::Link(link) => {
            check_route(checker, at, &link.from, &link.to);
            not_empty(checker, at, link.change().is_empty());
        }
        Action::Clock(clock) => {
            checker.selector(&format!("{at}/node"), &clock.node);
            not_empty(checker, at, clock.rate.is_none() && clock.jump.is_none());
        }
        Action::Disk(disk) => {
            checker.selector(&format!("{at}/node"), &disk.node);
            not_empty(checker, at, disk.stall.is_none() && disk.sync.is_none());
        }
        Action::Network(change) => not_empty(checker, at, change.is_empty()),
    }
}

fn not_empty(checker: &mut Checker<'_>, at: &str, empty: bool) {
    if empty {
        checker.wrong(Code::SC029, at, "this changes nothing");
    }
}

fn check_route(checker: &mut Checker<'_>, at: &str, from: &Selector, to: &Selector) {
    checker.selector(&format!("{at}/from"), from);
    checker.selector(&format!("{at}/to"), to);
    if let (Selector::Nodes(from), Selector::Nodes(to)) = (from, to)
        && from.len() == 1
        && from == to
    {
        let message = format!("{} has no link to itself", from[0]);
        checker.wrong(Code::SC029, &format!("{at}/to"), message);
    }
}

fn check_groups(checker: &mut Checker<'_>, at: &str, groups: &[Selector]) {
    not_empty(checker, at, groups.is_empty());
    let mut seen = Vec::new();
    for (i, group) in groups.iter().enumerate() {
        checker.selector(&format!("{at}/{i}"), group);
        let Selector::Nodes(names) = group else {
            continue;
        };
        for name in names {
            if seen.contains(name) {
                let message = format!("{name} stands in this partition twice");
                checker.wrong(Code::SC031, &format!("{at}/{i}"), message);
            }
            seen.push(name.clone());
        }
    }
}
