//! Watches requests that followers forward to their leaders.

use raft_core::{Body, Event, ProposalAnswer, Refusal};
use simulator::{NodeId, Step};
use sut::Server;

use super::probe::Probe;
use super::watch::Probes;

impl Probes {
    /// Events of forwarded requests.
    pub(super) fn forwarding(&mut self, node: NodeId, step: &Step<'_, Server>) {
        for event in step.events {
            match event {
                kv::Event::Core(Event::ProposalForwarded { .. }) => self.hit(Probe::Forwarded),
                kv::Event::Core(Event::ForwardedLost) => self.hit(Probe::ForwardedLost),
                kv::Event::Core(Event::ForwardedAccepted { first }) => {
                    self.servers[node.0 as usize]
                        .expects
                        .insert((first.index, first.term));
                }
                kv::Event::AcceptedTooLate { entry, .. } => {
                    self.servers[node.0 as usize]
                        .expects
                        .remove(&(entry.index, entry.term));
                    self.hit(Probe::AcceptedTooLate);
                }
                kv::Event::Answered {
                    entry, lost: false, ..
                } => {
                    let expected = self.servers[node.0 as usize]
                        .expects
                        .remove(&(entry.index, entry.term));
                    self.hit_if(expected, Probe::ForwardedCommitted);
                }
                _ => {}
            }
        }
        for (_, message) in &step.output.sends {
            if let Body::ProposeReply {
                answer: ProposalAnswer::Refused { why, .. },
                ..
            } = message.raft.body
            {
                self.hit(Probe::ForwardedRefused);
                self.hit_if(why == Refusal::NotLeader, Probe::ForwardedToNoLeader);
            }
        }
    }
}
