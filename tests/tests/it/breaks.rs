//! The checks can fail: the churn scenario catches servers with a bug, each at a property that the
//! bug's card names. No scenario here is made for its bug. Wider profiles catch the bugs that churn
//! does not find soon.

use std::collections::BTreeSet;

use crate::corpus::{run_with, scenario};
use raft_core::{Index, OutsideLog, Rules, Term, WriteId};
use runner::run_with_bug;
use runner::{Outcome, Unobserved, Verdict};
use scenario::{Overrides, Resolved, parse};
use sut::bugs::{Bug, Shows};
use sut::{AnyDuties, AnyRules, Property};

/// Churn with only these properties.
fn churn(seed: u64, but: &[Property]) -> Resolved {
    let mut scenario = scenario("churn.json", seed);
    let wanted: BTreeSet<_> = Property::SINGLE.into_iter().collect();
    scenario.expect.always = wanted.into_iter().filter(|p| !but.contains(p)).collect();
    scenario
}

/// The failure that a run shows, if any.
fn shown(outcome: &Outcome) -> Option<&'static str> {
    match &outcome.verdict {
        Verdict::Safety(violation) => Some(violation.broken.name()),
        Verdict::Liveness(_) => Some(Shows::Liveness.name()),
        Verdict::Expectation(_) => Some(Shows::Limits.name()),
        Verdict::Ok | Verdict::Inconclusive(_) => None,
    }
}

/// The failure of the first seed that catches the bug, without the properties in `but`.
fn first(bug: Bug, within: u64, but: &[Property]) -> &'static str {
    let run = |seed| run_with_bug(&churn(seed, but), Some(bug), &mut Unobserved);
    let found = (1..=within).find_map(|seed| shown(&run(seed)));
    found.unwrap_or("nothing")
}

/// Asserts that one of `within` seeds shows a failure of the bug's card.
fn caught(bug: Bug, within: u64) {
    let first = first(bug, within, &[]);
    let breaks = bug.card().breaks;
    assert!(
        breaks.iter().any(|shows| shows.name() == first),
        "{bug} shows {first}, not {breaks:?}"
    );
}

#[test]
fn a_server_that_forgets_its_vote_votes_twice() {
    caught(Bug::E01, 20);
}

#[test]
fn a_vote_for_an_older_log_loses_committed_entries() {
    caught(Bug::E03, 100);
}

#[test]
fn pre_votes_that_count_elect_two_leaders() {
    caught(Bug::E08, 150);
}

#[test]
fn a_follower_that_acknowledges_too_early_breaks_a_commits_quorum() {
    caught(Bug::P01, 10);
}

#[test]
fn a_candidate_that_campaigns_too_early_forgets_a_promise() {
    caught(Bug::P03, 150);
}

#[test]
fn a_late_report_that_is_believed_is_noticed_by_the_server_or_at_the_next_commit() {
    caught(Bug::P05a, 100);
    let but = [Property::CoreInvariants];
    assert_eq!(first(Bug::P05a, 250, &but), "commit-quorum");
}

#[test]
fn a_watermark_that_survives_a_truncation_is_noticed_by_the_server_or_at_the_next_commit() {
    caught(Bug::P05c, 20);
    let but = [Property::CoreInvariants];
    assert_eq!(first(Bug::P05c, 100, &but), "commit-quorum");
}

#[test]
fn a_log_that_is_cut_though_it_matches_breaks_a_commits_quorum() {
    for bug in [Bug::P07, Bug::R09] {
        caught(bug, 10);
        let but = [Property::CoreInvariants];
        assert_eq!(first(bug, 100, &but), "commit-quorum", "{bug}");
    }
}

#[test]
fn a_leader_that_counts_its_own_copy_too_early_breaks_a_commits_quorum() {
    caught(Bug::P08, 20);
}

#[test]
fn a_follower_that_commits_its_tail_diverges() {
    caught(Bug::R01, 20);
}

