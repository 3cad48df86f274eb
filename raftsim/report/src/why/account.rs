//! The account of a run: each event is taken down as facts, and as slips where a rule does not allow
//! what a node did.

use std::collections::VecDeque;

use checks::Wish;
use raft_core::{Body, EntryId, Event, Index, Instant, Outcome, RoleKind, Term, Write};
use simulator::NodeId;
use sut::engine_id;

use super::facts::{
    Ack, Asked, Asking, Change, Commit, Done, Edit, Election, Grant, Learnt, Vote, When, term_at,
};
use super::moment::{Image, Look, Moment, What};
use super::slips::{self, Slip};

/// One node as it was before the event at hand, its disk as it is.
#[derive(Clone, Debug, Default)]
pub(super) struct Now {
    /// The terms of its log.
    pub(super) log: Vec<Term>,
    pub(super) disk: Image,
    /// Writes on their way to it, by their numbers.
    pending: VecDeque<(u64, Write)>,
    pub(super) look: Option<Look>,
    /// Up to where this term's leader has shown its log to match.
    pub(super) verified: (Term, u64),
    /// Whose votes it has counted as a candidate.
    pub(super) votes: Vec<NodeId>,
    /// What it was asked to make of the members and has not answered, each with the end of its log
    /// once it had begun with it.
    pub(super) wishes: Vec<(Wish, u64)>,
    /// As a leader, whom it has heard from.
    pub(super) reign: Reign,
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

    fn write(&mut self, number: u64, write: &Write, committed: &[Term]) {
        edit(&mut self.log, write, committed);
        self.pending.push_back((number, write.clone()));
    }

    fn written(&mut self, through: u64, committed: &[Term]) {
        while let Some((_, write)) = self.pending.pop_front_if(|(number, _)| *number <= through) {
            if let Some(hard) = write.hard_state {
                self.disk.hard = hard;
            }
            edit(&mut self.disk.log, &write, committed);
        }
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

/// Everything that was taken down.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) names: Vec<String>,
    pub(super) nodes: Vec<Now>,
    pub(super) votes: Vec<Vote>,
    pub(super) grants: Vec<Grant>,
    pub(super) elections: Vec<Election>,
    pub(super) commits: Vec<Commit>,
    pub(super) acks: Vec<Ack>,
    pub(super) learnt: Vec<Learnt>,
    pub(super) edits: Vec<Edit>,
    pub(super) done: Vec<Done>,
    pub(super) asked: Vec<Asked>,
    pub(super) slips: Vec<Slip>,
    /// The terms of the committed log.
    pub(super) committed: Vec<Term>,
    /// Per event from 1 on, what came before it: its cause, and the last event of its node.
    before: Vec<[u64; 2]>,
    last: Vec<u64>,
}

impl Account {
    pub(super) fn new(names: Vec<String>) -> Self {
        let nodes = vec![Now::default(); names.len()];
        let last = vec![0; names.len()];
        Self {
            names,
            nodes,
            votes: Vec::new(),
            grants: Vec::new(),
            elections: Vec::new(),
            commits: Vec::new(),
            acks: Vec::new(),
            learnt: Vec::new(),
            edits: Vec::new(),
            done: Vec::new(),
            asked: Vec::new(),
            slips: Vec::new(),
            committed: Vec::new(),
            before: Vec::new(),
            last,
        }
    }

    pub(super) fn name(&self, node: NodeId) -> &str {
        &self.names[node.0 as usize]
    }

    /// What a node begins with, before the first event.
    pub(super) fn begin(&mut self, node: NodeId, disk: Image) {
        assert!(self.before.is_empty(), "nothing has happened yet");
        let log = disk.log.clone();
        self.edits.push(Edit {
            when: When { event: 0, time: 0 },
            node,
            change: Change::Begin(log.clone()),
        });
        self.nodes[node.0 as usize] = Now {
            log,
            disk,
            ..Now::default()
        };
    }

    /// Takes down the next event.
    pub(super) fn take(&mut self, moment: &Moment, cause: u64) {
        let place = moment.node.map(|node| node.0 as usize);
        self.before
            .push([cause, place.map_or(0, |place| self.last[place])]);
        let when = When {
            event: moment.id,
            time: moment.time,
        };
        self.clients(when, moment);
        let (Some(node), Some(place)) = (moment.node, place) else {
            return;
        };
        self.last[place] = moment.id;
        self.world(when, node, moment);
        self.slips.extend(slips::of(self, when, node, moment));
        self.node(when, node, moment);
    }

