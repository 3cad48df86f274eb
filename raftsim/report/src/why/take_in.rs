//! Adds each step to the account: its facts, and the decisions that a rule does not allow.

use checks::RequestedChange;
use raft_core::{Body, Event, Outcome, RoleKind};
use simulator::{Action, NodeId, Verdict};
use sut::Operator;

use super::account::Account;
use super::facts::{
    Ack, Apply, Commit, Election, Grant, LogChange, LogEdit, MatchUpdate, OperationEvent,
    OperationStage, Vote, When, term_at,
};
use super::node_state::{NodeState, counted, node_of, stands_for, verified, votes_counted};
use super::observed::{NodeView, ObservedStep};
use super::rule_checks;

impl Account {
    /// Adds the next step. A crash lost `lost` writes.
    pub(super) fn take_in(&mut self, observed: &ObservedStep<'_>, lost: u64) {
        let step = observed.step;
        let position = step.node.map(|node| node.0 as usize);
        let previous = position.map_or(0, |position| self.last[position]);
        self.predecessors.push([step.cause.0, previous]);
        let when = When {
            event: step.id.0,
            time: step.time.0,
        };
        self.operations(when, observed);
        let (Some(node), Some(position)) = (step.node, position) else {
            return;
        };
        self.last[position] = step.id.0;
        self.world(when, node, observed, lost);
        let wrong = rule_checks::of(self, when, node, observed);
        self.wrong_decisions.extend(wrong);
        self.node(when, node, observed);
    }

    /// Changes that the node did not make itself.
    fn world(&mut self, when: When, node: NodeId, observed: &ObservedStep<'_>, lost: u64) {
        let state = &mut self.nodes[node.0 as usize];
        match (observed.step.action, &observed.disk) {
            (Action::Written { through, .. }, _) => state.written(*through, &self.committed),
            (Action::Crash { .. }, Some(disk)) => {
                *state = NodeState {
                    disk: disk.clone(),
                    ..NodeState::default()
                };
                let change = LogChange::Crashed(lost, disk.clone());
                self.edits.push(LogEdit { when, node, change });
            }
            (Action::Restart(_), Some(disk)) => {
                *state = NodeState {
                    log: disk.log.clone(),
                    disk: disk.clone(),
                    ..NodeState::default()
                };
            }
            (
                Action::Operator {
                    command: Operator::Command(kv::Operator::Change { change, how }),
                    ..
                },
                _,
            ) => {
                let was = state.view.as_ref().map(|view| view.members);
                let request = RequestedChange {
                    change: change.clone(),
                    how: *how,
                    was: was.unwrap_or_default(),
                };
                state.requested.push((request, 0));
            }
            _ => {}
        }
    }

    fn operations(&mut self, when: When, observed: &ObservedStep<'_>) {
        let mut note = |operation, stage| {
            self.operations.push(OperationEvent {
                when,
                operation,
                stage,
            });
        };
        let step = observed.step;
        if let Action::Call { client, serial, .. } | Action::Retry { client, serial, .. } =
            step.action
        {
            note((u64::from(client.0), *serial), OperationStage::Sent);
        }
        if let Some(received) = step.received
            && received.accepted
            && received.verdict == Verdict::Done
        {
            let operation = (u64::from(received.client.0), received.serial);
            note(operation, OperationStage::AnswerTaken(received.from));
        }
        let Some(node) = step.node else { return };
        for answer in &observed.answers {
            let operation = (answer.client.0, answer.serial.0);
            note(operation, OperationStage::Answered(node, *answer));
        }
        for read in observed.reads() {
            note(read.operation, OperationStage::Read(node, read));
        }
        for applied in &observed.applied {
            let applied = *applied;
            self.applied.push(Apply {
                when,
                node,
                applied,
            });
        }
    }

