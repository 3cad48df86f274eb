//! Observers of a run besides the checks.

use checks::Violation;
use scenario::Expected;
use simulator::{Cluster, Observer, Step, Time};
use sut::Server;

/// The observers of a run, without their types, so that the world is compiled once.
pub(crate) type Watching<'a> = dyn Observer<Server, Violation = Box<Violation>> + 'a;

/// No observer besides the checks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl Observer<Server> for Unobserved {
    type Violation = Box<Violation>;

    #[inline]
    fn after(&mut self, _: &Cluster<Server>, _: &Step<'_, Server>) -> Result<(), Box<Violation>> {
        Ok(())
    }
}

/// Watches a run: every action, and what is done to the world beside them.
pub trait Spectator: Observer<Server, Violation = Box<Violation>> {
    /// A phase begins; whatever it does is told and shown after this.
    fn phase(&mut self, time: Time, name: &str) {
        let _ = (time, name);
    }

    /// Whether it takes announcements; without that none is put into words.
    fn takes_announcements(&self) -> bool {
        true
    }

    /// Something was done that is no action: a phase began, links were cut, a disk stalled. The
    /// announcement follows the actions that came with it.
    fn told(&mut self, time: Time, announcement: &str) {
        let _ = (time, announcement);
    }

    /// A step of a stepped run is about to compare the cluster with what it expects.
    fn expected(&mut self, time: Time, expected: &Expected) {
        let _ = (time, expected);
    }

    /// Whether the run may end here; what was expected of its later phases is then not asked.
    fn has_seen_enough(&self) -> bool {
        false
    }
}

impl Spectator for Unobserved {
    fn takes_announcements(&self) -> bool {
        false
    }
}
