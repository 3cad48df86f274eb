//! `replicate`: a leader brings the logs of some nodes up to an index, and no further if possible.

use raft_core::{AppendEntries, Body, Index, RoleKind};
use scenario::MessageKind;
use simulator::{Action, MessageId, NodeId, Pair};
use sut::{NodeSet, raft_id};

use super::observers::Halt;
use super::step_failure::StepFailure;
use super::{Player, kinds};

/// The step gives up after this number of silent heartbeats. The leader tries again at each
/// heartbeat.
const MAX_SILENT_HEARTBEATS: u32 = 100;

/// The limit of messages and answers. Without it, a leader that steps back wrongly would continue
/// forever.
const MAX_MESSAGES: u32 = 10_000;

/// A message of the leader on its way to one node.
struct Candidate {
    id: MessageId,
    /// After this message the node holds no entry beyond the wanted index.
    fits: bool,
}

impl Player<'_> {
    pub(super) fn replicate(
        &mut self,
        from: NodeId,
        to: NodeSet,
        through: Option<u64>,
    ) -> Result<(), Halt> {
        let last = self.leads(from)?;
        let through = through.map_or(last, Index);
        if through > last {
            return Err(StepFailure::Short(from, last).into());
        }
        for node in to.iter().filter(|node| *node != from) {
            self.carries((from.into(), node.into()))?;
            self.carries((node.into(), from.into()))?;
            self.bring(from, node, through)?;
        }
        Ok(())
    }

    /// The leader's last index. The step fails if the node does not lead.
    fn leads(&self, leader: NodeId) -> Result<Index, Halt> {
        let server = self.world.cluster().node(leader);
        let raft = server.ok_or(simulator::Refusal::Down)?.node().raft();
        match raft.role() {
            RoleKind::Leader => Ok(raft.log().last_index()),
            role => Err(StepFailure::NotLeader(leader, role, raft.current_term()).into()),
        }
    }

    fn bring(&mut self, leader: NodeId, node: NodeId, through: Index) -> Result<(), Halt> {
        let mut silences = 0;
        for _ in 0..MAX_MESSAGES {
            self.leads(leader)?;
            if self.matched(leader, node) >= through {
                return Ok(());
            }
            if self.answer(leader, node)? {
                continue;
            }
            if let Some(id) = self.next_message(leader, node, through) {
                self.act(&Action::Deliver(id))?;
                self.world.complete(node, &mut self.observers)?;
                continue;
            }
            silences += 1;
            if silences > MAX_SILENT_HEARTBEATS {
                break;
            }
            self.act(&Action::Wake(leader))?;
            self.world.complete(leader, &mut self.observers)?;
        }
        Err(StepFailure::Behind(node, self.matched(leader, node)).into())
    }

    /// The leader's match index for a node.
    fn matched(&self, leader: NodeId, node: NodeId) -> Index {
        let server = self.world.cluster().node(leader);
        let progress = server.map_or(&[][..], |server| server.node().raft().progress());
        let peer = progress.iter().find(|peer| peer.id == raft_id(node));
        peer.map_or(Index(0), |peer| peer.match_index)
    }

    /// Delivers an answer of the node to its leader; false if there is none.
    fn answer(&mut self, leader: NodeId, node: NodeId) -> Result<bool, Halt> {
        let term = self.term_of(leader);
        let answer = self.world.oldest((node.into(), leader.into()), |flight| {
            kinds::is(flight, MessageKind::AppendEntriesReply)
                && kinds::core(flight).is_some_and(|message| message.term.0 >= term)
        });
        let Some((id, _)) = answer else {
            return Ok(false);
        };
        self.act(&Action::Deliver(id))?;
        self.world.complete(leader, &mut self.observers)?;
        Ok(true)
    }

    fn term_of(&self, node: NodeId) -> u64 {
        let server = self.world.cluster().node(node);
        server.map_or(0, |server| server.node().raft().current_term().0)
    }

    /// The oldest message that brings the node no further than wanted; else the oldest.
    fn next_message(&self, leader: NodeId, node: NodeId, through: Index) -> Option<MessageId> {
        let link: Pair = (leader.into(), node.into());
        let term = self.term_of(leader);
        let flights = self.world.cluster().in_flight();
        let candidates = flights.filter_map(|flight| {
            let message = kinds::core(flight)?;
            let Body::AppendEntries(append) = &message.body else {
                return None;
            };
            let here = (flight.id.from, flight.id.to) == link && message.term.0 == term;
            here.then(|| Candidate {
                id: flight.id,
                fits: append.last <= through || self.rejects(node, append),
            })
        });
        let best = candidates.min_by_key(|candidate| (!candidate.fits, candidate.id.ordinal));
        best.map(|candidate| candidate.id)
    }

    /// Whether the node misses the entry before these entries.
    fn rejects(&self, node: NodeId, append: &AppendEntries) -> bool {
        let server = self.world.cluster().node(node);
        server.is_some_and(|server| {
            let known = server.node().raft().log().term_at(append.prev.index);
            known.ok() != Some(append.prev.term)
        })
    }
}
