//! CheckQuorum: a leader that reaches no quorum steps down (dissertation §6.2).

use crate::cards::RuleId;
use crate::event::{Event, Observer};
use crate::quorum;
use crate::raft::Raft;
use crate::role::Role;
use crate::rules::Rules;
use crate::types::Instant;

impl<R: Rules + ?Sized> Raft<R> {
    /// The last instant at which a quorum followed this leader, on its own clock: the send time of
    /// the newest message that each of a quorum has answered.
    pub(crate) fn quorum_contact(&self) -> Instant {
        let Role::Leader(leader) = &self.role else {
            panic!("only a leader has followers, not a {}", self.role.kind())
        };
        assert!(
            leader.peers.iter().all(|peer| peer.contact <= self.now),
            "nobody was heard from later than now"
        );
        quorum::reached(&self.rules, self.in_force(), |id| {
            if id == self.id {
                return self.now;
            }
            leader
                .peers
                .iter()
                .find(|peer| peer.id == id)
                .map_or(Instant(0), |peer| peer.contact)
        })
    }

    /// Steps down if the leader has not heard from a quorum (dissertation §6.2). Returns whether it
    /// did.
    pub(crate) fn check_quorum<O: Observer>(&mut self, observer: &mut O) -> bool {
        // A sleeping leader sent no messages, so nobody could answer.
        let contact = self.quorum_contact().max(self.awake_since());
        assert!(contact <= self.now, "a quorum is heard from by now");
        let allowed = self.settings.election_timeout_max;
        if !self.settings.check_quorum || !self.rules.quorum_is_lost(self.now, contact, allowed) {
            return false;
        }
        observer.event(Event::QuorumLost { contact, allowed });
        self.become_follower(self.current_term, None, RuleId::CheckQuorum, observer);
        assert!(
            !matches!(self.role, Role::Leader(_)),
            "a leader without quorum leads no more"
        );
        true
    }
}
