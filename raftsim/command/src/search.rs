//! One search of `raftsim bugs hunt`: seeds are run until one fails, and its failure is shrunk.

use fuzz::{Generator, Ran};
use runner::{Unobserved, run_with_bug};
use shrink::{Budget, Failure, shrink};
use sut::bugs::Bug;

use super::stopwatch::{Stopwatch, thread_cpu_ns};

/// One search for one bug.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    pub(crate) bug: Bug,
    /// The first seed.
    pub(crate) first: u64,
    /// The number of seeds that were run, including the failing one.
    pub(crate) seeds: u64,
    /// The processor time up to that seed.
    pub(crate) cpu_ns: u64,
    /// The failure; `None` if the time was over first.
    pub(crate) found: Option<Found>,
}

impl Search {
    /// The small form of its failure.
    pub(crate) fn small(&self) -> Option<Small> {
        self.found.as_ref().and_then(|found| found.small)
    }
}

/// A seed that failed.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// The violated property, or the verdict if no property is violated.
    pub(crate) failure: &'static str,
    /// The small form; `None` for searches whose failures are not shrunk.
    pub(crate) small: Option<Small>,
}

/// The small form of a failing seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Small {
    /// Whether it is a stepped scenario; otherwise it is a timed one with faults.
    pub(crate) stepped: bool,
    /// Its size in steps or faults.
    pub(crate) steps: u64,
    /// Whether it fails in the same way as the seed, and servers without the bug pass it.
    pub(crate) tells: bool,
}

/// Runs seeds until one fails or the time is over; `None` after an interruption.
pub(crate) fn search(
    generator: &Generator,
    bug: Bug,
    first: u64,
    cap_ns: u64,
    budget: Option<Budget>,
    interrupted: impl Fn() -> bool,
) -> Option<Search> {
    let watch = Stopwatch::start();
    let started = thread_cpu_ns(watch);
    let mut seeds = 0;
    loop {
        if interrupted() {
            return None;
        }
        let ran = Ran::of(generator.scenario(first + seeds), Some(bug));
        seeds += 1;
        let cpu_ns = thread_cpu_ns(watch).saturating_sub(started);
        if ran.failed() || cpu_ns >= cap_ns {
            return Some(Search {
                bug,
                first,
                seeds,
                cpu_ns,
                found: ran.failed().then(|| found(&ran, bug, budget)),
            });
        }
    }
}

fn found(ran: &Ran, bug: Bug, budget: Option<Budget>) -> Found {
    let failure = Failure::of(&ran.outcome).expect("it failed");
    Found {
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
