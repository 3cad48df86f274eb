//! Watches reads that no entry carries, and leadership that is handed over or given up.

use raft_core::{
    Event, Index, ReadFailure, Refusal, RoleKind, RuleId, TransferFailure, VoteRefusal,
};
use simulator::{Action, Cluster, NodeId, Step};
use sut::{Operator, Server, raft_id};

use super::probe::Probe;
use super::watch::Probes;

impl Probes {
    /// What a step decided about reads.
    pub(super) fn reads(
        &mut self,
        node: NodeId,
        cluster: &Cluster<Server>,
        step: &Step<'_, Server>,
    ) {
        let mut ended = false;
        for event in step.events {
            match event {
                kv::Event::Core(Event::ReadsHeld { .. }) => self.hit(Probe::ReadsHeld),
                kv::Event::Core(Event::ReadRoundBegan { .. }) if ended => {
                    self.hit(Probe::ReadWaitedForRound);
                }
                kv::Event::Core(Event::ReadRoundEnded { reads, .. }) => {
                    ended = true;
                    self.hit(Probe::ReadRound);
                    self.hit_if(*reads > 1, Probe::ReadRoundShared);
                }
                kv::Event::Core(Event::ReadByLease { .. }) => {
                    self.hit(Probe::ReadByLease);
                    let rival = |other: NodeId| {
                        let server: Option<&Server> = cluster.node(other);
                        other != node && server.is_some_and(|other| campaigns(other, cluster, node))
                    };
                    let rivals = cluster.nodes().any(rival);
                    self.hit_if(rivals, Probe::LeaseUnderCandidacy);
                }
                kv::Event::Core(Event::LeaseOver { .. }) => self.hit(Probe::LeaseOver),
                kv::Event::Core(Event::ReadsForwarded { .. }) => self.hit(Probe::ReadForwarded),
                kv::Event::Core(Event::ReadFailed { why }) => match why {
                    ReadFailure::RoleChanged => self.hit(Probe::ReadsFailedWithRole),
                    ReadFailure::Refused => self.hit(Probe::ForwardedReadRefused),
                    ReadFailure::TooMany => self.hit(Probe::TooManyReads),
                    ReadFailure::NotLeader { .. } | ReadFailure::NoLease(_) => {}
                },
                kv::Event::ReadAnswered { needs, applied, .. } => {
                    self.read_answered(*needs, *applied, cluster, step);
                }
                kv::Event::ReadBehind { .. } => self.hit(Probe::StaleReadRefused),
                _ => {}
            }
        }
    }

    fn read_answered(
        &mut self,
        needs: Option<Index>,
        applied: Index,
        cluster: &Cluster<Server>,
        step: &Step<'_, Server>,
    ) {
        let commits = |id| {
            let server: &Server = cluster.node(id)?;
            Some(server.node().raft().commit_index())
        };
        let committed = cluster.nodes().filter_map(commits).max();
        let stale = needs.is_none() && committed.is_some_and(|committed| committed > applied);
        self.hit_if(stale, Probe::StaleReadWasStale);
        // Nothing but its own state machine kept it waiting.
        let woken = matches!(step.action, Action::Wake(_));
        self.hit_if(needs.is_some() && woken, Probe::ReadWaitedForMachine);
    }

    /// What a step decided about who leads.
    pub(super) fn leadership(
        &mut self,
        node: NodeId,
        cluster: &Cluster<Server>,
        step: &Step<'_, Server>,
    ) {
        let told = |event: &kv::Event| matches!(event, kv::Event::Core(Event::TargetTold { .. }));
        for event in step.events {
            let kv::Event::Core(event) = event else {
                continue;
            };
            match event {
                Event::TransferBegan { .. } => {
                    self.hit(Probe::TransferBegan);
                    let lagged = !step.events.iter().any(told);
                    self.hit_if(lagged, Probe::TransferTargetLagged);
                }
                Event::TransferFailed { why, .. } => match why {
                    TransferFailure::TimedOut => self.hit(Probe::TransferTimedOut),
                    TransferFailure::Busy { .. } => self.hit(Probe::TransferWhileTransferring),
                    _ => {}
                },
                Event::Became {
                    role: RoleKind::Candidate,
                    rule: RuleId::TransferTargetCampaigns,
                    term,
                    ..
                } => self.chosen = Some((node, *term)),
                Event::Became {
                    role: RoleKind::Leader,
                    term,
                    ..
                } => {
                    let handed = self.chosen == Some((node, *term));
                    self.hit_if(handed, Probe::HandedOver);
                }
                Event::Became {
                    rule: RuleId::StepDownOnRequest,
                    ..
                } => self.hit(Probe::SteppedDown),
                Event::DiskStalled { .. } => self.hit(Probe::LeaderLeftStalledDisk),
                Event::ProposalRefused { why, .. } => match why {
                    Refusal::Transferring { .. } => self.hit(Probe::RefusedForTransfer),
                    Refusal::TooMuchUncommitted => self.hit(Probe::TooMuchUncommitted),
                    Refusal::NotLeader => {}
                },
                Event::VoteRefused { candidate, why } => {
                    let chosen = self
                        .chosen
                        .is_some_and(|(node, _)| raft_id(node) == *candidate);
                    let fresh = matches!(why, VoteRefusal::LeaderIsFresh { .. });
                    self.hit_if(chosen && !fresh, Probe::SuccessorRefused);
                }
                _ => {}
            }
        }
        if let Some(server) = cluster.node(node) {
            let server: &Server = server;
            if let Action::Operator {
                command: Operator::Command(kv::Operator::Campaign),
                ..
            } = step.action
            {
                let leads = server.node().raft().role() == RoleKind::Leader;
                self.hit_if(leads, Probe::LeaderToldToCampaign);
            }
        }
    }
}

/// Whether a server stands against the leader of an older or of the same term.
fn campaigns(server: &Server, cluster: &Cluster<Server>, leader: NodeId) -> bool {
    let leader: Option<&Server> = cluster.node(leader);
    let role = server.node().raft().role();
    let term = leader.map(|leader| leader.node().raft().current_term());
    matches!(role, RoleKind::Candidate | RoleKind::PreCandidate)
        && term.is_some_and(|term| server.node().raft().current_term() >= term)
}
