//! Transfer of leadership (dissertation §3.10), stepping down, and the leader's refusals meanwhile.

use crate::common::{Cluster, MS, n};
use raft_core::{
    Body, Effect, Event, Input, Refusal, RoleKind, Rules, Settings, Span, Term, TransferFailure,
};

fn led() -> Cluster {
    led_with(Settings::default())
}

fn led_with(settings: Settings) -> Cluster {
    let mut cluster = Cluster::new(3, settings);
    cluster.lead(1, &[2, 3]);
    cluster
}

fn transfer(cluster: &mut Cluster, from: u64, to: u64) -> Vec<Effect> {
    cluster.step(from, Input::Transfer { to: n(to) })
}

#[test]
fn the_target_campaigns_at_once_and_wins_though_the_leader_is_fresh() {
    let mut cluster = led();
    let before = cluster.now;
    transfer(&mut cluster, 1, 2);
    cluster.deliver_all();
    assert_eq!(cluster.node(2).role(), RoleKind::Leader);
    assert_eq!(cluster.node(2).current_term(), Term(2), "one term later");
    assert_eq!(cluster.node(1).role(), RoleKind::Follower);
    assert_eq!(cluster.now, before, "no timeout passed");
}

#[test]
fn a_target_that_lags_is_brought_up_first() {
    let mut cluster = led();
    cluster.propose(1);
    cluster.propose(1);
    cluster.deliver_among(&[1, 3]);
    cluster.drop_all();
    transfer(&mut cluster, 1, 2);
    let told = |e: &crate::common::Envelope| matches!(e.message.body, Body::TimeoutNow);
    assert!(
        !cluster.wire.iter().any(told),
        "2 does not have the whole log"
    );
    cluster.deliver_all();
    assert_eq!(cluster.node(2).role(), RoleKind::Leader);
    assert_eq!(cluster.terms(2), [1, 1, 1, 2]);
}

#[test]
fn proposals_are_refused_with_the_reason_while_leadership_is_handed_over() {
    let mut cluster = led();
    transfer(&mut cluster, 1, 2);
    let (leader, why) = (Some(n(1)), Refusal::Transferring { to: n(2) });
    assert_eq!(
        cluster.propose(1),
        [Effect::ProposalRefused { leader, why }]
    );
}

#[test]
fn a_target_that_does_not_take_over_leaves_the_leader_in_place_after_an_election_timeout() {
    let mut cluster = led();
    cluster.crash(2);
    let begun = cluster.now;
    transfer(&mut cluster, 1, 2);
    while cluster.answers.is_empty() {
        cluster.timeout(1);
        cluster.deliver_all();
    }
    let (to, why) = (n(2), TransferFailure::TimedOut);
    assert_eq!(
        cluster.answers,
        [(n(1), Effect::TransferFailed { to, why })]
    );
    assert_eq!(
        cluster.now,
        begun + 300 * MS,
        "the longest election timeout"
    );
    cluster.propose(1);
    cluster.deliver_all();
    assert_eq!(cluster.node(1).commit_index().0, 2, "it goes on as before");
}

#[test]
fn a_lost_order_to_campaign_is_given_again_with_the_next_heartbeat() {
    let mut cluster = led();
    transfer(&mut cluster, 1, 2);
    cluster.drop_all();
    cluster.timeout(1);
    cluster.deliver_all();
    assert_eq!(cluster.node(2).role(), RoleKind::Leader);
}

#[test]
fn what_cannot_be_done_is_refused_by_name() {
    let mut cluster = led();
    let leader = Some(n(1));
    let cases = [
        (2, 3, TransferFailure::NotLeader { leader }),
        (1, 1, TransferFailure::LeadsAlready),
        (1, 9, TransferFailure::NoVoter),
    ];
    for (at, to, why) in cases {
        let to = n(to);
        assert_eq!(
            transfer(&mut cluster, at, to.0),
            [Effect::TransferFailed { to, why }]
        );
    }
    transfer(&mut cluster, 1, 2);
    let (to, why) = (n(3), TransferFailure::Busy { to: n(2) });
    assert_eq!(
        transfer(&mut cluster, 1, 3),
        [Effect::TransferFailed { to, why }]
    );
}

#[test]
fn an_order_to_campaign_of_an_earlier_term_is_put_aside() {
    let mut cluster = led();
    transfer(&mut cluster, 1, 2);
    let late: Vec<_> = cluster.wire.drain(..).collect();
    cluster.lead(3, &[1, 2]);
    let term = cluster.node(3).current_term();
    cluster.wire.extend(late);
    cluster.deliver_all();
    assert_eq!(cluster.node(3).role(), RoleKind::Leader);
    assert_eq!(cluster.node(3).current_term(), term);
}

