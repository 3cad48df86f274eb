//! The first event that differs between two processes that should be equal.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use report::trace::{self, Columns, Filter, Header, Line, Tracer};
use runner::run_with_bug;
use scenario::Resolved;
use sut::bugs::Bug;
use sut::time_text::show;

use super::screen::Stop;
use super::twin::program;

/// Runs a scenario here and in a second process, and describes the first difference. If it cannot be found,
/// the description gives the reason, because the difference itself is the finding.
pub(crate) fn between(twin: Option<&Path>, scenario: &Resolved, bug: Option<Bug>) -> String {
    let header = Header::of(scenario, bug);
    let mut ours = Vec::new();
    let mut tracer = Tracer::new(header.nodes.clone(), |line| ours.push(line));
    let _ = run_with_bug(scenario, bug, &mut tracer);
    drop(tracer);
    match second(twin, scenario, bug) {
        Ok(theirs) => compare(&header, &ours, &theirs),
        Err(Stop::Failed(_, why)) => format!("the place of the difference is not known: {why}"),
        Err(Stop::Closed) => unreachable!("nothing is shown here"),
    }
}

/// The trace of the second process.
fn second(twin: Option<&Path>, scenario: &Resolved, bug: Option<Bug>) -> Result<Vec<Line>, Stop> {
    let folder = Folder::new()?;
    let fails =
        |what: &dyn std::fmt::Display| Stop::bad_input(format!("the second process: {what}"));
    let (file, traced) = (folder.0.join("scenario.json"), folder.0.join("trace.jsonl"));
    fs::write(&file, scenario.to_json()).map_err(|error| fails(&error))?;
    let mut command = Command::new(program(twin)?);
    command.args(["run", "--json", "--trace"]).arg(&traced);
    if let Some(bug) = bug {
        command.args(["--bug", bug.id()]);
    }
    command.arg("--").arg(&file).env_remove("RAFTSIM_LOG");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().map_err(|error| fails(&error))?;
    let file = File::open(&traced).map_err(|error| fails(&error))?;
    let (_, lines) = trace::read(BufReader::new(file)).map_err(|error| fails(&error))?;
    lines
        .collect::<Result<_, _>>()
        .map_err(|error| fails(&error))
}

/// A folder of this process, which is removed when this is dropped.
struct Folder(PathBuf);

impl Folder {
    #[expect(
        clippy::disallowed_methods,
        reason = "a place for files that two processes share"
    )]
    fn new() -> Result<Folder, Stop> {
        let name = format!("raftsim-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder)
            .map_err(|error| Stop::bad_input(format!("{}: {error}", folder.display())))?;
        Ok(Folder(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Files that stay in a folder for temporary files do no harm.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The description of the first difference between two traces.
fn compare(header: &Header, ours: &[Line], theirs: &[Line]) -> String {
    let place = ours
        .iter()
        .zip(theirs)
        .position(|(our, their)| our != their);
    let place = place.unwrap_or(ours.len().min(theirs.len()));
    let side = |lines: &[Line]| {
        let everything = Filter {
            idle: true,
            ..Filter::default()
        };
        let mut columns = Columns::new(header, everything, false);
        for line in lines.iter().take(place) {
            columns.skip(line);
        }
        let shown = lines.get(place).and_then(|line| columns.show(line));
        shown.unwrap_or_else(|| "nothing: the run has ended".to_owned())
    };
    let which = match (ours.get(place), theirs.get(place)) {
        (None, None) => {
            return "when they ran again, both were the same: the difference does not occur every time"
                .to_owned();
        }
        (Some(Line::Event(record)), _) | (None, Some(Line::Event(record))) => {
            format!("event {} at {}", record.id, show(record.time))
        }
        (Some(Line::World(deed)), _) | (None, Some(Line::World(deed))) => {
            format!("an event of the world at {}", show(deed.time))
        }
        (Some(Line::Header(_)), _) | (None, Some(Line::Header(_))) => "the header".to_owned(),
    };
    let [mut here, mut there] = [side(ours), side(theirs)];
    if here == there {
        // The difference is not in a column.
        let whole = |lines: &[Line]| {
            let line = serde_json::to_string(&lines.get(place));
            line.expect("records are strings, integers and lists")
        };
        [here, there] = [whole(ours), whole(theirs)];
    }
    let head = Columns::new(header, Filter::default(), false).head();
    format!("the first difference is {which}:\n         {head}\n  here   {here}\n  there  {there}")
}

#[cfg(test)]
mod tests {
    use scenario::{Overrides, parse};

    use super::*;

    fn traced(bug: Option<Bug>) -> (Header, Vec<Line>) {
        let text = r#"{ "format": 1, "name": "two", "nodes": { "count": 3 },
            "phases": [ { "name": "all", "for": "1s" } ] }"#;
        let scenario = parse("two.json", text, &Overrides::default()).expect("sound");
        let mut lines = Vec::new();
        let mut tracer = Tracer::new(Header::of(&scenario, bug).nodes, |line| lines.push(line));
        let _ = run_with_bug(&scenario, bug, &mut tracer);
        drop(tracer);
        (Header::of(&scenario, bug), lines)
    }

    #[test]
    fn the_first_event_that_differs_is_named_and_shown_from_both_sides() {
        let (header, ours) = traced(None);
        let same = compare(&header, &ours, &ours);
        assert!(same.starts_with("when they ran again"), "{same}");
        let mut theirs = ours.clone();
        theirs.remove(20);
        let Line::Event(record) = &ours[20] else {
            panic!("{:?}", ours[20])
        };
        let text = compare(&header, &ours, &theirs);
        let expected = format!("the first difference is event {} at ", record.id);
        assert!(text.starts_with(&expected), "{text}");
        let text = compare(&header, &ours, &ours[..30]);
        assert!(
            text.ends_with("there  nothing: the run has ended"),
            "{text}"
        );
    }
}
