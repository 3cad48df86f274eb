//! The command line: turns arguments into calls of the library, and results into text.

mod batch;
mod bugs;
mod check;
mod cli;
mod divergence;
mod exit;
#[cfg(feature = "experiments")]
mod experiments;
mod explain;
pub mod explanations;
pub mod failure;
mod files;
mod fuzz;
mod fuzz_json;
mod fuzz_text;
mod groups;
mod hunt;
mod hunt_table;
mod interrupt;
mod json;
mod line;
mod linearize;
mod list;
mod log;
pub mod musts;
mod paper;
mod picture;
mod ran;
mod replay;
mod run;
mod screen;
mod search;
mod seeds;
mod shrink;
mod small;
mod source;
mod stopwatch;
mod tally;
mod trace;
mod twin;
mod workers;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use cli::{Cli, Command};
use exit::Exit;
use log::Log;
use screen::{Screen, Stop};

/// Calls `body`, and catches its panics. The runner catches assertions that fail inside a simulated server,
/// because they are findings. A panic that arrives here is a bug of the tool. Its message was printed
/// already.
fn guarded(body: impl FnOnce() -> Exit + std::panic::UnwindSafe) -> Exit {
    std::panic::catch_unwind(body).unwrap_or_else(|_| {
        let report = "this is a bug in raftsim itself, not in the simulated cluster: please report \
                      it with your command";
        // Standard error may be closed, and there is no other place for the message.
        let _ = writeln!(std::io::stderr(), "{report}");
        Exit::Bug
    })
}

/// Runs the command line.
#[must_use]
pub fn main() -> ExitCode {
    ExitCode::from(guarded(execute).code())
}

fn execute() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // A closed output is no failure for help. Mistakes go to standard error.
            let _ = error.print();
            return if error.use_stderr() {
                Exit::BadInput
            } else {
                Exit::Fine
            };
        }
    };
    let mut screen = Screen::new(cli.common.color);
    let done = Log::start(&cli.common, screen.err_has_color())
        .and_then(|log| dispatch(&cli.command, log, &mut screen))
        .and_then(|exit| match screen.out.flush().map_err(Stop::from) {
            // The result counts even if the reader is gone.
            Ok(()) | Err(Stop::Closed) => Ok(exit),
            Err(stop) => Err(stop),
        });
    match done {
        Ok(exit) => exit,
        Err(Stop::Closed) => Exit::Fine,
        Err(Stop::Failed(exit, message)) => {
            screen.fail(&message);
            exit
        }
    }
}

fn dispatch(command: &Command, log: Log, screen: &mut Screen) -> Result<Exit, Stop> {
    match command {
        Command::Run(args) => run::run(args, log, screen),
        Command::Fuzz(args) => fuzz::fuzz(args, screen),
        Command::Replay(args) => replay::replay(args, &log, screen),
        Command::Trace(args) => trace::trace(args, &log, screen),
        #[cfg(feature = "experiments")]
        Command::Measure(args) => experiments::measure(args, screen),
        #[cfg(feature = "experiments")]
        Command::Leases(args) => experiments::leases(args, screen),
        #[cfg(not(feature = "experiments"))]
        Command::Measure(_) => {
            let left_out = "this build has no experiments: add `--features experiments` to the \
                            `cargo` command, before `--`";
            Err(Stop::Failed(Exit::BadInput, left_out.to_owned()))
        }
        Command::Shrink(args) => shrink::shrink(args, screen),
        Command::Check(args) => check::check(args, screen),
        Command::Linearize(args) => linearize::linearize(args, screen),
        Command::List(args) => list::list(args, screen),
        Command::Bugs(args) => bugs::bugs(args, screen),
        Command::Paper(args) => paper::paper(args, screen),
        Command::Explain(args) => explain::explain(args, screen),
        Command::Schema(args) => {
            let schema = match args.profile {
                true => ::fuzz::SCHEMA,
                false => scenario::SCHEMA,
            };
            screen.out.write_all(schema.as_bytes())?;
            Ok(Exit::Fine)
        }
        Command::Completions(args) => {
            let mut script = Vec::new();
            clap_complete::generate(args.shell, &mut Cli::command(), "raftsim", &mut script);
            screen.out.write_all(&script)?;
            Ok(Exit::Fine)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_the_tool_ends_with_70() {
        assert_eq!(guarded(|| panic!("a mistake")).code(), 70);
        assert_eq!(guarded(|| Exit::Inconclusive), Exit::Inconclusive);
    }

    #[cfg(not(feature = "experiments"))]
    #[test]
    fn a_build_without_experiments_still_knows_their_commands() {
        for words in [
            "raftsim measure downtime f --svg o",
            "raftsim leases --drift -10% -h",
        ] {
            let cli = Cli::try_parse_from(words.split(' ')).unwrap();
            assert!(matches!(cli.command, Command::Measure(_)), "{words}");
        }
    }

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Cli::command().debug_assert();
    }
}
