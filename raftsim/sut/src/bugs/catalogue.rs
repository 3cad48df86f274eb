//! The descriptions of all bugs. `docs/GALLERY.md` has the same rows, plus the bugs that cannot be
//! planted yet.

use raft_core::RuleId;

use super::Bug;
use super::card::{Card, Change, Reach, Shows};
use crate::property::Property;

const ELECTION: Shows = Shows::Property(Property::ElectionSafety);
const MATCHING: Shows = Shows::Property(Property::LogMatching);
const COMPLETE: Shows = Shows::Property(Property::LeaderCompleteness);
const MACHINES: Shows = Shows::Property(Property::StateMachineSafety);
const QUORUM: Shows = Shows::Property(Property::CommitQuorum);
const MONOTONIC: Shows = Shows::Property(Property::MonotonicState);
const PROMISES: Shows = Shows::Property(Property::PromisesKept);
const MEMBERS: Shows = Shows::Property(Property::ConfigurationSafety);
const AS_ASKED: Shows = Shows::Property(Property::MembersAsAsked);
const SNAPSHOTS: Shows = Shows::Property(Property::SnapshotSafety);
const ITSELF: Shows = Shows::Property(Property::CoreInvariants);
const ONCE: Shows = Shows::Property(Property::ExactlyOnce);
const LOST: Shows = Shows::Property(Property::NoAcknowledgedWriteLost);
const ORDER: Shows = Shows::Property(Property::AppliedOrderExplainsReplies);
const LINEAR: Shows = Shows::Property(Property::Linearizability);
const LIVE: Shows = Shows::Liveness;
const LIMITS: Shows = Shows::Limits;

