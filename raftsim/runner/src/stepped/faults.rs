//! Counts the faults of a stepped run by kind. A fault of a step is planned, applied and effective
//! at once.

use scenario::Recorded;
use simulator::{Action, Cluster, Count, Cut, FaultKind, Node, Span};

/// The number of faults of each kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults([u64; FaultKind::ALL.len()]);

impl Faults {
    /// Counts a fault.
    pub(super) fn note(&mut self, kind: FaultKind) {
        self.0[kind as usize] += 1;
    }

    /// Counts the fault if the action is one. The action was just performed.
    #[inline]
    pub(super) fn see<N: Node>(&mut self, cluster: &Cluster<N>, action: &Action<N>) {
        match action {
            Action::Duplicate(_) => self.note(FaultKind::Duplicate),
            Action::Restart(_) => self.note(FaultKind::Restart),
            Action::Pause(_) => self.note(FaultKind::Pause),
            Action::Operator { .. } => self.note(FaultKind::Operator),
            Action::Clock { jump, .. } => self.note(match *jump > Span::ZERO {
                true => FaultKind::ClockJump,
                false => FaultKind::ClockRate,
            }),
            Action::Crash { cut, .. } => {
                self.note(FaultKind::Crash);
                let lost = cluster.last_loss();
                if *cut != Cut::KEEP_ALL && lost.writes > 0 {
                    self.note(FaultKind::LostWrites);
                }
                if lost.torn {
                    self.note(FaultKind::TornWrite);
                }
            }
            _ => {}
        }
    }

    /// The counts of every kind, in order.
    pub(super) fn counts(&self) -> Vec<(FaultKind, Count)> {
        let counts = FaultKind::ALL.into_iter().zip(self.0);
        let count = |times| Count {
            scheduled: times,
            applied: times,
            effective: times,
        };
        counts.map(|(kind, times)| (kind, count(times))).collect()
    }
}

/// The fault counts of a recording, every kind in order.
pub(super) fn of(recorded: &Recorded) -> Vec<(FaultKind, Count)> {
    let count = |kind: FaultKind| {
        let counts = recorded.faults.get(kind.name()).copied();
        let counts = counts.unwrap_or_default();
        Count {
            scheduled: counts.scheduled,
            applied: counts.applied,
            effective: counts.effective,
        }
    };
    FaultKind::ALL
        .into_iter()
        .map(|kind| (kind, count(kind)))
        .collect()
}
