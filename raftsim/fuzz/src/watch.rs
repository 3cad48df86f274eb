//! Watches a run for the situations that [`Probe`]s name.

use std::collections::BTreeSet;

use checks::Violation;
use kv::{ApplyOutcome, Response};
use raft_core::{
    Body, Configuration, EntryId, Event, Index, MessageKind, RoleKind, RuleId, Term, VoteRefusal,
    WriteId,
};
use runner::Spectator;
use simulator::{
    Action, Cluster, DropReason, Endpoint, EventId, MessageId, NodeId, Observer, Span, Step, Time,
};
use sut::{Server, engine_id, raft_id};

use super::probe::{Hits, Probe};

/// A commit of at least this many entries at once is a jump.
const JUMP: u64 = 5;

/// At least this many committed entries that are not yet applied are many.
const MANY_UNAPPLIED: u64 = 5;

/// The core keeps fewer writes in flight apart than this.
const MANY_WRITES: usize = 9;

/// The probes that a run has hit so far.
#[derive(Clone, Debug)]
pub struct Probes {
    hits: Hits,
    pub(super) servers: Vec<Watched>,
    last_leader: Option<NodeId>,
    /// Per directed link between servers, the highest ordinal that has arrived.
    arrived: Vec<u64>,
    /// The last target of a transfer of leadership that campaigned, and its term.
    pub(super) transfer_target: Option<(NodeId, Term)>,
}

/// The watched state of one server.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    role: RoleKind,
    term: Term,
    commit: Index,
    /// The end of its log.
    pub(super) last: EntryId,
    /// The last index on its disk at its last restart.
    found: Index,
    acknowledged: Index,
    voted: Option<(Term, raft_core::NodeId)>,
    /// A granted vote that waits for the disk.
    pending_vote: Option<(Term, WriteId)>,
    /// Whether its candidacy has asked for votes.
    asked: bool,
    crashed: EventId,
    started: EventId,
    paused: Option<Time>,
    /// As leader: the number of back-offs for each other server since its last match.
    back_offs: Vec<u32>,
    /// The snapshot that it receives.
    pub(super) part: Option<PartialSnapshot>,
    /// Entries that it waits for: its leader appended them for it.
    pub(super) expects: BTreeSet<(Index, Term)>,
    /// Whether it refused a candidate of a lower priority since it last followed a leader.
    pub(super) refused_lower: bool,
    /// Its configuration after its last step.
    pub(super) members: Option<Configuration>,
    /// The votes for its present candidacy.
    pub(super) votes: Vec<raft_core::NodeId>,
}

/// A snapshot that a server receives.
#[derive(Clone, Copy, Debug)]
pub(super) struct PartialSnapshot {
    pub(super) id: raft_core::SnapshotId,
    pub(super) pieces: u32,
    /// The sender of the last piece.
    pub(super) leader: Option<raft_core::NodeId>,
    pub(super) by_several: bool,
    /// Whether the server has restarted since the first piece.
    pub(super) restarted: bool,
}

impl Probes {
    /// No hits yet, in a cluster of this size.
    #[must_use]
    pub fn new(servers: usize) -> Self {
        let watched = Watched {
            role: RoleKind::Follower,
            term: Term(0),
            commit: Index(0),
            last: EntryId::default(),
            found: Index(0),
            acknowledged: Index(0),
            voted: None,
            pending_vote: None,
            asked: false,
            crashed: EventId::OUTSIDE,
            started: EventId::OUTSIDE,
            paused: None,
            back_offs: vec![0; servers],
            part: None,
            expects: BTreeSet::new(),
            refused_lower: false,
            members: None,
            votes: Vec::new(),
        };
        Self {
            hits: Hits::default(),
            servers: vec![watched; servers],
            last_leader: None,
            arrived: vec![0; servers * servers],
            transfer_target: None,
        }
    }

    /// The hits so far.
    #[must_use]
    pub fn hits(&self) -> Hits {
        self.hits
    }

    pub(super) fn hit(&mut self, probe: Probe) {
        self.hits.hit(probe);
    }

    pub(super) fn hit_if(&mut self, condition: bool, probe: Probe) {
        if condition {
            self.hits.hit(probe);
        }
    }

