//! `raftsim fuzz`: scenarios of a profile, or of files, over many seeds on every processor.

use std::io::Write;
use std::num::NonZero;
use std::ops::{ControlFlow, Range};
use std::path::Path;

use checks::History;
use fuzz::{Ran, Summary};
use indicatif::{ProgressBar, ProgressStyle};
use report::failure_report::{self, Again};
use shrink::{Budget, Failure, NotFailing, Shrunk, shrink_watched};

use super::batch::quoted;
use super::cli::Fuzz;
use super::exit::Exit;
use super::fuzz_json::Small;
use super::interrupt::Interrupt;
use super::ran::{differing, exit_of};
use super::screen::{BAD, HEAD, Screen, Stop, styled};
use super::small::{self, Files};
use super::source::Source;
use super::stopwatch::{Stopwatch, cpu_ns};
use super::twin::{Twin, hash_line};
use super::workers::in_order;
use super::{divergence, fuzz_json as json, fuzz_text as text};
use crate::failure::{self, Depth, Record, SCENARIO};

/// The number of failing seeds that are shown.
const NAMED: u64 = 10;

/// Longer runs are kept without a trace, because each event is a line of some 600 bytes.
const MOST_KEPT: u64 = 100_000;

/// The folder for the small form of a failing seed, inside its own folder.
const SMALL: &str = "small";

/// The interval of progress lines if there is no progress bar.
const LINE_NS: u64 = 10_000_000_000;

pub(crate) fn fuzz(args: &Fuzz, screen: &mut Screen) -> Result<Exit, Stop> {
    let sources: Vec<Source> = match args.files.is_empty() {
        true => vec![Source::profile(&args.profile, screen)?],
        false => {
            let files = args.files.iter().map(|file| Source::file(file, screen));
            files.collect::<Result<_, _>>()?
        }
    };
    if args.print {
        let (scenario, _) = sources[0].maker()(args.seeds.0)?;
        writeln!(screen.out, "{}", scenario.to_json())?;
        return Ok(Exit::Fine);
    }
    if args.out.exists() && !args.out.is_dir() {
        let out = args.out.display();
        return Err(Stop::bad_input(format!("--out {out} is not a folder")));
    }
    let mut hunt = Hunt {
        args,
        sources: sources.len() as u64,
        interrupt: Interrupt::listen(),
        watch: Stopwatch::start(),
        cpu: cpu_ns(),
        progress: progress(args, sources.len() as u64),
        lines: 0,
        failed: 0,
        worst: Exit::Fine,
        small: Vec::new(),
    };
    let mut done = Vec::new();
    for (place, source) in (1..).zip(&sources) {
        let mut summary = Summary::default();
        let went_on = hunt.run(source, place, &mut summary, screen);
        done.push((source, summary));
        match went_on {
            Ok(true) => {}
            Ok(false) => break,
            Err(stop) => {
                // The results so far still count, and are shown if possible.
                hunt.progress.finish_and_clear();
                let exit = screen.report(stop)?;
                hunt.worst = hunt.worst.worst(exit);
                break;
            }
        }
    }
    hunt.progress.finish_and_clear();
    hunt.conclude(&done, screen)
}

/// The search of one command.
struct Hunt<'a> {
    args: &'a Fuzz,
    /// The number of profiles or files.
    sources: u64,
    interrupt: Interrupt,
    watch: Stopwatch,
    cpu: Option<u64>,
    progress: ProgressBar,
    /// The time of the last progress line.
    lines: u64,
    failed: u64,
    worst: Exit,
    /// The kinds of failures that have a small form already.
    small: Vec<&'static str>,
}