#[test]
fn a_match_index_that_falls_is_noticed() {
    caught(Bug::R04, 10);
    caught(Bug::R07, 10);
}

#[test]
fn a_follower_that_acknowledges_its_tail_breaks_a_commits_quorum_or_never_catches_up() {
    caught(Bug::R05, 20);
}

#[test]
fn a_leader_that_goes_back_nowhere_leaves_a_follower_behind() {
    caught(Bug::R10, 10);
}

#[test]
fn a_server_that_nobody_tells_its_term_follows_nobody() {
    caught(Bug::L01, 50);
}

#[test]
fn a_candidate_that_cannot_win_keeps_the_others_from_trying() {
    caught(Bug::L10, 50);
}

#[test]
fn a_state_that_knows_its_server_differs_from_the_others() {
    caught(Bug::A03, 5);
}

#[test]
fn a_store_that_forgets_sessions_executes_a_retry_twice() {
    caught(Bug::A04, 10);
}

#[test]
fn an_answer_meant_for_another_request_is_not_explained_by_the_log() {
    caught(Bug::A05, 10);
}

// ---- bugs that churn does not show soon --------------------------------------------------------

const LONG_DELAYS: &str = include_str!("../../scenarios/long-delays.json");
const YOUNG_LEADERS: &str = include_str!("../../scenarios/young-leaders.json");
const SILENT_CLIENTS: &str = include_str!("../../scenarios/silent-clients.json");
const DEAF_SERVER: &str = include_str!("../../scenarios/deaf-server.json");
const DEAF_FORWARDER: &str = include_str!("../../scenarios/deaf-forwarder.json");
const ORPHANED_PAIR: &str = include_str!("../../scenarios/orphaned-pair.json");
const LONG_TRANSFERS: &str = include_str!("../../scenarios/long-transfers.json");
const SLOW_RECEIVER: &str = include_str!("../../scenarios/slow-receiver.json");
const CHANGED_TOO_SOON: &str = include_str!("../../scenarios/changed-too-soon.json");
const TWO_CHANGES_AT_ONCE: &str = include_str!("../../scenarios/two-changes-at-once.json");
const RESTARTED_AFTER_TWO_CHANGES: &str =
    include_str!("../../scenarios/restarted-after-two-changes.json");
const OUTLIVED_CONFIGURATION: &str = include_str!("../../scenarios/outlived-configuration.json");
const LEFT_AT_ONCE: &str = include_str!("../../scenarios/left-at-once.json");
const VOTES_OF_LEARNERS: &str = include_str!("../../scenarios/votes-of-learners.json");
const SNAPSHOT_OF_A_JOINT_CONFIGURATION: &str =
    include_str!("../../../scenarios/lesson/m14-snapshot-keeps-both-halves.json");
const REMOVED_LEADER_AND_A_LOST_MESSAGE: &str =
    include_str!("../../scenarios/removed-leader-and-a-lost-message.json");
const REMOVED_SERVER: &str = include_str!("../../scenarios/removed-server.json");
const DEAD_NEWCOMER: &str = include_str!("../../scenarios/dead-newcomer.json");
const LEARNER_ADDED_AGAIN: &str = include_str!("../../scenarios/learner-added-again.json");
const DEAF_LEARNER: &str = include_str!("../../scenarios/deaf-learner.json");
const WITNESS_THAT_HEARS_NOBODY: &str =
    include_str!("../../scenarios/witness-that-hears-nobody.json");
const WITNESS_MADE_A_VOTER: &str = include_str!("../../scenarios/witness-made-a-voter.json");
const DEAD_HALF: &str = include_str!("../../scenarios/dead-half.json");
const IDLE_CLUSTER: &str = include_str!("../../../scenarios/idle-cluster.json");
const SLOW_TO_WAKE: &str = include_str!("../../scenarios/slow-to-wake.json");
const SNAPSHOTS: &str = include_str!("../../../scenarios/snapshots.json");
const SESSIONS: &str = include_str!("../../../scenarios/sessions.json");

