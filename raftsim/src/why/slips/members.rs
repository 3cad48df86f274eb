//! Configurations that no correct leader appends, and members that no correct server goes by.

use raft_core::{Event, RoleKind, RuleId, Source};

use super::super::facts::term_at;
use super::Scene;

pub(super) fn check(scene: &mut Scene<'_>) {
    let configured = |event: &Event| matches!(event, Event::Configured { .. });
    if scene.moment.decisions.iter().any(configured) {
        goes_by(scene);
    }
    let writes = scene.moment.writes.iter();
    let appends = writes.filter_map(|(_, write)| write.append.as_ref());
    let own = appends.filter(|append| append.source == Source::Configuration);
    let first = own.map(|append| append.first.0).next();
    if let Some(at) = first.filter(|_| scene.after.role == RoleKind::Leader) {
        appended(scene, at);
    }
}

/// A leader appended a configuration at this index.
fn appended(scene: &mut Scene<'_>, at: u64) {
    let (own, term, commit) = (
        scene.own().to_owned(),
        scene.after.term,
        scene.after.commit.0,
    );
    if term_at(&scene.log, commit) != Some(term) {
        let text = format!(
            "{own} changes the members at #{at} though nothing of its own {term} is committed yet"
        );
        scene.slip(RuleId::ChangeOwnTermFirst, Some(at), text);
    }
    let Some(before) = &scene.now.look else {
        return;
    };
    let was = before.configured_at.0;
    if was <= commit {
        return;
    }
    let (rule, what) = match before.members.is_joint() {
        true => (RuleId::JointFirst, "leaves the joint configuration of"),
        false => (RuleId::ChangeOneAtATime, "changes the members again after"),
    };
    let text = format!("{own} {what} #{was} at #{at}, though #{was} is not committed yet");
    scene.slip(rule, Some(at), text);
}

/// A server goes by other members than the latest of its log.
fn goes_by(scene: &mut Scene<'_>) {
    let (latest, is) = (scene.after.members, scene.after.goes_by);
    if latest == is {
        return;
    }
    let names = &scene.account.names;
    let text = format!(
        "{} goes by {} though the latest members in its log are {}",
        scene.own(),
        is.show(names),
        latest.show(names)
    );
    scene.slip(RuleId::InForceAtAppend, None, text);
}
