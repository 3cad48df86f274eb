//! The state of one node between two events: its log, its disk, and what it knows of other nodes.

use std::collections::VecDeque;

use checks::RequestedChange;
use raft_core::{AppendEntries, Body, EntryId, Event, Index, Instant, RoleKind, Term, Write};
use simulator::NodeId;
use sut::engine_id;

use super::observed::{Image, NodeView, ObservedStep, Received};

/// One node before the present event. Its disk is already that of the event.
#[derive(Clone, Debug, Default)]
pub(super) struct NodeState {
    /// The terms of its log.
    pub(super) log: Vec<Term>,
    pub(super) disk: Image,
    /// Writes on their way to the disk, with their numbers.
    pub(super) pending: VecDeque<(u64, Write)>,
    pub(super) view: Option<NodeView>,
    /// The end of the part of its log that the leader of this term has shown to match.
    pub(super) verified: (Term, u64),
    /// The votes that it has counted as a candidate.
    pub(super) votes: Vec<NodeId>,
    /// Changes of members that it has not yet answered, each with the end of its log when it began with
    /// the change.
    pub(super) requested: Vec<(RequestedChange, u64)>,
    /// Its contact with the followers while it leads.
    pub(super) leadership: Leadership,
}

impl NodeState {
    /// The last index of its log that is on its disk.
    pub(super) fn durable(&self) -> u64 {
        let same = self.log.iter().zip(&self.disk.log);
        same.take_while(|(own, held)| own == held).count() as u64
    }

    /// Its contact with the followers, this step included.
    pub(super) fn leadership_after(&self, observed: &ObservedStep<'_>) -> Leadership {
        let mut leadership = self.leadership.clone();
        if let Some(view) = &observed.after {
            leadership.step(observed, view);
        }
        leadership
    }

    pub(super) fn write(&mut self, number: u64, write: &Write, committed: &[Term]) {
        edit(&mut self.log, write, committed);
        self.pending.push_back((number, write.clone()));
    }

    pub(super) fn written(&mut self, through: u64, committed: &[Term]) {
        while let Some((_, write)) = self.pending.pop_front_if(|(number, _)| *number <= through) {
            if let Some(hard) = write.hard_state {
                self.disk.hard = hard;
            }
            edit(&mut self.disk.log, &write, committed);
        }
    }
}

/// The contact of a leader with its followers in one term.
#[derive(Clone, Debug, Default)]
pub(super) struct Leadership {
    term: Term,
    /// The time of its election by its own clock.
    pub(super) began: Instant,
    /// The newest of its messages that each node has answered: the time at which it left, by the
    /// leader's clock, and its sequence number.
    pub(super) heard: Vec<(NodeId, Instant, u64)>,
    /// The last message it sent to each node.
    sent: Vec<(NodeId, u64)>,
    /// The last messages that it had sent when its present round of reads began.
    pub(super) round: Vec<(NodeId, u64)>,
    /// Whether it told_target another node to campaign.
    pub(super) told_target: bool,
}

impl Leadership {
    /// The nodes that have answered a message sent after these.
    pub(super) fn answered_since(&self, sent: &[(NodeId, u64)]) -> Vec<NodeId> {
        let before = |node| {
            sent.iter()
                .find(|(to, _)| *to == node)
                .map_or(0, |(_, seq)| *seq)
        };
        let heard = self.heard.iter();
        let since = heard.filter(|(node, _, seq)| *seq > before(*node));
        since.map(|(node, ..)| *node).collect()
    }

    fn step(&mut self, observed: &ObservedStep<'_>, view: &NodeView) {
        // A leader that steps down because of a message has received that message.
        if view.role != RoleKind::Leader && self.term != view.term {
            return;
        }
        if self.term != view.term {
            *self = Leadership {
                term: view.term,
                began: view.now,
                ..Leadership::default()
            };
        }
        if let Some(Received { from, message, .. }) = &observed.received
            && let Some((seq, sent_at)) = echo(&message.body)
            && message.term == view.term
            && seq > 0
        {
            let heard = (*from, sent_at, seq);
            match self.heard.iter_mut().find(|(node, ..)| node == from) {
                Some(known) => *known = (*from, known.1.max(heard.1), known.2.max(heard.2)),
                None => self.heard.push(heard),
            }
        }
        let mut began = false;
        for event in observed.decisions() {
            began |= matches!(event, Event::ReadRoundBegan { .. });
            self.told_target |= matches!(event, Event::TargetTold { .. });
        }
        if began {
            self.round.clone_from(&self.sent);
        }
        for (to, message) in observed.sent() {
            let number = match &message.body {
                Body::AppendEntries(append) => append.seq,
                Body::InstallSnapshot(install) => install.seq,
                Body::Sleep { seq, .. } => *seq,
                _ => continue,
            };
            match self.sent.iter_mut().find(|(node, _)| *node == to) {
                Some((_, seq)) => *seq = number,
                None => self.sent.push((to, number)),
            }
        }
    }
}

