//! The invariants of one server. Assertions check the structures that depend on no rule. A wrong
//! rule could break the invariants here, so they are reported instead, and a testbed can name them.

use core::fmt;

use crate::event::RoleKind;
use crate::raft::Raft;
use crate::role::Role;
use crate::rules::Rules;

/// An invariant that does not hold, in words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Broken(pub &'static str);

impl core::error::Error for Broken {}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl<R: Rules + ?Sized> Raft<R> {
    /// Checks this server's state for consistency. The check is cheap: a few comparisons per
    /// segment and per peer.
    ///
    /// # Errors
    /// The first invariant that does not hold.
    pub fn invariants(&self) -> Result<(), Broken> {
        self.check_log()?;
        self.check_vote()?;
        self.check_peers()?;
        self.check_forwarded()?;
        self.check_sleep()?;
        self.check_deadline()
    }

    fn check_log(&self) -> Result<(), Broken> {
        let (base, last) = (self.log.base().last, self.log.last());
        if let Some(disorder) = self.log.disorder() {
            return Err(Broken(disorder));
        }
        if let Some(disorder) = self.durability.disorder(last.index) {
            return Err(Broken(disorder));
        }
        if last.term > self.current_term {
            return Err(Broken("the log holds an entry of a future term"));
        }
        if self.commit_index > last.index {
            return Err(Broken("the commit index is beyond the log's end"));
        }
        let snapshot = self
            .snapshot
            .as_ref()
            .map(|snapshot| snapshot.id.last.index);
        if snapshot.is_some_and(|covered| covered < base.index) {
            return Err(Broken(
                "the log begins after entries that no snapshot covers",
            ));
        }
        if self.commit_index < base.index {
            return Err(Broken("the commit index is before the base"));
        }
        Ok(())
    }

    fn check_vote(&self) -> Result<(), Broken> {
        let campaigns = matches!(self.role.kind(), RoleKind::Candidate | RoleKind::Leader);
        if campaigns && self.voted_for != Some(self.id) {
            return Err(Broken("a candidate or leader did not vote for itself"));
        }
        let leads = matches!(self.role, Role::Leader(_));
        if leads && self.is_witness() {
            return Err(Broken("a witness leads, and has no data"));
        }
        if self.vote_owed.is_some() && self.vote_owed != self.voted_for {
            return Err(Broken(
                "a vote is owed to another candidate than the one voted for",
            ));
        }
        Ok(())
    }

    fn check_peers(&self) -> Result<(), Broken> {
        let last = self.log.last_index();
        match &self.role {
            Role::Leader(leader) => {
                for peer in &leader.peers {
                    if peer.match_index >= peer.next_index {
                        return Err(Broken("match_index has overtaken next_index"));
                    }
                    if peer.next_index > last.next() {
                        return Err(Broken("next_index is beyond the log's end"));
                    }
                    if peer.received_seq > peer.sent_seq {
                        return Err(Broken("a follower received what was never sent"));
                    }
                }
                Ok(())
            }
            Role::Follower(follower) if follower.verified > last => {
                Err(Broken("more is verified than the log holds"))
            }
            Role::Follower(follower) if follower.leader == Some(self.id) => {
                Err(Broken("a follower follows itself"))
            }
            _ => Ok(()),
        }
    }

    fn check_forwarded(&self) -> Result<(), Broken> {
        if self.proposals_forwarded() > 0 && matches!(self.role, Role::Leader(_)) {
            return Err(Broken("a leader waits for another leader's answer"));
        }
        Ok(())
    }

    fn check_sleep(&self) -> Result<(), Broken> {
        if !self.is_asleep() {
            return Ok(());
        }
        let last = self.log.last_index();
        let behind = self.progress().iter().any(|peer| peer.match_index < last);
        if behind || self.commit_index < last {
            return Err(Broken("a server sleeps though not all is done"));
        }
        if self.reads_waiting() > 0 || self.proposals_forwarded() > 0 {
            return Err(Broken("a server sleeps though somebody waits for it"));
        }
        Ok(())
    }

    fn check_deadline(&self) -> Result<(), Broken> {
        if self.deadline().is_some() || self.is_asleep() {
            return Ok(());
        }
        let waits = matches!(&self.role, Role::Candidate(candidate) if !candidate.asked);
        if !waits {
            return Err(Broken("no deadline is set: the server could wait for ever"));
        }
        Ok(())
    }
}
