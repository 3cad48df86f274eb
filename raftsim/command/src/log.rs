//! The log for people: the events of runs as `tracing` events, made from the lines of the trace. Only this
//! file logs; code inside a run never does.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use report::trace::{ActionKind, Line, Record};
use sut::decisions::Kind;
use sut::time_text;
use tracing::level_filters::LevelFilter;
use tracing::{debug, info, trace};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::cli::{Common, LogFormat};
use super::screen::Stop;

/// The variable with the filter.
const VARIABLE: &str = "RAFTSIM_LOG";

/// The target of these events in filters.
const TARGET: &str = "raftsim";

/// The log on standard error, if it is on.
#[derive(Clone)]
pub(crate) struct Log {
    clock: SimulatedTime,
}

/// The timestamps of the log. The subscriber asks for them without naming the event, so the time of the
/// current event is stored here.
#[derive(Clone, Default)]
struct SimulatedTime(Arc<AtomicU64>);

impl FormatTime for SimulatedTime {
    fn format_time(&self, to: &mut Writer<'_>) -> fmt::Result {
        to.write_str(&time_text::micros(self.0.load(Ordering::Relaxed)))
    }
}

/// The filter: the one in `RAFTSIM_LOG`, such as `debug` or `raftsim=trace`, or else this level.
#[expect(clippy::disallowed_methods, reason = "what is logged reaches no run")]
fn filter(level: LevelFilter) -> Result<Targets, Stop> {
    let Some(text) = std::env::var_os(VARIABLE) else {
        return Ok(Targets::new().with_default(level));
    };
    let text = text.to_string_lossy();
    let filter = text.parse();
    filter.map_err(|error| {
        Stop::bad_input(format!(
            "{VARIABLE}: {error}: write a level such as debug, or raftsim=debug"
        ))
    })
}

impl Log {
    /// Sets up the log of the command line and of `RAFTSIM_LOG`.
    pub(crate) fn start(common: &Common, color: bool) -> Result<Log, Stop> {
        let level = match common.verbose {
            0 => LevelFilter::WARN,
            1 => LevelFilter::INFO,
            2 => LevelFilter::DEBUG,
            _ => LevelFilter::TRACE,
        };
        let filter = filter(level)?;
        let clock = SimulatedTime::default();
        let lines = tracing_subscriber::fmt::layer()
            .with_timer(clock.clone())
            .with_target(false)
            .with_ansi(color)
            .with_writer(std::io::stderr);
        let subscriber = tracing_subscriber::registry();
        let set = match common.log_format {
            LogFormat::Text => subscriber.with(lines.with_filter(filter)).try_init(),
            LogFormat::Json => {
                let lines = lines.json().flatten_event(true);
                subscriber.with(lines.with_filter(filter)).try_init()
            }
        };
        set.map_err(|error| Stop::bad_input(format!("cannot log: {error}")))?;
        Ok(Log { clock })
    }

    /// Whether any event would be logged.
    pub(crate) fn is_on(&self) -> bool {
        tracing::enabled!(target: TARGET, tracing::Level::INFO)
            || tracing::enabled!(target: TARGET, tracing::Level::DEBUG)
            || tracing::enabled!(target: TARGET, tracing::Level::TRACE)
    }

    /// Logs a line of a trace.
    pub(crate) fn line(&self, line: &Line) {
        match line {
            Line::Header(header) => {
                self.clock.0.store(0, Ordering::Relaxed);
                info!(target: TARGET, scenario = header.scenario, seed = header.seed, "run");
            }
            Line::World(deed) => {
                self.clock.0.store(deed.time, Ordering::Relaxed);
                info!(target: TARGET, "{}", deed.text);
            }
            Line::Event(record) => {
                self.clock.0.store(record.time, Ordering::Relaxed);
                event(record);
            }
        }
    }
}

/// Logs one event, and one more for each decision: roles and faults at level info, votes and commits at
/// debug, everything else at trace.
fn event(record: &Record) {
    let node = record.node.as_deref();
    let term = record.state.map(|state| state.term);
    let (id, cause) = (record.id, record.cause);
    match record.action {
        ActionKind::Crash
        | ActionKind::Restart
        | ActionKind::Clock
        | ActionKind::Pause
        | ActionKind::Resume => {
            info!(target: TARGET, node, term, id, cause, "{}", record.text);
        }
        ActionKind::GiveUp => debug!(target: TARGET, node, term, id, cause, "{}", record.text),
        _ => trace!(target: TARGET, node, term, id, cause, "{}", record.text),
    }
    for decision in &record.decisions {
        let (rule, text) = (decision.rule.as_deref(), &decision.text);
        let is_detail = record
            .kinds
            .iter()
            .any(|kind| matches!(kind, Kind::Vote | Kind::Commit));
        match decision.what.as_str() {
            "became" | "quorum_lost" | "truncated" => {
                info!(target: TARGET, node, term, rule, id, "{text}")
            }
            _ if decision.notable || is_detail => {
                debug!(target: TARGET, node, term, rule, id, "{text}")
            }
            _ => trace!(target: TARGET, node, term, rule, id, "{text}"),
        }
    }
}
