//! Probes: named situations that a run may reach. If no seed hits a probe, the fuzzer does not reach that
//! situation.

macro_rules! probes {
    ($($probe:ident: $name:literal, $says:literal;)+) => {
        /// A situation that not every seed reaches.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Probe { $(#[doc = $says] $probe,)+ }

        impl Probe {
            /// Every probe, in order.
            pub const ALL: &'static [Probe] = &[$(Probe::$probe),+];

            /// Its name in profiles and summaries.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Probe::$probe => $name),+ }
            }

            /// The situation, in one sentence.
            #[must_use]
            pub fn says(self) -> &'static str {
                match self { $(Probe::$probe => $says),+ }
            }
        }
    };
}

probes! {
    // Elections.
    CandidateMetLeader: "candidate-met-leader", "A candidate heard from the leader of its own term.";
    PreCandidateMetLeader: "pre-candidate-met-leader", "A pre-candidate heard from the leader of its term.";
    VoteRefusedLogBehind: "vote-refused-log-behind", "A vote was refused because the candidate's log is not up to date.";
    VoteRefusedVoted: "vote-refused-already-voted", "A vote was refused because another candidate had it.";
    VoteRefusedFresh: "vote-refused-fresh-leader", "A vote was refused because a leader was heard from.";
    VoteRefusedStale: "vote-refused-stale-term", "A vote of an older term was asked for.";
    VoteRefusedPriority: "vote-refused-priority", "A vote or a pre-vote was refused because the candidate's priority is lower.";
    PreferredElected: "preferred-elected", "A server was elected after it had refused one of a lower priority.";
    PriorityOutweighed: "priority-outweighed-by-log", "A server voted for one of a lower priority, whose log held more.";
    PriorityGaveWay: "priority-gave-way", "A server voted for one of a lower priority, because there had been no leader for a long time.";
    PriorityPassedOver: "priority-passed-over-by-transfer", "A server voted for one of a lower priority, which its leader had told to campaign.";
    VoteGivenAgain: "vote-given-again", "A candidate got the same vote twice.";
    PreVoteRefusedLogBehind: "pre-vote-refused-log-behind", "A pre-vote was refused because the log is not up to date.";
    PreVoteRefusedFresh: "pre-vote-refused-fresh-leader", "A pre-vote was refused because a leader was heard from.";
    PreVoteLost: "pre-vote-lost", "A pre-candidate was refused by a majority.";
    ElectionLost: "election-lost", "A candidate was refused by a majority.";
    CandidacyTimedOut: "candidacy-timed-out", "A candidate heard from no majority and tried again.";
    SplitVote: "split-vote", "Two servers were candidates of one term at once.";
    CandidacyDiedEarly: "candidacy-died-before-asking", "A candidacy ended before its own vote was durable.";
    GrantDiedEarly: "grant-died-before-leaving", "A granted vote's term ended before the vote was durable.";
    LeaderDeposed: "leader-deposed", "A leader met a higher term.";
    QuorumLost: "leader-lost-quorum", "A leader stepped down because it heard from no quorum.";
    LeaderElectedAgain: "leader-elected-again", "A server was elected twice in a row.";
    TwoLeaders: "two-leaders", "Two servers were leaders at once, in different terms.";
    ElectedWithOldEntries: "elected-with-uncommitted-entries", "A new leader's log held entries not known to be committed.";
    LoneLeader: "lone-leader", "A cluster of one elected itself.";
    // Replication.
    RejectedThenMatched: "rejected-then-matched", "A follower that rejected what it was sent was brought to match.";
    BackedOffFar: "backed-off-three-times", "A leader went back three times or more until a follower's log matched.";
    Truncated: "follower-truncated", "A follower removed a conflicting suffix.";
    TruncatedSeveralTerms: "truncated-several-terms", "A follower removed entries of several terms at once.";
    TruncatedAcknowledged: "truncated-acknowledged", "A follower removed an entry that it had acknowledged to an earlier leader.";
    TruncatedInFlight: "truncated-in-flight", "A follower removed entries whose write was not durable yet.";
    TruncatedAfterRestart: "truncated-after-restart", "A follower removed entries that it had found on its disk.";
    AckWithheld: "acknowledgement-withheld", "A follower's acknowledgement waited for its disk.";
    LateAck: "late-acknowledgement", "An acknowledgement arrived after its leader's term had ended.";
    LateAppend: "late-append", "A message of a deposed leader arrived.";
    LateVote: "late-vote", "A vote arrived after its term had ended.";
    AncientMessage: "ancient-message", "A message arrived that was sent two terms ago or more.";
    AckOfEarlierTerm: "reply-of-former-reign", "A leader got a reply to a message of an older term, sent back in this one.";
    WindowFull: "window-full", "A leader had entries to send and its window was full.";
    MessageSplit: "message-split", "A leader sent several messages with entries to one follower in one step.";
    ManyWritesInFlight: "nine-writes-in-flight", "A server had nine writes or more on their way to its disk.";
    // Commitment.
    CommitHeld: "commit-held", "A majority held an entry of an earlier term, which counting may not commit (Figure 8).";
    OldTermCommitted: "earlier-term-committed", "An entry of an earlier term was committed through a later one.";
    CommittedWithoutOwnCopy: "committed-without-own-copy", "A leader committed an entry that was not yet durable on its own disk.";
    CommitJumped: "commit-jumped", "Five entries or more were committed at once.";
    LoneCommit: "lone-commit", "A cluster of one committed by itself.";
    // Crashes.
    LostVote: "crash-lost-a-vote", "A crash lost a vote that had not left yet.";
    LostEntry: "crash-lost-an-entry", "A crash lost entries of a log.";
    TornWrite: "crash-tore-a-write", "A crash left a write in part.";
    LeaderLostCommitted: "leader-lost-committed-entry", "A leader crashed and lost its own copy of an entry that its followers had made committed.";
    RestartedWithVote: "restarted-with-vote", "A server started again in the term it had voted in.";
    AllDown: "all-down", "No server was up.";
    MajorityDown: "majority-down", "A majority was down.";
    MessageFromBeforeCrash: "message-outlived-sender", "A message arrived that its sender had sent before it crashed.";
    MessageFromBeforeRestart: "message-outlived-receiver", "A message arrived that was sent before its receiver last started.";
    // Time.
    LongPause: "pause-outlived-timeout", "A server paused for longer than the longest election timeout.";
    StaleLeaderResumed: "deposed-leader-resumed", "A leader paused and resumed after another was elected.";
    LongJump: "clock-jumped-past-timeout", "A clock jumped by more than the longest election timeout.";
    // Links.
    Overtaken: "message-overtaken", "A message arrived after one sent later on the same link.";
    Duplicated: "message-duplicated", "A message arrived twice.";
    SentToDown: "message-to-down-server", "A message arrived at a server that was down.";
    // Reads without an entry.
    ReadRound: "read-after-quorum-answered", "A leader answered a read once a majority had answered it.";
    ReadRoundShared: "reads-shared-a-round", "One round of messages served several reads.";
    ReadWaitedForRound: "read-waited-for-next-round", "A read came during a round and was served by the next one.";
    ReadsHeld: "read-held-for-own-term", "A read waited because nothing of the leader's term was committed.";
    ReadsFailedWithRole: "reads-failed-with-role", "Reads waited at a server that changed its role or term, and failed.";
    ClientToldReadFailed: "client-told-read-failed", "A client was told that its read failed.";
    ReadForwarded: "read-forwarded", "A follower asked its leader for an index.";
    ForwardedReadRefused: "forwarded-read-refused", "A follower asked a server that was no longer the leader.";
    ReadWaitedForMachine: "read-waited-for-state-machine", "A read's index was known, and its state machine was not there yet.";
    TooManyReads: "too-many-reads", "A read was refused because too many reads waited.";
    ReadByLease: "read-by-lease", "A leader answered a read at once, by its lease.";
    LeaseUnderCandidacy: "lease-read-under-candidacy", "A leader answered by its lease while another server stood against it.";
    LeaseOver: "lease-over", "A leader's lease was over when a read came.";
    StaleReadWasStale: "stale-read-was-stale", "A stale read was answered from an older state than the newest.";
    StaleReadRefused: "stale-read-refused", "A stale read was refused because its client has seen more.";
    // Requests that followers pass on.
    Forwarded: "forwarded", "A follower passed a request on to its leader.";
    ForwardedCommitted: "forwarded-and-committed", "A client was answered by a follower that had passed its request on.";
    ForwardedRefused: "forwarded-and-refused", "A request that was passed on was refused.";
    ForwardedLost: "forwarded-and-lost", "A follower got no answer in time to a request that it had passed on.";
    AcceptedTooLate: "accepted-too-late", "A request was passed on, and its entry was applied before its leader's answer came.";
    ForwardedToNoLeader: "forwarded-to-no-leader", "A request was passed on to a server that is no longer the leader.";
    // Leadership that is handed over or given up.
    TransferBegan: "transfer-began", "A leader began to hand leadership over.";
    HandedOver: "leadership-handed-over", "The server that a leader had told to campaign was elected.";
    TransferTargetLagged: "transfer-target-lagged", "The target of a transfer had to be brought up first.";
    TransferTimedOut: "transfer-timed-out", "The target of a transfer did not take over in time.";
    TransferWhileTransferring: "transfer-while-transferring", "A leader was told to hand over while it was doing so.";
    SuccessorRefused: "successor-refused", "A server that its leader had told to campaign was refused a vote.";
    RefusedForTransfer: "refused-for-transfer", "A proposal was refused because leadership was being handed over.";
    LeaderToldToCampaign: "leader-told-to-campaign", "A leader was told to campaign, and did nothing.";
    SteppedDown: "stepped-down-on-request", "A leader stepped down because it was told to.";
    LeaderLeftStalledDisk: "leader-left-stalled-disk", "A leader stepped down because its disk finished nothing.";
    TooMuchUncommitted: "too-much-uncommitted", "A proposal was refused because too much was not committed.";
    MachineFarBehind: "state-machine-far-behind", "Five entries or more were committed and not applied.";
    // Snapshots.
    SnapshotBegun: "snapshot-taken", "A server took a snapshot of its state.";
    LogCut: "log-cut", "A log was cut at its start.";
    LogCutWhileSending: "log-cut-while-sending", "A leader cut its log while it was sending a snapshot.";
    SnapshotSent: "snapshot-sent", "A leader began to send a snapshot.";
    SnapshotInstalled: "snapshot-installed", "A server installed a snapshot that it was sent.";
    SnapshotInPieces: "snapshot-in-pieces", "A snapshot arrived in several pieces.";
    SnapshotReplacedEntries: "snapshot-replaced-entries", "A snapshot took the place of entries that were not known to be committed.";
    SuffixKept: "snapshot-kept-suffix", "A server held a snapshot's last entry and entries after it, and kept them.";
    SnapshotWithoutNews: "snapshot-without-news", "A server was sent a snapshot of what it knew to be committed.";
    SnapshotBegunAnew: "snapshot-begun-anew", "A server was sent another snapshot than the one of which it had a part.";
    SnapshotResumedByOther: "snapshot-resumed-by-other-leader", "A snapshot that one leader had begun to send came whole from another.";
    SnapshotResumedAfterRestart: "snapshot-resumed-after-restart", "A server that held a part of a snapshot started again and got the rest.";
    CrashedWhileReceiving: "crash-while-receiving-snapshot", "A server crashed while it was sent a snapshot.";
    CrashedBetweenSnapshotAndCut: "crash-between-snapshot-and-cut", "A server crashed with a snapshot on its disk that covers entries still in its log.";
    StartedFromSnapshot: "started-from-snapshot", "A server started from a snapshot.";
    RequestCoveredBySnapshot: "request-covered-by-snapshot", "A request waited for an entry that a snapshot covers.";
    // Members.
    LearnerAdded: "learner-added", "A leader added a server without a vote.";
    LearnerAddedAgain: "learner-added-again", "A leader was told to add a learner that it had, and did nothing.";
    VoterAdded: "voter-added", "A leader gave a server a vote.";
    VoterDemoted: "voter-demoted", "A leader took a server's vote.";
    VoterRemoved: "voter-removed", "A leader took a voter out.";
    LeaderRemovedItself: "leader-removed-itself", "A leader appended a configuration that gives it no vote.";
    RemovedLeaderLedOn: "removed-leader-led-on", "A leader sent heartbeats before the configuration without its vote was committed.";
    RemovedLeaderGaveUp: "removed-leader-gave-up", "A leader stepped down before the configuration without its vote was committed.";
    LeaderLeft: "leader-left", "A leader stepped down when the configuration without its vote was committed.";
    JointEntered: "joint-entered", "A leader entered a joint configuration.";
    JointLeft: "joint-left", "A leader left a joint configuration.";
    ElectedInJoint: "elected-in-joint", "A server was elected under a joint configuration.";
    ChangeMade: "change-made", "A change of members was committed.";
    MembersRolledBack: "members-rolled-back", "A server removed a configuration from its log and went by an earlier one.";
    RestartedUnderNewMembers: "restarted-under-new-members", "A server started again with a configuration in its log that it does not know to be committed.";
    CaughtUp: "newcomer-caught-up", "A newcomer caught up.";
    NewcomerDown: "newcomer-down", "An operator asked a leader to give a vote to a server that is down.";
    DeadVoter: "voter-down", "A leader changed the voters while one of those that stayed was down.";
    CatchUpRound: "newcomer-needed-another-round", "A newcomer took too long for one round of catching up.";
    NewcomerGivenUp: "newcomer-given-up", "A leader gave up on a newcomer that was too slow or made no progress.";
    SnapshotToNewcomer: "snapshot-to-newcomer", "A server that belonged to no cluster was given a snapshot.";
    ChangeWhileChanging: "change-while-changing", "A change was refused because another was under way.";
    ChangeBeforeOwnTerm: "change-before-own-term", "A change was refused because nothing of the leader's term was committed.";
    ChangeToTheDead: "change-to-the-dead", "A change was refused because no quorum of the next voters was heard from.";
    ChangeDuringTransfer: "change-during-transfer", "A change was refused because leadership was being handed over.";
    ChangeLostItsLeader: "change-lost-its-leader", "A leader lost its leadership while it changed the members.";
    OutsiderStands: "outsider-stands", "A server without a vote in its own latest configuration stood for election.";
    StrangerRefused: "stranger-refused", "A server refused a vote to one that is no voter of its configuration.";
    StrangerTrusted: "stranger-trusted", "A server voted for one that is no voter of its configuration.";
    LeadersDisagreeOnMembers: "leaders-disagree-on-members", "Two leaders at once went by different members.";
    // Witnesses.
    WitnessAdded: "witness-added", "A leader made a server a witness.";
    CommittedByWitness: "committed-by-witness", "An entry was committed that fewer than a majority hold with its data.";
    ElectedByWitness: "elected-by-witness", "A leader was elected that had no majority without a witness.";
    RefusedByWitness: "refused-by-witness", "A witness refused a vote or a pre-vote, since its log is newer.";
    SnapshotByName: "snapshot-by-name", "A witness was sent the name of a snapshot in place of its bytes.";
    // Clients.
    Repeated: "retry-answered-from-session", "A request was committed twice and answered the second time from the session.";
    SessionOpened: "session-opened", "A client opened a session.";
    SessionKept: "session-kept", "A client kept its session, without asking for anything in it.";
    SessionExpired: "session-expired", "A request was refused because its session had expired.";
    RepeatedInSession: "retry-in-session", "A request was committed twice in a session that a client had opened.";
    SessionOutlivedLeader: "session-outlived-leader", "A leader was elected while sessions were open.";
    SnapshotBroughtSessions: "snapshot-brought-sessions", "A server was given open sessions by a snapshot.";
    Superseded: "superseded-request", "A request was committed after a newer one of its client.";
    RequestLost: "request-lost", "A client was told that another leader's entry replaced its request.";
    LateReply: "late-reply", "A reply reached a client that no longer waited.";
    Redirected: "client-redirected", "A client was sent on to the leader.";
    NoLeaderKnown: "no-leader-known", "A client was told that no leader is known.";
    GaveUp: "client-gave-up", "A client gave up, and does not know whether its request took effect.";
}

