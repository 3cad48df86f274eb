//! §5.2: the election of a leader.

use raft_core::{Body, Input, Instant, NodeId, RoleKind, Settings, Standard, Term};

use super::{GRANT, REFUSAL, ask, granted, plays};
use crate::common::card::{append, vote};
use crate::common::{Cluster, MS, n, plain};

#[test]
fn a_server_starts_as_a_follower() {
    let cluster = Cluster::new(3, Settings::default()).with_logs(4, &[&[], &[1, 4], &[2]]);
    for server in cluster.nodes.values() {
        assert_eq!((server.role(), server.leader()), (RoleKind::Follower, None));
    }
}

#[test]
fn a_follower_that_hears_its_leader_in_time_never_campaigns() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    for _ in 0..100 {
        cluster.advance(149);
        cluster.timeout(1);
        cluster.deliver_all();
        for id in [2, 3] {
            cluster.step(id, Input::Wake);
            assert_eq!(cluster.node(id).role(), RoleKind::Follower);
        }
    }
    assert_eq!(cluster.node(1).current_term(), Term(1));
}

#[test]
fn a_follower_campaigns_when_its_timeout_has_passed_and_no_earlier() {
    let mut cluster = Cluster::new(3, plain());
    let deadline = cluster.node(2).deadline().unwrap();
    cluster.now = deadline.0 - 1;
    assert_eq!(cluster.step(2, Input::Wake), []);
    assert_eq!(cluster.node(2).role(), RoleKind::Follower);
    cluster.now = deadline.0;
    cluster.step(2, Input::Wake);
    assert_eq!(cluster.node(2).role(), RoleKind::Candidate);
}

#[test]
fn a_candidate_raises_its_term_by_one_votes_for_itself_and_asks_all_others_at_once() {
    let logs: [&[u64]; 5] = [&[1], &[1, 2], &[1], &[1], &[1]];
    let mut cluster = Cluster::new(5, plain()).with_logs(4, &logs);
    cluster.timeout(2);
    let candidate = cluster.node(2);
    assert_eq!(candidate.role(), RoleKind::Candidate);
    assert_eq!(candidate.current_term(), Term(5));
    assert_eq!(candidate.voted_for(), Some(n(2)));
    let asks = [1, 3, 4, 5].map(|to| format!("n2→n{to} t5 RequestVote last #2t2\n"));
    assert_eq!(cluster.wire(), asks.concat());
}

/// The state of an election among `size` servers by the paper's own words: more than half of all
/// must grant. It is lost once too few voters without an answer are left.
fn stands(size: u64, granted: u64, refused: u64) -> RoleKind {
    if 2 * granted > size {
        RoleKind::Leader
    } else if 2 * (size - refused) <= size {
        RoleKind::Follower
    } else {
        RoleKind::Candidate
    }
}

#[test]
fn an_election_is_decided_in_one_round_by_a_majority_of_all_servers() {
    for size in 1..=7 {
        for grants in 0..size {
            for refusals in 0..size - grants {
                for grants_first in [true, false] {
                    let mut cluster = Cluster::new(size, plain());
                    cluster.timeout(1);
                    let mut answers = vec![REFUSAL; refusals as usize];
                    let place = if grants_first { 0 } else { answers.len() };
                    answers.splice(place..place, vec![GRANT; grants as usize]);
                    let (mut given, mut refused) = (1, 0);
                    let mut expected = stands(size, given, refused);
                    for (voter, answer) in (2..).zip(answers) {
                        if answer == GRANT {
                            given += 1;
                        } else {
                            refused += 1;
                        }
                        if expected == RoleKind::Candidate {
                            expected = stands(size, given, refused);
                        }
                        cluster.receive(voter, 1, 1, answer);
                    }
                    let is = cluster.node(1).role();
                    assert_eq!(is, expected, "{size}: {grants} yes, {refusals} no");
                }
            }
        }
    }
}

#[test]
fn servers_that_are_down_count_for_the_majority_too() {
    let mut cluster = Cluster::new(5, plain());
    for id in [3, 4, 5] {
        cluster.crash(id);
    }
    for _ in 0..5 {
        cluster.timeout(1);
        cluster.deliver_all();
        assert_ne!(cluster.node(1).role(), RoleKind::Leader, "two of five");
    }
    cluster.start(3);
    cluster.timeout(1);
    cluster.deliver_all();
    assert_eq!(cluster.node(1).role(), RoleKind::Leader, "three of five");
}

#[test]
fn a_vote_that_arrives_twice_counts_once() {
    let mut cluster = Cluster::new(5, plain());
    cluster.timeout(1);
    for _ in 0..4 {
        cluster.receive(2, 1, 1, GRANT);
    }
    assert_eq!(cluster.node(1).role(), RoleKind::Candidate);
    cluster.receive(3, 1, 1, GRANT);
    assert_eq!(cluster.node(1).role(), RoleKind::Leader);
}

