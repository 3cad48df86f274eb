//! Whole elections and rounds of replication as one step each, where the script still fails as it
//! did.

use simulator::{Endpoint, NodeId};

use crate::format::{Letters, MessageKind, NodeName, NodeSet, ScriptStep, Verb};

/// A step, with what sugar needs to know of it.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) step: ScriptStep,
    /// The term of the node that it happened to, afterwards; 0 if there is none.
    pub(super) term: u64,
    /// The last entry that the message brings; 0 if it brings none.
    pub(super) last: u64,
}

/// Nobody reads a script longer than this aloud.
const LONG: usize = 200;

/// Tries a script: whether it fails as it should.
pub(super) type Fails<'f> = &'f mut dyn FnMut(&[Line]) -> bool;

/// Puts longer verbs in the place of single deliveries, then leaves out what is of no use any more.
pub(super) fn sweeten(mut lines: Vec<Line>, names: &[NodeName], fails: Fails<'_>) -> Vec<Line> {
    if lines.len() > LONG {
        return lines;
    }
    let mut place = 0;
    while place < lines.len() {
        let candidates = elections(&lines, place, names)
            .into_iter()
            .chain(replications(&lines, place, names));
        if let Some(sweeter) = candidates.into_iter().find(|lines| fails(lines)) {
            lines = sweeter;
        }
        place += 1;
    }
    let mut place = lines.len();
    while place > 0 {
        place -= 1;
        let mut shorter = lines.clone();
        shorter.remove(place);
        if fails(&shorter) {
            lines = shorter;
        }
    }
    lines
}

/// The message that a line delivers from one node to another.
fn delivery(line: &Line) -> Option<(NodeId, NodeId, MessageKind)> {
    let Some(Verb::Deliver(Letters { from, to, kind, .. })) = &line.step.verb else {
        return None;
    };
    match (from.only()?, to.only()?, *kind) {
        (Endpoint::Node(from), Endpoint::Node(to), Some(kind)) => Some((from, to, kind)),
        _ => None,
    }
}

/// The election that begins at a place, as one step there, or where it ends.
fn elections(lines: &[Line], place: usize, names: &[NodeName]) -> Vec<Vec<Line>> {
    let Some(Verb::Timeout(node)) = lines[place].step.verb else {
        return Vec::new();
    };
    let ballot = |line: &Line| {
        let (from, to, kind) = delivery(line)?;
        let asks = matches!(kind, MessageKind::PreVote | MessageKind::RequestVote);
        let answers = matches!(
            kind,
            MessageKind::PreVoteReply | MessageKind::RequestVoteReply
        );
        match (from == node && asks, to == node && answers) {
            (true, _) => Some((to, false)),
            (_, true) => Some((from, kind == MessageKind::RequestVoteReply)),
            _ => None,
        }
    };
    let next = lines[place + 1..]
        .iter()
        .position(|line| line.step.verb == Some(Verb::Timeout(node)));
    let end = next.map_or(lines.len(), |next| place + 1 + next);
    let votes: Vec<_> = (place + 1..end)
        .filter(|at| matches!(ballot(&lines[*at]), Some((_, true))))
        .collect();
    let Some(last) = votes.last().copied() else {
        return Vec::new();
    };
    let voters: NodeSet = votes
        .iter()
        .filter_map(|at| ballot(&lines[*at]))
        .map(|(voter, _)| voter)
        .collect();
    let term = lines[last].term;
    let mut step = ScriptStep::from(Verb::Elect {
        node,
        votes: voters,
    });
    step.say = Some(format!(
        "{} is elected leader of term {term} by {}.",
        names[node.0 as usize],
        listed(voters, names)
    ));
    let elect = Line {
        step,
        term,
        last: 0,
    };
    let of_election =
        |at: usize| at == place || (place < at && at < end && ballot(&lines[at]).is_some());
    [place, last]
        .map(|at| replaced(lines, of_election, at, &elect))
        .into()
}

/// The entries that arrive at a place and their acknowledgement as one step there, or where the
/// acknowledgement arrives.
fn replications(lines: &[Line], place: usize, names: &[NodeName]) -> Vec<Vec<Line>> {
    let Some((from, to, MessageKind::AppendEntries)) = delivery(&lines[place]) else {
        return Vec::new();
    };
    let back = (to, from, MessageKind::AppendEntriesReply);
    let answer = lines[place..]
        .iter()
        .position(|line| delivery(line) == Some(back));
    let Some(answer) = answer.map(|answer| place + answer) else {
        return Vec::new();
    };
    let through = lines[place].last;
    let mut step = ScriptStep::from(Verb::Replicate {
        from,
        to: to.into(),
        through: Some(through),
    });
    step.say = Some(format!(
        "{} brings the log of {} up to #{through} and hears of it.",
        names[from.0 as usize], names[to.0 as usize]
    ));
    let replicate = Line {
        step,
        term: lines[answer].term,
        last: through,
    };
    [place, answer]
        .map(|at| replaced(lines, |at| at == place || at == answer, at, &replicate))
        .into()
}

/// The lines with one at a place, in which others are gone.
fn replaced(lines: &[Line], gone: impl Fn(usize) -> bool, place: usize, by: &Line) -> Vec<Line> {
    let mut result = Vec::with_capacity(lines.len());
    for (at, line) in lines.iter().enumerate() {
        if at == place {
            result.push(by.clone());
        } else if !gone(at) {
            result.push(line.clone());
        }
    }
    result
}

/// `S2 and S3`, `S2, S3 and S4`.
fn listed(nodes: NodeSet, names: &[NodeName]) -> String {
    let names: Vec<_> = nodes
        .iter()
        .map(|node| names[node.0 as usize].0.as_str())
        .collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => "itself alone".to_owned(),
    }
}
