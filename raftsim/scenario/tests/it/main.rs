//! The format: files that it accepts, files that it refuses, and its messages.

mod corpus;
mod errors;
