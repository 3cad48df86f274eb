//! `elect` and `campaign`: a node stands for election, and only the named nodes get its requests.

use raft_core::{Event, RoleKind, Term};
use scenario::MessageKind;
use simulator::{
    Action, Cluster, DropReason, Endpoint, Gate, MessageId, NodeId, Observer, Pair, Step,
};
use sut::{NodeSet, Server};

use super::observers::Halt;
use super::step_failure::StepFailure;
use super::{Player, kinds};

/// Collects the decisions of nodes.
#[derive(Default)]
struct Decisions {
    heard: Vec<kv::Event>,
}

impl Observer<Server> for Decisions {
    type Violation = Halt;

    fn wants_events(&self) -> bool {
        true
    }

    fn after(&mut self, _: &Cluster<Server>, step: &Step<'_, Server>) -> Result<(), Halt> {
        self.heard.extend_from_slice(step.events);
        Ok(())
    }
}

/// One round of a candidacy: its requests and their answers.
#[derive(Clone, Copy)]
struct Round {
    asks: MessageKind,
    answers: MessageKind,
    /// The term of the requests.
    term: Term,
}

/// A voter's decision.
struct Decision {
    voter: NodeId,
    granted: bool,
    event: kv::Event,
}

impl Player<'_> {
    /// Makes the node win with these votes.
    pub(super) fn elect(&mut self, node: NodeId, votes: NodeSet) -> Result<(), Halt> {
        self.stand(node)?;
        while let Some(round) = self.round(node) {
            for decision in self.ask_all(node, round, votes)? {
                if !decision.granted {
                    return Err(StepFailure::Refuses(decision.voter, decision.event).into());
                }
            }
            if self.has_not_moved(node, round) {
                break;
            }
        }
        let (role, term) = self.standing(node);
        match role {
            RoleKind::Leader => Ok(()),
            role => Err(StepFailure::DoesNotLead(node, role, term).into()),
        }
    }

    /// Makes the node lose although `granted` grant their votes. The nodes of `refused` refuse in
    /// the last round.
    pub(super) fn campaign(
        &mut self,
        node: NodeId,
        granted_by: NodeSet,
        refused_by: NodeSet,
    ) -> Result<(), Halt> {
        self.stand(node)?;
        let voters = granted_by.iter().chain(refused_by.iter()).collect();
        let mut last = Vec::new();
        while let Some(round) = self.round(node) {
            last = self.ask_all(node, round, voters)?;
            let refusal = last
                .iter()
                .position(|decision| granted_by.contains(decision.voter) && !decision.granted);
            if let Some(place) = refusal {
                let Decision { voter, event, .. } = last.swap_remove(place);
                return Err(StepFailure::Refuses(voter, event).into());
            }
            if self.has_not_moved(node, round) {
                break;
            }
        }
        let granted = last
            .into_iter()
            .find(|decision| refused_by.contains(decision.voter) && decision.granted);
        if let Some(Decision { voter, event, .. }) = granted {
            return Err(StepFailure::Grants(voter, event).into());
        }
        match self.standing(node) {
            (RoleKind::Leader, term) => Err(StepFailure::Leads(node, term).into()),
            _ => Ok(()),
        }
    }

    /// Lets the node's election timeout fire.
    fn stand(&mut self, node: NodeId) -> Result<(), Halt> {
        if self.world.cluster().node(node).is_some() && self.standing(node).0 == RoleKind::Leader {
            return Err(StepFailure::DoesNotStand(node, RoleKind::Leader).into());
        }
        self.act(&Action::Wake(node))?;
        self.world.complete(node, &mut self.observers)?;
        match self.standing(node) {
            (RoleKind::Follower, _) => {
                Err(StepFailure::DoesNotStand(node, RoleKind::Follower).into())
            }
            _ => Ok(()),
        }
    }

    /// The role of a node and its term. A node that is down counts as a follower of term 0.
    fn standing(&self, node: NodeId) -> (RoleKind, Term) {
        let server = self.world.cluster().node(node);
        server.map_or((RoleKind::Follower, Term(0)), |server| {
            let raft = server.node().raft();
            (raft.role(), raft.current_term())
        })
    }

    /// The current round of the node; none if it is no longer a candidate.
    fn round(&self, node: NodeId) -> Option<Round> {
        let (role, term) = self.standing(node);
        let (asks, answers) = match role {
            RoleKind::PreCandidate => (MessageKind::PreVote, MessageKind::PreVoteReply),
            RoleKind::Candidate => (MessageKind::RequestVote, MessageKind::RequestVoteReply),
            RoleKind::Follower | RoleKind::Leader => return None,
        };
        Some(Round {
            asks,
            answers,
            term,
        })
    }

    fn has_not_moved(&self, node: NodeId, round: Round) -> bool {
        self.round(node)
            .is_some_and(|now| (now.asks, now.term) == (round.asks, round.term))
    }

    /// Delivers the requests of a round to voters one after the other, and drops its requests to
    /// others.
    fn ask_all(
        &mut self,
        node: NodeId,
        round: Round,
        voters: NodeSet,
    ) -> Result<Vec<Decision>, Halt> {
        let mut decisions = Vec::new();
        for voter in voters.iter().filter(|voter| *voter != node) {
            decisions.push(self.ask_one(node, round, voter)?);
        }
        let nodes: Vec<_> = self.world.cluster().nodes().collect();
        for other in nodes.into_iter().filter(|other| *other != node) {
            while let Some(id) = self.request((node.into(), other.into()), round) {
                self.act(&Action::Drop(id, DropReason::Listed))?;
            }
        }
        Ok(decisions)
    }

    fn ask_one(&mut self, node: NodeId, round: Round, voter: NodeId) -> Result<Decision, Halt> {
        let there = (Endpoint::from(node), Endpoint::from(voter));
        let back = (there.1, there.0);
        self.carries(there)?;
        self.carries(back)?;
        let before = self.world.cluster().sent(back.0, back.1);
        let id = self
            .request(there, round)
            .ok_or(StepFailure::NotAsked(voter))?;
        let mut decisions = Decisions::default();
        self.world.perform(
            &Action::Deliver(id),
            None,
            &mut (&mut decisions, &mut self.observers),
        )?;
        self.world.complete(voter, &mut self.observers)?;
        let decided = decisions.heard.into_iter().find_map(|event| {
            let granted = granted(&event)?;
            Some(Decision {
                voter,
                granted,
                event,
            })
        });
        let decision = decided.ok_or(StepFailure::Undecided(voter))?;
        let answer = self.world.oldest(back, |flight| {
            flight.id.ordinal > before && kinds::is(flight, round.answers)
        });
        match answer {
            Some((id, _)) => {
                self.act(&Action::Deliver(id))?;
                self.world.complete(node, &mut self.observers)?;
            }
            None if decision.granted => return Err(StepFailure::NoAnswer(voter).into()),
            None => {}
        }
        Ok(decision)
    }

    /// The request of a round in flight on a link.
    fn request(&self, link: Pair, round: Round) -> Option<MessageId> {
        let of_round = |flight: &_| {
            let message = kinds::core(flight);
            kinds::is(flight, round.asks) && message.is_some_and(|m| m.term == round.term)
        };
        self.world.oldest(link, of_round).map(|(id, _)| id)
    }

    /// Fails the step if a link carries no messages now.
    pub(super) fn carries(&self, link: Pair) -> Result<(), Halt> {
        match self.world.gate(link) {
            Gate::Open => Ok(()),
            Gate::Held => Err(StepFailure::Held(link).into()),
            Gate::Cut => Err(StepFailure::Cut(link).into()),
        }
    }
}

/// Whether an event grants or refuses a vote; `None` for other events.
fn granted(event: &kv::Event) -> Option<bool> {
    match event {
        kv::Event::Core(Event::VoteGranted { .. } | Event::PreVoteGranted { .. }) => Some(true),
        kv::Event::Core(Event::VoteRefused { .. } | Event::PreVoteRefused { .. }) => Some(false),
        _ => None,
    }
}
