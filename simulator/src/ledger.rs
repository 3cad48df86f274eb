//! The ledger of faults. It counts every fault, because a run tests nothing with a fault that never
//! took effect.

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// Links lose some messages.
    Loss,
    /// Links deliver some messages twice.
    Duplicate,
    /// Links delay some messages far beyond the others.
    Reorder,
    /// A cut in both directions.
    Cut,
    /// A cut that leaves at least one way back open.
    OneWayCut,
    /// Links keep messages back and deliver them later.
    Hold,
    /// A node loses its memory.
    Crash,
    /// A node starts again from its disk.
    Restart,
    /// A node stands still and keeps its memory.
    Pause,
    /// A clock runs at another rate.
    ClockRate,
    /// A clock jumps forward.
    ClockJump,
    /// A disk finishes nothing for a while.
    DiskStall,
    /// A disk takes longer.
    DiskSlow,
    /// A crash that may lose writes that were not reported durable.
    LostWrites,
    /// A crash in the middle of a write.
    TornWrite,
    /// A command of the operator.
    Operator,
}

impl FaultKind {
    /// Every kind, in order.
    pub const ALL: [FaultKind; 16] = [
        FaultKind::Loss,
        FaultKind::Duplicate,
        FaultKind::Reorder,
        FaultKind::Cut,
        FaultKind::OneWayCut,
        FaultKind::Hold,
        FaultKind::Crash,
        FaultKind::Restart,
        FaultKind::Pause,
        FaultKind::ClockRate,
        FaultKind::ClockJump,
        FaultKind::DiskStall,
        FaultKind::DiskSlow,
        FaultKind::LostWrites,
        FaultKind::TornWrite,
        FaultKind::Operator,
    ];

    /// A stable name, in lower case with underscores.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            FaultKind::Loss => "loss",
            FaultKind::Duplicate => "duplicate",
            FaultKind::Reorder => "reorder",
            FaultKind::Cut => "cut",
            FaultKind::OneWayCut => "one_way_cut",
            FaultKind::Hold => "hold",
            FaultKind::Crash => "crash",
            FaultKind::Restart => "restart",
            FaultKind::Pause => "pause",
            FaultKind::ClockRate => "clock_rate",
            FaultKind::ClockJump => "clock_jump",
            FaultKind::DiskStall => "disk_stall",
            FaultKind::DiskSlow => "disk_slow",
            FaultKind::LostWrites => "lost_writes",
            FaultKind::TornWrite => "torn_write",
            FaultKind::Operator => "operator",
        }
    }
}

/// How often faults of one kind were scheduled, applied and effective.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Faults that the scenario planned.
    pub scheduled: u64,
    /// Faults that were put into force.
    pub applied: u64,
    /// Faults that changed something: a cut that dropped a message, a stall that held back a
    /// completion.
    pub effective: u64,
}

/// The number of one applied fault. With it the ledger counts the fault's effect once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FaultId(u32);

/// Counts of every kind of fault.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    counts: [Count; FaultKind::ALL.len()],
    // Every applied fault: its kind, and whether it has had an effect yet.
    faults: Vec<(FaultKind, bool)>,
    reordered: u64,
}

impl Ledger {
    /// The counts of one kind.
    #[must_use]
    pub fn count(&self, kind: FaultKind) -> Count {
        self.counts[kind as usize]
    }

    /// Every kind with its counts, in order.
    pub fn iter(&self) -> impl Iterator<Item = (FaultKind, Count)> + '_ {
        FaultKind::ALL
            .into_iter()
            .map(|kind| (kind, self.count(kind)))
    }

    /// Messages that a link held up so that later ones could overtake them.
    #[must_use]
    pub fn reordered(&self) -> u64 {
        self.reordered
    }

    pub(crate) fn held_up(&mut self) {
        self.reordered += 1;
    }

    /// Counts a planned fault of this kind.
    pub fn schedule(&mut self, kind: FaultKind) {
        self.counts[kind as usize].scheduled += 1;
    }

    /// Counts a command of the operator, which a node is about to receive.
    pub fn operated(&mut self) {
        self.apply_with_effect(FaultKind::Operator);
    }

    pub(crate) fn apply(&mut self, kind: FaultKind) -> FaultId {
        self.counts[kind as usize].applied += 1;
        let id = u32::try_from(self.faults.len()).expect("memory ends before 2³² faults");
        self.faults.push((kind, false));
        FaultId(id)
    }

    pub(crate) fn effect(&mut self, fault: FaultId) {
        let (kind, effective) = &mut self.faults[fault.0 as usize];
        if !*effective {
            *effective = true;
            self.counts[*kind as usize].effective += 1;
        }
    }

    /// Counts a fault that takes effect as soon as it is applied.
    pub(crate) fn apply_with_effect(&mut self, kind: FaultKind) {
        let fault = self.apply(kind);
        self.effect(fault);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_listed_in_order_under_different_names() {
        for (place, kind) in FaultKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place, "{kind:?} is out of place");
            let same = FaultKind::ALL
                .into_iter()
                .filter(|other| other.name() == kind.name());
            assert_eq!(same.count(), 1, "{kind:?} shares its name");
        }
    }

    #[test]
    fn a_fault_is_effective_once_however_often_it_acts() {
        let mut ledger = Ledger::default();
        ledger.schedule(FaultKind::Cut);
        ledger.schedule(FaultKind::Cut);
        let (first, _second) = (ledger.apply(FaultKind::Cut), ledger.apply(FaultKind::Cut));
        ledger.effect(first);
        ledger.effect(first);
        let expected = Count {
            scheduled: 2,
            applied: 2,
            effective: 1,
        };
        assert_eq!(ledger.count(FaultKind::Cut), expected);
        assert_eq!(ledger.count(FaultKind::Hold), Count::default());
    }
}
