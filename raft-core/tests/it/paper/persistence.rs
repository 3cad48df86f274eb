//! Figure 2 and dissertation §3.8: the state that must be durable before a server promises it.

use raft_core::{
    Base, Boot, Configuration, Durable, Effect, EntryId, EntryMeta, HardState, Index, Input,
    Instant, RoleKind, Standard, Term,
};

use super::{GRANT, ask, granted};
use crate::common::card::{Card, accepted, append, crash_after_reply, rejected, vote};
use crate::common::{Cluster, n, plain, restored_server};

/// Three servers, led by the first. From now on the test controls their disks.
fn slow_disks() -> Cluster {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    cluster.instant_disk = false;
    cluster
}

#[test]
fn a_vote_is_on_disk_before_it_leaves() {
    let mut cluster = slow_disks();
    cluster.receive(3, 2, 5, ask(1, 1));
    assert_eq!(cluster.wire(), "");
    let write = cluster.disks[&n(2)].in_flight.back().unwrap().hard_state;
    let voted_for = Some(n(3));
    let current_term = Term(5);
    assert_eq!(
        write,
        Some(HardState {
            current_term,
            voted_for
        })
    );
    cluster.sync(2);
    assert_eq!(granted(&cluster), Some(true));
}

#[test]
fn a_vote_whose_write_a_crash_took_back_was_never_said() {
    let mut cluster = slow_disks();
    cluster.receive(3, 2, 5, ask(1, 1));
    cluster.crash(2);
    cluster.start(2);
    cluster.instant_disk = true;
    cluster.receive(1, 2, 5, ask(1, 1));
    assert_eq!(cluster.wire(), "n2→n1 t5 RequestVoteReply granted true\n");
}

#[test]
fn a_candidates_term_and_own_vote_are_on_disk_before_it_asks() {
    let mut cluster = slow_disks();
    cluster.timeout(2);
    assert_eq!(
        (cluster.node(2).role(), cluster.wire().as_str()),
        (RoleKind::Candidate, "")
    );
    cluster.sync(2);
    let (current_term, voted_for) = (Term(2), Some(n(2)));
    assert_eq!(
        cluster.disks[&n(2)].hard_state,
        HardState {
            current_term,
            voted_for
        }
    );
    assert_eq!(cluster.wire.len(), 2);
}

#[test]
fn a_candidates_own_vote_counts_only_once_it_is_on_disk() {
    let mut cluster = Cluster::new(3, plain());
    cluster.instant_disk = false;
    cluster.timeout(1);
    cluster.receive(2, 1, 1, GRANT);
    assert_eq!(
        cluster.node(1).role(),
        RoleKind::Candidate,
        "a vote that it cannot have asked for"
    );
    cluster.sync(1);
    cluster.receive(2, 1, 1, GRANT);
    assert_eq!(cluster.node(1).role(), RoleKind::Leader);
}

#[test]
fn entries_are_on_disk_before_they_are_acknowledged() {
    let mut cluster = slow_disks();
    cluster.propose(1);
    cluster.deliver(|e| e.to == n(2));
    assert!(cluster.wire.iter().all(|e| e.from != n(2)));
    cluster.sync(2);
    cluster.wire.retain(|e| e.from == n(2));
    assert_eq!(cluster.wire(), "n2→n1 t1 AppendEntriesReply match #2\n");
    assert_eq!(cluster.disks[&n(2)].terms, [Term(1), Term(1)]);
}

#[test]
fn a_heartbeat_does_not_make_a_follower_promise_what_is_not_on_disk() {
    let mut cluster = slow_disks();
    cluster.propose(1);
    cluster.deliver(|e| e.to == n(2));
    cluster.timeout(1);
    cluster.deliver(|e| e.to == n(2));
    cluster.wire.retain(|e| e.from == n(2));
    assert_eq!(cluster.wire(), "n2→n1 t1 AppendEntriesReply match #1\n");
}

#[test]
fn a_leaders_own_copy_counts_once_it_is_on_disk() {
    let mut cluster = slow_disks();
    cluster.propose(1);
    cluster.receive(2, 1, 1, accepted(2, 1, 2).1.body);
    assert_eq!(
        cluster.node(1).commit_index(),
        Index(1),
        "one copy of three"
    );
    cluster.sync(1);
    assert_eq!(cluster.node(1).commit_index(), Index(2));
}

#[test]
fn a_majority_of_followers_commits_while_the_leaders_own_disk_is_busy() {
    let mut cluster = slow_disks();
    cluster.propose(1);
    for follower in [2, 3] {
        cluster.receive(follower, 1, 1, accepted(follower, 1, 2).1.body);
    }
    let leader = cluster.node(1);
    assert_eq!(
        (leader.commit_index(), leader.durable_index()),
        (Index(2), Index(1))
    );
}

