//! `raftsim trace`: a run in columns, from a scenario or from a file that `run --trace` wrote.

use std::io::Write;
use std::path::Path;

use report::trace::{Columns, Filter, Header, Line, Servers, Tracer, read, statuses};
use report::why::chain::Records;
use runner::run_with_bug;
use runner::{Outcome, TRACE_VERSION};
use scenario::Resolved;
use simulator::Time;
use sut::bugs::Bug;

use super::cli::Trace;
use super::exit::Exit;
use super::files::ScenarioFile;
use super::log::Log;
use super::picture::Picture;
use super::screen::{DIM, Screen, Stop, styled};

pub(crate) fn trace(args: &Trace, log: &Log, screen: &mut Screen) -> Result<Exit, Stop> {
    let file = ScenarioFile::read(&args.file)?;
    // No scenario begins like this, so the file is a trace, whatever its name is.
    if file.path.ends_with(".jsonl") || file.text.starts_with("{\"type\":\"header\"") {
        return written(args, &file, log, screen);
    }
    let scenario = match file.scenario(&args.source.overrides(), screen) {
        Ok(scenario) => scenario,
        Err(exit) => return Ok(exit),
    };
    let branches = file.branches(&args.file);
    if !branches.is_empty() {
        let all = branches.join(", ");
        screen.tell(&format!(
            "note: this is only the common beginning of the branches {all}"
        ));
    }
    let bug = args.plant.bug.or(scenario.recorded_bug());
    run(args, &scenario, bug, log, screen)
}

/// Runs a scenario and shows it with the options of the arguments.
pub(crate) fn run(
    args: &Trace,
    scenario: &Resolved,
    bug: Option<Bug>,
    log: &Log,
    screen: &mut Screen,
) -> Result<Exit, Stop> {
    if args.status {
        let until = Time(args.to.unwrap_or(u64::MAX));
        let mut servers = Servers::new(scenario.nodes.len(), until);
        run_with_bug(scenario, bug, &mut servers);
        let text = statuses(&scenario.nodes, &servers.into_statuses());
        writeln!(screen.out, "{text}")?;
        return Ok(Exit::Fine);
    }
    let header = Header::of(scenario, bug);
    let mut printer = Printer::new(args, &args.file, &header)?;
    printer.begin(screen)?;
    let mut result = Ok(());
    log.line(&Line::Header(header.clone()));
    let mut tracer = Tracer::new(header.nodes.clone(), |line| {
        log.line(&line);
        if result.is_ok() {
            result = printer.print(&line, screen);
        }
    });
    let outcome = run_with_bug(scenario, bug, &mut tracer);
    drop(tracer);
    result?;
    printer.end(screen, Some(&outcome))
}

fn written(
    args: &Trace,
    file: &ScenarioFile,
    log: &Log,
    screen: &mut Screen,
) -> Result<Exit, Stop> {
    let source = &args.source;
    if source.seed.is_some() || !source.set.is_empty() || args.plant.bug.is_some() {
        return Err(Stop::bad_input(
            "--seed, --set and --bug are for scenarios, but this file is the trace of a finished run",
        ));
    }
    if args.status {
        return Err(Stop::bad_input(
            "--status needs a scenario: a trace does not contain the whole state of the servers",
        ));
    }
    let unreadable = |error| Stop::bad_input(format!("{}: {error}", file.path));
    let (header, lines) = read(file.text.as_bytes()).map_err(unreadable)?;
    if header.trace_version != TRACE_VERSION {
        screen.tell(&format!(
            "note: this trace has trace version {}, but this program has {TRACE_VERSION}: the seed \
             may give a different run now",
            header.trace_version
        ));
    }
    let mut printer = Printer::new(args, &file.path, &header)?;
    printer.begin(screen)?;
    log.line(&Line::Header(header));
    for line in lines {
        let line = line.map_err(unreadable)?;
        log.line(&line);
        printer.print(&line, screen)?;
    }
    printer.end(screen, None)
}

struct Printer {
    columns: Columns,
    picture: Option<Picture>,
    /// The sentence about the planted bug.
    planted: Option<String>,
    /// The event whose causes are shown, and the lines up to it.
    asked: Option<u64>,
    kept: Vec<Line>,
    all: bool,
}

