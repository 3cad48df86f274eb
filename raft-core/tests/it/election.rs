//! Claims about elections (§5.2, §5.4.1, dissertation §4.2.3, §6.2, §9.6).

use crate::common::{Cluster, Envelope, MS, n, plain, restored_server};
use raft_core::{Body, Effect, Event, RoleKind, Settings, Term, VoteRefusal};

fn grants(envelope: &Envelope) -> bool {
    matches!(
        envelope.message.body,
        Body::RequestVoteReply { granted: true }
    )
}

#[test]
fn a_cluster_elects_one_leader_and_commits_its_noop() {
    let mut cluster = Cluster::new(3, Settings::default());
    cluster.elect(1, &[2, 3]);
    cluster.timeout(1);
    cluster.deliver_all();
    cluster.timeout(1);
    cluster.deliver_all();
    assert_eq!(
        cluster.status(),
        "n1 t1 leader log [1] commit #1 durable #1 n2:#1→#2 n3:#1→#2\n\
         n2 t1 follower log [1] commit #1 durable #1\n\
         n3 t1 follower log [1] commit #1 durable #1\n"
    );
}

#[test]
fn a_server_votes_once_in_a_term() {
    let mut cluster = Cluster::new(3, plain());
    cluster.advance(1_000);
    cluster.timeout(1);
    cluster.timeout(2);
    cluster.deliver(|e| e.to == n(3));
    let votes: Vec<_> = cluster
        .wire
        .iter()
        .filter(|e| e.from == n(3))
        .map(grants)
        .collect();
    assert_eq!(votes, [true, false], "first come, first served");
    assert!(cluster.events.iter().any(|(_, event)| matches!(
        event,
        Event::VoteRefused { why: VoteRefusal::AlreadyVoted { voted_for }, .. } if *voted_for == n(1)
    )));
}

#[test]
fn a_candidate_that_lost_keeps_its_vote() {
    let mut cluster = Cluster::new(3, plain());
    cluster.advance(1_000);
    cluster.timeout(1);
    cluster.timeout(2);
    cluster.deliver(|e| e.to == n(3));
    cluster.deliver_all();
    assert_eq!(cluster.node(1).role(), RoleKind::Leader);
    assert_eq!(cluster.node(2).role(), RoleKind::Follower);
    assert_eq!(
        cluster.node(2).voted_for(),
        Some(n(2)),
        "the term's vote stays given"
    );
}

#[test]
fn a_vote_leaves_only_when_it_is_durable() {
    let mut cluster = Cluster::new(3, plain());
    cluster.instant_disk = false;
    cluster.advance(1_000);
    cluster.timeout(1);
    assert_eq!(
        cluster.wire(),
        "",
        "RequestVote waits for the candidate's own vote"
    );
    cluster.sync(1);
    assert_eq!(cluster.wire.len(), 2);
    cluster.deliver(|e| e.to == n(2));
    assert!(
        !cluster.wire.iter().any(grants),
        "the vote waits for the voter's disk"
    );
    cluster.sync(2);
    assert!(cluster.wire.iter().any(grants));
}

#[test]
fn a_withheld_vote_dies_with_its_term() {
    let mut cluster = Cluster::new(3, plain());
    cluster.instant_disk = false;
    cluster.advance(1_000);
    cluster.timeout(1);
    cluster.sync(1);
    cluster.deliver(|e| e.to == n(2));
    for _ in 0..2 {
        cluster.timeout(3);
        cluster.sync(3);
    }
    assert_eq!(cluster.node(3).current_term(), Term(2));
    cluster.deliver(|e| e.from == n(3) && e.to == n(2) && e.message.term == Term(2));
    cluster.sync(2);
    let granted: Vec<_> = cluster
        .wire
        .iter()
        .filter(|e| grants(e))
        .map(|e| e.to)
        .collect();
    assert_eq!(granted, [n(3)], "only the vote of term 2 is given");
}