#[test]
fn an_entry_whose_write_a_crash_took_back_was_never_acknowledged() {
    let mut cluster = slow_disks();
    cluster.propose(1);
    cluster.deliver_among(&[1, 2, 3]);
    assert_eq!(cluster.node(1).commit_index(), Index(1), "on nobody's disk");
    for id in 1..=3 {
        cluster.crash(id);
        cluster.start(id);
        assert_eq!(cluster.terms(id), [1]);
    }
}

#[test]
fn what_was_committed_outlives_a_crash_of_all_servers_at_once() {
    let mut cluster = slow_disks();
    cluster.propose(1);
    cluster.deliver(|e| e.from == n(1));
    cluster.sync(2);
    cluster.sync(3);
    cluster.deliver(|e| e.to == n(1));
    assert_eq!(
        cluster.node(1).commit_index(),
        Index(2),
        "on two disks, not the leader's"
    );
    cluster.drop_all();
    for id in 1..=3 {
        cluster.crash(id);
    }
    for id in 1..=3 {
        cluster.start(id);
    }
    cluster.instant_disk = true;
    cluster.timeout(1);
    cluster.deliver_all();
    assert_ne!(
        cluster.node(1).role(),
        RoleKind::Leader,
        "it lacks the entry"
    );
    cluster.lead(3, &[1, 2]);
    assert_eq!(cluster.terms(1)[..2], [1, 1]);
}

#[test]
fn a_restarted_server_has_its_term_its_vote_and_its_log() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    cluster.propose(1);
    cluster.deliver_all();
    cluster.receive(3, 2, 6, ask(2, 1));
    let kept = |cluster: &Cluster| {
        let server = cluster.node(2);
        (server.current_term(), server.voted_for(), cluster.terms(2))
    };
    assert_eq!(kept(&cluster), (Term(6), Some(n(3)), vec![1, 1]));
    cluster.crash(2);
    cluster.start(2);
    assert_eq!(kept(&cluster), (Term(6), Some(n(3)), vec![1, 1]));
}

#[test]
fn a_restarted_server_is_a_follower_whatever_it_was() {
    for before in ["F t3 v1 [1]", "C t3 v2 [1]", "L t3 v2 [1 3]"] {
        let mut cluster = Cluster::begin(Standard, before);
        cluster.sync(2);
        cluster.crash(2);
        cluster.start(2);
        let server = cluster.node(2);
        assert_eq!(
            (server.role(), server.current_term()),
            (RoleKind::Follower, Term(3))
        );
        assert!(server.voted_for().is_some(), "and has its vote, {before}");
    }
}

#[test]
fn a_restarted_server_does_not_vote_twice_in_a_term() {
    let mut cluster = Cluster::new(3, plain());
    cluster.receive(1, 2, 1, ask(0, 0));
    assert_eq!(granted(&cluster), Some(true));
    cluster.crash(2);
    cluster.start(2);
    cluster.receive(3, 2, 1, ask(0, 0));
    assert_eq!(granted(&cluster), Some(false));
}

#[test]
fn a_candidate_that_restarts_does_not_campaign_in_the_same_term_again() {
    let mut cluster = Cluster::new(3, plain());
    for term in 1..=5 {
        cluster.timeout(1);
        assert_eq!(cluster.node(1).current_term(), Term(term));
        cluster.crash(1);
        cluster.start(1);
    }
}

#[test]
fn after_a_restart_the_commit_index_is_learnt_anew_and_entries_are_handed_out_again() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    cluster.propose(1);
    cluster.lead(1, &[2, 3]);
    assert_eq!(
        cluster.node(2).commit_index(),
        cluster.node(1).commit_index()
    );
    let told = cluster.node(1).commit_index();
    cluster.crash(2);
    cluster.start(2);
    assert_eq!(
        cluster.node(2).commit_index(),
        Index(0),
        "it is not on disk"
    );
    cluster.timeout(1);
    let heartbeat = cluster
        .wire
        .iter()
        .find(|e| e.to == n(2))
        .unwrap()
        .message
        .clone();
    let from = n(1);
    let message = &heartbeat;
    let effects = cluster.step(2, Input::Receive { from, message });
    let through = told;
    assert!(
        effects.contains(&Effect::Committed { through }),
        "from the first on"
    );
}