impl Printer {
    fn new(args: &Trace, read: &str, header: &Header) -> Result<Printer, Stop> {
        let nodes = args.node.clone();
        if let Some(unknown) = nodes.iter().find(|node| !header.nodes.contains(node)) {
            let known = header.nodes.join(", ");
            let message = format!("no node is called {unknown}: the nodes are {known}");
            return Err(Stop::Failed(Exit::NothingMatched, message));
        }
        let (from, to) = (args.from, args.to);
        let asked = args.why.flatten();
        let filtered = !nodes.is_empty() || !args.kind.is_empty();
        if asked.is_some() && (filtered || from.is_some() || to.is_some()) {
            let message = "--why EVENT shows all causes of the event: leave out --node, --kind, \
                           --from and --to";
            return Err(Stop::bad_input(message));
        }
        let filter = Filter {
            nodes,
            kinds: args.kind.clone(),
            from,
            to,
            idle: args.all || asked.is_some(),
        };
        // A trace of another version may name a bug that this version does not have.
        let planted = header.bug.as_ref().map(|id| match id.parse::<Bug>() {
            Ok(bug) => bug.planted(),
            Err(_) => format!("{id} is planted"),
        });
        Ok(Printer {
            planted,
            picture: Picture::wanted(args, Path::new(read), header, &filter)?,
            columns: Columns::new(header, filter, args.why.is_some()),
            asked,
            kept: Vec::new(),
            all: args.all,
        })
    }

    fn begin(&self, screen: &mut Screen) -> Result<(), Stop> {
        if self.picture.is_some() {
            return Ok(());
        }
        if let Some(planted) = &self.planted {
            writeln!(screen.out, "{planted}")?;
        }
        if self.asked.is_some() {
            // There may be no such event.
            return Ok(());
        }
        writeln!(screen.out, "{}", self.columns.head())?;
        Ok(())
    }

    fn print(&mut self, line: &Line, screen: &mut Screen) -> Result<(), Stop> {
        if let Some(asked) = self.asked {
            let early = matches!(line, Line::Event(record) if record.id <= asked);
            if early {
                self.kept.push(line.clone());
            }
            return Ok(());
        }
        let text = self.columns.show(line);
        match (&mut self.picture, text) {
            (Some(picture), _) => picture.take(line),
            (None, Some(text)) => writeln!(screen.out, "{text}")?,
            (None, None) => {}
        }
        Ok(())
    }

    /// Shows the requested event after its causes.
    fn chain(&mut self, asked: u64, screen: &mut Screen) -> Result<(), Stop> {
        let kept = std::mem::take(&mut self.kept);
        let Some(chain) = Records::of(&kept).chain(asked, self.all) else {
            let last = kept.len();
            let message = format!("there is no event {asked}: the run has events 1 to {last}");
            return Err(Stop::Failed(Exit::NothingMatched, message));
        };
        writeln!(screen.out, "{}", self.columns.head())?;
        for line in &kept {
            let shown = matches!(line, Line::Event(record) if chain.events.contains(&record.id));
            if !shown {
                self.columns.skip(line);
            } else if let Some(text) = self.columns.show(line) {
                writeln!(screen.out, "{text}")?;
            }
        }
        if chain.folded > 0 {
            let text = format!(
                "{} causes in between are hidden: --all shows them",
                chain.folded
            );
            writeln!(screen.out, "{}", styled(DIM, &text))?;
        }
        Ok(())
    }

    fn end(&mut self, screen: &mut Screen, outcome: Option<&Outcome>) -> Result<Exit, Stop> {
        if let Some(asked) = self.asked {
            self.chain(asked, screen)?;
        }
        let (folded, shown) = self.columns.counts();
        if shown + folded == 0 {
            screen.tell("no event matches");
            return Ok(Exit::NothingMatched);
        }
        if let Some(picture) = &mut self.picture {
            let drawn = picture.finish(outcome)?;
            screen.tell(&drawn);
        } else if folded > 0 {
            let text = format!("{folded} idle heartbeats are hidden: --all shows them");
            writeln!(screen.out, "{}", styled(DIM, &text))?;
        }
        if let Some(outcome) = outcome {
            let verdict = format!("the run: {}", report::failure_report::line(outcome));
            writeln!(screen.out, "{}", styled(DIM, &verdict))?;
        }
        Ok(Exit::Fine)
    }
}