#[test]
fn a_vote_given_in_an_older_term_elects_nobody() {
    let mut cluster = Cluster::new(3, plain());
    cluster.timeout(1);
    cluster.timeout(1);
    for voter in [2, 3] {
        cluster.receive(voter, 1, 1, GRANT);
    }
    assert_eq!(cluster.node(1).role(), RoleKind::Candidate);
}

#[test]
fn a_server_votes_for_one_candidate_a_term_first_come_first_served() {
    // The present vote, the candidate, and whether it gets the vote.
    let rows: [(Option<u64>, u64, bool); 7] = [
        (None, 1, true),
        (None, 3, true),
        (Some(1), 1, true),
        (Some(3), 3, true),
        (Some(1), 3, false),
        (Some(3), 1, false),
        (Some(2), 1, false),
    ];
    for (voted_for, candidate, gets_it) in rows {
        let mut cluster = Cluster::new(3, plain()).with_logs(2, &[&[1], &[1], &[1]]);
        let disk = cluster.disks.get_mut(&n(2)).unwrap();
        disk.hard_state.voted_for = voted_for.map(NodeId);
        cluster.start(2);
        cluster.receive(candidate, 2, 2, ask(1, 1));
        assert_eq!(granted(&cluster), Some(gets_it), "{voted_for:?}");
        let holds = if gets_it { Some(candidate) } else { voted_for };
        assert_eq!(cluster.node(2).voted_for(), holds.map(NodeId));
    }
}

#[test]
fn a_candidate_refuses_its_rivals_and_a_leader_the_latecomers_of_its_term() {
    for before in ["C t3 v2 [1]", "L t3 v2 [1 3]"] {
        let text = plays(before, [vote(1, 3, &[1, 2, 3]), vote(3, 3, &[1, 2, 3])]);
        assert!(text.starts_with("refuses S1 t3; refuses S3 t3; "), "{text}");
    }
}

#[test]
fn a_new_leader_speaks_to_everyone_at_once() {
    let mut cluster = Cluster::new(5, plain());
    cluster.timeout(1);
    cluster.drop_all();
    cluster.receive(2, 1, 1, GRANT);
    cluster.receive(3, 1, 1, GRANT);
    let told: Vec<_> = cluster.wire.iter().map(|e| e.to.0).collect();
    assert_eq!(told, [2, 3, 4, 5], "whether they voted or not");
    let append = |body: &Body| matches!(body, Body::AppendEntries(_));
    assert!(cluster.wire.iter().all(|e| append(&e.message.body)));
}

#[test]
fn an_idle_leader_sends_a_heartbeat_to_every_follower_in_every_interval() {
    let mut cluster = Cluster::new(5, plain());
    cluster.lead(1, &[2, 3, 4, 5]);
    for _ in 0..20 {
        let before = cluster.now;
        cluster.timeout(1);
        assert_eq!(cluster.now - before, plain().heartbeat.0);
        let beats =
            [2, 3, 4, 5].map(|to| format!("n1→n{to} t1 AppendEntries after #1t1 commit #1\n"));
        assert_eq!(cluster.wire(), beats.concat());
        cluster.deliver_all();
    }
}

#[test]
fn a_candidate_that_hears_from_the_leader_of_its_term_follows_it() {
    assert_eq!(
        plays("C t3 v2 [1]", [append(1, 3, (1, 1), &[], 0)]),
        "accepts #1 t3; F t3 v2 [1] commit #0",
        "it keeps the vote that it gave itself"
    );
    assert_eq!(
        plays("C t3 v2 [1]", [append(1, 5, (1, 1), &[], 0)]),
        "accepts #1 t5; F t5 v- [1] commit #0"
    );
}

#[test]
fn a_candidate_refuses_a_leader_of_an_older_term_and_goes_on() {
    assert_eq!(
        plays("C t3 v2 [1]", [append(1, 2, (1, 1), &[2], 1)]),
        "rejects t3; C t3 v2 [1] commit #0"
    );
}

#[test]
fn a_candidate_without_a_result_campaigns_again_in_the_next_term() {
    let mut cluster = Cluster::new(3, plain());
    for term in 1..=20 {
        cluster.timeout(1);
        let candidate = cluster.node(1);
        assert_eq!(candidate.role(), RoleKind::Candidate);
        assert_eq!(candidate.current_term(), Term(term));
        assert_eq!(cluster.wire.len(), 2, "it asks both again");
        cluster.drop_all();
    }
}

