//! `raftsim paper`: the demands of the paper on a server, and their tests.

use std::io::{self, Write};

use serde::Serialize;

use super::cli::Paper;
use super::exit::Exit;
use super::screen::{BAD, DIM, GOOD, HEAD, Screen, Stop, styled};
use crate::musts::{Must, Section, sections};

pub(crate) fn paper(args: &Paper, screen: &mut Screen) -> Result<Exit, Stop> {
    let sections = sections();
    if args.json {
        lines(&sections, &mut screen.out)?;
    } else if args.markdown {
        page(&sections, &mut screen.out)?;
    } else {
        index(&sections, &mut screen.out)?;
    }
    Ok(Exit::Fine)
}

fn tested(musts: &[Must]) -> usize {
    musts.iter().filter(|must| !must.tests.is_empty()).count()
}

/// The title of a section, and other places with the same demands.
fn places(section: &Section) -> String {
    let also = section.also.iter().map(|also| format!(" ({also})"));
    section.title.clone() + &also.collect::<String>()
}

/// The number of musts and sections, and how many have no test.
fn sum(sections: &[Section]) -> String {
    let all: usize = sections.iter().map(|section| section.musts.len()).sum();
    let have: usize = sections.iter().map(|section| tested(&section.musts)).sum();
    let bare = sections.iter().filter(|section| section.musts.is_empty());
    let bare: Vec<_> = bare.map(|section| section.section.as_str()).collect();
    let bare = match bare.is_empty() {
        true => String::new(),
        false => format!("; without musts: {}", bare.join(", ")),
    };
    let (missing, count) = (all - have, sections.len());
    format!("{have} of {all} musts have a test, {missing} have none; {count} sections{bare}")
}

fn why(why: Option<&String>) -> &str {
    why.map_or("no reason is given", String::as_str)
}

fn index(sections: &[Section], out: &mut impl Write) -> io::Result<()> {
    for section in sections {
        let (name, places) = (styled(HEAD, &section.section), places(section));
        writeln!(out, "{name}  {places}")?;
        if section.musts.is_empty() {
            let why = why(section.why.as_ref());
            writeln!(out, "  {}", styled(BAD, &format!("✗ no musts: {why}")))?;
        }
        for must in &section.musts {
            let mark = match must.tests.is_empty() {
                true => styled(BAD, "✗"),
                false => styled(GOOD, "✓"),
            };
            writeln!(out, "  {mark} {}", must.must)?;
            if must.tests.is_empty() {
                let text = format!("no test: {}", why(must.why.as_ref()));
                writeln!(out, "      {}", styled(BAD, &text))?;
            }
            for test in &must.tests {
                writeln!(out, "      {}", styled(DIM, test))?;
            }
        }
        writeln!(out)?;
    }
    writeln!(out, "{}", styled(HEAD, &sum(sections)))?;
    writeln!(
        out,
        "\nRun them   cargo test -p raft-core --test it paper::\n\
         Run one    cargo test -p raft-core --test it paper::elections::a_server_starts_as_a_follower"
    )
}

const ABOUT: &str = "\
Made by `raftsim paper --markdown` from `raftsim/paper/musts.json`.

Each sentence is a requirement of the extended Raft paper (§) or of Ongaro's dissertation for a server, in our own words. The tests of
the requirement follow it. `elections::a_…` is a test of `raft-core/tests/it/paper/elections.rs`; names that begin with a path are
elsewhere. `cargo test -p raft-core --test it paper::` runs them all. ✗ marks a requirement without a test, with the reason.";

fn page(sections: &[Section], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "# Requirements of the paper, and their tests\n")?;
    writeln!(out, "{ABOUT}\n\n{}.\n", sum(sections))?;
    writeln!(
        out,
        "| section | about | musts | with a test |\n|---|---|---|---|"
    )?;
    for section in sections {
        let (name, places, all) = (&section.section, places(section), section.musts.len());
        let have = tested(&section.musts);
        let mark = if have == all && all > 0 { "" } else { " ✗" };
        writeln!(out, "| {name} | {places} | {all} | {have}{mark} |")?;
    }
    for section in sections {
        writeln!(out, "\n## {} {}\n", section.section, places(section))?;
        if section.musts.is_empty() {
            writeln!(out, "✗ No musts: {}.", why(section.why.as_ref()))?;
        }
        for must in &section.musts {
            let tests = must.tests.iter().map(|test| format!("`{test}`"));
            let tests = tests.collect::<Vec<_>>().join(", ");
            match must.tests.is_empty() {
                true => {
                    let why = why(must.why.as_ref());
                    writeln!(out, "- ✗ {}\\\n  *no test: {why}*", must.must)?;
                }
                false => writeln!(out, "- {}\\\n  {tests}", must.must)?,
            }
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct MustLine<'a> {
    section: &'a str,
    also: Option<&'a str>,
    title: &'a str,
    must: Option<&'a str>,
    tests: &'a [String],
    why: Option<&'a str>,
}

fn lines(sections: &[Section], out: &mut impl Write) -> io::Result<()> {
    for section in sections {
        let bare = MustLine {
            section: &section.section,
            also: section.also.as_deref(),
            title: &section.title,
            must: None,
            tests: &[],
            why: section.why.as_deref(),
        };
        let musts = section.musts.iter().map(|must| MustLine {
            must: Some(&must.must),
            tests: &must.tests,
            why: must.why.as_deref(),
            ..bare
        });
        let mut all: Vec<_> = musts.collect();
        if all.is_empty() {
            all.push(bare);
        }
        for line in all {
            let text = serde_json::to_string(&line).expect("strings and lists are always JSON");
            writeln!(out, "{text}")?;
        }
    }
    Ok(())
}
