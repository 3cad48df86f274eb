//! Lowers the steps and faults of phases: checks them, and gives each one action.

use super::action::{ACTIONS, Action, WrittenFault, WrittenStep};
use super::check_action::check_action;
use super::checker::Checker;
use super::codes::Code;
use super::program;
use super::resolved::{Fault, Phase, Step, When};
use super::units::{DurationRange, Nanos, Ratio};
use super::written::WrittenPhase;

/// The phases with all sound steps and faults. The other steps and faults are reported as mistakes.
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
                let message =
                    format!("this step is at {when}, but the step above is at {previous}");
                let help = Some("write steps in the order in which they happen".to_owned());
                checker.wrong_with_help(Code::SC020, &format!("{at}/at"), message, help);
            }
            when
        }
        // A time beyond the longest duration is also beyond the end of the phase.
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
                let message = format!(
                    "the interval of a fault must be at least 1ms, not {}",
                    every.low()
                );
                checker.wrong(Code::SC026, &format!("{at}/every"), message);
            }
            Some(When::Every(every))
        }
        (None, Some(trigger)) => Some(When::On(trigger)),
        (None, None) => {
            let help = "add \"every\": \"1s\", or \"on\": \"leader-elected\"".to_owned();
            let message = "this fault has neither \"every\" nor \"on\"";
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
        let message = "\"for\" has no effect here: this action cannot be undone";
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
            checker.wrong_with_help(Code::SC019, at, "this object has no action", help);
            None
        }
        [(first, _), (second, _), ..] => {
            let message = format!("this object has two actions: {first} and {second}");
            let help = Some("write one object for each".to_owned());
            checker.wrong_with_help(Code::SC019, &format!("{at}/{second}"), message, help);
            None
        }
    }
}