impl Hunt<'_> {
    /// Runs the seeds of one source. `place` is its number among all sources, from 1. Returns whether to
    /// run the next source as well.
    fn run(
        &mut self,
        source: &Source,
        place: u64,
        summary: &mut Summary,
        screen: &mut Screen,
    ) -> Result<bool, Stop> {
        let mut twin = None;
        if self.args.twice {
            let (program, bug) = (self.args.twin.as_deref(), self.args.plant.bug);
            let words = source.arguments();
            let started = Twin::of_search(program, &words, &self.seeds(), self.jobs(), bug)?;
            twin = Some(started);
        }
        let (interrupt, watch) = (self.interrupt.clone(), self.watch);
        // All sources share the given time.
        let share = |lasts: u64| lasts / self.sources * place;
        let deadline = self.args.lasts.map(share);
        let late = move || deadline.is_some_and(|deadline| watch.ns() >= deadline);
        let stop = move || interrupt.wanted() || late();
        let bug = self.args.plant.bug;
        let worker = || {
            let mut make = source.maker();
            move |seed| -> Result<Box<Ran>, Stop> {
                let (scenario, planted) = make(seed)?;
                Ok(Box::new(slim(Ran::of(scenario, bug.or(planted)))))
            }
        };
        let mut result = Ok(true);
        in_order(self.seeds(), self.jobs(), worker, stop, |ran| {
            let next = ran.and_then(|ran| {
                summary.add(&ran);
                if let Some(twin) = &mut twin {
                    self.compare(&ran, twin)?;
                }
                match self.args.hashes {
                    true => tell_hash(&ran, screen),
                    false => self.take(source, &ran, summary, screen),
                }
            });
            match next {
                Ok(true) => ControlFlow::Continue(()),
                other => {
                    result = other;
                    ControlFlow::Break(())
                }
            }
        });
        result.map(|on| on && !self.interrupt.wanted())
    }

    /// Compares a seed with the second process.
    fn compare(&self, ran: &Ran, twin: &mut Twin) -> Result<(), Stop> {
        let (seed, ours) = (ran.scenario.seed, ran.outcome.trace_hash);
        let theirs = twin.hash_of(seed)?;
        if theirs == format!("{ours:016x}") {
            return Ok(());
        }
        let parted = divergence::between(self.args.twin.as_deref(), &ran.scenario, ran.bug);
        let name = &ran.scenario.name;
        let message = format!("{name}: {};\n{parted}", differing(ours, &theirs));
        Err(Stop::Failed(Exit::NotDeterministic, message))
    }

    fn seeds(&self) -> Range<u64> {
        match self.args.lasts {
            Some(_) => 0..u64::MAX,
            None => self.args.seeds.0..self.args.seeds.1,
        }
    }

    fn jobs(&self) -> usize {
        jobs(self.args.jobs)
    }

    /// Shows the result of a seed. Returns whether to continue.
    fn take(
        &mut self,
        source: &Source,
        ran: &Ran,
        summary: &Summary,
        screen: &mut Screen,
    ) -> Result<bool, Stop> {
        self.progress.inc(1);
        if self.progress.is_hidden() && self.watch.ns() - self.lines >= LINE_NS {
            self.lines = self.watch.ns();
            let (runs, failures) = (summary.runs, summary.failures);
            screen.tell(&format!("{}: {runs} seeds, {failures} failed", source.name));
        }
        if !ran.failed() {
            return Ok(true);
        }
        self.worst = self.worst.worst(exit_of(&ran.outcome.verdict));
        self.failed += 1;
        let progress = self.progress.clone();
        progress.suspend(|| self.show(source, ran, screen))?;
        Ok(self.args.keep_going)
    }

    /// Shows a failure, writes it to its folder, and shrinks it. If it cannot be written, the search
    /// reports that and continues, because the failure itself matters more.
    fn show(&mut self, source: &Source, ran: &Ran, screen: &mut Screen) -> Result<(), Stop> {
        let few = self.failed <= NAMED;
        let token = source.token(ran);
        let short = ran.outcome.events <= MOST_KEPT;
        let depth = match few && short {
            true => Depth::Everything,
            false => Depth::Seed,
        };
        let folder = self.args.out.join(failure::name(ran));
        let shown = folder.display().to_string();
        // JSON has all failures, text only some.
        if few && !self.args.json {
            self.tell(ran, &shown, screen)?;
            let out = &mut screen.out;
            writeln!(out, "From this folder   raftsim replay {}", quoted(&shown))?;
            let token = quoted(&token.to_string());
            writeln!(out, "From its token     raftsim replay {token}\n")?;
            out.flush()?;
        }
        let kept = failure::write(&self.args.out, ran, &token, depth);
        if let Err(error) = &kept {
            let stop = Stop::bad_input(format!("cannot write {error}"));
            self.worst = self.worst.worst(screen.report(stop)?);
        }
        let small = match few {
            true => self.small(ran, &folder, screen)?,
            false => None,
        };
        if self.args.json {
            let record = Record::of(ran, &token);
            let folder = kept.is_ok().then_some(shown.as_str());
            let line = json::failure_line(&record, folder, small.map(Small::of));
            writeln!(screen.out, "{line}")?;
            return Ok(screen.out.flush()?);
        }
        if let Some((shrunk, files)) = small {
            let head = styled(HEAD, &format!("{} made small", ran.scenario.name));
            write!(screen.out, "{head}: ")?;
            small::tell(&ran.scenario, &shrunk, &files, &mut screen.out)?;
            writeln!(screen.out)?;
        }
        if self.failed == NAMED {
            let out = self.args.out.display();
            let line = format!("further failing seeds are written to {out}, but not shown");
            writeln!(screen.out, "{line}")?;
        }
        Ok(())
    }

    /// Shows how a seed failed: a full report for the first one, a line for the others.
    fn tell(&self, ran: &Ran, folder: &str, screen: &mut Screen) -> Result<(), Stop> {
        let name = &ran.scenario.name;
        let head = format!(
            "{} {name} seed {}",
            styled(BAD, "FAILED"),
            ran.scenario.seed
        );
        if self.failed > 1 {
            writeln!(screen.out, "{head}: {}", failure_report::line(&ran.outcome))?;
            return Ok(());
        }
        let mut words = quoted(&format!("{folder}/{SCENARIO}"));
        if let Some(bug) = ran.bug {
            words.push_str(&format!(" --bug {bug}"));
        }
        let report = failure_report::report(&ran.scenario, ran.bug, &ran.outcome, &Again(words));
        writeln!(screen.out, "{head}\n{}", report.unwrap_or_default())?;
        Ok(())
    }

    /// The small form of a failing seed, if it is the first with its kind of failure.
    fn small(
        &mut self,
        ran: &Ran,
        folder: &Path,
        screen: &mut Screen,
    ) -> Result<Option<(Shrunk, Files)>, Stop> {
        let Some(failure) = Failure::of(&ran.outcome) else {
            return Ok(None);
        };
        let known = self.small.iter().any(|name| *name == failure.name());
        if self.args.no_shrink || known || self.interrupt.wanted() {
            return Ok(None);
        }
        self.small.push(failure.name());
        let budget = Budget::default();
        screen.tell(&format!(
            "shrinking {}, with at most {} replays",
            ran.scenario.name, budget.replays
        ));
        let mut watch = small::watch(&self.interrupt, |_| ());
        let shrunk = shrink_watched(&ran.scenario, ran.bug, budget, &mut watch);
        let shrunk = match shrunk {
            Ok(shrunk) => shrunk,
            // The failure is a step whose expectation failed. Its script is short already.
            Err(_) if ran.scenario.script().is_some() => return Ok(None),
            Err(NotFailing(again)) => {
                let (name, verdict) = (&ran.scenario.name, again.verdict.name());
                let message = format!(
                    "{name} failed, but ended with {verdict} when it ran again: the same seed \
                     gave two different runs"
                );
                return Err(Stop::Failed(Exit::NotDeterministic, message));
            }
        };
        match small::write(&folder.join(SMALL), &shrunk) {
            Ok(files) => Ok(Some((shrunk, files))),
            Err(stop) => {
                self.worst = self.worst.worst(screen.report(stop)?);
                Ok(None)
            }
        }
    }

    fn conclude(&self, done: &[(&Source, Summary)], screen: &mut Screen) -> Result<Exit, Stop> {
        if self.args.hashes {
            return Ok(Exit::Fine);
        }
        let mut exit = self.worst;
        let missed = done
            .iter()
            .map(|(source, summary)| summary.missed(&source.must_hit));
        let missed: Vec<_> = missed.collect();
        let idle = done.iter().any(|(_, summary)| summary.runs == 0);
        if idle || missed.iter().any(|missed| !missed.is_empty()) {
            exit = exit.worst(Exit::Inconclusive);
        }
        if self.interrupt.wanted() {
            exit = Exit::Interrupted;
        }
        let cost = text::Cost {
            wall_ns: self.watch.ns(),
            cpu_ns: cpu_ns().zip(self.cpu).map(|(now, then)| now - then),
            jobs: self.jobs(),
        };
        for ((source, summary), missed) in done.iter().zip(&missed) {
            let name = &source.name;
            if self.args.json {
                let line = json::summary_line(name, summary, missed, exit, &cost);
                writeln!(screen.out, "{line}")?;
            } else {
                text::summary(name, summary, missed, screen)?;
            }
        }
        if !self.args.json {
            text::cost(done.iter().map(|(_, summary)| summary), &cost, screen)?;
        }
        if self.interrupt.wanted() {
            screen.tell("interrupted: only finished runs are counted");
        }
        Ok(exit)
    }
}