/// The leader's message that a reply echoes: its sequence number and the time at which it was sent.
fn echo(body: &Body) -> Option<(u64, Instant)> {
    match body {
        Body::AppendEntriesReply(reply) => Some((reply.seq, reply.sent_at)),
        Body::InstallSnapshotReply { seq, sent_at, .. } | Body::SleepReply { seq, sent_at, .. } => {
            Some((*seq, *sent_at))
        }
        _ => None,
    }
}

/// The terms that a snapshot up to this entry stands for: those of the committed log.
pub(super) fn stands_for(base: EntryId, committed: &[Term]) -> Vec<Term> {
    let length = usize::try_from(base.index.0).unwrap_or(0);
    let mut log = committed[..length.min(committed.len())].to_vec();
    log.resize(length, base.term);
    log
}

/// Applies a write to a log.
pub(super) fn edit(log: &mut Vec<Term>, write: &Write, committed: &[Term]) {
    let position = |index: Index| usize::try_from(index.0.saturating_sub(1)).unwrap_or(usize::MAX);
    if let Some(from) = write.truncate_from {
        log.truncate(position(from));
    }
    // Where compaction removes the start of a log, the account keeps it.
    if let Some(rebase) = write.rebase.as_ref().filter(|rebase| rebase.whole) {
        *log = stands_for(rebase.base.last, committed);
    }
    if let Some(append) = &write.append {
        let (first, end) = (position(append.first), position(append.last) + 1);
        log.resize(log.len().max(end), append.term);
        log[first..end].fill(append.term);
    }
}

/// A node's number in the engine.
pub(super) fn node_of(id: raft_core::NodeId) -> NodeId {
    engine_id(id)
}

/// The leader's AppendEntries that the step accepted.
pub(super) fn taken<'o>(
    observed: &'o ObservedStep<'_>,
) -> Option<(&'o AppendEntries, NodeId, Term)> {
    let Received { from, message, .. } = observed.received.as_ref()?;
    let Body::AppendEntries(append) = &message.body else {
        return None;
    };
    let takes = |event: &Event| {
        use Event::{AckWithheld, Acknowledged, Appended};
        matches!(
            event,
            Acknowledged { .. } | AckWithheld { .. } | Appended { .. }
        )
    };
    let took = observed.decisions().any(takes);
    took.then_some((append, *from, message.term))
}

/// The end of the part of the log that the present leader has shown to match, after a step.
pub(super) fn verified(state: &NodeState, observed: &ObservedStep<'_>) -> (Term, u64) {
    let Some(after) = &observed.after else {
        return (Term(0), 0);
    };
    let known = if state.verified.0 == after.term {
        state.verified.1
    } else {
        0
    };
    // The entries before the base are committed, so the leader has them.
    let taken = taken(observed).map_or(0, |(append, ..)| append.last.max(after.base).0);
    let snapshots = observed.decisions().map(|event| match event {
        Event::SnapshotInstalled { last, .. } | Event::SnapshotPassedOver { last, .. } => {
            last.index.0
        }
        _ => 0,
    });
    let shown = snapshots.fold(taken, u64::max);
    (after.term, known.max(shown))
}

/// The votes that a candidate has counted, after a step.
pub(super) fn votes_counted(state: &NodeState, observed: &ObservedStep<'_>) -> Vec<NodeId> {
    let mut votes = state.votes.clone();
    for event in observed.decisions() {
        match event {
            Event::Became {
                role: RoleKind::Candidate,
                ..
            } => votes.clear(),
            Event::VoteCounted {
                voter,
                granted: true,
                role: RoleKind::Candidate,
            } if !votes.contains(&node_of(*voter)) => votes.push(node_of(*voter)),
            _ => {}
        }
    }
    votes
}

/// The nodes whose copy of an entry a leader counts, by its own match indexes.
pub(super) fn counted(node: NodeId, view: &NodeView, index: u64) -> Vec<NodeId> {
    let own = (node, view.durable);
    let copies = view.matches.iter().copied().chain([own]);
    let mut counted: Vec<_> = copies
        .filter(|(_, held)| *held >= Index(index))
        .map(|(node, _)| node)
        .collect();
    counted.sort_unstable();
    counted
}
