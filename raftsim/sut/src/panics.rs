//! Turns failed assertions inside a run into values.
//!
//! A broken structure of the core or the key-value layer panics. During a run that is a finding,
//! and the tool must continue: the panic is caught, its message and place are kept, and nothing is
//! printed. The hook is process-wide because Rust has no other. It passes on every panic outside
//! [`catch`].

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    static CAUGHT: RefCell<Option<Panic>> = const { RefCell::new(None) };
}

/// The sources of the testbed. A panic there is not a finding about the system under test.
const TESTBED: [&str; 9] = [
    "simulator/src/",
    "raftsim/sut/src/",
    "raftsim/scenario/src/",
    "raftsim/checks/src/",
    "raftsim/runner/src/",
    "raftsim/report/src/",
    "raftsim/fuzz/src/",
    "raftsim/shrink/src/",
    "raftsim/command/src/",
];

/// A failed assertion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panic {
    /// The message of the panic.
    pub message: String,
    /// The place of the panic: file, line and column.
    pub place: String,
}

impl Panic {
    /// Whether the tool itself broke. Then the panic is not a finding. A server that cannot start
    /// from its own writes is a finding, although `sut` panics on its behalf.
    pub fn is_the_tools(&self) -> bool {
        let of = |part: &str| self.place.contains(part);
        TESTBED.into_iter().any(of) && !of("raftsim/sut/src/server.rs")
    }
}

/// Runs `body` and turns a panic inside into an error.
pub fn catch<T>(body: impl FnOnce() -> T) -> Result<T, Panic> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !CATCHING.get() {
                before(info);
                return;
            }
            let message = match info.payload_as_str() {
                Some(message) => message.to_owned(),
                None => "an assertion failed".to_owned(),
            };
            let place = info.location().map_or_else(String::new, |at| {
                format!("{}:{}:{}", at.file(), at.line(), at.column())
            });
            CAUGHT.set(Some(Panic { message, place }));
        }));
    });
    let outer = CATCHING.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(body));
    CATCHING.set(outer);
    result.map_err(|_| {
        CAUGHT.take().unwrap_or(Panic {
            message: "a panic".to_owned(),
            place: String::new(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_assertion_becomes_a_value_with_its_message_and_place() {
        let caught = catch(|| -> u32 { panic!("term {} fell", 3) }).unwrap_err();
        assert_eq!(caught.message, "term 3 fell");
        assert!(caught.place.contains("panics.rs"));
        assert!(caught.is_the_tools());
        let index = catch(|| std::hint::black_box([1, 2])[std::hint::black_box(2)]).unwrap_err();
        assert!(
            index.place.contains("panics.rs"),
            "even the library's own name their caller"
        );
        assert_eq!(catch(|| 7), Ok(7));
    }
}
