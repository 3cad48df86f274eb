//! Claims about terms (§5.1) and about the votes and timeouts that depend on them (§5.2).

use crate::common::{Cluster, MS, n, plain};
use raft_core::{
    AppendEntries, AppendEntriesReply, Body, EntryId, Event, Index, Input, Instant, Outcome,
    RoleKind, Rules, Settings, Standard, Term,
};

fn ask(last: (u64, u64)) -> Body {
    let last = EntryId {
        index: Index(last.0),
        term: Term(last.1),
    };
    Body::RequestVote {
        last,
        priority: raft_core::Priority(0),
        transfer: false,
    }
}

const GRANT: Body = Body::RequestVoteReply { granted: true };
const REFUSAL: Body = Body::RequestVoteReply { granted: false };

#[test]
fn a_higher_term_in_any_message_makes_a_follower() {
    for role in [RoleKind::Candidate, RoleKind::Leader] {
        let mut cluster = Cluster::new(3, plain());
        cluster.timeout(1);
        if role == RoleKind::Leader {
            cluster.deliver_all();
        }
        assert_eq!(cluster.node(1).role(), role);
        cluster.receive(2, 1, 9, REFUSAL);
        assert_eq!(cluster.node(1).role(), RoleKind::Follower);
        assert_eq!(cluster.node(1).current_term(), Term(9));
        assert_eq!(
            cluster.node(1).voted_for(),
            None,
            "a new term frees the vote"
        );
    }
}

#[test]
fn a_deposed_leader_learns_of_it_from_the_refusal_of_its_own_message() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    cluster.elect(2, &[3]);
    cluster.timeout(1);
    cluster.deliver(|e| e.from == n(1));
    cluster.deliver(|e| e.to == n(1) && e.from == n(3));
    assert_eq!(cluster.node(1).role(), RoleKind::Follower);
    assert_eq!(cluster.node(1).current_term(), Term(2));
}

#[test]
fn a_request_of_an_older_term_gets_an_answer_that_echoes_nothing() {
    let mut cluster = Cluster::new(3, plain()).with_logs(5, &[&[1], &[1], &[1]]);
    let append = AppendEntries {
        prev: EntryId::default(),
        last: Index(0),
        entries_term: Term(4),
        bytes: 0,
        configuration: None,
        commit: Index(0),
        seq: 7,
        sent_at: Instant(3),
    };
    cluster.receive(2, 1, 4, Body::AppendEntries(append));
    let answer = cluster.wire.pop_back().unwrap().message;
    assert_eq!(answer.term, Term(5));
    assert!(matches!(
        answer.body,
        Body::AppendEntriesReply(reply)
            if reply.seq == 0 && matches!(reply.outcome, Outcome::Rejected { .. })
    ));
}

#[test]
fn a_refusal_of_an_older_terms_message_sends_no_leader_back() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    cluster.propose(1);
    let late = cluster.wire.pop_front().unwrap();
    cluster.lead(1, &[2, 3]);
    cluster.lead(1, &[2, 3]);
    assert_eq!(
        cluster.node(1).current_term(),
        Term(1),
        "it leads all along"
    );
    cluster.crash(1);
    cluster.start(1);
    cluster.lead(1, &[2, 3]);
    let before = cluster.status();
    assert_eq!(cluster.node(1).current_term(), Term(2));
    cluster.wire.push_back(late);
    cluster.deliver_all();
    assert_eq!(
        cluster.status(),
        before,
        "the answer is of term 2, the question of term 1"
    );
}

#[test]
fn a_vote_of_an_older_term_counts_for_nothing() {
    let mut cluster = Cluster::new(5, plain());
    cluster.timeout(1);
    cluster.timeout(1);
    assert_eq!(cluster.node(1).current_term(), Term(2));
    cluster.receive(2, 1, 1, GRANT);
    cluster.receive(3, 1, 1, GRANT);
    assert_eq!(cluster.node(1).role(), RoleKind::Candidate);
    cluster.receive(2, 1, 2, GRANT);
    cluster.receive(2, 1, 2, GRANT);
    assert_eq!(
        cluster.node(1).role(),
        RoleKind::Candidate,
        "one server has one vote"
    );
    cluster.receive(3, 1, 2, GRANT);
    assert_eq!(cluster.node(1).role(), RoleKind::Leader);
}

#[test]
fn a_vote_from_outside_the_configuration_counts_for_nothing() {
    let mut cluster = Cluster::new(3, plain());
    cluster.timeout(1);
    cluster.receive(8, 1, 1, GRANT);
    cluster.receive(9, 1, 1, GRANT);
    assert_eq!(cluster.node(1).role(), RoleKind::Candidate);
    assert!(!cluster.saw(
        1,
        |event| matches!(event, Event::VoteCounted { voter, .. } if voter.0 > 3)
    ));
}

#[test]
fn a_grant_counts_though_a_late_refusal_of_an_older_question_came_first() {
    let mut cluster = Cluster::new(3, plain());
    cluster.timeout(1);
    cluster.receive(2, 1, 1, REFUSAL);
    cluster.receive(2, 1, 1, GRANT);
    assert_eq!(cluster.node(1).role(), RoleKind::Leader);
}