#[test]
fn a_leader_that_is_told_to_campaign_does_nothing_and_a_follower_does() {
    let mut cluster = led();
    cluster.step(1, Input::Campaign);
    assert_eq!(cluster.node(1).role(), RoleKind::Leader);
    cluster.advance(200);
    cluster.step(2, Input::Campaign);
    assert_eq!(cluster.node(2).role(), RoleKind::PreCandidate);
}

#[test]
fn a_follower_that_has_just_heard_its_leader_does_not_campaign_whoever_wants_it() {
    for pre_vote in [false, true] {
        let mut cluster = led_with(Settings {
            pre_vote,
            ..Settings::default()
        });
        cluster.step(2, Input::Campaign);
        assert_eq!(
            cluster.node(2).role(),
            RoleKind::Follower,
            "a lease may rest on it"
        );
        let mut cluster = led_with(Settings {
            pre_vote,
            stickiness: false,
            ..Settings::default()
        });
        cluster.step(2, Input::Campaign);
        assert_ne!(cluster.node(2).role(), RoleKind::Follower, "no lease does");
    }
}

#[test]
fn a_leader_steps_down_on_request_and_is_the_last_to_campaign() {
    let mut cluster = led();
    cluster.step(1, Input::StepDown);
    assert_eq!(cluster.node(1).role(), RoleKind::Follower);
    assert_eq!(cluster.node(1).current_term(), Term(1), "in the same term");
    let deadline = cluster.node(1).deadline().expect("it waits for a leader");
    assert_eq!(deadline.0, cluster.now + 300 * MS);
    cluster.step(2, Input::StepDown);
    assert_eq!(
        cluster.node(2).leader(),
        Some(n(1)),
        "who does not lead does nothing"
    );
}

#[test]
fn a_leader_whose_disk_finishes_nothing_steps_down() {
    let mut cluster = led();
    cluster.instant_disk = false;
    cluster.propose(1);
    while cluster.node(1).role() == RoleKind::Leader {
        cluster.timeout(1);
        cluster.sync(2);
        cluster.sync(3);
        cluster.deliver_all();
        assert!(cluster.now < 60_000 * MS, "it leads for ever");
    }
    assert!(cluster.saw(1, |event| matches!(event, Event::DiskStalled { .. })));
    cluster.timeout(1);
    cluster.deliver_all();
    assert_ne!(
        cluster.node(1).role(),
        RoleKind::Leader,
        "it could not store its candidacy"
    );
}

#[test]
fn a_leader_whose_disk_is_slow_stays() {
    let mut cluster = led();
    cluster.instant_disk = false;
    for _ in 0..100 {
        cluster.propose(1);
        cluster.timeout(1);
        cluster.timeout(1);
        for id in 1..=3 {
            cluster.sync(id);
        }
        cluster.deliver_all();
    }
    assert_eq!(cluster.node(1).role(), RoleKind::Leader);
}

#[test]
fn what_is_not_committed_is_bounded_but_one_large_proposal_is_taken_alone() {
    let mut cluster = Cluster::new(
        3,
        Settings {
            uncommitted_bytes: 100,
            ..Settings::default()
        },
    );
    cluster.lead(1, &[2, 3]);
    let refused = |effects: &[Effect]| {
        effects.iter().any(|effect| {
            let full = Refusal::TooMuchUncommitted;
            matches!(effect, Effect::ProposalRefused { why, .. } if *why == full)
        })
    };
    for _ in 0..2 {
        assert!(!refused(&cluster.propose_sizes(1, &[50])));
    }
    assert!(refused(&cluster.propose_sizes(1, &[1])));
    cluster.deliver_all();
    assert!(!refused(&cluster.propose_sizes(1, &[150])), "alone");
    assert!(refused(&cluster.propose_sizes(1, &[1])));
}

#[test]
fn a_transfer_refused_for_the_leaders_sake_never_succeeds() {
    #[derive(Clone)]
    struct Stubborn;
    impl Rules for Stubborn {
        fn transfer_overrides_stickiness(&self) -> bool {
            false
        }
    }
    let mut cluster = Cluster::with_rules(Stubborn, 3, Settings::default());
    cluster.lead(1, &[2, 3]);
    transfer(&mut cluster, 1, 2);
    cluster.deliver_all();
    assert_ne!(cluster.node(2).role(), RoleKind::Leader);
}

#[test]
fn a_clock_error_of_an_election_timeout_leaves_no_lease() {
    let settings = Settings {
        clock_error: Some(Span(150 * MS)),
        ..Settings::default()
    };
    assert!(settings.validate().is_err());
}
