//! The small form of a failing run: its files and its text. `shrink` and `fuzz` make it.

use std::fs;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use report::diagram::{self, Ending};
use report::trace::{Header, Line, Tracer};
use runner::run_with_bug;
use runner::{Unobserved, Verdict};
use scenario::{Resolved, ScriptStep};
use shrink::{Progress, Shrunk};
use sut::time_text::brief;

use super::batch::quoted;
use super::interrupt::Interrupt;
use super::screen::Stop;

/// The maximum number of sentences that are shown.
const SHOWN: usize = 40;

/// The written files.
pub(crate) struct Files {
    pub(crate) scenario: PathBuf,
    pub(crate) test: PathBuf,
    pub(crate) diagram: PathBuf,
}

/// Passes the progress to `show` from time to time, and stops the work after Ctrl-C.
pub(crate) fn watch<'s>(
    interrupt: &'s Interrupt,
    show: impl Fn(Progress) + 's,
) -> impl FnMut(Progress) -> ControlFlow<()> + 's {
    move |seen| {
        if seen.replays.is_multiple_of(64) {
            show(seen);
        }
        match interrupt.wanted() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}

/// Writes a scenario, a test and a diagram into a folder.
pub(crate) fn write(folder: &Path, shrunk: &Shrunk) -> Result<Files, Stop> {
    let put = |file: String, text: String| {
        let path = folder.join(file);
        let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, text));
        match written {
            Ok(()) => Ok(path),
            Err(error) => Err(Stop::bad_input(format!(
                "cannot write {}: {error}",
                path.display()
            ))),
        }
    };
    let name = &shrunk.scenario.name;
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
    let outcome = run_with_bug(&shrunk.scenario, shrunk.bug, &mut tracer);
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
pub(crate) fn sentences(scenario: &Resolved) -> impl Iterator<Item = &str> {
    let steps = scenario.script().map_or(&[][..], |script| &script.steps);
    steps
        .iter()
        .filter_map(|step: &ScriptStep| step.say.as_deref())
}

/// Shows the size of the small run, its steps, the contradiction, and its files.
pub(crate) fn tell(
    run: &Resolved,
    shrunk: &Shrunk,
    files: &Files,
    out: &mut impl Write,
) -> Result<(), Stop> {
    writeln!(out, "{}\n", size(run, shrunk))?;
    for (place, sentence) in sentences(&shrunk.scenario).take(SHOWN).enumerate() {
        writeln!(out, "{:>4}. {sentence}", place + 1)?;
    }
    let more = sentences(&shrunk.scenario).count().saturating_sub(SHOWN);
    if more > 0 {
        writeln!(out, "      ... and {more} more")?;
    }
    let outcome = run_with_bug(&shrunk.scenario, shrunk.bug, &mut Unobserved);
    if let Some([one, other]) = facts(&outcome.verdict) {
        writeln!(out, "\n      But {one};\n      {other}.")?;
    }
    let bug = shrunk
        .bug
        .map_or_else(String::new, |bug| format!(" --bug {bug}"));
    if shrunk.passes == Some(false) {
        writeln!(
            out,
            "\nCorrect servers fail in this scenario as well: it shows more than the bug."
        )?;
    }
    let path = |path: &Path| quoted(&path.display().to_string());
    writeln!(
        out,
        "\nRun it     raftsim run {}{bug}",
        path(&files.scenario)
    )?;
    writeln!(out, "A test     {}", path(&files.test))?;
    writeln!(out, "A picture  {}", path(&files.diagram))?;
    Ok(())
}

/// The sizes before and after.
fn size(run: &Resolved, shrunk: &Shrunk) -> String {
    let (actions, replays) = (shrunk.actions, shrunk.replays);
    if shrunk.scenario.script().is_some() {
        let (moves, steps) = (shrunk.moves, shrunk.steps);
        let became = match moves < actions {
            true => "came down to",
            false => "did not become fewer:",
        };
        return format!(
            "{actions} actions {became} {moves} moves, {steps} steps, after {replays} replays"
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

/// The two facts that contradict each other.
fn facts(verdict: &Verdict) -> Option<&[String; 2]> {
    match verdict {
        Verdict::Safety(violation) => Some(&violation.facts),
        Verdict::Liveness(unmet) | Verdict::Expectation(unmet) => Some(&unmet.facts),
        Verdict::Ok | Verdict::Inconclusive(_) => None,
    }
}
