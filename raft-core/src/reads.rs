//! Reads that need no entry of the log (§8, dissertation §6.4).
//!
//! *ReadIndex*: a leader notes its commit index, hears from a quorum once more, and may then answer
//! from any state that holds that index. One round of messages serves every read that waited at its
//! start, and no other. *Lease*: while the promises of a quorum not to vote last, no other server
//! leads, and the leader can skip the round. A *follower* asks its leader for the index and answers
//! itself.

use alloc::vec::Vec;

use crate::effect::Effect;
use crate::event::{Event, Observer};
use crate::message::Body;
use crate::quorum::{self, Tally};
use crate::raft::Raft;
use crate::request::{LeaseRefusal, ReadFailure, ReadMode};
use crate::role::{ForwardedReads, PendingRead, Reads, Role};
use crate::rules::Rules;
use crate::types::{Index, Instant, LIMIT, NodeId, ReadToken, Span};

impl<R: Rules + ?Sized> Raft<R> {
    /// Begins a read for the driver.
    pub(crate) fn read<O: Observer>(&mut self, token: ReadToken, mode: ReadMode, observer: &mut O) {
        let read = PendingRead { token, asker: None };
        match (&self.role, mode) {
            (Role::Leader(_), ReadMode::Lease) => match self.clock_error() {
                Ok(_) if self.read_by_lease(read, observer) => {}
                Ok(_) => self.wait_for_quorum(read, observer),
                Err(why) => self.fail(read, ReadFailure::NoLease(why), observer),
            },
            (Role::Leader(_), _) => self.wait_for_quorum(read, observer),
            (Role::Follower(follower), ReadMode::Follower)
                if follower.leader.is_some() && !self.is_witness() =>
            {
                self.forward(token, observer);
            }
            _ => {
                let leader = self.leader();
                self.fail(read, ReadFailure::NotLeader { leader }, observer);
            }
        }
    }

    // ---- the leader -------------------------------------------------------------------------

    fn wait_for_quorum<O: Observer>(&mut self, read: PendingRead, observer: &mut O) {
        let most = self.settings.reads_waiting;
        let Role::Leader(leader) = &mut self.role else {
            panic!("only a leader asks a quorum, not a {}", self.role.kind())
        };
        // A follower repeats a question that got no answer. A driver may use its tokens as it
        // likes.
        if read.asker.is_some() && leader.reads.holds(read) {
            return;
        }
        if leader.reads.len() >= most {
            self.fail(read, ReadFailure::TooMany, observer);
            return;
        }
        leader.reads.waiting.push(read);
        self.begin_round(observer);
    }

    /// Begins a round for every waiting read, unless a round is under way. The answers must be to
    /// messages that left after the read arrived.
    pub(crate) fn begin_round<O: Observer>(&mut self, observer: &mut O) {
        let commit = self.commit_index;
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        let reads = &mut leader.reads;
        if !reads.asked.is_empty() || reads.waiting.is_empty() {
            return;
        }
        let (entry, current) = (self.log.term_at(commit), self.current_term);
        if !self.rules.read_may_begin(entry, current) {
            observer.event(Event::ReadsHeld { commit });
            return;
        }
        core::mem::swap(&mut reads.waiting, &mut reads.asked);
        reads.index = commit;
        observer.event(Event::ReadRoundBegan {
            index: commit,
            reads: reads.asked.len() as u64,
        });
        for peer in &mut leader.peers {
            peer.round_from = peer.sent_seq + 1;
        }
        if self.quorum_answered_round() {
            self.end_round(observer);
        } else {
            self.send_to_all(true, observer);
        }
    }

    /// Ends the round if a follower's answer completes the quorum.
    pub(crate) fn settle_round<O: Observer>(&mut self, observer: &mut O) {
        let Role::Leader(leader) = &self.role else {
            return;
        };
        if !leader.reads.asked.is_empty() && self.quorum_answered_round() {
            self.end_round(observer);
        }
    }

