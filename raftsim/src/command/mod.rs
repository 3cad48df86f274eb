//! The command line: what is typed becomes calls of the library, what comes back becomes text.

mod cli;
mod exit;
mod files;
mod interrupt;
mod run;
mod screen;
mod stopwatch;

use clap::Parser;

pub(crate) use exit::Exit;

use cli::{Cli, Command};
use screen::{Screen, Stop};

/// Does what the command line asks.
pub(crate) fn main() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help that nobody reads is no failure; mistakes go to standard error.
            let _ = error.print();
            return if error.use_stderr() { Exit::BadInput } else { Exit::Fine };
        }
    };
    let mut screen = Screen::new(cli.common.color);
    match dispatch(cli, &mut screen) {
        Ok(exit) => exit,
        Err(Stop::Unread) => Exit::Fine,
        Err(Stop::Told(exit, message)) => {
            screen.tell(&format!("error: {message}"));
            exit
        }
    }
}

fn dispatch(cli: Cli, screen: &mut Screen) -> Result<Exit, Stop> {
    match cli.command {
        Command::Run(run) => run::run(&run, screen),
        _ => Err(Stop::bad_input("not yet")),
    }
}