#[test]
fn a_split_vote_elects_nobody_and_the_next_timeout_resolves_it() {
    let mut cluster = Cluster::new(4, plain());
    cluster.timeout(1);
    cluster.timeout(2);
    assert_eq!(
        cluster.node(1).current_term(),
        cluster.node(2).current_term()
    );
    cluster.deliver(|e| (e.from.0, e.to.0) == (1, 3) || (e.from.0, e.to.0) == (2, 4));
    cluster.deliver_all();
    for server in cluster.nodes.values() {
        assert_ne!(server.role(), RoleKind::Leader, "two votes of four each");
    }
    cluster.timeout(1);
    cluster.deliver_all();
    assert_eq!(cluster.node(1).role(), RoleKind::Leader);
    assert_eq!(cluster.node(1).current_term(), Term(2));
}

/// Every timeout lies in the interval, and each tenth of the interval has some.
fn spread(timeouts: impl Iterator<Item = u64>) {
    let mut tenths = [0; 10];
    for timeout in timeouts {
        assert!((150 * MS..=300 * MS).contains(&timeout), "{timeout}");
        tenths[((timeout - 150 * MS) / (15 * MS)).min(9) as usize] += 1;
    }
    let total: u64 = tenths.iter().sum();
    let (fewest, most) = (total / 20, total / 6);
    let fair = |count: &u64| (fewest..=most).contains(count);
    assert!(tenths.iter().all(fair), "{tenths:?}");
}

#[test]
fn a_follower_draws_its_timeout_anew_each_time_over_the_whole_interval() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    spread((0..2_000).map(|_| {
        cluster.timeout(1);
        cluster.deliver_all();
        cluster
            .node(2)
            .deadline()
            .unwrap()
            .since(Instant(cluster.now))
            .0
    }));
}

#[test]
fn a_candidate_draws_its_timeout_anew_for_each_election() {
    let mut cluster = Cluster::new(3, plain());
    spread((0..2_000).map(|_| {
        cluster.timeout(1);
        cluster.drop_all();
        cluster
            .node(1)
            .deadline()
            .unwrap()
            .since(Instant(cluster.now))
            .0
    }));
}

#[test]
fn in_most_cases_one_server_times_out_well_before_all_others() {
    let mut cluster = Cluster::new(5, plain());
    let mut alone = 0;
    for _ in 0..1_000 {
        for id in 1..=5 {
            cluster.start(id);
        }
        let mut deadlines: Vec<_> = cluster.nodes.values().map(|s| s.deadline()).collect();
        deadlines.sort_unstable();
        let ahead = deadlines[1].unwrap().since(deadlines[0].unwrap());
        alone += u64::from(ahead.0 >= 10 * MS);
    }
    // Five draws from 150 ms: the chance of a lead of 10 ms is (14/15)^5, which is 0.71.
    assert!((650..770).contains(&alone), "{alone} of 1,000");
}

#[test]
fn only_the_leader_of_the_term_and_a_granted_vote_postpone_an_election() {
    let rows = [
        (
            "the leader",
            "F t3 v- [1]",
            append(1, 3, (1, 1), &[], 0),
            true,
        ),
        (
            "a leader whose entries do not fit",
            "F t3 v- [1]",
            append(1, 3, (9, 3), &[], 0),
            true,
        ),
        (
            "the leader of a newer term",
            "F t3 v- [1]",
            append(1, 4, (1, 1), &[], 0),
            true,
        ),
        (
            "a leader of an older term",
            "F t3 v- [1]",
            append(1, 2, (1, 1), &[], 0),
            false,
        ),
        ("a vote granted", "F t3 v- [1]", vote(1, 3, &[1]), true),
        (
            "a vote refused for a rival",
            "F t3 v1 [1]",
            vote(3, 3, &[1]),
            false,
        ),
        (
            "a vote refused for a log behind",
            "F t3 v- [1 2]",
            vote(1, 3, &[1]),
            false,
        ),
        (
            "a vote refused in a new term",
            "F t3 v- [1 2]",
            vote(1, 9, &[1]),
            false,
        ),
        (
            "a vote of an older term",
            "F t3 v- [1]",
            vote(1, 2, &[1]),
            false,
        ),
    ];
    for (what, before, message, resets) in rows {
        let text = plays(before, [message]);
        let ends = if resets {
            "timer reset"
        } else {
            "timer runs on"
        };
        assert!(text.ends_with(ends), "{what}: {text}");
    }
}

#[test]
fn a_leader_waits_for_no_leader() {
    let mut cluster = Cluster::begin(Standard, "L t3 v2 [1 3]");
    for _ in 0..100 {
        cluster.timeout(2);
        cluster.sync(2);
        cluster.drop_all();
    }
    let leader = cluster.node(2);
    assert_eq!(
        (leader.role(), leader.current_term()),
        (RoleKind::Leader, Term(3))
    );
}
