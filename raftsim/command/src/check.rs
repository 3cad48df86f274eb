//! `raftsim check`: every mistake of every file.

use std::io::Write;

use scenario::check_all;

use super::cli::Check;
use super::exit::Exit;
use super::files::ScenarioFile;
use super::screen::{GOOD, Screen, Stop, styled};

pub(crate) fn check(args: &Check, screen: &mut Screen) -> Result<Exit, Stop> {
    let mut worst = Exit::Fine;
    for argument in &args.files {
        let file = match ScenarioFile::read(argument) {
            Ok(file) => file,
            Err(stop) => {
                worst = worst.worst(screen.report(stop)?);
                continue;
            }
        };
        let found = check_all(&file.path, &file.text);
        if found.is_empty() {
            writeln!(screen.out, "{} {}", styled(GOOD, "ok"), file.path)?;
            continue;
        }
        file.show(&found, screen);
        worst = worst.worst(Exit::BadInput);
    }
    Ok(worst)
}
