//! Changes of the cluster's members (§6, dissertation §4).
//!
//! A configuration changes only by an entry of the log, which takes effect as soon as it is
//! appended. If the voters differ by one, the next configuration follows at once (dissertation
//! §4.1), because any majority of the old voters and any majority of the new ones share a server.
//! Otherwise a joint configuration comes between, in which both sets decide (§6, dissertation
//! §4.3). A server that is to gain a vote becomes a learner first and catches up (see `catch_up`).

use alloc::boxed::Box;

use crate::cards::RuleId;
use crate::configuration::{Configuration, Members};
use crate::effect::{Effect, Source};
use crate::event::{Event, Observer};
use crate::message::Body;
use crate::progress::Progress;
use crate::quorum;
use crate::raft::Raft;
use crate::request::{Change, ChangeFailure, ChangeOptions, TransferFailure};
use crate::role::{CatchUp, Changing, Leader, Role};
use crate::rules::Rules;
use crate::types::{Index, Instant, NodeId};

impl<R: Rules + ?Sized> Raft<R> {
    /// Begins a change for the operator.
    pub(crate) fn change<O: Observer>(
        &mut self,
        change: &Change,
        how: ChangeOptions,
        observer: &mut O,
    ) {
        let begun = self.leads_for_changes().and_then(|_| {
            let next = self.next_configuration(change)?;
            self.may_change(change, &next, how)?;
            Ok(next)
        });
        match begun {
            Ok(next) => self.begin_change(next, how, observer),
            Err(why) => self.tell_change_failed(why, observer),
        }
    }

    /// Only a leader answers: a follower may know outdated members.
    fn leads_for_changes(&self) -> Result<&Leader, ChangeFailure> {
        match &self.role {
            Role::Leader(leader) => Ok(leader),
            _ => Err(ChangeFailure::NotLeader {
                leader: self.leader(),
            }),
        }
    }

    /// The configuration after this change.
    fn next_configuration(&self, change: &Change) -> Result<Configuration, ChangeFailure> {
        let now = self.configuration();
        if let Change::Leave = change {
            return match now.is_joint() {
                true => Ok(now.left()),
                false => Err(ChangeFailure::NotJoint),
            };
        }
        let (mut voters, mut learners) = (
            Members::from_slice(now.incoming()),
            Members::from_slice(now.learners()),
        );
        let mut witnesses = Members::from_slice(now.witnesses());
        let move_to = |id: NodeId, voters: &mut Members, learners: &mut Members| {
            learners.retain(|learner| *learner != id);
            if !voters.contains(&id) {
                voters.push(id);
            }
        };
        match change {
            Change::Add(id) if now.is_member(*id) => {
                if self.rules.added_again_votes() {
                    move_to(*id, &mut voters, &mut learners);
                }
            }
            Change::Add(id) => learners.push(*id),
            Change::Promote(id) => move_to(*id, &mut voters, &mut learners),
            Change::AddWitness(id) => {
                if now.is_member(*id) && !now.is_witness(*id) {
                    return Err(ChangeFailure::HoldsData(*id));
                }
                move_to(*id, &mut voters, &mut learners);
                if !witnesses.contains(id) {
                    witnesses.push(*id);
                }
            }
            Change::Demote(id) => {
                if !voters.contains(id) {
                    return Err(ChangeFailure::NoVoter(*id));
                }
                voters.retain(|voter| voter != id);
                learners.push(*id);
            }
            Change::Remove(id) => {
                if !now.is_member(*id) {
                    return Err(ChangeFailure::NoMember(*id));
                }
                voters.retain(|voter| voter != id);
                learners.retain(|learner| learner != id);
            }
            Change::Replace { old, new } => {
                if !voters.contains(old) {
                    return Err(ChangeFailure::NoVoter(*old));
                }
                voters.retain(|voter| voter != old);
                move_to(*new, &mut voters, &mut learners);
            }
            Change::To {
                voters: wanted,
                learners: beside,
            } => (voters, learners) = (wanted.clone(), beside.clone()),
            Change::Leave => unreachable!("leaving was dealt with"),
        }
        witnesses.retain(|id| voters.contains(id) || learners.contains(id));
        Configuration::new(&voters, &[], &learners)
            .and_then(|next| next.with_witnesses(&witnesses))
            .map_err(ChangeFailure::Senseless)
    }

