//! `raftsim shrink`: a failing run becomes a few steps, a test and a diagram.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use raftsim::bugs::{self, Bug};
use raftsim::clock::brief;
use raftsim::diagram::{self, Ending};
use raftsim::format::{Overrides, Resolved, ScriptStep};
use raftsim::run::Verdict;
use raftsim::shrink::{Budget, NotFailing, Shrunk, shrink_watched};
use raftsim::trace::{Header, Line, Tracer};
use serde::Serialize;

use super::cli::Shrink;
use super::exit::Exit;
use super::files::ScenarioFile;
use super::screen::{BAD, HEAD, Screen, Stop, styled};

/// Where results go unless another place is named.
const FOLDER: &str = "shrunk";

pub(crate) fn shrink(args: &Shrink, screen: &mut Screen) -> Result<Exit, Stop> {
    let (file, bug) = find(args)?;
    let overrides = Overrides {
        seed: args.source.seed,
        sets: args.source.set.clone(),
    };
    let scenario = match file.resolve(&overrides) {
        Ok(scenario) => scenario,
        Err(unusable) => return Ok(file.explain(&unusable, screen)),
    };
    let bug = bug.or_else(|| scenario.recorded_bug());
    let progress = progress(args);
    let budget = Budget {
        replays: args.budget,
    };
    let shrunk = shrink_watched(&scenario, bug, budget, &mut |seen| {
        if seen.replays.is_multiple_of(64) {
            progress.set_position(seen.replays);
            progress.set_message(seen.left.to_string());
        }
    });
    progress.finish_and_clear();
    let shrunk = match shrunk {
        Ok(shrunk) => shrunk,
        Err(NotFailing(outcome)) => {
            let verdict = outcome.verdict.name();
            let message = format!(
                "{}, seed {}, does not fail (verdict {verdict}): there is nothing to make smaller",
                scenario.name, scenario.seed
            );
            return Err(Stop::Told(Exit::NothingMatched, message));
        }
    };
    let files = write(args, &shrunk)?;
    if args.json {
        writeln!(screen.out, "{}", json(&scenario, &shrunk, &files))?;
    } else {
        tell(&scenario, &shrunk, &files, screen)?;
    }
    Ok(Exit::Fine)
}

/// The scenario that is meant, and the bug. A folder of a failing run holds both.
fn find(args: &Shrink) -> Result<(ScenarioFile, Option<Bug>), Stop> {
    let folder = Path::new(&args.file);
    if !folder.is_dir() {
        return Ok((ScenarioFile::read(&args.file)?, args.plant.bug));
    }
    let within = folder.join("scenario.json");
    if !within.is_file() {
        let message = format!(
            "{} is no folder of a failing run: it has no scenario.json",
            args.file
        );
        return Err(Stop::bad_input(message));
    }
    let file = ScenarioFile::read(&within.display().to_string())?;
    Ok((file, args.plant.bug.or_else(|| bug_in(folder))))
}

/// The bug that a failing run's verdict names.
fn bug_in(folder: &Path) -> Option<Bug> {
    let text = fs::read_to_string(folder.join("verdict.json")).ok()?;
    let verdict: serde_json::Value = serde_json::from_str(&text).ok()?;
    verdict.get("bug")?.as_str()?.parse().ok()
}