    /// Whether a quorum followed this leader after the round began: it answered a message sent
    /// since.
    fn quorum_answered_round(&self) -> bool {
        let Role::Leader(leader) = &self.role else {
            return false;
        };
        if !self.rules.read_needs_quorum() {
            return true;
        }
        let tally = quorum::tally(&self.rules, self.in_force(), 0, |id| {
            let answered = leader
                .peers
                .iter()
                .any(|peer| peer.id == id && peer.received_seq >= peer.round_from);
            (id == self.id || answered).then_some(true)
        });
        tally == Tally::Won
    }

    fn end_round<O: Observer>(&mut self, observer: &mut O) {
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        let index = leader.reads.index;
        let done = core::mem::take(&mut leader.reads.asked);
        assert!(!done.is_empty(), "a round is for somebody");
        assert!(
            index <= self.commit_index,
            "a read waits for what is committed"
        );
        observer.event(Event::ReadRoundEnded {
            index,
            reads: done.len() as u64,
        });
        for read in done {
            self.answer(read, index);
        }
        self.begin_round(observer);
    }

    /// Answers at once, if no other server can lead yet.
    fn read_by_lease<O: Observer>(&mut self, read: PendingRead, observer: &mut O) -> bool {
        let (commit, current) = (self.commit_index, self.current_term);
        let begun = self.rules.read_may_begin(self.log.term_at(commit), current);
        let Some(until) = self.lease_until().filter(|_| begun) else {
            return false;
        };
        if self.now >= until {
            observer.event(Event::LeaseOver { until });
            return false;
        }
        observer.event(Event::ReadByLease {
            index: commit,
            until,
        });
        self.answer(read, commit);
        true
    }

    /// The end of the time in which no other server can be leader, if clocks stay within their
    /// error (dissertation §6.4.1); `None` where there is no lease.
    #[must_use]
    pub fn lease_until(&self) -> Option<Instant> {
        let Role::Leader(leader) = &self.role else {
            return None;
        };
        let clock_error = self.clock_error().ok()?;
        // The leader counts a new peer as heard from. Only when the configuration is committed has
        // a quorum of it really answered.
        let settled = self.log.configured_at() <= self.commit_index;
        if leader.lease_given_up || !settled || self.is_asleep() {
            return None;
        }
        let timeout = self.settings.election_timeout_min;
        let contact = self.quorum_contact();
        Some(self.rules.lease_end(contact, timeout, clock_error))
    }

    fn clock_error(&self) -> Result<Span, LeaseRefusal> {
        let Self {
            rules, settings, ..
        } = self;
        rules.lease_clock_error(settings.stickiness, settings.clock_error)
    }

    /// Handles a follower's question for an index.
    pub(crate) fn handle_read_index<O: Observer>(
        &mut self,
        from: NodeId,
        number: u64,
        observer: &mut O,
    ) {
        assert!(from != self.id, "nobody asks itself by message");
        let read = PendingRead {
            token: ReadToken(number),
            asker: Some(from),
        };
        match &self.role {
            Role::Leader(_) => self.wait_for_quorum(read, observer),
            _ => {
                let leader = self.leader();
                self.fail(read, ReadFailure::NotLeader { leader }, observer);
            }
        }
    }

    // ---- the follower -----------------------------------------------------------------------

    fn forward<O: Observer>(&mut self, token: ReadToken, observer: &mut O) {
        let most = self.settings.reads_waiting;
        let Role::Follower(follower) = &mut self.role else {
            panic!("only a follower asks its leader")
        };
        let reads = &mut follower.reads;
        if (reads.waiting.len() + reads.asked.len()) as u64 >= most {
            let read = PendingRead { token, asker: None };
            self.fail(read, ReadFailure::TooMany, observer);
            return;
        }
        reads.waiting.push(token);
        self.ask_leader(observer);
    }