    /// Whether a change may begin now.
    fn may_change(
        &self,
        change: &Change,
        next: &Configuration,
        how: ChangeOptions,
    ) -> Result<(), ChangeFailure> {
        let leader = self.leads_for_changes()?;
        if let Some(transfer) = leader.transfer {
            return Err(ChangeFailure::Transferring { to: transfer.to });
        }
        let leaves = matches!(change, Change::Leave);
        let change = leader.change.as_deref();
        let begun = change.is_some_and(|change| leaves || !change.appended);
        let busy = begun || (self.configuration().is_joint() && !leaves);
        if busy || !self.configuration_is_settled(leaves) {
            return Err(ChangeFailure::Busy);
        }
        if !self.own_term_is_committed() {
            return Err(ChangeFailure::OwnTermFirst);
        }
        if next == self.configuration() {
            return Err(ChangeFailure::Nothing);
        }
        if !how.forced && !self.is_live(next, true) {
            return Err(ChangeFailure::NoLiveQuorum);
        }
        Ok(())
    }

    fn own_term_is_committed(&self) -> bool {
        let entry = self.log.term_at(self.commit_index);
        self.rules.change_may_begin(entry, self.current_term)
    }

    /// Whether the latest configuration is committed, so that the next one may follow.
    fn configuration_is_settled(&self, leaves: bool) -> bool {
        let (at, commit) = (self.log.configured_at(), self.commit_index);
        match leaves {
            true => self.rules.joint_may_be_left(at, commit),
            false => self.rules.change_is_over(at, commit),
        }
    }

    /// Whether the leader has heard lately from enough servers of this configuration. With
    /// `hopeful`, it counts servers as live if it has sent nothing to them yet.
    fn is_live(&self, next: &Configuration, hopeful: bool) -> bool {
        let contact = |id: NodeId| match self.progress().iter().find(|peer| peer.id == id) {
            Some(peer) => peer.contact.max(self.awake_since()),
            None if id == self.id || hopeful => self.now,
            None => Instant(0),
        };
        let same = next.voters_apart(self.configuration()) == 0;
        let contact = quorum::reached(&self.rules, next, contact);
        let allowed = self.settings.election_timeout_max;
        same || self.rules.quorum_is_live(self.now, contact, allowed)
    }

    fn begin_change<O: Observer>(
        &mut self,
        next: Configuration,
        how: ChangeOptions,
        observer: &mut O,
    ) {
        let now = self.configuration().clone();
        let voters = next.incoming().iter().copied();
        let mut newcomers: Members = voters.filter(|id| !now.is_voter(*id)).collect();
        if how.forced || now.is_joint() {
            newcomers.clear();
        }
        let strangers = newcomers.iter().filter(|id| !now.is_member(**id));
        let mut learners = Members::from_slice(now.learners());
        learners.extend(strangers.copied());
        if learners.len() > now.learners().len() {
            let mut witnesses = Members::from_slice(next.witnesses());
            witnesses.extend(now.witnesses().iter().copied());
            witnesses.sort_unstable();
            witnesses.dedup();
            let member = |id: &NodeId| now.is_member(*id) || learners.contains(id);
            witnesses.retain(|id| member(id));
            let first = Configuration::new(now.incoming(), &[], &learners)
                .and_then(|first| first.with_witnesses(&witnesses));
            let first = first.expect("strangers are named nowhere else, and have no vote yet");
            self.append_configuration(&first, observer);
        }
        let last = self.log.last_index();
        let newcomers = newcomers.into_iter();
        let newcomers = newcomers.map(|id| CatchUp::begun(id, last, self.now));
        let changing = Changing {
            next,
            how,
            newcomers: newcomers.collect(),
            appended: false,
        };
        if let Role::Leader(leader) = &mut self.role {
            leader.change = Some(Box::new(changing));
        }
        self.go_on_with_change(observer);
    }

