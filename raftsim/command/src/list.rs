//! `raftsim list`: the scenarios of a directory with their titles.

use std::io::Write;

use scenario::Overrides;

use super::cli::List;
use super::exit::Exit;
use super::files::{ScenarioFile, in_directory};
use super::screen::{BAD, HEAD, Screen, Stop, styled};

pub(crate) fn list(args: &List, screen: &mut Screen) -> Result<Exit, Stop> {
    let directory = args.directory.display();
    let files = in_directory(&args.directory)
        .map_err(|error| Stop::bad_input(format!("cannot read {directory}: {error}")))?;
    if files.is_empty() {
        let message = format!("there are no scenarios in {directory}");
        return Err(Stop::Told(Exit::NothingMatched, message));
    }
    let names: Vec<_> = files
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let width = names
        .iter()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0);
    for name in &names {
        let title = match ScenarioFile::read(name) {
            Ok(file) => match file.resolve(&Overrides::default()) {
                Ok(scenario) => scenario.title.unwrap_or(scenario.name),
                Err(_) => styled(BAD, "has mistakes: see raftsim check"),
            },
            Err(_) => styled(BAD, "cannot be read: see raftsim check"),
        };
        writeln!(
            screen.out,
            "{}  {title}",
            styled(HEAD, &format!("{name:<width$}"))
        )?;
    }
    Ok(Exit::Fine)
}
