//! §5.1: terms are a logical clock that every message carries.

use std::collections::BTreeSet;

use raft_core::{Body, Message, RoleKind, Settings, Standard, Term};

use super::{plays, refusal};
use crate::common::Cluster;
use crate::common::card::{accepted, append, grant, rejected, vote};

/// S2 as a follower, a candidate and a leader of term 3.
const ROLES: [&str; 3] = ["F t3 v1 [1]", "C t3 v2 [1]", "L t3 v2 [1 3]"];

/// One message of each kind in §5.1.
fn every_kind(term: u64) -> [(u64, Message); 6] {
    [
        vote(3, term, &[]),
        grant(3, term),
        refusal(3, term),
        append(3, term, (1, 1), &[], 0),
        accepted(3, term, 1),
        rejected(3, term, 1, (0, 0)),
    ]
}

fn adopts_from_any_message(before: &str) {
    for (from, message) in every_kind(7) {
        let mut cluster = Cluster::begin(Standard, before);
        cluster.receive(from, 2, 7, message.body.clone());
        let server = cluster.node(2);
        let is = (server.role(), server.current_term());
        assert_eq!(is, (RoleKind::Follower, Term(7)), "{before}, {message:?}");
    }
}

#[test]
fn a_follower_that_sees_a_higher_term_adopts_it() {
    adopts_from_any_message(ROLES[0]);
}

#[test]
fn a_candidate_that_sees_a_higher_term_becomes_a_follower() {
    adopts_from_any_message(ROLES[1]);
}

#[test]
fn a_leader_that_sees_a_higher_term_becomes_a_follower() {
    adopts_from_any_message(ROLES[2]);
}

#[test]
fn a_new_term_begins_without_a_vote() {
    for before in ROLES {
        let mut cluster = Cluster::begin(Standard, before);
        cluster.receive(3, 2, 7, refusal(3, 7).1.body);
        assert_eq!(cluster.node(2).voted_for(), None, "{before}");
    }
}

#[test]
fn every_message_carries_its_senders_term() {
    let mut cluster = Cluster::new(3, Settings::default());
    cluster.advance(1_000);
    let mut kinds = BTreeSet::new();
    for _ in 0..4 {
        cluster.timeout(1);
        let mut known = 0;
        loop {
            for sent in cluster.wire.iter().skip(known) {
                let term = cluster.node(sent.from.0).current_term();
                assert_eq!(sent.message.term, term, "{:?}", sent.message);
                kinds.insert(sent.message.body.kind());
            }
            known = cluster.wire.len().saturating_sub(1);
            if !cluster.deliver_one(|_| true) {
                break;
            }
        }
    }
    assert_eq!(kinds.len(), 6, "every kind was sent: {kinds:?}");
}

#[test]
fn a_server_never_goes_back_to_an_older_term() {
    for before in ROLES {
        for (from, message) in every_kind(2) {
            let mut cluster = Cluster::begin(Standard, before);
            let was = cluster.node(2).clone();
            cluster.receive(from, 2, 2, message.body);
            assert_eq!(cluster.node(2), &was, "nothing of it is taken, {before}");
        }
    }
}

#[test]
fn a_request_of_an_older_term_is_refused_with_the_newer_one() {
    for before in ROLES {
        let refuses = plays(before, [vote(3, 2, &[1, 1, 1])]);
        assert!(refuses.starts_with("refuses S3 t3; "), "{refuses}");
        let rejects = plays(before, [append(3, 2, (1, 1), &[2], 1)]);
        assert!(rejects.starts_with("rejects t3; "), "{rejects}");
    }
}

#[test]
fn a_reply_of_an_older_term_is_ignored() {
    for before in ROLES {
        for reply in [grant(3, 2), accepted(3, 2, 1), rejected(3, 2, 1, (0, 0))] {
            let text = plays(before, [reply]);
            assert!(text.starts_with("silent; "), "{text}");
        }
    }
}

#[test]
fn a_leader_that_was_replaced_learns_of_it_from_the_answer_to_its_own_message() {
    let mut cluster = Cluster::new(3, crate::common::plain());
    cluster.lead(1, &[2, 3]);
    cluster.elect(2, &[3]);
    cluster.timeout(1);
    cluster.deliver_among(&[1, 3]);
    let old = cluster.node(1);
    assert_eq!(
        (old.role(), old.current_term()),
        (RoleKind::Follower, Term(2))
    );
    assert!(!cluster.saw(3, |event| matches!(event,
        raft_core::Event::Follows { leader, term: Term(2) } if leader.0 == 1)));
}

#[test]
fn a_pre_vote_reply_of_a_higher_term_is_a_message_like_any_other() {
    for before in ROLES {
        let mut cluster = Cluster::begin(Standard, before);
        let (asked_in, granted) = (Term(3), false);
        cluster.receive(3, 2, 7, Body::PreVoteReply { asked_in, granted });
        assert_eq!(cluster.node(2).current_term(), Term(7), "{before}");
    }
}
