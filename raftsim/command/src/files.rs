//! The files of the arguments.

use std::fs;
use std::path::{Component, Path, PathBuf};

use scenario::{Diagnostic, Overrides, Resolved, parse, render};
use sut::nearest;

use super::exit::Exit;
use super::groups::GROUPS;
use super::screen::{Screen, Stop};

/// The folder in which scenarios are looked up by name.
pub(crate) const FOLDER: &str = "scenarios";

/// The text of a scenario, and its path for the command line and diagnostics.
#[derive(Clone, Debug)]
pub(crate) struct ScenarioFile {
    pub(crate) path: String,
    pub(crate) text: String,
    /// The selected branch.
    branch: Option<String>,
}

/// The reason why a file cannot be run.
pub(crate) enum Unusable {
    /// It has mistakes.
    Mistakes(Vec<Diagnostic>),
    /// It has no such branch.
    Branch(String),
}

impl ScenarioFile {
    /// Reads the file of an argument: a path, or the name of a scenario in `scenarios/`. A branch may
    /// follow after `#`.
    pub(crate) fn read(argument: &str) -> Result<ScenarioFile, Stop> {
        let (file, branch) = match argument.rsplit_once('#') {
            Some((file, branch)) if !Path::new(argument).exists() => (file, Some(branch)),
            _ => (argument, None),
        };
        let path = find(file)?;
        let bytes = fs::read(&path)
            .map_err(|error| Stop::bad_input(format!("cannot read {}: {error}", path.display())))?;
        let path = path.display().to_string();
        let text = String::from_utf8(bytes)
            .map_err(|_| Stop::bad_input(format!("{path} is not text: it is not UTF-8")))?;
        let branch = branch.map(str::to_owned);
        Ok(ScenarioFile { path, text, branch })
    }

    /// The scenario for one seed, along the selected branch.
    pub(crate) fn resolve(&self, overrides: &Overrides) -> Result<Resolved, Unusable> {
        let whole = parse(&self.path, &self.text, overrides).map_err(Unusable::Mistakes)?;
        let Some(branch) = &self.branch else {
            return Ok(whole);
        };
        whole.along(branch).ok_or_else(|| {
            let names: Vec<_> = whole.branches().collect();
            let help = match nearest(branch, names.iter().copied()) {
                Some(near) => format!("did you mean {near}?"),
                None if names.is_empty() => "it has no branches".to_owned(),
                None => format!("its branches are {}", names.join(", ")),
            };
            Unusable::Branch(format!("{} has no branch {branch}: {help}", self.path))
        })
    }

    /// The same. If it fails, the reason is shown.
    pub(crate) fn scenario(
        &self,
        overrides: &Overrides,
        screen: &mut Screen,
    ) -> Result<Resolved, Exit> {
        self.resolve(overrides)
            .map_err(|unusable| self.explain(&unusable, screen))
    }

    /// The branches of a file, as arguments. Empty if it has no branches.
    pub(crate) fn branches(&self, argument: &str) -> Vec<String> {
        match self.resolve(&Overrides::default()) {
            Ok(scenario) => {
                let names = scenario.branches();
                names.map(|name| format!("{argument}#{name}")).collect()
            }
            Err(_) => Vec::new(),
        }
    }

    /// Shows why the file cannot be run.
    pub(crate) fn explain(&self, unusable: &Unusable, screen: &mut Screen) -> Exit {
        match unusable {
            Unusable::Mistakes(found) => {
                self.show(found, screen);
                Exit::BadInput
            }
            Unusable::Branch(message) => {
                screen.fail(message);
                Exit::NothingMatched
            }
        }
    }

    /// Shows the mistakes of the file.
    pub(crate) fn show(&self, found: &[Diagnostic], screen: &mut Screen) {
        let color = screen.err_has_color();
        screen.tell(&render(found, &self.text, color));
    }
}