    /// Asks for all waiting reads, unless a question is under way. An answer only serves reads that
    /// arrived before its question left.
    fn ask_leader<O: Observer>(&mut self, observer: &mut O) {
        let Role::Follower(follower) = &mut self.role else {
            return;
        };
        let reads = &mut follower.reads;
        let Some(leader) = follower.leader else {
            return;
        };
        if !reads.asked.is_empty() || reads.waiting.is_empty() {
            return;
        }
        core::mem::swap(&mut reads.waiting, &mut reads.asked);
        // The number is random, not counted: a late answer to a question from before a restart must
        // match no present question.
        reads.number = self.random.draw() % LIMIT;
        reads.asked_at = self.now;
        let number = reads.number;
        observer.event(Event::ReadsForwarded {
            leader,
            reads: reads.asked.len() as u64,
        });
        self.send(leader, Body::ReadIndex { number });
    }

    /// Repeats an open question after a message of the leader: the question or its answer may be
    /// lost.
    pub(crate) fn ask_leader_again(&mut self) {
        let heartbeat = self.settings.heartbeat;
        let Role::Follower(follower) = &mut self.role else {
            return;
        };
        let reads = &mut follower.reads;
        if reads.asked.is_empty() || self.now.since(reads.asked_at) < heartbeat {
            return;
        }
        reads.asked_at = self.now;
        let number = reads.number;
        if let Some(leader) = follower.leader {
            self.send(leader, Body::ReadIndex { number });
        }
    }

    /// Handles the leader's answer.
    pub(crate) fn handle_read_index_reply<O: Observer>(
        &mut self,
        from: NodeId,
        number: u64,
        index: Option<Index>,
        observer: &mut O,
    ) {
        let Role::Follower(follower) = &mut self.role else {
            return;
        };
        let reads = &mut follower.reads;
        if follower.leader != Some(from) || reads.asked.is_empty() || reads.number != number {
            return;
        }
        for token in core::mem::take(&mut reads.asked) {
            let read = PendingRead { token, asker: None };
            match index {
                Some(index) => self.answer(read, index),
                None => self.fail(read, ReadFailure::Refused, observer),
            }
        }
        self.ask_leader(observer);
    }

    // ---- both -------------------------------------------------------------------------------

    fn answer(&mut self, read: PendingRead, index: Index) {
        let token = read.token;
        match read.asker {
            None => self.effects.push_back(Effect::ReadReady { token, index }),
            Some(asker) => {
                let (number, index) = (token.0, Some(index));
                self.send(asker, Body::ReadIndexReply { number, index });
            }
        }
    }

    fn fail<O: Observer>(&mut self, read: PendingRead, why: ReadFailure, observer: &mut O) {
        let token = read.token;
        observer.event(Event::ReadFailed { why });
        match read.asker {
            None => self.effects.push_back(Effect::ReadFailed { token, why }),
            Some(asker) => {
                let (number, index) = (token.0, None);
                self.send(asker, Body::ReadIndexReply { number, index });
            }
        }
    }

    /// Fails all waiting reads because the role ends, and tells their clients.
    pub(crate) fn fail_reads<O: Observer>(&mut self, observer: &mut O) {
        let driver = |token| PendingRead { token, asker: None };
        let pending: Vec<PendingRead> = match &mut self.role {
            Role::Leader(leader) if leader.reads.len() > 0 => {
                let Reads { waiting, asked, .. } = core::mem::take(&mut leader.reads);
                asked.into_iter().chain(waiting).collect()
            }
            Role::Follower(follower) => {
                let ForwardedReads { waiting, asked, .. } = core::mem::take(&mut follower.reads);
                asked.into_iter().chain(waiting).map(driver).collect()
            }
            _ => return,
        };
        if !self.rules.waiting_reads_are_failed() {
            return;
        }
        for read in pending {
            self.fail(read, ReadFailure::RoleChanged, observer);
        }
    }

    /// The number of reads that wait here for an index.
    #[must_use]
    pub fn reads_waiting(&self) -> u64 {
        match &self.role {
            Role::Leader(leader) => leader.reads.len(),
            Role::Follower(follower) => {
                (follower.reads.waiting.len() + follower.reads.asked.len()) as u64
            }
            Role::PreCandidate(_) | Role::Candidate(_) => 0,
        }
    }
}
