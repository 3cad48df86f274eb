//! The rules of Figure 2 as cards: one situation, one stimulus, the one correct answer.

use crate::common::card::{Card, accepted, append, crash_after_reply, grant, play, rejected, vote};
use raft_core::{
    EntryId, Index, Instant, Message, NodeId, OutsideLog, Rules, Standard, Term, WriteId,
};

fn card(
    name: &'static str,
    section: &'static str,
    before: &'static str,
    messages: impl Into<Vec<(u64, Message)>>,
    after: &'static str,
) -> Card {
    let messages = messages.into();
    Card {
        name,
        section,
        before,
        messages,
        after,
    }
}

/// Name, section, server S2 before (role, term, vote, terms of its log), the messages to it, and
/// its answers, state and timer after.
#[rustfmt::skip]
fn cards() -> Vec<Card> {
    vec![
        card("RV1 a stale term", "§5.1", "F t3 v- [1]",
            [vote(1, 2, &[1])],
            "refuses S1 t3; F t3 v- [1] commit #0; timer runs on"),
        card("RV2 one vote a term", "§5.2", "F t2 v1 [1]",
            [vote(3, 2, &[1]), vote(1, 2, &[1])],
            "refuses S3 t2; grants S1 t2; F t2 v1 [1] commit #0; timer reset"),
        card("RV3 a new term frees the vote", "§5.1, §5.2", "F t2 v1 [1]",
            [vote(3, 3, &[1])],
            "disk, grants S3 t3; F t3 v3 [1] commit #0; timer reset"),
        card("RV4 a new term, a log behind", "§5.1, §5.4.1", "F t2 v1 [1 2]",
            [vote(3, 3, &[1, 1, 1, 1, 1])],
            "refuses S3 t3; F t3 v- [1 2] commit #0; timer runs on"),
        card("RV5 a later last term beats a longer log", "§5.4.1", "F t2 v- [1 1 1]",
            [vote(3, 3, &[1, 2])],
            "disk, grants S3 t3; F t3 v3 [1 1 1] commit #0; timer reset"),
        card("RV6 a longer log loses to a later last term", "§5.4.1", "F t2 v- [1 2]",
            [vote(3, 3, &[1, 1, 1, 1])],
            "refuses S3 t3; F t3 v- [1 2] commit #0; timer runs on"),
        card("RV7 the same last term, shorter", "§5.4.1", "F t2 v- [1 2 2]",
            [vote(3, 3, &[1, 2])],
            "refuses S3 t3; F t3 v- [1 2 2] commit #0; timer runs on"),
        card("RV7 the same last term, as long", "§5.4.1", "F t2 v- [1 2 2]",
            [vote(3, 3, &[1, 2, 2])],
            "disk, grants S3 t3; F t3 v3 [1 2 2] commit #0; timer reset"),
        card("AE1 a stale leader", "§5.1", "F t4 v- [1]",
            [append(1, 3, (1, 1), &[3], 1)],
            "rejects t4; F t4 v- [1] commit #0; timer runs on"),
        card("AE2 a hole", "§5.3", "F t1 v- [1 1]",
            [append(1, 1, (3, 1), &[1], 0)],
            "rejects #3, has #2t1, t1; F t1 v- [1 1] commit #0; timer reset"),
        card("AE3 a mismatch", "§5.3", "F t3 v- [1 1 2]",
            [append(1, 3, (3, 3), &[3], 0)],
            "rejects #3, has #3t2, t3; F t3 v- [1 1 2] commit #0; timer reset"),
        card("AE4 a conflict is removed", "§5.3", "F t3 v- [1 1 2 2]",
            [append(1, 3, (2, 1), &[3], 0)],
            "disk, accepts #3 t3; F t3 v- [1 1 3] commit #0; timer reset"),
        card("AE5 a late, shorter append removes nothing", "§5.3", "F t1 v- [1 1 1 1]",
            [append(1, 1, (1, 1), &[1], 0)],
            "accepts #2 t1; F t1 v- [1 1 1 1] commit #0; timer reset"),
        card("AE6 no commit beyond what the message showed", "§5.3", "F t3 v- [1 1 2 2]",
            [append(1, 3, (2, 1), &[], 4)],
            "accepts #2 t3, applies #1..#2; F t3 v- [1 1 2 2] commit #2; timer reset"),
        card("AE7 a candidate yields and keeps its vote", "§5.2", "C t3 v2 [1]",
            [append(1, 3, (1, 1), &[], 0)],
            "accepts #1 t3; F t3 v2 [1] commit #0"),
        card("VR1 a vote of another term", "§5.2", "C t5 v2 [1]",
            [grant(1, 4)],
            "silent; C t5 v2 [1] commit #0"),
        card("LD1 a new leader's first guess", "§5.3", "C t5 v2 [1 1 1 1 2 2 2 3 3 3]",
            [grant(1, 5)],
            "sends S1 #11..#11 after #10t3, sends S3 #11..#11 after #10t3; L t5 v2 [1 1 1 1 2 2 2 3 3 3 5] commit #0, S1 match #0, S3 match #0"),
        card("LD2 an acknowledgement speaks of the request", "§5.3", "F t2 v- [1 1 1 1 1 1]",
            [append(1, 2, (2, 1), &[1, 1], 0)],
            "accepts #4 t2; F t2 v- [1 1 1 1 1 1] commit #0; timer reset"),
        card("LD2 an acknowledgement moves match and next", "§5.3", "L t5 v2 [1 1 1 1 2 2 2 3 3 3 5]",
            [rejected(1, 5, 10, (4, 1)), accepted(1, 5, 7)],
            "sends S1 #5..#7 after #4t1; sends S1 #8..#10 after #7t2, sends S1 #11..#11 after #10t3; L t5 v2 [1 1 1 1 2 2 2 3 3 3 5] commit #0, S1 match #7, S3 match #0"),
        card("LD3 an old acknowledgement", "§5.3", "L t5 v2 [1 1 1 1 2 2 2 3 3 3 5]",
            [rejected(1, 5, 10, (4, 1)), accepted(1, 5, 7), accepted(1, 5, 2)],
            "sends S1 #5..#7 after #4t1; sends S1 #8..#10 after #7t2, sends S1 #11..#11 after #10t3; silent; L t5 v2 [1 1 1 1 2 2 2 3 3 3 5] commit #0, S1 match #7, S3 match #0"),
        card("LD4 an earlier term's entry is not committed by counting", "§5.4.2", "L t4 v2 [1 2 4]",
            [accepted(1, 4, 2)],
            "sends S1 #3..#3 after #2t2; L t4 v2 [1 2 4] commit #0, S1 match #2, S3 match #0"),
        card("LD4 an entry of the own term commits all before", "§5.4.2", "L t4 v2 [1 2 4]",
            [accepted(1, 4, 2), accepted(1, 4, 3)],
            "sends S1 #3..#3 after #2t2; applies #1..#3; L t4 v2 [1 2 4] commit #3, S1 match #3, S3 match #0"),
        card("ALL1 a follower adopts a higher term", "§5.1", "F t2 v1 [1]",
            [append(3, 3, (1, 1), &[], 0)],
            "accepts #1 t3; F t3 v- [1] commit #0; timer reset"),
        card("ALL1 a candidate adopts a higher term", "§5.1", "C t3 v2 [1]",
            [rejected(1, 4, 1, (0, 0))],
            "silent; F t4 v- [1] commit #0"),
        card("ALL1 a leader adopts a higher term", "§5.1", "L t4 v2 [1 4]",
            [grant(1, 5)],
            "silent; F t5 v- [1 4] commit #0"),
        card("ALL2 entries are applied in order, once", "§5.3", "F t1 v- [1 1 1 1 1]",
            [append(1, 1, (2, 1), &[], 2), append(1, 1, (5, 1), &[], 5), append(1, 1, (5, 1), &[], 5)],
            "accepts #2 t1, applies #1..#2; accepts #5 t1, applies #3..#5; accepts #5 t1; F t1 v- [1 1 1 1 1] commit #5; timer reset"),
    ]
}

