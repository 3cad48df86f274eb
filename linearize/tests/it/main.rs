//! The tests of the checker, in one binary, so that shared code is compiled and linked once.

mod agreement;
mod explanations;
mod format;
mod models;
mod porcupine;
mod random;
mod recorded;
mod reference;
mod teeth;