fn find(argument: &str) -> Result<PathBuf, Stop> {
    let path = Path::new(argument);
    if path.is_dir() {
        let message =
            format!("{argument} is a directory: name its files, such as {argument}/*.json");
        return Err(Stop::bad_input(message));
    }
    if path.exists() {
        return Ok(path.to_owned());
    }
    if argument.contains(['*', '?', '[']) {
        return Err(Stop::Failed(
            Exit::NothingMatched,
            format!("no file matches {argument}"),
        ));
    }
    if !is_name(path) {
        let files: Vec<_> = folders().iter().flat_map(|folder| paths(folder)).collect();
        let help = match nearest(argument, files.iter().map(String::as_str)) {
            Some(near) => format!("did you mean {near}?"),
            None => "`raftsim list` shows all scenarios".to_owned(),
        };
        return Err(Stop::bad_input(format!(
            "there is no file {argument}: {help}"
        )));
    }
    match &named(argument)[..] {
        [path] => return Ok(path.clone()),
        [] => {}
        several => {
            let names: Vec<_> = several.iter().map(|path| shown_name(path)).collect();
            let names = names.join(", ");
            return Err(Stop::bad_input(format!(
                "several scenarios are called {argument}: write one of {names}"
            )));
        }
    }
    let known: Vec<_> = folders().iter().flat_map(|folder| names(folder)).collect();
    let help = match nearest(argument, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean {near}?"),
        None if known.is_empty() => format!("there are no scenarios in ./{FOLDER}"),
        None => "`raftsim list` shows all scenarios".to_owned(),
    };
    Err(Stop::Failed(
        Exit::NothingMatched,
        format!("no scenario is called {argument}: {help}"),
    ))
}

/// Whether an argument may be the name of a scenario: `NAME`, or `FOLDER/NAME`.
fn is_name(path: &Path) -> bool {
    let mut parts = path.components();
    let plain = parts.all(|part| matches!(part, Component::Normal(_)));
    plain && path.extension().is_none() && path.components().count() <= 2
}

/// The folders in which names are looked up: `scenarios`, and each folder in it.
fn folders() -> Vec<PathBuf> {
    let inner = GROUPS
        .iter()
        .map(|group| Path::new(FOLDER).join(group.folder));
    inner.collect()
}

/// The files that a name means: the one in `scenarios` itself, else those in its folders.
fn named(name: &str) -> Vec<PathBuf> {
    let file = |folder: &PathBuf| {
        let ends = ["json", "jsonc"].iter();
        let mut paths = ends.map(|end| folder.join(format!("{name}.{end}")));
        paths.find(|path| path.is_file())
    };
    let found: Vec<_> = folders().iter().filter_map(file).collect();
    match found.first() {
        Some(first) if first.parent() == Some(Path::new(FOLDER)) => vec![first.clone()],
        _ => found,
    }
}

/// The name by which a command finds a scenario file of `scenarios`: its path in there, without the
/// ending. `None` for a file elsewhere.
pub(crate) fn short_name(path: &str) -> Option<String> {
    let inside = Path::new(path)
        .strip_prefix(FOLDER)
        .ok()?
        .with_extension("");
    (is_name(&inside)).then(|| inside.display().to_string())
}

fn shown_name(path: &Path) -> String {
    let path = path.display().to_string();
    short_name(&path).unwrap_or(path)
}

/// The scenario files of a directory, in order.
pub(crate) fn in_directory(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let ends = path.extension().and_then(|extension| extension.to_str());
        if path.is_file() && matches!(ends, Some("json" | "jsonc")) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The paths of the scenarios of a directory.
fn paths(directory: &Path) -> Vec<String> {
    let files = in_directory(directory).unwrap_or_default();
    files
        .iter()
        .map(|path| path.display().to_string())
        .collect()
}

/// The names of the scenarios of a directory, with the folder's as users type them.
fn names(directory: &Path) -> Vec<String> {
    let files = in_directory(directory).unwrap_or_default();
    files.iter().map(|path| shown_name(path)).collect()
}
