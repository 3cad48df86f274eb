//! Observers of a run besides the checks.

use checks::Violation;
use scenario::Expected;
use simulator::{Cluster, Observer, Step, Time};
use sut::Server;

/// The observers of a run as a trait object, so that the world is compiled only once.
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

/// Watches a run: every action, and the changes to the world besides actions.
pub trait Spectator: Observer<Server, Violation = Box<Violation>> {
    /// A phase begins. Its actions and announcements come after this call.
    fn phase(&mut self, time: Time, name: &str) {
        let _ = (time, name);
    }

    /// Whether the observer takes announcements. Without that, the runner builds no texts.
    fn takes_announcements(&self) -> bool {
        true
    }

    /// Reports a change that is not an action: a phase began, links were cut, a disk stalled. The
    /// announcement follows the actions that came with it.
    fn told(&mut self, time: Time, announcement: &str) {
        let _ = (time, announcement);
    }

    /// A step of a stepped run is about to compare the cluster with its expectation.
    fn expected(&mut self, time: Time, expected: &Expected) {
        let _ = (time, expected);
    }

    /// Whether the run may end here. The expectations of later phases are then not tested.
    fn has_seen_enough(&self) -> bool {
        false
    }
}

impl Spectator for Unobserved {
    fn takes_announcements(&self) -> bool {
        false
    }
}
