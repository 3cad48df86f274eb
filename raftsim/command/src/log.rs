//! The log for people: what happens in runs, as `tracing` events made from the lines of the trace.
//! This is the one place that makes them; nothing that runs inside a run logs.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use report::trace::{Act, Line, Record};
use sut::decisions::Kind;
use sut::time_text;
use tracing::level_filters::LevelFilter;
use tracing::{debug, info, trace};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

use super::cli::{Common, LogFormat};
use super::screen::Stop;

/// The variable with the filter.
const VARIABLE: &str = "RAFTSIM_LOG";

/// Writes to standard error, if anything is to be logged.
#[derive(Clone)]
pub(crate) struct Log {
    clock: SimulatedTime,
}

/// The timestamps of the log. The subscriber asks for them without saying which event they are
/// for, so the time of the event at hand is left where it can find it.
#[derive(Clone, Default)]
struct SimulatedTime(Arc<AtomicU64>);

impl FormatTime for SimulatedTime {
    fn format_time(&self, to: &mut Writer<'_>) -> fmt::Result {
        to.write_str(&time_text::micros(self.0.load(Ordering::Relaxed)))
    }
}

impl Log {
    /// Sets up what the command line and `RAFTSIM_LOG` ask for.
    pub(crate) fn start(common: &Common, color: bool) -> Result<Log, Stop> {
        let level = match common.verbose {
            0 => LevelFilter::WARN,
            1 => LevelFilter::INFO,
            2 => LevelFilter::DEBUG,
            _ => LevelFilter::TRACE,
        };
        let filter = EnvFilter::builder().with_default_directive(level.into());
        let filter = filter
            .with_env_var(VARIABLE)
            .from_env()
            .map_err(|error| Stop::bad_input(format!("{VARIABLE}: {error}")))?;
        let clock = SimulatedTime::default();
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_timer(clock.clone())
            .with_target(false)
            .with_ansi(color)
            .with_writer(std::io::stderr);
        let set = match common.log_format {
            LogFormat::Text => subscriber.try_init(),
            LogFormat::Json => subscriber.json().flatten_event(true).try_init(),
        };
        set.map_err(|error| Stop::bad_input(format!("cannot log: {error}")))?;
        Ok(Log { clock })
    }

    /// Whether anything would be logged.
    pub(crate) fn is_on(&self) -> bool {
        tracing::enabled!(tracing::Level::INFO)
            || tracing::enabled!(tracing::Level::DEBUG)
            || tracing::enabled!(tracing::Level::TRACE)
    }

    /// Logs a line of a trace.
    pub(crate) fn line(&self, line: &Line) {
        match line {
            Line::Header(header) => {
                self.clock.0.store(0, Ordering::Relaxed);
                info!(scenario = header.scenario, seed = header.seed, "run");
            }
            Line::World(deed) => {
                self.clock.0.store(deed.time, Ordering::Relaxed);
                info!("{}", deed.text);
            }
            Line::Event(record) => {
                self.clock.0.store(record.time, Ordering::Relaxed);
                event(record);
            }
        }
    }
}

/// One event, and one more for each decision: roles and faults are news, votes and commits are
/// details, the rest is for those who want everything.
fn event(record: &Record) {
    let node = record.node.as_deref();
    let term = record.state.map(|state| state.term);
    let (id, cause) = (record.id, record.cause);
    match record.action {
        Act::Crash | Act::Restart | Act::Clock | Act::Pause | Act::Resume => {
            info!(node, term, id, cause, "{}", record.text);
        }
        Act::GiveUp => debug!(node, term, id, cause, "{}", record.text),
        _ => trace!(node, term, id, cause, "{}", record.text),
    }
    for decision in &record.decisions {
        let (rule, text) = (decision.rule.as_deref(), &decision.text);
        let is_detail = record
            .kinds
            .iter()
            .any(|kind| matches!(kind, Kind::Vote | Kind::Commit));
        match decision.what.as_str() {
            "became" | "quorum_lost" | "truncated" => info!(node, term, rule, id, "{text}"),
            _ if decision.notable || is_detail => debug!(node, term, rule, id, "{text}"),
            _ => trace!(node, term, rule, id, "{text}"),
        }
    }
}
