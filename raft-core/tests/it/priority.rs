//! A server of higher priority refuses others, but does not block them indefinitely.

use crate::common::{Cluster, MS, n, plain};
use raft_core::{
    Body, EntryId, Event, Index, Input, Priority, RoleKind, Rules, Settings, Span, Standard, Term,
    VoteRefusal,
};

/// Server 1 has priority 2, server 2 has priority 1, the others have priority 0.
fn ranked(rules: impl Rules + 'static, size: u64, settings: Settings) -> Cluster {
    let mut cluster = Cluster::with_rules(rules, size, settings);
    for (id, priority) in [(1, 2), (2, 1)] {
        cluster.settings.priority = Priority(priority);
        cluster.start(id);
    }
    cluster.settings.priority = Priority(0);
    cluster
}

fn entry(index: u64, term: u64) -> EntryId {
    let (index, term) = (Index(index), Term(term));
    EntryId { index, term }
}

fn asks(last: EntryId, priority: u8, transfer: bool) -> Body {
    let priority = Priority(priority);
    Body::RequestVote {
        last,
        priority,
        transfer,
    }
}

/// Whether server 1 gives its vote in its last answer.
fn voted(cluster: &Cluster) -> bool {
    let sent = cluster.wire.back().map(|envelope| &envelope.message.body);
    match sent {
        Some(Body::RequestVoteReply { granted } | Body::PreVoteReply { granted, .. }) => *granted,
        other => panic!("an answer is expected, not {other:?}"),
    }
}

fn refused_for_priority(cluster: &Cluster, id: u64) -> bool {
    cluster.saw(id, |event| {
        matches!(
            event,
            Event::VoteRefused {
                why: VoteRefusal::LowerPriority { .. },
                ..
            } | Event::PreVoteRefused {
                why: VoteRefusal::LowerPriority { .. },
                ..
            }
        )
    })
}

#[test]
fn a_candidate_of_lower_priority_and_the_same_log_gets_no_vote_and_no_pre_vote() {
    for (priority, granted) in [(0, false), (1, false), (2, true), (3, true)] {
        let mut cluster = ranked(Standard, 3, plain());
        cluster.receive(3, 1, 1, asks(entry(0, 0), priority, false));
        assert_eq!(voted(&cluster), granted, "priority {priority}");

        let mut cluster = ranked(Standard, 3, plain());
        cluster.advance(150);
        let (last, priority) = (entry(0, 0), Priority(priority));
        cluster.receive(3, 1, 0, Body::PreVote { last, priority });
        assert_eq!(voted(&cluster), granted, "pre-vote of {priority}");
    }
}

#[test]
fn a_log_that_holds_more_outweighs_any_priority_whichever_way_it_does() {
    let asked = |last| {
        let mut cluster = ranked(Standard, 3, plain()).with_logs(2, &[&[1, 1], &[1], &[1]]);
        cluster.settings.priority = Priority(2);
        cluster.start(1);
        cluster.receive(3, 1, 3, asks(last, 0, false));
        voted(&cluster)
    };
    assert!(!asked(entry(2, 1)), "the same log");
    assert!(asked(entry(3, 1)), "a longer one");
    assert!(asked(entry(2, 2)), "as long, of a later term");
    assert!(asked(entry(1, 2)), "shorter, of a later term");
}

#[test]
fn a_candidate_that_the_leader_told_to_campaign_is_not_refused_for_its_priority() {
    let mut cluster = ranked(Standard, 3, plain());
    cluster.receive(3, 1, 1, asks(entry(0, 0), 0, true));
    assert!(voted(&cluster));

    let mut cluster = ranked(Standard, 3, Settings::default());
    cluster.lead(1, &[2, 3]);
    cluster.step(1, Input::Transfer { to: n(3) });
    cluster.deliver_all();
    assert_eq!(cluster.node(3).role(), RoleKind::Leader);
}

#[test]
fn the_server_that_refused_wins_and_the_refused_one_follows_it() {
    let mut cluster = ranked(Standard, 3, Settings::default());
    cluster.crash(2);
    cluster.advance(300);
    cluster.timeout(3);
    cluster.deliver_all();
    assert!(refused_for_priority(&cluster, 1));
    assert_ne!(cluster.node(3).role(), RoleKind::Leader);
    cluster.timeout(1);
    cluster.deliver_all();
    assert_eq!(cluster.node(1).role(), RoleKind::Leader);
    assert_eq!(cluster.node(3).leader(), Some(n(1)));
}

/// Lets server 3 campaign repeatedly, while server 1 reaches only server 3 and so never wins.
/// Returns the time in milliseconds at which server 3 leads.
fn until_the_hub_leads(rules: impl Rules + 'static) -> Option<u64> {
    let mut cluster = ranked(rules, 5, Settings::default());
    cluster.crash(2);
    cluster.crash(5);
    for _ in 0..40 {
        let next = [1, 3, 4]
            .into_iter()
            .min_by_key(|id| cluster.node(*id).deadline());
        cluster.timeout(next.expect("three are up"));
        let linked = |a: u64, b: u64| a == 3 || b == 3;
        while cluster.deliver_one(|e| linked(e.from.0, e.to.0) && ![2, 5].contains(&e.to.0)) {}
        cluster.drop_all();
        if cluster.node(3).role() == RoleKind::Leader {
            return Some(cluster.now / MS);
        }
    }
    None
}

#[test]
fn a_preferred_server_that_cannot_win_stands_in_the_way_for_a_few_timeouts_only() {
    let after = until_the_hub_leads(Standard).expect("somebody leads in the end");
    assert!(after >= 1_200, "four times 300 ms, not {after} ms");
    assert!(after <= 1_200 + 3 * 300, "not much later: {after} ms");
}

#[test]
fn without_an_end_of_its_patience_nobody_would_ever_lead() {
    #[derive(Clone)]
    struct Stubborn;
    impl Rules for Stubborn {
        fn lower_priority_is_refused(
            &self,
            candidate: Priority,
            own: Priority,
            newer: bool,
            _: Span,
            _: Span,
        ) -> bool {
            candidate < own && !newer
        }
    }
    assert_eq!(until_the_hub_leads(Stubborn), None);
}

#[test]
fn a_leader_that_is_deposed_insists_and_one_that_gives_up_does_not() {
    let led = || {
        let mut cluster = ranked(Standard, 3, plain());
        cluster.lead(1, &[2, 3]);
        cluster.advance(2_000);
        cluster.timeout(1);
        cluster.deliver_all();
        cluster
    };
    let last = entry(1, 1);
    let mut deposed = led();
    deposed.receive(3, 1, 2, asks(last, 0, false));
    assert!(!voted(&deposed));

    let mut gave_up = led();
    gave_up.step(1, Input::StepDown);
    gave_up.receive(3, 1, 2, asks(last, 0, false));
    assert!(voted(&gave_up));
}

#[test]
fn whoever_hears_a_leader_begins_to_be_patient_anew() {
    let mut cluster = ranked(Standard, 3, plain());
    cluster.lead(2, &[1, 3]);
    cluster.advance(10_000);
    cluster.timeout(2);
    cluster.deliver_all();
    cluster.receive(3, 1, 2, asks(entry(1, 1), 0, false));
    assert!(!voted(&cluster), "it heard from a leader just now");
    cluster.advance(1_200);
    cluster.receive(3, 1, 3, asks(entry(1, 1), 0, false));
    assert!(voted(&cluster));
}

#[test]
fn the_status_shows_the_priority() {
    let cluster = ranked(Standard, 3, plain());
    assert_eq!(cluster.node(2).status().priority, Priority(1));
}
