//! Linearizability checks: they decide whether the clients of a store saw the answers of a single
//! copy.
//!
//! A history is *linearizable* if each operation seems to take effect at one moment between its
//! call and its return. This crate checks histories of key-value stores from any source, and of
//! other data types by a model. It explains errors, and it has weaker checks for reads with weaker
//! guarantees. It does not depend on Raft.
//!
//! ```
//! use linearize::{Budget, Checker, Class, History, Verdict};
//!
//! // Two clients on one clock: `b` was written, and acknowledged at 4 ...
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
//! # Further reading
//!
//! - [`History`]: operations, and the file format, one JSON object a line ([`History::parse`]).
//! - [`Checker`]: the verdict. Each key is checked for itself. If every value was written once, the
//!   order follows in the time of a sort. Otherwise a search treats unknown outcomes as optional.
//!   Both are exact. The search has a [`Budget`], counted in situations and never in time. If it
//!   uses up the budget, the history is [inconclusive](Verdict::Inconclusive).
//! - [`Explanation`]: the first operation that cannot be placed, its possible correct answers, and
//!   a picture of the few operations that contradict each other.
//! - [`Model`] and [`search`]: the same search for any other data type; a queue is the example.
//! - [`read_your_writes`], [`monotonic_reads`], [`States`]: checks for reads with weaker
//!   guarantees.
//!
//! The checks do not cover operations on several keys at once, scans and transactions. Checking
//! these key by key would be wrong, so a history cannot hold them.

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
