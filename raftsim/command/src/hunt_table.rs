//! The results of `raftsim bugs hunt` as a table.

use std::collections::BTreeMap;
use std::io::Write;

use serde::Serialize;
use sut::bugs::Bug;

use super::cli::BugsHunt;
use super::line::to_line;
use super::screen::{DIM, HEAD, Screen, Stop, styled};
use super::search::{Found, Search};

const NS: u64 = 1_000_000_000;

/// The searches for one bug together.
struct Row<'a> {
    bug: Bug,
    searches: Vec<&'a Search>,
}

impl<'a> Row<'a> {
    fn all(done: &'a [Search]) -> Vec<Row<'a>> {
        let mut by_bug: BTreeMap<Bug, Vec<&Search>> = BTreeMap::new();
        for search in done {
            by_bug.entry(search.bug).or_default().push(search);
        }
        let rows = by_bug.into_iter();
        rows.map(|(bug, searches)| Row { bug, searches }).collect()
    }

    fn found(&self) -> impl Iterator<Item = &'a Found> {
        self.searches
            .iter()
            .filter_map(|search| search.found.as_ref())
    }

    /// Median and worst of all searches. Searches that found nothing count with their cost, marked as
    /// longer.
    fn spread(&self, of: impl Fn(&Search) -> u64, shown: impl Fn(u64) -> String) -> [String; 2] {
        let mut values: Vec<_> = self
            .searches
            .iter()
            .map(|search| (search.found.is_none(), of(search)))
            .collect();
        values.sort_unstable();
        [(values.len() - 1) / 2, values.len() - 1].map(|place| match values[place] {
            (true, value) => format!("> {}", shown(value)),
            (false, value) => shown(value),
        })
    }

    /// The failures, the most frequent first.
    fn failures(&self) -> Vec<(&'static str, usize)> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for found in self.found() {
            *counts.entry(found.failure).or_insert(0) += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts
    }

    /// Median and largest size of the small forms.
    fn steps(&self, stepped: bool) -> Option<[u64; 2]> {
        let small = self.found().filter_map(|found| found.small);
        let sizes = small.filter(|small| small.stepped == stepped);
        median_and_most(sizes.map(|small| small.steps).collect())
    }

    /// The cells of the table.
    fn cells(&self) -> [String; 7] {
        let [seeds, most_seeds] = self.spread(|search| search.seeds, |seeds| seeds.to_string());
        let [cpu, most_cpu] = self.spread(|search| search.cpu_ns, seconds);
        let failures = self.failures();
        let alone = failures.len() == 1;
        let failures = failures.iter().map(|(name, count)| match alone {
            true => (*name).to_owned(),
            false => format!("{name} {count}"),
        });
        let size = |stepped, what: &str| {
            let [middle, most] = self.steps(stepped)?;
            Some(format!("{middle} ({most}){what}"))
        };
        let sizes = [size(true, ""), size(false, " timed")];
        let sizes: Vec<_> = sizes.into_iter().flatten().collect();
        [
            self.bug.id().to_owned(),
            format!("{}/{}", self.found().count(), self.searches.len()),
            format!("{seeds} ({most_seeds})"),
            format!("{cpu} ({most_cpu})"),
            sizes.join(", "),
            failures.collect::<Vec<_>>().join(", "),
            self.bug.card().title.to_owned(),
        ]
    }
}

fn median_and_most(mut values: Vec<u64>) -> Option<[u64; 2]> {
    values.sort_unstable();
    Some([
        *values.get(values.len().checked_sub(1)? / 2)?,
        *values.last()?,
    ])
}

