//! `raftsim trace --svg`: draws the lines of a trace as a diagram in a file.

use std::fs;
use std::path::{Path, PathBuf};

use report::diagram::{Ending, Options, svg};
use report::trace::{Filter, Header, Line};
use runner::{Outcome, Verdict};

use super::cli::Trace;
use super::screen::Stop;

/// Collects the lines for the diagram.
pub(crate) struct Picture {
    path: PathBuf,
    options: Options,
    lines: Vec<Line>,
}

impl Picture {
    /// A picture, if the command line asks for one. It may not overwrite the input file.
    pub(crate) fn wanted(
        args: &Trace,
        read: &Path,
        header: &Header,
        filter: &Filter,
    ) -> Result<Option<Picture>, Stop> {
        let Some(path) = &args.svg else {
            return Ok(None);
        };
        if args.why.flatten().is_some() {
            let message = "--svg draws a part of a run, not the causes of one event: leave out the \
                           number after --why";
            return Err(Stop::bad_input(message));
        }
        let same = |path: &Path| fs::canonicalize(path).ok();
        if same(path).is_some_and(|path| Some(path) == same(read)) {
            let message = format!(
                "--svg {} would overwrite another file of this command",
                path.display()
            );
            return Err(Stop::bad_input(message));
        }
        Ok(Some(Picture {
            path: path.clone(),
            options: Options {
                filter: filter.clone(),
                scale: args.scale.scale(),
                ..Options::default()
            },
            lines: vec![Line::Header(header.clone())],
        }))
    }

    /// Takes the next line of the trace.
    pub(crate) fn take(&mut self, line: &Line) {
        self.lines.push(line.clone());
    }

    /// Draws the collected lines and writes the file. Returns a message with its path.
    pub(crate) fn finish(&mut self, outcome: Option<&Outcome>) -> Result<String, Stop> {
        if let Some(Verdict::Safety(violation)) = outcome.map(|outcome| &outcome.verdict) {
            self.options.ending = Some(Ending::of(violation));
        }
        let path = self.path.display();
        fs::write(&self.path, svg(&self.lines, &self.options))
            .map_err(|error| Stop::bad_input(format!("cannot write {path}: {error}")))?;
        Ok(format!("drawn in {path}"))
    }
}
