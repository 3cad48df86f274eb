//! Ctrl-C: the first lets the current run finish, the second stops at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::exit::Exit;

/// Whether the user wants to stop.
#[derive(Clone, Default)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on. Where a signal cannot be listened to, it stops the process as usual.
    pub(crate) fn listen() -> Interrupt {
        let interrupt = Interrupt::default();
        let wanted = interrupt.clone();
        let _ = ctrlc::set_handler(move || {
            if wanted.0.swap(true, Ordering::Relaxed) {
                std::process::exit(Exit::Interrupted.code().into());
            }
            eprintln!("interrupted: this run goes on to its end; Ctrl-C again stops at once");
        });
        interrupt
    }

    pub(crate) fn wanted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
