//! The checks can fail: servers that break one rule or one duty are caught by the churn scenario,
//! each at the property it breaks. Nothing here is a scenario made for its bug.

use std::collections::BTreeSet;

use kv::{Duties, Serial, Standing};
use raft_core::{EntryId, Index, NodeId, OutsideLog, Rules, Term, WriteId};
use raftsim::format::Property;
use raftsim::run::Verdict;
use tests::{run_with, scenario};

/// A server that breaks one rule: the next value of one field is wrong.
macro_rules! breaks {
    ($($(#[$doc:meta])* $name:ident { $($body:tt)* })*) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
        struct $name;
        impl Rules for $name { $($body)* }
    )* };
}

breaks! {
    /// Acknowledges what it has not made durable.
    AcknowledgesTooEarly {
        fn ack_index(&self, verified: Index, _: Index, _: Index) -> Index { verified }
    }
    /// Acknowledges its whole log, verified or not.
    AcknowledgesItsTail {
        fn ack_index(&self, _: Index, durable: Index, last: Index) -> Index { last.min(durable) }
    }
    /// Counts its own copy before it is durable.
    CountsItsOwnCopyTooEarly {
        fn own_copy(&self, _: Index, last: Index) -> Index { last }
    }
    /// Lets RequestVote leave before its own vote is durable.
    CampaignsTooEarly {
        fn candidacy_may_leave(&self, _: WriteId, _: WriteId) -> bool { true }
    }
    /// Votes for a candidate whose log is longer but older.
    ComparesIndexesOnly {
        fn log_is_up_to_date(&self, theirs: EntryId, own: EntryId) -> bool {
            theirs.index >= own.index
        }
    }
    /// Commits its own tail, which no message has shown to match.
    CommitsItsTail {
        fn follower_commit(&self, commit: Index, leader: Index, _: Index, last: Index) -> Index {
            commit.max(leader.min(last))
        }
    }
    /// Forgets its vote when it steps down within a term.
    ForgetsItsVote {
        fn vote_after_step_down(&self, _: Option<NodeId>, _: Term, _: Term) -> Option<NodeId> {
            None
        }
    }
    /// Takes a granted pre-vote for a vote.
    CountsPreVotes {
        fn pre_vote_is_a_vote(&self) -> bool { true }
    }
    /// Accepts entries after an entry of another term.
    AcceptsAnyPrevious {
        fn previous_matches(&self, own: Result<Term, OutsideLog>, _: Term) -> bool { own.is_ok() }
    }
    /// Lets a late acknowledgement lower what it knows to be replicated.
    LetsMatchFall {
        fn match_after_ack(&self, _: Index, acknowledged: Index) -> Index { acknowledged }
    }
    /// Takes a report about overwritten entries for one about those that replaced them.
    BelievesLateReports {
        fn in_flight_after_truncation(&self, last: Index, _: Index) -> Index { last }
        fn durable_after_truncation(&self, durable: Index, _: Index) -> Index { durable }
    }
    /// Cuts its log after every message, though the entries match.
    TruncatesWhatMatches {
        fn truncation(&self, _: Option<Index>, previous: Index, last: Index) -> Option<Index> {
            (previous < last).then(|| previous.next())
        }
    }
}

/// Breaks down where it decides, as a broken structure would.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct BreaksDown;

impl Rules for BreaksDown {
    fn own_copy(&self, durable: Index, last: Index) -> Index {
        assert!(last.0 < 20, "the log has only twenty places");
        durable
    }
}

/// Executes a retry again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct ForgetsSessions;

impl Duties for ForgetsSessions {
    fn standing(&self, _: Serial, _: Serial) -> Standing {
        Standing::New
    }
}

/// Answers a client with whatever was applied at its index.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct AnswersAnyone;

impl Duties for AnswersAnyone {
    fn reply_matches(&self, _: u64, _: u64) -> bool {
        true
    }
}

/// What the first of 200 seeds of churn that catches it reports, without the properties in
/// `but`.
fn caught<R: Rules + Clone, D: Duties>(rules: R, duties: D, but: &[Property]) -> &'static str {
    for seed in 1..=200 {
        let mut scenario = scenario("churn.json", seed);
        let wanted: BTreeSet<_> = Property::SINGLE.into_iter().collect();
        scenario.expect.always = wanted.into_iter().filter(|p| !but.contains(p)).collect();
        let outcome = run_with(&scenario, rules.clone(), duties.clone());
        if let Verdict::Safety(violation) = outcome.verdict {
            return violation.broken.name();
        }
    }
    "nothing"
}

