//! Traces: the events of a run, each with its cause and its decisions.
//!
//! A [`Tracer`] watches a run and makes one [`Record`] an event. Records are shown in columns, one
//! per node ([`Columns`]), written to a file and read back ([`write()`], [`read`]), and everything
//! else that explains a run is derived from them: the story of a run, the report of a failure, the
//! log.

mod columns;
mod filter;
mod jsonl;
mod record;
mod servers;
mod tracer;
mod wording;

pub use columns::Columns;

pub use filter::{Fate, Filter};
pub use jsonl::{Unreadable, read, write};
pub use record::{ActionKind, Header, Line, MessageSummary, Record, Request, State, WorldChange};
pub use servers::{Servers, statuses};
pub use sut::decisions::{Decision, Kind, Role};
pub use tracer::Tracer;
