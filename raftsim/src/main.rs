//! The command `raftsim`.

mod command;

use std::io::Write;
use std::process::ExitCode;

use command::Exit;

fn main() -> ExitCode {
    // Assertions that fail inside a simulated server are findings and are caught where the run is;
    // what arrives here is a mistake of the tool, and the panic's message was printed already.
    let exit = std::panic::catch_unwind(command::main).unwrap_or_else(|_| {
        let report = "this is a bug in raftsim itself, not in what it ran: please report it with \
                      the command you typed";
        // Nobody may be listening, and there is nobody else to tell.
        let _ = writeln!(std::io::stderr(), "{report}");
        Exit::Bug
    });
    ExitCode::from(exit.code())
}