/// One rule broken, by the name it has in [`Rules`].
#[derive(Clone, Copy)]
struct Broken(&'static str);

#[rustfmt::skip]
impl Rules for Broken {
    fn vote_is_free(&self, voted_for: Option<NodeId>, candidate: NodeId) -> bool {
        self.0 == "vote_is_free" || Standard.vote_is_free(voted_for, candidate)
    }
    fn log_is_up_to_date(&self, theirs: EntryId, own: EntryId) -> bool {
        match self.0 {
            "log_is_up_to_date: always" => true,
            "log_is_up_to_date: by length" => theirs.index >= own.index,
            "log_is_up_to_date: by term" => theirs.term >= own.term,
            "log_is_up_to_date: later only" => (theirs.term, theirs.index) > (own.term, own.index),
            _ => Standard.log_is_up_to_date(theirs, own),
        }
    }
    fn vote_after_step_down(&self, vote: Option<NodeId>, current: Term, next: Term) -> Option<NodeId> {
        match self.0 {
            "vote_after_step_down: forgotten" => None,
            "vote_after_step_down: kept" => vote,
            _ => Standard.vote_after_step_down(vote, current, next),
        }
    }
    fn vote_reply_counts(&self, reply: Term, current: Term) -> bool {
        self.0 == "vote_reply_counts" || Standard.vote_reply_counts(reply, current)
    }
    fn deadline_after_refusal(&self, deadline: Instant, fresh: Instant) -> Instant {
        if self.0 == "deadline_after_refusal" { fresh } else { deadline }
    }
    fn stale_request_is_answered(&self) -> bool { self.0 != "stale_request_is_answered" }
    fn term_opens_with_noop(&self) -> bool { self.0 != "term_opens_with_noop" }
    fn quorum(&self, voters: usize) -> usize {
        if self.0 == "quorum" { voters } else { Standard.quorum(voters) }
    }
    fn previous_matches(&self, own: Result<Term, OutsideLog>, previous: Term) -> bool {
        self.0 == "previous_matches" || Standard.previous_matches(own, previous)
    }
    fn truncation(&self, conflict: Option<Index>, previous: Index, _: Index) -> Option<Index> {
        match self.0 {
            "truncation: always" => Some(previous.next()),
            "truncation: never" => None,
            _ => conflict,
        }
    }
    fn ack_index(&self, verified: Index, durable: Index, last: Index) -> Index {
        match self.0 {
            "ack_index: the whole log" => last,
            "ack_index: not durable" => verified,
            _ => verified.min(durable),
        }
    }
    fn follower_commit(&self, commit: Index, leader: Index, verified: Index, last: Index) -> Index {
        match self.0 {
            "follower_commit: last of the log" => commit.max(leader.min(last)),
            "follower_commit: never" => commit,
            _ => Standard.follower_commit(commit, leader, verified, last),
        }
    }
    fn match_after_ack(&self, matched: Index, acknowledged: Index) -> Index {
        if self.0 == "match_after_ack" { acknowledged } else { matched.max(acknowledged) }
    }
    fn next_after_rejection(&self, matched: Index, refused: Index, common: Index) -> Index {
        match self.0 {
            "next_after_rejection" => refused,
            _ => Standard.next_after_rejection(matched, refused, common),
        }
    }
    fn leader_commit(&self, commit: Index, replicated: Index, term: Result<Term, OutsideLog>,
        current: Term) -> Index {
        match self.0 {
            "leader_commit: by counting" => commit.max(replicated),
            "leader_commit: never" => commit,
            _ => Standard.leader_commit(commit, replicated, term, current),
        }
    }
    fn vote_may_leave(&self, vote: WriteId, durable: WriteId) -> bool {
        self.0 == "vote_may_leave" || vote <= durable
    }
    fn durable_after_truncation(&self, durable: Index, from: Index) -> Index {
        if self.0 == "durable_after_truncation" { durable } else { durable.min(from.previous()) }
    }
}

/// The cards that detect each broken rule, and whether a crash directly after the answer shows it
/// too.
#[rustfmt::skip]
const CAUGHT: &[(&str, &[&str], bool)] = &[
    ("stale_request_is_answered",        &["RV1", "AE1"],        false),
    ("vote_is_free",                     &["RV2"],               true),
    ("vote_may_leave",                   &["RV3"],               true),
    ("vote_after_step_down: kept",       &["RV3", "ALL1"],       false),
    ("vote_after_step_down: forgotten",  &["AE7"],               false),
    ("log_is_up_to_date: always",        &["RV4", "RV6", "RV7"], false),
    ("log_is_up_to_date: by length",     &["RV5", "RV6"],        false),
    ("log_is_up_to_date: by term",       &["RV7"],               false),
    ("log_is_up_to_date: later only",    &["RV7"],               false),
    ("deadline_after_refusal",           &["RV4", "RV6"],        false),
    ("previous_matches",                 &["AE3"],               false),
    ("truncation: never",                &["AE4"],               false),
    ("truncation: always",               &["AE5"],               false),
    ("ack_index: the whole log",         &["LD2"],               true),
    ("ack_index: not durable",           &["AE4"],               true),
    ("durable_after_truncation",         &["AE4"],               true),
    ("follower_commit: last of the log", &["AE6"],               false),
    ("follower_commit: never",           &["ALL2"],              false),
    ("vote_reply_counts",                &["VR1"],               false),
    ("term_opens_with_noop",             &["LD1"],               false),
    ("next_after_rejection",             &["LD2"],               false),
    ("match_after_ack",                  &["LD3"],               false),
    ("leader_commit: by counting",       &["LD4"],               false),
    ("leader_commit: never",             &["LD4"],               false),
    ("quorum",                           &["LD1"],               false),
];

#[test]
fn a_server_answers_every_card_as_figure_2_says() {
    let wrong: Vec<_> = cards()
        .iter()
        .filter(|card| play(Standard, card) != card.after)
        .map(|card| {
            let (name, section) = (card.name, card.section);
            let is = play(Standard, card);
            format!(
                "{name} ({section}), from {}\n  is   {is}\n  want {}",
                card.before, card.after
            )
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn what_a_card_promises_survives_a_crash_right_after_the_answer() {
    for card in cards() {
        let (name, section) = (card.name, card.section);
        assert_eq!(
            crash_after_reply(Standard, &card),
            Ok(()),
            "{name} ({section})"
        );
    }
}

#[test]
fn every_broken_rule_is_caught_by_the_cards_that_name_it() {
    let cards = cards();
    for (rule, names, by_crash) in CAUGHT {
        for name in *names {
            let red = cards
                .iter()
                .filter(|card| card.name.split(' ').next() == Some(name))
                .any(|card| play(Broken(rule), card) != card.after);
            assert!(red, "{name} did not notice a broken {rule}");
        }
        let forgets = cards
            .iter()
            .any(|card| crash_after_reply(Broken(rule), card).is_err());
        assert_eq!(forgets, *by_crash, "{rule}, and a crash after the answer");
    }
}