#[test]
fn a_candidacys_deadline_starts_when_it_is_durable() {
    let mut cluster = Cluster::new(3, plain());
    cluster.instant_disk = false;
    cluster.timeout(1);
    assert_eq!(
        cluster.node(1).deadline(),
        None,
        "a slow disk is not a lost election"
    );
    cluster.advance(5_000);
    cluster.sync(1);
    let deadline = cluster.node(1).deadline().unwrap();
    assert!(deadline.0 >= cluster.now + 150 * MS);
}

#[test]
fn a_shorter_log_or_an_older_last_term_gets_no_vote() {
    let mut cluster = Cluster::new(3, plain()).with_logs(3, &[&[1, 1, 1], &[1, 1], &[1, 3]]);
    cluster.advance(1_000);
    cluster.timeout(2);
    cluster.deliver_all();
    assert_ne!(cluster.node(2).role(), RoleKind::Leader);
    cluster.timeout(1);
    cluster.deliver(|e| e.from == n(1) && e.to == n(3));
    assert!(
        !cluster.wire.iter().any(|e| e.from == n(3) && grants(e)),
        "term 3 beats length 3"
    );
}

#[test]
fn a_pre_candidate_raises_no_term_until_it_could_win() {
    let mut cluster = Cluster::new(3, Settings::default());
    cluster.advance(1_000);
    for _ in 0..5 {
        cluster.timeout(1);
        cluster.drop_all();
    }
    assert_eq!(cluster.node(1).current_term(), Term(0));
    assert_eq!(cluster.node(1).role(), RoleKind::PreCandidate);
}

#[test]
fn a_granted_pre_vote_never_counts_as_a_vote() {
    let mut cluster = Cluster::new(5, Settings::default());
    cluster.advance(1_000);
    cluster.timeout(1);
    cluster.deliver(|e| matches!(e.message.body, Body::PreVote { .. }));
    // Two late pre-vote answers reach the candidate after its campaign began.
    cluster.deliver_one(|e| e.from == n(2));
    cluster.deliver_one(|e| e.from == n(3));
    assert_eq!(cluster.node(1).role(), RoleKind::Candidate);
    cluster.deliver(|e| matches!(e.message.body, Body::PreVoteReply { .. }));
    assert_eq!(cluster.node(1).role(), RoleKind::Candidate);
}

#[test]
fn a_follower_of_a_fresh_leader_disturbs_nobody() {
    let mut cluster = Cluster::new(
        3,
        Settings {
            pre_vote: false,
            ..Settings::default()
        },
    );
    cluster.elect(1, &[2, 3]);
    cluster.timeout(1);
    cluster.deliver_all();
    cluster.step(3, raft_core::Input::Wake);
    let term = cluster.node(1).current_term();
    let last = cluster.node(3).log().last();
    let message = raft_core::Message {
        term: term.next(),
        body: Body::RequestVote {
            last,
            priority: raft_core::Priority(0),
            transfer: false,
        },
    };
    cluster.step(
        1,
        raft_core::Input::Receive {
            from: n(3),
            message: &message,
        },
    );
    cluster.step(
        2,
        raft_core::Input::Receive {
            from: n(3),
            message: &message,
        },
    );
    assert_eq!(cluster.node(1).current_term(), term);
    assert_eq!(cluster.node(2).current_term(), term);
    assert!(!cluster.wire.iter().any(grants));
}

#[test]
fn a_starting_server_withholds_votes_for_one_minimum_election_timeout() {
    let mut cluster = Cluster::new(
        3,
        Settings {
            pre_vote: false,
            ..Settings::default()
        },
    );
    let message = raft_core::Message {
        term: Term(1),
        body: Body::RequestVote {
            last: raft_core::EntryId::default(),
            priority: raft_core::Priority(0),
            transfer: false,
        },
    };
    cluster.advance(149);
    cluster.step(
        2,
        raft_core::Input::Receive {
            from: n(1),
            message: &message,
        },
    );
    assert_eq!(cluster.wire(), "");
    cluster.advance(1);
    cluster.step(
        2,
        raft_core::Input::Receive {
            from: n(1),
            message: &message,
        },
    );
    assert!(grants(&cluster.wire[0]));
}

