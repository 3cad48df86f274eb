//! From a failing run to the few moves that it takes.
//!
//! A failing run is recorded as a list of actions, and the list is made smaller as long as the same
//! property fails: the failure is known by the property, never by its text. What makes this work:
//!
//! 1. *Moves instead of actions* (`moves`): a message is named by what it says, not by its place on
//!    its link, so that the rest of a list still means something when a part of it is gone. A move
//!    that is impossible is skipped, and time passes only where a timer fires.
//! 2. *Leaps* (`suffix`): the end of a long run in a fresh cluster that has just elected the leader of
//!    that time. One that fails saves hundreds of replays.
//! 3. *Delta debugging* (`search`) of groups, chunks, single moves and pairs, between changes that
//!    make a case plainer: settings, completions of disks, fewer nodes and clients, short words
//!    (`passes`).
//!
//! The budget counts replays, not seconds: the same run comes down to the same moves anywhere.

mod capture;
mod case;
mod job;
mod macro_steps;
mod message_key;
mod moves;
mod narrate;
mod nodes;
mod passes;
mod replay;
mod result;
mod script;
mod search;
mod sentences;
mod shorten_values;
mod suffix;
mod timed;
mod types;

use std::ops::ControlFlow;

use runner::plant;
use runner::run;
use runner::stepped::Insist;
use scenario::Resolved;
use sut::Variant;
use sut::bugs::Bug;

pub use types::{Budget, Failure, NotFailing, Progress, Shrunk, Watch};

use job::Job;

/// Makes a failing run as small as the budget allows. The servers have this bug, or none.
///
/// # Errors
/// When the run does not fail.
///
/// # Panics
/// When the tool itself is broken; never because of the scenario or of what runs in it.
pub fn shrink(scenario: &Resolved, bug: Option<Bug>, budget: Budget) -> Result<Shrunk, NotFailing> {
    shrink_watched(scenario, bug, budget, &mut |_| ControlFlow::Continue(()))
}

/// As [`shrink`]; where `watch` breaks it off, the result is what was reached until then.
///
/// # Errors
/// As [`shrink`].
///
/// # Panics
/// As [`shrink`].
pub fn shrink_watched(
    scenario: &Resolved,
    bug: Option<Bug>,
    budget: Budget,
    watch: Watch<'_>,
) -> Result<Shrunk, NotFailing> {
    let Some(bug) = bug else {
        let job = Job {
            scenario,
            variant: Variant::published(),
            insist: Insist::Yes,
            bug: None,
            budget,
            passes: None,
        };
        return job.shrink(watch);
    };
    let mut prepared = scenario.clone();
    plant::prepare(bug, &mut prepared);
    // In a world that is as hard on them, but for a bug that consists of settings.
    let passes = |small: &Resolved| {
        let mut cured = small.clone();
        plant::prepare(bug, &mut cured);
        plant::cure(bug, &mut cured);
        pass(&cured)
    };
    let job = Job {
        scenario: &prepared,
        variant: bug.variant(),
        // A step may expect what the bug breaks: what counts is the property.
        insist: Insist::No,
        bug: Some(bug),
        budget,
        passes: Some(&passes),
    };
    let mut shrunk = job.shrink(watch)?;
    plant::prepare(bug, &mut shrunk.scenario);
    plant::cure(bug, &mut shrunk.scenario);
    Ok(shrunk)
}

/// Whether servers that follow it pass a scenario. One in which they fail shows nothing of a bug.
fn pass(scenario: &Resolved) -> bool {
    Failure::of(&run(scenario)).is_none()
}

/// As [`shrink`], with servers of this variant.
///
/// # Errors
/// As [`shrink`].
///
/// # Panics
/// As [`shrink`].
pub fn shrink_variant(
    scenario: &Resolved,
    variant: Variant,
    budget: Budget,
) -> Result<Shrunk, NotFailing> {
    let job = Job {
        scenario,
        variant,
        insist: Insist::Yes,
        bug: None,
        budget,
        passes: Some(&pass),
    };
    job.shrink(&mut |_| ControlFlow::Continue(()))
}
