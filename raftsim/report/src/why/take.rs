//! Takes events down: each as facts, and as slips where a rule does not allow what a node did.

use checks::RequestedChange;
use raft_core::{Body, Event, Outcome, RoleKind};
use simulator::NodeId;

use super::account::Account;
use super::facts::{
    Ack, Asked, Asking, Change, Commit, Done, Edit, Election, Grant, Learnt, Vote, When, term_at,
};
use super::moment::{Look, Moment, What};
use super::now::{Now, counted, node_of, stands_for, verified, votes_counted};
use super::slips;

impl Account {
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
                let wish = RequestedChange {
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
        now.verified = verified(now, moment);
        now.votes = votes_counted(now, moment);
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
        let counted = counted(node, look, index);
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
}