    fn arrives(&mut self, id: &MessageId, cause: EventId) {
        let (Endpoint::Node(from), Endpoint::Node(to)) = (id.from, id.to) else {
            return;
        };
        let (from, to) = (from.0 as usize, to.0 as usize);
        let position = from * self.servers.len() + to;
        let latest = self.arrived[position];
        self.arrived[position] = latest.max(id.ordinal);
        self.hit_if(id.ordinal < latest, Probe::Overtaken);
        self.hit_if(
            cause < self.servers[from].crashed,
            Probe::MessageFromBeforeCrash,
        );
        self.hit_if(
            cause < self.servers[to].started,
            Probe::MessageFromBeforeRestart,
        );
    }

    fn crashed(&mut self, node: NodeId, disk: &kv::Disk, id: EventId, down: usize) {
        self.crashed_with_snapshots(node, disk);
        let servers = self.servers.len();
        self.hit_if(down == servers, Probe::AllDown);
        self.hit_if(down > servers / 2, Probe::MajorityDown);
        let seen = &mut self.servers[node.0 as usize];
        let left = disk.last_index().0;
        let hard_state = disk.hard_state;
        let kept = |(term, candidate)| {
            hard_state.current_term > term
                || hard_state.current_term == term && hard_state.voted_for == Some(candidate)
        };
        let lost_vote = seen.voted.is_some_and(|vote| !kept(vote));
        let lost_entry = left < seen.last.index.0;
        let lost_committed = seen.role == RoleKind::Leader && left < seen.commit.0;
        seen.role = RoleKind::Follower;
        seen.pending_vote = None;
        seen.paused = None;
        seen.crashed = id;
        seen.expects.clear();
        self.hit_if(lost_vote, Probe::LostVote);
        self.hit_if(lost_entry, Probe::LostEntry);
        self.hit_if(lost_committed, Probe::LeaderLostCommitted);
    }

    fn started(&mut self, node: NodeId, disk: &kv::Disk, id: EventId) {
        self.started_with_snapshots(disk);
        let hard_state = disk.hard_state;
        let seen = &mut self.servers[node.0 as usize];
        let index = disk.last_index();
        let term = disk.term_at(index).unwrap_or_default();
        seen.last = EntryId { index, term };
        seen.found = index;
        seen.commit = Index(0);
        seen.term = hard_state.current_term;
        seen.voted = hard_state
            .voted_for
            .map(|who| (hard_state.current_term, who));
        seen.started = id;
        self.hit_if(hard_state.voted_for.is_some(), Probe::RestartedWithVote);
    }

    fn resumed(&mut self, node: NodeId, now: Time, longest: Span) {
        let seen = &mut self.servers[node.0 as usize];
        let Some(since) = seen.paused.take() else {
            return;
        };
        let (leads, term) = (seen.role == RoleKind::Leader, seen.term);
        let newer = |other: &Watched| other.role == RoleKind::Leader && other.term > term;
        let deposed = leads && self.servers.iter().any(newer);
        self.hit_if(now.0 - since.0 > longest.0, Probe::LongPause);
        self.hit_if(deposed, Probe::StaleLeaderResumed);
    }

    fn became(
        &mut self,
        node: NodeId,
        (role, was): (RoleKind, RoleKind),
        term: Term,
        rule: RuleId,
    ) {
        use RoleKind::{Candidate, Follower, Leader, PreCandidate};
        let probe = match (role, was, rule) {
            (Follower, Candidate, RuleId::LeaderOfTerm) => Some(Probe::CandidateMetLeader),
            (Follower, PreCandidate, RuleId::LeaderOfTerm) => Some(Probe::PreCandidateMetLeader),
            (Follower, PreCandidate, RuleId::Majority) => Some(Probe::PreVoteLost),
            (Follower, Candidate, RuleId::Majority) => Some(Probe::ElectionLost),
            (Follower, Leader, RuleId::HigherTerm) => Some(Probe::LeaderDeposed),
            (PreCandidate | Candidate, Candidate, _) => Some(Probe::CandidacyTimedOut),
            _ => None,
        };
        if let Some(probe) = probe {
            self.hits.hit(probe);
        }
        let lone = self.servers.len() == 1;
        let others = self.servers.iter().enumerate();
        let others = others.filter(|(position, _)| *position != node.0 as usize);
        let other = |role, term| {
            let mut others = others.clone().map(|(_, other)| other);
            others.any(|other| other.role == role && (term == Term(0) || other.term == term))
        };
        let split = role == Candidate && other(Candidate, term);
        let two = role == Leader && other(Leader, Term(0));
        let seen = &mut self.servers[node.0 as usize];
        let died = role == Follower && was == Candidate && !seen.asked;
        let pending_vote_died = seen
            .pending_vote
            .is_some_and(|(pending_vote, _)| term > pending_vote);
        if pending_vote_died {
            seen.pending_vote = None;
        }
        if role == Candidate {
            seen.asked = false;
            seen.voted = Some((term, raft_id(node)));
        }
        let old_entries = role == Leader && seen.last.index > seen.commit;
        (seen.role, seen.term) = (role, term);
        self.hit_if(split, Probe::SplitVote);
        self.hit_if(two, Probe::TwoLeaders);
        self.hit_if(died, Probe::CandidacyDiedEarly);
        self.hit_if(pending_vote_died, Probe::GrantDiedEarly);
        self.hit_if(old_entries, Probe::ElectedWithOldEntries);
        if role == Leader {
            self.servers[node.0 as usize].back_offs.fill(0);
            self.hit_if(lone, Probe::LoneLeader);
            let again = self.last_leader.replace(node) == Some(node);
            self.hit_if(again, Probe::LeaderElectedAgain);
        }
    }

