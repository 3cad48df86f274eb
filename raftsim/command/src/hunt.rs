//! `raftsim bugs hunt`: how soon a profile that knows of no bug finds each of them, and how small
//! what it finds becomes.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use fuzz::{Generator, Profile, Ran};
use indicatif::{ProgressBar, ProgressStyle};
use runner::Unobserved;
use runner::run_with_bug;
use shrink::{Budget, Failure, shrink};
use sut::bugs::Bug;

use super::cli::BugsHunt;
use super::exit::Exit;
use super::fuzz::jobs;
use super::hunt_table as table;
use super::interrupt::Interrupt;
use super::screen::{Screen, Stop};
use super::source::Source;
use super::stopwatch::{Stopwatch, thread_cpu_ns};
use super::workers::in_order;

/// The seeds of one start are this far from those of the next.
const APART: u64 = 1 << 32;

/// One search for one bug.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    pub(crate) bug: Bug,
    /// The first seed.
    pub(crate) first: u64,
    /// The seeds that were run, the failing one included.
    pub(crate) seeds: u64,
    /// Processor time until then.
    pub(crate) cpu_ns: u64,
    /// What was found; nothing where the time was up.
    pub(crate) caught: Option<Caught>,
}

impl Start {
    /// What is left of what it found.
    pub(crate) fn small(&self) -> Option<Small> {
        self.caught.as_ref().and_then(|caught| caught.small)
    }
}

/// A seed that failed.
#[derive(Clone, Debug)]
pub(crate) struct Caught {
    /// The property, or the verdict where no property is broken.
    pub(crate) failure: &'static str,
    /// What it was made into; nothing for the later starts.
    pub(crate) small: Option<Small>,
}

/// What is left of a failing seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Small {
    /// Whether what is left is a list of steps; else it is a scenario with faults.
    pub(crate) stepped: bool,
    /// Its size.
    pub(crate) steps: u64,
    /// Whether it fails as the seed did, and servers without the bug pass it.
    pub(crate) tells: bool,
}

pub(crate) fn hunt(args: &BugsHunt, screen: &mut Screen) -> Result<Exit, Stop> {
    let source = Source::profile(&args.profile, screen)?;
    let Some(profile) = source.drawn_from() else {
        return Err(Stop::bad_input(format!("{} is no profile", args.profile)));
    };
    let wanted: BTreeSet<_> = match args.bugs.is_empty() {
        true => Bug::ALL.iter().collect(),
        false => args.bugs.iter().collect(),
    };
    let bugs: Vec<Bug> = wanted.into_iter().copied().collect();
    let starts = u64::from(args.starts);
    let searches = bugs.len() as u64 * starts;
    let interrupt = Interrupt::listen();
    let stop = || interrupt.wanted();
    let worker = || {
        let generator = Generator::new(profile.clone());
        let bugs = &bugs;
        let (interrupt, cap_ns) = (interrupt.clone(), args.cap);
        move |number: u64| {
            let place = usize::try_from(number / starts).expect("it was counted in this process");
            let start = number % starts;
            let budget = (start < u64::from(args.shrink)).then_some(Budget {
                replays: args.budget,
            });
            let (bug, first) = (bugs[place], start * APART);
            let unwanted = || interrupt.wanted();
            search(&generator, bug, first, cap_ns, budget, unwanted)
        }
    };
    let progress = progress(searches, profile);
    let mut done: Vec<Start> = Vec::new();
    let mut told = Ok(());
    in_order(0..searches, jobs(args.jobs), worker, stop, |start| {
        progress.inc(1);
        // A search that was cut short says nothing.
        let Some(start) = start else {
            return ControlFlow::Continue(());
        };
        if args.json {
            told = table::json_line(&start, screen);
        } else if progress.is_hidden() && (done.len() as u64 + 1).is_multiple_of(starts) {
            screen.tell(&format!("{}: all searches done", start.bug));
        }
        done.push(start);
        match told {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    });
    progress.finish_and_clear();
    told?;
    if !args.json {
        table::show(args, &source.name, &done, screen)?;
    }
    if interrupt.wanted() {
        screen.tell("interrupted: only the searches that ended are shown");
        return Ok(Exit::Interrupted);
    }
    let tells = |start: &Start| start.small().is_none_or(|small| small.tells);
    let found = |bug: &Bug| done.iter().any(|s| s.bug == *bug && s.caught.is_some());
    Ok(match done.iter().all(tells) {
        false => Exit::Bug,
        true if bugs.iter().all(found) => Exit::Fine,
        true => Exit::Inconclusive,
    })
}

/// Runs seed after seed, until one fails or the time is up; `None` when nobody wants to know.
fn search(
    generator: &Generator,
    bug: Bug,
    first: u64,
    cap_ns: u64,
    budget: Option<Budget>,
    unwanted: impl Fn() -> bool,
) -> Option<Start> {
    let watch = Stopwatch::start();
    let started = thread_cpu_ns(watch);
    let mut seeds = 0;
    loop {
        if unwanted() {
            return None;
        }
        let ran = Ran::of(generator.scenario(first + seeds), Some(bug));
        seeds += 1;
        let cpu_ns = thread_cpu_ns(watch).saturating_sub(started);
        if ran.failed() || cpu_ns >= cap_ns {
            return Some(Start {
                bug,
                first,
                seeds,
                cpu_ns,
                caught: ran.failed().then(|| caught(&ran, bug, budget)),
            });
        }
    }
}

fn caught(ran: &Ran, bug: Bug, budget: Option<Budget>) -> Caught {
    let failure = Failure::of(&ran.outcome).expect("it failed");
    Caught {
        failure: failure.name(),
        small: budget.map(|budget| made_small(ran, bug, &failure, budget)),
    }
}

fn made_small(ran: &Ran, bug: Bug, failure: &Failure, budget: Budget) -> Small {
    let small = shrink(&ran.scenario, Some(bug), budget).expect("it fails again");
    let outcome = |bug| run_with_bug(&small.scenario, bug, &mut Unobserved);
    let alike = Failure::of(&outcome(Some(bug))).as_ref() == Some(failure);
    Small {
        stepped: small.scenario.script().is_some(),
        steps: small.steps,
        tells: alike && Failure::of(&outcome(None)).is_none(),
    }
}

fn progress(searches: u64, profile: &Profile) -> ProgressBar {
    let template = "{pos}/{len} searches in {msg} {wide_bar} {elapsed}";
    let style = ProgressStyle::with_template(template);
    ProgressBar::new(searches)
        .with_message(profile.name.clone())
        .with_style(style.expect("the template is well-formed"))
}