/// Nanoseconds as seconds with two digits.
fn seconds(ns: u64) -> String {
    let hundredths = (ns + NS / 200) / (NS / 100);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

const HEADS: [&str; 7] = [
    "bug",
    "found",
    "seeds",
    "CPU seconds",
    "steps left",
    "what fails",
    "the bug",
];

/// A table for people: for a terminal, or as a page of Markdown.
pub(crate) fn show(
    args: &BugsHunt,
    profile: &str,
    done: &[Search],
    screen: &mut Screen,
) -> Result<(), Stop> {
    let rows = Row::all(done);
    let cells: Vec<_> = rows.iter().map(Row::cells).collect();
    let out = &mut screen.out;
    if args.markdown {
        writeln!(out, "# How soon planted bugs are found\n")?;
        writeln!(out, "Made by `{}`.\n", typed(args))?;
        for line in about(args, profile, done) {
            writeln!(out, "{line}")?;
        }
        writeln!(out, "\n| {} |", HEADS.join(" | "))?;
        writeln!(out, "|{}", "---|".repeat(HEADS.len()))?;
        for row in &cells {
            writeln!(out, "| {} |", row.join(" | "))?;
        }
    } else {
        let width = |column: usize| {
            let longest = cells.iter().map(|row| row[column].len()).max();
            longest.unwrap_or(0).max(HEADS[column].len())
        };
        let widths: Vec<_> = (0..HEADS.len()).map(width).collect();
        let line = |row: &[&str]| {
            let cells = row.iter().zip(&widths);
            let cells = cells.map(|(cell, &width)| format!("{cell:<width$}"));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        writeln!(out, "{}", styled(DIM, &line(&HEADS)))?;
        for row in &cells {
            let row: Vec<_> = row.iter().map(String::as_str).collect();
            writeln!(out, "{}", line(&row))?;
        }
    }
    let all = sum(&rows);
    let style = |text: &str| match args.markdown {
        true => text.to_owned(),
        false => styled(HEAD, text),
    };
    writeln!(out, "\n{}", style(&all))?;
    for search in done {
        if search.small().is_some_and(|small| !small.tells) {
            let (bug, seed) = (search.bug, search.first + search.seeds - 1);
            screen.tell(&format!(
                "the small form of seed {seed} does not distinguish servers with {bug} from correct ones"
            ));
        }
    }
    Ok(())
}

/// The command line that repeats the search.
fn typed(args: &BugsHunt) -> String {
    let ids: String = args.bugs.iter().map(|bug| format!(" {bug}")).collect();
    format!(
        "raftsim bugs hunt{ids} --profile {} --starts {} --cap {}s --shrink {} --budget {} --markdown",
        args.profile,
        args.starts,
        args.cap / NS,
        args.shrink,
        args.budget,
    )
}

/// The explanation of the table.
fn about(args: &BugsHunt, profile: &str, done: &[Search]) -> Vec<String> {
    let cap = args.cap / NS;
    let small = done.iter().filter_map(Search::small);
    let wrong = small.filter(|small| !small.tells).count();
    let but = match wrong {
        0 => String::new(),
        some => format!(", but for {some} of them"),
    };
    vec![
        format!(
            "Each bug was looked for by the seeds of the profile `{profile}`, which knows of no bug, \
             {} times from different seeds on,",
            args.starts
        ),
        format!(
            "for at most {cap} seconds of processor time each. *Seeds* and *CPU seconds* are median \
             (worst) up to the first failing seed;"
        ),
        "`>` marks searches that found nothing in their time. *Steps left* is the size, median \
         (largest), after `raftsim shrink`, of what"
            .to_owned(),
        format!(
            "the first {} starts found: steps of a stepped scenario, or faults of a timed one where \
             the failure needs time. Each",
            args.shrink.min(args.starts)
        ),
        format!(
            "of them fails in the same way with the bug, and passes with correct servers{but}."
        ),
        "Processor time differs between machines; the rest does not, but \
         where `>` stands."
            .to_owned(),
    ]
}

/// The summary of all bugs in one line.
fn sum(rows: &[Row<'_>]) -> String {
    let found = rows.iter().filter(|row| row.found().next().is_some());
    let always = rows.iter().filter(|row| {
        let found = row.found().count();
        found == row.searches.len()
    });
    let sizes = rows.iter().filter_map(|row| row.steps(true));
    let sizes = median_and_most(sizes.map(|[middle, _]| middle).collect());
    let sizes = sizes.map_or_else(String::new, |[middle, most]| {
        format!("; stepped scenarios of {middle} steps in the median of bugs, {most} at most")
    });
    format!(
        "{} of {} bugs found, {} of them from every start{sizes}",
        found.count(),
        rows.len(),
        always.count()
    )
}

#[derive(Serialize)]
struct SearchLine {
    r#type: &'static str,
    bug: &'static str,
    seeds: u64,
    cpu_ns: u64,
    failure: Option<&'static str>,
    stepped: Option<bool>,
    steps: Option<u64>,
    tells: Option<bool>,
}

/// Writes a search as a line of JSON at once.
pub(crate) fn json_line(search: &Search, screen: &mut Screen) -> Result<(), Stop> {
    let (found, small) = (search.found.as_ref(), search.small());
    let line = SearchLine {
        r#type: "search",
        bug: search.bug.id(),
        seeds: search.seeds,
        cpu_ns: search.cpu_ns,
        failure: found.map(|found| found.failure),
        stepped: small.map(|small| small.stepped),
        steps: small.map(|small| small.steps),
        tells: small.map(|small| small.tells),
    };
    writeln!(screen.out, "{}", to_line(&line))?;
    Ok(screen.out.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::Small;

    fn search(seeds: u64, steps: Option<u64>) -> Search {
        Search {
            bug: Bug::C01,
            first: 0,
            seeds,
            cpu_ns: seeds * NS / 1_000,
            found: steps.map(|steps| Found {
                failure: "leader-completeness",
                small: Some(Small {
                    stepped: true,
                    steps,
                    tells: true,
                }),
            }),
        }
    }

    #[test]
    fn a_search_that_found_nothing_is_longer_than_all_that_did() {
        let done = [search(900, Some(6)), search(500, None), search(20, Some(8))];
        let rows = Row::all(&done);
        let cells = rows[0].cells();
        assert_eq!(cells[1], "2/3");
        assert_eq!(cells[2], "900 (> 500)");
        assert_eq!(cells[3], "0.90 (> 0.50)");
        assert_eq!(cells[4], "6 (8)");
        assert_eq!(cells[5], "leader-completeness");
        assert!(sum(&rows).starts_with("1 of 1 bugs found, 0 of them from every start"));
    }
}
