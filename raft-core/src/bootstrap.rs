//! The start of a cluster, and a new start after a loss. A cluster begins as one server, to which
//! an operator adds others.
//!
//! Tests and tools may also start several servers with a common configuration as their base. That
//! is only safe if nobody ever starts two clusters under one name in this way. A cluster of one
//! server avoids this risk.

use alloc::boxed::Box;

use crate::cards::RuleId;
use crate::configuration::Configuration;
use crate::effect::Rebase;
use crate::event::{Event, Observer};
use crate::raft::Raft;
use crate::request::ChangeFailure;
use crate::role::Role;
use crate::rules::Rules;
use crate::types::{Index, LIMIT};

impl<R: Rules + ?Sized> Raft<R> {
    /// Founds a cluster of this server alone.
    pub(crate) fn bootstrap<O: Observer>(&mut self, observer: &mut O) {
        let empty = self.configuration().is_empty()
            && self.log.last_index() == Index(0)
            && self.current_term.0 == 0;
        if !empty {
            self.tell_change_failed(ChangeFailure::NotEmpty, observer);
            return;
        }
        self.log.found(self.alone());
        let base = self.log.base().clone();
        let at = base.last;
        self.pending.rebase = Some(Box::new(Rebase { base, whole: true }));
        observer.event(Event::Configured { at, joint: false });
        self.election_deadline = Some(self.now);
    }

    /// Continues as the only member with the present log. An entry of a new term records this, as
    /// if a leader that only this server heard of had sent it.
    pub(crate) fn force_new_cluster<O: Observer>(&mut self, observer: &mut O) {
        let leads = matches!(self.role, Role::Leader(_));
        let whole = self.durability.submitted_index() == self.log.last_index();
        let possible = self.current_term.0 + 2 < LIMIT && whole && self.may_vote;
        let holds_data = !self.configuration().is_empty() && !self.is_witness();
        if leads || !holds_data || !possible {
            self.tell_change_failed(ChangeFailure::NothingToRecover, observer);
            return;
        }
        let rule = RuleId::ForceNewCluster;
        self.become_follower(self.current_term.next(), None, rule, observer);
        let alone = self.alone();
        self.append_configuration(&alone, observer);
        self.election_deadline = Some(self.now);
    }

    fn alone(&self) -> Configuration {
        Configuration::of_voters(&[self.id]).expect("one server is a cluster")
    }
}
