//! `raftsim bugs`: the bugs that can be planted.

use std::io::Write;

use serde::Serialize;
use sut::bugs::{Bug, Reach};

use super::cli::{Bugs, BugsWhat};
use super::exit::Exit;
use super::hunt::hunt;
use super::screen::{DIM, HEAD, Screen, Stop, styled};

pub(crate) fn bugs(args: &Bugs, screen: &mut Screen) -> Result<Exit, Stop> {
    match &args.what {
        Some(BugsWhat::Hunt(args)) => return hunt(args, screen),
        Some(BugsWhat::Show { bug }) => write!(screen.out, "{}", bug.card())?,
        Some(BugsWhat::List(list)) if list.json => lines(screen)?,
        None if args.list.json => lines(screen)?,
        Some(BugsWhat::List(_)) | None => table(screen)?,
    }
    Ok(Exit::Fine)
}

#[derive(Serialize)]
struct BugLine {
    id: &'static str,
    title: &'static str,
    deviation: &'static str,
    changes: String,
    rule: Option<&'static str>,
    breaks: Vec<&'static str>,
    exposed_by: &'static str,
    only_if: Option<&'static str>,
}

fn lines(screen: &mut Screen) -> Result<(), Stop> {
    for bug in Bug::ALL {
        let card = bug.card();
        let line = BugLine {
            id: card.id,
            title: card.title,
            deviation: card.deviation,
            changes: card.change.place(),
            rule: card.change.rule().map(|rule| rule.card().name),
            breaks: card.breaks.iter().map(|shows| shows.name()).collect(),
            exposed_by: card.exposed_by,
            only_if: match card.reach {
                Reach::Only(when) => Some(when),
                _ => None,
            },
        };
        let text = serde_json::to_string(&line).expect("strings and lists are always JSON");
        writeln!(screen.out, "{text}")?;
    }
    Ok(())
}

fn table(screen: &mut Screen) -> Result<(), Stop> {
    let breaks = |bug: &Bug| bug.card().breaks[0].name();
    let changes = |bug: &Bug| bug.card().change.place();
    let widest = |widths: &mut dyn Iterator<Item = usize>| widths.max().unwrap_or(0);
    let first = widest(&mut Bug::ALL.iter().map(|bug| breaks(bug).len()));
    let second = widest(&mut Bug::ALL.iter().map(|bug| changes(bug).len()));
    let head = format!(
        "{:<5}  {:<first$}  {:<second$}  the bug",
        "id", "breaks", "changes"
    );
    writeln!(screen.out, "{}", styled(DIM, &head))?;
    for bug in Bug::ALL {
        let (id, title) = (styled(HEAD, &format!("{:<5}", bug.id())), bug.card().title);
        let (breaks, changes) = (breaks(bug), changes(bug));
        writeln!(
            screen.out,
            "{id}  {breaks:<first$}  {changes:<second$}  {title}"
        )?;
    }
    writeln!(screen.out, "\nShow one bug   raftsim bugs show C-01")?;
    writeln!(
        screen.out,
        "Find one bug   raftsim fuzz --profile everything --bug C-01"
    )?;
    Ok(())
}
