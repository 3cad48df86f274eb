//! The arguments of the command line.

use std::num::NonZeroU64;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use report::diagram::Scale;
use scenario::Overrides;
use sut::bugs::Bug;
use sut::decisions::Kind;

#[cfg(feature = "experiments")]
use crate::experiments::cells::{Drift, Way};

/// The version. `--version` adds the trace version, which shows whether a seed gives the same run.
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Debug, Parser)]
#[command(
    name = "raftsim",
    about = "Runs Raft clusters in a deterministic simulated world, checks every step, and explains \
             what went wrong.",
    after_help = "Start with `raftsim run first-tour`. Exit codes: `raftsim explain exit-codes`.",
    version = version(),
    propagate_version = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) common: Common,
}

fn version() -> &'static str {
    // Clap needs a reference for the life of the process.
    format!("{VERSION} (trace version {})", runner::TRACE_VERSION).leak()
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Common {
    /// When to use colours; auto: on a terminal, unless NO_COLOR is set
    #[arg(
        long,
        value_enum,
        value_name = "WHEN",
        default_value = "auto",
        global = true
    )]
    pub(crate) color: ColorWhen,
    /// Log the events of runs to standard error; -vv and -vvv log more. RAFTSIM_LOG sets a filter
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub(crate) verbose: u8,
    /// The format of the log
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        default_value = "text",
        global = true
    )]
    pub(crate) log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    Auto,
    Always,
    Never,
}

impl ColorWhen {
    pub(crate) fn choice(self) -> anstream::ColorChoice {
        match self {
            ColorWhen::Auto => anstream::ColorChoice::Auto,
            ColorWhen::Always => anstream::ColorChoice::Always,
            ColorWhen::Never => anstream::ColorChoice::Never,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run scenarios and report a verdict
    Run(Run),
    /// Run thousands of random scenarios of a profile, until one fails
    Fuzz(Fuzz),
    /// Run a failure again, and check that it is the same run
    Replay(Replay),
    /// Show the events of a run, with one column for each node
    Trace(Trace),
    /// Measure the runs of many seeds
    #[cfg(feature = "experiments")]
    Measure(Measure),
    /// Measure when reads miss writes while a clock is wrong
    #[cfg(feature = "experiments")]
    Leases(Leases),
    /// Not in this build
    #[cfg(not(feature = "experiments"))]
    #[command(hide = true, alias = "leases", disable_help_flag = true)]
    Measure(NotBuilt),
    /// Reduce a failing run to a few steps, a test and a diagram
    Shrink(Shrink),
    /// Find every mistake in scenario files, without running them
    Check(Check),
    /// Check histories of any system for linearizability
    Linearize(Linearize),
    /// Print the JSON Schema of scenario files, or of fuzz profiles
    Schema(Schema),
    /// List scenarios with their titles: examples, lessons, figures, the tests of MIT
    List(List),
    /// List the bugs that can be planted, show one, or search for them
    Bugs(Bugs),
    /// List the demands of the Raft paper on a server, and their tests
    Paper(Paper),
    /// Explain a rule of Raft, an error code, a property, a bug, or `exit-codes`
    Explain(Explain),
    /// Print a completion script for a shell
    Completions(Completions),
}

/// A command that is left out of this build, with any arguments.
#[cfg(not(feature = "experiments"))]
#[derive(Clone, Debug, Args)]
pub(crate) struct NotBuilt {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<std::ffi::OsString>,
}

/// The seed and the parameters of a scenario.
#[derive(Clone, Debug, Args)]
pub(crate) struct Source {
    /// The seed [default: the seed of the file, or else 1]
    #[arg(long, value_name = "S", value_parser = seed)]
    pub(crate) seed: Option<u64>,
    /// Set a parameter of the scenario; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    pub(crate) set: Vec<(String, String)>,
}

impl Source {
    /// The same as overrides of a scenario file.
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides {
            seed: self.seed,
            sets: self.set.clone(),
        }
    }
}

fn seed(text: &str) -> Result<u64, String> {
    let seed = text.parse();
    seed.map_err(|_| format!("write a whole number from 0 to {}, such as 42", u64::MAX))
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write name=value, such as n=5".to_owned()),
    }
}

