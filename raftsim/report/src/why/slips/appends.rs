//! What no correct follower takes over, removes, acknowledges or believes to be durable.

use raft_core::{Body, Event, Outcome, RuleId};

use super::Scene;
use crate::why::facts::term_at;
use crate::why::moment::What;
use crate::why::now::{taken, verified};

pub(super) fn check(scene: &mut Scene<'_>) {
    previous(scene);
    cut(scene);
    watermark(scene);
    let moment = scene.moment;
    for (_, message) in &moment.sent {
        if let Body::AppendEntriesReply(reply) = &message.body
            && let Outcome::Accepted { match_index } = reply.outcome
        {
            acknowledged(scene, match_index.0);
        }
    }
}

/// Entries that follow one which the node does not hold.
fn previous(scene: &mut Scene<'_>) {
    let Some((append, from, _)) = taken(scene.moment) else {
        return;
    };
    let prev = append.prev;
    let own = term_at(&scene.now.log, prev.index.0);
    if prev.index.0 == 0 || own == Some(prev.term) {
        return;
    }
    let has = match own {
        Some(own) => format!("its own entry there is of {own}"),
        None => "it has no entry there".to_owned(),
    };
    let text = format!(
        "{} takes over what {} sends after {prev}, though {has}",
        scene.own(),
        scene.name(from)
    );
    scene.slip(RuleId::PreviousMatches, Some(prev.index.0), text);
}

/// Entries removed without a conflict, or kept in spite of one.
fn cut(scene: &mut Scene<'_>) {
    let Some((append, from, _)) = taken(scene.moment) else {
        return;
    };
    let mut sent = append.prev.index.0 + 1..=append.last.0;
    let conflict = sent.find(|index| {
        let own = term_at(&scene.now.log, *index);
        own.is_some_and(|own| own != append.entries_term)
    });
    let cut = scene.moment.decisions.iter().find_map(|event| match event {
        Event::Truncated { from, .. } => Some(from.0),
        _ => None,
    });
    let (own, leader) = (scene.own(), scene.name(from));
    let text = match (cut, conflict) {
        (Some(cut), None) => {
            format!("{own} removes #{cut} and what follows, though nothing {leader} sent conflicts")
        }
        (Some(cut), Some(conflict)) if cut != conflict => format!(
            "{own} removes #{cut} and what follows, though what {leader} sent conflicts at #{conflict}"
        ),
        (None, Some(conflict)) if term_at(&scene.log, conflict) != Some(append.entries_term) => {
            let (kept, sent) = (term_at(&scene.log, conflict), append.entries_term);
            let kept = kept.map_or(String::new(), |kept| kept.to_string());
            format!("{own} keeps its #{conflict}{kept}, though {leader} sent #{conflict}{sent}")
        }
        _ => return,
    };
    scene.slip(RuleId::TruncateConflictOnly, cut.or(conflict), text);
}

/// A log believed to be durable further than the disk holds it.
fn watermark(scene: &mut Scene<'_>) {
    let (believed, durable) = (scene.after.durable.0, scene.durable());
    let before = scene.now.look.as_ref().map_or(0, |look| look.durable.0);
    if believed <= durable || before > scene.now.durable() {
        return;
    }
    let cuts = |event: &Event| match event {
        Event::Truncated { .. } => true,
        // Where a snapshot takes a server back, that is what is wrong.
        Event::SnapshotInstalled { last, was, .. } => *was < last.index,
        _ => false,
    };
    let takes_back = |event: &Event| matches!(event, Event::SnapshotInstalled { last, was, .. } if *was >= last.index);
    if scene.moment.decisions.iter().any(takes_back) {
        return;
    }
    let (rule, because) = match scene.moment.what {
        _ if scene.moment.decisions.iter().any(cuts) => {
            (RuleId::TruncationLowersWatermark, "after cutting its log")
        }
        What::Written(_) => (
            RuleId::TruncationLowersFlights,
            "on a late report about entries that it has replaced since",
        ),
        _ => return,
    };
    let text = format!(
        "{} believes its log durable up to #{believed} {because}, but its disk holds it only up to \
         #{durable}",
        scene.own()
    );
    scene.slip(rule, Some(durable + 1), text);
}

fn acknowledged(scene: &mut Scene<'_>, index: u64) {
    let (_, shown) = verified(scene.now, scene.moment);
    let (own, durable) = (scene.own(), scene.durable());
    let (first, text) = if index > shown {
        let text = format!(
            "{own} acknowledges #{index}, though its leader has shown the logs to match only up to \
             #{shown}"
        );
        (shown + 1, text)
    } else if index > durable && scene.after.durable.0 < index {
        let text = format!(
            "{own} acknowledges #{index} while its disk holds its log only up to #{durable}"
        );
        (durable + 1, text)
    } else {
        return;
    };
    scene.slip(RuleId::AcknowledgeDurable, Some(first), text);
}
