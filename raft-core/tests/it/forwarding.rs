//! Proposals that a follower passes on to its leader.

use crate::common::{Cluster, MS, n, plain};
use raft_core::{
    Body, Effect, EntryId, Event, Index, Input, Message, NodeId, ProposalAnswer, ProposalToken,
    Refusal, RoleKind, Rules, Settings, Standard, Term,
};

fn forwarding() -> Settings {
    Settings {
        forward_proposals: true,
        ..plain()
    }
}

/// A cluster in which all know that server 1 leads.
fn led() -> Cluster {
    led_with(forwarding())
}

fn led_with(settings: Settings) -> Cluster {
    let mut cluster = Cluster::new(3, settings);
    cluster.lead(1, &[2, 3]);
    cluster.deliver_all();
    cluster.drop_all();
    cluster
}

fn token(cluster: &Cluster) -> ProposalToken {
    let proposed = cluster
        .wire
        .iter()
        .rev()
        .find_map(|e| match e.message.body {
            Body::Propose { token, .. } => Some(token),
            _ => None,
        });
    proposed.expect("a proposal is under way")
}

fn passed_on(from: u64) -> impl Fn(&crate::common::Envelope) -> bool {
    move |e| e.from == n(from) && matches!(e.message.body, Body::Propose { .. })
}

fn entry(index: u64, term: u64) -> EntryId {
    let (index, term) = (Index(index), Term(term));
    EntryId { index, term }
}

fn lost(token: ProposalToken) -> (NodeId, Effect) {
    (n(2), Effect::ProposalLost { token })
}

#[test]
fn a_follower_passes_a_proposal_on_and_learns_which_entry_it_became() {
    let mut cluster = led();
    cluster.propose(2);
    let token = token(&cluster);
    assert_eq!(cluster.node(2).proposals_forwarded(), 1);
    cluster.deliver_all();
    let answer = ProposalAnswer::Accepted(entry(2, 1));
    let answered = (n(2), Effect::ProposalAnswered { token, answer });
    assert_eq!(cluster.answers, [answered]);
    assert_eq!(cluster.node(1).commit_index(), Index(2));
    assert_eq!(cluster.node(2).proposals_forwarded(), 0);
}

#[test]
fn without_the_option_a_follower_refuses_and_names_the_leader() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    let (leader, why) = (Some(n(1)), Refusal::NotLeader);
    assert_eq!(
        cluster.propose(2),
        [Effect::ProposalRefused { leader, why }]
    );
}

#[test]
fn who_knows_no_leader_of_its_term_passes_nothing_on() {
    let mut cluster = led();
    cluster.receive(3, 2, 5, Body::RequestVoteReply { granted: false });
    let (leader, why) = (None, Refusal::NotLeader);
    assert_eq!(
        cluster.propose(2),
        [Effect::ProposalRefused { leader, why }],
        "1 led an earlier term"
    );
}

#[test]
fn what_the_leader_refuses_is_refused_with_its_reason() {
    let mut cluster = led();
    cluster.step(1, Input::Transfer { to: n(3) });
    cluster.drop_all();
    cluster.propose(2);
    let token = token(&cluster);
    cluster.deliver_one(passed_on(2));
    cluster.deliver_one(|e| e.to == n(2) && matches!(e.message.body, Body::ProposeReply { .. }));
    let (why, leader) = (Refusal::Transferring { to: n(3) }, Some(n(1)));
    let answer = ProposalAnswer::Refused { why, leader };
    let answered = (n(2), Effect::ProposalAnswered { token, answer });
    assert_eq!(cluster.answers, [answered]);
}

fn propose(token: u64) -> Body {
    let token = ProposalToken(token);
    let sizes = [10].into();
    Body::Propose { token, sizes }
}

#[test]
fn a_receiver_that_does_not_lead_refuses_and_passes_nothing_on() {
    let mut cluster = led();
    let effects = cluster.receive(3, 2, 1, propose(7));
    let (why, leader) = (Refusal::NotLeader, Some(n(1)));
    let answer = ProposalAnswer::Refused { why, leader };
    let token = ProposalToken(7);
    let message = Message {
        term: Term(1),
        body: Body::ProposeReply { token, answer },
    };
    assert_eq!(effects, [Effect::Send { to: n(3), message }]);
}

#[test]
fn the_term_of_a_proposal_counts_for_nothing() {
    for term in [0, 1, 9] {
        let mut cluster = led();
        cluster.receive(3, 1, term, propose(7));
        assert_eq!(cluster.node(1).role(), RoleKind::Leader);
        assert_eq!(cluster.node(1).current_term(), Term(1));
        assert_eq!(cluster.terms(1), [1, 1], "it is taken in term {term}");
    }
}

#[test]
fn without_an_answer_for_the_longest_timeout_a_proposal_is_lost_and_nothing_else_happens() {
    let mut cluster = led();
    let begun = cluster.now;
    cluster.propose(2);
    let token = token(&cluster);
    cluster.drop_all();
    for _ in 0..20 {
        if !cluster.answers.is_empty() {
            break;
        }
        // The leader is heard from, but no answer about the proposal arrives.
        cluster.timeout(1);
        cluster.deliver_all();
        let next = cluster.node(2).deadline().expect("it waits");
        if next.0 < cluster.now + 50 * MS {
            cluster.timeout(2);
        }
    }
    assert_eq!(cluster.answers, [lost(token)]);
    assert_eq!(cluster.now, begun + 300 * MS);
    assert_eq!(cluster.node(2).role(), RoleKind::Follower);
    assert_eq!(cluster.node(2).leader(), Some(n(1)));
}

