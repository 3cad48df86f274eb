//! `raftsim linearize`: the verdict on histories of any system.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet, normalize_untrusted_str};
use linearize::{
    Budget, Checked, Checker, Explanation, History, Malformed, Operation, Verdict, plain,
};
use serde::Serialize;

use super::cli::Linearize;
use super::exit::Exit;
use super::screen::{BAD, DIM, GOOD, HEAD, Screen, Stop, styled};
use super::stopwatch::Stopwatch;

/// The number of operations shown from the end of the longest linearizable prefix.
const SHOWN: usize = 8;

pub(crate) fn linearize(args: &Linearize, screen: &mut Screen) -> Result<Exit, Stop> {
    if args.svg.is_some() && args.files.len() > 1 {
        let message = "--svg is for one history: give one file";
        return Err(Stop::bad_input(message));
    }
    let budget = args.budget.map_or_else(Budget::default, Budget);
    let mut checker = Checker::new();
    let mut worst = Exit::Fine;
    for file in &args.files {
        let exit = match judge(args, file, budget, &mut checker, screen) {
            Ok(exit) => exit,
            Err(stop) => screen.report(stop)?,
        };
        worst = worst.worst(exit);
    }
    Ok(worst)
}

/// Checks one file, and shows the result.
fn judge(
    args: &Linearize,
    file: &str,
    budget: Budget,
    checker: &mut Checker,
    screen: &mut Screen,
) -> Result<Exit, Stop> {
    let (name, bytes) = read(file)?;
    let history = match History::parse(&bytes) {
        Ok(history) => history,
        Err(malformed) => {
            let shown = show(&name, &bytes, &malformed, screen.err_has_color());
            screen.tell(&shown);
            return Ok(Exit::BadInput);
        }
    };
    drop(bytes);
    let watch = Stopwatch::start();
    let checked = checker.check(&history, budget);
    let wall_ns = watch.ns();
    let judged = Judged {
        name: &name,
        history: &history,
        checked: &checked,
        wall_ns,
    };
    if !args.json {
        // The explanation may take longer than the verdict.
        judged.head(budget, screen)?;
        screen.out.flush()?;
    }
    let explanation = match &checked.verdict {
        Verdict::NotLinearizable { key } => checker.explain(&history, key, budget),
        _ => None,
    };
    match args.json {
        true => judged.json(explanation.as_ref(), screen)?,
        false => judged.text(explanation.as_ref(), screen)?,
    }
    if let Some(path) = &args.svg {
        draw(path, explanation.as_ref(), &history, screen)?;
    }
    Ok(judged.exit())
}