/// Which probes were hit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hits([u128; 2]);

impl Hits {
    /// Notes a hit.
    #[inline]
    pub fn hit(&mut self, probe: Probe) {
        self.0[probe as usize / 128] |= 1 << (probe as u32 % 128);
    }

    /// Whether it was hit.
    #[must_use]
    pub fn contains(self, probe: Probe) -> bool {
        self.0[probe as usize / 128] & (1 << (probe as u32 % 128)) != 0
    }

    /// The probes that were hit, in order.
    pub fn iter(self) -> impl Iterator<Item = Probe> {
        Probe::ALL
            .iter()
            .copied()
            .filter(move |probe| self.contains(*probe))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_probe_has_a_name_of_its_own_and_a_bit() {
        assert!(Probe::ALL.len() >= 40 && Probe::ALL.len() <= 256);
        for (place, probe) in Probe::ALL.iter().enumerate() {
            assert_eq!(*probe as usize, place);
            assert!(
                Probe::ALL[..place]
                    .iter()
                    .all(|other| other.name() != probe.name())
            );
            assert!(probe.says().ends_with('.') || probe.says().ends_with(')'));
            let mut hits = Hits::default();
            hits.hit(*probe);
            assert_eq!(hits.iter().collect::<Vec<_>>(), [*probe]);
        }
    }
}
