//! Watches changes of members: made, refused, interrupted, and campaigns of servers without a vote.

use raft_core::{Change, ChangeFailure, Configuration, Event, RoleKind, RuleId};
use simulator::{Action, Cluster, NodeId, Step};
use sut::{Operator, Server, engine_id, raft_id};

use super::probe::Probe;
use super::watch::Probes;

impl Probes {
    /// Events of changes of members.
    pub(super) fn members(
        &mut self,
        node: NodeId,
        cluster: &Cluster<Server>,
        step: &Step<'_, Server>,
    ) {
        let Some(server) = cluster.node(node) else {
            return;
        };
        let raft = server.node().raft();
        let (now, role) = (raft.configuration(), raft.role());
        self.asked_for_members(node, cluster, step);
        let unsettled = raft.log().configured_at() > raft.commit_index();
        let outsider = !now.is_voter(raft_id(node)) && unsettled;
        for event in step.events {
            let kv::Event::Core(event) = event else {
                continue;
            };
            match event {
                Event::Configured { .. } if role == RoleKind::Leader => {
                    self.configured(node, now, cluster);
                }
                Event::ConfigurationRolledBack { .. } => self.hit(Probe::MembersRolledBack),
                Event::CaughtUp { .. } => self.hit(Probe::CaughtUp),
                Event::CatchUpRound { .. } => self.hit(Probe::CatchUpRound),
                Event::ChangeMade { .. } => self.hit(Probe::ChangeMade),
                Event::ChangeFailed { why } => self.change_failed(*why),
                Event::SnapshotInstalled { .. } => {
                    let nobody = |known: &Configuration| known.is_empty();
                    let new = self.servers[node.0 as usize].members.as_ref();
                    self.hit_if(new.is_none_or(nobody), Probe::SnapshotToNewcomer);
                }
                Event::Became {
                    role, rule, was, ..
                } => {
                    let left = *rule == RuleId::LeadsUntilCommitted;
                    self.hit_if(left, Probe::LeaderLeft);
                    let gave_up = *was == RoleKind::Leader && outsider && !left;
                    self.hit_if(gave_up, Probe::RemovedLeaderGaveUp);
                    let stands = matches!(role, RoleKind::PreCandidate | RoleKind::Candidate);
                    let votes = now.is_voter(raft_id(node));
                    self.hit_if(stands && !votes, Probe::OutsiderStands);
                    if *role == RoleKind::Leader {
                        self.elected_among(node, now, cluster);
                    }
                }
                Event::VoteRefused { candidate, .. } | Event::PreVoteRefused { candidate, .. } => {
                    let known = now.is_empty() || now.is_voter(*candidate);
                    self.hit_if(!known, Probe::StrangerRefused);
                }
                Event::VoteGranted { candidate, .. } => {
                    self.hit_if(!now.is_voter(*candidate), Probe::StrangerTrusted);
                }
                _ => {}
            }
        }
        if matches!(step.action, Action::Restart(_)) {
            let changed = raft.log().configured_at() > raft.commit_index();
            self.hit_if(changed, Probe::RestartedUnderNewMembers);
        }
        let seen = &mut self.servers[node.0 as usize];
        if seen.members.as_ref() != Some(now) {
            seen.members = Some(now.clone());
        }
    }

    /// A leader that is being removed sends heartbeats.
    pub(super) fn removed_leader(
        &mut self,
        node: NodeId,
        cluster: &Cluster<Server>,
        step: &Step<'_, Server>,
    ) {
        let raft = cluster.node(node).map(|server| server.node().raft());
        let Some(raft) = raft.filter(|raft| raft.role() == RoleKind::Leader) else {
            return;
        };
        let beats = matches!(step.action, Action::Wake(_)) && !step.output.sends.is_empty();
        let outsider = || !raft.configuration().is_voter(raft.id());
        let unsettled = raft.log().configured_at() > raft.commit_index();
        self.hit_if(beats && unsettled && outsider(), Probe::RemovedLeaderLedOn);
    }