    fn refused(&mut self, why: VoteRefusal, pre_vote: bool) {
        let probe = match (why, pre_vote) {
            (VoteRefusal::LogBehind { .. }, false) => Probe::VoteRefusedLogBehind,
            (VoteRefusal::LogBehind { .. }, true) => Probe::PreVoteRefusedLogBehind,
            (VoteRefusal::LeaderIsFresh { .. }, false) => Probe::VoteRefusedFresh,
            (VoteRefusal::LeaderIsFresh { .. }, true) => Probe::PreVoteRefusedFresh,
            (VoteRefusal::AlreadyVoted { .. }, _) => Probe::VoteRefusedVoted,
            (VoteRefusal::LowerPriority { .. }, _) => Probe::VoteRefusedPriority,
            (VoteRefusal::StaleTerm { .. }, _) => Probe::VoteRefusedStale,
            (VoteRefusal::MayNotVote, _) => return,
        };
        self.hits.hit(probe);
    }

    fn truncated(&mut self, node: NodeId, (from, own): (Index, Term), cluster: &Cluster<Server>) {
        let in_flight = cluster.pending_writes(node).any(|write| {
            let append = write.log().and_then(|log| log.raft.append.as_ref());
            append.is_some_and(|append| append.last >= from)
        });
        let seen = &mut self.servers[node.0 as usize];
        let several = seen.last.term != own;
        let (acknowledged, found) = (seen.acknowledged >= from, seen.found >= from);
        seen.last.index = from.previous();
        seen.acknowledged = seen.acknowledged.min(from.previous());
        seen.found = seen.found.min(from.previous());
        self.hits.hit(Probe::Truncated);
        self.hit_if(several, Probe::TruncatedSeveralTerms);
        self.hit_if(acknowledged, Probe::TruncatedAcknowledged);
        self.hit_if(found, Probe::TruncatedAfterRestart);
        self.hit_if(in_flight, Probe::TruncatedInFlight);
    }

    fn stale(&mut self, node: NodeId, theirs: Term, what: MessageKind) {
        let term = self.servers[node.0 as usize].term;
        match what {
            MessageKind::AppendEntriesReply if theirs == term => {
                self.hits.hit(Probe::AckOfEarlierTerm);
            }
            MessageKind::AppendEntriesReply => self.hits.hit(Probe::LateAck),
            MessageKind::AppendEntries => self.hits.hit(Probe::LateAppend),
            MessageKind::RequestVoteReply => self.hits.hit(Probe::LateVote),
            _ => {}
        }
        self.hit_if(theirs.0 + 2 <= term.0, Probe::AncientMessage);
    }
}

