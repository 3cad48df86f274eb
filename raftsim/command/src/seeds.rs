//! Runs one seed, observes it if necessary, and compares it with the second process.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use report::summary::Summary;
use report::trace::{self, Header, Line, Tracer};
use runner::run_with_bug;
use runner::{Outcome, Recording, Spectator, Unobserved};
use scenario::Resolved;
use sut::bugs::Bug;

use super::cli::Run;
use super::divergence;
use super::log::Log;
use super::ran::{Differs, Ran};
use super::screen::Stop;
use super::stopwatch::Stopwatch;
use super::twin::Twin;

/// Runs a scenario for its seed.
pub(crate) fn run(
    scenario: Resolved,
    args: &Run,
    alone: bool,
    log: &Log,
    twin: &mut Option<Twin>,
) -> Result<Ran, Stop> {
    let watch = Stopwatch::start();
    let bug = args.plant.bug.or(scenario.recorded_bug());
    let mut summary = Summary::default();
    let summarised = alone && !args.json;
    let outcome = if summarised || args.trace.is_some() || log.is_on() {
        watched(&scenario, bug, args, log, &mut summary)?
    } else {
        recorded(&scenario, bug, args, &mut Unobserved)?
    };
    let wall_ns = watch.ns();
    if let Some(path) = &args.history {
        let mut file = create(path)?;
        let written = checks::history_export::write(&outcome.history, &mut file);
        let written = written.and_then(|()| file.flush());
        written.map_err(cannot_write(path))?;
    }
    let theirs = match twin {
        Some(twin) => Some(twin.hash_of(scenario.seed)?),
        None => None,
    };
    let differs = match theirs.filter(|theirs| *theirs != format!("{:016x}", outcome.trace_hash)) {
        Some(hash) => {
            let parted = divergence::between(args.twin.as_deref(), &scenario, bug);
            Some(Differs { hash, parted })
        }
        None => None,
    };
    Ok(Ran {
        scenario,
        bug,
        outcome,
        differs,
        wall_ns,
        summary,
    })
}

/// Runs it with a tracer, for the log, the trace file and the summary.
fn watched(
    scenario: &Resolved,
    bug: Option<Bug>,
    args: &Run,
    log: &Log,
    summary: &mut Summary,
) -> Result<Outcome, Stop> {
    let header = Header::of(scenario, bug);
    let mut file = args.trace.as_deref().map(create).transpose()?;
    let mut written = Ok(());
    let mut hear = |line: &Line| {
        log.line(line);
        summary.add(line);
        if let (Some(file), Ok(())) = (&mut file, &written) {
            written = trace::write(line, file);
        }
    };
    hear(&Line::Header(header.clone()));
    let mut tracer = Tracer::new(header.nodes, |line| hear(&line));
    let outcome = recorded(scenario, bug, args, &mut tracer)?;
    drop(tracer);
    if let (Some(mut file), Some(path)) = (file, &args.trace) {
        let written = written.and_then(|()| file.flush());
        written.map_err(cannot_write(path))?;
    }
    Ok(outcome)
}

/// Runs it, and writes its actions to a file if the options ask for that.
fn recorded(
    scenario: &Resolved,
    bug: Option<Bug>,
    args: &Run,
    observer: &mut dyn Spectator,
) -> Result<Outcome, Stop> {
    let Some(path) = &args.actions else {
        return Ok(run_with_bug(scenario, bug, observer));
    };
    let mut file = create(path)?;
    let mut recording = Recording::new(observer);
    let outcome = run_with_bug(scenario, bug, &mut recording);
    let again = recording.into_scenario(scenario, bug, &outcome);
    let written = writeln!(file, "{}", again.to_json()).and_then(|()| file.flush());
    written.map_err(cannot_write(path))?;
    Ok(outcome)
}

fn create(path: &Path) -> Result<BufWriter<File>, Stop> {
    let file = File::create(path).map_err(cannot_write(path))?;
    Ok(BufWriter::new(file))
}

/// The error of writing a file.
fn cannot_write(path: &Path) -> impl Fn(io::Error) -> Stop + '_ {
    move |error| match error.kind() {
        io::ErrorKind::BrokenPipe => Stop::Closed,
        _ => Stop::bad_input(format!("cannot write {}: {error}", path.display())),
    }
}
