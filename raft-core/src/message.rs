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
    /// The RPC or reply.
    pub body: Body,
}

/// The form of a message.
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
    /// The form of this message.
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

/// The content of a message.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Body {
    /// *Would you vote for me in the term after mine?* A pre-candidate sends it to every voter
    /// (dissertation §9.6). It promises nothing, so it waits for no disk, and it changes no term.
    PreVote {
        /// The sender's last log entry.
        last: EntryId,
        /// How much the sender is wanted as the leader.
        priority: Priority,
    },
    /// The answer to [`Body::PreVote`]. Not a promise.
    PreVoteReply {
        /// The term of the request. An answer to an older request has no meaning.
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
        /// Whether the leader told the sender to campaign. In that case a recent heartbeat or a
        /// higher priority does not stop the vote (dissertation §3.10, §4.2.3).
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
    /// *Campaign now*, from the leader to the server that takes over (dissertation §3.10).
    TimeoutNow,
    /// *From which index on may I answer reads?* A follower asks its leader on behalf of all reads
    /// that wait when the message leaves (dissertation §6.4).
    ReadIndex {
        /// The follower's number of the question. All questions of a server have different numbers.
        number: u64,
    },
    /// The answer to [`Body::ReadIndex`].
    ReadIndexReply {
        /// The number of the question.
        number: u64,
        /// The index, or `None`: the asker's reads fail.
        index: Option<Index>,
    },
    /// *Append these, please.* A follower sends it to its leader once. The driver attaches the
    /// proposals. It belongs to no term, so it deposes nobody, and it may arrive twice.
    Propose {
        /// Identifies the proposals in the answer.
        token: ProposalToken,
        /// One size per entry, in bytes. A driver whose leaders add something to entries puts the
        /// sizes of its own entries here when the message arrives.
        sizes: Box<[u64]>,
    },
    /// The answer to [`Body::Propose`]. It is no promise: an appended entry may vanish.
    ProposeReply {
        /// The token of the proposals.
        token: ProposalToken,
        /// The leader's decision.
        answer: ProposalAnswer,
    },
    /// A piece of the leader's snapshot, for a follower that needs entries which the leader's log
    /// has dropped (§7).
    InstallSnapshot(Box<InstallSnapshot>),
    /// *I hold this much of that snapshot, durably.* A promise.
    InstallSnapshotReply {
        /// The snapshot's last entry. (0, 0) asks for the leader's snapshot, whichever it is.
        last: EntryId,
        /// The number of bytes held, counted from the start.
        received: u64,
        /// Echoes the newest `seq` received, as [`AppendEntriesReply`] does.
        seq: u64,
        /// The `sent_at` of that message.
        sent_at: Instant,
    },
    /// *I would be silent from now on.* An idle leader sends it in place of a heartbeat.
    Sleep {
        /// The last entry of its log. All entries up to it are committed.
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
        /// The `sent_at` of the question.
        sent_at: Instant,
    },
    /// *I am awake.* A follower that wakes sends it to its leader. A server that hears no leader
    /// and may not campaign sends it to everybody. A sleeping receiver wakes.
    WakeUp,
}

/// The name of a snapshot: two of the same name hold the same bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct SnapshotId {
    /// The last entry that it covers.
    pub last: EntryId,
    /// Its size in bytes; never 0.
    pub bytes: u64,
    /// The driver's checksum of all its bytes.
    pub checksum: u64,
}

/// A piece of a snapshot (§7, Figure 13). The driver attaches its bytes, with a checksum of theirs.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct InstallSnapshot {
    /// The snapshot that the piece belongs to.
    pub snapshot: SnapshotId,
    /// The configuration in force at the snapshot's last entry.
    pub configuration: Configuration,
    /// The piece's first byte within the snapshot.
    pub offset: u64,
    /// The piece's length in bytes. It is 0 only at the end of a snapshot, where the name stands
    /// for the whole (see [`InstallSnapshot::is_name`]).
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
    /// Sum of the entries' sizes in bytes. It is an estimate if the entries are a part of a segment
    /// whose entries differ in size.
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
/// windows, check-quorum and leases know which messages arrived despite loss and reordering.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AppendEntriesReply {
    /// Newest `seq` received from this leader. It is 0 in the answer to a message of an older term,
    /// which only tells the newer term.
    pub seq: u64,
    /// The `sent_at` of that message.
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
    /// *I do not have the entry before yours.* Not a promise.
    Rejected {
        /// The `prev.index` that did not match.
        prev_index: Index,
        /// The latest entry of this follower that could match: of `prev.term` at most, at
        /// `prev.index` at most (back-off by term, end of §5.3).
        hint: EntryId,
    },
}

/// Why a message cannot come from a correct server, even over a faulty network.
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
    /// An empty configuration: no entry and no snapshot holds one.
    NamesNobody,
    /// `seq` is 0.
    NoSequence,
    /// It claims to come from the receiver.
    FromMyself,
    /// It claims to come from the leader of a term that this server leads or has another leader
    /// for.
    SecondLeader,
    /// It would replace entries known to be committed.
    OverwritesCommitted,
    /// It would replace entries that the same leader sent in the same term: a leader's log only
    /// grows (Leader Append-Only, §5.3).
    ContradictsItself,
    /// It acknowledges entries that were never sent.
    AcknowledgesUnsent,
    /// A request to append no entries.
    NothingProposed,
    /// An empty piece, one that lies outside its snapshot, or a mere name for a server that needs
    /// the data.
    NoPiece,
}

impl Message {
    /// Checks everything that the message alone can show.
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
    /// Whether this is the snapshot's name alone, without a byte. A witness needs no more.
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

/// The values of a candidate that a voter compares with its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim {
    /// Its last log entry.
    pub(crate) last: EntryId,
    /// Its priority; `None` if the leader chose it, in which case its priority does not matter.
    pub(crate) priority: Option<Priority>,
}
