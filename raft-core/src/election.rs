//! Leader election (§5.2, §5.4.1), pre-vote (dissertation §9.6) and stickiness (§4.2.3).

use alloc::boxed::Box;

use smallvec::SmallVec;

use crate::cards::RuleId;
use crate::event::{Event, Observer, RoleKind, VoteRefusal};
use crate::message::{Body, Claim};
use crate::progress::Progress;
use crate::quorum::{self, Tally};
use crate::raft::Raft;
use crate::request::ChangeFailure;
use crate::role::{Ballots, Candidate, Leader, Quiet, Reads, Role, Uncommitted};
use crate::rules::Rules;
use crate::types::{EntryId, Instant, LIMIT, NodeId, Term, WriteId};

impl<R: Rules + ?Sized> Raft<R> {
    pub(crate) fn fresh_election_deadline(&mut self) -> Instant {
        let (min, max) = (
            self.settings.election_timeout_min,
            self.settings.election_timeout_max,
        );
        let draw = self.random.draw();
        self.now.after(self.rules.election_timeout(min, max, draw))
    }

    /// Handles the end of the randomised timeout without a message from a leader (§5.2).
    pub(crate) fn election_timeout<O: Observer>(&mut self, observer: &mut O) {
        assert!(
            !matches!(self.role, Role::Leader(_)),
            "a leader waits for no leader"
        );
        if !self.may_campaign() {
            // The last leader may have lost its leadership, and a server that cannot campaign would
            // not notice.
            if self.leader().is_some() {
                let rule = RuleId::ElectionTimeout;
                self.become_follower(self.current_term, None, rule, observer);
            }
            self.election_deadline = Some(self.fresh_election_deadline());
            if self.settings.quiescence {
                self.call_members();
            }
            return;
        }
        if self.settings.pre_vote {
            self.pre_campaign(observer);
        } else {
            self.campaign(RuleId::ElectionTimeout, false, observer);
        }
    }

    /// Only a voter that can keep its promises and has handed its whole log to the disk campaigns:
    /// otherwise it could never advertise that log. Until the latest configuration is committed, a
    /// voter of the one before it may be the only server that can win (dissertation §4.2.2).
    pub(crate) fn may_campaign(&self) -> bool {
        let now = self.configuration();
        let before = self.log.configuration_before_latest(self.commit_index);
        let voted = before.is_some_and(|before| before.is_voter(self.id));
        let witness =
            now.is_witness(self.id) || before.is_some_and(|before| before.is_witness(self.id));
        self.may_vote
            && (!witness || self.rules.witness_may_stand())
            && self.rules.may_stand(now.is_voter(self.id), voted)
            && self.durability.submitted_index() == self.log.last_index()
            && self.current_term.0 + 1 < LIMIT
    }

    /// Asks whether it could win (dissertation §9.6). A pre-vote promises nothing, so the request
    /// leaves at once.
    fn pre_campaign<O: Observer>(&mut self, observer: &mut O) {
        assert!(self.may_campaign(), "who may not campaign does not ask");
        assert!(self.may_vote, "nor does who may not vote");
        self.fail_reads(observer);
        self.lose_forwarded(observer);
        let was = self.role.kind();
        self.role = Role::PreCandidate(Ballots::default());
        self.election_deadline = Some(self.fresh_election_deadline());
        let term = self.current_term;
        let rule = RuleId::ElectionTimeout;
        observer.event(Event::Became {
            role: RoleKind::PreCandidate,
            was,
            term,
            rule,
        });
        let (last, priority) = (self.log.last(), self.settings.priority);
        self.ask_voters(&Body::PreVote { last, priority });
        self.count_answer(self.id, true, observer);
    }

