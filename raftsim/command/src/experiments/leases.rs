//! `raftsim leases`: finds the cells (clock, bound and kind of read) in which a read misses a write.

use std::io::Write;
use std::ops::ControlFlow;

use indicatif::{ProgressBar, ProgressStyle};
use report::failure_report;
use runner::Unobserved;
use runner::run_with_bug;
use serde::Serialize;

use super::cells::{Cell, Drift, Way};
use crate::cli::Leases;
use crate::exit::Exit;
use crate::fuzz::jobs;
use crate::interrupt::Interrupt;
use crate::line::to_line;
use crate::ran::exit_of;
use crate::screen::{DIM, HEAD, Screen, Stop, styled};
use crate::workers::in_order;

/// A cell and the results of its runs.
struct Seen {
    cell: Cell,
    runs: u64,
    /// Runs in which a read missed a write.
    missed: u64,
}

impl Seen {
    /// The difference from theory, if there is one.
    fn differs(&self) -> Option<&'static str> {
        match (self.cell.is_safe(), self.missed) {
            (true, 1..) => Some("✗ none should be"),
            (false, 0) => Some("none seen"),
            _ => None,
        }
    }

    fn exit(&self) -> Exit {
        match (self.differs(), self.cell.is_safe()) {
            (None, _) => Exit::Fine,
            (Some(_), true) => Exit::Violated,
            (Some(_), false) => Exit::Inconclusive,
        }
    }

    fn shown(&self) -> String {
        let count = format!("{} of {}", self.missed, self.runs);
        match self.differs() {
            Some(how) => format!("{count} {how}"),
            None => count,
        }
    }
}

pub(crate) fn leases(args: &Leases, screen: &mut Screen) -> Result<Exit, Stop> {
    let drifts = chosen(Drift::ALL, &args.drift);
    let ways = chosen(Way::ALL, &args.reads);
    let cells = Cell::all(&drifts, &ways);
    let interrupt = Interrupt::listen();
    let mut all: Vec<Seen> = Vec::new();
    let found = measured(args, &cells, &interrupt, |seen| all.push(seen));
    found?;
    if interrupt.wanted() {
        screen.tell("interrupted: there are no results");
        return Ok(Exit::Interrupted);
    }
    match (args.json, args.markdown) {
        (true, _) => lines(&all, screen)?,
        (_, true) => page(args, &all, screen)?,
        _ => table(&all, screen)?,
    }
    let worst = all.iter().map(Seen::exit).min();
    Ok(worst.unwrap_or(Exit::Fine))
}

/// The requested items in the order of the table; all items if none was requested.
fn chosen<T: Copy + PartialEq>(all: &[T], asked: &[T]) -> Vec<T> {
    let wanted = all.iter().copied();
    wanted
        .filter(|one| asked.is_empty() || asked.contains(one))
        .collect()
}

/// Runs every seed of every cell, and passes each finished cell to `take`.
fn measured(
    args: &Leases,
    cells: &[Cell],
    interrupt: &Interrupt,
    mut take: impl FnMut(Seen),
) -> Result<(), Stop> {
    let (first, end) = args.seeds;
    let each = end - first;
    let runs = u64::try_from(cells.len()).expect("cells are few");
    let Some(runs) = runs.checked_mul(each) else {
        return Err(Stop::bad_input("this is too many runs: give fewer seeds"));
    };
    let place = |number: u64| usize::try_from(number / each).expect("it names a cell");
    let worker = || {
        move |number: u64| {
            let (cell, seed) = (cells[place(number)], first + number % each);
            (number, one(&cell, seed))
        }
    };
    let bar = ProgressBar::new(runs);
    let style = ProgressStyle::with_template("{pos}/{len} runs {wide_bar} {elapsed}");
    bar.set_style(style.expect("the template is well-formed"));
    let mut ended = Ok(());
    let mut missed = 0;
    let stop = || interrupt.wanted();
    in_order(
        0..runs,
        jobs(args.jobs),
        worker,
        stop,
        |(number, result)| {
            bar.inc(1);
            match result {
                Ok(misses) => missed += u64::from(misses),
                Err(stop) => {
                    ended = Err(stop);
                    return ControlFlow::Break(());
                }
            }
            if (number + 1).is_multiple_of(each) {
                let cell = cells[place(number)];
                take(Seen {
                    cell,
                    runs: each,
                    missed: std::mem::take(&mut missed),
                });
            }
            ControlFlow::Continue(())
        },
    );
    bar.finish_and_clear();
    ended
}

