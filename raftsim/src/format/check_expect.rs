//! What makes expectations meaningful.

use super::check::Checker;
use super::codes::Code;
use super::expect::{Eventually, Expect};
use super::suggest::did_you_mean;
use super::units::{Comparison, Operator};
use super::written::WrittenPhase;

/// Checks expectations against the phases they are about.
pub(crate) fn expect(checker: &mut Checker<'_>, expect: &Expect, phases: &[WrittenPhase]) {
    for (i, wanted) in expect.eventually.iter().enumerate() {
        eventually(checker, &format!("expect/eventually/{i}"), wanted, phases);
    }
    for (i, sometimes) in expect.sometimes.iter().enumerate() {
        if sometimes.wants().is_empty() {
            let message = "this expectation asks for nothing";
            checker.wrong(Code::SC029, &format!("expect/sometimes/{i}"), message);
        }
    }
    let limits = &expect.limits;
    let total: u64 = phases
        .iter()
        .fold(0, |sum, p| sum.saturating_add(p.lasts.get()));
    if let Some(limit) = limits.sim_time
        && total > limit.get()
    {
        let message = format!("the phases together last longer than {limit}");
        checker.wrong(Code::SC027, "expect/limits/sim_time", message);
    }
    upper_bound(checker, "messages_per_op", limits.messages_per_op);
    upper_bound(checker, "elections", limits.elections);
    upper_bound(checker, "ops_unknown", limits.ops_unknown);
}

fn eventually(checker: &mut Checker<'_>, at: &str, wanted: &Eventually, phases: &[WrittenPhase]) {
    let asks = [
        wanted.one_leader,
        wanted.all_applied_equal,
        wanted.all_served,
    ];
    if !asks.contains(&true) {
        let help = "set one_leader, all_applied_equal or all_served to true".to_owned();
        let message = "this expectation asks for nothing";
        checker.wrong_with_help(Code::SC029, at, message, Some(help));
    }
    if let Some(among) = &wanted.among {
        checker.static_selector(&format!("{at}/among"), among);
    }
    let Some(phase) = phases.iter().find(|phase| phase.name == wanted.phase) else {
        let shown: String = wanted.phase.chars().take(40).collect();
        let names = phases.iter().map(|phase| phase.name.as_str());
        let help = did_you_mean(&wanted.phase, names);
        let message = format!("there is no phase \"{shown}\"");
        return checker.wrong_with_help(Code::SC028, &format!("{at}/in"), message, help);
    };
    if wanted.within > phase.lasts {
        let message = format!("the phase lasts {}, not {}", phase.lasts, wanted.within);
        checker.wrong(Code::SC027, &format!("{at}/within"), message);
    }
}

fn upper_bound(checker: &mut Checker<'_>, field: &str, limit: Option<Comparison>) {
    let Some(limit) = limit else { return };
    if !matches!(
        limit.operator,
        Operator::AtMost | Operator::Less | Operator::Equal
    ) {
        let at = format!("expect/limits/{field}");
        let help = Some(format!("write \"<= {}\"", limit.value));
        checker.wrong_with_help(Code::SC027, &at, format!("\"{limit}\" is no limit"), help);
    }
}