/// The name and the content of a file. `-` is standard input. A folder is the folder of a failing run.
fn read(file: &str) -> Result<(String, Vec<u8>), Stop> {
    if file == "-" {
        let mut bytes = Vec::new();
        let read = std::io::stdin().lock().read_to_end(&mut bytes);
        read.map_err(|error| Stop::bad_input(format!("cannot read standard input: {error}")))?;
        return Ok(("standard input".to_owned(), bytes));
    }
    let mut path = Path::new(file).to_path_buf();
    if path.is_dir() {
        path.push(crate::failure::HISTORY);
    }
    let name = path.display().to_string();
    match fs::read(&path) {
        Ok(bytes) => Ok((name, bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound && Path::new(file).is_dir() => {
            let message = format!(
                "the folder {file} has no history: `raftsim run {file}/{} --history FILE` writes it",
                crate::failure::SCENARIO
            );
            Err(Stop::bad_input(message))
        }
        Err(error) => Err(Stop::bad_input(format!("cannot read {name}: {error}"))),
    }
}

/// A mistake, shown in its line.
fn show(name: &str, bytes: &[u8], malformed: &Malformed, color: bool) -> String {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().nth(malformed.line - 1).unwrap_or_default();
    let line = normalize_untrusted_str(line);
    let at = line.char_indices().nth(malformed.column - 1);
    let at = at.map_or(line.len(), |(at, _)| at);
    let length = line[at..].chars().next().map_or(0, char::len_utf8);
    let snippet = Snippet::source(line.as_str())
        .line_start(malformed.line)
        .path(name)
        .annotation(AnnotationKind::Primary.span(at..at + length));
    let message = normalize_untrusted_str(&malformed.message);
    let report = [Level::ERROR.primary_title(message).element(snippet)];
    let renderer = match color {
        true => Renderer::styled(),
        false => Renderer::plain(),
    };
    renderer.render(&report).to_string()
}

fn draw(
    path: &Path,
    explanation: Option<&Explanation>,
    history: &History,
    screen: &mut Screen,
) -> Result<(), Stop> {
    let shown = path.display();
    let Some(explanation) = explanation else {
        screen.tell(&format!(
            "{shown} is not written: there is nothing to explain"
        ));
        return Ok(());
    };
    fs::write(path, explanation.svg(history))
        .map_err(|error| Stop::bad_input(format!("cannot write {shown}: {error}")))?;
    screen.tell(&format!("drawn in {shown}"));
    Ok(())
}

/// A file, its history and the result.
struct Judged<'a> {
    name: &'a str,
    history: &'a History,
    checked: &'a Checked,
    wall_ns: u64,
}

impl Judged<'_> {
    fn exit(&self) -> Exit {
        match self.checked.verdict {
            Verdict::Linearizable(_) => Exit::Fine,
            Verdict::NotLinearizable { .. } => Exit::Violated,
            Verdict::Inconclusive => Exit::Inconclusive,
        }
    }

    fn verdict(&self) -> &'static str {
        match self.checked.verdict {
            Verdict::Linearizable(_) => "linearizable",
            Verdict::NotLinearizable { .. } => "not-linearizable",
            Verdict::Inconclusive => "inconclusive",
        }
    }

    /// The verdict.
    fn head(&self, budget: Budget, screen: &mut Screen) -> Result<(), Stop> {
        let (style, word) = match self.checked.verdict {
            Verdict::Linearizable(_) => (GOOD, "ok"),
            Verdict::NotLinearizable { .. } => (BAD, "FAILED"),
            Verdict::Inconclusive => (HEAD, "INCONCLUSIVE"),
        };
        let keys = self.history.keys().len();
        let size = format!(
            "{} on {}, tier {}, {} nodes, {}",
            counted(self.history.operations().len(), "operation"),
            counted(keys, "key"),
            self.checked.tier.number(),
            self.checked.nodes,
            micros(self.wall_ns)
        );
        let said = match &self.checked.verdict {
            Verdict::Linearizable(_) => "linearizable".to_owned(),
            Verdict::NotLinearizable { key } => format!("not linearizable: key {}", plain(key)),
            Verdict::Inconclusive => {
                format!(
                    "undecided after {} nodes: a larger --budget may decide it",
                    budget.0
                )
            }
        };
        let (word, size) = (styled(style, word), styled(DIM, &format!("({size})")));
        writeln!(screen.out, "{word} {}: {said} {size}", self.name)?;
        Ok(())
    }

    fn text(&self, explanation: Option<&Explanation>, screen: &mut Screen) -> Result<(), Stop> {
        match explanation {
            Some(explanation) => self.explained(explanation, screen),
            None if self.exit() == Exit::Violated => {
                writeln!(screen.out, "\n  an explanation needs a larger --budget")?;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn explained(&self, explanation: &Explanation, screen: &mut Screen) -> Result<(), Stop> {
        writeln!(screen.out)?;
        for line in explanation.text.lines() {
            writeln!(screen.out, "{}", format!("  {line}").trim_end())?;
        }
        let prefix = explanation.known(self.history);
        let skipped = prefix.len().saturating_sub(SHOWN);
        writeln!(
            screen.out,
            "\n  The longest linearizable prefix, {} in an order that explains it{}:\n",
            counted(prefix.len(), "operation"),
            match skipped {
                0 => String::new(),
                _ => format!("; the last {SHOWN} of them (--json has all)"),
            }
        )?;
        for it in &prefix[skipped..] {
            writeln!(screen.out, "    {it}, {}", it.by())?;
        }
        writeln!(screen.out)?;
        Ok(())
    }

    fn json(&self, explanation: Option<&Explanation>, screen: &mut Screen) -> Result<(), Stop> {
        let operations = self.history.operations();
        let line = JsonLine {
            file: self.name,
            verdict: self.verdict(),
            ops: operations.len(),
            nodes: self.checked.nodes,
            tier: self.checked.tier.number(),
            wall_ns: self.wall_ns,
            explanation: explanation.map(|it| Explained {
                key: &it.key,
                class: it.class.name(),
                says: it.class.says(),
                operation: &operations[it.stuck],
                possible: &it.possible,
                overwritten_by: it.overwritten_by.map(|place| &operations[place]),
                lost: it.lost.map(|place| &operations[place]),
                needed: it.needed.iter().map(|place| &operations[*place]).collect(),
                prefix: it.known(self.history),
                text: &it.text,
            }),
        };
        let line = serde_json::to_string(&line).expect("texts and numbers can be written");
        writeln!(screen.out, "{line}")?;
        Ok(())
    }
}

/// One line of `--json`.
#[derive(Serialize)]
struct JsonLine<'a> {
    file: &'a str,
    verdict: &'static str,
    ops: usize,
    nodes: u64,
    tier: u8,
    wall_ns: u64,
    explanation: Option<Explained<'a>>,
}

/// The reason why a history is not linearizable. Operations are as in history files.
#[derive(Serialize)]
struct Explained<'a> {
    key: &'a str,
    class: &'static str,
    says: &'static str,
    operation: &'a Operation,
    possible: &'a [Option<String>],
    overwritten_by: Option<&'a Operation>,
    lost: Option<&'a Operation>,
    needed: Vec<&'a Operation>,
    prefix: Vec<Operation>,
    text: &'a str,
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

fn micros(ns: u64) -> String {
    match ns / 1_000 {
        short @ 0..10_000 => format!("{short} µs"),
        long => format!("{} ms", long / 1_000),
    }
}