/// The bug of the servers, for every command that runs scenarios.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Plant {
    /// Run servers with this bug; `raftsim bugs` lists all bugs
    #[arg(long, value_name = "ID")]
    pub(crate) bug: Option<Bug>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Run {
    /// Scenario files, or names as in `raftsim list`; FILE#BRANCH runs one branch
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<String>,
    #[command(flatten)]
    pub(crate) source: Source,
    #[command(flatten)]
    pub(crate) plant: Plant,
    /// Run this many seeds, beginning with the first
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) runs: u64,
    /// Run each seed in two processes and compare the runs
    #[arg(long)]
    pub(crate) twice: bool,
    /// With --twice: the program for the second process, such as another build of raftsim
    #[arg(long, value_name = "PROGRAM", hide = true, requires = "twice")]
    pub(crate) twin: Option<PathBuf>,
    /// Write JSON instead of text, one object per line
    #[arg(long)]
    pub(crate) json: bool,
    /// Write every event of the run to a file, one JSON object per line
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    /// Write every operation of the clients to a file, one JSON object per line
    #[arg(long, value_name = "FILE")]
    pub(crate) history: Option<PathBuf>,
    /// Write the actions of the run to a file, as a stepped scenario that repeats the run
    #[arg(long, value_name = "FILE")]
    pub(crate) actions: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Fuzz {
    /// Scenario files, or names as in `raftsim list`, instead of a profile
    #[arg(value_name = "FILE", conflicts_with = "profile")]
    pub(crate) files: Vec<String>,
    /// The profile: canary, everything, liveness, matrix, membership, quick, reads, snapshots,
    /// storage, or a file
    #[arg(long, value_name = "NAME|FILE", default_value = "quick")]
    pub(crate) profile: String,
    /// Run the seeds from A up to, but not including, B
    #[arg(long, value_name = "A..B", value_parser = seeds, default_value = "0..1000")]
    pub(crate) seeds: (u64, u64),
    /// Run seeds from 0 on for this long, such as 60s or 10m
    #[arg(long = "for", value_name = "TIME", value_parser = time, conflicts_with = "seeds")]
    pub(crate) lasts: Option<u64>,
    /// The number of threads [default: one for each processor]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    #[command(flatten)]
    pub(crate) plant: Plant,
    /// Continue after a seed that fails
    #[arg(long)]
    pub(crate) keep_going: bool,
    /// Run each seed in two processes and compare the runs
    #[arg(long)]
    pub(crate) twice: bool,
    /// With --twice: the program for the second process, such as another build of raftsim
    #[arg(long, value_name = "PROGRAM", hide = true, requires = "twice")]
    pub(crate) twin: Option<PathBuf>,
    /// Write a line with the trace hash of each seed, and nothing else
    #[arg(long, hide = true, conflicts_with_all = ["twice", "json"])]
    pub(crate) hashes: bool,
    /// Do not shrink failures
    #[arg(long)]
    pub(crate) no_shrink: bool,
    /// The folder for failures; each failing seed gets a folder in it
    #[arg(long, value_name = "DIR", default_value = "failures")]
    pub(crate) out: PathBuf,
    /// Write JSON instead of text: a line for each failure, then one for all seeds
    #[arg(long)]
    pub(crate) json: bool,
    /// Print the scenario of the first seed, and run nothing
    #[arg(long, conflicts_with_all = ["lasts", "json", "files"])]
    pub(crate) print: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Trace {
    /// A scenario, or a file that `run --trace` wrote
    #[arg(value_name = "FILE")]
    pub(crate) file: String,
    #[command(flatten)]
    pub(crate) source: Source,
    #[command(flatten)]
    pub(crate) plant: Plant,
    /// Show the decisions below each event: the rule, and the values that it compared. With the
    /// number of an event, show only that event and its causes
    #[arg(long, value_name = "EVENT", num_args = 0..=1, value_parser = event)]
    pub(crate) why: Option<Option<u64>>,
    /// Also show idle heartbeats, and every cause of an event
    #[arg(long)]
    pub(crate) all: bool,
    /// Show only events of these nodes
    #[arg(long, value_name = "NODE,...", value_delimiter = ',')]
    pub(crate) node: Vec<String>,
    /// Show only events of these kinds
    #[arg(long, value_name = "KIND,...", value_delimiter = ',', value_parser = kind)]
    pub(crate) kind: Vec<Kind>,
    /// Show events from this time on, such as 1.5s or 800ms
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) from: Option<u64>,
    /// Show events up to this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) to: Option<u64>,
    /// Show the state of the servers as JSON instead: at the end, or at the time of --to
    #[arg(long, conflicts_with_all = ["why", "svg", "node", "kind", "from", "all"])]
    pub(crate) status: bool,
    /// Draw a space-time diagram into this file instead
    #[arg(long, value_name = "OUT.svg")]
    pub(crate) svg: Option<PathBuf>,
    /// With --svg: the distance between two events
    #[arg(
        long,
        value_enum,
        value_name = "SCALE",
        default_value = "even",
        requires = "svg"
    )]
    pub(crate) scale: DrawnScale,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DrawnScale {
    /// The same for all events
    Even,
    /// In proportion to the time between them
    Time,
}

