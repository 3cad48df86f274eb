//! What no correct server makes of a snapshot that it is sent (§7, Figure 13).

use raft_core::{EntryId, Event, RuleId};

use super::Scene;
use crate::why::facts::term_at;

pub(super) fn check(scene: &mut Scene<'_>) {
    let moment = scene.moment;
    for event in &moment.decisions {
        match event {
            Event::SnapshotInstalled { last, was, whole } => {
                installed(scene, *last, was.0, *whole);
            }
            Event::SnapshotPassedOver { last, .. } => passed_over(scene, *last),
            _ => {}
        }
    }
}

/// A snapshot of what is committed already, or one that throws away what matches.
fn installed(scene: &mut Scene<'_>, last: EntryId, was: u64, whole: bool) {
    if was >= last.index.0 {
        let text = format!(
            "{} installs a snapshot at {last}, though it knows everything up to #{was} to be committed",
            scene.own()
        );
        scene.slip(RuleId::SnapshotNewsOnly, Some(last.index.0), text);
        return;
    }
    let own = term_at(&scene.now.log, last.index.0);
    if whole && own == Some(last.term) {
        let text = format!(
            "{} throws away what follows {last}, though that is the snapshot's last entry",
            scene.own()
        );
        scene.slip(RuleId::SuffixStays, Some(last.index.0 + 1), text);
    }
}

/// A snapshot that was put aside because of an entry that is not its last one.
fn passed_over(scene: &mut Scene<'_>, last: EntryId) {
    let Some(own) = term_at(&scene.now.log, last.index.0).filter(|own| *own != last.term) else {
        return;
    };
    let text = format!(
        "{} takes its {}{own} for the last entry of a snapshot at {last}",
        scene.own(),
        last.index
    );
    scene.slip(RuleId::SuffixStays, Some(last.index.0), text);
}
