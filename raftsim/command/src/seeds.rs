//! One seed: run it, watch it as far as anybody wants to see it, compare it with its twin.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use report::failure_report::{self, Again};
use report::summary::Story;
use report::trace::{self, Header, Line, Tracer};
use runner::run_with_bug;
use runner::{Outcome, Recording, Spectator, TRACE_VERSION, Unobserved, Verdict};
use scenario::Resolved;
use sut::bugs::Bug;

use super::cli::Run;
use super::divergence;
use super::exit::Exit;
use super::log::Log;
use super::screen::Stop;
use super::stopwatch::Stopwatch;
use super::twin::Twin;

/// A seed that was run.
pub(crate) struct Ran {
    pub(crate) scenario: Resolved,
    pub(crate) bug: Option<Bug>,
    pub(crate) outcome: Outcome,
    /// The hash that the second process has, where that differs, and where the two part.
    pub(crate) differs: Option<Differs>,
    pub(crate) wall_ns: u64,
    pub(crate) story: Story,
}

/// How the second process differs.
pub(crate) struct Differs {
    pub(crate) hash: String,
    /// The first event in which it does.
    parted: String,
}

impl Ran {
    /// Its verdict by name, as in JSON.
    pub(crate) fn verdict(&self) -> &'static str {
        match self.differs {
            Some(_) => "nondeterministic",
            None => self.outcome.verdict.name(),
        }
    }

    pub(crate) fn exit(&self) -> Exit {
        match &self.differs {
            Some(_) => Exit::NotDeterministic,
            None => exit_of(&self.outcome.verdict),
        }
    }

    /// How a replay differs from the run that was recorded, if it does.
    pub(crate) fn unlike_recorded(&self) -> Option<String> {
        let recorded = self.scenario.script()?.recorded.as_ref()?;
        let hash = format!("{:016x}", self.outcome.trace_hash);
        let verdict = self.outcome.verdict.name();
        if recorded.trace_version != TRACE_VERSION {
            return Some(format!(
                "note: this was recorded with trace version {}, and this is version \
                 {TRACE_VERSION}: it may end differently now",
                recorded.trace_version
            ));
        }
        let same = recorded.trace_hash == hash && recorded.verdict == verdict;
        (!same).then(|| {
            format!(
                "note: the run that was recorded ended {} with trace hash {}; this one ends \
                 {verdict} with {hash}",
                recorded.verdict, recorded.trace_hash
            )
        })
    }

    /// What went wrong, in one line.
    pub(crate) fn line(&self) -> String {
        match &self.differs {
            Some(theirs) => differing(self.outcome.trace_hash, &theirs.hash),
            None => failure_report::line(&self.outcome),
        }
    }

    /// What went wrong, on one screen.
    pub(crate) fn report(&self, again: &Again) -> Option<String> {
        match &self.differs {
            Some(theirs) => {
                let what = differing(self.outcome.trace_hash, &theirs.hash);
                let parted = &theirs.parted;
                Some(format!(
                    "{what};\n{parted}\n\nRun it again   raftsim run {} --twice\n",
                    again.0
                ))
            }
            None => failure_report::report(&self.scenario, self.bug, &self.outcome, again),
        }
    }
}

/// What a run with this verdict makes the command end with.
pub(crate) fn exit_of(verdict: &Verdict) -> Exit {
    match verdict {
        Verdict::Ok => Exit::Fine,
        Verdict::Safety(_) | Verdict::Expectation(_) => Exit::Violated,
        Verdict::Liveness(_) => Exit::NotLive,
        Verdict::Inconclusive(_) => Exit::Inconclusive,
    }
}

pub(crate) fn differing(ours: u64, theirs: &str) -> String {
    format!("two processes gave two runs: trace hash {ours:016x} here, {theirs} in the second")
}

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
    let mut story = Story::default();
    let told = alone && !args.json;
    let outcome = if told || args.trace.is_some() || log.is_on() {
        watched(&scenario, bug, args, log, &mut story)?
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
        story,
    })
}

/// Runs it with a tracer, for the log, the trace file and the story.
fn watched(
    scenario: &Resolved,
    bug: Option<Bug>,
    args: &Run,
    log: &Log,
    story: &mut Story,
) -> Result<Outcome, Stop> {
    let header = Header::of(scenario, bug);
    let mut file = args.trace.as_deref().map(create).transpose()?;
    let mut written = Ok(());
    let mut hear = |line: &Line| {
        log.line(line);
        story.hear(line);
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

/// Runs it, and writes down what it does if that is asked for.
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

/// What stands in the way of writing a file.
fn cannot_write(path: &Path) -> impl Fn(io::Error) -> Stop + '_ {
    move |error| match error.kind() {
        io::ErrorKind::BrokenPipe => Stop::Unread,
        _ => Stop::bad_input(format!("cannot write {}: {error}", path.display())),
    }
}
