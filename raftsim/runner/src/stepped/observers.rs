//! The observers of a stepped run: the caller's, the checks, the liveness monitor, the count of
//! faults.

use checks::{Checks, Violation};
use simulator::{Action, Cluster, Observer, Step, Stopped, Time};
use sut::Server;

use super::faults::Faults;
use super::step_failure::StepFailure;
use crate::liveness::LivenessMonitor;
use crate::spectator::Spectator;
use crate::unmet::Unmet;

/// The reason why a step, and perhaps the run, stops.
pub(super) enum Halt {
    /// A property does not hold.
    Violation(Box<Violation>),
    /// An expectation did not come true in time.
    Late(Unmet),
    /// The step cannot be done, or its expectation is not met.
    StepFailure(StepFailure),
}

impl From<StepFailure> for Halt {
    fn from(miss: StepFailure) -> Self {
        Self::StepFailure(miss)
    }
}

impl From<simulator::Refusal> for Halt {
    fn from(refusal: simulator::Refusal) -> Self {
        Self::StepFailure(StepFailure::Refused(refusal))
    }
}

impl From<Stopped<Halt>> for Halt {
    fn from(stopped: Stopped<Halt>) -> Self {
        match stopped {
            Stopped::Refused(refusal) => refusal.into(),
            Stopped::ActionLimit => StepFailure::ActionLimit.into(),
            Stopped::Objection(halt) => halt,
        }
    }
}

pub(super) struct Observers<'p> {
    pub(super) observer: &'p mut dyn Spectator,
    pub(super) checks: Checks,
    pub(super) liveness: LivenessMonitor<'p>,
    pub(super) faults: Faults,
    pub(super) names: &'p [String],
}

impl Observers<'_> {
    /// Lets the liveness monitor look at each of its times up to `time`, including `time` itself if
    /// `at` is set. Nothing has happened since the last look, so all looks see the current cluster.
    pub(super) fn look_until(
        &mut self,
        cluster: &Cluster<Server>,
        time: Time,
        at: bool,
    ) -> Result<(), Unmet> {
        let due = |next: Time| next < time || (at && next == time);
        while let Some(next) = self.liveness.next_time().filter(|next| due(*next)) {
            self.liveness
                .look(next, cluster, &self.checks, self.names)?;
        }
        Ok(())
    }

    /// Ends the present phase or the run. The liveness monitor judges the remaining expectations.
    pub(super) fn phase_ends(
        &mut self,
        cluster: &Cluster<Server>,
        time: Time,
    ) -> Result<(), Unmet> {
        self.look_until(cluster, time, false)?;
        self.liveness.ends(time, cluster, &self.checks, self.names)
    }
}

impl Observer<Server> for Observers<'_> {
    type Violation = Halt;

    fn wants_events(&self) -> bool {
        self.observer.wants_events()
    }

    /// In a timed run the liveness monitor looks after the director's acts of the same time and
    /// before the world's events of that time. If a phase begins, the monitor looks first. A
    /// stepped run keeps the same order, so that a recording ends like its run.
    #[inline]
    fn before(
        &mut self,
        cluster: &Cluster<Server>,
        time: Time,
        action: &Action<Server>,
    ) -> Result<(), Halt> {
        let from_outside = matches!(
            action,
            Action::Crash { .. }
                | Action::Restart(_)
                | Action::Pause(_)
                | Action::Resume(_)
                | Action::Clock { .. }
                | Action::Operator { .. }
        );
        self.look_until(cluster, time, !from_outside)
            .map_err(Halt::Late)?;
        let seen = self.observer.before(cluster, time, action);
        seen.map_err(Halt::Violation)
    }

    #[inline]
    fn after(&mut self, cluster: &Cluster<Server>, step: &Step<'_, Server>) -> Result<(), Halt> {
        self.faults.see(cluster, step.action);
        let seen = self.observer.after(cluster, step);
        seen.map_err(Halt::Violation)?;
        self.checks.after(cluster, step).map_err(Halt::Violation)
    }
}
