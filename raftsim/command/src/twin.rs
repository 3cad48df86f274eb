//! The second process of `--twice`: it runs the same seeds, and only the hashes are compared. Differences
//! between processes (addresses, random hash keys, environment) must not matter.

use std::io::{BufRead, BufReader, Lines};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde::Serialize;
use sut::bugs::Bug;

use super::exit::Exit;
use super::line::to_line;
use super::screen::Stop;

/// A process that runs the same seeds in the same order.
pub(crate) struct Twin {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Twin {
    /// Starts the second process for seeds of a scenario file, with values of its parameters.
    pub(crate) fn of_file(
        twin: Option<&Path>,
        file: &str,
        (first, runs): (u64, u64),
        sets: &[(String, String)],
        bug: Option<Bug>,
    ) -> Result<Twin, Stop> {
        let mut command = Command::new(program(twin)?);
        let (first, runs) = (first.to_string(), runs.to_string());
        command.args(["run", "--json", "--seed", &first, "--runs", &runs]);
        command.args(
            sets.iter()
                .flat_map(|(name, value)| ["--set".to_owned(), format!("{name}={value}")]),
        );
        with_bug(&mut command, bug);
        command.arg("--").arg(file);
        Twin::start(command)
    }

    /// Starts the second process for seeds of a search; `source` has the arguments for their source.
    pub(crate) fn of_search(
        twin: Option<&Path>,
        source: &[&str],
        seeds: &Range<u64>,
        jobs: usize,
        bug: Option<Bug>,
    ) -> Result<Twin, Stop> {
        let mut command = Command::new(program(twin)?);
        let seeds = format!("{}..{}", seeds.start, seeds.end);
        command.args(["fuzz", "--hashes", "--seeds", &seeds]);
        command.args(["--jobs", &jobs.to_string()]);
        with_bug(&mut command, bug);
        command.args(source);
        Twin::start(command)
    }

    fn start(mut command: Command) -> Result<Twin, Stop> {
        command
            .env_remove("RAFTSIM_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        // Ctrl-C is for this process only. It ends the second process itself.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(not_started)?;
        let output = child.stdout.take().expect("standard output was asked for");
        Ok(Twin {
            child,
            lines: BufReader::new(output).lines(),
        })
    }

    /// The hash of the second process for this seed. A missing hash is an error, because nothing was
    /// compared.
    pub(crate) fn hash_of(&mut self, seed: u64) -> Result<String, Stop> {
        let Some(Ok(line)) = self.lines.next() else {
            let ended = match self.child.wait() {
                Ok(status) => status.to_string(),
                Err(error) => error.to_string(),
            };
            let message =
                format!("the second process gave no hash for seed {seed}; it ended with {ended}");
            return Err(Stop::Failed(Exit::Bug, message));
        };
        match hash_in(&line, seed) {
            Some(hash) => Ok(hash),
            None => {
                let message =
                    format!("the second process gave an unexpected line for seed {seed}: {line}");
                Err(Stop::Failed(Exit::Bug, message))
            }
        }
    }
}

/// The program of the second process: the given one, or else this one.
pub(crate) fn program(named: Option<&Path>) -> Result<PathBuf, Stop> {
    match named {
        Some(program) => Ok(program.to_owned()),
        None => std::env::current_exe().map_err(not_started),
    }
}

fn not_started(error: std::io::Error) -> Stop {
    Stop::bad_input(format!("cannot start the second process: {error}"))
}

fn with_bug(command: &mut Command, bug: Option<Bug>) {
    if let Some(bug) = bug {
        command.args(["--bug", bug.id()]);
    }
}

/// The line in which a second process reports the hash of a seed.
pub(crate) fn hash_line(seed: u64, hash: u64) -> String {
    to_line(&HashLine {
        r#type: "run",
        seed,
        trace_hash: format!("{hash:016x}"),
    })
}

#[derive(Serialize)]
struct HashLine {
    r#type: &'static str,
    seed: u64,
    trace_hash: String,
}

fn hash_in(line: &str, seed: u64) -> Option<String> {
    let run: serde_json::Value = serde_json::from_str(line).ok()?;
    let is_run = run.get("type")? == "run" && run.get("seed")?.as_u64()? == seed;
    is_run.then_some(run.get("trace_hash")?.as_str()?.to_owned())
}

impl Drop for Twin {
    fn drop(&mut self) {
        // The process is done or no longer needed. It may have ended by itself.
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
        let hash = hash_in(&hash_line(7, 255), 7);
        assert_eq!(hash.as_deref(), Some("00000000000000ff"));
        assert_eq!(hash_in("error", 3), None);
        assert_eq!(
            hash_in(r#"{"type":"total","seed":3,"trace_hash":"00ff"}"#, 3),
            None
        );
    }
}
