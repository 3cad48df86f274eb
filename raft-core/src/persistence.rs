//! Persistent state (Figure 2): a step's write, and the messages that wait until it is durable. A
//! leader whose disk stalls steps down, which is not in the paper.

use crate::cards::RuleId;
use crate::effect::{Effect, Write};
use crate::event::{Event, Observer};
use crate::raft::Raft;
use crate::role::Role;
use crate::rules::Rules;
use crate::state::PendingWrite;
use crate::types::{HardState, WriteId};

impl<R: Rules + ?Sized> Raft<R> {
    /// Hands the step's write to the driver, as the first effect.
    pub(crate) fn flush_write(&mut self) {
        // Most steps write nothing.
        if self.pending.is_empty() {
            return;
        }
        let PendingWrite {
            hard_state,
            truncate_from,
            rebase,
            append,
        } = core::mem::take(&mut self.pending);
        assert!(
            truncate_from.is_none() || rebase.is_none(),
            "a log is cut at its start or at its end"
        );
        let submitted = self.durability.submitted_index();
        assert!(
            append
                .as_ref()
                .is_none_or(|append| append.first <= submitted.next()),
            "writes leave no hole"
        );
        let last = append.as_ref().map_or(submitted, |append| append.last);
        assert!(
            last <= self.log.last_index(),
            "nothing is written that the log does not hold"
        );
        let id = self.durability.issue(hard_state, last, self.now);
        let hard_state = hard_state.then_some(HardState {
            current_term: self.current_term,
            voted_for: self.voted_for,
        });
        self.effects.push_front(Effect::Write(Write {
            id,
            hard_state,
            truncate_from,
            rebase,
            append,
        }));
    }

    /// Marks a write as durable, and sends the promises that waited for it.
    pub(crate) fn written<O: Observer>(&mut self, write: WriteId, observer: &mut O) {
        if !self.durability.complete(write, self.now) {
            return;
        }
        self.release_vote();
        match self.role {
            Role::Follower(_) => self.release_ack(observer),
            Role::PreCandidate(_) => {}
            Role::Candidate(_) => self.release_candidacy(observer),
            Role::Leader(_) => {
                self.advance_commit(observer);
                self.tell_witnesses(observer);
            }
        }
    }

    /// Steps down if its disk finishes no write, because other servers may have working disks.
    /// Returns whether it did. The server cannot lead again before its disk works, because its
    /// candidacy would have to be durable.
    pub(crate) fn check_disk<O: Observer>(&mut self, observer: &mut O) -> bool {
        let Some(allowed) = self.settings.disk_timeout else {
            return false;
        };
        let Some(since) = self.durability.waiting_since() else {
            return false;
        };
        if !self.rules.disk_is_stalled(self.now, since, allowed) {
            return false;
        }
        observer.event(Event::DiskStalled { since, allowed });
        self.become_follower(self.current_term, None, RuleId::DiskStall, observer);
        true
    }
}
