//! Protocol exchanges as text, to be read from top to bottom. `→` is a message that leaves.

use crate::common::{Cluster, describe, n, plain};
use raft_core::Settings;

/// Delivers everything and writes down each message as it is delivered.
fn play(cluster: &mut Cluster) -> String {
    let mut text = String::new();
    while let Some(next) = cluster.wire.front() {
        text.push_str(&describe(next));
        text.push('\n');
        cluster.deliver_one(|_| true);
    }
    text
}

fn lines(text: &str) -> String {
    text.trim()
        .lines()
        .map(|line| line.trim().to_owned() + "\n")
        .collect()
}

#[test]
fn an_election_with_pre_vote_and_the_noop_that_follows() {
    let mut cluster = Cluster::new(3, Settings::default());
    cluster.advance(1_000);
    cluster.timeout(1);
    assert_eq!(
        play(&mut cluster),
        lines(
            "n1→n2 t0 PreVote last #0t0
             n1→n3 t0 PreVote last #0t0
             n2→n1 t0 PreVoteReply granted true
             n3→n1 t0 PreVoteReply granted true
             n1→n2 t1 RequestVote last #0t0
             n1→n3 t1 RequestVote last #0t0
             n2→n1 t1 RequestVoteReply granted true
             n3→n1 t1 RequestVoteReply granted true
             n1→n2 t1 AppendEntries after #0t0 #1..#1t1 commit #0
             n1→n3 t1 AppendEntries after #0t0 #1..#1t1 commit #0
             n2→n1 t1 AppendEntriesReply match #1
             n3→n1 t1 AppendEntriesReply match #1"
        )
    );
    assert_eq!(
        cluster.status(),
        lines(
            "n1 t1 leader log [1] commit #1 durable #1 n2:#1→#2 n3:#1→#2
             n2 t1 follower log [1] commit #0 durable #1
             n3 t1 follower log [1] commit #0 durable #1"
        )
    );
}

#[test]
fn a_proposal_from_append_to_commit_everywhere() {
    let mut cluster = Cluster::new(3, Settings::default());
    cluster.lead(1, &[2, 3]);
    cluster.propose_sizes(1, &[10, 10]);
    assert_eq!(
        play(&mut cluster),
        lines(
            "n1→n2 t1 AppendEntries after #1t1 #2..#3t1 commit #1
             n1→n3 t1 AppendEntries after #1t1 #2..#3t1 commit #1
             n2→n1 t1 AppendEntriesReply match #3
             n3→n1 t1 AppendEntriesReply match #3"
        )
    );
    cluster.timeout(1);
    assert_eq!(
        play(&mut cluster),
        lines(
            "n1→n2 t1 AppendEntries after #3t1 commit #3
             n1→n3 t1 AppendEntries after #3t1 commit #3
             n2→n1 t1 AppendEntriesReply match #3
             n3→n1 t1 AppendEntriesReply match #3"
        )
    );
}

#[test]
fn a_divergent_follower_is_found_out_and_repaired() {
    let logs: [&[u64]; 3] = [&[1, 1, 4, 4], &[1, 1, 2, 2, 3], &[1, 1]];
    let mut cluster = Cluster::new(3, plain()).with_logs(4, &logs);
    cluster.elect(1, &[3]);
    cluster.crash(3);
    cluster.timeout(1);
    cluster.wire.retain(|e| e.to != n(3));
    assert_eq!(
        play(&mut cluster),
        lines(
            "n1→n2 t5 AppendEntries after #4t4 commit #0
             n2→n1 t5 AppendEntriesReply refused #4 hint #4t2
             n1→n2 t5 AppendEntries after #2t1 #3..#4t4 commit #0
             n2→n1 t5 AppendEntriesReply match #4
             n1→n2 t5 AppendEntries after #4t4 #5..#5t5 commit #0
             n2→n1 t5 AppendEntriesReply match #5"
        )
    );
    assert_eq!(
        cluster.status(),
        lines(
            "n1 t5 leader log [1, 1, 4, 4, 5] commit #5 durable #5 n2:#5→#6 n3:#0→#5
             n2 t5 follower log [1, 1, 4, 4, 5] commit #0 durable #5"
        )
    );
}

#[test]
fn a_deposed_leader_returns_and_follows() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    cluster.propose(1);
    cluster.drop_all();
    cluster.elect(2, &[3]);
    cluster.timeout(1);
    cluster.wire.retain(|e| e.to == n(2));
    assert_eq!(
        play(&mut cluster),
        lines(
            "n1→n2 t1 AppendEntries after #2t1 commit #1
             n2→n1 t2 AppendEntriesReply refused #2 hint #0t0"
        )
    );
    cluster.timeout(2);
    cluster.wire.retain(|e| e.to == n(1));
    assert_eq!(
        play(&mut cluster),
        lines(
            "n2→n1 t2 AppendEntries after #1t1 commit #1
             n1→n2 t2 AppendEntriesReply match #1
             n2→n1 t2 AppendEntries after #1t1 #2..#2t2 commit #1
             n1→n2 t2 AppendEntriesReply match #2"
        )
    );
    assert_eq!(cluster.terms(1), [1, 2]);
}

#[test]
fn a_slow_disk_holds_back_promises_and_nothing_else() {
    let mut cluster = Cluster::new(3, plain());
    cluster.instant_disk = false;
    cluster.advance(1_000);
    cluster.timeout(1);
    assert_eq!(cluster.wire(), "");
    cluster.sync(1);
    assert_eq!(
        play(&mut cluster),
        lines(
            "n1→n2 t1 RequestVote last #0t0
             n1→n3 t1 RequestVote last #0t0"
        )
    );
    cluster.sync(2);
    cluster.sync(3);
    assert_eq!(
        play(&mut cluster),
        lines(
            "n2→n1 t1 RequestVoteReply granted true
             n3→n1 t1 RequestVoteReply granted true
             n1→n2 t1 AppendEntries after #0t0 #1..#1t1 commit #0
             n1→n3 t1 AppendEntries after #0t0 #1..#1t1 commit #0"
        )
    );
    cluster.timeout(1);
    assert_eq!(
        play(&mut cluster),
        lines(
            "n1→n2 t1 AppendEntries after #0t0 commit #0
             n1→n3 t1 AppendEntries after #0t0 commit #0
             n2→n1 t1 AppendEntriesReply match #0
             n3→n1 t1 AppendEntriesReply match #0
             n1→n2 t1 AppendEntries after #0t0 #1..#1t1 commit #0
             n1→n3 t1 AppendEntries after #0t0 #1..#1t1 commit #0"
        )
    );
}
