//! Proposals that a follower passes on to its leader. Not in the paper, where servers tell clients
//! the leader; other implementations have it.
//!
//! The follower sends a proposal to the leader once. The leader's answer names the entry. From then
//! on the follower knows as much as a leader that has appended it: the entry is committed if it is
//! the one applied at its index. Without an answer the outcome is unknown, because the network may
//! lose or duplicate the message and its answer. So sessions of clients (§8) matter here even more
//! than elsewhere.

use crate::effect::{Effect, Source};
use crate::event::{Event, Observer};
use crate::message::Body;
use crate::raft::Raft;
use crate::request::{ProposalAnswer, Refusal};
use crate::role::Role;
use crate::rules::Rules;
use crate::state::Passed;
use crate::types::{LIMIT, NodeId, ProposalToken};

impl<R: Rules + ?Sized> Raft<R> {
    /// The leader that this server passes proposals on to, if it does.
    pub(crate) fn forwards_to(&self) -> Option<NodeId> {
        let leads = matches!(self.role, Role::Leader(_));
        let wanted = self.settings.forward_proposals && !leads;
        let to = self.rules.forward_to(self.leader(), self.last_leader);
        to.filter(|_| wanted)
    }

    /// Passes the driver's proposals on.
    pub(crate) fn forward_proposals<O: Observer>(
        &mut self,
        to: NodeId,
        sizes: &[u64],
        observer: &mut O,
    ) {
        // Empty proposals need some room, too.
        let bytes = sizes
            .iter()
            .fold(1, |sum: u64, bytes| sum.saturating_add(*bytes));
        let held = self.forwarded.bytes;
        if held > 0 && held.saturating_add(bytes) > self.settings.uncommitted_bytes {
            self.refuse(Refusal::TooMuchUncommitted, observer);
            return;
        }
        let token = ProposalToken(self.random.draw() % LIMIT);
        let deadline = self.now.after(self.settings.election_timeout_max);
        self.forwarded.push(Passed {
            token,
            bytes,
            deadline,
        });
        observer.event(Event::ProposalForwarded { leader: to });
        self.effects.push_back(Effect::ProposalForwarded { token });
        let sizes = sizes.into();
        self.send(to, Body::Propose { token, sizes });
    }

    /// Handles proposals that another server passes on.
    pub(crate) fn handle_propose<O: Observer>(
        &mut self,
        from: NodeId,
        token: ProposalToken,
        sizes: &[u64],
        observer: &mut O,
    ) {
        assert!(from != self.id, "nobody passes proposals on to itself");
        if let Some(to) = self.forwards_to().filter(|_| self.rules.forwards_again()) {
            observer.event(Event::ProposalForwarded { leader: to });
            let sizes = sizes.into();
            self.send(to, Body::Propose { token, sizes });
            return;
        }
        if let Some(why) = self.refusal_of(sizes) {
            let leader = self.leader();
            observer.event(Event::ProposalRefused { leader, why });
            let answer = ProposalAnswer::Refused { why, leader };
            self.send(from, Body::ProposeReply { token, answer });
            return;
        }
        let first = self.put_into_log(sizes);
        observer.event(Event::ForwardedAppended { from, first });
        let answer = ProposalAnswer::Accepted(first);
        self.send(from, Body::ProposeReply { token, answer });
        self.appended(first.index, Source::Proposals, observer);
        self.replicate(observer);
    }

    /// Handles the answer to proposals that this server passed on. Only the first answer counts.
    pub(crate) fn handle_propose_reply<O: Observer>(
        &mut self,
        token: ProposalToken,
        answer: ProposalAnswer,
        observer: &mut O,
    ) {
        if !self.forwarded.remove(token) {
            return;
        }
        observer.event(match answer {
            ProposalAnswer::Accepted(first) => Event::ForwardedAccepted { first },
            ProposalAnswer::Refused { why, leader } => Event::ProposalRefused { leader, why },
        });
        self.effects
            .push_back(Effect::ProposalAnswered { token, answer });
    }

    /// Gives up forwarded proposals because the role or the term ends: the leader may never answer.
    pub(crate) fn lose_forwarded<O: Observer>(&mut self, observer: &mut O) {
        while let Some(Passed { token, .. }) = self.forwarded.passed.front().copied() {
            self.lose(token, observer);
        }
    }

    /// Gives up proposals without an answer for the longest election timeout.
    pub(crate) fn end_late_forwarding<O: Observer>(&mut self, observer: &mut O) {
        let now = self.now;
        let late = |passed: &&Passed| passed.deadline <= now;
        while let Some(Passed { token, .. }) = self.forwarded.passed.front().filter(late).copied() {
            self.lose(token, observer);
        }
    }

    fn lose<O: Observer>(&mut self, token: ProposalToken, observer: &mut O) {
        let known = self.forwarded.remove(token);
        assert!(known, "only what was passed on is lost");
        observer.event(Event::ForwardedLost);
        self.effects.push_back(Effect::ProposalLost { token });
    }

    /// The number of forwarded messages with proposals that have no answer yet.
    #[must_use]
    pub fn proposals_forwarded(&self) -> u64 {
        self.forwarded.passed.len() as u64
    }
}