impl DrawnScale {
    pub(crate) fn scale(self) -> Scale {
        match self {
            DrawnScale::Even => Scale::Even,
            DrawnScale::Time => Scale::Time,
        }
    }
}

fn event(text: &str) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "write the number of an event, or put FILE before --why".to_owned())
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Shrink {
    /// A failing scenario, or the folder of a failing run
    #[arg(value_name = "FILE|FOLDER")]
    pub(crate) file: String,
    #[command(flatten)]
    pub(crate) source: Source,
    #[command(flatten)]
    pub(crate) plant: Plant,
    /// The maximum number of replays
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    pub(crate) budget: u64,
    /// The folder for the results [default: a folder in ./shrunk]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Write one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

fn kind(text: &str) -> Result<Kind, String> {
    Kind::ALL
        .into_iter()
        .find(|kind| kind.name() == text)
        .ok_or_else(|| {
            let names: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
            format!("the kinds are {}", names.join(", "))
        })
}

fn time(text: &str) -> Result<u64, String> {
    sut::time_text::read(text).ok_or_else(|| "write a time such as 1.5s, 800ms or 10m".to_owned())
}

#[cfg(feature = "experiments")]
#[derive(Clone, Debug, Args)]
pub(crate) struct Measure {
    /// The quantity to measure
    #[arg(value_enum, value_name = "WHAT")]
    pub(crate) what: Measured,
    /// A scenario file, or a name as in `raftsim list`
    #[arg(value_name = "FILE")]
    pub(crate) file: String,
    /// The seeds from A up to, but not including, B
    #[arg(long, value_name = "A..B", default_value = "1..1001", value_parser = seeds)]
    pub(crate) seeds: (u64, u64),
    /// Set a parameter of the scenario; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    pub(crate) set: Vec<(String, String)>,
    /// Measure with these values as one series, named after the first; may be repeated
    #[arg(long, value_name = "NAME=VALUE,...", value_parser = assignments)]
    pub(crate) series: Vec<Vec<(String, String)>>,
    #[command(flatten)]
    pub(crate) plant: Plant,
    /// Draw the distribution of the times into this file
    #[arg(long, value_name = "OUT.svg")]
    pub(crate) svg: Option<PathBuf>,
    /// Write JSON instead of text, one object per line
    #[arg(long)]
    pub(crate) json: bool,
}

#[cfg(feature = "experiments")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Measured {
    /// The time from the first crash of a leader to the next leader
    Downtime,
}

#[cfg(feature = "experiments")]
#[derive(Clone, Debug, Args)]
pub(crate) struct Leases {
    /// The seeds of each cell, from A up to, but not including, B
    #[arg(long, value_name = "A..B", default_value = "1..201", value_parser = seeds)]
    pub(crate) seeds: (u64, u64),
    /// Only cells whose wrong clock has this deviation, such as -10%; may be repeated
    #[arg(long, value_name = "RATE", allow_hyphen_values = true)]
    pub(crate) drift: Vec<Drift>,
    /// Only cells with reads of this kind: lease, log, read_index, follower or stale; may be repeated
    #[arg(long, value_name = "WAY")]
    pub(crate) reads: Vec<Way>,
    /// The number of threads [default: one for each processor]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// Write a page of Markdown
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
    /// Write one JSON object for each cell
    #[arg(long)]
    pub(crate) json: bool,
}