#[test]
fn a_late_vote_reaches_a_leader_and_changes_nothing() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    let before = cluster.node(1).clone();
    cluster.receive(3, 1, 1, GRANT);
    assert_eq!(cluster.node(1), &before);
}

#[test]
fn four_servers_split_in_two_elect_nobody() {
    let mut cluster = Cluster::new(4, plain());
    cluster.timeout(1);
    cluster.deliver_among(&[1, 2]);
    assert_eq!(
        cluster.node(1).role(),
        RoleKind::Candidate,
        "two of four are no majority"
    );
}

#[test]
fn a_refused_vote_postpones_no_election_whatever_its_term() {
    let mut cluster = Cluster::new(3, plain()).with_logs(2, &[&[1, 2], &[1], &[1]]);
    let before = cluster.node(1).deadline();
    cluster.advance(10);
    cluster.receive(2, 1, 2, ask((1, 1)));
    assert_eq!(cluster.node(1).deadline(), before, "in the same term");
    cluster.receive(2, 1, 8, ask((1, 1)));
    assert_eq!(cluster.node(1).current_term(), Term(8));
    assert_eq!(cluster.node(1).deadline(), before, "in a higher term");
    cluster.advance(300);
    cluster.receive(3, 1, 8, ask((2, 2)));
    assert!(cluster.node(1).deadline() > before, "a granted vote does");
}

#[test]
fn timeouts_are_drawn_anew_between_their_bounds() {
    let mut cluster = Cluster::new(3, plain());
    let mut seen = Vec::new();
    for _ in 0..200 {
        cluster.timeout(1);
        let left = cluster.node(1).deadline().unwrap().0 - cluster.now;
        assert!((150 * MS..=300 * MS).contains(&left));
        seen.push(left);
    }
    assert!(seen.iter().any(|left| *left < 165 * MS) && seen.iter().any(|left| *left > 285 * MS));
    seen.sort_unstable();
    seen.dedup();
    assert!(seen.len() > 190, "only {} different timeouts", seen.len());
}

#[test]
fn servers_do_not_time_out_together() {
    let cluster = Cluster::new(5, plain());
    let mut deadlines: Vec<_> = cluster
        .nodes
        .values()
        .map(raft_core::Raft::deadline)
        .collect();
    deadlines.sort_unstable();
    deadlines.dedup();
    assert_eq!(deadlines.len(), 5);
}

#[test]
fn a_deadline_acts_only_on_its_own_input() {
    let mut cluster = Cluster::new(3, plain());
    cluster.advance(10_000);
    cluster.receive(
        2,
        1,
        0,
        Body::PreVote {
            last: EntryId::default(),
            priority: raft_core::Priority(0),
        },
    );
    assert_eq!(cluster.node(1).role(), RoleKind::Follower);
    cluster.step(1, Input::Wake);
    assert_eq!(cluster.node(1).role(), RoleKind::Candidate);
}

#[test]
fn a_clock_that_goes_back_counts_as_standing_still() {
    let mut cluster = Cluster::new(3, Settings::default());
    cluster.advance(10_000);
    cluster.step(1, Input::Wake);
    let late = cluster.node(1).deadline().unwrap();
    cluster.now = 0;
    cluster.step(1, Input::Wake);
    assert_eq!(
        cluster.node(1).deadline(),
        Some(late),
        "nothing is due twice"
    );
}

/// Clears the vote when it steps down, even in the same term (gallery E-01).
#[derive(Clone)]
struct ForgetfulStepDown;

impl Rules for ForgetfulStepDown {
    fn vote_after_step_down(
        &self,
        _voted_for: Option<raft_core::NodeId>,
        _current: Term,
        _next: Term,
    ) -> Option<raft_core::NodeId> {
        None
    }
}

/// Server 2 campaigns, loses to server 1, and then gets a request of server 3, all in term 1.
fn votes_of_two(rules: impl Rules + 'static) -> bool {
    let mut cluster = Cluster::with_rules(rules, 3, plain());
    cluster.timeout(2);
    cluster.drop_all();
    cluster.receive(1, 2, 1, REFUSAL);
    cluster.receive(3, 2, 1, REFUSAL);
    assert_eq!(cluster.node(2).role(), RoleKind::Follower);
    cluster.receive(3, 2, 1, ask((0, 0)));
    cluster.wire.iter().any(|e| e.message.body == GRANT)
}

#[test]
fn a_server_that_forgot_its_vote_when_it_lost_would_vote_twice() {
    assert!(!votes_of_two(Standard));
    assert!(votes_of_two(ForgetfulStepDown));
}

#[test]
fn an_answer_that_echoes_nothing_moves_nothing() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    cluster.propose(1);
    cluster.propose(1);
    let before = cluster.node(1).progress().to_vec();
    let outcome = Outcome::Rejected {
        prev_index: Index(2),
        hint: EntryId::default(),
    };
    let (seq, sent_at) = (0, Instant(0));
    let reply = AppendEntriesReply {
        seq,
        sent_at,
        outcome,
    };
    cluster.receive(2, 1, 1, Body::AppendEntriesReply(reply));
    assert_eq!(cluster.node(1).progress(), before);
}
