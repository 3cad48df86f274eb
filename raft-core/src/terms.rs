//! Terms (§5.1): a higher term makes any server a follower, and a message of an older term does not
//! count. A request of an older term still gets an answer, so that its sender learns of the newer
//! one.

use crate::cards::RuleId;
use crate::event::{Event, Observer, RoleKind, VoteRefusal};
use crate::message::{AppendEntriesReply, Body, Message, Outcome};
use crate::raft::Raft;
use crate::request::ChangeFailure;
use crate::role::{Follower, Role};
use crate::rules::Rules;
use crate::types::{EntryId, Instant, NodeId, Term};

impl<R: Rules + ?Sized> Raft<R> {
    /// A message of a higher term makes any server a follower in that term (§5.1).
    pub(crate) fn follow_higher_term<O: Observer>(&mut self, theirs: Term, observer: &mut O) {
        if theirs > self.current_term {
            self.become_follower(theirs, None, RuleId::HigherTerm, observer);
        }
    }

    /// Becomes a follower, in this term or a higher one (§5.1).
    pub(crate) fn become_follower<O: Observer>(
        &mut self,
        term: Term,
        leader: Option<NodeId>,
        rule: RuleId,
        observer: &mut O,
    ) {
        assert!(term >= self.current_term, "terms never fall");
        assert!(leader != Some(self.id), "nobody follows itself");
        self.fail_change(ChangeFailure::LeadershipLost, observer);
        self.fail_reads(observer);
        self.lose_forwarded(observer);
        let was = self.role.kind();
        if was == RoleKind::Leader && rule == RuleId::HigherTerm {
            self.leaderless_since = self.now;
        }
        let voted_for = self
            .rules
            .vote_after_step_down(self.voted_for, self.current_term, term);
        if term > self.current_term || voted_for != self.voted_for {
            self.pending.hard_state = true;
            self.vote_owed = None;
        }
        self.current_term = term;
        self.voted_for = voted_for;
        self.role = Role::Follower(Follower {
            leader,
            ..Follower::default()
        });
        // A higher term alone does not postpone an election (§5.2): a candidate that can never win
        // must not keep the others from campaigning.
        if self.election_deadline.is_none() {
            self.election_deadline = Some(self.fresh_election_deadline());
        }
        observer.event(Event::Became {
            role: RoleKind::Follower,
            was,
            term,
            rule,
        });
        if let Some(leader) = leader {
            observer.event(Event::Follows { leader, term });
        }
    }

    /// Answers a request of an older term. Drops a reply of an older term (§5.1) unless a rule
    /// counts it.
    pub(crate) fn counts_though_stale<O: Observer>(
        &mut self,
        from: NodeId,
        message: &Message,
        observer: &mut O,
    ) -> bool {
        assert!(
            message.term < self.current_term,
            "only older terms are stale"
        );
        let counts = match &message.body {
            // Answers to pre-votes name the term of the request, and the voter's own term may be
            // lower. Answers about proposals were handled already.
            Body::PreVoteReply { .. } | Body::ProposeReply { .. } => true,
            Body::RequestVoteReply { .. } => self
                .rules
                .vote_reply_counts(message.term, self.current_term),
            Body::AppendEntriesReply(_)
            | Body::InstallSnapshotReply { .. }
            | Body::SleepReply { .. } => self
                .rules
                .append_reply_counts(message.term, self.current_term),
            Body::PreVote { .. }
            | Body::RequestVote { .. }
            | Body::AppendEntries(_)
            | Body::InstallSnapshot(_)
            | Body::TimeoutNow
            | Body::Sleep { .. }
            | Body::WakeUp
            | Body::ReadIndex { .. }
            | Body::Propose { .. }
            | Body::ReadIndexReply { .. } => false,
        };
        if !counts {
            observer.event(Event::StaleDropped {
                from,
                theirs: message.term,
                what: message.body.kind(),
            });
            self.answer_stale(from, message, observer);
        }
        counts
    }

    /// Answers a request of an older term: its sender must learn of the newer one (§5.1).
    fn answer_stale<O: Observer>(&mut self, from: NodeId, message: &Message, observer: &mut O) {
        if !self.rules.stale_request_is_answered() {
            return;
        }
        match &message.body {
            Body::RequestVote { .. } => {
                let why = VoteRefusal::StaleTerm {
                    theirs: message.term,
                };
                observer.event(Event::VoteRefused {
                    candidate: from,
                    why,
                });
                self.send(from, Body::RequestVoteReply { granted: false });
            }
            Body::InstallSnapshot(install) => {
                let (last, received) = (install.snapshot.last, 0);
                let reply = Body::InstallSnapshotReply {
                    last,
                    received,
                    seq: 0,
                    sent_at: Instant(0),
                };
                self.send(from, reply);
            }
            Body::AppendEntries(append) => {
                let hint = EntryId::default();
                let outcome = Outcome::Rejected {
                    prev_index: append.prev.index,
                    hint,
                };
                // It echoes nothing: the sender may lead the newer term by now, and must not
                // mistake this for an answer to a message that it sent there.
                let reply = AppendEntriesReply {
                    seq: 0,
                    sent_at: Instant(0),
                    outcome,
                };
                self.send(from, Body::AppendEntriesReply(reply));
            }
            Body::Sleep { .. } => {
                let reply = Body::SleepReply {
                    agreed: false,
                    seq: 0,
                    sent_at: Instant(0),
                };
                self.send(from, reply);
            }
            _ => {}
        }
    }
}