    /// Raises the term and votes for itself (§5.2). RequestVote leaves when both are durable.
    pub(crate) fn campaign<O: Observer>(&mut self, rule: RuleId, transfer: bool, observer: &mut O) {
        assert!(self.may_campaign(), "who may not campaign does not");
        self.fail_change(ChangeFailure::LeadershipLost, observer);
        self.fail_reads(observer);
        self.lose_forwarded(observer);
        let was = self.role.kind();
        self.current_term = self.current_term.next();
        self.voted_for = Some(self.id);
        self.vote_owed = None;
        self.pending.hard_state = true;
        self.role = Role::Candidate(Candidate {
            transfer,
            ..Candidate::default()
        });
        self.election_deadline = None;
        let term = self.current_term;
        observer.event(Event::Became {
            role: RoleKind::Candidate,
            was,
            term,
            rule,
        });
        self.release_candidacy(observer);
    }

    /// Sends RequestVote once it is durable; the candidacy's deadline starts then.
    pub(crate) fn release_candidacy<O: Observer>(&mut self, observer: &mut O) {
        let vote = self.hard_state_write();
        let durable = self.durability.durable_write();
        assert!(
            vote <= self.durability.next_write(),
            "a vote is in a write that exists or is being built"
        );
        let Role::Candidate(candidate) = &mut self.role else {
            return;
        };
        if candidate.asked || !self.rules.candidacy_may_leave(vote, durable) {
            return;
        }
        candidate.asked = true;
        let (last, transfer) = (self.log.last(), candidate.transfer);
        observer.event(Event::CandidacyDurable {
            term: self.current_term,
            last,
        });
        self.election_deadline = Some(self.fresh_election_deadline());
        let priority = self.settings.priority;
        self.ask_voters(&Body::RequestVote {
            last,
            priority,
            transfer,
        });
        self.count_answer(self.id, true, observer);
    }

    /// The write that holds the present term and vote. It may be the write of this step.
    fn hard_state_write(&self) -> WriteId {
        if self.pending.hard_state {
            self.durability.next_write()
        } else {
            self.durability.hard_state_write()
        }
    }

    fn ask_voters(&mut self, question: &Body) {
        for member in self.configuration().members() {
            let votes = self.configuration().is_voter(member);
            if member != self.id && self.rules.member_votes(votes) {
                self.send(member, question.clone());
            }
        }
    }

    /// Counts an answer and acts on the result.
    fn count_answer<O: Observer>(&mut self, voter: NodeId, granted: bool, observer: &mut O) {
        let role = self.role.kind();
        let now = self.configuration();
        if !now.is_member(voter) || !self.rules.member_votes(now.is_voter(voter)) {
            return;
        }
        let ballots = match &mut self.role {
            Role::PreCandidate(ballots) => ballots,
            Role::Candidate(candidate) => &mut candidate.ballots,
            Role::Follower(_) | Role::Leader(_) => return,
        };
        ballots.count(voter, granted);
        observer.event(Event::VoteCounted {
            voter,
            granted,
            role,
        });
        match (self.tally(), role) {
            (Tally::Open, _) => {}
            (Tally::Won, RoleKind::PreCandidate) => {
                self.campaign(RuleId::Majority, false, observer)
            }
            (Tally::Won, _) => self.become_leader(observer),
            (Tally::Lost, _) => {
                // It waits for its timeout as a follower, and its vote stays with itself.
                self.become_follower(self.current_term, None, RuleId::Majority, observer);
            }
        }
    }

    /// The state of this server's own election.
    fn tally(&self) -> Tally {
        let ballots = match &self.role {
            Role::PreCandidate(ballots) => ballots,
            Role::Candidate(candidate) => &candidate.ballots,
            Role::Follower(_) | Role::Leader(_) => panic!("nobody is asked"),
        };
        let now = self.in_force();
        let besides = ballots.granted_by(|id| !now.is_voter(id));
        quorum::tally(&self.rules, now, besides, |id| ballots.answer_of(id))
    }

