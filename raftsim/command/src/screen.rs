//! Standard output and standard error, with or without colour.

use std::io::{self, Stderr, StdoutLock, Write};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};

use super::cli::ColorWhen;
use super::exit::Exit;

/// Data goes to `out`, everything else to `err`. Each strips styles that its reader cannot show.
pub(crate) struct Screen {
    pub(crate) out: AutoStream<StdoutLock<'static>>,
    /// Not locked, because the handler of Ctrl-C writes there from its own thread.
    pub(crate) err: AutoStream<Stderr>,
}

/// The reason why a command stops early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The reader of standard output is gone.
    Closed,
    /// An error, with its exit code and its message.
    Failed(Exit, String),
}

impl Stop {
    pub(crate) fn bad_input(message: impl Into<String>) -> Stop {
        Stop::Failed(Exit::BadInput, message.into())
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Stop::Closed,
            _ => Stop::bad_input(format!("cannot write: {error}")),
        }
    }
}

impl Screen {
    pub(crate) fn new(color: ColorWhen) -> Screen {
        Screen {
            out: AutoStream::new(io::stdout().lock(), color.choice()),
            err: AutoStream::new(io::stderr(), color.choice()),
        }
    }

    /// Whether standard error shows colours.
    pub(crate) fn err_has_color(&self) -> bool {
        self.err.current_choice() != anstream::ColorChoice::Never
    }

    /// Shows an error.
    pub(crate) fn fail(&mut self, message: &str) {
        self.tell(&format!("{}: {message}", styled(BAD, "error")));
    }

    /// Shows the error of one of several inputs, so that the command can continue with the others.
    pub(crate) fn report(&mut self, stop: Stop) -> Result<Exit, Stop> {
        match stop {
            Stop::Closed => Err(Stop::Closed),
            Stop::Failed(exit, message) => {
                self.fail(&message);
                Ok(exit)
            }
        }
    }

    /// Shows the user a text that is not data. A closed standard error is no problem.
    pub(crate) fn tell(&mut self, text: &str) {
        let _ = writeln!(self.err, "{}", text.trim_end());
    }
}

pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const HEAD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();

/// The text in a style.
pub(crate) fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// How many characters fit into a line of standard output; `None` unless it is a terminal.
#[cfg(unix)]
pub(crate) fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then(|| usize::from(size.ws_col))
}

/// How many characters fit into a line of standard output; not known on this system.
#[cfg(not(unix))]
pub(crate) fn columns() -> Option<usize> {
    None
}