/// Whether a read of this run misses a write.
fn one(cell: &Cell, seed: u64) -> Result<bool, Stop> {
    let scenario = cell.scenario(seed).map_err(|found| {
        let first = found.into_iter().next().map(|mistake| mistake.message);
        let message = first.unwrap_or_default();
        Stop::Failed(Exit::Bug, format!("the scenario of cells: {message}"))
    })?;
    let outcome = run_with_bug(&scenario, None, &mut Unobserved);
    cell.missed(&outcome).map_err(|verdict| {
        let what = failure_report::line(&outcome);
        let sets = cell.sets().into_iter();
        let sets: String = sets
            .map(|(name, value)| format!(" --set {name}={value}"))
            .collect();
        let message =
            format!("raftsim run scenarios/figure/leases.json --seed {seed}{sets}: {what}");
        Stop::Failed(exit_of(&verdict), message)
    })
}

const HEADS: [&str; 7] = [
    "clock of S1",
    "reads",
    "bound",
    "a lease lasts",
    "in theory",
    "stale",
    "stale, with pauses",
];

/// A row: two cells that differ only in pauses.
fn row(pair: &[Seen]) -> [String; 7] {
    let [still, paused] = pair else {
        unreachable!("cells come in pairs")
    };
    let cell = &still.cell;
    let is_lease = cell.way == Way::Lease;
    let (bound, lasts) = match is_lease {
        true => (
            format!(
                "{} ({})",
                milliseconds(cell.clock_error()),
                cell.bound_name()
            ),
            milliseconds(cell.lease()),
        ),
        false => (String::new(), String::new()),
    };
    let theory = match (cell.is_safe(), is_lease) {
        (true, true) => "safe: at most ".to_owned() + &milliseconds(cell.drift.longest_lease()),
        (false, true) => "UNSAFE: over ".to_owned() + &milliseconds(cell.drift.longest_lease()),
        (true, false) => "safe".to_owned(),
        (false, false) => "UNSAFE".to_owned(),
    };
    [
        cell.drift.name.to_owned(),
        cell.way.name().to_owned(),
        bound,
        lasts,
        theory,
        still.shown(),
        paused.shown(),
    ]
}

/// Microseconds as milliseconds, without trailing zeros.
fn milliseconds(us: u64) -> String {
    let places = format!("{:03}", us % 1_000);
    let text = format!("{}.{places}", us / 1_000);
    format!("{} ms", text.trim_end_matches('0').trim_end_matches('.'))
}

fn rows(all: &[Seen]) -> Vec<[String; 7]> {
    all.chunks(2).map(row).collect()
}

fn sum(all: &[Seen]) -> String {
    let count = |wanted: fn(&Seen) -> bool| all.iter().filter(|seen| wanted(seen)).count();
    let safe = count(|seen| seen.cell.is_safe());
    let kept = count(|seen| seen.cell.is_safe() && seen.missed == 0);
    let shown = count(|seen| !seen.cell.is_safe() && seen.missed > 0);
    let unsafe_ones = all.len() - safe;
    format!(
        "{kept} of {safe} cells that should be safe were, and {shown} of {unsafe_ones} that should \
         not be showed it"
    )
}

