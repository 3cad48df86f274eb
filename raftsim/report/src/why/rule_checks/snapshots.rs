//! Wrong decisions about a received snapshot (§7, Figure 13).

use raft_core::{EntryId, Event, RuleId};

use super::NodeStep;
use crate::why::facts::term_at;

pub(super) fn check(step: &mut NodeStep<'_>) {
    let observed = step.observed;
    for event in observed.decisions() {
        match event {
            Event::SnapshotInstalled { last, was, whole } => {
                installed(step, *last, was.0, *whole);
            }
            Event::SnapshotPassedOver { last, .. } => passed_over(step, *last),
            _ => {}
        }
    }
}

/// The node installs a snapshot of committed entries, or throws away entries that match.
fn installed(step: &mut NodeStep<'_>, last: EntryId, was: u64, whole: bool) {
    if was >= last.index.0 {
        let text = format!(
            "{} installs a snapshot at {last}, though it knows everything up to #{was} to be committed",
            step.own()
        );
        step.add(RuleId::SnapshotNewsOnly, Some(last.index.0), text);
        return;
    }
    let own = term_at(&step.state.log, last.index.0);
    if whole && own == Some(last.term) {
        let text = format!(
            "{} throws away what follows {last}, though that is the snapshot's last entry",
            step.own()
        );
        step.add(RuleId::SuffixStays, Some(last.index.0 + 1), text);
    }
}

/// The node ignores a snapshot because of an entry that is not the last one of the snapshot.
fn passed_over(step: &mut NodeStep<'_>, last: EntryId) {
    let Some(own) = term_at(&step.state.log, last.index.0).filter(|own| *own != last.term) else {
        return;
    };
    let text = format!(
        "{} takes its {}{own} for the last entry of a snapshot at {last}",
        step.own(),
        last.index
    );
    step.add(RuleId::SuffixStays, Some(last.index.0), text);
}
