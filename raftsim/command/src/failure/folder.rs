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

use super::Token;

/// The scenario, with everything drawn; runs as a file.
pub const SCENARIO: &str = "scenario.json";
/// Every action of the run as a stepped scenario; runs as a file.
pub const ACTIONS: &str = "actions.json";
/// What clients did and saw.
pub const HISTORY: &str = "history.jsonl";
/// Every event of the run.
pub const TRACE: &str = "trace.jsonl";
/// Each server as it was when the run ended.
pub const SERVERS: &str = "servers.json";
/// The [`Record`].
pub const VERDICT: &str = "verdict.json";

/// What became of a run, and how to run it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The verdict: `safety`, `expectation` or `liveness`.
    pub verdict: String,
    /// The property that does not hold, where one does not.
    pub property: Option<String>,
    /// Both facts that contradict each other, in one line.
    pub says: String,
    /// The scenario's name.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// The bug that was planted.
    pub bug: Option<String>,
    /// The hash of all that was done, in 16 hex digits.
    pub trace_hash: String,
    /// What the hash depends on.
    pub trace_version: u32,
    /// Where the run comes from, in one line.
    pub token: String,
}

impl Record {
    /// The record of a run that this token stands for.
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

/// How much of a run is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// What is needed to run it again.
    Seed,
    /// Its actions, history and trace, too. The run is repeated for them.
    Everything,
}

/// What the folder of a run is called: by scenario, seed and bug.
#[must_use]
pub fn name(ran: &Ran) -> String {
    let scenario = &ran.scenario;
    // The scenarios of a profile have their seed in their name.
    let seed = format!("-{}", scenario.seed);
    let name = scenario.name.strip_suffix(&seed).unwrap_or(&scenario.name);
    let bug = ran.bug.map_or_else(String::new, |bug| format!("-{bug}"));
    format!("{name}{seed}{bug}")
}

/// Writes the folder of a run into `under`; the folder. What an earlier run left there goes.
///
/// # Errors
/// What the file system says; the path that it is about stands in the message.
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

/// Runs it again, writes its trace, and gives its actions.
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

/// The folder that a file lies in, if it is one of those that are kept of a failing run and means
/// the whole run: all but the actions, which run by themselves.
#[must_use]
pub fn around(file: &Path) -> Option<&Path> {
    let name = file.file_name()?.to_str()?;
    let folder = file.parent()?;
    let part = [SCENARIO, HISTORY, TRACE, VERDICT].contains(&name);
    (part && folder.join(VERDICT).is_file()).then_some(folder)
}

/// A folder that was read.
#[derive(Clone, Debug)]
pub struct Kept {
    /// What became of the run then.
    pub record: Record,
    /// The file to run: the scenario, or the actions where the scenario would give another run
    /// with this version.
    pub file: PathBuf,
}

/// Reads the folder of a run.
///
/// # Errors
/// What is wrong with it, for people.
pub fn read(folder: &Path) -> Result<Kept, String> {
    let path = folder.join(VERDICT);
    let shown = folder.display();
    let text = fs::read_to_string(&path).map_err(|error| {
        format!("{shown} is no folder of a failing run: cannot read {VERDICT}: {error}")
    })?;
    let record: Record = serde_json::from_str(&text)
        .map_err(|error| format!("{} is damaged: {error}", path.display()))?;
    let same = record.trace_version == TRACE_VERSION;
    let name = if same { SCENARIO } else { ACTIONS };
    let file = folder.join(name);
    if !file.is_file() {
        let version = record.trace_version;
        return Err(match same {
            true => format!("{shown} is not whole: it lacks {name}"),
            false => format!(
                "{shown} is of trace version {version}, which only {name} could tell now, and it was \
                 kept without"
            ),
        });
    }
    Ok(Kept { record, file })
}
