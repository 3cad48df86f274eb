//! `raftsim shrink`: a failing run becomes a few steps, a test and a diagram.

use std::io::Write;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use runner::TRACE_VERSION;
use scenario::Resolved;
use serde::Serialize;
use shrink::{Budget, NotFailing, Shrunk, shrink_watched};
use sut::bugs::Bug;

use super::cli::Shrink;
use super::exit::Exit;
use super::files::ScenarioFile;
use super::interrupt::Interrupt;
use super::screen::{BAD, HEAD, Screen, Stop, styled};
use super::small::{self, Files};
use crate::failure::{self, Kept};

/// The folder for results without `--out`.
const FOLDER: &str = "shrunk";

pub(crate) fn shrink(args: &Shrink, screen: &mut Screen) -> Result<Exit, Stop> {
    let (file, bug) = find(args, screen)?;
    let scenario = match file.scenario(&args.source.overrides(), screen) {
        Ok(scenario) => scenario,
        Err(exit) => return Ok(exit),
    };
    let bug = bug.or_else(|| scenario.recorded_bug());
    let interrupt = Interrupt::listen();
    let progress = progress(args);
    let budget = Budget {
        replays: args.budget,
    };
    let mut watch = small::watch(&interrupt, |seen| {
        progress.set_position(seen.replays);
        progress.set_message(seen.left.to_string());
    });
    let shrunk = shrink_watched(&scenario, bug, budget, &mut watch);
    progress.finish_and_clear();
    let shrunk = match shrunk {
        Ok(shrunk) => shrunk,
        Err(NotFailing(outcome)) => {
            let verdict = outcome.verdict.name();
            let message = format!(
                "{}, seed {}, does not fail (verdict {verdict}): there is nothing to shrink",
                scenario.name, scenario.seed
            );
            return Err(Stop::Failed(Exit::NothingMatched, message));
        }
    };
    let folder = match &args.out {
        Some(folder) => folder.clone(),
        None => Path::new(FOLDER).join(&shrunk.scenario.name),
    };
    let files = small::write(&folder, &shrunk)?;
    if args.json {
        writeln!(screen.out, "{}", json(&scenario, &shrunk, &files))?;
    } else {
        tell(&scenario, &shrunk, &files, screen)?;
    }
    if interrupt.wanted() {
        screen.tell("interrupted: a longer search may give a smaller form");
        return Ok(Exit::Interrupted);
    }
    Ok(Exit::Fine)
}

/// The scenario and the bug of the argument. The folder of a failing run has both.
fn find(args: &Shrink, screen: &mut Screen) -> Result<(ScenarioFile, Option<Bug>), Stop> {
    let path = Path::new(&args.file);
    let folder = match path.is_dir() {
        true => Some(path),
        false => failure::around(path),
    };
    let Some(folder) = folder else {
        return Ok((ScenarioFile::read(&args.file)?, args.plant.bug));
    };
    let Kept { record, file } = failure::read(folder).map_err(Stop::bad_input)?;
    let version = record.trace_version;
    if version != TRACE_VERSION {
        screen.tell(&format!(
            "note: this failure has trace version {version}, but this program has {TRACE_VERSION}: \
             its recorded actions are shrunk instead of its scenario"
        ));
    }
    let bug = record.bug.map(|bug| bug.parse::<Bug>()).transpose();
    let bug = bug.map_err(|error| {
        Stop::bad_input(format!(
            "{} names an unknown bug: {error}",
            folder.display()
        ))
    })?;
    let file = ScenarioFile::read(&file.display().to_string())?;
    Ok((file, args.plant.bug.or(bug)))
}

fn progress(args: &Shrink) -> ProgressBar {
    if args.json {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{pos}/{len} replays {wide_bar} {msg} left");
    ProgressBar::new(args.budget).with_style(style.expect("the template is well-formed"))
}

fn tell(
    scenario: &Resolved,
    shrunk: &Shrunk,
    files: &Files,
    screen: &mut Screen,
) -> Result<(), Stop> {
    let of = format!("{}, seed {}", scenario.name, scenario.seed);
    let head = styled(BAD, shrunk.failure.name());
    writeln!(screen.out, "{head} {}", styled(HEAD, &of))?;
    if let Some(bug) = shrunk.bug {
        writeln!(screen.out, "{}", bug.planted())?;
    }
    small::tell(scenario, shrunk, files, &mut screen.out)
}

#[derive(Serialize)]
struct ShrunkLine<'a> {
    scenario: &'a str,
    seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    bug: Option<&'static str>,
    failure: &'static str,
    actions: u64,
    moves: u64,
    steps: u64,
    replays: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    passes: Option<bool>,
    say: Vec<&'a str>,
    files: [String; 3],
}

fn json(scenario: &Resolved, shrunk: &Shrunk, files: &Files) -> String {
    let line = ShrunkLine {
        scenario: &scenario.name,
        seed: scenario.seed,
        bug: shrunk.bug.map(Bug::id),
        failure: shrunk.failure.name(),
        actions: shrunk.actions,
        moves: shrunk.moves,
        steps: shrunk.steps,
        replays: shrunk.replays,
        passes: shrunk.passes,
        say: small::sentences(&shrunk.scenario).collect(),
        files: [&files.scenario, &files.test, &files.diagram]
            .map(|path| path.display().to_string()),
    };
    serde_json::to_string(&line).expect("strings, integers and lists are always JSON")
}
