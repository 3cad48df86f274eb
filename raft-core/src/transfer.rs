//! Transfer of leadership (dissertation §3.10), and stepping down on request.
//!
//! The leader accepts no more proposals, brings the target's log up to its own and tells it to
//! campaign at once. The target's RequestVote carries this, so that voters do not refuse it because
//! they heard from the leader. If the target does not win within an election timeout, the leader
//! resumes normal work, but without a lease: the target may still get the message, and campaign, at
//! any moment of this term.
//! lease: the target may still get the message, and campaign, at any moment of this term.

use crate::cards::RuleId;
use crate::effect::Effect;
use crate::event::{Event, Observer};
use crate::message::Body;
use crate::raft::Raft;
use crate::request::TransferFailure;
use crate::role::{Role, Transfer};
use crate::rules::Rules;
use crate::types::NodeId;

impl<R: Rules + ?Sized> Raft<R> {
    /// Begins a transfer for the operator.
    pub(crate) fn transfer<O: Observer>(&mut self, to: NodeId, observer: &mut O) {
        let deadline = self.now.after(self.settings.election_timeout_max);
        if let Err(why) = self.may_transfer(to) {
            observer.event(Event::TransferFailed { to, why });
            self.effects.push_back(Effect::TransferFailed { to, why });
            return;
        }
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        leader.transfer = Some(Transfer {
            to,
            deadline,
            told: false,
        });
        observer.event(Event::TransferBegan { to });
        if let Some(place) = leader.peers.iter().position(|peer| peer.id == to) {
            self.send_to(place, true, observer);
        }
        self.tell_target(observer);
    }

    fn may_transfer(&self, to: NodeId) -> Result<(), TransferFailure> {
        let Role::Leader(leader) = &self.role else {
            let leader = self.leader();
            return Err(TransferFailure::NotLeader { leader });
        };
        if to == self.id {
            return Err(TransferFailure::LeadsAlready);
        }
        if !self.configuration().is_voter(to) {
            return Err(TransferFailure::NoVoter);
        }
        if !self.may_be_told_to_campaign(to) {
            return Err(TransferFailure::Witness);
        }
        match leader.transfer {
            Some(other) => Err(TransferFailure::Busy { to: other.to }),
            None => Ok(()),
        }
    }

    /// Tells the target to campaign once it holds the whole log.
    pub(crate) fn tell_target<O: Observer>(&mut self, observer: &mut O) {
        let last = self.log.last_index();
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        let Some(transfer) = &mut leader.transfer else {
            return;
        };
        let to = transfer.to;
        let target = leader.peers.iter().find(|peer| peer.id == to);
        let ready =
            target.is_some_and(|peer| self.rules.transfer_target_is_ready(peer.match_index, last));
        if transfer.told || !ready {
            return;
        }
        transfer.told = true;
        leader.lease_given_up = !self.rules.lease_survives_transfer();
        observer.event(Event::TargetTold { to });
        self.send(to, Body::TimeoutNow);
    }

    /// Tells the target again with each heartbeat: the message may be lost.
    pub(crate) fn tell_target_again(&mut self) {
        let Role::Leader(leader) = &self.role else {
            return;
        };
        if let Some(Transfer { to, told: true, .. }) = leader.transfer {
            self.send(to, Body::TimeoutNow);
        }
    }

    /// Resumes normal work if the target has not taken over in time.
    pub(crate) fn end_late_transfer<O: Observer>(&mut self, observer: &mut O) {
        let now = self.now;
        let Role::Leader(leader) = &self.role else {
            return;
        };
        let Some(transfer) = leader.transfer.filter(|transfer| transfer.deadline <= now) else {
            return;
        };
        self.fail_transfer(transfer.to, TransferFailure::TimedOut, observer);
    }

    pub(crate) fn fail_transfer<O: Observer>(
        &mut self,
        to: NodeId,
        why: TransferFailure,
        observer: &mut O,
    ) {
        if let Role::Leader(leader) = &mut self.role {
            leader.transfer = None;
        }
        observer.event(Event::TransferFailed { to, why });
        self.effects.push_back(Effect::TransferFailed { to, why });
    }

    /// Campaigns because the leader wants this server to lead (dissertation §3.10).
    pub(crate) fn handle_timeout_now<O: Observer>(&mut self, from: NodeId, observer: &mut O) {
        assert!(from != self.id, "nobody tells itself to campaign");
        let follows = match &self.role {
            Role::Follower(follower) => follower.leader.is_none_or(|leader| leader == from),
            Role::PreCandidate(_) => true,
            Role::Candidate(_) | Role::Leader(_) => false,
        };
        if follows && self.may_campaign() {
            self.campaign(RuleId::TransferTargetCampaigns, true, observer);
        }
    }

    /// Campaigns for the operator. A server that has just heard from a leader refuses its own vote,
    /// too: that leader's lease rests on its answer.
    pub(crate) fn campaign_on_request<O: Observer>(&mut self, observer: &mut O) {
        match self.role {
            Role::Leader(_) if !self.rules.leader_obeys_order_to_campaign() => {}
            Role::Leader(_) => self.campaign(RuleId::LeaderNeedsNoCampaign, false, observer),
            _ => match self.freshness() {
                Some(why) => observer.event(Event::VoteRefused {
                    candidate: self.id,
                    why,
                }),
                None => self.election_timeout(observer),
            },
        }
    }

    /// Steps down, then waits for the longest timeout so that another server can win.
    pub(crate) fn step_down<O: Observer>(&mut self, observer: &mut O) {
        if !matches!(self.role, Role::Leader(_)) {
            return;
        }
        let rule = RuleId::StepDownOnRequest;
        self.become_follower(self.current_term, None, rule, observer);
        let latest = self.now.after(self.settings.election_timeout_max);
        self.election_deadline = Some(latest);
    }
}
