//! RPCs (Figure 2) and their validation.

use alloc::boxed::Box;

use crate::configuration::Configuration;
use crate::request::ProposalAnswer;
use crate::types::{EntryId, Index, Instant, LIMIT, Priority, ProposalToken, Term};

/// One message. Every message carries its sender's current term (§5.1).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Message {
    /// The sender's `current_term` when it sent this.
    pub term: Term,
    /// What it says.
    pub body: Body,
}

/// Which of its forms a message has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[expect(missing_docs, reason = "each is the form of the body of the same name")]
pub enum MessageKind {
    PreVote,
    PreVoteReply,
    RequestVote,
    RequestVoteReply,
    AppendEntries,
    AppendEntriesReply,
    TimeoutNow,
    ReadIndex,
    ReadIndexReply,
    Propose,
    ProposeReply,
    InstallSnapshot,
    InstallSnapshotReply,
    Sleep,
    SleepReply,
    WakeUp,
}

impl Body {
    /// Its form.
    #[must_use]
    pub fn kind(&self) -> MessageKind {
        match self {
            Self::PreVote { .. } => MessageKind::PreVote,
            Self::PreVoteReply { .. } => MessageKind::PreVoteReply,
            Self::RequestVote { .. } => MessageKind::RequestVote,
            Self::RequestVoteReply { .. } => MessageKind::RequestVoteReply,
            Self::AppendEntries(_) => MessageKind::AppendEntries,
            Self::AppendEntriesReply(_) => MessageKind::AppendEntriesReply,
            Self::TimeoutNow => MessageKind::TimeoutNow,
            Self::ReadIndex { .. } => MessageKind::ReadIndex,
            Self::ReadIndexReply { .. } => MessageKind::ReadIndexReply,
            Self::Propose { .. } => MessageKind::Propose,
            Self::ProposeReply { .. } => MessageKind::ProposeReply,
            Self::InstallSnapshot(_) => MessageKind::InstallSnapshot,
            Self::InstallSnapshotReply { .. } => MessageKind::InstallSnapshotReply,
            Self::Sleep { .. } => MessageKind::Sleep,
            Self::SleepReply { .. } => MessageKind::SleepReply,
            Self::WakeUp => MessageKind::WakeUp,
        }
    }
}