    /// What the node did not do itself.
    fn world(&mut self, when: When, node: NodeId, moment: &Moment) {
        let now = &mut self.nodes[node.0 as usize];
        match &moment.what {
            What::Written(through) => now.written(*through, &self.committed),
            What::Crash { lost, disk } => {
                *now = Now {
                    disk: disk.clone(),
                    ..Now::default()
                };
                let change = Change::Crash(*lost, disk.clone());
                self.edits.push(Edit { when, node, change });
            }
            What::Restart(disk) => {
                *now = Now {
                    log: disk.log.clone(),
                    disk: disk.clone(),
                    ..Now::default()
                };
            }
            What::Ordered(kv::Operator::Change { change, how }) => {
                let was = now.look.as_ref().map(|look| look.members);
                let wish = Wish {
                    change: change.clone(),
                    how: *how,
                    was: was.unwrap_or_default(),
                };
                now.wishes.push((wish, 0));
            }
            _ => {}
        }
    }

    fn clients(&mut self, when: When, moment: &Moment) {
        let mut note = |operation, step| {
            self.asked.push(Asked {
                when,
                operation,
                step,
            });
        };
        match moment.what {
            What::Asked(operation) => note(operation, Asking::Sent),
            What::Told(operation, by) => note(operation, Asking::Told(by)),
            _ => {}
        }
        let Some(node) = moment.node else { return };
        for answer in &moment.answers {
            let operation = (answer.client.0, answer.serial.0);
            note(operation, Asking::Answered(node, *answer));
        }
        for read in &moment.reads {
            note(read.operation, Asking::Read(node, *read));
        }
        for applied in &moment.applied {
            let applied = *applied;
            self.done.push(Done {
                when,
                node,
                applied,
            });
        }
    }

    /// What the node did, and what it is then.
    fn node(&mut self, when: When, node: NodeId, moment: &Moment) {
        self.log(when, node, moment);
        let now = &mut self.nodes[node.0 as usize];
        now.verified = slips::verified(now, moment);
        now.votes = slips::votes_counted(now, moment);
        now.reign = now.reign_after(moment);
        let before = now.look.take();
        now.look.clone_from(&moment.after);
        let last = now.log.len() as u64;
        let begun = now.wishes.iter_mut().filter(|(_, through)| *through == 0);
        begun.for_each(|(_, through)| *through = last);
        if !moment.after.as_ref().is_some_and(|look| look.changing) {
            now.wishes.clear();
        }
        self.learnt(when, node, before.as_ref(), moment);
        for (to, message) in &moment.sent {
            self.promised(when, node, *to, message);
        }
        for event in &moment.decisions {
            match event {
                Event::Became {
                    role: RoleKind::Leader,
                    term,
                    ..
                } => {
                    let mut votes = self.nodes[node.0 as usize].votes.clone();
                    votes.sort_unstable();
                    let after = moment.after.as_ref();
                    let witnesses = after.map(|after| after.members.witnesses);
                    self.elections.push(Election {
                        when,
                        node,
                        term: *term,
                        votes,
                        witnesses: witnesses.unwrap_or_default(),
                    });
                }
                Event::VoteGranted {
                    candidate,
                    term,
                    theirs,
                    own,
                    ..
                } => self.grants.push(Grant {
                    when,
                    node,
                    term: *term,
                    candidate: node_of(*candidate),
                    theirs: *theirs,
                    own: *own,
                }),
                Event::Committed { commit, was, .. } => {
                    let led = before
                        .as_ref()
                        .is_some_and(|look| look.role == RoleKind::Leader);
                    self.committed(when, node, (was.0, commit.0), led);
                }
                _ => {}
            }
        }
    }

    fn log(&mut self, when: When, node: NodeId, moment: &Moment) {
        let from = match &moment.what {
            What::Receive { from, .. } => Some(*from),
            _ => None,
        };
        for (number, write) in &moment.writes {
            let now = &mut self.nodes[node.0 as usize];
            let pending = now.pending.iter();
            let appends = pending.filter_map(|(_, write)| write.append.as_ref());
            let under_way = appends.map(|append| append.last.0).max();
            now.write(*number, write, &self.committed);
            let mut note = |change| self.edits.push(Edit { when, node, change });
            if let Some(cut) = write.truncate_from {
                note(Change::Cut(
                    cut.0,
                    from,
                    under_way.filter(|last| *last >= cut.0),
                ));
            }
            if let Some(rebase) = write.rebase.as_ref().filter(|rebase| rebase.whole) {
                let log = stands_for(rebase.base.last, &self.committed);
                note(Change::Given(log, from));
            }
            if let Some(append) = &write.append {
                note(Change::Put(append.first.0, append.last.0, append.term));
            }
        }
    }

