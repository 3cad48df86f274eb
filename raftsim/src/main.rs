//! The command `raftsim`.

use std::process::ExitCode;

fn main() -> ExitCode {
    command::main()
}
