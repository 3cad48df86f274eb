//! `raftsim list`: scenarios by group, with their titles.

use std::io::Write;
use std::path::Path;

use scenario::{Overrides, stem};
use serde::Serialize;
use sut::nearest;

use super::cli::List;
use super::exit::Exit;
use super::files::{FOLDER, ScenarioFile, in_directory, short_name};
use super::groups::{GROUPS, Group, natural};
use super::line::to_line;
use super::screen::{BAD, DIM, HEAD, Screen, Stop, columns, styled};

/// The scenario to begin with. It is the first of its group.
const FIRST: &str = "first-tour";
/// Names are padded to at most this width, so that one long name moves no other title.
const WIDEST_NAME: usize = 40;
/// A title gets at least this many columns; otherwise it is not wrapped.
const NARROWEST_TITLE: usize = 24;

pub(crate) fn list(args: &List, screen: &mut Screen) -> Result<Exit, Stop> {
    let mut sections = Vec::new();
    match &args.what[..] {
        [] => sections.extend(library(FOLDER)?),
        several => {
            for what in several {
                sections.extend(find(what)?);
            }
        }
    }
    if args.json {
        for section in &sections {
            for entry in &section.entries {
                writeln!(screen.out, "{}", to_line(&Line::of(entry, section)))?;
            }
        }
        return Ok(Exit::Fine);
    }
    let columns = columns();
    for (place, section) in sections.iter().enumerate() {
        if place > 0 {
            writeln!(screen.out)?;
        }
        show(section, columns, screen)?;
    }
    if args.what.is_empty() {
        let (name, group) = (format!("raftsim run {FIRST}"), "raftsim list lessons");
        writeln!(
            screen.out,
            "\nRun one          {name}\nList one group   {group}"
        )?;
    }
    Ok(Exit::Fine)
}

/// The scenarios of one group, or of one folder.
struct Section {
    group: Option<&'static Group>,
    entries: Vec<Entry>,
}

/// One scenario file.
struct Entry {
    /// What `raftsim run` takes.
    name: String,
    path: String,
    /// `None` if the file has mistakes.
    sound: Option<Sound>,
}

/// What a file without mistakes says.
struct Sound {
    title: String,
    source: Vec<String>,
    stepped: bool,
    branches: Vec<String>,
}

/// The sections that an argument means: a folder, or else a group.
fn find(what: &str) -> Result<Vec<Section>, Stop> {
    let path = Path::new(what);
    let same = |other: &Path| path.canonicalize().ok() == other.canonicalize().ok();
    if path.is_dir() {
        if same(Path::new(FOLDER)) {
            return library(what);
        }
        let group = GROUPS
            .iter()
            .find(|group| !group.folder.is_empty() && same(&Path::new(FOLDER).join(group.folder)));
        return Ok(vec![section(path, group)?]);
    }
    if path.is_file() {
        let help = format!("`raftsim check {what}` looks for mistakes in it");
        return Err(Stop::bad_input(format!(
            "{what} is a file, not a folder: {help}"
        )));
    }
    if let Some(group) = GROUPS.iter().find(|group| group.is_called(what)) {
        return Ok(vec![section(
            &Path::new(FOLDER).join(group.folder),
            Some(group),
        )?]);
    }
    if what.contains(['/', '\\', '.']) {
        return Err(Stop::bad_input(format!("there is no folder {what}")));
    }
    let names = GROUPS.map(|group| group.name);
    let help = match nearest(what, names) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("the groups are {}", names.join(", ")),
    };
    let message = format!("no group of scenarios is called {what}: {help}");
    Err(Stop::Failed(Exit::NothingMatched, message))
}

/// Every group that the folder has.
fn library(folder: &str) -> Result<Vec<Section>, Stop> {
    let folder = Path::new(folder);
    let mut sections = Vec::new();
    for group in &GROUPS {
        let path = folder.join(group.folder);
        if group.folder.is_empty() || path.is_dir() {
            sections.push(section(&path, Some(group))?);
        }
    }
    Ok(sections)
}

/// The scenarios of one folder, in reading order.
fn section(folder: &Path, group: Option<&'static Group>) -> Result<Section, Stop> {
    let shown = folder.display();
    let mut files = in_directory(folder).map_err(|error| {
        let help = "run raftsim in the folder of the project, or name a folder";
        Stop::bad_input(format!("cannot read {shown}: {error}: {help}"))
    })?;
    if files.is_empty() {
        let message = format!("there are no scenarios in {shown}");
        return Err(Stop::Failed(Exit::NothingMatched, message));
    }
    let order = |path: &std::path::PathBuf| {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let part = group.map_or(0, |group| group.part_of(&stem));
        (part, stem != FIRST, natural(&stem))
    };
    files.sort_by_cached_key(order);
    let entries = files.iter().map(|path| entry(path));
    Ok(Section {
        group,
        entries: entries.collect(),
    })
}

fn entry(path: &Path) -> Entry {
    let path = path.display().to_string();
    let scenario = ScenarioFile::read(&path)
        .ok()
        .and_then(|file| file.resolve(&Overrides::default()).ok());
    let sound = scenario.map(|scenario| Sound {
        stepped: scenario.script().is_some(),
        branches: scenario.branches().map(str::to_owned).collect(),
        title: scenario.title.unwrap_or(scenario.name),
        source: scenario.source.map_or(Vec::new(), |source| source.0),
    });
    Entry {
        name: short_name(&path).unwrap_or_else(|| path.clone()),
        path,
        sound,
    }
}

