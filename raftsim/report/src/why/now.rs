//! One node between two events: its log, its disk, and what it knows of others.

use std::collections::VecDeque;

use checks::RequestedChange;
use raft_core::{AppendEntries, Body, EntryId, Event, Index, Instant, RoleKind, Term, Write};
use simulator::NodeId;
use sut::engine_id;

use super::moment::{Image, Look, Moment, What};

/// One node as it was before the event at hand, its disk as it is.
#[derive(Clone, Debug, Default)]
pub(super) struct Now {
    /// The terms of its log.
    pub(super) log: Vec<Term>,
    pub(super) disk: Image,
    /// Writes on their way to it, by their numbers.
    pub(super) pending: VecDeque<(u64, Write)>,
    pub(super) look: Option<Look>,
    /// Up to where this term's leader has shown its log to match.
    pub(super) verified: (Term, u64),
    /// Whose votes it has counted as a candidate.
    pub(super) votes: Vec<NodeId>,
    /// What it was asked to make of the members and has not answered, each with the end of its log
    /// once it had begun with it.
    pub(super) wishes: Vec<(RequestedChange, u64)>,
    /// As a leader, whom it has heard from.
    pub(super) reign: Reign,
}

impl Now {
    /// How much of its log is on its disk.
    pub(super) fn durable(&self) -> u64 {
        let same = self.log.iter().zip(&self.disk.log);
        same.take_while(|(own, held)| own == held).count() as u64
    }

    /// What it has heard as a leader, this step included.
    pub(super) fn reign_after(&self, moment: &Moment) -> Reign {
        let mut reign = self.reign.clone();
        if let Some(look) = &moment.after {
            reign.step(moment, look);
        }
        reign
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

/// What a leader has heard in one term.
#[derive(Clone, Debug, Default)]
pub(super) struct Reign {
    term: Term,
    /// When it was elected, by its own clock.
    pub(super) began: Instant,
    /// The newest of its messages that each node has answered: when it left by its own clock, and
    /// its number on the way to that node.
    pub(super) heard: Vec<(NodeId, Instant, u64)>,
    /// The last message it sent to each node.
    sent: Vec<(NodeId, u64)>,
    /// What it had sent when its present round of reads began.
    pub(super) round: Vec<(NodeId, u64)>,
    /// Whether it told another node to campaign.
    pub(super) told: bool,
}

impl Reign {
    /// Who has answered a message that left after these.
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

    fn step(&mut self, moment: &Moment, look: &Look) {
        // A leader that steps down with what it hears in this step has heard it.
        if look.role != RoleKind::Leader && self.term != look.term {
            return;
        }
        if self.term != look.term {
            *self = Reign {
                term: look.term,
                began: look.now,
                ..Reign::default()
            };
        }
        if let What::Receive { from, message, .. } = &moment.what
            && let Some((seq, sent_at)) = echo(&message.body)
            && message.term == look.term
            && seq > 0
        {
            let heard = (*from, sent_at, seq);
            match self.heard.iter_mut().find(|(node, ..)| node == from) {
                Some(known) => *known = (*from, known.1.max(heard.1), known.2.max(heard.2)),
                None => self.heard.push(heard),
            }
        }
        let mut began = false;
        for event in &moment.decisions {
            began |= matches!(event, Event::ReadRoundBegan { .. });
            self.told |= matches!(event, Event::TargetTold { .. });
        }
        if began {
            self.round.clone_from(&self.sent);
        }
        for (to, message) in &moment.sent {
            let number = match &message.body {
                Body::AppendEntries(append) => append.seq,
                Body::InstallSnapshot(install) => install.seq,
                Body::Sleep { seq, .. } => *seq,
                _ => continue,
            };
            match self.sent.iter_mut().find(|(node, _)| node == to) {
                Some((_, seq)) => *seq = number,
                None => self.sent.push((*to, number)),
            }
        }
    }
}

/// The leader's message that an answer echoes: its number, and when it was sent.
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

/// Does to a log what a write does.
pub(super) fn edit(log: &mut Vec<Term>, write: &Write, committed: &[Term]) {
    let place = |index: Index| usize::try_from(index.0.saturating_sub(1)).unwrap_or(usize::MAX);
    if let Some(from) = write.truncate_from {
        log.truncate(place(from));
    }
    // A log that is only cut at its start is still known here from its first entry on.
    if let Some(rebase) = write.rebase.as_ref().filter(|rebase| rebase.whole) {
        *log = stands_for(rebase.base.last, committed);
    }
    if let Some(append) = &write.append {
        let (first, end) = (place(append.first), place(append.last) + 1);
        log.resize(log.len().max(end), append.term);
        log[first..end].fill(append.term);
    }
}

/// A node's number in the engine.
pub(super) fn node_of(id: raft_core::NodeId) -> NodeId {
    engine_id(id)
}

/// The leader's message that the step took over, if it did.
pub(super) fn taken(moment: &Moment) -> Option<(&AppendEntries, NodeId, Term)> {
    let What::Receive { from, message, .. } = &moment.what else {
        return None;
    };
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
    let took = moment.decisions.iter().any(takes);
    took.then_some((append, *from, message.term))
}

/// Up to where the present leader has shown the log to match, after a step.
pub(super) fn verified(now: &Now, moment: &Moment) -> (Term, u64) {
    let Some(after) = &moment.after else {
        return (Term(0), 0);
    };
    let known = if now.verified.0 == after.term {
        now.verified.1
    } else {
        0
    };
    // What lies before the log is committed, and so the leader's.
    let taken = taken(moment).map_or(0, |(append, ..)| append.last.max(after.base).0);
    let snapshots = moment.decisions.iter().map(|event| match event {
        Event::SnapshotInstalled { last, .. } | Event::SnapshotPassedOver { last, .. } => {
            last.index.0
        }
        _ => 0,
    });
    let shown = snapshots.fold(taken, u64::max);
    (after.term, known.max(shown))
}

/// Whose votes a candidate has counted, after a step.
pub(super) fn votes_counted(now: &Now, moment: &Moment) -> Vec<NodeId> {
    let mut votes = now.votes.clone();
    for event in &moment.decisions {
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

/// Whose copy of an entry a node counts, by what it believes.
pub(super) fn counted(node: NodeId, look: &Look, index: u64) -> Vec<NodeId> {
    let own = (node, look.durable);
    let copies = look.matches.iter().copied().chain([own]);
    let mut counted: Vec<_> = copies
        .filter(|(_, held)| *held >= Index(index))
        .map(|(node, _)| node)
        .collect();
    counted.sort_unstable();
    counted
}