#[test]
fn a_new_term_or_a_candidacy_of_its_own_ends_the_wait() {
    let mut cluster = led();
    cluster.propose(2);
    let first = token(&cluster);
    cluster.receive(3, 2, 5, Body::RequestVoteReply { granted: false });
    assert_eq!(cluster.answers, [lost(first)]);

    for pre_vote in [false, true] {
        let settings = Settings {
            pre_vote,
            ..forwarding()
        };
        let mut cluster = led_with(settings);
        cluster.propose(2);
        let second = token(&cluster);
        cluster.advance(200);
        cluster.step(2, Input::Campaign);
        assert_eq!(cluster.answers, [lost(second)]);
        assert_eq!(cluster.node(2).proposals_forwarded(), 0);
    }
}

#[test]
fn a_proposal_that_arrives_twice_is_appended_twice_and_answered_once() {
    let mut cluster = led();
    cluster.propose(2);
    let twin = cluster.wire.back().cloned().expect("it was sent");
    cluster.wire.push_back(twin);
    cluster.deliver_all();
    assert_eq!(cluster.terms(1), [1, 1, 1]);
    assert_eq!(cluster.answers.len(), 1);
}

#[test]
fn an_answer_to_a_server_that_has_started_again_since_says_nothing() {
    let mut cluster = led();
    cluster.propose(2);
    let old = token(&cluster);
    cluster.deliver_one(passed_on(2));
    cluster.crash(2);
    cluster.start(2);
    cluster.timeout(1);
    cluster.deliver(|e| matches!(e.message.body, Body::AppendEntries(_)));
    cluster.propose(2);
    assert_ne!(token(&cluster), old, "names are drawn anew");
    cluster.deliver_one(|e| matches!(e.message.body, Body::ProposeReply { .. }));
    assert_eq!(cluster.answers, []);
}

#[test]
fn an_answer_of_a_higher_term_is_heard_before_the_term_is() {
    let mut cluster = led();
    cluster.propose(2);
    let token = token(&cluster);
    let answer = ProposalAnswer::Accepted(entry(4, 3));
    cluster.receive(1, 2, 3, Body::ProposeReply { token, answer });
    assert_eq!(
        cluster.answers,
        [(n(2), Effect::ProposalAnswered { token, answer })]
    );
    assert_eq!(cluster.node(2).current_term(), Term(3));
}

#[test]
fn what_waits_for_answers_is_bounded_in_bytes() {
    let mut cluster = Cluster::new(
        3,
        Settings {
            uncommitted_bytes: 100,
            ..forwarding()
        },
    );
    cluster.lead(1, &[2, 3]);
    cluster.deliver_all();
    cluster.propose_sizes(2, &[60]);
    let (leader, why) = (Some(n(1)), Refusal::TooMuchUncommitted);
    let refused = Effect::ProposalRefused { leader, why };
    assert_eq!(
        cluster.propose_sizes(2, &[60]),
        core::slice::from_ref(&refused)
    );
    cluster.deliver_all();
    assert_ne!(cluster.propose_sizes(2, &[60]), [refused]);
    for _ in 0..200 {
        cluster.propose_sizes(2, &[0]);
    }
    assert!(
        cluster.node(2).proposals_forwarded() <= 100,
        "nothing takes room, too"
    );
}

/// The bug A-07. It remembers leaders of earlier terms and forwards forwarded proposals, or
/// compares the term of a proposal with its own.
#[derive(Clone)]
struct Planted {
    again: bool,
}

impl Rules for Planted {
    fn forward_to(&self, leader: Option<NodeId>, last: Option<NodeId>) -> Option<NodeId> {
        leader.or(last)
    }
    fn forwards_again(&self) -> bool {
        self.again
    }
    fn proposal_term_counts(&self) -> bool {
        !self.again
    }
}

/// Server 2 led term 1, which 3 knows; server 3 led term 2, which 2 knows. Both are now in term 3,
/// without a leader.
fn confused(rules: impl Rules + 'static) -> Cluster {
    let mut cluster = Cluster::with_rules(rules, 3, forwarding());
    cluster.lead(2, &[1, 3]);
    cluster.lead(3, &[1, 2]);
    for id in [2, 3] {
        cluster.receive(1, id, 3, Body::RequestVoteReply { granted: false });
    }
    cluster.drop_all();
    cluster
}

#[test]
fn no_proposal_goes_in_circles_but_with_stale_leaders_and_passing_on_twice_it_would() {
    let hops = |cluster: &mut Cluster| {
        cluster.propose(2);
        (0..50).filter(|_| cluster.deliver_one(|_| true)).count()
    };
    assert_eq!(hops(&mut confused(Planted { again: true })), 50);
    let mut cluster = confused(Standard);
    cluster.propose(2);
    assert_eq!(cluster.wire.len(), 0, "nobody leads term 3");
}

#[test]
fn a_term_that_counts_would_let_a_follower_of_an_earlier_leader_depose_it() {
    let depose = |term_counts: bool| {
        let mut cluster = Cluster::with_rules(
            Planted {
                again: !term_counts,
            },
            3,
            forwarding(),
        );
        cluster.lead(1, &[2, 3]);
        // Server 2 is in a later term, and remembers server 1.
        cluster.receive(3, 2, 7, Body::RequestVoteReply { granted: false });
        cluster.drop_all();
        cluster.propose(2);
        cluster.deliver_one(passed_on(2));
        cluster.saw(1, |event| {
            matches!(
                event,
                Event::Became {
                    role: RoleKind::Follower,
                    term: Term(7),
                    ..
                }
            )
        })
    };
    assert!(depose(true));
    assert!(!depose(false));
}
