//! `raftsim run`.

use std::io::Write;
use raftsim::format::Overrides;
use raftsim::run::Verdict;
use super::cli::Run;
use super::exit::Exit;
use super::files::ScenarioFile;
use super::screen::{Screen, Stop};

pub(crate) fn run(args: &Run, screen: &mut Screen) -> Result<Exit, Stop> {
    let mut worst = Exit::Fine;
    for argument in &args.files {
        let file = ScenarioFile::read(argument)?;
        let first = args.source.seed.unwrap_or(1);
        for seed in first..first + args.runs {
            let overrides = Overrides { seed: Some(seed), sets: args.source.set.clone() };
            let scenario = match file.resolve(&overrides) {
                Ok(scenario) => scenario,
                Err(found) => { file.show(&found, screen); return Ok(Exit::BadInput); }
            };
            let outcome = raftsim::run::run(&scenario);
            writeln!(screen.out, "{} seed {seed} {} {:016x}", scenario.name, outcome.verdict.name(), outcome.trace_hash)?;
            if outcome.verdict != Verdict::Ok {
                writeln!(screen.out, "{:?}", outcome.verdict)?;
                worst = worst.worst(Exit::Violated);
            }
        }
    }
    Ok(worst)
}
