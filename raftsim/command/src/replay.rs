//! `raftsim replay`: a run that failed, once more, and whether it is the same run.

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

/// What is to be run again.
struct Kept {
    scenario: Resolved,
    bug: Option<Bug>,
    /// The arguments that run it as a file, where it is one.
    file: Option<String>,
    expected: Option<Expected>,
}

/// What came out then.
struct Expected {
    /// The hash; none if it was made by another version.
    hash: Option<String>,
    verdict: String,
}

impl Kept {
    /// Whether it ended otherwise for a step that could not be done: no list of what was done has
    /// that step.
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

/// What an argument means: a folder, a file, or else a token.
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
            "the token is of trace version {}, and this is version {TRACE_VERSION}: the seed may \
             give another run now. Replay the folder of the failure: it has the actions",
            token.trace_version
        );
        return Err(Stop::bad_input(message));
    }
    let source = Source::of_token(token, screen)?;
    if source.fingerprint != token.fingerprint {
        let message = format!(
            "{} has changed since: its fingerprint is {:016x} and the token says {:016x}. Replay \
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
            Stop::bad_input(format!("{} names no bug: {error}", folder.display()))
        })?);
    }
    let same_version = trace_version == TRACE_VERSION;
    if !same_version {
        screen.tell(&format!(
            "note: this failed with trace version {trace_version}, and this is version \
             {TRACE_VERSION}: its actions are replayed, and only the verdict is compared"
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
        Stop::Told(exit, format!("{argument} cannot be run"))
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

/// Says whether it was the same run, and what became of it.
fn conclude(again: &Kept, outcome: &Outcome, screen: &mut Screen) -> Result<Exit, Stop> {
    let hash = format!("{:016x}", outcome.trace_hash);
    let verdict = outcome.verdict.name();
    if let Some(expected) = &again.expected {
        let same_hash = expected.hash.as_ref().is_none_or(|then| *then == hash);
        let unlisted = again.lacks_its_last_step(&expected.verdict, verdict);
        if !same_hash || (expected.verdict != verdict && !unlisted) {
            let then = expected.hash.as_deref().unwrap_or("of another version");
            let message = format!(
                "this is not the run that was kept: it ended {} with trace hash {then}, and this \
                 one ends {verdict} with trace hash {hash}",
                expected.verdict
            );
            return Err(Stop::Told(Exit::NotDeterministic, message));
        }
        let what = match expected.hash {
            Some(_) => format!("the same run: trace hash {hash}"),
            None => format!("the same verdict: {verdict}"),
        };
        writeln!(screen.out, "{} {what}\n", styled(GOOD, "ok"))?;
        if unlisted {
            screen.tell(
                "note: it ended at a step that could not be done, and a list of what was done has \
                 no such step",
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
