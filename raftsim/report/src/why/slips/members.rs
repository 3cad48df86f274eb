//! Configurations that no correct leader appends, and members that no correct server goes by.

use checks::{RequestedChange, Sets, but};
use raft_core::{Change, Event, RoleKind, RuleId, Source};

use super::{Scene, Slip};
use crate::why::facts::term_at;

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
        as_asked(scene, at);
    }
    let left = |event: &Event| {
        let rule = RuleId::LeadsUntilCommitted;
        matches!(event, Event::Became { rule: cited, .. } if *cited == rule)
    };
    if scene.moment.decisions.iter().any(left) {
        left_office(scene);
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

/// A leader appended a configuration at this index: is it what it was asked for?
fn as_asked(scene: &mut Scene<'_>, at: u64) {
    let Some(before) = &scene.now.look else {
        return;
    };
    let (was, is) = (before.members, scene.after.members);
    if was.leaves_itself && is == was.left() {
        return;
    }
    let wishes = &scene.now.wishes;
    let asked = wishes.iter().find(|(wish, _)| wish.next(was) == Some(is));
    match asked.cloned() {
        None => unasked(scene, at, is),
        Some((wish, through)) if !wish.how.forced => {
            caught_up(scene, at, (was, is), through);
            is_live(scene, at, was, &wish);
        }
        Some(_) => {}
    }
}

fn unasked(scene: &mut Scene<'_>, at: u64, is: Sets) {
    let names = &scene.account.names;
    let wishes = scene.now.wishes.iter();
    let shown: Vec<_> = wishes.clone().map(|(wish, _)| wish.show(names)).collect();
    let asked = match shown.is_empty() {
        true => "though nobody asked it to".to_owned(),
        false => format!("though it was asked to {}", shown.join(" and to ")),
    };
    let text = format!(
        "{} makes {} the members by #{at}, {asked}",
        scene.own(),
        is.show(names)
    );
    let again =
        |wish: &RequestedChange| matches!(wish.change, Change::Add(_)) && wish.target().is_none();
    let rule = wishes.clone().any(|(wish, _)| again(wish));
    scene.found.push(Slip {
        when: scene.when,
        node: scene.node,
        rule: rule.then_some(RuleId::AddedAgain),
        term: scene.after.term,
        index: Some(at),
        operation: None,
        text,
    });
}

/// Who gets a vote holds the leader's log as it was when the change was asked for, unless a later
/// leader has removed some of it.
fn caught_up(scene: &mut Scene<'_>, at: u64, (was, is): (Sets, Sets), through: u64) {
    let elections = scene.account.elections.iter();
    let later = elections.map(|election| election.term).max();
    if later > Some(scene.after.term) {
        return;
    }
    let due = term_at(&scene.log, through);
    for new in but(is.voters(), was.voters()).iter() {
        let disk = &scene.account.nodes[new.0 as usize].disk.log;
        if term_at(disk, through) == due {
            continue;
        }
        let text = format!(
            "{} gives {} a vote by #{at}, whose disk does not hold #{through}, which stood in its log \
             when it was asked to",
            scene.own(),
            scene.name(new)
        );
        scene.slip(RuleId::CaughtUp, Some(at), text);
    }
}

/// A quorum of the next voters followed the leader lately. Where leaders may fall silent nobody can
/// tell from when on that counts.
fn is_live(scene: &mut Scene<'_>, at: u64, was: Sets, wish: &RequestedChange) {
    let (settings, now) = (scene.after.settings, scene.after.now);
    let next = wish.target().unwrap_or(was);
    if next.incoming == was.incoming || settings.quiescence {
        return;
    }
    let contacts = scene.after.contacts.iter();
    let lately = contacts.filter(|(_, at)| now.since(*at) <= settings.election_timeout_max);
    let lives = lately.map(|(node, _)| *node).chain([scene.node]).collect();
    let Some(short) = next.short(lives) else {
        return;
    };
    let silent: Vec<_> = but(short.of, short.have)
        .iter()
        .map(|node| scene.name(node))
        .collect();
    let text = format!(
        "{} changes the voters to {} by #{at} though {} have long been silent",
        scene.own(),
        next.show(&scene.account.names),
        silent.join(" ")
    );
    scene.slip(RuleId::LiveQuorum, Some(at), text);
}

/// A leader steps down since its latest configuration gives it no vote.
fn left_office(scene: &mut Scene<'_>) {
    let at = scene.after.configured_at;
    if at <= scene.after.commit {
        return;
    }
    let text = format!(
        "{} leads {} no more, though {at}, which takes its vote, is not committed",
        scene.own(),
        scene.after.term
    );
    scene.slip(RuleId::LeadsUntilCommitted, Some(at.0), text);
}
