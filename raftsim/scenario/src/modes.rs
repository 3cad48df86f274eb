//! Checks that a file has only fields of its mode.

use super::checker::Checker;
use super::codes::Code;
use super::settings::Completions;
use super::suggest::did_you_mean;
use super::written::{Mode, Written};

/// Reports fields that do not belong to the file's mode, and sets the mode's defaults.
pub(crate) fn check(checker: &mut Checker<'_>, written: &mut Written) {
    match written.mode {
        Mode::Timed => timed(checker, written),
        Mode::Stepped => stepped(checker, written),
    }
}

fn timed(checker: &mut Checker<'_>, written: &Written) {
    if written.phases.is_none() {
        let stepped = written.steps.is_some();
        let help = stepped.then(|| "a file with \"steps\" has \"mode\": \"stepped\"".to_owned());
        let message = "the field \"phases\" is missing";
        checker.wrong_with_help(Code::SC008, "", message, help);
    }
    let mut strays = Vec::new();
    for field in ["steps", "branches", "impossible", "recorded"] {
        strays.extend(checker.has(field).then(|| field.to_owned()));
    }
    if written.disk.completions != Completions::default() {
        strays.push("disk/completions".to_owned());
    }
    for (i, caught) in written.expect.caught_by.iter().enumerate() {
        if caught.branch.is_some() {
            strays.push(format!("expect/caught_by/{i}/branch"));
        }
    }
    for at in strays {
        let name = at.rsplit('/').next().unwrap_or(&at);
        let message = format!("a timed scenario has no \"{name}\"");
        let help = Some("write \"mode\": \"stepped\", or remove it".to_owned());
        checker.wrong_with_help(Code::SC015, &at, message, help);
    }
}

fn stepped(checker: &mut Checker<'_>, written: &mut Written) {
    if !checker.has("clients/count") {
        written.clients.count = 1;
    }
    if written.steps.is_none() {
        let message = "the field \"steps\" is missing";
        checker.wrong(Code::SC008, "", message);
    }
    for (i, caught) in written.expect.caught_by.iter().enumerate() {
        if let Some(branch) = &caught.branch
            && !written.branches.contains_key(branch)
        {
            let shown: String = branch.chars().take(40).collect();
            let message = format!("there is no branch \"{shown}\"");
            let help = did_you_mean(branch, written.branches.keys().map(String::as_str));
            let at = format!("expect/caught_by/{i}/branch");
            checker.wrong_with_help(Code::SC036, &at, message, help);
        }
    }
    misplaced(checker, "phases", "write \"steps\"");
    // A recording has the settings of the original run.
    if written.recorded.is_some() {
        return;
    }
    for field in ["network", "client_network", "links"] {
        misplaced(checker, field, "steps deliver messages");
    }
    misplaced(checker, "clocks", "write a \"clock\" step");
    misplaced(
        checker,
        "disk/sync",
        "writes become durable at once, or with \"written\" steps",
    );
    misplaced(checker, "disk/on_crash", "use \"keep\" in a \"crash\" step");
    for field in checker.fields("clients") {
        if field != "count" {
            let at = format!("clients/{field}");
            misplaced(checker, &at, "write \"call\" steps for clients");
        }
    }
}

fn misplaced(checker: &mut Checker<'_>, at: &str, instead: &str) {
    if checker.has(at) {
        let name = at.replace('/', ".");
        let message = format!("\"{name}\" has no meaning in a stepped scenario");
        checker.wrong_with_help(Code::SC015, at, message, Some(instead.to_owned()));
    }
}
