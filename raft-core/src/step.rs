//! The step: one input in, effects out. This file dispatches; each branch is a file of its own.

use crate::effect::{Effects, Input};
use crate::event::{Event, Observer};
use crate::message::{Body, Claim, Malformed, Message};
use crate::raft::Raft;
use crate::role::Role;
use crate::rules::Rules;
use crate::types::{Instant, LIMIT, NodeId};

impl<R: Rules + ?Sized> Raft<R> {
    /// Steps the server. `now` is its clock (a smaller value counts as the last one), and `input`
    /// is the event or request. Carry out all effects before the next step.
    ///
    /// # Panics
    /// When effects of the last step were not taken, or a reported write was never issued: both are
    /// errors of the driver. No message makes it panic.
    pub fn step(&mut self, now: Instant, input: Input<'_>) -> Effects<'_> {
        self.step_observed(now, input, &mut ())
    }

    /// [`Raft::step`], with every decision reported to `observer`.
    ///
    /// # Panics
    /// As [`Raft::step`].
    pub fn step_observed<O: Observer>(
        &mut self,
        now: Instant,
        input: Input<'_>,
        observer: &mut O,
    ) -> Effects<'_> {
        assert!(
            self.effects.is_empty(),
            "the last step's effects were not carried out"
        );
        assert!(now.0 < LIMIT, "the clock is beyond the end of time");
        self.now = self.now.max(now);
        if self.settings.quiescence {
            self.wake_for_input(&input, observer);
        }
        match input {
            Input::Receive { from, message } => self.receive(from, message, observer),
            Input::Propose { sizes } => self.propose(sizes, observer),
            Input::Wake => self.wake(observer),
            Input::Written { write } => self.written(write, observer),
            Input::Read { token, mode } => self.read(token, mode, observer),
            Input::SnapshotTaken { snapshot } => self.snapshot_taken(snapshot, observer),
            Input::Compact { through } => self.compact(through, observer),
            Input::PieceStored {
                reception,
                received,
            } => self.piece_stored(reception, received, observer),
            Input::SnapshotDamaged { reception } => self.snapshot_damaged(reception),
            Input::RequestSnapshot => self.request_snapshot(),
            Input::Transfer { to } => self.transfer(to, observer),
            Input::Campaign => self.campaign_on_request(observer),
            Input::StepDown => self.step_down(observer),
            Input::Change { change, how } => self.change(change, how, observer),
            Input::Bootstrap => self.bootstrap(observer),
            Input::ForceNewCluster => self.force_new_cluster(observer),
        }
        self.flush_write();
        assert!(
            self.deadline().is_some()
                || matches!(self.role, Role::Candidate(_))
                || self.is_asleep(),
            "a server waits for a deadline, a candidate for its disk, or a sleeper to be asked"
        );
        Effects {
            in_force_through: self.in_force_through(),
            buffer: &mut self.effects,
            log: &self.log,
        }
    }

    fn receive<O: Observer>(&mut self, from: NodeId, message: &Message, observer: &mut O) {
        let sound = if from == self.id {
            Err(Malformed::FromMyself)
        } else {
            message.validate()
        };
        if let Err(why) = sound {
            observer.event(Event::MalformedDropped { from, why });
            return;
        }
        if self.settings.quiescence {
            self.wake_for_message(from, message, observer);
        }
        // Two questions change no term: a pre-vote, and a candidate that disturbs a fresh leader.
        if let Body::PreVote { last, priority } = message.body {
            let claim = Claim {
                last,
                priority: Some(priority),
            };
            self.handle_pre_vote(from, message.term, &claim, observer);
            return;
        }
        if let Body::RequestVote { transfer, .. } = message.body
            && self.disturbs(from, transfer, observer)
        {
            return;
        }
        // A forwarded proposal belongs to no term, and its outcome is valid in any.
        match &message.body {
            Body::Propose { token, sizes } if !self.rules.proposal_term_counts() => {
                self.handle_propose(from, *token, sizes, observer);
                return;
            }
            Body::ProposeReply { token, answer } => {
                self.handle_propose_reply(*token, *answer, observer);
            }
            _ => {}
        }
        self.follow_higher_term(message.term, observer);
        if message.term < self.current_term && !self.counts_though_stale(from, message, observer) {
            return;
        }
        self.dispatch(from, &message.body, observer);
    }

    /// Handles a message that counts in this server's term.
    fn dispatch<O: Observer>(&mut self, from: NodeId, body: &Body, observer: &mut O) {
        match body {
            // The step answered it before it compared terms.
            Body::PreVote { .. } => {}
            Body::PreVoteReply { asked_in, granted } => {
                self.handle_pre_vote_reply(from, *asked_in, *granted, observer);
            }
            Body::RequestVote {
                last,
                priority,
                transfer,
            } => {
                let claim = Claim {
                    last: *last,
                    priority: (!transfer).then_some(*priority),
                };
                self.handle_request_vote(from, &claim, observer);
            }
            Body::RequestVoteReply { granted } => {
                self.handle_request_vote_reply(from, *granted, observer);
            }
            Body::AppendEntries(append) => self.handle_append_entries(from, append, observer),
            Body::AppendEntriesReply(reply) => {
                self.handle_append_entries_reply(from, reply, observer);
            }
            Body::InstallSnapshot(install) => {
                self.handle_install_snapshot(from, install, observer);
            }
            Body::InstallSnapshotReply {
                last,
                received,
                seq,
                sent_at,
            } => {
                let echo = (*seq, *sent_at);
                self.handle_install_snapshot_reply(from, *last, *received, echo, observer);
            }
            Body::TimeoutNow => self.handle_timeout_now(from, observer),
            Body::Sleep { last, seq, sent_at } => {
                self.handle_sleep(from, *last, (*seq, *sent_at), observer);
            }
            Body::SleepReply {
                agreed,
                seq,
                sent_at,
            } => self.handle_sleep_reply(from, *agreed, (*seq, *sent_at), observer),
            // A sleeping server has already woken here.
            Body::WakeUp => {}
            Body::ReadIndex { number } => self.handle_read_index(from, *number, observer),
            Body::Propose { token, sizes } => {
                self.handle_propose(from, *token, sizes, observer);
            }
            // The step handled it before it compared terms.
            Body::ProposeReply { .. } => {}
            Body::ReadIndexReply { number, index } => {
                self.handle_read_index_reply(from, *number, *index, observer);
            }
        }
    }

    fn wake<O: Observer>(&mut self, observer: &mut O) {
        if self.deadline().is_none_or(|deadline| self.now < deadline) {
            return;
        }
        match self.role {
            Role::Leader(_) => self.leader_deadline(observer),
            _ => {
                self.end_late_forwarding(observer);
                if self.election_deadline.is_some_and(|due| due <= self.now) {
                    self.election_timeout(observer);
                }
            }
        }
    }
}
