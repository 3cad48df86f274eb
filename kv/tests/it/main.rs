//! The tests of the store, in one binary, so that shared code is compiled and linked once.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![allow(unreachable_pub, reason = "nobody reaches into a test binary")]

mod common;
mod forwarding;
mod model;
mod node;
mod sessions;
mod snapshot;
mod witness;