#[test]
fn a_leader_without_a_quorum_steps_down() {
    let mut cluster = Cluster::new(3, Settings::default());
    cluster.elect(1, &[2, 3]);
    for _ in 0..7 {
        assert_eq!(cluster.node(1).role(), RoleKind::Leader);
        cluster.timeout(1);
        cluster.drop_all();
    }
    assert_eq!(
        cluster.node(1).role(),
        RoleKind::Follower,
        "300 ms passed at 50 ms a heartbeat"
    );
    assert!(
        cluster
            .events
            .iter()
            .any(|(_, event)| matches!(event, Event::QuorumLost { .. }))
    );
}

#[test]
fn a_leader_that_hears_a_quorum_stays() {
    let mut cluster = Cluster::new(3, Settings::default());
    cluster.elect(1, &[2, 3]);
    for _ in 0..50 {
        cluster.timeout(1);
        cluster.deliver_among(&[1, 2]);
        cluster.drop_all();
    }
    assert_eq!(cluster.node(1).role(), RoleKind::Leader);
}

#[test]
fn a_higher_term_with_a_shorter_log_does_not_block_a_cluster_with_pre_vote() {
    // Server 3 reached term 9 alone; the others hold the longer log in term 2.
    let mut cluster = Cluster::new(3, Settings::default()).with_logs(2, &[&[1, 2], &[1, 2], &[1]]);
    cluster
        .disks
        .get_mut(&n(3))
        .unwrap()
        .hard_state
        .current_term = Term(9);
    cluster.start(3);
    cluster.crash(2);
    cluster.advance(1_000);
    for _ in 0..4 {
        cluster.timeout(1);
        cluster.deliver_all();
    }
    assert_eq!(
        cluster.node(1).role(),
        RoleKind::Leader,
        "{}",
        cluster.status()
    );
    assert!(cluster.node(1).current_term() > Term(9));
}

#[test]
fn a_single_server_leads_alone_once_its_vote_is_durable() {
    let mut cluster = Cluster::new(1, Settings::default());
    cluster.instant_disk = false;
    cluster.timeout(1);
    assert_eq!(cluster.node(1).role(), RoleKind::Candidate);
    cluster.sync(1);
    assert_eq!(cluster.node(1).role(), RoleKind::Leader);
    cluster.sync(1);
    assert_eq!(cluster.node(1).commit_index().0, 1);
}

#[test]
fn a_server_whose_promises_may_be_lost_neither_votes_nor_campaigns() {
    use raft_core::{Base, Boot, Configuration, Durable, EntryMeta, Index, Input, Instant};
    let durable = Durable {
        hard_state: raft_core::HardState::default(),
        base: Base {
            last: raft_core::EntryId::default(),
            configuration: Configuration::of_voters(&[n(1), n(2)]).unwrap(),
        },
        entries: Vec::<EntryMeta>::new(),
        intact: Index(0),
        snapshot: None,
        incoming: None,
        may_vote: false,
    };
    let boot = Boot {
        id: n(1),
        settings: plain(),
        now: Instant(0),
        seed: 1,
        incarnation: 0,
    };
    let mut raft = restored_server(boot, durable).unwrap();
    let later = raft.deadline().unwrap();
    let observer = &mut Vec::new();
    assert_eq!(raft.step_observed(later, Input::Wake, observer).count(), 0);
    let message = raft_core::Message {
        term: Term(1),
        body: Body::RequestVote {
            last: raft_core::EntryId::default(),
            priority: raft_core::Priority(0),
            transfer: false,
        },
    };
    let effects: Vec<_> = raft
        .step_observed(
            later,
            Input::Receive {
                from: n(2),
                message: &message,
            },
            observer,
        )
        .collect();
    assert!(!effects.iter().any(|effect| matches!(effect,
        Effect::Send { message, .. }
            if matches!(message.body, Body::RequestVoteReply { granted: true }))));
}
