//! `raftsim replay`: runs a failure again, and checks that it is the same run.

use std::io::Write;
use std::path::Path;

use report::failure_report::{self, Again};
use runner::run_with_bug;
use runner::{Outcome, TRACE_VERSION, Unobserved};
use scenario::{Overrides, Resolved};
use sut::bugs::Bug;

use super::batch::quoted;
use super::cli::{Replay, Trace};
use super::exit::Exit;
use super::files::ScenarioFile;
use super::log::Log;
use super::ran::exit_of;
use super::screen::{GOOD, Screen, Stop, styled};
use super::source::Source;
use super::trace;
use crate::failure::{self, Record, Token};

/// The run to repeat.
struct Kept {
    scenario: Resolved,
    bug: Option<Bug>,
    /// The arguments that run it as a file, if it is one.
    file: Option<String>,
    expected: Option<Expected>,
}

/// The result of the original run.
struct Expected {
    /// The hash; none if another version made it.
    hash: Option<String>,
    verdict: String,
}

impl Kept {
    /// Whether it ended differently because of an impossible step: a list of performed actions does not
    /// contain that step.
    fn lacks_its_last_step(&self, then: &str, now: &str) -> bool {
        let script = self.scenario.script();
        let listed = script.is_some_and(|script| script.recorded.is_some());
        listed && then == "expectation" && now == "ok"
    }
}

pub(crate) fn replay(args: &Replay, log: &Log, screen: &mut Screen) -> Result<Exit, Stop> {
    let again = find(&args.what, screen)?;
    if args.trace || args.until.is_some() {
        let shown = Trace::up_to(&args.what, args.until);
        trace::run(&shown, &again.scenario, again.bug, log, screen)?;
    }
    let outcome = run_with_bug(&again.scenario, again.bug, &mut Unobserved);
    conclude(&again, &outcome, screen)
}

/// The run of an argument: a folder, a file, or else a token.
fn find(what: &str, screen: &mut Screen) -> Result<Kept, Stop> {
    let path = Path::new(what);
    if path.is_dir() {
        return of_folder(path, screen);
    }
    if let Some(folder) = failure::around(path) {
        return of_folder(folder, screen);
    }
    match what.parse::<Token>() {
        Ok(token) if !path.exists() => of_token(&token, screen),
        Err(unclear) if !path.exists() && what.contains(':') => {
            Err(Stop::bad_input(unclear.to_string()))
        }
        _ => of_file(what, screen),
    }
}

fn of_token(token: &Token, screen: &mut Screen) -> Result<Kept, Stop> {
    if token.trace_version != TRACE_VERSION {
        let message = format!(
            "the token has trace version {}, but this program has {TRACE_VERSION}: the seed may give a \
             different run now. Replay the folder of the failure: it has the actions",
            token.trace_version
        );
        return Err(Stop::bad_input(message));
    }
    let source = Source::of_token(token, screen)?;
    if source.fingerprint != token.fingerprint {
        let message = format!(
            "{} has changed: its fingerprint is {:016x}, but the token has {:016x}. Replay \
             the folder of the failure: it has the scenario",
            token.source, source.fingerprint, token.fingerprint
        );
        return Err(Stop::bad_input(message));
    }
    let (scenario, _) = source.maker()(token.seed)?;
    Ok(Kept {
        scenario,
        bug: token.bug,
        file: None,
        expected: None,
    })
}

fn of_folder(folder: &Path, screen: &mut Screen) -> Result<Kept, Stop> {
    let kept = failure::read(folder).map_err(Stop::bad_input)?;
    let Record {
        verdict,
        trace_hash,
        trace_version,
        bug,
        ..
    } = kept.record;
    let mut again = of_file(&kept.file.display().to_string(), screen)?;
    if let Some(bug) = bug {
        again.bug = Some(bug.parse().map_err(|error| {
            Stop::bad_input(format!(
                "{} names an unknown bug: {error}",
                folder.display()
            ))
        })?);
    }
    let same_version = trace_version == TRACE_VERSION;
    if !same_version {
        screen.tell(&format!(
            "note: this failure has trace version {trace_version}, but this program has \
             {TRACE_VERSION}: its recorded actions are replayed, and only the verdict is compared"
        ));
    }
    again.expected = Some(Expected {
        hash: same_version.then_some(trace_hash),
        verdict,
    });
    Ok(again)
}

fn of_file(argument: &str, screen: &mut Screen) -> Result<Kept, Stop> {
    let file = ScenarioFile::read(argument)?;
    let scenario = file.resolve(&Overrides::default()).map_err(|unusable| {
        let exit = file.explain(&unusable, screen);
        Stop::Failed(exit, format!("{argument} cannot be run"))
    })?;
    let recorded = scenario
        .script()
        .and_then(|script| script.recorded.as_ref());
    let expected = recorded.map(|recorded| Expected {
        hash: (recorded.trace_version == TRACE_VERSION).then(|| recorded.trace_hash.clone()),
        verdict: recorded.verdict.clone(),
    });
    let bug = scenario.recorded_bug();
    Ok(Kept {
        scenario,
        bug,
        file: Some(argument.to_owned()),
        expected,
    })
}

/// Shows whether it was the same run, and its result.
fn conclude(again: &Kept, outcome: &Outcome, screen: &mut Screen) -> Result<Exit, Stop> {
    let hash = format!("{:016x}", outcome.trace_hash);
    let verdict = outcome.verdict.name();
    if let Some(expected) = &again.expected {
        let same_hash = expected.hash.as_ref().is_none_or(|then| *then == hash);
        let unlisted = again.lacks_its_last_step(&expected.verdict, verdict);
        if !same_hash || (expected.verdict != verdict && !unlisted) {
            let then = expected.hash.as_deref().unwrap_or("of another version");
            let message = format!(
                "this is not the same run: the failure ended with {} and trace hash {then}, but this \
                 run ends with {verdict} and trace hash {hash}",
                expected.verdict
            );
            return Err(Stop::Failed(Exit::NotDeterministic, message));
        }
        let what = match expected.hash {
            Some(_) => format!("the same run: trace hash {hash}"),
            None => format!("the same verdict: {verdict}"),
        };
        writeln!(screen.out, "{} {what}\n", styled(GOOD, "ok"))?;
        if unlisted {
            screen.tell(
                "note: the failure was an impossible step, and a list of performed actions does \
                 not contain that step",
            );
        }
    } else {
        writeln!(screen.out, "trace hash {hash}\n")?;
    }
    let report = again.file.as_deref().and_then(|file| {
        let mut words = quoted(file);
        if let Some(bug) = again.bug {
            words.push_str(&format!(" --bug {bug}"));
        }
        failure_report::report(&again.scenario, again.bug, outcome, &Again(words))
    });
    match report {
        Some(report) => writeln!(screen.out, "{report}")?,
        None => writeln!(screen.out, "{}", failure_report::line(outcome))?,
    }
    Ok(exit_of(&outcome.verdict))
}