fn broken<R: Rules + Clone>(rules: R) -> &'static str {
    caught(rules, kv::Standard, &[])
}

#[test]
fn a_follower_that_acknowledges_too_early_breaks_a_commits_quorum() {
    assert_eq!(broken(AcknowledgesTooEarly), "commit-quorum");
}

#[test]
fn a_follower_that_acknowledges_its_tail_breaks_a_commits_quorum() {
    assert_eq!(broken(AcknowledgesItsTail), "commit-quorum");
}

#[test]
fn a_leader_that_counts_its_own_copy_too_early_breaks_a_commits_quorum() {
    assert_eq!(broken(CountsItsOwnCopyTooEarly), "commit-quorum");
}

#[test]
fn a_candidate_that_campaigns_too_early_forgets_a_promise() {
    assert_eq!(broken(CampaignsTooEarly), "promises-kept");
}

#[test]
fn a_vote_for_an_older_log_loses_committed_entries() {
    assert_eq!(broken(ComparesIndexesOnly), "leader-completeness");
}

#[test]
fn a_follower_that_commits_its_tail_diverges() {
    assert_eq!(broken(CommitsItsTail), "state-machine-safety");
}

#[test]
fn a_server_that_forgets_its_vote_votes_twice() {
    assert_eq!(broken(ForgetsItsVote), "promises-kept");
}

#[test]
fn pre_votes_that_count_elect_two_leaders() {
    assert_eq!(broken(CountsPreVotes), "election-safety");
}

#[test]
fn entries_after_an_unknown_one_break_log_matching() {
    assert_eq!(broken(AcceptsAnyPrevious), "log-matching");
}

#[test]
fn a_match_index_that_falls_is_noticed() {
    assert_eq!(broken(LetsMatchFall), "monotonic-state");
}

#[test]
fn late_reports_that_are_believed_break_a_commits_quorum() {
    assert_eq!(
        broken(BelievesLateReports),
        "core-invariants",
        "the server itself notices first"
    );
    let but = [Property::CoreInvariants];
    assert_eq!(
        caught(BelievesLateReports, kv::Standard, &but),
        "commit-quorum"
    );
}

#[test]
fn a_log_that_is_cut_though_it_matches_breaks_a_commits_quorum() {
    assert_eq!(
        broken(TruncatesWhatMatches),
        "core-invariants",
        "the server itself notices first"
    );
    let but = [Property::CoreInvariants];
    assert_eq!(
        caught(TruncatesWhatMatches, kv::Standard, &but),
        "commit-quorum"
    );
}

#[test]
fn a_store_that_forgets_sessions_executes_a_retry_twice() {
    assert_eq!(
        caught(raft_core::Standard, ForgetsSessions, &[]),
        "exactly-once"
    );
}

#[test]
fn an_answer_meant_for_another_request_is_not_explained_by_the_log() {
    let expected = "applied-order-explains-replies";
    assert_eq!(caught(raft_core::Standard, AnswersAnyone, &[]), expected);
}

#[test]
fn an_assertion_that_fails_in_the_core_is_a_finding_and_not_the_end_of_the_tool() {
    assert_eq!(broken(BreaksDown), "core-assertion");
}

/// Never asks for votes: its candidacy waits for a report that does not count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
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
