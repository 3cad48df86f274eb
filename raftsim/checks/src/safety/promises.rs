//! A node's promises (votes, acknowledged entries) must be on its disk when it crashes.

use kv::Write;
use raft_core::{Body, Outcome};
use simulator::{NodeId, Step};
use sut::{Property, Server, engine_id, raft_id};

use super::requested::{PendingRequests, local};
use super::{Found, Safety};
use crate::configurations::MembersLog;
use crate::shadow::{ShadowLog, first_touched};
use crate::subject::Subject;

impl Safety {
    /// Records the promises of a message: a vote or an acknowledged log. Also records a request for
    /// quiescence.
    pub(super) fn promised(
        &mut self,
        id: NodeId,
        to: NodeId,
        message: &kv::Message,
        step: &Step<'_, Server>,
    ) -> Result<(), Found> {
        let term = message.raft.term;
        let vote = match &message.raft.body {
            Body::RequestVote { .. } => raft_id(id),
            Body::RequestVoteReply { granted: true } => raft_id(to),
            Body::AppendEntriesReply(reply) => {
                if let Outcome::Accepted { match_index } = reply.outcome {
                    let watched = self.watched(id);
                    watched.acknowledged = watched.acknowledged.max(match_index.0);
                }
                return Ok(());
            }
            Body::Sleep { .. } => {
                self.watched(id).pending_requests.quiesces();
                return Ok(());
            }
            Body::AppendEntries(_) | Body::InstallSnapshot(_) => {
                self.watched(id)
                    .pending_requests
                    .breaks_silence(local(step));
                return Ok(());
            }
            _ => return Ok(()),
        };
        self.count(Property::PromisesKept);
        self.ballots.entry((term, vote)).or_default().insert(id);
        let watched = &self.nodes[id.0 as usize];
        if let Some((voted_in, voted_for)) = watched.vote
            && voted_in == term
            && voted_for != vote
        {
            let name = self.name(id);
            let facts = [
                format!(
                    "{name} gave its vote of {term} to {}",
                    self.name_of(voted_for)
                ),
                format!("{name} gives its vote of {term} to {}", self.name_of(vote)),
            ];
            let subject = Subject::Vote {
                node: id,
                term,
                candidate: engine_id(voted_for),
            };
            self.object(Property::PromisesKept, subject, facts)?;
        }
        if watched.vote.is_none_or(|(voted_in, _)| voted_in < term) {
            self.watched(id).vote = Some((term, vote));
        }
        Ok(())
    }

    /// A node crashed. Its disk must hold its promises.
    pub(crate) fn crashed(&mut self, id: NodeId, disk: &kv::Disk) -> Result<(), Found> {
        self.count(Property::PromisesKept);
        self.covered(id, disk)?;
        let found = self.log_of_disk(disk);
        let watched = &self.nodes[id.0 as usize];
        let name = self.name(id);
        let on_disk = disk.hard_state;
        if let Some((term, vote)) = watched.vote
            && (on_disk.current_term < term
                || (on_disk.current_term == term && on_disk.voted_for != Some(vote)))
        {
            let held = match on_disk.voted_for {
                Some(other) => format!("a vote for {}", self.name_of(other)),
                None => "no vote".to_owned(),
            };
            let facts = [
                format!("{name} gave its vote of {term} to {}", self.name_of(vote)),
                format!(
                    "after its crash its disk holds {} and {held}",
                    on_disk.current_term
                ),
            ];
            let subject = Subject::Vote {
                node: id,
                term,
                candidate: engine_id(vote),
            };
            self.object(Property::PromisesKept, subject, facts)?;
        }
        if on_disk.current_term < watched.durable_term {
            let facts = [
                format!("{name} was told that {} is durable", watched.durable_term),
                format!("after its crash its disk holds {}", on_disk.current_term),
            ];
            self.object(Property::PromisesKept, Subject::Node(id), facts)?;
        }
        let kept = watched.acknowledged.max(watched.durable);
        if found.agrees(&watched.log, kept) {
            return Ok(());
        }
        let promise = if watched.acknowledged == kept {
            format!("{name} acknowledged its log up to #{kept}")
        } else {
            format!("{name} was told that its log is durable up to #{kept}")
        };
        let held = found.first_difference(&watched.log) - 1;
        let facts = [
            promise,
            format!("after its crash its disk holds that log only up to #{held}"),
        ];
        let index = held + 1;
        let subject = Subject::Copy { node: id, index };
        self.object(Property::PromisesKept, subject, facts)
    }

    fn log_of_disk(&self, disk: &kv::Disk) -> ShadowLog {
        ShadowLog::of_disk(disk, &self.committed, |log, term, payload| {
            self.next_entry(log, term, payload)
        })
    }

    /// A node learns that its writes are durable. Entries that a pending write will replace are no
    /// longer promised.
    pub(crate) fn reported<'a>(
        &mut self,
        id: NodeId,
        disk: &kv::Disk,
        pending: impl Iterator<Item = &'a Write>,
    ) {
        let replaced = pending
            .filter_map(Write::log)
            .filter_map(first_touched)
            .map(|first| first.previous().0);
        let watched = self.watched(id);
        watched.durable = replaced.fold(disk.last_index().0, u64::min);
        watched.durable_term = disk.hard_state.current_term;
    }

    /// A node restarted from this disk.
    pub(crate) fn restarted(&mut self, id: NodeId, disk: &kv::Disk) {
        let log = self.log_of_disk(disk);
        let founding = self.founding[id.0 as usize];
        let watched = self.watched(id);
        watched.acknowledged = watched.acknowledged.min(log.last());
        watched.durable = log.last();
        watched.log = log;
        watched.members = MembersLog::of_disk(disk, founding);
        watched.members_moved = true;
        watched.term = disk.hard_state.current_term;
        watched.role = None;
        watched.commit = 0;
        watched.applied = 0;
        watched.matches.clear();
        watched.pending_requests = PendingRequests::default();
    }
}
