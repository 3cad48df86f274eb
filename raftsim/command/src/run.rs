//! `raftsim run`: runs every seed of every file, then shows a summary.

use std::io::Write;

use indicatif::{ProgressBar, ProgressStyle};
use sut::time_text::brief;

use super::batch::{Batch, Session};
use super::cli::Run;
use super::exit::Exit;
use super::files::ScenarioFile;
use super::interrupt::Interrupt;
use super::json;
use super::log::Log;
use super::screen::{BAD, GOOD, HEAD, Screen, Stop, styled};
use super::stopwatch::Stopwatch;
use super::tally::Tally;

pub(crate) fn run(args: &Run, log: Log, screen: &mut Screen) -> Result<Exit, Stop> {
    let args = &Run {
        files: args.files.iter().flat_map(|file| runs_of(file)).collect(),
        ..args.clone()
    };
    let several = args.files.len() > 1 || args.runs > 1;
    distinct(args)?;
    let outputs = [&args.trace, &args.history, &args.actions];
    if several && outputs.iter().any(|path| path.is_some()) {
        let message = "--trace, --history and --actions are for one run: give one file, one branch \
                       and one seed";
        return Err(Stop::bad_input(message));
    }
    let watch = Stopwatch::start();
    let progress = match several && !log.is_on() {
        true => progress(args.runs.saturating_mul(args.files.len() as u64)),
        false => ProgressBar::hidden(),
    };
    let session = Session {
        args,
        log,
        interrupt: Interrupt::listen(),
        progress,
    };
    let mut total = Tally::default();
    let mut files = Vec::new();
    for argument in &args.files {
        if session.interrupt.wanted() {
            break;
        }
        let mut batch = Batch::new(&session, argument);
        let done = batch.run(screen);
        match done {
            // The reader is gone, but the results still count.
            Err(Stop::Closed) => {
                total.merge(&batch.tally);
                return Ok(total.exit());
            }
            Err(stop) => batch.tally.note(screen.report(stop)?),
            Ok(()) => {}
        }
        total.merge(&batch.tally);
        files.push((batch.name, batch.tally));
    }
    session.progress.finish_and_clear();
    let interrupted = session.interrupt.wanted();
    let exit = if interrupted {
        Exit::Interrupted
    } else {
        total.exit()
    };
    let summed = match (args.json, several) {
        (true, true) => {
            writeln!(
                screen.out,
                "{}",
                json::total_line(&total, &files, exit, args.plant.bug, watch.ns())
            )
        }
        (true, false) => Ok(()),
        (false, _) => summary(&files, several, args, screen),
    };
    match summed.map_err(Stop::from) {
        Ok(()) | Err(Stop::Closed) => {}
        Err(stop) => return Err(stop),
    }
    if interrupted {
        screen.tell("interrupted: only finished runs are counted");
    }
    Ok(exit)
}

/// The arguments for the runs of a file: one for each branch, if it has branches.
fn runs_of(argument: &str) -> Vec<String> {
    let branches = ScenarioFile::read(argument).map(|file| file.branches(argument));
    match branches {
        Ok(branches) if !branches.is_empty() => branches,
        _ => vec![argument.to_owned()],
    }
}

/// Checks that outputs overwrite neither inputs nor each other.
fn distinct(args: &Run) -> Result<(), Stop> {
    let outputs = [
        ("--trace", &args.trace),
        ("--history", &args.history),
        ("--actions", &args.actions),
    ];
    let file = |argument: &String| {
        let bare = argument.rsplit_once('#').map(|(file, _)| file.to_owned());
        [Some(argument.clone()), bare]
    };
    let read = args.files.iter().flat_map(file).flatten();
    let mut taken: Vec<_> = read.map(std::path::PathBuf::from).collect();
    for (option, path) in outputs {
        let Some(path) = path else { continue };
        let same = |other: &std::path::PathBuf| {
            other == path
                || matches!((other.canonicalize(), path.canonicalize()), (Ok(a), Ok(b)) if a == b)
        };
        if taken.iter().any(same) {
            let path = path.display();
            let message = format!("{option} {path} would overwrite another file of this command");
            return Err(Stop::bad_input(message));
        }
        taken.push(path.clone());
    }
    Ok(())
}

fn progress(runs: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{pos}/{len} runs {wide_bar} {per_sec} {eta}");
    ProgressBar::new(runs).with_style(style.expect("the template is well-formed"))
}

/// The last lines for people: the results of each file.
fn summary(
    files: &[(String, Tally)],
    several: bool,
    args: &Run,
    screen: &mut Screen,
) -> std::io::Result<()> {
    let width = files
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or(0);
    // The report of a failure has this line as well.
    let failed = files
        .iter()
        .any(|(_, tally)| tally.exit() == Exit::Violated);
    if let Some(bug) = args.plant.bug.filter(|_| several && !failed) {
        writeln!(screen.out, "{}", bug.planted())?;
    }
    for (name, tally) in files.iter().filter(|(_, tally)| tally.runs > 0) {
        if several {
            writeln!(screen.out, "{}", row(name, width, tally))?;
        }
        // A run that was stopped could not show everything.
        let stopped = [Exit::Violated, Exit::NotLive, Exit::NotDeterministic];
        if stopped.contains(&tally.exit()) {
            continue;
        }
        for seen in tally.unseen() {
            let runs = match tally.runs {
                1 => "this run: more seeds may show it (--runs 20)".to_owned(),
                n => format!("any of {n} runs"),
            };
            let head = styled(BAD, "NOT SEEN");
            writeln!(screen.out, "{head} {name}: {} in {runs}", seen.asked())?;
        }
    }
    // A file that ended early was not compared to its end.
    let compared = |(_, tally): &(String, Tally)| {
        let whole = [Exit::NotDeterministic, Exit::BadInput, Exit::Bug];
        tally.runs > 0 && !whole.contains(&tally.exit())
    };
    if args.twice && !files.is_empty() && files.iter().all(compared) {
        writeln!(screen.out, "each seed gave the same hash in two processes")?;
    }
    Ok(())
}

fn row(name: &str, width: usize, tally: &Tally) -> String {
    let verdicts: Vec<_> = tally
        .verdicts
        .iter()
        .map(|(verdict, count)| format!("{count} {verdict}"))
        .collect();
    let mark = match tally.exit() {
        Exit::Fine => styled(GOOD, "ok    "),
        Exit::Inconclusive => styled(BAD, "UNSEEN"),
        _ => styled(BAD, "FAILED"),
    };
    let seeds = if tally.runs == 1 { "seed" } else { "seeds" };
    format!(
        "{mark} {} {} {seeds}: {}; {} simulated",
        styled(HEAD, &format!("{name:<width$}")),
        tally.runs,
        verdicts.join(", "),
        brief(tally.sim_ns),
    )
}