fn table(all: &[Seen], screen: &mut Screen) -> Result<(), Stop> {
    let rows = rows(all);
    let width = |column: usize| {
        let longest = rows.iter().map(|row| row[column].chars().count()).max();
        longest.unwrap_or(0).max(HEADS[column].len())
    };
    let widths: Vec<_> = (0..HEADS.len()).map(width).collect();
    let line = |row: &[&str]| {
        let cells = row.iter().zip(&widths);
        let cells = cells.map(|(cell, &width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let out = &mut screen.out;
    writeln!(out, "{}", styled(DIM, &line(&HEADS)))?;
    for row in &rows {
        let row: Vec<_> = row.iter().map(String::as_str).collect();
        writeln!(out, "{}", line(&row))?;
    }
    writeln!(out, "\n{}", styled(HEAD, &sum(all)))?;
    Ok(())
}

const ABOUT: &str = "\
A leader may answer a read from its own state while it has a *lease*, that is, while it knows that no other leader can have been
elected. Followers that heard from the leader promise not to vote for an election timeout, 1,000 ms here. Each follower measures this
time by its own clock, and the leader measures its lease by its own clock. If the leader's clock is slow, or a follower's is fast, the
promise ends first. Then another leader is elected, a client writes there, and the old leader still answers reads with the old value.

So servers have a setting for the largest clock error within an election timeout (`clock_error`), and a lease is shorter by this much.
A lease is safe if, and only if, it lasts no longer on the slowest clock than an election timeout does on the fastest:
*lease ≤ timeout × slowest / fastest*. Without a configured bound there are no leases.

In this experiment the clock of one server, S1, is wrong, and either S1 or S2 leads. The leader loses its followers one after the
other, but not its clients. *With pauses* the leader also pauses in many seeds, for longer than a lease lasts. The bound is exactly what
that clock needs (*covering*), half of it, or none. *Stale* counts the seeds in which no order of the clients' operations explains
their results, because a read missed a write. `raftsim run scenarios/figure/leases.json --set rate=-10% --set bound=50ms`
runs the seeds of a cell one by one.

Results:

- **A bound that is too small makes stale answers rarer, not impossible.** Clocks that differ by 1 % and a bound for half of
  that are enough. A slow clock does harm at a leader, a fast clock at a follower.
- **Pauses do no harm to a safe lease.** A leader reads its clock in the same step in which it answers. A read that waits during a
  pause is answered by the clock after the pause. Pauses show fewer stale reads, not more, because a paused leader does not answer.
- **Reads through the log, by ReadIndex and at followers do not depend on clocks**, so no clock makes them stale.
- **Stale reads promise nothing.** They show how often a read could have missed a write.";

fn page(args: &Leases, all: &[Seen], screen: &mut Screen) -> Result<(), Stop> {
    let out = &mut screen.out;
    writeln!(out, "# Leases and wrong clocks\n")?;
    let only: String = args
        .drift
        .iter()
        .map(|drift| format!(" --drift {drift}"))
        .chain(
            args.reads
                .iter()
                .map(|way| format!(" --reads {}", way.name())),
        )
        .collect();
    let (first, end) = args.seeds;
    writeln!(
        out,
        "Made by `cargo run --release --features experiments -- leases --seeds {first}..{end}{only} \
         --markdown`.\n\n{ABOUT}\n"
    )?;
    writeln!(out, "| {} |", HEADS.join(" | "))?;
    writeln!(out, "|{}", "---|".repeat(HEADS.len()))?;
    for row in rows(all) {
        writeln!(out, "| {} |", row.join(" | "))?;
    }
    writeln!(out, "\n{}.", sum(all))?;
    Ok(())
}

#[derive(Serialize)]
struct CellLine {
    r#type: &'static str,
    drift: &'static str,
    reads: &'static str,
    bound_ns: u64,
    lease_ns: u64,
    longest_ns: u64,
    pauses: bool,
    safe: bool,
    runs: u64,
    stale: u64,
}

fn lines(all: &[Seen], screen: &mut Screen) -> Result<(), Stop> {
    for Seen { cell, runs, missed } in all {
        let line = CellLine {
            r#type: "cell",
            drift: cell.drift.name,
            reads: cell.way.name(),
            bound_ns: cell.clock_error() * 1_000,
            lease_ns: cell.lease() * 1_000,
            longest_ns: cell.drift.longest_lease() * 1_000,
            pauses: cell.pauses,
            safe: cell.is_safe(),
            runs: *runs,
            stale: *missed,
        };
        writeln!(screen.out, "{}", to_line(&line))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(name: &str, missed: u64) -> Seen {
        let drift = name.parse().unwrap();
        let cells = Cell::all(&[drift], &[Way::Lease]);
        Seen {
            cell: cells[0],
            runs: 9,
            missed,
        }
    }

    #[test]
    fn a_stale_read_in_a_safe_cell_is_marked_and_counts() {
        let right = seen("-10%", 0);
        assert_eq!(
            (right.shown().as_str(), right.exit()),
            ("0 of 9", Exit::Fine)
        );
        let wrong = seen("-10%", 1);
        assert_eq!(wrong.shown(), "1 of 9 ✗ none should be");
        assert_eq!(wrong.exit(), Exit::Violated);
    }

    #[test]
    fn an_unsafe_cell_that_shows_nothing_says_so() {
        let mut quiet = seen("-10%", 0);
        quiet.cell.bound = crate::experiments::cells::Bound::Nothing;
        assert_eq!(quiet.shown(), "0 of 9 none seen");
        assert_eq!(quiet.exit(), Exit::Inconclusive);
    }

    #[test]
    fn milliseconds_have_no_places_that_say_nothing() {
        let shown = [1_000_000, 990_099, 500, 0].map(milliseconds);
        assert_eq!(shown, ["1000 ms", "990.099 ms", "0.5 ms", "0 ms"]);
    }
}
