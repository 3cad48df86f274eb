//! Ctrl-C: the first lets the current run finish, the second stops at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::exit::Exit;

/// Whether the user wants to stop.
#[derive(Clone, Default)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on. If the system does not allow that, Ctrl-C stops the process as usual.
    pub(crate) fn listen() -> Interrupt {
        let interrupt = Interrupt::default();
        let wanted = interrupt.clone();
        let _ = ctrlc::set_handler(move || {
            if wanted.0.swap(true, Ordering::Relaxed) {
                std::process::exit(Exit::Interrupted.code().into());
            }
            eprintln!(
                "interrupted: the current run continues to its end; press Ctrl-C again to stop at once"
            );
        });
        interrupt
    }

    pub(crate) fn wanted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
