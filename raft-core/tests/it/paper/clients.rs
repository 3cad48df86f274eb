//! §8 and dissertation §6.2: the guarantees for a client.

use raft_core::{Effect, Index, Refusal, Settings, Source, Term};

use super::REFUSAL;
use crate::common::{Cluster, n, plain};

#[test]
fn a_new_leader_opens_its_term_with_an_entry_of_its_own() {
    let mut cluster = Cluster::new(3, plain()).with_logs(4, &[&[1, 4], &[1], &[1]]);
    cluster.timeout(1);
    cluster.deliver(|e| e.from == n(1));
    cluster.drop_all();
    let effects = cluster.receive(2, 1, 5, super::GRANT);
    let Some(Effect::Write(write)) = effects.first() else {
        panic!("it is written down: {effects:?}")
    };
    let append = write.append.as_ref().unwrap();
    assert_eq!((append.first, append.term), (Index(3), Term(5)));
    assert_eq!(append.source, Source::Noop, "it holds no command");
    assert_eq!(cluster.terms(1), [1, 4, 5]);
}

#[test]
fn the_entry_that_opens_a_term_commits_what_earlier_leaders_left() {
    let logs: [&[u64]; 3] = [&[1, 2, 3], &[1, 2], &[1]];
    let mut cluster = Cluster::new(3, plain()).with_logs(3, &logs);
    cluster.lead(1, &[2, 3]);
    for id in 1..=3 {
        assert_eq!(cluster.node(id).commit_index(), Index(4), "no client spoke");
    }
}

#[test]
fn a_follower_refuses_a_command_and_names_the_leader() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    let leader = Some(n(1));
    for id in [2, 3] {
        assert_eq!(
            cluster.propose(id),
            [Effect::ProposalRefused {
                leader,
                why: Refusal::NotLeader
            }]
        );
        assert_eq!(cluster.terms(id), [1], "and appends nothing");
    }
}

#[test]
fn a_server_that_knows_no_leader_refuses_a_command_and_names_nobody() {
    let nobody = [Effect::ProposalRefused {
        leader: None,
        why: Refusal::NotLeader,
    }];
    let mut cluster = Cluster::new(3, Settings::default());
    assert_eq!(cluster.propose(1), nobody, "a follower at its start");
    cluster.timeout(1);
    assert_eq!(cluster.propose(1), nobody, "a pre-candidate");
    let mut cluster = Cluster::new(3, plain());
    cluster.timeout(1);
    assert_eq!(cluster.propose(1), nobody, "a candidate");
}

#[test]
fn a_server_forgets_its_leader_when_it_campaigns() {
    for settings in [plain(), Settings::default()] {
        let mut cluster = Cluster::new(3, settings);
        cluster.lead(1, &[2, 3]);
        assert_eq!(cluster.node(2).leader(), Some(n(1)));
        cluster.timeout(2);
        assert_eq!(cluster.node(2).leader(), None);
    }
}

#[test]
fn a_server_forgets_its_leader_when_its_term_changes() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    cluster.receive(3, 2, 5, REFUSAL);
    assert_eq!(cluster.node(2).leader(), None);
    cluster.receive(3, 1, 5, REFUSAL);
    assert_eq!(cluster.node(1).leader(), None, "the old leader itself");
}

#[test]
fn a_command_whose_entry_was_replaced_is_told_apart_by_its_term() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    let proposed = Effect::Proposed {
        first: Index(2),
        last: Index(2),
        term: Term(1),
    };
    assert!(cluster.propose(1).contains(&proposed));
    cluster.lead(2, &[3]);
    cluster.timeout(2);
    cluster.deliver_all();
    let log = cluster.node(1).log();
    assert_eq!(
        log.term_at(Index(2)),
        Ok(Term(2)),
        "committed, but not what was proposed"
    );
    assert!(cluster.node(1).commit_index() >= Index(2));
}

#[test]
fn commands_of_one_step_are_taken_together_and_in_order() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    let effects = cluster.propose_sizes(1, &[1, 2, 3]);
    let (first, last, term) = (Index(2), Index(4), Term(1));
    assert!(effects.contains(&Effect::Proposed { first, last, term }));
    cluster.deliver_all();
    assert_eq!(cluster.node(1).commit_index(), Index(4));
}