/// Shows a section: its heading, then a line for each scenario, under the headings of its parts.
fn show(section: &Section, columns: Option<usize>, screen: &mut Screen) -> Result<(), Stop> {
    let indent = match section.group {
        Some(group) => {
            let heading = styled(HEAD, group.heading);
            let command = styled(DIM, &format!("raftsim list {}", group.name));
            writeln!(screen.out, "{heading}   {command}")?;
            2
        }
        None => 0,
    };
    let width = |entry: &Entry| entry.name.chars().count();
    let widths = section.entries.iter().map(width);
    let padded = widths.filter(|width| *width <= WIDEST_NAME).max();
    let padded = padded.unwrap_or(0);
    let mut last = None;
    for entry in &section.entries {
        let group = section.group.filter(|group| !group.parts.is_empty());
        if let Some(group) = group {
            let part = group.part_of(stem(&entry.path));
            if last != Some(part) {
                let heading = group
                    .parts
                    .get(part)
                    .map_or("Other", |(_, heading)| *heading);
                writeln!(screen.out, "  {heading}")?;
            }
            last = Some(part);
        }
        let indent = indent + if group.is_some() { 2 } else { 0 };
        for line in lines(entry, section.group, indent, padded, columns) {
            writeln!(screen.out, "{line}")?;
        }
    }
    Ok(())
}

/// An entry as lines: one, unless its title does not fit beside its name in `columns`.
fn lines(
    entry: &Entry,
    group: Option<&Group>,
    indent: usize,
    padded: usize,
    columns: Option<usize>,
) -> Vec<String> {
    let Entry { name, path, sound } = entry;
    let title = match sound {
        Some(sound) => {
            let label = group.and_then(|group| group.label(sound.source.first()?));
            let label = label.map_or(String::new(), |label| format!(" ({label})"));
            format!("{}{label}", sound.title)
        }
        None => format!("has mistakes: `raftsim check {path}` shows them"),
    };
    let start = indent + padded + 2;
    let room = columns.map(|columns| columns.saturating_sub(start));
    let pieces = match room {
        Some(room) if room >= NARROWEST_TITLE => wrapped(&title, room),
        _ => vec![title],
    };
    let mut pieces = pieces.into_iter().map(|piece| match sound {
        Some(_) => piece,
        None => styled(BAD, &piece),
    });
    let head = format!("{:indent$}{}", "", styled(HEAD, name));
    let length = name.chars().count();
    let mut lines = Vec::new();
    if length > padded && columns.is_some() {
        // A name this long has its line, and its title begins on the next.
        lines.push(head);
    } else {
        let gap = padded.saturating_sub(length) + 2;
        let first = pieces.next().unwrap_or_default();
        lines.push(format!("{head}{:gap$}{first}", ""));
    }
    lines.extend(pieces.map(|piece| format!("{:start$}{piece}", "")));
    lines
}

/// A text as lines of at most `room` characters, broken between words. A longer word stays whole.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    path: &'a str,
    group: Option<&'static str>,
    sound: bool,
    title: Option<&'a str>,
    source: &'a [String],
    mode: Option<&'static str>,
    branches: &'a [String],
}

impl Line<'_> {
    fn of<'a>(entry: &'a Entry, section: &Section) -> Line<'a> {
        let sound = entry.sound.as_ref();
        let mode = |sound: &Sound| match sound.stepped {
            true => "stepped",
            false => "timed",
        };
        Line {
            name: &entry.name,
            path: &entry.path,
            group: section.group.map(|group| group.name),
            sound: sound.is_some(),
            title: sound.map(|sound| sound.title.as_str()),
            source: sound.map_or(&[], |sound| &sound.source),
            mode: sound.map(mode),
            branches: sound.map_or(&[], |sound| &sound.branches),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: &str, title: &str, columns: Option<usize>) -> Vec<String> {
        let sound = Sound {
            title: title.to_owned(),
            source: vec!["Raft paper §5.4.2, Figure 8".to_owned()],
            stepped: true,
            branches: Vec::new(),
        };
        let entry = Entry {
            name: name.to_owned(),
            path: format!("{name}.json"),
            sound: Some(sound),
        };
        let figures = GROUPS.iter().find(|group| group.is_called("figures"));
        let lines = lines(&entry, figures, 2, 9, columns);
        lines
            .iter()
            .map(|line| anstream::adapter::strip_str(line).to_string())
            .collect()
    }

    #[test]
    fn a_terminal_wraps_titles_and_a_pipe_gets_one_line_a_file() {
        let title = "Why a leader must not commit an entry of an earlier term";
        assert_eq!(
            shown("figure/8", title, Some(50)),
            [
                "  figure/8   Why a leader must not commit an entry",
                "             of an earlier term (Figure 8)",
            ]
        );
        let whole = format!("  figure/8   {title} (Figure 8)");
        assert_eq!(shown("figure/8", title, None), [whole.as_str()]);
        assert_eq!(
            shown("figure/8", title, Some(20)),
            [whole.as_str()],
            "too narrow to wrap"
        );
    }

    #[test]
    fn a_long_name_moves_no_other_title() {
        assert_eq!(
            shown("figure/a-long-name", "Short", Some(80)),
            ["  figure/a-long-name", "             Short (Figure 8)"]
        );
        assert_eq!(
            shown("figure/a-long-name", "Short", None),
            ["  figure/a-long-name  Short (Figure 8)"]
        );
    }
}
