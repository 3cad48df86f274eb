//! The command line: what is typed becomes calls of the library, what comes back becomes text.

mod batch;
mod bugs;
mod check;
mod cli;
mod divergence;
mod exit;
mod explain;
pub mod explanations;
pub mod failure;
mod files;
mod fuzz;
mod fuzz_json;
mod fuzz_text;
mod hunt;
mod hunt_table;
mod interrupt;
mod json;
mod leases;
mod line;
mod linearize;
mod list;
mod log;
mod measure;
pub mod measuring;
pub mod musts;
mod paper;
mod picture;
mod ran;
mod replay;
mod run;
mod screen;
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

/// Does what `body` does. Assertions that fail inside a simulated server are findings and are
/// caught where the run is; a panic that arrives here is a mistake of the tool. Its message was
/// printed already.
fn guarded(body: impl FnOnce() -> Exit + std::panic::UnwindSafe) -> Exit {
    std::panic::catch_unwind(body).unwrap_or_else(|_| {
        let report = "this is a bug in raftsim itself, not in what it ran: please report it with \
                      the command you typed";
        // Nobody may be listening, and there is nobody else to tell.
        let _ = writeln!(std::io::stderr(), "{report}");
        Exit::Bug
    })
}

/// Does what the command line asks.
#[must_use]
pub fn main() -> ExitCode {
    ExitCode::from(guarded(asked).code())
}

fn asked() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help that nobody reads is no failure; mistakes go to standard error.
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
            // What was found counts, whether or not anybody reads it to the end.
            Ok(()) | Err(Stop::Unread) => Ok(exit),
            Err(told) => Err(told),
        });
    match done {
        Ok(exit) => exit,
        Err(Stop::Unread) => Exit::Fine,
        Err(Stop::Told(exit, message)) => {
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
        Command::Measure(args) => measure::measure(args, screen),
        Command::Leases(args) => leases::leases(args, screen),
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

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Cli::command().debug_assert();
    }
}