    /// A leader gets a request for a change that may fail.
    fn asked_for_members(
        &mut self,
        node: NodeId,
        cluster: &Cluster<Server>,
        step: &Step<'_, Server>,
    ) {
        let Action::Operator {
            command: Operator::Command(kv::Operator::Change { change, .. }),
            ..
        } = step.action
        else {
            return;
        };
        let raft = cluster.node(node).map(|server| server.node().raft());
        let Some(raft) = raft.filter(|raft| raft.role() == RoleKind::Leader) else {
            return;
        };
        match change {
            Change::Add(id) => {
                let known = self.servers[node.0 as usize].members.as_ref();
                let learns = known.is_some_and(|now| now.is_member(*id) && !now.is_voter(*id));
                self.hit_if(learns, Probe::LearnerAddedAgain);
            }
            Change::Promote(id) | Change::Replace { new: id, .. } => {
                let down = cluster.node(engine_id(*id)).is_none();
                self.hit_if(down && raft.is_changing(), Probe::NewcomerDown);
            }
            _ => {}
        }
    }

    /// A leader appended a configuration.
    fn configured(&mut self, node: NodeId, now: &Configuration, cluster: &Cluster<Server>) {
        let before = self.servers[node.0 as usize].members.clone();
        let Some(before) = before else { return };
        let any = |of: &[raft_core::NodeId], wanted: &dyn Fn(raft_core::NodeId) -> bool| {
            of.iter().any(|id| wanted(*id))
        };
        let gained = any(now.incoming(), &|id| !before.is_voter(id));
        self.hit_if(gained, Probe::VoterAdded);
        let learner = any(now.learners(), &|id| !before.is_member(id));
        self.hit_if(learner, Probe::LearnerAdded);
        let down = |id| before.is_voter(id) && cluster.node(engine_id(id)).is_none();
        let changed = now.incoming() != before.incoming();
        self.hit_if(changed && any(now.incoming(), &down), Probe::DeadVoter);
        let witness = any(now.witnesses(), &|id| !before.is_witness(id));
        self.hit_if(witness, Probe::WitnessAdded);
        let demoted = any(now.learners(), &|id| before.incoming().contains(&id));
        self.hit_if(demoted, Probe::VoterDemoted);
        let removed = any(before.incoming(), &|id| !now.is_member(id));
        self.hit_if(removed, Probe::VoterRemoved);
        self.hit_if(now.is_joint(), Probe::JointEntered);
        self.hit_if(before.is_joint() && !now.is_joint(), Probe::JointLeft);
        let itself = before.is_voter(raft_id(node)) && !now.is_voter(raft_id(node));
        self.hit_if(itself, Probe::LeaderRemovedItself);
    }

    fn change_failed(&mut self, why: ChangeFailure) {
        self.hit(match why {
            ChangeFailure::Busy => Probe::ChangeWhileChanging,
            ChangeFailure::OwnTermFirst => Probe::ChangeBeforeOwnTerm,
            ChangeFailure::NoLiveQuorum => Probe::ChangeToTheDead,
            ChangeFailure::TooSlow(_) | ChangeFailure::Silent(_) => Probe::NewcomerGivenUp,
            ChangeFailure::LeadershipLost => Probe::ChangeLostItsLeader,
            ChangeFailure::Transferring { .. } => Probe::ChangeDuringTransfer,
            _ => return,
        });
    }

    fn elected_among(&mut self, node: NodeId, now: &Configuration, cluster: &Cluster<Server>) {
        self.hit_if(now.is_joint(), Probe::ElectedInJoint);
        let apart = cluster.nodes().any(|other| {
            let raft = cluster.node(other).map(|server| server.node().raft());
            raft.is_some_and(|raft| {
                other != node && raft.role() == RoleKind::Leader && raft.configuration() != now
            })
        });
        self.hit_if(apart, Probe::LeadersDisagreeOnMembers);
    }
}