/// The events of servers.
impl Probes {
    fn event(&mut self, node: NodeId, event: &Event, cluster: &Cluster<Server>) {
        let raft = || cluster.node(node).map(|server| server.node().raft());
        match *event {
            Event::Became {
                role,
                was,
                term,
                rule,
            } => {
                self.became(node, (role, was), term, rule);
                let elected = role == RoleKind::Leader && has_sessions(cluster, node);
                self.hit_if(elected, Probe::SessionOutlivedLeader);
            }
            Event::VoteGranted {
                candidate,
                term,
                durable,
                ..
            } => {
                let written = raft().is_some_and(|raft| raft.writes().1 >= durable);
                let seen = &mut self.servers[node.0 as usize];
                let again = seen.voted.replace((term, candidate)) == Some((term, candidate));
                seen.pending_vote = (!written).then_some((term, durable));
                self.hit_if(again, Probe::VoteGivenAgain);
            }
            Event::VoteRefused { why, .. } => self.refused(why, false),
            Event::PreVoteRefused { why, .. } => self.refused(why, true),
            Event::CandidacyDurable { .. } => self.servers[node.0 as usize].asked = true,
            Event::Appended { last, .. } => {
                self.servers[node.0 as usize].last = last;
                let full = raft().is_some_and(|raft| {
                    raft.progress().iter().any(|peer| {
                        peer.pace == raft_core::ProgressState::Replicate
                            && peer.next_index <= last.index
                    })
                });
                self.hit_if(full, Probe::WindowFull);
            }
            Event::Truncated { from, own, .. } => self.truncated(node, (from, own), cluster),
            Event::AckWithheld { .. } => self.hits.hit(Probe::AckWithheld),
            Event::Acknowledged { match_index } => {
                let seen = &mut self.servers[node.0 as usize];
                seen.acknowledged = seen.acknowledged.max(match_index);
            }
            Event::BackedOff { peer, .. } => {
                self.servers[node.0 as usize].back_offs[engine_id(peer).0 as usize] += 1;
            }
            Event::MatchAdvanced { peer, .. } => {
                let back_offs = &mut self.servers[node.0 as usize].back_offs;
                let times = std::mem::take(&mut back_offs[engine_id(peer).0 as usize]);
                self.hit_if(times > 0, Probe::RejectedThenMatched);
                self.hit_if(times >= 3, Probe::BackedOffFar);
            }
            Event::Committed { commit, was, rule } => {
                self.servers[node.0 as usize].commit = commit;
                self.hit_if(commit.0 - was.0 >= JUMP, Probe::CommitJumped);
                let applied = cluster.node(node).map(|server| server.node().applied());
                let far = applied.is_some_and(|applied| {
                    raft().is_some_and(|raft| raft.commit_index().0 >= applied + MANY_UNAPPLIED)
                });
                self.hit_if(far, Probe::MachineFarBehind);
                if rule == RuleId::CurrentTermOnly
                    && let Some(raft) = raft()
                {
                    let first = raft.log().term_at(was.next());
                    let earlier = first.is_ok_and(|term| term < raft.current_term());
                    self.hit_if(earlier, Probe::OldTermCommitted);
                    let without = commit > raft.durable_index();
                    self.hit_if(without, Probe::CommittedWithoutOwnCopy);
                    self.hit_if(self.servers.len() == 1, Probe::LoneCommit);
                }
            }
            Event::CommitHeld { .. } => self.hits.hit(Probe::CommitHeld),
            Event::QuorumLost { .. } => self.hits.hit(Probe::QuorumLost),
            Event::StaleDropped { theirs, what, .. } => self.stale(node, theirs, what),
            _ => {}
        }
    }

    /// Whether an event is so common that [`Probes::event`] alone watches it. Most steps of a healthy cluster
    /// have no other events.
    #[inline]
    fn is_routine(&self, node: NodeId, event: &kv::Event) -> bool {
        match event {
            kv::Event::Core(event) => matches!(
                event,
                Event::Appended { .. }
                    | Event::AckWithheld { .. }
                    | Event::Acknowledged { .. }
                    | Event::MatchAdvanced { .. }
                    | Event::Committed {
                        rule: RuleId::FollowerCommit,
                        ..
                    }
            ),
            kv::Event::Applied { .. } => true,
            kv::Event::Answered { lost, .. } => {
                !lost && self.servers[node.0 as usize].expects.is_empty()
            }
            _ => false,
        }
    }

    fn applied(&mut self, node: NodeId, outcome: ApplyOutcome, cluster: &Cluster<Server>) {
        match outcome {
            ApplyOutcome::Nothing | ApplyOutcome::Executed => {}
            ApplyOutcome::Repeated => {
                self.hits.hit(Probe::Repeated);
                self.hit_if(has_sessions(cluster, node), Probe::RepeatedInSession);
            }
            ApplyOutcome::Superseded => self.hits.hit(Probe::Superseded),
            ApplyOutcome::Expired => self.hits.hit(Probe::SessionExpired),
            ApplyOutcome::Opened => self.hits.hit(Probe::SessionOpened),
            ApplyOutcome::Kept => self.hits.hit(Probe::SessionKept),
        }
    }