/// Asserts that the bug shows in this scenario within `within` seeds, and that the first such seed
/// does not fail without the bug.
fn shown_by(text: &str, bug: Bug, within: u64) {
    let resolve = |seed| {
        let overrides = Overrides {
            seed: Some(seed),
            ..Overrides::default()
        };
        parse("inline.json", text, &overrides).expect("the scenario has no mistakes")
    };
    let run = |seed, bug| run_with_bug(&resolve(seed), bug, &mut Unobserved);
    let found = (1..=within).find_map(|seed| Some((seed, shown(&run(seed, Some(bug)))?)));
    let (seed, first) = found.unwrap_or_else(|| panic!("{bug} is not shown"));
    let breaks = bug.card().breaks;
    assert!(
        breaks.iter().any(|shows| shows.name() == first),
        "{bug} shows {first}, not {breaks:?}"
    );
    assert_eq!(run(seed, None).verdict, Verdict::Ok, "{bug}, seed {seed}");
}

/// Asserts that the bug violates one property early and without harm to clients, and that it shows
/// as a lack of service if that property is not checked.
fn shown_twice(text: &str, bug: Bug, within: u64) {
    shown_by(text, bug, within);
    let verdicts = |but: &[Property]| -> BTreeSet<&'static str> {
        let seeds = (1..=within).filter_map(|seed| {
            let overrides = Overrides {
                seed: Some(seed),
                ..Overrides::default()
            };
            let mut scenario = parse("inline.json", text, &overrides).expect("it has no mistakes");
            let all = Property::SINGLE.into_iter();
            scenario.expect.always = all.filter(|p| !but.contains(p)).collect();
            shown(&run_with_bug(&scenario, Some(bug), &mut Unobserved))
        });
        seeds.collect()
    };
    assert_eq!(verdicts(&[]), ["members-as-asked"].into(), "{bug}");
    let service = verdicts(&[Property::MembersAsAsked]);
    assert_eq!(service, [Shows::Liveness.name()].into(), "{bug}");
}

#[test]
fn votes_of_an_older_term_elect_two_leaders() {
    shown_by(LONG_DELAYS, Bug::E05, 100);
}

#[test]
fn a_vote_that_leaves_too_early_is_given_twice() {
    shown_by(LONG_DELAYS, Bug::P02, 100);
}

#[test]
fn first_entries_that_are_not_compared_survive_their_replacement() {
    shown_by(LONG_DELAYS, Bug::R02, 20);
}

#[test]
fn entries_of_earlier_terms_committed_by_counting_are_lost() {
    shown_by(YOUNG_LEADERS, Bug::C01, 250);
}

#[test]
fn two_logs_of_which_one_is_longer_and_one_newer_elect_nobody() {
    shown_by(YOUNG_LEADERS, Bug::E03b, 50);
}

#[test]
fn a_leader_without_an_entry_of_its_own_cannot_tell_what_was_committed() {
    shown_by(SILENT_CLIENTS, Bug::C09, 10);
}

#[test]
fn a_server_that_cannot_hear_deposes_every_leader() {
    shown_by(DEAF_SERVER, Bug::L07, 5);
}

#[test]
fn a_proposal_whose_term_counts_deposes_the_leader_again_and_again() {
    shown_by(DEAF_FORWARDER, Bug::A07, 5);
}

#[test]
fn a_proposal_that_is_passed_on_again_goes_in_circles() {
    shown_by(ORPHANED_PAIR, Bug::A07b, 5);
}

#[test]
fn a_snapshot_named_after_what_it_does_not_hold_skips_entries() {
    shown_by(SNAPSHOTS, Bug::P10, 30);
}

#[test]
fn a_log_that_is_cut_too_early_leaves_a_gap() {
    shown_by(SNAPSHOTS, Bug::P18, 60);
}

