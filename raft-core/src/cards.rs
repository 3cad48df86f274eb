//! The names, sources and texts of the rules.

/// The name of a rule, its source and its text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Card {
    /// Stable name, as events and `explain` use it.
    pub name: &'static str,
    /// Section of the extended paper (§) or of the dissertation.
    pub section: &'static str,
    /// The rule in plain words.
    pub says: &'static str,
}

/// Names every rule that events may cite.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[expect(missing_docs, reason = "each variant is described by its card")]
pub enum RuleId {
    ElectionTimeout,
    VoteOnce,
    LogUpToDate,
    Stickiness,
    Priority,
    VoteSurvivesStepDown,
    VoteOfThisTerm,
    PreVoteIsNoVote,
    RefusalResetsNothing,
    LeaderOfTerm,
    MayNotVote,
    HigherTerm,
    StaleIsAnswered,
    Majority,
    CheckQuorum,
    Noop,
    PreviousMatches,
    TruncateConflictOnly,
    AcknowledgeDurable,
    FollowerCommit,
    MatchNeverFalls,
    RejectionLeavesMatch,
    BackOffByTerm,
    ReplyOfThisTerm,
    CurrentTermOnly,
    OwnCopyDurable,
    DiskStall,
    StepDownOnRequest,
    ReadOwnTermFirst,
    ReadNeedsQuorum,
    ReadsAreFailed,
    LeaseFromSendTime,
    LeaseNeedsPromises,
    LeaseEnd,
    LeaseGivenUp,
    SnapshotNeeded,
    SnapshotUntilLogDoes,
    PieceIsSignOfLife,
    SnapshotNewsOnly,
    SuffixStays,
    PiecesOfOne,
    ReceiverKnows,
    TransferTargetReady,
    TransferTargetCampaigns,
    TransferOverridesStickiness,
    LeaderNeedsNoCampaign,
    ForwardToLeader,
    ForwardOnce,
    ForwardNoTerm,
    ChangeOwnTermFirst,
    ChangeOneAtATime,
    InForceAtAppend,
    ConfigurationRolledBack,
    WholeLogCounts,
    SnapshotKeepsBoth,
    BothHalves,
    JointFirst,
    LeadsUntilCommitted,
    VotersStand,
    VotersVote,
    CaughtUp,
    LiveQuorum,
    AddedAgain,
    ForceNewCluster,
    WitnessNeverStands,
    SleepersWake,
    SilenceIsLife,
    DurableVote,
    DurableCandidacy,
    TruncationLowersWatermark,
    TruncationLowersFlights,
}

impl RuleId {
    /// The rule's card.
    #[must_use]
    pub fn card(self) -> &'static Card {
        &catalogue()
            .iter()
            .find(|(id, _)| *id == self)
            .expect("a test holds that every rule has a card")
            .1
    }
}