#[test]
fn what_a_server_said_holds_after_a_crash_right_after_its_answer() {
    let rows = [
        ("a vote", "F t2 v- [1]", vec![vote(1, 2, &[1])]),
        (
            "a vote of a new term",
            "F t2 v1 [1]",
            vec![vote(3, 3, &[1])],
        ),
        (
            "a candidate's vote for a later one",
            "C t3 v2 [1]",
            vec![vote(3, 4, &[1])],
        ),
        (
            "a leader's vote for a later one",
            "L t3 v2 [1 3]",
            vec![vote(3, 4, &[1, 3])],
        ),
        (
            "entries",
            "F t1 v- [1]",
            vec![append(1, 1, (1, 1), &[1, 1], 0)],
        ),
        (
            "entries in place of others",
            "F t3 v- [1 2 2]",
            vec![append(1, 3, (1, 1), &[3], 0)],
        ),
        (
            "entries of a new term",
            "F t1 v3 [1 1]",
            vec![append(1, 4, (1, 1), &[4, 4], 0)],
        ),
        (
            "entries in two messages",
            "F t3 v- [1 2]",
            vec![append(1, 3, (1, 1), &[3], 0), append(1, 3, (2, 3), &[3], 0)],
        ),
        (
            "entries and then a vote",
            "F t3 v- [1 2]",
            vec![append(1, 3, (1, 1), &[3], 0), vote(3, 4, &[1, 3])],
        ),
        (
            "a refusal in a new term",
            "C t3 v2 [1]",
            vec![rejected(1, 4, 1, (0, 0))],
        ),
    ];
    for (name, before, messages) in rows {
        let (section, after) = ("dissertation §3.8", "");
        let card = Card {
            name,
            section,
            before,
            messages,
            after,
        };
        assert_eq!(crash_after_reply(Standard, &card), Ok(()), "{name}");
    }
}

#[test]
fn a_report_about_entries_that_were_replaced_promises_nothing_of_their_replacements() {
    let mut cluster = Cluster::begin(Standard, "F t3 v- [1]");
    cluster.receive(1, 2, 3, append(1, 3, (1, 1), &[2, 2], 0).1.body);
    let old = cluster.node(2).writes().0;
    cluster.receive(3, 2, 4, append(3, 4, (1, 1), &[4, 4], 0).1.body);
    cluster.drop_all();
    cluster.durable(2, old.0);
    assert_eq!(
        cluster.wire(),
        "n2→n3 t4 AppendEntriesReply match #1\n",
        "entries 2 and 3 of term 2 are on disk, those of term 4 are not"
    );
    cluster.drop_all();
    cluster.sync(2);
    assert_eq!(cluster.wire(), "n2→n3 t4 AppendEntriesReply match #3\n");
}

#[test]
fn a_server_that_may_have_lost_its_promises_neither_votes_nor_campaigns() {
    let durable = Durable {
        hard_state: HardState::default(),
        base: Base {
            last: EntryId::default(),
            configuration: Configuration::of_voters(&[n(1), n(2), n(3)]).unwrap(),
        },
        entries: Vec::<EntryMeta>::new(),
        intact: Index(0),
        snapshot: None,
        incoming: None,
        may_vote: false,
    };
    let boot = Boot {
        id: n(2),
        settings: plain(),
        now: Instant(0),
        seed: 7,
        incarnation: 0,
    };
    let mut cluster = Cluster::new(3, plain());
    let wiped = restored_server(boot, durable).unwrap();
    cluster.nodes.insert(n(2), wiped);
    for _ in 0..5 {
        cluster.timeout(2);
        assert_eq!(cluster.node(2).role(), RoleKind::Follower);
    }
    cluster.receive(1, 2, 3, ask(5, 2));
    assert_eq!(granted(&cluster), Some(false));
    cluster.drop_all();
    cluster.receive(1, 2, 3, append(1, 3, (0, 0), &[3], 0).1.body);
    assert_eq!(
        cluster.wire(),
        "n2→n1 t3 AppendEntriesReply match #1\n",
        "but it follows"
    );
}

#[test]
fn after_all_servers_restarted_the_commit_index_catches_up_with_the_next_leader() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    for _ in 0..4 {
        cluster.propose(1);
        cluster.deliver_all();
    }
    for id in 1..=3 {
        cluster.crash(id);
        cluster.start(id);
        assert_eq!(cluster.node(id).commit_index(), Index(0));
    }
    cluster.lead(2, &[1, 3]);
    for id in 1..=3 {
        assert_eq!(
            cluster.node(id).commit_index(),
            Index(6),
            "five, and its own"
        );
    }
}

#[test]
fn a_restarted_server_still_refuses_a_leader_that_was_replaced_before_its_crash() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    cluster.propose(1);
    let late = cluster.wire.iter().find(|e| e.to == n(3)).unwrap().clone();
    cluster.lead(2, &[3]);
    cluster.crash(3);
    cluster.start(3);
    cluster.wire.push_back(late);
    cluster.deliver_all();
    assert_eq!(cluster.terms(3), [1, 2], "the entry of term 1 is not taken");
}