    fn put_out(&mut self, step: &Step<'_, Server>) {
        let entries = |message: &kv::Message| match &message.raft.body {
            Body::AppendEntries(append) => !append.is_empty(),
            _ => false,
        };
        let mut pairs = step.output.sends.windows(2);
        let split =
            pairs.any(|pair| pair[0].0 == pair[1].0 && pair.iter().all(|(_, sent)| entries(sent)));
        self.hit_if(split, Probe::MessageSplit);
        for (_, _, response) in &step.output.replies {
            match response {
                Response::ReadFailed => self.hits.hit(Probe::ClientToldReadFailed),
                Response::NotLeader { leader: Some(_) } => self.hits.hit(Probe::Redirected),
                Response::NotLeader { leader: None } => self.hits.hit(Probe::NoLeaderKnown),
                _ => {}
            }
        }
    }

    fn acted(&mut self, cluster: &Cluster<Server>, step: &Step<'_, Server>) {
        let longest = |node| {
            let server: Option<&Server> = cluster.node(node);
            server.map_or(Span(u64::MAX), |server| {
                Span(server.node().raft().settings().election_timeout_max.0)
            })
        };
        match step.action {
            Action::Deliver(id) => self.arrives(id, step.cause),
            Action::Duplicate(id) => {
                self.arrives(id, step.cause);
                self.hits.hit(Probe::Duplicated);
            }
            Action::Drop(_, DropReason::Down) => self.hits.hit(Probe::SentToDown),
            Action::Written { node, .. } => {
                let written = cluster
                    .node(*node)
                    .map(|server| server.node().raft().writes().1);
                let pending_vote = &mut self.servers[node.0 as usize].pending_vote;
                *pending_vote = pending_vote
                    .filter(|(_, write)| written.is_none_or(|written| written < *write));
            }
            Action::Crash { node, .. } => {
                let down = cluster
                    .nodes()
                    .filter(|id| cluster.node(*id).is_none())
                    .count();
                self.crashed(*node, &cluster.disk(*node).0, step.id, down);
            }
            Action::Restart(node) => self.started(*node, &cluster.disk(*node).0, step.id),
            Action::Pause(node) => self.servers[node.0 as usize].paused = Some(step.time),
            Action::Resume(node) => self.resumed(*node, step.time, longest(*node)),
            Action::Clock { node, jump, .. } => {
                self.hit_if(*jump > longest(*node), Probe::LongJump);
            }
            Action::GiveUp { .. } => self.hits.hit(Probe::GaveUp),
            _ => {}
        }
        let late = step.received.is_some_and(|received| !received.accepted);
        self.hit_if(late, Probe::LateReply);
    }
}

impl Observer<Server> for Probes {
    type Violation = Box<Violation>;

    fn wants_events(&self) -> bool {
        true
    }

    #[inline]
    fn after(
        &mut self,
        cluster: &Cluster<Server>,
        step: &Step<'_, Server>,
    ) -> Result<(), Box<Violation>> {
        self.acted(cluster, step);
        let Some(node) = step.node else { return Ok(()) };
        let mut counts = matches!(step.action, Action::Operator { .. } | Action::Restart(_));
        for event in step.events {
            counts |= !self.is_routine(node, event);
            match event {
                kv::Event::Core(event) => self.event(node, event, cluster),
                kv::Event::Applied { outcome, .. } => self.applied(node, *outcome, cluster),
                kv::Event::Answered { lost: true, .. } => self.hits.hit(Probe::RequestLost),
                _ => {}
            }
        }
        if counts {
            self.reads(node, cluster, step);
            self.leadership(node, cluster, step);
            self.priorities(node, cluster, step);
            self.forwarding(node, step);
            self.snapshots(node, cluster, step);
            self.witnesses(node, cluster, step);
            self.members(node, cluster, step);
        }
        if !step.output.is_empty() {
            self.put_out(step);
            self.pieces(node, cluster, step);
            self.removed_leader(node, cluster, step);
            let writes = step.output.writes.len();
            let many = writes > 0 && cluster.pending_writes(node).len() + writes >= MANY_WRITES;
            self.hit_if(many, Probe::ManyWritesInFlight);
        }
        Ok(())
    }
}

/// Whether this server knows of sessions that clients opened.
pub(super) fn has_sessions(cluster: &Cluster<Server>, node: NodeId) -> bool {
    let server: Option<&Server> = cluster.node(node);
    server.is_some_and(|server| server.node().has_sessions())
}

impl Spectator for Probes {
    fn takes_announcements(&self) -> bool {
        false
    }
}