/// What a message says.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Body {
    /// *Would you vote for me in the term after mine?* Sent by a pre-candidate to every voter
    /// (dissertation §9.6). Promises nothing, so it waits for no disk; changes no term.
    PreVote {
        /// The sender's last log entry.
        last: EntryId,
        /// How much the sender is wanted as the leader.
        priority: Priority,
    },
    /// The answer to [`Body::PreVote`]. Not a promise.
    PreVoteReply {
        /// The term of the request that is answered: an answer to an older one says nothing.
        asked_in: Term,
        /// Whether the voter would vote for the sender.
        granted: bool,
    },
    /// *Vote for me in this term* (§5.2). It promises the log it advertises and the sender's own
    /// vote, so it leaves when both are durable.
    RequestVote {
        /// The sender's last log entry.
        last: EntryId,
        /// How much the sender is wanted as the leader.
        priority: Priority,
        /// Whether the leader told the sender to campaign: then neither a fresh leader nor a higher
        /// priority stands in its way (dissertation §3.10, §4.2.3).
        transfer: bool,
    },
    /// The answer to [`Body::RequestVote`]. A grant is a promise: it leaves when it is durable.
    RequestVoteReply {
        /// Whether the voter gave its vote of this term to the candidate.
        granted: bool,
    },
    /// The leader's entries, or none as a heartbeat (§5.3).
    AppendEntries(AppendEntries),
    /// The answer to [`Body::AppendEntries`], or to several of them.
    AppendEntriesReply(AppendEntriesReply),
    /// *Campaign now*, from the leader to the server that is to lead next (dissertation §3.10).
    TimeoutNow,
    /// *From which index on may I answer reads?* From a follower to its leader, for all reads that
    /// were waiting when it left (dissertation §6.4).
    ReadIndex {
        /// The asker's number of the question; no two of a server's questions share one.
        number: u64,
    },
    /// The answer to [`Body::ReadIndex`].
    ReadIndexReply {
        /// The number of the question.
        number: u64,
        /// The index, or `None`: the asker's reads fail.
        index: Option<Index>,
    },
    /// *Append these, please.* From a follower to its leader, once. The driver attaches what is
    /// proposed. It belongs to no term, so it deposes nobody, and it may arrive twice.
    Propose {
        /// What the answer will be about.
        token: ProposalToken,
        /// One size per entry, in bytes. A driver whose leaders add something to entries puts the
        /// sizes of its own entries here when the message arrives.
        sizes: Box<[u64]>,
    },
    /// The answer to [`Body::Propose`]. Not a promise: an entry that was appended may vanish.
    ProposeReply {
        /// Which one.
        token: ProposalToken,
        /// What became of it.
        answer: ProposalAnswer,
    },
    /// A piece of the leader's snapshot, to a follower that needs what the leader's log no longer
    /// holds (§7).
    InstallSnapshot(Box<InstallSnapshot>),
    /// *I hold this much of that snapshot, durably.* A promise.
    InstallSnapshotReply {
        /// The snapshot's last entry; (0, 0) asks for one, whichever the leader has.
        last: EntryId,
        /// How many bytes of it, from the start.
        received: u64,
        /// Echoes the newest `seq` received, as [`AppendEntriesReply`] does.
        seq: u64,
        /// The `sent_at` that came with it.
        sent_at: Instant,
    },
    /// *I would be silent from now on.* From a leader that has nothing to do, in place of a heartbeat.
    Sleep {
        /// The last entry of its log, all of which is committed.
        last: EntryId,
        /// As in [`AppendEntries`].
        seq: u64,
        /// As in [`AppendEntries`].
        sent_at: Instant,
    },
    /// The answer to [`Body::Sleep`].
    SleepReply {
        /// Whether the sender sleeps: it holds the same log, all of it committed, and waits for
        /// nothing.
        agreed: bool,
        /// The `seq` of the question.
        seq: u64,
        /// The `sent_at` that came with it.
        sent_at: Instant,
    },
    /// *I am awake.* From a follower that slept to its leader, and from who hears no leader and may
    /// not campaign to everybody. Whoever sleeps wakes.
    WakeUp,
}

/// A snapshot by name: two of the same name hold the same bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct SnapshotId {
    /// The last entry that it covers.
    pub last: EntryId,
    /// Its size; never 0.
    pub bytes: u64,
    /// The driver's checksum of all its bytes.
    pub checksum: u64,
}

/// A piece of a snapshot (§7, Figure 13). The driver attaches its bytes, with a checksum of theirs.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct InstallSnapshot {
    /// Of which snapshot.
    pub snapshot: SnapshotId,
    /// The configuration in force at the snapshot's last entry.
    pub configuration: Configuration,
    /// Where in the snapshot the piece begins, in bytes.
    pub offset: u64,
    /// How many bytes it has; 0 only at the end, which takes the name for the whole (see
    /// [`InstallSnapshot::is_name`]).
    pub length: u64,
    /// As in [`AppendEntries`].
    pub seq: u64,
    /// As in [`AppendEntries`].
    pub sent_at: Instant,
}

/// Part of one segment of the leader's log: entries of one term that follow `prev`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AppendEntries {
    /// The entry before the first one sent; (0, 0) is the start of the log.
    pub prev: EntryId,
    /// Index of the last entry sent; equal to `prev.index` when there is none.
    pub last: Index,
    /// The term of all entries sent; the sender's term when there is none.
    pub entries_term: Term,
    /// Sum of the entries' sizes in bytes; an estimate where they are a part of a segment whose
    /// entries differ in size.
    pub bytes: u64,
    /// The configuration that the last entry sent holds, if it holds one.
    pub configuration: Option<Box<Configuration>>,
    /// The leader's commit index.
    pub commit: Index,
    /// Counts the leader's messages to this follower in this term, from 1.
    pub seq: u64,
    /// The leader's clock when it sent this. Opaque to the follower, which echoes it.
    pub sent_at: Instant,
}

