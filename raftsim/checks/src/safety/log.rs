//! Leader Append-Only and Log Matching (Figure 3): the allowed changes of a log.

use kv::{LogWrite, Payload};
use raft_core::{RoleKind, Term};
use simulator::NodeId;
use smallvec::SmallVec;
use sut::Property;

use super::{Found, Known, Safety};
use crate::left_out::is_left_out;
use crate::shadow::{Entry, ShadowLog, first_touched};
use crate::subject::Subject;

impl Safety {
    /// Leader Append-Only and Log Matching (Figure 3).
    pub(super) fn written(
        &mut self,
        id: NodeId,
        write: &LogWrite,
        term: Term,
    ) -> Result<(), Found> {
        if let Some(rebase) = write.raft.rebase.as_ref().filter(|rebase| rebase.whole) {
            self.replaced(id, rebase.base.last)?;
            self.members_given(id, rebase.base.last.index.0, &rebase.base.configuration)?;
        }
        let Some(first) = first_touched(write) else {
            return Ok(());
        };
        self.count(Property::LeaderAppendOnly);
        let watched = &self.nodes[id.0 as usize];
        let leads = watched.role == Some(RoleKind::Leader) && watched.term == term;
        if leads && first.0 <= watched.log.last() {
            let facts = [
                format!(
                    "{} leads {term} with a log up to #{}",
                    self.name(id),
                    watched.log.last()
                ),
                format!("it rewrites its own log from {first}"),
            ];
            self.object(Property::LeaderAppendOnly, Subject::Node(id), facts)?;
        }
        let removed = self.watched(id).log.truncate(first);
        self.members_cut(id, first);
        if write.raft.truncate_from.is_some() {
            self.sightings.overwritten += removed;
            let watched = self.watched(id);
            watched.acknowledged = watched.acknowledged.min(first.previous().0);
            watched.durable = watched.durable.min(first.previous().0);
        }
        let Some(append) = &write.raft.append else {
            return Ok(());
        };
        for payload in &write.payloads {
            let log = &self.nodes[id.0 as usize].log;
            let (entry, before) = (self.next_entry(log, append.term, payload), log.end());
            self.watched(id).may_lack_data |= is_left_out(payload);
            self.watched(id).log.push(entry);
            self.member_entry(id, payload.bytes());
            self.matching(id, Known { entry, before })?;
        }
        Ok(())
    }

    /// Two logs that hold an entry with the same index and term must be equal up to it.
    fn matching(&mut self, id: NodeId, new: Known) -> Result<(), Found> {
        self.count(Property::LogMatching);
        let index = self.nodes[id.0 as usize].log.last();
        let place = usize::try_from(index - 1).expect("a log fits in memory");
        if self.known.len() <= place {
            self.known.resize(place + 1, SmallVec::new());
        }
        let (entry, known) = (new.entry, &mut self.known[place]);
        match known.iter().find(|known| known.entry.term == entry.term) {
            Some(same) if same.entry.chain == entry.chain => Ok(()),
            Some(_) => {
                let facts = [
                    format!(
                        "an entry #{index} of {} is in another log already",
                        entry.term
                    ),
                    format!(
                        "{} now holds an entry of that index and term, but the logs differ there or \
                         before",
                        self.name(id)
                    ),
                ];
                let (node, term) = (id, entry.term);
                let subject = Subject::Entry { node, index, term };
                self.object(Property::LogMatching, subject, facts)
            }
            None => {
                known.push(new);
                Ok(())
            }
        }
    }

    /// The entry for a payload at the end of a log. A witness leaves out the content of an entry.
    /// Such an entry counts as the known one with its index and term, if that one follows the same
    /// log.
    pub(super) fn next_entry(&self, log: &ShadowLog, term: Term, payload: &Payload) -> Entry {
        let place = usize::try_from(log.last()).expect("a log fits in memory");
        let before = log.end();
        let is_it = |known: &&Known| known.entry.term == term && known.before == before;
        let known = match is_left_out(payload) {
            true => self.known.get(place).and_then(|all| all.iter().find(is_it)),
            false => None,
        };
        known.map_or_else(|| log.next(term, payload), |known| known.entry)
    }
}
