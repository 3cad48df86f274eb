//! `raftsim measure`: one number per run, over many seeds.

use std::fs;
use std::io::Write;

use report::failure_report;
use runner::Verdict;
use runner::run_with_bug;
use scenario::{Overrides, Resolved};
use serde::Serialize;
use sut::time_text::brief;

use super::{Curve, Downtime, Spread, figure};
use crate::cli::{Measure, Measured};
use crate::exit::Exit;
use crate::files::ScenarioFile;
use crate::interrupt::Interrupt;
use crate::screen::{DIM, HEAD, Screen, Stop, styled};

/// The percentiles that are shown.
const PERCENTS: [u64; 5] = [10, 50, 90, 99, 100];

/// The results of one series.
struct Series {
    name: String,
    spread: Spread,
    /// Runs in which no leader crashed.
    without: u64,
}

#[derive(Serialize)]
struct SeriesLine<'a> {
    r#type: &'static str,
    scenario: &'a str,
    series: &'a str,
    seeds: [u64; 2],
    runs: u64,
    endless: u64,
    without_crash: u64,
    mean_ns: Option<u64>,
    percentiles_ns: Vec<(u64, Option<u64>)>,
}

pub(crate) fn measure(args: &Measure, screen: &mut Screen) -> Result<Exit, Stop> {
    let Measured::Downtime = args.what;
    let file = ScenarioFile::read(&args.file)?;
    if let Some(path) = &args.svg
        && fs::canonicalize(path).is_ok_and(|path| fs::canonicalize(&file.path).ok() == Some(path))
    {
        let path = path.display();
        let message = format!("--svg {path} would overwrite another file of this command");
        return Err(Stop::bad_input(message));
    }
    let interrupt = Interrupt::listen();
    let whole_file = [Vec::new()];
    let asked = if args.series.is_empty() {
        &whole_file[..]
    } else {
        &args.series
    };
    let mut all = Vec::new();
    let mut scenario = String::new();
    for sets in asked {
        if interrupt.wanted() {
            break;
        }
        let mut sets = sets.clone();
        let name = name(&sets);
        sets.extend(args.set.iter().cloned());
        let first = match resolve(&file, args.seeds.0, &sets, screen) {
            Ok(first) => first,
            Err(exit) => return Ok(exit),
        };
        if first.script().is_some() {
            let message = format!(
                "{} is a stepped scenario: there are no random times to measure",
                file.path
            );
            return Err(Stop::bad_input(message));
        }
        scenario.clone_from(&first.name);
        all.push(series(args, &file, name, &sets, &interrupt, screen)?);
        show(args, &scenario, &all, screen)?;
    }
    if interrupt.wanted() {
        screen.tell("interrupted: only finished runs are counted");
        return Ok(Exit::Interrupted);
    }
    draw(args, &scenario, &all, screen)?;
    let measured = all.iter().all(|series| series.spread.runs() > 0);
    if !measured {
        screen.tell("no leader crashed in the runs of a series: there is nothing to measure");
        return Ok(Exit::Inconclusive);
    }
    Ok(Exit::Fine)
}

/// The name of a series: its first value.
fn name(sets: &[(String, String)]) -> String {
    match sets.first() {
        Some((_, value)) => value.clone(),
        None => "as written".to_owned(),
    }
}

fn resolve(
    file: &ScenarioFile,
    seed: u64,
    sets: &[(String, String)],
    screen: &mut Screen,
) -> Result<Resolved, Exit> {
    let overrides = Overrides {
        seed: Some(seed),
        sets: sets.to_vec(),
    };
    file.scenario(&overrides, screen)
}

fn series(
    args: &Measure,
    file: &ScenarioFile,
    name: String,
    sets: &[(String, String)],
    interrupt: &Interrupt,
    screen: &mut Screen,
) -> Result<Series, Stop> {
    let mut series = Series {
        name,
        spread: Spread::default(),
        without: 0,
    };
    for seed in args.seeds.0..args.seeds.1 {
        if interrupt.wanted() {
            break;
        }
        let scenario = resolve(file, seed, sets, screen)
            .map_err(|exit| Stop::Failed(exit, format!("seed {seed} cannot be run")))?;
        let mut watch = Downtime::new(scenario.nodes.len());
        let outcome = run_with_bug(&scenario, args.plant.bug, &mut watch);
        if let Verdict::Safety(_) = outcome.verdict {
            let what = failure_report::line(&outcome);
            let message = format!("{} seed {seed}, {}: {what}", scenario.name, series.name);
            return Err(Stop::Failed(Exit::Violated, message));
        }
        match watch.crashed() {
            Some(_) => series.spread.add(watch.took().map(|took| took.0)),
            None => series.without += 1,
        }
    }
    Ok(series)
}

/// Shows the last series. The first one has the table's head above it.
fn show(args: &Measure, scenario: &str, all: &[Series], screen: &mut Screen) -> Result<(), Stop> {
    let Some(series) = all.last() else {
        return Ok(());
    };
    let spread = &series.spread;
    let out = &mut screen.out;
    if args.json {
        let line = SeriesLine {
            r#type: "downtime",
            scenario,
            series: &series.name,
            seeds: [args.seeds.0, args.seeds.1],
            runs: spread.runs(),
            endless: spread.endless(),
            without_crash: series.without,
            mean_ns: spread.mean(),
            percentiles_ns: PERCENTS.map(|p| (p, spread.percentile(p))).to_vec(),
        };
        let line = serde_json::to_string(&line).expect("names and numbers are always JSON");
        writeln!(out, "{line}")?;
        return Ok(out.flush()?);
    }
    if all.len() == 1 {
        let what = "from the leader's crash to the next leader";
        let head = styled(HEAD, scenario);
        writeln!(
            out,
            "{head}: {what}, seeds {}..{}\n",
            args.seeds.0, args.seeds.1
        )?;
        let head = format!(
            "{:<16} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>8}",
            "series", "10 %", "median", "mean", "90 %", "99 %", "worst", "no end"
        );
        writeln!(out, "{}", styled(DIM, &head))?;
    }
    let time = |ns: Option<u64>| ns.map_or("-".to_owned(), brief);
    let [tenth, median, ninety, most, worst] = PERCENTS.map(|p| time(spread.percentile(p)));
    writeln!(
        out,
        "{:<16} {tenth:>9} {median:>9} {:>9} {ninety:>9} {most:>9} {worst:>9} {:>8}",
        series.name,
        time(spread.mean()),
        spread.endless(),
    )?;
    Ok(out.flush()?)
}

fn draw(args: &Measure, scenario: &str, all: &[Series], screen: &mut Screen) -> Result<(), Stop> {
    let Some(path) = &args.svg else {
        return Ok(());
    };
    let curves: Vec<_> = all
        .iter()
        .map(|series| Curve {
            name: series.name.clone(),
            spread: &series.spread,
        })
        .collect();
    let title = format!("{scenario}: from the leader's crash to the next leader");
    let picture = figure(&title, &curves)
        .map_err(|nothing| Stop::Failed(Exit::Inconclusive, nothing.to_string()))?;
    fs::write(path, picture)
        .map_err(|error| Stop::bad_input(format!("cannot write {}: {error}", path.display())))?;
    screen.tell(&format!("drawn in {}", path.display()));
    Ok(())
}