/// A follower's answer. `seq` and `sent_at` echo the newest message received in this term, so that
/// windows, check-quorum and leases know what arrived, whatever was lost or overtaken.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AppendEntriesReply {
    /// Newest `seq` received from this leader; 0 in the answer to a message of an older term, which
    /// says nothing but the newer term.
    pub seq: u64,
    /// The `sent_at` that came with it.
    pub sent_at: Instant,
    /// Whether the log matched.
    pub outcome: Outcome,
}

/// Whether the follower's log held the entry before the ones sent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Outcome {
    /// *I hold your log up to here, durably.* A promise.
    Accepted {
        /// Last entry known to match the leader's log and to be durable.
        match_index: Index,
    },
    /// *I do not have what you build on.* Not a promise.
    Rejected {
        /// The `prev.index` that did not match.
        prev_index: Index,
        /// The latest entry of this follower that could match: of `prev.term` at most, at
        /// `prev.index` at most (back-off by term, end of §5.3).
        hint: EntryId,
    },
}

/// Why a message cannot come from a correct server, whatever the network did to it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Malformed {
    /// A number beyond [`LIMIT`].
    TooLarge,
    /// Index 0 with a term, or an entry without one.
    NoSuchEntry,
    /// An entry of a later term than the message itself.
    EntryFromTheFuture,
    /// `last` lies before `prev`, or entries are older than the one they follow.
    OutOfOrder,
    /// A configuration without an entry to hold it.
    ConfigurationWithoutEntry,
    /// A configuration of nobody: no entry holds one, and no snapshot is of one.
    NamesNobody,
    /// `seq` is 0.
    NoSequence,
    /// It claims to come from this very server.
    FromMyself,
    /// The sender leads the term that this server leads or has another leader for.
    SecondLeader,
    /// It would replace entries known to be committed.
    OverwritesCommitted,
    /// It would replace entries that the same leader sent in the same term: a leader's log only
    /// grows (Leader Append-Only, §5.3).
    ContradictsItself,
    /// It acknowledges what was never sent.
    AcknowledgesUnsent,
    /// A proposal of no entry.
    NothingProposed,
    /// A piece of nothing, one that lies outside its snapshot, or a mere name for who needs the data.
    NoPiece,
}

impl Message {
    /// What can be told from the message alone.
    #[inline]
    pub(crate) fn validate(&self) -> Result<(), Malformed> {
        bounded(self.term.0)?;
        match &self.body {
            Body::PreVote { last, .. } | Body::RequestVote { last, .. } => entry(*last, self.term),
            Body::PreVoteReply { asked_in, .. } => bounded(asked_in.0),
            Body::RequestVoteReply { .. } | Body::TimeoutNow | Body::WakeUp => Ok(()),
            Body::ReadIndex { number } => bounded(*number),
            Body::ReadIndexReply { number, index } => {
                bounded(*number)?;
                bounded(index.unwrap_or_default().0)
            }
            Body::Propose { token, sizes } => {
                bounded(token.0)?;
                if sizes.is_empty() {
                    return Err(Malformed::NothingProposed);
                }
                sizes.iter().try_for_each(|bytes| bounded(*bytes))
            }
            Body::ProposeReply { token, answer } => {
                bounded(token.0)?;
                match answer {
                    ProposalAnswer::Accepted(first) if first.index.0 == 0 => {
                        Err(Malformed::NoSuchEntry)
                    }
                    ProposalAnswer::Accepted(first) => entry(*first, self.term),
                    ProposalAnswer::Refused { .. } => Ok(()),
                }
            }
            Body::AppendEntries(append) => append.validate(self.term),
            Body::Sleep { last, seq, sent_at } => {
                entry(*last, self.term)?;
                bounded(*seq)?;
                bounded(sent_at.0)?;
                if *seq == 0 {
                    return Err(Malformed::NoSequence);
                }
                Ok(())
            }
            Body::SleepReply { seq, sent_at, .. } => {
                bounded(*seq)?;
                bounded(sent_at.0)
            }
            Body::AppendEntriesReply(reply) => reply.validate(),
            Body::InstallSnapshot(install) => install.validate(self.term),
            Body::InstallSnapshotReply {
                last,
                received,
                seq,
                sent_at,
            } => {
                entry(*last, self.term)?;
                bounded(*received)?;
                bounded(*seq)?;
                bounded(sent_at.0)
            }
        }
    }
}

