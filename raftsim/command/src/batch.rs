//! All seeds of one file.

use std::io::Write;

use indicatif::ProgressBar;
use report::failure_report::Again;
use scenario::Overrides;

use super::cli::Run;
use super::exit::Exit;
use super::files::ScenarioFile;
use super::interrupt::Interrupt;
use super::json;
use super::log::Log;
use super::ran::Ran;
use super::screen::{BAD, GOOD, Screen, Stop, styled};
use super::seeds;
use super::tally::Tally;
use super::twin::Twin;

/// The number of failing seeds of a file that are shown.
const NAMED: u64 = 10;

/// The state that all files of one command share.
pub(crate) struct Session<'a> {
    pub(crate) args: &'a Run,
    pub(crate) log: Log,
    pub(crate) interrupt: Interrupt,
    pub(crate) progress: ProgressBar,
}

/// The results of one file.
pub(crate) struct Batch<'a> {
    session: &'a Session<'a>,
    argument: &'a str,
    /// The scenario's name, or the argument until the name is known.
    pub(crate) name: String,
    pub(crate) tally: Tally,
    failed: u64,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(session: &'a Session<'a>, argument: &'a str) -> Batch<'a> {
        let name = argument.to_owned();
        Batch {
            session,
            argument,
            name,
            tally: Tally::default(),
            failed: 0,
        }
    }

    /// Runs every seed, and shows each run as it ends.
    pub(crate) fn run(&mut self, screen: &mut Screen) -> Result<(), Stop> {
        let args = self.session.args;
        let file = ScenarioFile::read(self.argument)?;
        let Some(first) = self.resolve(&file, args.source.seed, screen) else {
            return Ok(());
        };
        self.name.clone_from(&first.name);
        let first = first.seed;
        let Some(last) = first.checked_add(args.runs - 1) else {
            return Err(Stop::bad_input(
                "--seed and --runs together exceed the largest seed",
            ));
        };
        let mut twin = None;
        if args.twice {
            let seeds = (first, args.runs);
            twin = Some(Twin::of_file(
                args.twin.as_deref(),
                self.argument,
                seeds,
                &args.source.set,
                args.plant.bug,
            )?);
        }
        for seed in first..=last {
            if self.session.interrupt.wanted() {
                break;
            }
            let Some(scenario) = self.resolve(&file, Some(seed), screen) else {
                break;
            };
            let ran = seeds::run(scenario, args, self.alone(), &self.session.log, &mut twin)?;
            self.tally.add(&ran);
            if let Some(note) = ran.unlike_recorded() {
                screen.tell(&note);
            }
            self.session.progress.inc(1);
            self.session.progress.suspend(|| self.show(&ran, screen))?;
        }
        Ok(())
    }

    /// Whether this is the only run of the command.
    pub(crate) fn alone(&self) -> bool {
        self.session.args.files.len() == 1 && self.session.args.runs == 1
    }

    fn resolve(
        &mut self,
        file: &ScenarioFile,
        seed: Option<u64>,
        screen: &mut Screen,
    ) -> Option<scenario::Resolved> {
        let overrides = Overrides {
            seed,
            sets: self.session.args.source.set.clone(),
        };
        match file.resolve(&overrides) {
            Ok(scenario) => Some(scenario),
            Err(unusable) => {
                self.tally.note(file.explain(&unusable, screen));
                None
            }
        }
    }

    /// The arguments that select this seed of this file again.
    fn again(&self, seed: u64) -> Again {
        let mut words = vec![quoted(self.argument), format!("--seed {seed}")];
        for (name, value) in &self.session.args.source.set {
            words.push(format!("--set {}", quoted(&format!("{name}={value}"))));
        }
        if let Some(bug) = self.session.args.plant.bug {
            words.push(format!("--bug {bug}"));
        }
        Again(words.join(" "))
    }

    fn show(&mut self, ran: &Ran, screen: &mut Screen) -> Result<(), Stop> {
        let out = &mut screen.out;
        if self.session.args.json {
            let unseen = self.tally.unseen().next().map(|seen| seen.asked());
            writeln!(
                out,
                "{}",
                json::run_line(ran, unseen.filter(|_| self.alone()))
            )?;
            // A reader may wait for each line.
            return Ok(out.flush()?);
        }
        let again = self.again(ran.outcome.seed);
        if self.alone() {
            let summarised = ran.exit() == Exit::Fine || ran.exit() == Exit::Inconclusive;
            if summarised {
                let command = format!("raftsim trace {}", again.0);
                if let Some(bug) = ran.bug {
                    writeln!(out, "{}", bug.planted())?;
                }
                writeln!(
                    out,
                    "{}",
                    ran.summary.text(&ran.scenario, &ran.outcome, &command)
                )?;
            }
        }
        if ran.exit() == Exit::Fine {
            if self.alone() {
                self.show_success(&again, screen)?;
            }
            return Ok(());
        }
        self.failed += 1;
        if self.failed > NAMED {
            return Ok(());
        }
        let seed = ran.outcome.seed;
        let word = match ran.exit() {
            Exit::Inconclusive => "UNSEEN",
            _ => "FAILED",
        };
        let head = format!("{} {} seed {seed}", styled(BAD, word), self.name);
        match ran.report(&again).filter(|_| self.failed == 1) {
            Some(report) => writeln!(out, "{head}\n{report}")?,
            None => writeln!(out, "{head}: {}", ran.line())?,
        }
        if self.failed == NAMED {
            writeln!(
                out,
                "further failing seeds of {} are only counted",
                self.name
            )?;
        }
        Ok(())
    }

    /// The end of a run without a failure.
    fn show_success(&self, again: &Again, screen: &mut Screen) -> Result<(), Stop> {
        let Again(arguments) = again;
        if self.tally.exit() == Exit::Fine {
            let ok = styled(GOOD, "OK");
            writeln!(
                screen.out,
                "{ok}: every property held, and all that was expected was seen\n"
            )?;
        }
        writeln!(screen.out, "Every event   raftsim trace {arguments}")?;
        writeln!(
            screen.out,
            "And why       raftsim trace {arguments} --why --kind vote,role"
        )?;
        Ok(())
    }
}

/// An argument as a shell reads it.
pub(crate) fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=,:+".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        return argument.to_owned();
    }
    format!("'{}'", argument.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_survive_the_shell() {
        assert_eq!(
            quoted("scenarios/first-tour.json"),
            "scenarios/first-tour.json"
        );
        assert_eq!(quoted("my file.json"), "'my file.json'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
