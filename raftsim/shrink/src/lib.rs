//! Makes a failing run as small as possible.
//!
//! The minimiser records the failing run as a list of actions and makes the list smaller while the same
//! property fails. It compares the property and never the text of the failure. Three methods make this
//! work:
//!
//! 1. *Moves instead of actions* (`moves`): a move names a message by its content and not by its number on
//!    the link, so that it keeps its meaning when other moves are removed. A replay skips impossible
//!    moves, and time passes only where a timer fires.
//! 2. *Replaying a suffix* (`suffix`): the end of a long run in a fresh cluster that has just elected the
//!    leader of that time. A suffix that fails saves hundreds of replays.
//! 3. *Delta debugging* (`search`) of groups, chunks, single moves and pairs, between passes that make the
//!    case plainer: settings, completions of disks, fewer nodes and clients, short values (`passes`).
//!
//! A move is a step of a scenario ([`scenario::Verb`]), or a message with a key that no scenario needs.
//!
//! The budget counts replays and not seconds: the same run gives the same moves on any machine.

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
/// When the tool itself is broken; never because of the scenario or its servers.
pub fn shrink(scenario: &Resolved, bug: Option<Bug>, budget: Budget) -> Result<Shrunk, NotFailing> {
    shrink_watched(scenario, bug, budget, &mut |_| ControlFlow::Continue(()))
}

/// As [`shrink`]. If `watch` stops it, the result is the best case so far.
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
    // Correct servers run in the same world, without the settings that are the bug themselves.
    let passes = |small: &Resolved| {
        let mut cured = small.clone();
        plant::prepare(bug, &mut cured);
        plant::cure(bug, &mut cured);
        pass(&cured)
    };
    let job = Job {
        scenario: &prepared,
        variant: bug.variant(),
        // A step may expect something that the bug breaks, but only the property counts.
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

/// Whether correct servers pass a scenario. A scenario in which they fail shows no bug.
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