impl AppendEntries {
    /// Whether this is a heartbeat: it carries no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.last == self.prev.index
    }

    #[inline]
    fn validate(&self, term: Term) -> Result<(), Malformed> {
        entry(self.prev, term)?;
        for number in [
            self.last.0,
            self.bytes,
            self.commit.0,
            self.seq,
            self.sent_at.0,
        ] {
            bounded(number)?;
        }
        if self.last < self.prev.index || self.entries_term < self.prev.term {
            return Err(Malformed::OutOfOrder);
        }
        if self.entries_term > term {
            return Err(Malformed::EntryFromTheFuture);
        }
        if !self.is_empty() && self.entries_term.0 == 0 {
            return Err(Malformed::NoSuchEntry);
        }
        if self.is_empty() && self.configuration.is_some() {
            return Err(Malformed::ConfigurationWithoutEntry);
        }
        let configuration = self.configuration.as_deref();
        if configuration.is_some_and(Configuration::is_empty) {
            return Err(Malformed::NamesNobody);
        }
        if self.seq == 0 {
            return Err(Malformed::NoSequence);
        }
        Ok(())
    }
}

impl InstallSnapshot {
    /// Whether this is the snapshot's name alone, without a byte: all that a witness needs.
    #[must_use]
    pub fn is_name(&self) -> bool {
        self.length == 0 && self.offset == self.snapshot.bytes
    }

    #[inline]
    fn validate(&self, term: Term) -> Result<(), Malformed> {
        entry(self.snapshot.last, term)?;
        for number in [
            self.snapshot.bytes,
            self.offset,
            self.length,
            self.seq,
            self.sent_at.0,
        ] {
            bounded(number)?;
        }
        if self.snapshot.last.index.0 == 0 {
            return Err(Malformed::NoSuchEntry);
        }
        if self.configuration.is_empty() {
            return Err(Malformed::NamesNobody);
        }
        let nothing = self.length == 0 && !self.is_name();
        if nothing || self.snapshot.bytes == 0 || self.offset + self.length > self.snapshot.bytes {
            return Err(Malformed::NoPiece);
        }
        if self.seq == 0 {
            return Err(Malformed::NoSequence);
        }
        Ok(())
    }
}

impl AppendEntriesReply {
    #[inline]
    fn validate(&self) -> Result<(), Malformed> {
        bounded(self.seq)?;
        bounded(self.sent_at.0)?;
        match self.outcome {
            Outcome::Accepted { match_index } => bounded(match_index.0),
            Outcome::Rejected { prev_index, hint } => {
                bounded(prev_index.0)?;
                bounded(hint.index.0)?;
                bounded(hint.term.0)
            }
        }
    }
}

fn bounded(number: u64) -> Result<(), Malformed> {
    if number < LIMIT {
        Ok(())
    } else {
        Err(Malformed::TooLarge)
    }
}

fn entry(id: EntryId, term: Term) -> Result<(), Malformed> {
    bounded(id.index.0)?;
    bounded(id.term.0)?;
    if (id.index.0 == 0) != (id.term.0 == 0) {
        return Err(Malformed::NoSuchEntry);
    }
    if id.term > term {
        return Err(Malformed::EntryFromTheFuture);
    }
    Ok(())
}

/// What a candidate has to show for itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim {
    /// Its last log entry.
    pub(crate) last: EntryId,
    /// Its priority; `None` if the leader wants it, whatever its priority.
    pub(crate) priority: Option<Priority>,
}
