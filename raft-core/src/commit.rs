//! Rules for committing entries (§5.3, §5.4.2).

use crate::cards::RuleId;
use crate::effect::Effect;
use crate::event::{Event, Observer};
use crate::quorum;
use crate::raft::Raft;
use crate::role::Role;
use crate::rules::Rules;
use crate::types::Index;

impl<R: Rules + ?Sized> Raft<R> {
    /// Commits the entries that a quorum holds durably, if the last is of the leader's own term
    /// (Figure 8).
    pub(crate) fn advance_commit<O: Observer>(&mut self, observer: &mut O) {
        let Role::Leader(leader) = &self.role else {
            return;
        };
        let last = self.log.last_index();
        let own = self.rules.own_copy(self.durability.durable_index(), last);
        let replicated = quorum::reached(&self.rules, self.in_force(), |id| {
            if id == self.id {
                return own;
            }
            leader
                .peers
                .iter()
                .find(|peer| peer.id == id)
                .map_or(Index(0), |peer| peer.match_index)
        });
        if replicated <= self.commit_index {
            return;
        }
        let (entry, current) = (self.log.term_at(replicated), self.current_term);
        let commit = self
            .rules
            .leader_commit(self.commit_index, replicated, entry, current);
        let (was, configured_at) = (self.commit_index, self.log.configured_at());
        if commit > was {
            self.commit(commit, RuleId::CurrentTermOnly, observer);
            if let Role::Leader(leader) = &mut self.role {
                leader.uncommitted.committed(commit);
            }
            self.announce_commit(observer);
            self.begin_round(observer);
            if configured_at > was || self.is_unsettled() {
                self.settle_configuration(observer);
            }
        } else if let Ok(entry_term) = entry {
            observer.event(Event::CommitHeld {
                replicated,
                entry_term,
                term: current,
            });
        }
    }

    /// Follows the leader's commit index, up to the last entry that this message showed to match.
    pub(crate) fn follow_commit<O: Observer>(
        &mut self,
        leader_commit: Index,
        verified: Index,
        observer: &mut O,
    ) {
        let last = self.log.last_index();
        assert!(verified <= last, "only what the log holds is verified");
        assert!(
            matches!(self.role, Role::Follower(_)),
            "only a follower follows a commit index"
        );
        let commit = self
            .rules
            .follower_commit(self.commit_index, leader_commit, verified, last);
        if commit > self.commit_index {
            self.commit(commit, RuleId::FollowerCommit, observer);
        }
    }

    fn commit<O: Observer>(&mut self, commit: Index, rule: RuleId, observer: &mut O) {
        assert!(commit > self.commit_index, "the commit index never falls");
        observer.event(Event::Committed {
            commit,
            was: self.commit_index,
            rule,
        });
        self.commit_index = commit;
        self.forget_overtaken();
        self.effects
            .push_back(Effect::Committed { through: commit });
    }
}
