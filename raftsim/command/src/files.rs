//! Which files the arguments mean.

use std::fs;
use std::path::{Path, PathBuf};

use scenario::{Diagnostic, Overrides, Resolved, parse, render};
use sut::nearest;

use super::exit::Exit;
use super::screen::{Screen, Stop};

/// Where scenarios are looked up by name.
const FOLDER: &str = "scenarios";

/// The text of a scenario, and what it is called on the command line and in diagnostics.
#[derive(Clone, Debug)]
pub(crate) struct ScenarioFile {
    pub(crate) path: String,
    pub(crate) text: String,
    /// The branch that was chosen.
    branch: Option<String>,
}

/// Why a file gives no run.
pub(crate) enum Unusable {
    /// It has mistakes.
    Mistakes(Vec<Diagnostic>),
    /// It has no such branch.
    Branch(String),
}

impl ScenarioFile {
    /// Reads the file that an argument means: a path, or the name of a scenario in `scenarios/`.
    /// After a `#` stands the branch.
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

    /// The scenario for one seed, along the chosen branch.
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

    /// The same, and whoever cannot have it is told why.
    pub(crate) fn scenario(
        &self,
        overrides: &Overrides,
        screen: &mut Screen,
    ) -> Result<Resolved, Exit> {
        self.resolve(overrides)
            .map_err(|unusable| self.explain(&unusable, screen))
    }

    /// The runs of a file: its branches, as arguments that name them. None where it is one run.
    pub(crate) fn branches(&self, argument: &str) -> Vec<String> {
        match self.resolve(&Overrides::default()) {
            Ok(scenario) => {
                let names = scenario.branches();
                names.map(|name| format!("{argument}#{name}")).collect()
            }
            Err(_) => Vec::new(),
        }
    }

    /// Shows why the file gives no run.
    pub(crate) fn explain(&self, unusable: &Unusable, screen: &mut Screen) -> Exit {
        match unusable {
            Unusable::Mistakes(found) => {
                self.show(found, screen);
                Exit::BadInput
            }
            Unusable::Branch(message) => {
                screen.tell(message);
                Exit::NothingMatched
            }
        }
    }

    /// Shows what is wrong with the file.
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
        return Err(Stop::Told(
            Exit::NothingMatched,
            format!("no file matches {argument}"),
        ));
    }
    let is_name = path.extension().is_none() && path.components().count() == 1;
    if !is_name {
        return Err(Stop::bad_input(format!("there is no file {argument}")));
    }
    let named = ["json", "jsonc"].map(|end| Path::new(FOLDER).join(argument).with_extension(end));
    if let Some(path) = named.into_iter().find(|path| path.is_file()) {
        return Ok(path);
    }
    let known = names(Path::new(FOLDER)).unwrap_or_default();
    let help = match nearest(argument, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean {near}?"),
        None if known.is_empty() => format!("there are no scenarios in ./{FOLDER}"),
        None => "`raftsim list` shows them".to_owned(),
    };
    Err(Stop::Told(
        Exit::NothingMatched,
        format!("no scenario is called {argument}: {help}"),
    ))
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

fn names(directory: &Path) -> std::io::Result<Vec<String>> {
    let stem = |path: PathBuf| Some(path.file_stem()?.to_str()?.to_owned());
    Ok(in_directory(directory)?
        .into_iter()
        .filter_map(stem)
        .collect())
}
