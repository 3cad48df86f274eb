//! `raftsim fuzz`: scenarios of a profile, or of files, over many seeds on every processor.

use std::io::Write;
use std::num::NonZero;
use std::ops::{ControlFlow, Range};

use indicatif::{ProgressBar, ProgressStyle};
use raftsim::check::History;
use raftsim::failure::{self, Depth, Record, SCENARIO};
use raftsim::fuzz::{Ran, Summary};
use raftsim::report::{self, Again};

use super::batch::quoted;
use super::cli::Fuzz;
use super::exit::Exit;
use super::fuzz_json as json;
use super::fuzz_text as text;
use super::interrupt::Interrupt;
use super::screen::{BAD, Screen, Stop, styled};
use super::seeds::exit_of;
use super::source::Source;
use super::stopwatch::{Stopwatch, cpu_ns};
use super::workers::in_order;

/// So many failing seeds are named.
const NAMED: u64 = 10;

/// How often a line says how far it is, where no bar can.
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
    let mut hunt = Hunt {
        args,
        interrupt: Interrupt::listen(),
        watch: Stopwatch::start(),
        cpu: cpu_ns(),
        progress: progress(args, sources.len() as u64),
        lines: 0,
        failed: 0,
        worst: Exit::Fine,
    };
    let mut done = Vec::new();
    for source in &sources {
        let mut summary = Summary::default();
        let went_on = hunt.run(source, &mut summary, screen);
        done.push((source, summary));
        match went_on {
            Ok(true) => {}
            Ok(false) => break,
            Err(stop) => {
                // What was seen so far still counts, and is shown if anybody looks.
                hunt.progress.finish_and_clear();
                let exit = screen.survive(stop)?;
                hunt.worst = hunt.worst.worst(exit);
                break;
            }
        }
    }
    hunt.progress.finish_and_clear();
    hunt.conclude(&done, screen)
}

/// One command's search.
struct Hunt<'a> {
    args: &'a Fuzz,
    interrupt: Interrupt,
    watch: Stopwatch,
    cpu: Option<u64>,
    progress: ProgressBar,
    /// When the last line was written that says how far it is.
    lines: u64,
    failed: u64,
    worst: Exit,
}

impl Hunt<'_> {
    /// Runs the seeds of one source. Whether the next one is to be run as well.
    fn run(
        &mut self,
        source: &Source,
        summary: &mut Summary,
        screen: &mut Screen,
    ) -> Result<bool, Stop> {
        let (interrupt, watch) = (self.interrupt.clone(), self.watch);
        let deadline = self.args.lasts;
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
                self.take(source, &ran, summary, screen)
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

    fn seeds(&self) -> Range<u64> {
        match self.args.lasts {
            Some(_) => 0..u64::MAX,
            None => self.args.seeds.0..self.args.seeds.1,
        }
    }

    fn jobs(&self) -> usize {
        jobs(self.args.jobs)
    }

    /// Shows a seed that was run. Whether to go on.
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

    fn show(&self, source: &Source, ran: &Ran, screen: &mut Screen) -> Result<(), Stop> {
        let few = self.failed <= NAMED;
        // Machines want all of them, people some.
        if !few && !self.args.json {
            return Ok(());
        }
        let token = source.token(ran);
        let depth = if few { Depth::Everything } else { Depth::Seed };
        let folder = failure::write(&self.args.out, ran, &token, depth)
            .map_err(|error| Stop::bad_input(format!("cannot write {error}")))?;
        let folder = folder.display().to_string();
        let out = &mut screen.out;
        if self.args.json {
            writeln!(
                out,
                "{}",
                json::failure_line(&Record::of(ran, &token), &folder)
            )?;
            return Ok(out.flush()?);
        }
        let name = &ran.scenario.name;
        let head = format!(
            "{} {name} seed {}",
            styled(BAD, "FAILED"),
            ran.scenario.seed
        );
        if self.failed == 1 {
            let mut words = quoted(&format!("{folder}/{SCENARIO}"));
            if let Some(bug) = ran.bug {
                words.push_str(&format!(" --bug {bug}"));
            }
            let report = report::report(&ran.scenario, ran.bug, &ran.outcome, &Again(words));
            writeln!(out, "{head}\n{}", report.unwrap_or_default())?;
        } else {
            writeln!(out, "{head}: {}", report::line(&ran.outcome))?;
        }
        writeln!(out, "From this folder   raftsim replay {}", quoted(&folder))?;
        writeln!(
            out,
            "From nothing else  raftsim replay {}\n",
            quoted(&token.to_string())
        )?;
        if self.failed == NAMED {
            writeln!(out, "further failing seeds are only counted")?;
        }
        Ok(())
    }

    fn conclude(&self, done: &[(&Source, Summary)], screen: &mut Screen) -> Result<Exit, Stop> {
        let mut exit = self.worst;
        let missed = done
            .iter()
            .map(|(source, summary)| summary.missed(&source.must_hit));
        let missed: Vec<_> = missed.collect();
        if missed.iter().any(|missed| !missed.is_empty()) {
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
            screen.tell("interrupted: only what was run is counted");
        }
        Ok(exit)
    }
}

/// How many threads to work with: as many as asked for, or one for each processor.
pub(crate) fn jobs(asked: Option<u16>) -> usize {
    let processors = || std::thread::available_parallelism().map_or(1, NonZero::get);
    asked.map_or_else(processors, usize::from)
}

/// Without what only a failure's report needs.
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
