//! Puts one step in the place of a whole election or of a round of replication, if the script still
//! fails as before.

use std::ops::ControlFlow;

use scenario::{Letters, MessageKind, ScriptStep, Verb};
use simulator::{Endpoint, NodeId};
use sut::NodeSet;

use super::moves::MoveKind;
use super::types::{Progress, Watch};

/// A step of the script.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) step: ScriptStep,
    /// The move that it does; none if it stands for several.
    pub(super) kind: Option<MoveKind>,
}

/// Longer scripts keep their single steps: compressing them takes too many replays.
const LONG: usize = 200;

/// Tries scripts as long as the budget lasts.
pub(super) struct MacroSteps<'r> {
    /// Replays so far, and the most.
    pub(super) runs: u64,
    pub(super) budget: u64,
    pub(super) watch: Watch<'r>,
    /// How many steps a script needs, if it fails at the same property and does every step up to then.
    pub(super) reached: &'r mut dyn FnMut(&[Line]) -> Option<usize>,
}

impl MacroSteps<'_> {
    /// Puts longer verbs in the place of single deliveries, then removes the steps that are no longer
    /// needed.
    pub(super) fn compress(&mut self, mut lines: Vec<Line>) -> Vec<Line> {
        if lines.len() > LONG {
            return lines;
        }
        let mut position = 0;
        while position < lines.len() {
            let candidates = elections(&lines, position)
                .into_iter()
                .chain(replications(&lines, position));
            for candidate in candidates {
                if self.attempt(&mut lines, candidate) {
                    break;
                }
            }
            position += 1;
        }
        let mut position = lines.len();
        while position > 0 {
            position -= 1;
            let mut shorter = lines.clone();
            if position < shorter.len() {
                shorter.remove(position);
                self.attempt(&mut lines, shorter);
            }
        }
        lines
    }

    /// Replaces lines by those of a candidate that are reached, if it does.
    fn attempt(&mut self, lines: &mut Vec<Line>, mut candidate: Vec<Line>) -> bool {
        if self.runs >= self.budget {
            return false;
        }
        self.runs += 1;
        let seen = Progress {
            replays: self.runs,
            left: lines.len() as u64,
        };
        if (self.watch)(seen) == ControlFlow::Break(()) {
            self.budget = self.runs;
            return false;
        }
        let Some(reached) = (self.reached)(&candidate) else {
            return false;
        };
        candidate.truncate(reached);
        *lines = candidate;
        true
    }
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
fn elections(lines: &[Line], position: usize) -> Vec<Vec<Line>> {
    let Some(Verb::Timeout(node)) = lines[position].step.verb else {
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
    let next = lines[position + 1..]
        .iter()
        .position(|line| line.step.verb == Some(Verb::Timeout(node)));
    let end = next.map_or(lines.len(), |next| position + 1 + next);
    let votes: Vec<_> = (position + 1..end)
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
    let elect = Line {
        step: ScriptStep::from(Verb::Elect {
            node,
            votes: voters,
        }),
        kind: None,
    };
    let of_election =
        |at: usize| at == position || (position < at && at < end && ballot(&lines[at]).is_some());
    [position, last]
        .map(|at| replaced(lines, of_election, at, &elect))
        .into()
}

/// The entries that arrive at a place and their acknowledgement as one step there, or where the
/// acknowledgement arrives.
fn replications(lines: &[Line], position: usize) -> Vec<Vec<Line>> {
    let Some((from, to, MessageKind::AppendEntries)) = delivery(&lines[position]) else {
        return Vec::new();
    };
    let back = (to, from, MessageKind::AppendEntriesReply);
    let answer = lines[position..]
        .iter()
        .position(|line| delivery(line) == Some(back));
    let Some(answer) = answer.map(|answer| position + answer) else {
        return Vec::new();
    };
    let message = lines[position].kind.as_ref().and_then(MoveKind::message);
    let key = message.map(|message| message.key);
    let append = key.filter(|key| key.kind.message == MessageKind::AppendEntries);
    let replicate = Line {
        step: ScriptStep::from(Verb::Replicate {
            from,
            to: to.into(),
            through: Some(append.map_or(0, |key| key.entries().1)),
        }),
        kind: None,
    };
    [position, answer]
        .map(|at| replaced(lines, |at| at == position || at == answer, at, &replicate))
        .into()
}

/// The lines with one at a place, in which others are gone.
fn replaced(lines: &[Line], gone: impl Fn(usize) -> bool, position: usize, by: &Line) -> Vec<Line> {
    let mut result = Vec::with_capacity(lines.len());
    for (at, line) in lines.iter().enumerate() {
        if at == position {
            result.push(by.clone());
        } else if !gone(at) {
            result.push(line.clone());
        }
    }
    result
}