    fn become_leader<O: Observer>(&mut self, observer: &mut O) {
        assert!(
            matches!(self.role, Role::Candidate(_)),
            "only a candidate becomes leader"
        );
        assert!(
            self.voted_for == Some(self.id),
            "a leader has voted for itself"
        );
        self.lose_forwarded(observer);
        let was = self.role.kind();
        let mut peers: SmallVec<[Progress; 4]> = SmallVec::new();
        for member in self.configuration().members() {
            if member != self.id {
                peers.push(Progress::new(member, &self.log, self.now));
            }
        }
        assert!(
            peers.windows(2).all(|pair| pair[0].id < pair[1].id),
            "every other member has one place, in order"
        );
        let next_heartbeat = self.now.after(self.settings.heartbeat);
        let leader = Leader {
            peers,
            next_heartbeat,
            uncommitted: Uncommitted::default(),
            reads: Reads::default(),
            transfer: None,
            lease_given_up: false,
            quiet: Quiet::default(),
            change: None,
            seq_floor: 0,
        };
        self.role = Role::Leader(Box::new(leader));
        self.election_deadline = None;
        let (role, rule, term) = (RoleKind::Leader, RuleId::Majority, self.current_term);
        observer.event(Event::Became {
            role,
            was,
            term,
            rule,
        });
        self.open_term(observer);
    }

    // ---- answering --------------------------------------------------------------------------

    /// The reason for refusing a candidate in `term` with this log, if there is one (§5.2, §5.4.1).
    fn refusal(&self, candidate: NodeId, claim: &Claim) -> Option<VoteRefusal> {
        if !self.may_vote {
            return Some(VoteRefusal::MayNotVote);
        }
        if !self.rules.vote_is_free(self.voted_for, candidate)
            && let Some(voted_for) = self.voted_for
        {
            return Some(VoteRefusal::AlreadyVoted { voted_for });
        }
        self.log_refusal(claim.last)
            .or_else(|| self.priority_refusal(claim))
    }

    fn log_refusal(&self, theirs: EntryId) -> Option<VoteRefusal> {
        let own = self.log.last();
        let behind = !self.rules.log_is_up_to_date(theirs, own);
        behind.then_some(VoteRefusal::LogBehind { theirs, own })
    }

    /// Whether the voter heard from a leader too recently to vote (§6, dissertation §4.2.3), if
    /// stickiness is on.
    pub(crate) fn freshness(&self) -> Option<VoteRefusal> {
        self.fresh_leader().filter(|_| self.settings.stickiness)
    }

    /// Whether the server heard from a leader within the shortest election timeout. A leader counts
    /// itself as heard while a quorum follows it, or while a quorum has had no time to answer since
    /// it woke.
    fn fresh_leader(&self) -> Option<VoteRefusal> {
        let heard_at = match &self.role {
            Role::Leader(_) => self.quorum_contact().max(self.awake_since()),
            _ => self.heard_at,
        };
        let needed = self.settings.election_timeout_min;
        let fresh = self.rules.leader_is_fresh(self.now, heard_at, needed);
        fresh.then(|| VoteRefusal::LeaderIsFresh {
            heard: self.now.since(heard_at),
            needed,
        })
    }

    /// Whether this candidate disturbs a fresh leader. In that case it gets neither a vote nor an
    /// answer, and the server does not adopt its term. A candidate that the leader told to campaign
    /// is exempt.
    pub(crate) fn disturbs<O: Observer>(
        &mut self,
        candidate: NodeId,
        transfer: bool,
        observer: &mut O,
    ) -> bool {
        if transfer && self.rules.transfer_overrides_stickiness() {
            return false;
        }
        match self.freshness() {
            Some(why) => {
                observer.event(Event::VoteRefused { candidate, why });
                true
            }
            None => false,
        }
    }