#[test]
fn a_leader_that_sends_no_snapshot_leaves_a_follower_behind() {
    shown_by(SNAPSHOTS, Bug::R13, 10);
}

#[test]
fn an_older_snapshot_that_is_installed_takes_a_server_back() {
    shown_by(SNAPSHOTS, Bug::S01, 100);
}

#[test]
fn a_snapshot_that_clears_the_log_takes_back_what_was_acknowledged() {
    shown_by(SNAPSHOTS, Bug::S01b, 100);
}

#[test]
fn a_conflicting_entry_that_passes_for_the_snapshots_last_one_is_committed() {
    shown_by(SNAPSHOTS, Bug::S02, 30);
}

#[test]
fn pieces_of_two_snapshots_make_a_state_that_nobody_had() {
    shown_by(LONG_TRANSFERS, Bug::S04, 100);
}

#[test]
fn a_snapshot_without_sessions_is_not_the_state() {
    shown_by(SNAPSHOTS, Bug::S06, 10);
}

#[test]
fn a_snapshot_without_last_uses_keeps_sessions_too_long() {
    shown_by(SESSIONS, Bug::S06b, 10);
}

#[test]
fn a_session_that_expires_on_one_server_only_leaves_it_in_another_state() {
    shown_by(SESSIONS, Bug::A04b, 10);
}

#[test]
fn a_request_that_opens_its_expired_session_again_is_executed_twice() {
    shown_by(SESSIONS, Bug::A04c, 10);
}

#[test]
fn a_leader_that_never_hears_of_an_installed_snapshot_sends_no_entries() {
    shown_by(SNAPSHOTS, Bug::S08, 10);
}

#[test]
fn a_server_that_takes_no_piece_for_a_sign_of_life_deposes_its_leader() {
    shown_by(SLOW_RECEIVER, Bug::S10, 10);
}

#[test]
fn a_leader_that_waits_for_a_refusal_waits_for_ever() {
    shown_by(SNAPSHOTS, Bug::S11, 60);
}

#[test]
fn a_change_before_an_entry_of_the_own_term_loses_what_was_committed() {
    shown_by(CHANGED_TOO_SOON, Bug::M01, 1);
}

#[test]
fn two_changes_at_once_elect_two_leaders() {
    shown_by(TWO_CHANGES_AT_ONCE, Bug::M03, 1);
}

#[test]
fn a_configuration_that_counts_only_if_committed_elects_two_leaders_after_a_restart() {
    for bug in [Bug::M02, Bug::P16] {
        shown_by(RESTARTED_AFTER_TWO_CHANGES, bug, 1);
    }
}

#[test]
fn a_configuration_that_outlives_its_entry_elects_two_leaders() {
    shown_by(OUTLIVED_CONFIGURATION, Bug::M04, 1);
}

#[test]
fn a_snapshot_without_the_outgoing_half_gives_members_that_nobody_committed() {
    shown_by(SNAPSHOT_OF_A_JOINT_CONFIGURATION, Bug::M06, 1);
}

#[test]
fn a_joint_configuration_that_is_left_at_once_elects_two_leaders() {
    shown_by(LEFT_AT_ONCE, Bug::M08, 1);
}

#[test]
fn a_joint_configuration_that_its_incoming_half_commits_breaks_a_commits_quorum() {
    shown_by(LEFT_AT_ONCE, Bug::C05, 1);
}

#[test]
fn a_leader_that_goes_too_early_is_not_removed_if_messages_are_lost() {
    shown_twice(REMOVED_LEADER_AND_A_LOST_MESSAGE, Bug::M09, 1);
}

#[test]
fn a_removed_server_deposes_every_leader() {
    shown_by(REMOVED_SERVER, Bug::M10, 5);
}

#[test]
fn a_newcomer_without_a_log_takes_away_what_a_crash_was_allowed_to() {
    shown_twice(DEAD_NEWCOMER, Bug::M12, 5);
}