#[cfg(feature = "experiments")]
fn assignments(text: &str) -> Result<Vec<(String, String)>, String> {
    text.split(',').map(assignment).collect()
}

fn seeds(text: &str) -> Result<(u64, u64), String> {
    let ends = text.split_once("..");
    let ends = ends.and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    ends.filter(|(from, to)| from < to)
        .ok_or_else(|| "write A..B with A below B, such as 1..1001 for a thousand seeds".to_owned())
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Schema {
    /// Print the schema of the profiles of `raftsim fuzz`
    #[arg(long)]
    pub(crate) profile: bool,
}

impl Trace {
    /// All events up to a time.
    pub(crate) fn up_to(file: &str, to: Option<u64>) -> Trace {
        Trace {
            file: file.to_owned(),
            source: Source {
                seed: None,
                set: Vec::new(),
            },
            plant: Plant { bug: None },
            why: None,
            all: false,
            node: Vec::new(),
            kind: Vec::new(),
            from: None,
            to,
            status: false,
            svg: None,
            scale: DrawnScale::Even,
        }
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Replay {
    /// The folder of a failing run, a file in it, or its token
    #[arg(value_name = "TOKEN|FOLDER|FILE")]
    pub(crate) what: String,
    /// Show the events up to this time, such as 1.5s or 800ms
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) until: Option<u64>,
    /// Show all events
    #[arg(long)]
    pub(crate) trace: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Check {
    /// Scenario files, or names as in `raftsim list`
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<String>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Linearize {
    /// Histories, one JSON operation per line (docs/linearizability.md); folders of failing runs;
    /// or - for standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<String>,
    /// Write JSON instead of text, one object per file
    #[arg(long)]
    pub(crate) json: bool,
    /// The maximum number of states that a search visits in each file [default: 2000000]
    #[arg(long, value_name = "N")]
    pub(crate) budget: Option<NonZeroU64>,
    /// Draw the operations that contradict each other into this file
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct List {
    /// Groups, such as lessons, figures or mit, or folders; without one, all groups in ./scenarios
    #[arg(value_name = "GROUP|DIR")]
    pub(crate) what: Vec<String>,
    /// Write one JSON object for each scenario instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Bugs {
    #[command(subcommand)]
    pub(crate) what: Option<BugsWhat>,
    #[command(flatten)]
    pub(crate) list: BugsList,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum BugsWhat {
    /// List all bugs
    List(BugsList),
    /// Show one bug: its effect, the properties that it breaks, and scenarios that expose it
    Show {
        /// The id of a bug, such as C-01
        #[arg(value_name = "ID")]
        bug: Bug,
    },
    /// Search for bugs with the seeds of a profile, and show how soon each one is found
    Hunt(BugsHunt),
}

#[derive(Clone, Debug, Args)]
pub(crate) struct BugsHunt {
    /// The ids of bugs, such as C-01 [default: all]
    #[arg(value_name = "ID")]
    pub(crate) bugs: Vec<Bug>,
    /// The profile, as for `raftsim fuzz`
    #[arg(long, value_name = "NAME|FILE", default_value = "everything")]
    pub(crate) profile: String,
    /// The number of searches for each bug, each with different seeds
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) starts: u32,
    /// The maximum processor time of a search
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time)]
    pub(crate) cap: u64,
    /// Shrink the failures of this many searches for each bug
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) shrink: u32,
    /// The maximum number of replays of each shrink
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    pub(crate) budget: u64,
    /// The number of threads [default: one for each processor]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// Write a page of Markdown
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
    /// Write one JSON object for each search
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct BugsList {
    /// Write JSON instead of a table, one object per line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Paper {
    /// Write a page of Markdown
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
    /// Write one JSON object for each must
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Explain {
    /// A rule, code, property or bug, such as election.log-up-to-date, SC014, leader-completeness
    /// or C-01; or exit-codes [default: list all topics]
    #[arg(value_name = "TOPIC")]
    pub(crate) topic: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}
