//! Standard output and standard error, with or without colour.

use std::io::{self, Stderr, StdoutLock, Write};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};

use super::cli::ColorWhen;
use super::exit::Exit;

/// Data goes to `out`, everything else to `err`. Each strips the styles that its reader cannot
/// show.
pub(crate) struct Screen {
    pub(crate) out: AutoStream<StdoutLock<'static>>,
    /// Not locked: the handler of Ctrl-C writes there from a thread of its own.
    pub(crate) err: AutoStream<Stderr>,
}

/// Why a command stops before its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Whoever read standard output has seen enough.
    Unread,
    /// Something is wrong, and this is what.
    Told(Exit, String),
}

impl Stop {
    pub(crate) fn bad_input(message: impl Into<String>) -> Stop {
        Stop::Told(Exit::BadInput, message.into())
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Stop::Unread,
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

    /// Says what is wrong.
    pub(crate) fn fail(&mut self, message: &str) {
        self.tell(&format!("{}: {message}", styled(BAD, "error")));
    }

    /// Says what is wrong with one of several things, so that the others can be looked at.
    pub(crate) fn survive(&mut self, stop: Stop) -> Result<Exit, Stop> {
        match stop {
            Stop::Unread => Err(Stop::Unread),
            Stop::Told(exit, message) => {
                self.fail(&message);
                Ok(exit)
            }
        }
    }

    /// Tells the user something that is not data. If nobody listens, so be it.
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
