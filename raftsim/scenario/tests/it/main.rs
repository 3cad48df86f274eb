//! What the format accepts, what it refuses, and what it then says.

mod corpus;
mod errors;
