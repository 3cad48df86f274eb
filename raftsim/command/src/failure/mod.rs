//! What is kept of a failing run, so that anybody can run it again: a folder, and one line of text
//! that says where the run came from.

mod folder;
mod token;

pub use folder::{
    ACTIONS, Depth, HISTORY, Kept, Record, SCENARIO, SERVERS, TRACE, VERDICT, around, name, read,
    write,
};
pub use token::{Token, Unclear, fingerprint};
