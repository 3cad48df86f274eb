//! The second process of `--twice`: it runs the same seeds, and only the hashes are compared. What
//! differs between two processes (addresses, random hash keys, environment) must not matter.

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use raftsim::bugs::Bug;

use super::exit::Exit;
use super::screen::Stop;

/// A process that runs the same seeds of the same file, in step with this one.
pub(crate) struct Twin {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Twin {
    /// Starts `program`, or else this very program once more.
    pub(crate) fn start(
        program: Option<&Path>,
        file: &str,
        (first, runs): (u64, u64),
        sets: &[(String, String)],
        bug: Option<Bug>,
    ) -> Result<Twin, Stop> {
        let fails = |error: std::io::Error| {
            Stop::bad_input(format!("cannot start the second process: {error}"))
        };
        let program = match program {
            Some(program) => program.to_owned(),
            None => std::env::current_exe().map_err(fails)?,
        };
        let mut command = Command::new(program);
        command.args([
            "run",
            "--json",
            "--seed",
            &first.to_string(),
            "--runs",
            &runs.to_string(),
        ]);
        command.args(
            sets.iter()
                .flat_map(|(name, value)| ["--set".to_owned(), format!("{name}={value}")]),
        );
        if let Some(bug) = bug {
            command.args(["--bug", bug.id()]);
        }
        command.arg("--").arg(file).env_remove("RAFTSIM_LOG");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().map_err(fails)?;
        let output = child.stdout.take().expect("standard output was asked for");
        Ok(Twin {
            child,
            lines: BufReader::new(output).lines(),
        })
    }

    /// The hash that the second process has for this seed. One that says nothing has compared
    /// nothing, so silence is an error.
    pub(crate) fn hash_of(&mut self, seed: u64) -> Result<String, Stop> {
        let Some(Ok(line)) = self.lines.next() else {
            let ended = match self.child.wait() {
                Ok(status) => status.to_string(),
                Err(error) => error.to_string(),
            };
            let message =
                format!("the second process said nothing for seed {seed}; it ended with {ended}");
            return Err(Stop::Told(Exit::Bug, message));
        };
        match hash_in(&line, seed) {
            Some(hash) => Ok(hash),
            None => {
                let message =
                    format!("the second process said something else for seed {seed}: {line}");
                Err(Stop::Told(Exit::Bug, message))
            }
        }
    }
}

fn hash_in(line: &str, seed: u64) -> Option<String> {
    let run: serde_json::Value = serde_json::from_str(line).ok()?;
    let is_run = run.get("type")? == "run" && run.get("seed")?.as_u64()? == seed;
    is_run.then_some(run.get("trace_hash")?.as_str()?.to_owned())
}

impl Drop for Twin {
    fn drop(&mut self) {
        // It is done, or nobody needs it any more; either way it may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_taken_from_the_line_of_its_seed_only() {
        let line = r#"{"type":"run","seed":3,"trace_hash":"00ff"}"#;
        assert_eq!(hash_in(line, 3).as_deref(), Some("00ff"));
        assert_eq!(hash_in(line, 4), None);
        assert_eq!(hash_in("error", 3), None);
        assert_eq!(
            hash_in(r#"{"type":"total","seed":3,"trace_hash":"00ff"}"#, 3),
            None
        );
    }
}
