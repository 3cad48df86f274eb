//! Lowers the steps of a stepped scenario: checks them, and replaces names by numbers.

use std::collections::BTreeMap;
use std::sync::Arc;

use raft_core::{RuleId, catalogue};
use simulator::FaultKind;

use super::lower_verb::verb;
use super::recorded::Recorded;
use super::script::{Branch, Place, Script, ScriptStep, Verb};
use super::written::{VERBS, WrittenScriptStep};
use crate::checker::{Checker, MAX_STEPS};
use crate::codes::Code;
use crate::suggest::did_you_mean;
use crate::units::Nanos;

/// The maximum number of steps of a recording.
const MAX_RECORDED: usize = 1_000_000;
/// The course of a stepped file. Mistakes are reported.
pub(crate) fn script(
    checker: &mut Checker<'_>,
    trunk: Vec<WrittenScriptStep>,
    branches: BTreeMap<String, Vec<WrittenScriptStep>>,
    recorded: Option<Recorded>,
) -> Script {
    let count = trunk.len() + branches.values().map(Vec::len).sum::<usize>();
    let most = match recorded {
        Some(_) => MAX_RECORDED,
        None => MAX_STEPS,
    };
    if count > most {
        let message = format!("the file has {count} steps; the maximum is {most}");
        checker.wrong(Code::SC026, "steps", message);
    }
    if let Some(recorded) = &recorded {
        check_recorded(checker, recorded);
    }
    let mut end = Reached::default();
    let steps = list(checker, "steps", None, trunk, &mut end);
    let mut lowered = Vec::new();
    for (name, steps) in branches {
        let at = format!("branches/{name}");
        if !is_branch(&name) {
            let shown: String = name.chars().take(40).collect();
            let message = format!("\"{shown}\" cannot be a branch's name");
            let help = "use at most 40 letters, digits, -, _ and .".to_owned();
            checker.wrong_with_help(Code::SC025, &at, message, Some(help));
        }
        let mut from = end.clone();
        let steps = list(checker, &at, Some(name.as_str().into()), steps, &mut from);
        lowered.push(Branch { name, steps });
    }
    Script {
        steps,
        branches: lowered,
        recorded,
        ..Script::default()
    }
}

fn check_recorded(checker: &mut Checker<'_>, recorded: &Recorded) {
    let known = FaultKind::ALL.map(FaultKind::name);
    for kind in recorded.faults.keys() {
        if !known.contains(&kind.as_str()) {
            let shown: String = kind.chars().take(40).collect();
            let message = format!("there is no kind of fault \"{shown}\"");
            let at = format!("recorded/faults/{kind}");
            checker.wrong_with_help(Code::SC012, &at, message, did_you_mean(kind, known));
        }
    }
    if let Some(bug) = &recorded.bug {
        checker.bug("recorded/bug", bug);
    }
}

fn is_branch(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    !name.is_empty() && name.len() <= 40 && name.bytes().all(fits)
}

/// The state after the steps of a list so far.
#[derive(Clone, Default)]
struct Reached {
    /// The latest time of a step.
    time: Nanos,
    /// The time that steps let pass, in nanoseconds.
    passed: u64,
    /// The phases that have begun.
    phases: Vec<String>,
}

impl Reached {
    /// Adds a sound step, and reports it if it cannot follow the steps before it.
    fn pass(&mut self, checker: &mut Checker<'_>, at: &str, step: &ScriptStep) {
        match &step.verb {
            Some(Verb::Settle(span) | Verb::Advance(span)) => {
                self.passed = self.passed.saturating_add(span.get());
                if self.passed > Nanos::MAX.get() {
                    checker.wrong(Code::SC026, at, "a run lasts at most 24h");
                    self.passed = 0;
                }
            }
            Some(Verb::Phase(name)) if self.phases.contains(name) => {
                let shown: String = name.chars().take(40).collect();
                let message = format!("two phases are called \"{shown}\"");
                checker.wrong(Code::SC025, &format!("{at}/phase"), message);
            }
            Some(Verb::Phase(name)) => self.phases.push(name.clone()),
            _ => {}
        }
    }
}

fn list(
    checker: &mut Checker<'_>,
    at: &str,
    branch: Option<Arc<str>>,
    written: Vec<WrittenScriptStep>,
    reached: &mut Reached,
) -> Vec<ScriptStep> {
    let mut steps = Vec::with_capacity(written.len());
    for (index, written) in written.into_iter().enumerate() {
        let at = format!("{at}/{index}");
        if let Some(when) = written.at {
            let previous = reached.time;
            if when < previous {
                let message = format!("this step is at {when}, but a step above is at {previous}");
                let help = Some("write steps in the order in which they happen".to_owned());
                checker.wrong_with_help(Code::SC020, &format!("{at}/at"), message, help);
            }
            reached.time = when.max(previous);
        }
        let place = Place {
            branch: branch.clone(),
            index: u32::try_from(index).expect("a file holds fewer steps"),
            start: checker.start_of(&at),
            ..Place::default()
        };
        let step = step(checker, &at, written, place);
        steps.extend(step.inspect(|step| reached.pass(checker, &at, step)));
    }
    steps
}

fn step(
    checker: &mut Checker<'_>,
    at: &str,
    mut written: WrittenScriptStep,
    place: Place,
) -> Option<ScriptStep> {
    let mut verbs = written.take_verbs();
    if let [(first, _), (second, _), ..] = &verbs[..] {
        let message = format!("this step has two verbs: {first} and {second}");
        let help = Some("write one step for each".to_owned());
        checker.wrong_with_help(Code::SC019, &format!("{at}/{second}"), message, help);
    }
    if verbs.is_empty() && written.say.is_none() && written.at.is_none() {
        let help = Some(format!("add \"say\", or one of {}", VERBS.join(", ")));
        checker.wrong_with_help(Code::SC019, at, "this step is empty", help);
    }
    let why = match &written.why {
        Some(name) => Some(rule(checker, &format!("{at}/why"), name)?),
        None => None,
    };
    let verb = match verbs.pop() {
        Some((name, written)) => Some(verb(checker, &format!("{at}/{name}"), written)?),
        None => None,
    };
    Some(ScriptStep {
        at: written.at,
        verb,
        say: written.say,
        why,
        note: written.note,
        place,
    })
}

fn rule(checker: &mut Checker<'_>, at: &str, name: &str) -> Option<RuleId> {
    if let Some((id, _)) = catalogue().iter().find(|(_, card)| card.name == name) {
        return Some(*id);
    }
    let shown: String = name.chars().take(40).collect();
    let message = format!("there is no rule \"{shown}\"");
    let help = did_you_mean(name, catalogue().iter().map(|(_, card)| card.name));
    checker.wrong_with_help(Code::SC033, at, message, help);
    None
}