/// The number of threads: the given number, or one for each processor.
pub(crate) fn jobs(asked: Option<u16>) -> usize {
    let processors = || std::thread::available_parallelism().map_or(1, NonZero::get);
    asked.map_or_else(processors, usize::from)
}

/// The output of a second process for a seed.
fn tell_hash(ran: &Ran, screen: &mut Screen) -> Result<bool, Stop> {
    let line = hash_line(ran.scenario.seed, ran.outcome.trace_hash);
    writeln!(screen.out, "{line}")?;
    Ok(true)
}

/// Drops data that only the report of a failure needs.
fn slim(mut ran: Ran) -> Ran {
    if !ran.failed() {
        ran.outcome.history = History::default();
    }
    ran
}

fn progress(args: &Fuzz, sources: u64) -> ProgressBar {
    let (bar, template) = match args.lasts {
        Some(_) => (
            ProgressBar::no_length(),
            "{pos} seeds {spinner} {per_sec} {elapsed}",
        ),
        None => {
            let seeds = (args.seeds.1 - args.seeds.0).saturating_mul(sources);
            let template = "{pos}/{len} seeds {wide_bar} {per_sec} {eta}";
            (ProgressBar::new(seeds), template)
        }
    };
    let style = ProgressStyle::with_template(template);
    bar.with_style(style.expect("the template is well-formed"))
}
