//! `raftsim bugs hunt`: how soon the seeds of a profile find each bug, and how small the failures
//! become.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use fuzz::{Generator, Profile};
use indicatif::{ProgressBar, ProgressStyle};
use shrink::Budget;
use sut::bugs::Bug;

use super::cli::BugsHunt;
use super::exit::Exit;
use super::fuzz::jobs;
use super::hunt_table as table;
use super::interrupt::Interrupt;
use super::screen::{Screen, Stop};
use super::search::{Search, search};
use super::source::Source;
use super::workers::in_order;

/// The distance between the first seeds of two searches.
const APART: u64 = 1 << 32;

pub(crate) fn hunt(args: &BugsHunt, screen: &mut Screen) -> Result<Exit, Stop> {
    let source = Source::profile(&args.profile, screen)?;
    let Some(profile) = source.drawn_from() else {
        return Err(Stop::bad_input(format!(
            "{} is not a profile",
            args.profile
        )));
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
            let interrupted = || interrupt.wanted();
            search(&generator, bug, first, cap_ns, budget, interrupted)
        }
    };
    let progress = progress(searches, profile);
    let mut done: Vec<Search> = Vec::new();
    let mut shown = Ok(());
    in_order(0..searches, jobs(args.jobs), worker, stop, |search| {
        progress.inc(1);
        // An interrupted search has no result.
        let Some(search) = search else {
            return ControlFlow::Continue(());
        };
        if args.json {
            shown = table::json_line(&search, screen);
        } else if progress.is_hidden() && (done.len() as u64 + 1).is_multiple_of(starts) {
            screen.tell(&format!("{}: all searches done", search.bug));
        }
        done.push(search);
        match shown {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    });
    progress.finish_and_clear();
    shown?;
    if !args.json {
        table::show(args, &source.name, &done, screen)?;
    }
    if interrupt.wanted() {
        screen.tell("interrupted: only finished searches are shown");
        return Ok(Exit::Interrupted);
    }
    let tells = |search: &Search| search.small().is_none_or(|small| small.tells);
    let found = |bug: &Bug| done.iter().any(|s| s.bug == *bug && s.found.is_some());
    Ok(match done.iter().all(tells) {
        false => Exit::Bug,
        true if bugs.iter().all(found) => Exit::Fine,
        true => Exit::Inconclusive,
    })
}

fn progress(searches: u64, profile: &Profile) -> ProgressBar {
    let template = "{pos}/{len} searches in {msg} {wide_bar} {elapsed}";
    let style = ProgressStyle::with_template(template);
    ProgressBar::new(searches)
        .with_message(profile.name.clone())
        .with_style(style.expect("the template is well-formed"))
}