    /// Appends the next configuration once all its conditions hold.
    pub(crate) fn go_on_with_change<O: Observer>(&mut self, observer: &mut O) {
        let Role::Leader(leader) = &self.role else {
            return;
        };
        let Some(changing) = leader.change.as_deref() else {
            return;
        };
        let leaves = self.configuration().is_joint();
        let waits = changing.appended
            || changing.newcomers.iter().any(|newcomer| !newcomer.ready)
            || leader.transfer.is_some()
            || self.pending.append.is_some();
        if waits || !self.configuration_is_settled(leaves) || !self.own_term_is_committed() {
            return;
        }
        let (next, how) = (changing.next.clone(), changing.how);
        if !how.forced && !self.is_live(&next, false) {
            self.fail_change(ChangeFailure::NoLiveQuorum, observer);
            return;
        }
        if let Role::Leader(leader) = &mut self.role
            && let Some(changing) = &mut leader.change
        {
            changing.appended = true;
        }
        let now = self.configuration();
        let at_once = now.is_joint() || now.voters_apart(&next) <= 1;
        let next = match at_once {
            true => next,
            false => now.joined_by(&next, !how.stays_joint),
        };
        self.append_configuration(&next, observer);
    }

    /// Appends a configuration, which takes effect at once.
    pub(crate) fn append_configuration<O: Observer>(
        &mut self,
        next: &Configuration,
        observer: &mut O,
    ) {
        let first = self.log.last_index().next();
        assert!(
            !next.is_empty(),
            "a cluster has voters, whatever becomes of it"
        );
        self.log.append(self.current_term, next.bytes(), Some(next));
        self.appended(first, Source::Configuration, observer);
        if let Some(append) = &mut self.pending.append {
            append.configuration = Some(Box::new(next.clone()));
        }
        observer.event(Event::Configured {
            at: self.log.last(),
            joint: next.is_joint(),
        });
        self.follow_configuration(observer);
        self.replicate(observer);
        // A leader that is now alone receives no more answers, so it must end its round of reads
        // here.
        self.settle_round(observer);
    }

    /// Updates the peers, so that the leader sends to the members in force and to no other server.
    fn follow_configuration<O: Observer>(&mut self, observer: &mut O) {
        let (id, now) = (self.id, self.now);
        let members = self.configuration().members();
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        let seq = leader.peers.iter().map(|peer| peer.sent_seq);
        let highest = seq.max().unwrap_or(0).max(leader.seq_floor);
        let before = leader.peers.len();
        leader.peers.retain(|peer| members.contains(&peer.id));
        if leader.peers.len() < before {
            leader.seq_floor = highest;
        }
        for (place, member) in members.iter().filter(|member| **member != id).enumerate() {
            let known = leader.peers.get(place).map(|peer| peer.id);
            if known != Some(*member) {
                let mut peer = Progress::new(*member, &self.log, now);
                peer.count_from(leader.seq_floor);
                // The leader sends to it at once: it does not know yet of the entry that makes it a
                // member.
                peer.send_from(self.log.last_index(), &self.log);
                leader.peers.insert(place, peer);
            }
        }
        assert!(
            leader.peers.len() + usize::from(members.contains(&id)) == members.len(),
            "every other member has a place, and nobody else has"
        );
        assert!(
            leader.peers.windows(2).all(|pair| pair[0].id < pair[1].id),
            "peers are in order"
        );
        self.end_senseless_transfer(observer);
    }

    /// Ends a transfer to a server that no longer has a vote.
    fn end_senseless_transfer<O: Observer>(&mut self, observer: &mut O) {
        let Role::Leader(leader) = &self.role else {
            return;
        };
        let Some(to) = leader.transfer.map(|transfer| transfer.to) else {
            return;
        };
        if !self.configuration().is_voter(to) {
            self.fail_transfer(to, TransferFailure::NoVoter, observer);
        }
    }

