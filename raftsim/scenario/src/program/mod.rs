//! Scripts of timed scenarios: steps that run one after the other; each takes as long as it needs. Tests
//! that are written as programs (act, wait, check, repeat) become such scripts.

mod lower;
mod place;
mod statement;
mod written;

pub(crate) use lower::{count, script};
pub use place::Spot;
pub(crate) use statement::locate;
pub use statement::{
    ACTION_LIMIT, Asked, Budget, Ends, If, Offer, One, Own, Parallel, Repeat, Start, Statement,
    What,
};
pub(crate) use written::WrittenStatement;