/// Every rule with its card, in the order of the paper.
#[must_use]
#[rustfmt::skip]
pub fn catalogue() -> &'static [(RuleId, Card)] {
    use RuleId::*;
    const fn card(name: &'static str, section: &'static str, says: &'static str) -> Card {
        Card { name, section, says }
    }
    const CARDS: &[(RuleId, Card)] = &[
        (HigherTerm, card("term.higher-wins", "§5.1",
            "A server that sees a higher term adopts it and becomes a follower.")),
        (StaleIsAnswered, card("term.stale-is-answered", "§5.1",
            "A request of an older term is refused with the newer term, so that its sender steps down. \
             Without the answer a server with a higher term and a shorter log could block a cluster \
             that uses pre-vote.")),
        (ElectionTimeout, card("election.timeout", "§5.2",
            "A server that hears from no leader for a randomly drawn time starts an election; drawing \
             keeps servers from timing out together.")),
        (VoteOnce, card("election.vote-once", "§5.2",
            "A server votes for at most one candidate in a term, first come first served.")),
        (LogUpToDate, card("election.log-up-to-date", "§5.4.1",
            "A vote goes only to a candidate whose log is at least as up to date: a later last term, or \
             the same last term and an index at least as high.")),
        (VoteSurvivesStepDown, card("election.vote-survives-step-down", "§5.2",
            "Becoming a follower within the same term keeps the vote; only a new term frees it.")),
        (VoteOfThisTerm, card("election.vote-of-this-term", "§5.2",
            "A candidate counts only votes given in the term it campaigns in.")),
        (PreVoteIsNoVote, card("election.pre-vote-is-no-vote", "dissertation §9.6",
            "A granted pre-vote promises nothing and never counts as a vote.")),
        (RefusalResetsNothing, card("election.refusal-resets-nothing", "§5.2",
            "Only a granted vote or the leader's message postpones a server's own election; refusing a \
             vote does not.")),
        (LeaderOfTerm, card("election.leader-of-term", "§5.2",
            "A candidate that hears from the leader of its term gives up and follows it.")),
        (Stickiness, card("election.stickiness", "§6, dissertation §4.2.3",
            "A server that heard from a leader less than a minimum election timeout ago gives no vote \
             and adopts no term from a candidate. A server that just started counts as one that has \
             heard.")),
        (Priority, card("election.priority", "not in the paper",
            "A voter refuses a candidate of lower priority whose log holds nothing more than its own, \
             until it has known of no leader for four of the longest election timeouts: who is wanted \
             as the leader may be unable to win. A candidate that the leader told to campaign is not \
             refused for this.")),
        (MayNotVote, card("election.may-not-vote", "not in the paper",
            "A server whose durable promises may be lost neither votes nor campaigns.")),
        (Majority, card("quorum.majority", "§5.2",
            "A decision needs more than half of the voters, so that any two decisions share one.")),
        (CheckQuorum, card("leader.check-quorum", "dissertation §6.2",
            "A leader that has heard from no quorum for the longest election timeout steps down.")),
        (Noop, card("leader.noop", "§8, dissertation §6.4",
            "A new leader appends an entry without a command, since earlier entries commit only through \
             one of its own term.")),
        (PreviousMatches, card("append.previous-matches", "§5.3",
            "A follower accepts entries only if its log holds the entry they follow, with the same term.")),
        (TruncateConflictOnly, card("append.truncate-conflict-only", "§5.3",
            "A follower removes an entry, and all that follow, only if its term differs from the one \
             sent: messages may arrive late or twice.")),
        (AcknowledgeDurable, card("append.acknowledge-durable", "§5.3, Figure 2",
            "A follower acknowledges what it has verified against this leader's log and holds durably, \
             and nothing more.")),
        (FollowerCommit, card("commit.follower", "§5.3",
            "A follower's commit index follows the leader's, at most to the last entry that the same \
             message showed to match.")),
        (MatchNeverFalls, card("progress.match-never-falls", "§5.3",
            "An acknowledgement that arrives late never lowers what the leader knows to be replicated.")),
        (RejectionLeavesMatch, card("progress.rejection-leaves-match", "§5.3",
            "A rejection moves next_index back, never match_index.")),
        (BackOffByTerm, card("progress.back-off-by-term", "end of §5.3",
            "After a rejection the leader goes back to the latest entry that could match, a term at a \
             time, never behind what is known to match.")),
        (ReplyOfThisTerm, card("progress.reply-of-this-term", "§5.3",
            "A leader counts only replies to messages of its present term.")),
        (CurrentTermOnly, card("commit.current-term-only", "§5.4.2, Figure 8",
            "A leader commits by counting copies only entries of its own term; earlier ones commit with \
             them.")),
        (OwnCopyDurable, card("commit.own-copy-durable", "§5.3, dissertation §10.2.1",
            "The leader's own copy counts once it is durable.")),
        (DiskStall, card("leader.disk-stall", "not in the paper",
            "A leader whose disk finishes nothing for the disk timeout steps down: its heartbeats would \
             keep the others from electing one that can store.")),
        (StepDownOnRequest, card("leader.steps-down-on-request", "dissertation §3.10",
            "A leader steps down when it is told to, and is the last to campaign again.")),
        (ReadOwnTermFirst, card("read.own-term-first", "§8, dissertation §6.4",
            "A leader answers reads only once an entry of its own term is committed: before that it may \
             not know everything that is committed.")),
        (ReadNeedsQuorum, card("read.asks-quorum", "§8, dissertation §6.4",
            "A read is answered when a quorum has answered messages that left after the read came: no \
             other leader had been elected then.")),
        (ReadsAreFailed, card("read.failed-not-dropped", "not in the paper",
            "Reads that wait when a role ends are failed, so that whoever asked is told.")),
        (LeaseFromSendTime, card("lease.from-send-time", "dissertation §6.4.1",
            "A follower's promise not to vote counts from when the message that it answers was sent, \
             not from when the answer arrived.")),
        (LeaseNeedsPromises, card("lease.needs-promises", "dissertation §6.4.1",
            "There is a lease only if voters withhold their votes while they hear a leader, and if it is \
             known how wrong clocks may be.")),
        (LeaseEnd, card("lease.end", "dissertation §6.4.1",
            "A lease lasts for the shortest election timeout, less what clocks may be wrong by.")),
        (LeaseGivenUp, card("lease.given-up-for-transfer", "dissertation §3.10, §6.4.1",
            "A leader that tells another server to campaign has no lease any more in its term: that \
             server's candidacy is not held up.")),
        (SnapshotNeeded, card("snapshot.for-what-is-gone", "§7",
            "A follower that needs entries which the leader's log no longer holds is sent a snapshot, and \
             no other is.")),
        (SnapshotUntilLogDoes, card("snapshot.until-the-log-does", "§7",
            "Once a follower holds what the leader's log begins after, it is sent entries again, whoever \
             told the leader and however.")),
        (PieceIsSignOfLife, card("snapshot.sign-of-life", "§7",
            "Each piece of a snapshot comes from a live leader and postpones an election.")),
        (SnapshotNewsOnly, card("snapshot.news-only", "§7, Figure 13",
            "A snapshot of what a server already knows to be committed changes nothing.")),
        (SuffixStays, card("snapshot.suffix-stays", "§7, Figure 13",
            "If the log holds the snapshot's last entry, with its term, what follows stays; else the whole \
             log goes.")),
        (PiecesOfOne, card("snapshot.pieces-of-one", "§7",
            "Only pieces of one and the same snapshot are put together.")),
        (ReceiverKnows, card("snapshot.receiver-knows", "not in the paper",
            "A transfer goes on from what the receiver says it holds, which a crash may have made less.")),
        (TransferTargetReady, card("transfer.target-has-log", "dissertation §3.10",
            "The target of a transfer is told to campaign once it holds the leader's whole log.")),
        (TransferTargetCampaigns, card("transfer.target-campaigns", "dissertation §3.10",
            "A server that its leader tells to campaign does so at once, without asking whether it could \
             win.")),
        (TransferOverridesStickiness, card("transfer.overrides-stickiness", "dissertation §3.10, §4.2.3",
            "A candidate that the leader itself told to campaign is heard, however fresh the leader is.")),
        (LeaderNeedsNoCampaign, card("leader.needs-no-campaign", "not in the paper",
            "A leader that is told to campaign does nothing: it would only depose itself.")),
        (ForwardToLeader, card("proposal.to-own-leader", "not in the paper",
            "A proposal is passed on to the leader of the server's own term alone: one of an earlier \
             term may lead no more, and two servers might take each other for the leader.")),
        (ForwardOnce, card("proposal.forwarded-once", "not in the paper",
            "A proposal is passed on once: a receiver that does not lead refuses it and names the \
             leader, so that no proposal goes in circles.")),
        (ForwardNoTerm, card("proposal.no-term", "not in the paper",
            "A proposal that is passed on belongs to no term: whoever sends one deposes nobody with it.")),
        (ChangeOwnTermFirst, card("membership.own-term-first", "dissertation §4.1, errata of 2015",
            "A leader changes the configuration only after it has committed an entry of its own term: \
             two leaders could otherwise each commit one that shares no quorum with the other's.")),
        (ChangeOneAtATime, card("membership.one-at-a-time", "§6, dissertation §4.1",
            "A configuration is appended only when the one before is committed.")),
        (InForceAtAppend, card("membership.in-force-at-append", "§6, dissertation §4.1",
            "A server uses the latest configuration in its log, whether it is committed or not.")),
        (ConfigurationRolledBack, card("membership.rolled-back", "dissertation §4.1",
            "A configuration whose entry is removed from the log is in force no more: the one before it \
             is.")),
        (WholeLogCounts, card("membership.whole-log-counts", "§6, dissertation §4.1",
            "After a restart the latest configuration in the log is in force, as before.")),
        (SnapshotKeepsBoth, card("membership.snapshot-keeps-both", "dissertation §5.1",
            "A snapshot holds the configuration in force at its last entry, both halves of a joint one.")),
        (BothHalves, card("membership.both-halves", "§6, dissertation §4.3",
            "While a configuration is joint, elections and commits need a majority of each of its halves.")),
        (JointFirst, card("membership.joint-first", "§6, dissertation §4.3",
            "A joint configuration is left only when it is committed: until then the outgoing voters \
             could decide without the incoming ones.")),
        (LeadsUntilCommitted, card("membership.leads-until-committed", "§6, dissertation §4.2.2",
            "A leader that its configuration gives no vote leads, without counting itself, until that \
             configuration is committed; then it steps down.")),
        (VotersStand, card("membership.voters-stand", "dissertation §4.2.2",
            "A server campaigns if its latest configuration gives it a vote, or the one before does and the \
             latest need not be committed yet: until a removal commits, nobody else may be able to win.")),
        (VotersVote, card("membership.voters-vote", "dissertation §4.2.1",
            "Candidates ask voters, and count nobody else's answer.")),
        (CaughtUp, card("membership.caught-up", "dissertation §4.2.1",
            "A server is given a vote once a round of catching up was shorter than an election timeout, \
             so that the cluster need not wait for it.")),
        (LiveQuorum, card("membership.live-quorum", "not in the paper",
            "A configuration of which no quorum was heard from lately is refused: nothing would commit \
             under it, not even the way back.")),
        (AddedAgain, card("membership.added-again", "not in the paper",
            "A member that is added again stays what it is.")),
        (ForceNewCluster, card("membership.force-new-cluster", "not in the paper",
            "An operator who knows the others to be gone for good makes a survivor the only member, with \
             the log that it holds.")),
        (WitnessNeverStands, card("witness.never-stands", "not in the paper",
            "A witness votes and acknowledges, but never campaigns: it has no data to lead with.")),
        (SleepersWake, card("quiescence.sleepers-wake", "not in the paper",
            "A follower that sleeps wakes when anybody asks it for something, and its election timer \
             runs: the leader may have died in silence.")),
        (SilenceIsLife, card("quiescence.silence-is-life", "not in the paper",
            "A follower that wakes counts as having heard from its leader until then: the silence was \
             agreed upon, so the leader is given an election timeout to speak.")),
        (DurableVote, card("durability.vote", "Figure 2",
            "A granted vote leaves when it is durable: a server that forgot it could vote twice.")),
        (DurableCandidacy, card("durability.candidacy", "Figure 2",
            "RequestVote leaves when the candidate's term, own vote and log are durable; its own vote \
             counts from then on.")),
        (TruncationLowersWatermark, card("durability.truncation-lowers-watermark", "not in the paper",
            "Removing entries lowers the durable index: what replaces them is not durable yet.")),
        (TruncationLowersFlights, card("durability.truncation-lowers-flights", "not in the paper",
            "A late report about entries that were replaced proves nothing about their replacements.")),
    ];
    CARDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_one_card_with_a_name_of_its_own() {
        for (place, (id, card)) in catalogue().iter().enumerate() {
            assert_eq!(id.card(), card);
            assert!(!card.section.is_empty() && card.says.ends_with('.'));
            let rest = &catalogue()[place + 1..];
            assert!(
                rest.iter()
                    .all(|(other, o)| other != id && o.name != card.name)
            );
        }
    }
}
