//! The folder of a failing run.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use checks::history_export;
use fuzz::Ran;
use report::failure_report;
use report::trace::{self, Header, Line, Tracer, statuses};
use runner::run_with_bug;
use runner::{Recording, TRACE_VERSION, Verdict};
use serde::{Deserialize, Serialize};

use super::token::Token;

/// The scenario, with everything drawn; runs as a file.
pub const SCENARIO: &str = "scenario.json";
/// Every action of the run as a stepped scenario; runs as a file.
pub const ACTIONS: &str = "actions.json";
/// The operations of the clients and their answers.
pub const HISTORY: &str = "history.jsonl";
/// Every event of the run.
pub const TRACE: &str = "trace.jsonl";
/// The state of each server at the end of the run.
pub const SERVERS: &str = "servers.json";
/// The [`Record`].
pub const VERDICT: &str = "verdict.json";

/// The result of a run, and how to repeat it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The verdict: `safety`, `expectation` or `liveness`.
    pub verdict: String,
    /// The violated property, if there is one.
    pub property: Option<String>,
    /// The two facts that contradict each other, in one line.
    pub says: String,
    /// The scenario's name.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// The planted bug.
    pub bug: Option<String>,
    /// The trace hash, in 16 hex digits.
    pub trace_hash: String,
    /// The trace version, on which the hash depends.
    pub trace_version: u32,
    /// The token: the origin of the run, in one line.
    pub token: String,
}

impl Record {
    /// The record of a run with this token.
    #[must_use]
    pub fn of(ran: &Ran, token: &Token) -> Self {
        let property = match &ran.outcome.verdict {
            Verdict::Safety(violation) => Some(violation.broken.name().to_owned()),
            _ => None,
        };
        Self {
            verdict: ran.outcome.verdict.name().to_owned(),
            property,
            says: failure_report::line(&ran.outcome),
            scenario: ran.scenario.name.clone(),
            seed: ran.scenario.seed,
            bug: ran.bug.map(|bug| bug.id().to_owned()),
            trace_hash: format!("{:016x}", ran.outcome.trace_hash),
            trace_version: TRACE_VERSION,
            token: token.to_string(),
        }
    }
}

/// The parts of a run that are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// The parts that are necessary to repeat it.
    Seed,
    /// Also its actions, history and trace. The run is repeated for them.
    Everything,
}

/// The name of a run's folder, from scenario, seed and bug.
#[must_use]
pub fn name(ran: &Ran) -> String {
    let scenario = &ran.scenario;
    // The scenarios of a profile have their seed in their names.
    let seed = format!("-{}", scenario.seed);
    let name = scenario.name.strip_suffix(&seed).unwrap_or(&scenario.name);
    let bug = ran.bug.map_or_else(String::new, |bug| format!("-{bug}"));
    format!("{name}{seed}{bug}")
}

/// Writes the folder of a run into `under`, and returns its path. Files of an earlier run are removed.
///
/// # Errors
/// The error of the file system, with the path in its message.
pub fn write(under: &Path, ran: &Ran, token: &Token, depth: Depth) -> io::Result<PathBuf> {
    let folder = under.join(name(ran));
    let about = |path: &Path, error: io::Error| {
        io::Error::new(error.kind(), format!("{}: {error}", path.display()))
    };
    fs::create_dir_all(&folder).map_err(|error| about(&folder, error))?;
    for old in [SCENARIO, ACTIONS, HISTORY, TRACE, SERVERS, VERDICT] {
        let path = folder.join(old);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(about(&path, error));
            }
            _ => {}
        }
    }
    let put = |name: &str, content: &mut dyn FnMut(&mut BufWriter<File>) -> io::Result<()>| {
        let path = folder.join(name);
        let mut file = BufWriter::new(File::create(&path).map_err(|error| about(&path, error))?);
        let written = content(&mut file).and_then(|()| file.flush());
        written.map_err(|error| about(&path, error))
    };
    let record = Record::of(ran, token);
    let record = serde_json::to_string_pretty(&record).expect("strings and numbers are JSON");
    put(SCENARIO, &mut |file| {
        writeln!(file, "{}", ran.scenario.to_json())
    })?;
    let servers = statuses(&ran.scenario.nodes, &ran.outcome.servers);
    put(SERVERS, &mut |file| writeln!(file, "{servers}"))?;
    put(VERDICT, &mut |file| writeln!(file, "{record}"))?;
    if depth == Depth::Everything {
        put(HISTORY, &mut |file| {
            history_export::write(&ran.outcome.history, file)
        })?;
        let mut actions = None;
        put(TRACE, &mut |file| {
            actions = Some(traced(ran, file)?);
            Ok(())
        })?;
        let actions = actions.unwrap_or_default();
        put(ACTIONS, &mut |file| writeln!(file, "{actions}"))?;
    }
    Ok(folder)
}

/// Runs it again, writes its trace, and returns its actions.
fn traced(ran: &Ran, to: &mut BufWriter<File>) -> io::Result<String> {
    let header = Header::of(&ran.scenario, ran.bug);
    let mut written = trace::write(&Line::Header(header.clone()), to);
    let mut tracer = Tracer::new(header.nodes, |line| {
        if written.is_ok() {
            written = trace::write(&line, to);
        }
    });
    let mut recording = Recording::new(&mut tracer);
    let outcome = run_with_bug(&ran.scenario, ran.bug, &mut recording);
    let actions = recording.into_scenario(&ran.scenario, ran.bug, &outcome);
    drop(tracer);
    written?;
    Ok(actions.to_json())
}

/// The folder of a file, if the file is part of the folder of a failing run and stands for the whole run.
/// The actions do not: they are a scenario themselves.
#[must_use]
pub fn around(file: &Path) -> Option<&Path> {
    let name = file.file_name()?.to_str()?;
    let folder = file.parent()?;
    let part = [SCENARIO, HISTORY, TRACE, VERDICT].contains(&name);
    (part && folder.join(VERDICT).is_file()).then_some(folder)
}

/// The content of a folder.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The record of the original run.
    pub record: Record,
    /// The file to run: the scenario, or the actions if the scenario may give a different run with this
    /// version.
    pub file: PathBuf,
}

/// Reads the folder of a run.
///
/// # Errors
/// A message for people.
pub fn read(folder: &Path) -> Result<Kept, String> {
    let path = folder.join(VERDICT);
    let shown = folder.display();
    let text = fs::read_to_string(&path).map_err(|error| {
        format!("{shown} is not the folder of a failing run: cannot read {VERDICT}: {error}")
    })?;
    let record: Record = serde_json::from_str(&text)
        .map_err(|error| format!("{} is damaged: {error}", path.display()))?;
    let same = record.trace_version == TRACE_VERSION;
    let name = if same { SCENARIO } else { ACTIONS };
    let file = folder.join(name);
    if !file.is_file() {
        let version = record.trace_version;
        return Err(match same {
            true => format!("{shown} is incomplete: {name} is missing"),
            false => format!(
                "{shown} has trace version {version}, so only {name} can repeat its run now, and that file is \
                 missing"
            ),
        });
    }
    Ok(Kept { record, file })
}