    /// Acts on a committed configuration: the leader leaves a joint one, steps down if it has no
    /// vote, or completes the change.
    pub(crate) fn settle_configuration<O: Observer>(&mut self, observer: &mut O) {
        self.follow_configuration(observer);
        self.go_on_with_change(observer);
        let (at, commit) = (self.log.configured_at(), self.commit_index);
        let now = self.configuration();
        if now.is_joint() {
            let ready = now.leaves_itself()
                && self.rules.joint_may_be_left(at, commit)
                && self.own_term_is_committed();
            if ready && self.leads_freely() {
                let left = now.left();
                self.append_configuration(&left, observer);
                return;
            }
        }
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        let joint = self.log.configuration().is_joint();
        let made = |change: &mut Box<Changing>| {
            let there = !joint || change.how.stays_joint;
            change.appended && there && at <= commit
        };
        if leader.change.take_if(made).is_some() {
            observer.event(Event::ChangeMade { at });
            self.effects.push_back(Effect::Changed { at });
        }
        self.lead_no_more_without_a_vote(observer);
    }

    /// Whether this leader may append an entry of its own now.
    fn leads_freely(&self) -> bool {
        let free = matches!(&self.role, Role::Leader(leader) if leader.transfer.is_none());
        free && self.pending.append.is_none()
    }

    /// Steps down if the configuration gives this leader no vote and is committed (dissertation
    /// §4.2.2). The leader then tells the others of the commit, and tells the most up-to-date one
    /// to campaign.
    fn lead_no_more_without_a_vote<O: Observer>(&mut self, observer: &mut O) {
        let (at, commit) = (self.log.configured_at(), self.commit_index);
        let now = self.configuration();
        if now.is_voter(self.id) || !self.rules.outsider_steps_down(at, commit) {
            return;
        }
        self.send_to_all(true, observer);
        let voters = self.progress().iter();
        let voters = voters.filter(|peer| self.may_be_told_to_campaign(peer.id));
        let successor = voters.max_by_key(|peer| (peer.match_index, core::cmp::Reverse(peer.id)));
        if let Some(to) = successor.map(|peer| peer.id) {
            self.send(to, Body::TimeoutNow);
        }
        let rule = RuleId::LeadsUntilCommitted;
        self.become_follower(self.current_term, None, rule, observer);
    }

    /// Fails the change under way.
    pub(crate) fn fail_change<O: Observer>(&mut self, why: ChangeFailure, observer: &mut O) {
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        if leader.change.take().is_some() {
            self.tell_change_failed(why, observer);
        }
    }

    pub(crate) fn tell_change_failed<O: Observer>(&mut self, why: ChangeFailure, observer: &mut O) {
        observer.event(Event::ChangeFailed { why });
        self.effects.push_back(Effect::ChangeFailed { why });
    }

    /// Whether a change of members is under way here.
    #[must_use]
    pub fn is_changing(&self) -> bool {
        matches!(&self.role, Role::Leader(leader) if leader.change.is_some())
    }

    /// Whether the configuration in force requires another step.
    pub(crate) fn is_unsettled(&self) -> bool {
        let now = self.configuration();
        self.is_changing() || now.is_joint() || !now.is_voter(self.id)
    }

    /// Reports that a configuration was added or removed at the log's end.
    pub(crate) fn tell_configured<O: Observer>(&self, was: Index, observer: &mut O) {
        let at = self.log.configured_at();
        if at == was {
            return;
        }
        let term = self.log.term_at(at).unwrap_or_default();
        let at = crate::types::EntryId { index: at, term };
        let joint = self.log.configuration().is_joint();
        observer.event(match at.index > was {
            true => Event::Configured { at, joint },
            false => Event::ConfigurationRolledBack { from: was, at },
        });
    }
}
