//! Linearizability: whether what clients of a store saw is what one copy of it would have told
//! them.
//!
//! A history is *linearizable* if each operation seems to take effect at one moment between its
//! call and its return. This crate decides that for histories of key-value stores, whoever recorded
//! them, and for other data types by a model; it says what went wrong; and it has weaker checks for
//! reads that promise less. It knows nothing of Raft.
//!
//! ```
//! use linearize::{Budget, Checker, Class, History, Verdict};
//!
//! // What two clients saw, as points of one clock: `b` was written, and acknowledged at 4 ...
//! let history = History::parse(
//!     r#"{"process": 0, "call": 1, "return": 2, "op": "put", "key": "x", "value": "a"}
//!        {"process": 0, "call": 3, "return": 4, "op": "put", "key": "x", "value": "b"}
//!        {"process": 1, "call": 5, "return": 6, "op": "get", "key": "x", "result": "a"}"#,
//! )?;
//! let mut checker = Checker::new();
//! let key = "x".to_owned();
//! let checked = checker.check(&history, Budget::default());
//! assert_eq!(checked.verdict, Verdict::NotLinearizable { key });
//!
//! // ... and a get that began later did not see it.
//! let why = checker.explain(&history, "x", Budget::default()).expect("it is not linearizable");
//! assert_eq!((why.class, why.stuck, why.overwritten_by), (Class::StaleRead, 2, Some(1)));
//! assert_eq!(why.possible, [Some("b".to_owned())]);
//! # Ok::<(), linearize::Malformed>(())
//! ```
//!
//! # Where to read on
//!
//! - [`History`]: operations, and the file format, one JSON object a line ([`History::parse`]).
//! - [`Checker`]: the verdict. Each key is checked for itself; where every value was written once,
//!   the order can be read off in the time of a sort; for the rest there is a search that treats
//!   unknown outcomes as optional. Both are exact. The search has a [`Budget`], counted in
//!   situations and never in time; past it a history is [inconclusive](Verdict::Inconclusive).
//! - [`Explanation`]: the first operation that cannot be placed, what it could have been told, and
//!   the few operations that contradict each other, drawn.
//! - [`Model`] and [`search`]: the same search for any other data type; a queue is the example.
//! - [`read_your_writes`], [`monotonic_reads`], [`States`]: for reads that promise less.
//!
//! What is not checked: operations on several keys at once, scans and transactions. They would not
//! be right key by key, so a history cannot hold them.

mod check;
mod explain;
mod history;
mod model;
mod parse;
mod picture;
mod register;
mod replay;
mod search;
mod sessions;
mod table;
mod timeline;
mod values;
mod versions;
mod write;
mod zones;

pub use check::{Budget, Checked, Checker, Tier, Verdict};
pub use explain::{Class, Explanation};
pub use history::{Action, History, Invalid, Operation, Swap, plain, value};
pub use model::{Answer, Entry, Model};
pub use parse::Malformed;
pub use search::search;
pub use sessions::{IndexedRead, Lapse, States, WrongRead, monotonic_reads, read_your_writes};