    fn learnt(&mut self, when: When, leader: NodeId, before: Option<&Look>, moment: &Moment) {
        let (Some(after), What::Receive { sent, .. }) = (&moment.after, &moment.what) else {
            return;
        };
        for (peer, index) in &after.matches {
            let known = before.and_then(|look| look.matches.iter().find(|(id, _)| id == peer));
            if known.is_none_or(|(_, was)| was != index) && index.0 > 0 {
                self.learnt.push(Learnt {
                    when,
                    leader,
                    peer: *peer,
                    index: index.0,
                    sent: *sent,
                });
            }
        }
    }

    fn promised(&mut self, when: When, node: NodeId, to: NodeId, message: &raft_core::Message) {
        let term = message.term;
        let candidate = match &message.body {
            Body::RequestVote { .. } => node,
            Body::RequestVoteReply { granted: true } => to,
            Body::AppendEntriesReply(reply) => {
                if let Outcome::Accepted { match_index } = reply.outcome {
                    self.acks.push(Ack {
                        when,
                        node,
                        to,
                        index: match_index.0,
                        durable: self.nodes[node.0 as usize].durable(),
                    });
                }
                return;
            }
            _ => return,
        };
        let known = self.votes.iter().rev().take_while(|vote| vote.when == when);
        if known.clone().all(|vote| vote.node != node) {
            self.votes.push(Vote {
                when,
                node,
                term,
                candidate,
            });
        }
    }

    /// A node commits; `led` says that it led when the step began.
    fn committed(&mut self, when: When, node: NodeId, (was, index): (u64, u64), led: bool) {
        let now = &self.nodes[node.0 as usize];
        let Some(look) = &now.look else { return };
        let leads = led || look.role == RoleKind::Leader;
        let entry = term_at(&now.log, index).unwrap_or_default();
        let counted = slips::counted(node, look, index);
        let length = usize::try_from(index).unwrap_or(usize::MAX);
        let holds = |other: &NodeId| {
            let disk = &self.nodes[other.0 as usize].disk.log;
            now.log.len() as u64 >= index
                && disk.len() as u64 >= index
                && disk.iter().zip(&now.log).take(length).all(|(a, b)| a == b)
        };
        let all = (0..).map(NodeId).take(self.names.len());
        let commit = Commit {
            when,
            node,
            term: look.term,
            leads,
            was,
            index,
            entry,
            counted,
            witnesses: look.members.witnesses,
            held: all.filter(holds).collect(),
        };
        let (known, end) = (self.committed.len(), length.min(now.log.len()));
        if known < end {
            let news = now.log[known..end].to_vec();
            self.committed.extend(news);
        }
        self.commits.push(commit);
    }

    /// The terms of a node's log as it was after an event.
    pub(super) fn log_at(&self, node: NodeId, event: u64) -> Vec<Term> {
        let mut log: Vec<Term> = Vec::new();
        let place = |index: u64| usize::try_from(index.saturating_sub(1)).unwrap_or(usize::MAX);
        let edits = self.edits.iter().filter(|edit| edit.node == node);
        for edit in edits.take_while(|edit| edit.when.event <= event) {
            match &edit.change {
                Change::Cut(from, ..) => log.truncate(place(*from)),
                Change::Put(first, last, term) => {
                    log.resize(log.len().max(place(*last) + 1), *term);
                    log[place(*first)..=place(*last)].fill(*term);
                }
                Change::Begin(terms) | Change::Given(terms, _) => log.clone_from(terms),
                Change::Crash(_, image) => log.clone_from(&image.log),
            }
        }
        log
    }

    /// Whether one event lies in the causal past of another: its own past, and that of all whose
    /// messages reached it.
    pub(super) fn led_to(&self, early: u64, late: u64) -> bool {
        let mut seen = vec![false; self.before.len() + 1];
        let mut open = vec![late];
        while let Some(event) = open.pop() {
            if event == early {
                return true;
            }
            let place = usize::try_from(event).unwrap_or(0);
            if event < early || place == 0 || place > self.before.len() || seen[place] {
                continue;
            }
            seen[place] = true;
            open.extend(self.before[place - 1]);
        }
        false
    }
}

/// A node's number in the engine.
pub(super) fn node_of(id: raft_core::NodeId) -> NodeId {
    engine_id(id)
}
