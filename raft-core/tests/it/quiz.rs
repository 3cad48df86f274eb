//! The questions about logs of the dissertation's user study (appendix A.1), answered by the
//! servers.

use crate::common::{Cluster, n, plain, restored_server};
use raft_core::{
    AppendEntries, Base, Body, Boot, Configuration, Durable, EntryId, EntryMeta, HardState, Index,
    Instant, NodeId, RestoreError, RoleKind, Settings, Term,
};

fn entry(index: u64, term: u64) -> EntryId {
    EntryId {
        index: Index(index),
        term: Term(term),
    }
}

/// Whether a server starts with this log on its disk.
fn starts(terms: &[u64]) -> Result<(), RestoreError> {
    let entries = terms.iter().map(|term| EntryMeta {
        term: Term(*term),
        bytes: 1,
        configuration: None,
    });
    let durable = Durable {
        hard_state: HardState {
            current_term: Term(9),
            voted_for: None,
        },
        base: Base {
            last: EntryId::default(),
            configuration: Configuration::of_voters(&[NodeId(1), NodeId(2)]).unwrap(),
        },
        entries,
        intact: Index(terms.len() as u64),
        snapshot: None,
        incoming: None,
        may_vote: true,
    };
    let boot = Boot {
        id: NodeId(1),
        settings: Settings::default(),
        now: Instant(0),
        seed: 3,
        incarnation: 0,
    };
    restored_server(boot, durable).map(drop)
}

#[test]
fn question_1_which_logs_are_possible_on_a_disk() {
    let falls = |index| Err(RestoreError::TermsFall(Index(index)));
    let cases = [
        (&[1, 1, 3, 2, 2][..], falls(4)),
        (&[1, 1, 2, 2, 2, 3], Ok(())),
        (&[1, 1, 3, 3, 5], Ok(())),
    ];
    for (log, answer) in cases {
        assert_eq!(starts(log), answer, "{log:?}");
    }
}

/// The log of server 2 after its leader, in term 9, has sent it entries of one term after this one.
fn sent(log: &[u64], prev: EntryId, last: u64, term: u64) -> Vec<u64> {
    let mut cluster = Cluster::new(3, plain()).with_logs(8, &[&[], log]);
    let append = AppendEntries {
        prev,
        last: Index(last),
        entries_term: Term(term),
        bytes: 10,
        configuration: None,
        commit: Index(0),
        seq: 1,
        sent_at: Instant(0),
    };
    cluster.receive(1, 2, 9, Body::AppendEntries(append));
    cluster.terms(2)
}

#[test]
fn question_1_no_message_makes_an_impossible_log() {
    assert_eq!(sent(&[1, 1], entry(2, 1), 5, 2), [1, 1, 2, 2, 2]);
    assert_eq!(
        sent(&[1, 1, 3], entry(3, 3), 5, 2),
        [1, 1, 3],
        "terms would fall"
    );
    assert_eq!(
        sent(&[1, 1], entry(3, 1), 7, 2),
        [1, 1],
        "it would leave a hole"
    );
}

const FIVE: [&[u64]; 5] = [
    &[1, 1, 2, 2, 2, 2, 4],
    &[1, 1, 1, 3],
    &[1, 1, 2, 2, 2],
    &[1],
    &[1, 1, 2, 2, 2, 2],
];

/// The servers that can be elected next with these logs. All servers answer their requests.
fn winners() -> Vec<u64> {
    let wins = |id: &u64| {
        let mut cluster = Cluster::new(5, plain()).with_logs(4, &FIVE);
        cluster.timeout(*id);
        let asks = |e: &crate::common::Envelope| matches!(e.message.body, Body::RequestVote { .. });
        cluster.deliver(asks);
        cluster.deliver(|e| e.to == n(*id));
        cluster.node(*id).role() == RoleKind::Leader
    };
    (1..=5).filter(wins).collect()
}

#[test]
fn question_2_what_may_be_applied_is_what_every_possible_leader_holds() {
    assert_eq!(winners(), [1, 2, 5], "2 with a log of a later last term");
    let held = winners()
        .iter()
        .map(|id| FIVE[*id as usize - 1])
        .reduce(|one, other| {
            let same = one.iter().zip(other).take_while(|(a, b)| a == b).count();
            &one[..same]
        });
    assert_eq!(held.unwrap(), [1, 1]);
}

/// Entry 5 is on a majority, and yet not committed by counting: server 2 may still overwrite it.
#[test]
fn question_2_what_an_earlier_leader_left_on_a_majority_is_not_committed() {
    let mut logs = FIVE;
    logs[0] = &FIVE[0][..6];
    let mut cluster = Cluster::new(5, plain()).with_logs(3, &logs);
    cluster.elect(1, &[3, 4, 5]);
    assert_eq!(cluster.terms(1), FIVE[0], "it leads term 4");
    // It asks where the logs agree, and no entry arrives.
    for _ in 0..8 {
        cluster.timeout(1);
        let entries = |body: &Body| matches!(body, Body::AppendEntries(a) if !a.is_empty());
        while !cluster.wire.is_empty() {
            cluster.wire.retain(|e| !entries(&e.message.body));
            cluster.deliver_one(|_| true);
        }
    }
    let matched: Vec<_> = (2..=5).map(|id| cluster.terms(id).len()).collect();
    assert_eq!(matched, [4, 5, 1, 6], "nobody has more than before");
    let holds = |index| move |peer: &&raft_core::Progress| peer.match_index >= Index(index);
    assert_eq!(
        cluster.node(1).progress().iter().filter(holds(5)).count(),
        2
    );
    assert_eq!(cluster.node(1).commit_index(), Index(0));
    cluster.crash(1);
    cluster.elect(2, &[3, 4]);
    cluster.beats_among(2, &[2, 3, 4], 4);
    assert_eq!(cluster.terms(3)[..4], [1, 1, 1, 3]);
}

/// The follower's log once the leader of term 7, with this log, has replicated all of it.
fn replicated(follower: &[u64]) -> (Vec<u64>, Vec<u64>) {
    let leader: &[u64] = &[1, 1, 3, 3, 3, 5];
    let mut cluster = Cluster::new(3, plain()).with_logs(6, &[leader, follower, leader]);
    cluster.elect(1, &[3]);
    cluster.beats_among(1, &[1, 2], 4);
    (cluster.terms(1), cluster.terms(2))
}

#[test]
fn question_3_which_logs_may_a_follower_have_under_this_leader() {
    let cases: [(&[u64], bool); 4] = [
        (&[1, 1, 2, 2, 3], false),
        (&[1, 1, 2, 2, 4, 5], false),
        (&[1, 1, 6, 6, 6, 6, 6], true),
        (&[1, 1, 1, 1, 1, 1], true),
    ];
    for (follower, possible) in cases {
        // The rules rely on Log Matching: they only repair logs that can occur.
        let (leader, after) = replicated(follower);
        assert_eq!(leader == after, possible, "{follower:?}");
    }
    assert!(starts(&[1, 1, 3, 3, 2, 2]).is_err());
}