    /// The actions of the node, and its state after the step.
    fn node(&mut self, when: When, node: NodeId, observed: &ObservedStep<'_>) {
        self.log(when, node, observed);
        let state = &mut self.nodes[node.0 as usize];
        state.verified = verified(state, observed);
        state.votes = votes_counted(state, observed);
        state.leadership = state.leadership_after(observed);
        let before = state.view.take();
        state.view.clone_from(&observed.after);
        let last = state.log.len() as u64;
        let begun = state
            .requested
            .iter_mut()
            .filter(|(_, through)| *through == 0);
        begun.for_each(|(_, through)| *through = last);
        if !observed.after.as_ref().is_some_and(|view| view.changing) {
            state.requested.clear();
        }
        self.match_updates(when, node, before.as_ref(), observed);
        for (to, message) in observed.sent() {
            self.promised(when, node, to, message);
        }
        for event in observed.decisions() {
            match event {
                Event::Became {
                    role: RoleKind::Leader,
                    term,
                    ..
                } => {
                    let mut votes = self.nodes[node.0 as usize].votes.clone();
                    votes.sort_unstable();
                    let after = observed.after.as_ref();
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
                        .is_some_and(|view| view.role == RoleKind::Leader);
                    self.committed(when, node, (was.0, commit.0), led);
                }
                _ => {}
            }
        }
    }

    fn log(&mut self, when: When, node: NodeId, observed: &ObservedStep<'_>) {
        let from = observed.received.as_ref().map(|received| received.from);
        for (number, write) in &observed.writes {
            let state = &mut self.nodes[node.0 as usize];
            let pending = state.pending.iter();
            let appends = pending.filter_map(|(_, write)| write.append.as_ref());
            let under_way = appends.map(|append| append.last.0).max();
            state.write(*number, write, &self.committed);
            let mut note = |change| self.edits.push(LogEdit { when, node, change });
            if let Some(cut) = write.truncate_from {
                note(LogChange::Truncated(
                    cut.0,
                    from,
                    under_way.filter(|last| *last >= cut.0),
                ));
            }
            if let Some(rebase) = write.rebase.as_ref().filter(|rebase| rebase.whole) {
                let log = stands_for(rebase.base.last, &self.committed);
                note(LogChange::Installed(log, from));
            }
            if let Some(append) = &write.append {
                note(LogChange::Appended(
                    append.first.0,
                    append.last.0,
                    append.term,
                ));
            }
        }
    }

    fn match_updates(
        &mut self,
        when: When,
        leader: NodeId,
        before: Option<&NodeView>,
        observed: &ObservedStep<'_>,
    ) {
        let (Some(after), Some(received)) = (&observed.after, &observed.received) else {
            return;
        };
        for (peer, index) in &after.matches {
            let known = before.and_then(|view| view.matches.iter().find(|(id, _)| id == peer));
            if known.is_none_or(|(_, was)| was != index) && index.0 > 0 {
                self.match_updates.push(MatchUpdate {
                    when,
                    leader,
                    peer: *peer,
                    index: index.0,
                    sent: received.sent,
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

    /// A node commits; `led` tells whether it was the leader when the step began.
    fn committed(&mut self, when: When, node: NodeId, (was, index): (u64, u64), led: bool) {
        let state = &self.nodes[node.0 as usize];
        let Some(view) = &state.view else { return };
        let leads = led || view.role == RoleKind::Leader;
        let entry = term_at(&state.log, index).unwrap_or_default();
        let counted = counted(node, view, index);
        let length = usize::try_from(index).unwrap_or(usize::MAX);
        let holds = |other: &NodeId| {
            let disk = &self.nodes[other.0 as usize].disk.log;
            state.log.len() as u64 >= index
                && disk.len() as u64 >= index
                && disk
                    .iter()
                    .zip(&state.log)
                    .take(length)
                    .all(|(a, b)| a == b)
        };
        let all = (0..).map(NodeId).take(self.names.len());
        let commit = Commit {
            when,
            node,
            term: view.term,
            leads,
            was,
            index,
            entry,
            counted,
            witnesses: view.members.witnesses,
            held: all.filter(holds).collect(),
        };
        let (known, end) = (self.committed.len(), length.min(state.log.len()));
        if known < end {
            let news = state.log[known..end].to_vec();
            self.committed.extend(news);
        }
        self.commits.push(commit);
    }
}
