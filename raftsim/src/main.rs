//! The command `raftsim`.

mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(command::guarded(command::main).code())
}