/// Every bug, in the order of the gallery.
pub(super) const CARDS: &[Card] = &[
    Card {
        bug: Bug::E01,
        id: "E-01",
        title: "Losing an election frees the vote of the same term",
        deviation: "A server that becomes a follower forgets its vote, also when the term stays: it \
                    may vote again in that term, for somebody else.",
        change: Change::Rule("vote_after_step_down", RuleId::VoteSurvivesStepDown),
        breaks: &[PROMISES, ELECTION],
        exposed_by: "Several candidates in one term, and a RequestVote that arrives late.",
        seen_in: "several C libraries and a service framework",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::E03,
        id: "E-03",
        title: "Logs are compared by their length alone",
        deviation: "A longer log wins, though its last term is older: a server that missed committed \
                    entries can be elected and overwrite them.",
        change: Change::Rule("log_is_up_to_date", RuleId::LogUpToDate),
        breaks: &[COMPLETE, MACHINES, LOST],
        exposed_by: "A long uncommitted tail of an old term on one side of a partition.",
        seen_in: "a C library",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::E03b,
        id: "E-03b",
        title: "The last term and the last index are each compared for itself",
        deviation: "A vote needs a last term and a last index that are both at least as high: of two \
                    servers, one with the longer and one with the newer log, neither votes for the \
                    other.",
        change: Change::Rule("log_is_up_to_date", RuleId::LogUpToDate),
        breaks: &[LIVE],
        exposed_by: "Crashes and partitions that leave so few servers that each vote is needed.",
        seen_in: "libraries in Go and Rust",
        reach: Reach::Only(
            "among the servers that are up, nobody finds a majority of logs that are no longer and \
             no newer than its own; that takes uncommitted tails of several terms.",
        ),
    },
    Card {
        bug: Bug::E05,
        id: "E-05",
        title: "A vote given in an older term counts",
        deviation: "A candidate counts granted votes without looking at their term: a vote of its \
                    last candidacy helps it win the present one, while the voter has voted again.",
        change: Change::Rule("vote_reply_counts", RuleId::VoteOfThisTerm),
        breaks: &[ELECTION, COMPLETE],
        exposed_by: "A granted vote that is delayed beyond the candidate's next time-out.",
        seen_in: "a C library",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::E08,
        id: "E-08",
        title: "A granted pre-vote counts as a vote",
        deviation: "A candidate takes late answers to its pre-vote for votes. Nobody promised \
                    anything with them.",
        change: Change::Rule("pre_vote_is_a_vote", RuleId::PreVoteIsNoVote),
        breaks: &[ELECTION, COMPLETE],
        exposed_by: "Answers to pre-votes that arrive after the candidacy has begun.",
        seen_in: "a C library",
        reach: Reach::Only("pre-vote is on."),
    },
    Card {
        bug: Bug::E15,
        id: "E-15",
        title: "A learner campaigns",
        deviation: "A server that has no vote stands for election all the same. Only voters elect \
                    it, so that two leaders of a term it does not make; but it raises terms, and \
                    where it wins it leads only until its first entry is committed.",
        change: Change::Rule("may_stand", RuleId::VotersStand),
        breaks: &[MEMBERS, LIMITS, LIVE],
        exposed_by: "A learner, or a server that was taken out, that does not hear the leader.",
        seen_in: "libraries in Go and Rust",
        reach: Reach::Only(
            "pre-vote is off, or nobody leads: a learner that would disturb a leader gets no \
             further than asking.",
        ),
    },
    Card {
        bug: Bug::E18,
        id: "E-18",
        title: "Votes of learners count",
        deviation: "A candidate asks members without a vote, too, and counts what they grant as if \
                    it came from voters: two minorities of the voters elect a leader each.",
        change: Change::Rule("member_votes", RuleId::VotersVote),
        breaks: &[MEMBERS, ELECTION, COMPLETE, MACHINES, LOST],
        exposed_by: "Learners that hear one candidate, while the voters hear another.",
        seen_in: "a Rust library",
        reach: Reach::Only("the cluster has learners."),
    },
    Card {
        bug: Bug::P01,
        id: "P-01",
        title: "A follower acknowledges before its disk does",
        deviation: "A follower acknowledges entries as soon as it has them: a crash loses what the \
                    leader counts as replicated.",
        change: Change::Rule("ack_index", RuleId::AcknowledgeDurable),
        breaks: &[QUORUM, PROMISES, COMPLETE, LOST],
        exposed_by: "Crashes that lose unsynced writes.",
        seen_in: "message brokers",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::P02,
        id: "P-02",
        title: "A vote leaves before it is durable",
        deviation: "A granted vote is sent at once: after a crash the server may vote again in the \
                    same term.",
        change: Change::Rule("vote_may_leave", RuleId::DurableVote),
        breaks: &[PROMISES, ELECTION],
        exposed_by: "A crash right after a vote, and a second candidate of that term.",
        seen_in: "a Rust library, a message broker and a database",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::P03,
        id: "P-03",
        title: "A candidate asks before its own vote is durable",
        deviation: "RequestVote leaves at once: after a crash the candidate has forgotten its own \
                    vote and may give it to somebody else, in the term that it asked in.",
        change: Change::Rule("candidacy_may_leave", RuleId::DurableCandidacy),
        breaks: &[PROMISES, ELECTION],
        exposed_by: "A crash right after a candidacy, and a second candidate of that term.",
        seen_in: "a Go library",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::P05a,
        id: "P-05a",
        title: "A late report of overwritten entries counts for their replacements",
        deviation: "A write that is still in flight when its entries are cut off keeps what it will \
                    prove: its report makes entries durable that replaced them and are not.",
        change: Change::Rule(
            "in_flight_after_truncation",
            RuleId::TruncationLowersFlights,
        ),
        breaks: &[ITSELF, QUORUM, PROMISES, LOST],
        exposed_by: "Slow disks and two leaders in quick succession.",
        seen_in: "a Go library, which found it in time",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::P05c,
        id: "P-05c",
        title: "The durable index survives a truncation",
        deviation: "Cutting off entries that were durable leaves the durable index where it was: \
                    what replaces them is acknowledged before it is on disk.",
        change: Change::Rule(
            "durable_after_truncation",
            RuleId::TruncationLowersWatermark,
        ),
        breaks: &[ITSELF, QUORUM, PROMISES, LOST],
        exposed_by: "Truncated tails, and crashes that lose unsynced writes.",
        seen_in: "an Erlang library and a C library",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::P07,
        id: "P-07",
        title: "A follower truncates after `prev` though the entries agree",
        deviation: "A follower cuts its log where the sent entries begin, and appends them again: a \
                    crash in between loses entries that it has acknowledged, and entries of newer \
                    messages are gone at once.",
        change: Change::Rule("truncation", RuleId::TruncateConflictOnly),
        breaks: &[ITSELF, QUORUM, PROMISES, LOST],
        exposed_by: "Messages that arrive twice or late, and crashes.",
        seen_in: "a Rust library",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::P08,
        id: "P-08",
        title: "A leader counts its own copy before it is durable",
        deviation: "A leader counts its whole log towards the majority: a crash loses the copy that \
                    committed an entry.",
        change: Change::Rule("own_copy", RuleId::OwnCopyDurable),
        breaks: &[QUORUM, COMPLETE, LOST],
        exposed_by: "A leader whose disk is slower than its followers', and its crash.",
        seen_in: "a Rust library and a C library",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::P10,
        id: "P-10",
        title: "A snapshot is named after an entry that it does not hold",
        deviation: "A server that takes a snapshot names it after the last committed entry, though \
                    the last applied one is older: whoever starts from it skips what lies between.",
        change: Change::Duty("snapshot_index"),
        breaks: &[MACHINES, SNAPSHOTS, ITSELF],
        exposed_by: "A state machine that applies late, and a restart or a follower that is sent \
                     the snapshot.",
        seen_in: "a configuration store in Go",
        reach: Reach::Only("entries are applied later than they commit."),
    },
    Card {
        bug: Bug::P16,
        id: "P-16",
        title: "Recovery reads the configuration only up to what is committed",
        deviation: "A server that starts again goes by the last configuration that it knows to be \
                    committed, not by the latest one in its log. A commit index is not kept, so \
                    that this is the one of its snapshot: perhaps one of long ago, whose \
                    majorities share no server with today's.",
        change: Change::Rule("configuration_found_counts", RuleId::WholeLogCounts),
        breaks: &[MEMBERS, ELECTION, QUORUM, COMPLETE, MACHINES, LOST, LIVE],
        exposed_by: "A restart after two changes of members, and an election.",
        seen_in: "an Erlang library",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::P18,
        id: "P-18",
        title: "The log is cut before the snapshot is durable",
        deviation: "A server removes the start of its log as soon as it has made a snapshot: a \
                    crash before that is on disk leaves neither.",
        change: Change::Duty("log_is_cut_at_once"),
        breaks: &[SNAPSHOTS],
        exposed_by: "A crash within moments of a snapshot.",
        seen_in: "a module of a database in memory",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::R01,
        id: "R-01",
        title: "A follower commits up to its own last entry, not to what this message verified",
        deviation: "The commit index follows the leader's as far as the follower's log goes: a stale \
                    tail that the leader has not looked at yet is applied.",
        change: Change::Rule("follower_commit", RuleId::FollowerCommit),
        breaks: &[MACHINES],
        exposed_by: "A heartbeat or a short message that reaches a follower with a stale tail.",
        seen_in: "databases, libraries in Go, Java, C++ and Erlang",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::R02,
        id: "R-02",
        title: "Entries sent from the start of the log are taken without a comparison",
        deviation: "Where no entry comes before the sent ones, own entries stay whatever their term: \
                    the first entries of an old term survive below those of a new one.",
        change: Change::Rule("truncation", RuleId::TruncateConflictOnly),
        breaks: &[MATCHING, QUORUM, MACHINES, LIVE],
        exposed_by: "A first leader that loses its office before its first entry is committed.",
        seen_in: "a C library and a research system",
        reach: Reach::Partly(
            "an absent entry that matches a term of 0 cannot show: an entry outside the log is an \
             error here and never a term.",
        ),
    },
    Card {
        bug: Bug::R04,
        id: "R-04",
        title: "A late acknowledgement lowers `match_index`",
        deviation: "A leader takes each acknowledgement for the newest: one that was overtaken takes \
                    back what a later one said.",
        change: Change::Rule("match_after_ack", RuleId::MatchNeverFalls),
        breaks: &[MONOTONIC],
        exposed_by: "Acknowledgements that overtake each other or arrive twice.",
        seen_in: "libraries in Python, C and Go, and a specification",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::R05,
        id: "R-05",
        title: "A follower acknowledges its own last index",
        deviation: "An acknowledgement names the end of the follower's durable log: a stale tail \
                    counts as a copy of the leader's entries, and is never replaced.",
        change: Change::Rule("ack_index", RuleId::AcknowledgeDurable),
        breaks: &[QUORUM, LIVE, MACHINES, COMPLETE],
        exposed_by: "A heartbeat that reaches a follower with a stale tail.",
        seen_in: "a service framework",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::R07,
        id: "R-07",
        title: "A rejection changes `match_index`",
        deviation: "A leader takes a rejection that arrives after a success for a follower that lost \
                    its log, and lowers what it knows to be replicated.",
        change: Change::Rule("match_after_rejection", RuleId::RejectionLeavesMatch),
        breaks: &[MONOTONIC],
        exposed_by: "Rejections that arrive late or twice.",
        seen_in: "a Rust library",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::R09,
        id: "R-09",
        title: "A late append truncates though the terms agree",
        deviation: "A follower takes the last sent entry for the end of the log: a message that was \
                    overtaken removes entries that were acknowledged since.",
        change: Change::Rule("truncation", RuleId::TruncateConflictOnly),
        breaks: &[ITSELF, QUORUM, PROMISES, LOST],
        exposed_by: "Messages with entries that arrive twice or late.",
        seen_in: "libraries in Python and C",
        reach: Reach::Partly(
            "a heartbeat cannot do it: a message without entries never reaches the log.",
        ),
    },
    Card {
        bug: Bug::R10,
        id: "R-10",
        title: "Going back always tries the same place",
        deviation: "After a rejection the leader asks for the same entry again: a follower whose log \
                    differs before it never catches up.",
        change: Change::Rule("next_after_rejection", RuleId::BackOffByTerm),
        breaks: &[LIVE],
        exposed_by: "A follower that missed entries or has a stale tail.",
        seen_in: "libraries in Rust and Go",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::R13,
        id: "R-13",
        title: "A leader sends no snapshot",
        deviation: "A leader whose log no longer holds what a follower needs has nothing to \
                    compare with, and sends that follower nothing at all.",
        change: Change::Rule("snapshot_is_needed", RuleId::SnapshotNeeded),
        breaks: &[LIVE],
        exposed_by: "A follower that is away until the leader has cut its log.",
        seen_in: "a Rust library",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::R15,
        id: "R-15",
        title: "An acknowledgement of an earlier leadership counts",
        deviation: "A leader counts acknowledgements that were given to it in an older term. The \
                    follower may have replaced those entries since.",
        change: Change::Rule("append_reply_counts", RuleId::ReplyOfThisTerm),
        breaks: &[QUORUM, COMPLETE, LOST],
        exposed_by: "An acknowledgement that is delayed over two elections, of which the same server \
                     wins the second.",
        seen_in: "libraries in Rust and C",
        reach: Reach::Only(
            "the leader has sent that follower at least as many messages in its present term as it \
             had when the late answer was given: answers name a message, and one that was not sent \
             yet is put aside.",
        ),
    },
    Card {
        bug: Bug::C01,
        id: "C-01",
        title: "An entry of an earlier term is committed by counting",
        deviation: "A leader commits what a majority holds, whatever its term (Figure 8): a server \
                    with a later last term can still be elected and overwrite it.",
        change: Change::Rule("leader_commit", RuleId::CurrentTermOnly),
        breaks: &[COMPLETE, MACHINES, LOST],
        exposed_by: "Five servers and four leaders that crash early, with entries half replicated.",
        seen_in: "many: databases, libraries in C and Python, a service framework",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::C03,
        id: "C-03",
        title: "A quorum is one short for even sizes",
        deviation: "Half of the servers decide where their number is even: two halves decide \
                    different things.",
        change: Change::Rule("quorum", RuleId::Majority),
        breaks: &[ELECTION, QUORUM, COMPLETE, MACHINES],
        exposed_by: "Four servers, split in two halves.",
        seen_in: "libraries in Go and Rust",
        reach: Reach::Only("the number of servers is even."),
    },
    Card {
        bug: Bug::C05,
        id: "C-05",
        title: "Only the incoming half of a joint configuration counts",
        deviation: "While a change is under way, a majority of the next voters elects and commits, \
                    whatever the present ones say: these may decide something else meanwhile.",
        change: Change::Rule("outgoing_must_agree", RuleId::BothHalves),
        breaks: &[MEMBERS, QUORUM, ELECTION, COMPLETE, MACHINES, LOST],
        exposed_by: "Several voters replaced at once, and a partition between the old ones and the \
                    new.",
        seen_in: "a Rust library and a C library",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::C09,
        id: "C-09",
        title: "A new leader appends nothing of its own",
        deviation: "Entries of earlier terms wait until a client writes something new: what an old \
                    leader had committed stays unknown to the others.",
        change: Change::Rule("term_opens_with_noop", RuleId::Noop),
        breaks: &[LIVE],
        exposed_by: "A leader that crashes right after a commit, and clients that then fall \
                     silent.",
        seen_in: "a database and a message broker",
        reach: Reach::Only(
            "clients send nothing after the election: any new write commits the old ones.",
        ),
    },
    Card {
        bug: Bug::M01,
        id: "M-01",
        title: "A change begins before an entry of the leader's own term is committed",
        deviation: "A new leader appends a configuration at once. One of an earlier leader, of \
                    which it knows nothing, may differ by one server in the other direction: the \
                    two share no quorum, and both can commit.",
        change: Change::Rule("change_may_begin", RuleId::ChangeOwnTermFirst),
        breaks: &[MEMBERS, COMPLETE, ELECTION, MACHINES, LOST],
        exposed_by: "A change whose leader is cut off, and another change by its successor within \
                    moments.",
        seen_in: "the published algorithm itself, until 2015",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::M02,
        id: "M-02",
        title: "A configuration counts from when it is committed",
        deviation: "A server goes by the latest configuration that it knows to be committed. Two \
                    changes on, one that lags behind, or has started again, still elects by \
                    majorities that share no server with those of today.",
        change: Change::Rule("in_force_through", RuleId::InForceAtAppend),
        breaks: &[MEMBERS, ELECTION, QUORUM, COMPLETE, MACHINES, LOST, LIVE],
        exposed_by: "A restart after two changes of members, and an election.",
        seen_in: "libraries in Go and Rust",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::M03,
        id: "M-03",
        title: "A second change begins before the first is committed",
        deviation: "A leader appends one configuration after the other without waiting. Each shares \
                    a server with the one before, but the last need share none with the one that \
                    others still go by.",
        change: Change::Rule("change_is_over", RuleId::ChangeOneAtATime),
        breaks: &[MEMBERS, ELECTION, COMPLETE, MACHINES, LOST],
        exposed_by: "Two changes within one round trip, and a leader that is cut off with a \
                    minority.",
        seen_in: "a library in C++, whose new leaders overlooked changes that were not committed",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::M04,
        id: "M-04",
        title: "A truncated configuration stays in force",
        deviation: "A server whose log loses a configuration that never was committed goes on by \
                    it: it counts majorities of a cluster that does not exist.",
        change: Change::Rule("configurations_forgotten", RuleId::ConfigurationRolledBack),
        breaks: &[
            MEMBERS, ITSELF, ELECTION, QUORUM, COMPLETE, MACHINES, LOST, LIVE,
        ],
        exposed_by: "A leader that changes the members while it is cut off, and another change by \
                    its successor.",
        seen_in: "a C library and an Erlang library",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::M06,
        id: "M-06",
        title: "A snapshot loses the outgoing half",
        deviation: "A snapshot of a joint configuration keeps the incoming voters alone. Who starts \
                    from it takes the change for made: as leader it never leaves the joint \
                    configuration that the others are in.",
        change: Change::Rule("snapshot_keeps_outgoing", RuleId::SnapshotKeepsBoth),
        breaks: &[MEMBERS, SNAPSHOTS, QUORUM, LIVE],
        exposed_by: "A joint configuration that lasts, a follower that is sent a snapshot \
                    meanwhile, and its election.",
        seen_in: "libraries in Go and Rust",
        reach: Reach::Partly(
            "no two leaders come of it: what a snapshot holds is committed, so that majorities of \
             the incoming half already share a server with everybody's.",
        ),
    },
    Card {
        bug: Bug::M08,
        id: "M-08",
        title: "A joint configuration is left before it is committed",
        deviation: "A leader appends the next configuration right after the joint one: its incoming \
                    voters decide, while the outgoing ones may not have heard of anything.",
        change: Change::Rule("joint_may_be_left", RuleId::JointFirst),
        breaks: &[MEMBERS, ELECTION, COMPLETE, QUORUM, MACHINES, LOST],
        exposed_by: "Several voters replaced at once, and a partition between the old ones and the \
                    new.",
        seen_in: "a workflow engine in Java",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::M09,
        id: "M-09",
        title: "A leader that removed itself stops too early",
        deviation: "A leader leads no more as soon as its configuration gives it no vote, though \
                    that is not committed: one lost message, and the next leader undoes the \
                    change.",
        change: Change::Rule("outsider_steps_down", RuleId::LeadsUntilCommitted),
        breaks: &[AS_ASKED, LIVE],
        exposed_by: "A leader that is taken out; while messages are lost, clients feel it.",
        seen_in: "libraries in Go and Rust, and a database",
        reach: Reach::Partly(
            "its voters may still elect it, so that service comes back: what shows is that it stops \
             leading.",
        ),
    },
    Card {
        bug: Bug::M10,
        id: "M-10",
        title: "A removed server keeps raising terms",
        deviation: "A server that was taken out, and to which nobody writes any more, stands for \
                    election again and again. With pre-vote and stickiness off it deposes every \
                    leader.",
        change: Change::Settings("stickiness", RuleId::Stickiness),
        breaks: &[LIMITS, LIVE],
        exposed_by: "A server that is taken out and not switched off; a limit on elections shows \
                     it.",
        seen_in: "the reference implementation and a library in Go",
        reach: Reach::Only("a removed server goes on running: switched off, it disturbs nobody."),
    },
    Card {
        bug: Bug::M12,
        id: "M-12",
        title: "A server with an empty log is made a voter",
        deviation: "A newcomer is given a vote at once, whether it has caught up or not: until it \
                    has, it counts among those that must agree and is of no use to them.",
        change: Change::Rule("newcomer_is_ready", RuleId::CaughtUp),
        breaks: &[AS_ASKED, LIVE],
        exposed_by: "A newcomer that does not answer, and as many crashes as the cluster could bear \
                    before.",
        seen_in: "libraries in Go and Rust",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::M14,
        id: "M-14",
        title: "Adding a learner once more makes it a voter",
        deviation: "To add a member again, as one does to change its address, gives it a vote: a \
                    majority is another one than the operator thinks.",
        change: Change::Rule("added_again_votes", RuleId::AddedAgain),
        breaks: &[AS_ASKED, LIVE],
        exposed_by: "A learner that is added again and then goes, together with as many voters as \
                    the cluster could bear.",
        seen_in: "a configuration store in Go and a Rust library",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::L01,
        id: "L-01",
        title: "A high term with a short log neither follows nor wins, and nobody is told of it",
        deviation: "Requests of an older term are ignored instead of answered: a server with a higher \
                    term refuses its leader, and with pre-vote the others never learn that term.",
        change: Change::Rule("stale_request_is_answered", RuleId::StaleIsAnswered),
        breaks: &[LIVE],
        exposed_by: "A candidate that is cut off right after it raised its term.",
        seen_in: "a Go library, a Rust library and a message broker",
        reach: Reach::Only(
            "pre-vote is on: without it the next candidacy tells everybody the term.",
        ),
    },
    Card {
        bug: Bug::L07,
        id: "L-07",
        title: "Without pre-vote and stickiness one bad link raises terms for ever",
        deviation: "Both guards are switched off: a server that does not hear the leader deposes it \
                    again and again.",
        change: Change::Settings("pre_vote", RuleId::Stickiness),
        breaks: &[LIMITS, LIVE],
        exposed_by: "A server that can speak but not hear, for long; a limit on elections shows \
                     it.",
        seen_in: "the outage of a large network provider",
        reach: Reach::Only("a link stays broken for long: healed, the cluster is calm again."),
    },
    Card {
        bug: Bug::L08,
        id: "L-08",
        title: "A transfer is refused for the leader's sake",
        deviation: "A candidate that the leader itself told to campaign is refused by everyone \
                    who hears that leader: it campaigns in vain, and the leader meets its higher \
                    term.",
        change: Change::Rule(
            "transfer_overrides_stickiness",
            RuleId::TransferOverridesStickiness,
        ),
        breaks: &[LIVE],
        exposed_by: "An operator hands leadership over while all is well.",
        seen_in: "libraries in Go and C",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::L10,
        id: "L-10",
        title: "Refusing a vote postpones one's own election",
        deviation: "A server that refuses a vote waits for the longest timeout anew: a candidate that \
                    can never win campaigns before all that could.",
        change: Change::Rule("deadline_after_refusal", RuleId::RefusalResetsNothing),
        breaks: &[LIVE],
        exposed_by: "A server with a short log whose timer runs out first.",
        seen_in: "a Go library",
        reach: Reach::Unguarded(
            "pre-vote, which a candidate that cannot win never gets beyond, is switched off.",
        ),
    },
    Card {
        bug: Bug::L11,
        id: "L-11",
        title: "A leader obeys an order to campaign",
        deviation: "A leader that is told to campaign raises its term and asks for votes: it \
                    deposes itself.",
        change: Change::Rule(
            "leader_obeys_order_to_campaign",
            RuleId::LeaderNeedsNoCampaign,
        ),
        breaks: &[LIVE],
        exposed_by: "An operator who tells the leader to campaign, again and again.",
        seen_in: "a Rust library",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::L14,
        id: "L-14",
        title: "A sleeping group does not wake",
        deviation: "A follower that sleeps stays asleep whoever asks it for something, until its leader \
                    speaks: one that died in the silence has no successor.",
        change: Change::Rule("asked_sleeper_wakes", RuleId::SleepersWake),
        breaks: &[LIVE, ITSELF],
        exposed_by: "A leader that dies while all sleep.",
        seen_in: "databases in Go and Rust",
        reach: Reach::Only("the cluster may fall silent."),
    },
    Card {
        bug: Bug::L14b,
        id: "L-14b",
        title: "Whoever wakes deposes a healthy leader",
        deviation: "A follower that wakes takes the silence it agreed to for a dead leader: it stands at \
                    once, and grants its vote to whoever else does.",
        change: Change::Rule("heard_after_sleep", RuleId::SilenceIsLife),
        breaks: &[LIVE, LIMITS],
        exposed_by: "A follower that is asked for something while all sleep, and is slow to reach its \
                     leader.",
        seen_in: "databases in Go and Rust",
        reach: Reach::Only("the cluster may fall silent."),
    },
    Card {
        bug: Bug::L17,
        id: "L-17",
        title: "A joint configuration without a live quorum is entered",
        deviation: "A leader accepts members of whom no majority answers: the joint configuration \
                    never commits, and nothing after it does, not even the way back.",
        change: Change::Rule("quorum_is_live", RuleId::LiveQuorum),
        breaks: &[AS_ASKED, LIVE],
        exposed_by: "A change that keeps voters who are down and takes out those who are up.",
        seen_in: "a Rust library",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::Q01,
        id: "Q-01",
        title: "A leader answers reads without asking a quorum",
        deviation: "A leader answers reads from its own state at once. Cut off from the others, \
                    it does not know that another leads, and answers from the past.",
        change: Change::Rule("read_needs_quorum", RuleId::ReadNeedsQuorum),
        breaks: &[LINEAR, ORDER],
        exposed_by: "A leader that is cut off while a client can still reach it.",
        seen_in: "a key-value store in Go",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::Q02,
        id: "Q-02",
        title: "A new leader answers reads before an entry of its own term is committed",
        deviation: "A leader that was just elected does not know all that is committed: it names \
                    an index that is too low.",
        change: Change::Rule("read_may_begin", RuleId::ReadOwnTermFirst),
        breaks: &[LINEAR, ORDER],
        exposed_by: "A leader that dies before its followers learn what it committed, and a read \
                     right after.",
        seen_in: "key-value stores in Go, Rust and C",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::Q04,
        id: "Q-04",
        title: "Reads that wait are dropped when a leader steps down",
        deviation: "Whoever waits for a read is never told that the leader is none any more.",
        change: Change::Rule("waiting_reads_are_failed", RuleId::ReadsAreFailed),
        breaks: &[ITSELF],
        exposed_by: "A leader that steps down while reads wait.",
        seen_in: "libraries in Go and Rust",
        reach: Reach::Partly(
            "clients ask again after a while, so that only the server that forgets them shows it.",
        ),
    },
    Card {
        bug: Bug::Q05,
        id: "Q-05",
        title: "A lease counts from when answers arrive",
        deviation: "A leader takes a follower's promise to begin when its answer arrives. The \
                    follower withholds its vote from when the message reached it, which was \
                    earlier: another can be elected before the lease ends.",
        change: Change::Rule("contact_after_reply", RuleId::LeaseFromSendTime),
        breaks: &[LINEAR, ORDER],
        exposed_by: "Answers that take long, or a leader that stands still with answers waiting.",
        seen_in: "databases in Rust and C++",
        reach: Reach::Only(
            "answers take longer than a new leader needs to be elected and to commit.",
        ),
    },
    Card {
        bug: Bug::Q06,
        id: "Q-06",
        title: "Leases are trusted though voters withhold no votes",
        deviation: "A leader reads by its lease while followers vote for anybody who asks: they \
                    promised nothing.",
        change: Change::Rule("lease_clock_error", RuleId::LeaseNeedsPromises),
        breaks: &[LINEAR, ORDER],
        exposed_by: "Another candidate wins while the leader is heard.",
        seen_in: "libraries in Go and Rust",
        reach: Reach::Unguarded("stickiness is off, which the rule would notice."),
    },
    Card {
        bug: Bug::Q07,
        id: "Q-07",
        title: "A lease outlives a transfer of leadership",
        deviation: "A leader that told another server to campaign goes on to read by its lease, \
                    though that server's candidacy is not held up by anyone.",
        change: Change::Rule("lease_survives_transfer", RuleId::LeaseGivenUp),
        breaks: &[LINEAR, ORDER],
        exposed_by: "A transfer whose target wins while the old leader hears nothing of it.",
        seen_in: "a Rust library",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::Q09,
        id: "Q-09",
        title: "A follower answers a read before it has applied enough",
        deviation: "A server asks its leader for an index and does not wait until it has applied \
                    everything up to there.",
        change: Change::Duty("read_is_covered"),
        breaks: &[LINEAR, ORDER],
        exposed_by: "A state machine that applies late, or a follower that lags.",
        seen_in: "a teaching store in Java",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::S01,
        id: "S-01",
        title: "An older snapshot replaces newer state",
        deviation: "A server installs a snapshot of what it knows to be committed: its state goes \
                    back, and entries that it has acknowledged are gone.",
        change: Change::Rule("snapshot_has_news", RuleId::SnapshotNewsOnly),
        breaks: &[MONOTONIC, SNAPSHOTS, PROMISES, QUORUM, ITSELF],
        exposed_by: "A piece of a snapshot that comes late or twice.",
        seen_in: "a broker in Java and a library in Rust",
        reach: Reach::Only(
            "the server's own log begins after the snapshot's last entry: one that still holds that \
             entry keeps what follows.",
        ),
    },
    Card {
        bug: Bug::S01b,
        id: "S-01b",
        title: "What follows a snapshot's last entry is dropped",
        deviation: "A server that is sent a snapshot throws its whole log away, though it holds the \
                    snapshot's last entry: what it has acknowledged beyond that is gone.",
        change: Change::Rule("suffix_stays", RuleId::SuffixStays),
        breaks: &[SNAPSHOTS, ITSELF, PROMISES, QUORUM],
        exposed_by: "A snapshot that entries have overtaken.",
        seen_in: "a broker in Java and a library in Rust",
        reach: Reach::Only(
            "the server has acknowledged more than it knows to be committed, the snapshot's last \
             entry included.",
        ),
    },
    Card {
        bug: Bug::S02,
        id: "S-02",
        title: "A conflicting entry at the snapshot's end is kept",
        deviation: "A server that has any entry at the index of a snapshot's last one takes it for \
                    the same, whatever its term: it commits what no leader has.",
        change: Change::Rule("suffix_stays", RuleId::SuffixStays),
        breaks: &[MACHINES, MATCHING, SNAPSHOTS, QUORUM, COMPLETE],
        exposed_by: "A deposed leader with a long tail that is sent a snapshot.",
        seen_in: "libraries in Go, Java and Rust",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::S04,
        id: "S-04",
        title: "Pieces of two snapshots are put together",
        deviation: "A server that holds the first pieces of one snapshot goes on with those of \
                    another, and takes what comes out for whole.",
        change: Change::Rule("pieces_may_mix", RuleId::PiecesOfOne),
        breaks: &[MACHINES, SNAPSHOTS, LIVE],
        exposed_by: "A transfer that is given up, by a new leader or for a newer snapshot.",
        seen_in: "libraries in C++, Go and Rust",
        reach: Reach::Unguarded("the checksum is not looked at, which would notice."),
    },
    Card {
        bug: Bug::S06,
        id: "S-06",
        title: "Sessions are missing from the snapshot",
        deviation: "A snapshot holds the keys but not what filters repeated requests: whoever \
                    starts from it executes a retry again.",
        change: Change::Duty("snapshot_holds_sessions"),
        breaks: &[MACHINES, SNAPSHOTS, ONCE],
        exposed_by: "A restart, or a follower that is sent the snapshot.",
        seen_in: "a teaching implementation in C++",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::S06b,
        id: "S-06b",
        title: "A snapshot does not say when sessions were last used",
        deviation: "Whoever starts from the snapshot takes all sessions for used just then: they \
                    expire later there than elsewhere.",
        change: Change::Duty("snapshot_holds_last_uses"),
        breaks: &[MACHINES, SNAPSHOTS, ONCE],
        exposed_by: "Sessions that expire, and a restart or a follower that is sent the snapshot.",
        seen_in: "stores that keep a lease's full term in their snapshots",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::S08,
        id: "S-08",
        title: "The outcome of a transfer is never told",
        deviation: "A leader does not learn that a follower has installed its snapshot, and never \
                    goes back to sending it entries.",
        change: Change::Rule("snapshot_is_over", RuleId::SnapshotUntilLogDoes),
        breaks: &[LIVE],
        exposed_by: "Any follower that is sent a snapshot.",
        seen_in: "libraries in Go",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::S10,
        id: "S-10",
        title: "A server campaigns while it is sent a snapshot",
        deviation: "Pieces of a snapshot do not count as a sign of life: a server that is sent \
                    many stands for election meanwhile.",
        change: Change::Rule("piece_is_a_sign_of_life", RuleId::PieceIsSignOfLife),
        breaks: &[LIMITS, LIVE],
        exposed_by: "A snapshot that takes longer than an election timeout.",
        seen_in: "libraries in C and Erlang",
        reach: Reach::Only(
            "a transfer takes longer than an election timeout, and neither pre-votes nor \
                            withheld votes protect the leader.",
        ),
    },
    Card {
        bug: Bug::S11,
        id: "S-11",
        title: "Only a refusal starts a transfer",
        deviation: "A leader finds that a follower needs a snapshot only when that refuses \
                    entries: to one that was away while the log was cut it says nothing any more, \
                    and so is never refused.",
        change: Change::Rule("snapshot_is_needed", RuleId::SnapshotNeeded),
        breaks: &[LIVE],
        exposed_by: "A full window to a follower that is away until the log is cut beyond it.",
        seen_in: "a database in Rust",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::A03,
        id: "A-03",
        title: "Something only one server knows gets into the state",
        deviation: "The version of a new key starts from the server's own number: the same log gives \
                    another state on each server.",
        change: Change::Duty("next_version"),
        breaks: &[MACHINES],
        exposed_by: "Any write of a new key.",
        seen_in: "a research system that used the local clock",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::A04,
        id: "A-04",
        title: "A retry is executed again",
        deviation: "The store keeps no account of what a client has asked before: a request whose \
                    answer was lost takes effect twice.",
        change: Change::Duty("standing"),
        breaks: &[ONCE, LINEAR, ORDER],
        exposed_by: "Answers that are lost, and clients that ask again.",
        seen_in: "libraries in Java and C++",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::A04b,
        id: "A-04b",
        title: "A session expires on one server only",
        deviation: "A server expires sessions by its own clock and not by the times in the log: the \
                    same retry is answered on one server and refused on another.",
        change: Change::Duty("session_lasts"),
        breaks: &[MACHINES, ONCE, ORDER, LOST],
        exposed_by: "Clients that pause for longer than half of what a session lasts.",
        seen_in: "the reference implementation's store, and a library in Java",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::A04c,
        id: "A-04c",
        title: "A client whose session expired is given a new one",
        deviation: "A request in a session that is gone opens it again, unasked: what was executed \
                    in the old one is executed again.",
        change: Change::Duty("missed_session_is_opened"),
        breaks: &[ONCE, LINEAR, ORDER, LOST],
        exposed_by: "A retry that comes after its session expired.",
        seen_in: "a library in Java",
        reach: Reach::Open,
    },
    Card {
        bug: Bug::A05,
        id: "A-05",
        title: "A client is answered by whatever committed at its index",
        deviation: "A waiting client gets the result of the entry at its index, though another \
                    leader's entry has replaced its own.",
        change: Change::Duty("reply_matches"),
        breaks: &[LINEAR, ORDER, LOST, ONCE],
        exposed_by: "A change of leaders while requests wait.",
        seen_in: "a Rust library",
        reach: Reach::Partly(
            "a client that is never answered cannot show: it asks again after a while.",
        ),
    },
    Card {
        bug: Bug::A07,
        id: "A-07",
        title: "A forwarded proposal deposes the receiver",
        deviation: "A request is passed on to whoever last led, and its term counts: a server that has \
                    raised its term in vain deposes the leader with each request of a client.",
        change: Change::Rule("proposal_term_counts", RuleId::ForwardNoTerm),
        breaks: &[LIVE, LIMITS],
        exposed_by: "A server that hears nobody, and clients who ask it.",
        seen_in: "libraries in Go",
        reach: Reach::Only(
            "pre-vote is off, since nobody raises a term in vain with it, and followers pass requests \
             on, which they do where it is planted.",
        ),
    },
    Card {
        bug: Bug::A07b,
        id: "A-07b",
        title: "A forwarded proposal goes in circles",
        deviation: "A request is passed on to whoever last led, and passed on again by a server that \
                    does not lead: two that once followed each other send it back and forth until \
                    somebody leads.",
        change: Change::Rule("forwards_again", RuleId::ForwardOnce),
        breaks: &[LIMITS, LIVE],
        exposed_by: "Two former leaders without a majority, and clients who ask them.",
        seen_in: "libraries in Go",
        reach: Reach::Only("followers pass requests on, which they do where it is planted."),
    },
    Card {
        bug: Bug::W01,
        id: "W-01",
        title: "A witness campaigns",
        deviation: "A server that votes and holds no data stands for election like others, and wins where \
                    its log is the newest: a leader that can neither answer nor bring anybody up to date.",
        change: Change::Rule("witness_may_stand", RuleId::WitnessNeverStands),
        breaks: &[MEMBERS],
        exposed_by: "A witness that does not hear the leader.",
        seen_in: "no implementation that is known; those that have witnesses guard against it",
        reach: Reach::Only("the cluster has a witness."),
    },
    Card {
        bug: Bug::W02,
        id: "W-02",
        title: "A witness becomes a member with data and keeps its log",
        deviation: "A server that was a witness is added as one that holds data, without an empty disk: its \
                    log matches, so that it is sent nothing of what it lacks, and it counts as a copy.",
        change: Change::Duty("role_waits_for_data"),
        breaks: &[QUORUM, LIVE],
        exposed_by: "A witness that is taken out and added again as a voter.",
        seen_in: "no implementation that is known; a mistake of operators",
        reach: Reach::Only(
            "the operator names a server that was a witness: selectors mean none, nor do profiles.",
        ),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_card_is_filled_in() {
        for card in CARDS {
            assert!(!card.title.ends_with('.') && card.deviation.ends_with('.'));
            assert!(card.exposed_by.ends_with('.') && !card.seen_in.ends_with('.'));
            assert!(!card.breaks.is_empty(), "{}", card.id);
            let (Reach::Only(text) | Reach::Unguarded(text) | Reach::Partly(text)) = card.reach
            else {
                continue;
            };
            assert!(text.ends_with('.'), "{}", card.id);
        }
    }
}
