//! The label of an event, in a few words.

use sut::decisions::{Decision, Role};

use crate::trace::{ActionKind, Record};

/// At most this many characters of a label are shown; the tooltip has all of them.
const LONGEST: usize = 80;

/// A word or more, and how much weight it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) text: String,
    pub(super) weight: Weight,
}

/// How much a part of a label stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// Routine: messages and writes.
    Plain,
    /// A decision of the node.
    Decision,
    /// A fault or a loss.
    Fault,
}

/// The label of an event: the action, then the decisions.
pub(super) fn label(record: &Record) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut room = LONGEST;
    let (happened, weight) = happened(record);
    push(&mut parts, &mut room, happened, weight);
    for decision in &record.decisions {
        if let Some(text) = decided(decision) {
            push(&mut parts, &mut room, text, Weight::Decision);
        }
    }
    parts
}

fn push(parts: &mut Vec<Part>, room: &mut usize, text: String, weight: Weight) {
    if text.is_empty() || *room == 0 {
        return;
    }
    let length = text.chars().count();
    let text = if length > *room {
        let kept: String = text.chars().take(*room).collect();
        format!("{kept}…")
    } else {
        text
    };
    *room = room.saturating_sub(length);
    parts.push(Part { text, weight });
}

fn happened(record: &Record) -> (String, Weight) {
    let message = record.message.as_ref().map(|message| message.text.clone());
    match (record.action, message) {
        (ActionKind::Drop, Some(text)) => {
            let why = record.text.split(':').next().unwrap_or("lost");
            (format!("{text} — {why}"), Weight::Fault)
        }
        (ActionKind::Duplicate, Some(text)) => (format!("{text} (twice)"), Weight::Plain),
        (_, Some(text)) => (text, Weight::Plain),
        (
            ActionKind::Crash
            | ActionKind::Restart
            | ActionKind::Pause
            | ActionKind::Resume
            | ActionKind::Clock,
            None,
        ) => (record.text.clone(), Weight::Fault),
        (_, None) => (record.text.clone(), Weight::Plain),
    }
}

/// The words that a decision adds to the label. The badge on the lane shows changes of role.
fn decided(decision: &Decision) -> Option<String> {
    let word = |name| Some(decision.values.get(name)?.as_str()?.to_owned());
    match decision.what.as_str() {
        "became" => None,
        "vote_granted" => Some(format!("votes for {}", word("candidate")?)),
        "pre_vote_granted" => Some(format!("would vote for {}", word("candidate")?)),
        _ if decision.notable => Some(decision.text.clone()),
        _ => None,
    }
}

/// The badge on a lane where a node becomes something else or enters another term.
pub(super) fn badge(role: Role, term: u64) -> String {
    let role = match role {
        Role::Follower => "follower",
        Role::PreCandidate => "pre-candidate",
        Role::Candidate => "candidate",
        Role::Leader => "leader",
    };
    format!("{role} t{term}")
}

/// All of an event, for the tooltip.
pub(super) fn tooltip(record: &Record) -> String {
    let mut text = format!("{} #{}", sut::time_text::micros(record.time), record.id);
    if let Some(node) = &record.node {
        text.push_str(&format!(" {node}"));
    }
    text.push_str(&format!(": {}", record.text));
    for decision in &record.decisions {
        let rule = decision.rule.as_ref();
        let rule = rule.map_or(String::new(), |rule| format!(" [{rule}]"));
        text.push_str(&format!("; {}{rule}", decision.text));
    }
    text
}