    /// Answers a pre-vote: would the sender get the vote in the term after its own? This changes no
    /// state (dissertation §9.6).
    pub(crate) fn handle_pre_vote<O: Observer>(
        &mut self,
        from: NodeId,
        asked_in: Term,
        claim: &Claim,
        observer: &mut O,
    ) {
        let last = claim.last;
        let refusal = if asked_in < self.current_term {
            Some(VoteRefusal::StaleTerm { theirs: asked_in })
        } else if !self.may_vote {
            Some(VoteRefusal::MayNotVote)
        } else {
            // This does not depend on stickiness: no pre-candidate wins while a leader is heard
            // (dissertation §9.6).
            self.fresh_leader()
                .or_else(|| self.log_refusal(last))
                .or_else(|| self.priority_refusal(claim))
        };
        match refusal {
            Some(why) => observer.event(Event::PreVoteRefused {
                candidate: from,
                why,
            }),
            None => observer.event(Event::PreVoteGranted {
                candidate: from,
                theirs: last,
                own: self.log.last(),
            }),
        }
        let stale = asked_in < self.current_term;
        if !stale || self.rules.stale_request_is_answered() {
            self.send(
                from,
                Body::PreVoteReply {
                    asked_in,
                    granted: refusal.is_none(),
                },
            );
        }
    }

    pub(crate) fn handle_pre_vote_reply<O: Observer>(
        &mut self,
        from: NodeId,
        asked_in: Term,
        granted: bool,
        observer: &mut O,
    ) {
        let counts = match &self.role {
            Role::PreCandidate(_) => asked_in == self.current_term,
            Role::Candidate(candidate) => {
                candidate.asked && granted && self.rules.pre_vote_is_a_vote()
            }
            Role::Follower(_) | Role::Leader(_) => false,
        };
        if counts {
            self.count_answer(from, granted, observer);
        }
    }

    /// Handles RequestVote of the current term (Figure 2).
    pub(crate) fn handle_request_vote<O: Observer>(
        &mut self,
        from: NodeId,
        claim: &Claim,
        observer: &mut O,
    ) {
        let last = claim.last;
        if let Some(why) = self.refusal(from, claim) {
            observer.event(Event::VoteRefused {
                candidate: from,
                why,
            });
            if let Some(deadline) = self.election_deadline {
                let latest = self.now.after(self.settings.election_timeout_max);
                let next = self.rules.deadline_after_refusal(deadline, latest);
                self.election_deadline = Some(next);
            }
            self.send(from, Body::RequestVoteReply { granted: false });
            return;
        }
        if !matches!(self.role, Role::Follower(_)) {
            let rule = RuleId::VoteOnce;
            self.become_follower(self.current_term, None, rule, observer);
        }
        if self.voted_for != Some(from) {
            self.voted_for = Some(from);
            self.pending.hard_state = true;
        }
        self.election_deadline = Some(self.fresh_election_deadline());
        self.vote_owed = Some(from);
        assert!(from != self.id, "nobody asks itself");
        assert!(
            matches!(self.role, Role::Follower(_)),
            "who gives its vote away follows"
        );
        let durable = self.hard_state_write();
        observer.event(Event::VoteGranted {
            candidate: from,
            term: self.current_term,
            durable,
            theirs: last,
            own: self.log.last(),
        });
        self.release_vote();
    }

    /// Sends a granted vote once it is durable.
    pub(crate) fn release_vote(&mut self) {
        let Some(candidate) = self.vote_owed else {
            return;
        };
        let vote = self.hard_state_write();
        if self
            .rules
            .vote_may_leave(vote, self.durability.durable_write())
        {
            self.vote_owed = None;
            self.send(candidate, Body::RequestVoteReply { granted: true });
        }
    }

    pub(crate) fn handle_request_vote_reply<O: Observer>(
        &mut self,
        from: NodeId,
        granted: bool,
        observer: &mut O,
    ) {
        if matches!(&self.role, Role::Candidate(candidate) if candidate.asked) {
            self.count_answer(from, granted, observer);
        }
    }
}