fn progress(args: &Shrink) -> ProgressBar {
    if args.json {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{pos}/{len} replays {wide_bar} {msg} moves left");
    ProgressBar::new(args.budget).with_style(style.expect("the template is well-formed"))
}

/// What was written.
struct Files {
    scenario: PathBuf,
    test: PathBuf,
    diagram: PathBuf,
}

fn write(args: &Shrink, shrunk: &Shrunk) -> Result<Files, Stop> {
    let name = &shrunk.scenario.name;
    let folder = match &args.out {
        Some(folder) => folder.clone(),
        None => Path::new(FOLDER).join(name),
    };
    let put = |file: String, text: String| {
        let path = folder.join(file);
        let written = fs::create_dir_all(&folder).and_then(|()| fs::write(&path, text));
        match written {
            Ok(()) => Ok(path),
            Err(error) => Err(Stop::bad_input(format!(
                "cannot write {}: {error}",
                path.display()
            ))),
        }
    };
    let scenario = format!("{name}.json");
    Ok(Files {
        test: put(format!("{}.rs", shrunk.test_name()), shrunk.test(&scenario))?,
        scenario: put(scenario, shrunk.scenario.to_json() + "\n")?,
        diagram: put(format!("{name}.svg"), svg(shrunk))?,
    })
}

/// The small run as a space-time diagram.
fn svg(shrunk: &Shrunk) -> String {
    let header = Header::of(&shrunk.scenario, shrunk.bug);
    let mut lines = vec![Line::Header(header.clone())];
    let mut tracer = Tracer::new(header.nodes, |line| lines.push(line));
    let outcome = bugs::run(&shrunk.scenario, shrunk.bug, &mut tracer);
    drop(tracer);
    let ending = match &outcome.verdict {
        Verdict::Safety(violation) => Some(Ending::of(violation)),
        _ => None,
    };
    let options = diagram::Options {
        ending,
        ..diagram::Options::default()
    };
    diagram::svg(&lines, &options)
}

/// The sentences of a stepped scenario.
fn said(scenario: &Resolved) -> impl Iterator<Item = &str> {
    let steps = scenario.script().map_or(&[][..], |script| &script.steps);
    steps
        .iter()
        .filter_map(|step: &ScriptStep| step.say.as_deref())
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
    writeln!(screen.out, "{}\n", size(scenario, shrunk))?;
    for (place, sentence) in said(&shrunk.scenario).enumerate() {
        writeln!(screen.out, "{:>4}. {sentence}", place + 1)?;
    }
    let outcome = bugs::run(&shrunk.scenario, shrunk.bug, &mut raftsim::run::Unobserved);
    if let Some([one, other]) = facts(&outcome.verdict) {
        writeln!(screen.out, "\n      But {one};\n      {other}.")?;
    }
    let bug = shrunk
        .bug
        .map_or_else(String::new, |bug| format!(" --bug {bug}"));
    let scenario = files.scenario.display();
    writeln!(screen.out, "\nRun it     raftsim run {scenario}{bug}")?;
    writeln!(screen.out, "A test     {}", files.test.display())?;
    writeln!(screen.out, "A picture  {}", files.diagram.display())?;
    Ok(())
}

/// How small it has become.
fn size(run: &Resolved, shrunk: &Shrunk) -> String {
    let (actions, replays) = (shrunk.actions, shrunk.replays);
    if shrunk.scenario.script().is_some() {
        let (moves, steps) = (shrunk.moves, shrunk.steps);
        return format!(
            "{actions} actions came down to {moves} moves, {steps} steps, after {replays} replays"
        );
    }
    let of = |scenario: &Resolved| {
        let phases = scenario.phases();
        let faults: usize = phases
            .iter()
            .map(|phase| phase.faults.len() + phase.steps.len())
            .sum();
        format!(
            "{} nodes, {} clients, {} phases of {} in all, {faults} faults and steps",
            scenario.nodes.len(),
            scenario.clients.count,
            phases.len(),
            brief(scenario.length().get())
        )
    };
    format!(
        "It needs time, so the scenario itself was made smaller, in {replays} runs:\n  \
         from {}\n  to   {}, seed {}",
        of(run),
        of(&shrunk.scenario),
        shrunk.scenario.seed
    )
}

/// What contradicts each other.
fn facts(verdict: &Verdict) -> Option<&[String; 2]> {
    match verdict {
        Verdict::Safety(violation) => Some(&violation.facts),
        Verdict::Liveness(unmet) | Verdict::Expectation(unmet) => Some(&unmet.facts),
        Verdict::Ok | Verdict::Inconclusive(_) => None,
    }
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
        say: said(&shrunk.scenario).collect(),
        files: [&files.scenario, &files.test, &files.diagram]
            .map(|path| path.display().to_string()),
    };
    serde_json::to_string(&line).expect("strings, integers and lists are always JSON")
}