#[test]
fn a_learner_that_is_added_again_counts_when_it_is_gone() {
    shown_twice(LEARNER_ADDED_AGAIN, Bug::M14, 5);
}

#[test]
fn a_learner_that_cannot_hear_deposes_every_leader() {
    shown_by(DEAF_LEARNER, Bug::E15, 5);
}

#[test]
fn votes_of_learners_elect_two_leaders() {
    shown_by(VOTES_OF_LEARNERS, Bug::E18, 1);
}

#[test]
fn a_joint_configuration_with_a_dead_half_lets_nothing_commit() {
    shown_twice(DEAD_HALF, Bug::L17, 5);
}

#[test]
fn sleepers_that_do_not_wake_elect_nobody() {
    shown_by(IDLE_CLUSTER, Bug::L14, 5);
}

#[test]
fn a_sleeper_that_takes_silence_for_death_deposes_its_leader() {
    shown_by(SLOW_TO_WAKE, Bug::L14b, 1);
}

#[test]
fn a_witness_that_cannot_hear_stands_without_data() {
    shown_by(WITNESS_THAT_HEARS_NOBODY, Bug::W01, 1);
}

#[test]
fn a_witness_that_is_made_a_voter_counts_as_a_copy_of_what_it_lacks() {
    shown_by(WITNESS_MADE_A_VOTER, Bug::W02, 1);
}

/// The bug counts half of the servers as a quorum if their number is even.
#[test]
fn two_halves_of_four_servers_decide_for_themselves() {
    let breaks = Bug::C03.card().breaks;
    let four = |seed| {
        let mut scenario = churn(seed, &[]);
        scenario.nodes.truncate(4);
        scenario
    };
    let run = |seed| run_with_bug(&four(seed), Some(Bug::C03), &mut Unobserved);
    let found = (1..=50).find_map(|seed| shown(&run(seed)));
    let named = |first| breaks.iter().any(|shows| shows.name() == first);
    assert!(found.is_some_and(named), "{found:?}");
}

// ---- bugs without a row in the gallery ---------------------------------------------------------

/// The failure of the first of 200 seeds of churn that catches the bug.
fn broken<R: AnyRules, D: AnyDuties>(rules: R, duties: D) -> &'static str {
    let run = |seed| run_with(&churn(seed, &[]), rules.clone(), duties.clone());
    let found = (1..=200).find_map(|seed| shown(&run(seed)));
    found.unwrap_or("nothing")
}

/// Accepts entries after an entry of another term.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct AcceptsAnyPrevious;

impl Rules for AcceptsAnyPrevious {
    fn previous_matches(&self, own: Result<Term, OutsideLog>, _: Term) -> bool {
        own.is_ok()
    }
}

#[test]
fn entries_after_an_unknown_one_break_log_matching() {
    assert_eq!(broken(AcceptsAnyPrevious, kv::Standard), "log-matching");
}

/// Panics in a decision, as a corrupted data structure would.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct BreaksDown;

impl Rules for BreaksDown {
    fn own_copy(&self, durable: Index, last: Index) -> Index {
        assert!(last.0 < 20, "the log has only twenty places");
        durable
    }
}

#[test]
fn an_assertion_that_fails_in_the_core_is_a_finding_and_not_the_end_of_the_tool() {
    assert_eq!(broken(BreaksDown, kv::Standard), "core-assertion");
}

/// Never asks for votes: its candidacy waits for a report that does not count.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct NeverAsks;

impl Rules for NeverAsks {
    fn candidacy_may_leave(&self, _: WriteId, _: WriteId) -> bool {
        false
    }
}

#[test]
fn a_cluster_that_elects_nobody_is_not_live() {
    let verdict = run_with(&scenario("lossy-network.json", 1), NeverAsks, kv::Standard).verdict;
    assert!(matches!(verdict, Verdict::Liveness(_)), "{verdict:?}");
}
