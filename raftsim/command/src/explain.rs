//! `raftsim explain`.

use std::io::Write;

use super::cli::Explain;
use super::exit::{self, Exit};
use super::screen::{Screen, Stop};

const EXIT_CODES: &str = "exit-codes";

pub(crate) fn explain(args: &Explain, screen: &mut Screen) -> Result<Exit, Stop> {
    let Some(topic) = &args.topic else {
        for topic in crate::explanations::topics()
            .into_iter()
            .chain([EXIT_CODES])
        {
            writeln!(screen.out, "{topic}")?;
        }
        return Ok(Exit::Fine);
    };
    let text = match topic.as_str() {
        EXIT_CODES => Some(exit::table()),
        topic => crate::explanations::explain(topic),
    };
    match text {
        Some(text) => {
            writeln!(screen.out, "{}", text.trim_end())?;
            Ok(Exit::Fine)
        }
        None => {
            let help = match crate::explanations::probably(topic, &[EXIT_CODES]) {
                Some(near) => format!("did you mean {near}?"),
                None => "`raftsim explain` lists all topics".to_owned(),
            };
            Err(Stop::Failed(
                Exit::NothingMatched,
                format!("there is no topic {topic}: {help}"),
            ))
        }
    }
}
