//! The folder of a failing run, and its token: one line of text from which the run can be repeated.

mod folder;
mod token;

pub use folder::{
    ACTIONS, Depth, HISTORY, Kept, Record, SCENARIO, SERVERS, TRACE, VERDICT, around, name, read,
    write,
};
pub use token::{Token, Unclear, fingerprint};
