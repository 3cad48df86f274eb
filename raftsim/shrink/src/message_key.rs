//! What a message says, as far as it matters for finding it again in another run.

use kv::Response;
use raft_core::{Body, Outcome, ProposalAnswer};
use simulator::{Content, Flight};
use sut::Server;

/// A message without what only makes it unique: its sequence number and the time it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MessageKey {
    pub(crate) kind: Kind,
    /// The sender's term; 0 between clients and nodes.
    pub(crate) term: u64,
    /// Indexes and terms of entries, or a client's serial.
    numbers: [u64; 5],
}

/// What kind of message it is, with the answer it gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    PreVote,
    PreVoteGranted,
    PreVoteRefused,
    RequestVote,
    VoteGranted,
    VoteRefused,
    Append,
    Heartbeat,
    Accepted,
    Rejected,
    TimeoutNow,
    Sleep,
    SleepReply,
    WakeUp,
    ReadIndex,
    ReadIndexReply,
    Propose,
    ProposeAccepted,
    ProposeRefused,
    Piece,
    PieceReply,
    Request,
    /// The answer to a client, however it turns out.
    Reply,
}

impl MessageKey {
    /// What a message in flight says.
    pub(crate) fn of(flight: &Flight<Server>) -> Self {
        match &flight.content {
            Content::Message(message) => Self::between_nodes(&message.raft),
            Content::Request { serial, .. } => Self::new(Kind::Request, 0, [*serial, 0, 0, 0, 0]),
            Content::Reply { serial, reply } => {
                let how = match reply {
                    Response::Done { .. } => 0,
                    Response::NotLeader { .. } => 1,
                    Response::Lost => 2,
                    Response::Superseded => 3,
                    Response::Busy => 4,
                    Response::ReadFailed => 5,
                    Response::Behind { .. } => 6,
                    Response::NoLease(_) => 7,
                    Response::SessionOpened { .. } => 8,
                    Response::SessionKept => 9,
                    Response::SessionExpired => 10,
                };
                Self::new(Kind::Reply, 0, [*serial, how, 0, 0, 0])
            }
        }
    }

    /// Any message of this kind: it says what none does.
    pub(crate) fn any(kind: Kind) -> Self {
        Self::new(kind, u64::MAX, [0; 5])
    }

    /// Whether a message said this.
    pub(crate) fn is_known(&self) -> bool {
        self.term != u64::MAX
    }

    /// The entries of an AppendEntries: first and last index, and their term.
    pub(crate) fn entries(&self) -> (u64, u64, u64) {
        let [previous, _, last, term, _] = self.numbers;
        (previous + 1, last, term)
    }

    /// The index that an answer to AppendEntries is about.
    pub(crate) fn first(&self) -> u64 {
        self.numbers[0]
    }

    fn between_nodes(message: &raft_core::Message) -> Self {
        let (kind, numbers) = match &message.body {
            Body::PreVote { last, .. } => (Kind::PreVote, [last.index.0, last.term.0, 0, 0, 0]),
            Body::PreVoteReply { asked_in, granted } => {
                let kind = if *granted {
                    Kind::PreVoteGranted
                } else {
                    Kind::PreVoteRefused
                };
                (kind, [asked_in.0, 0, 0, 0, 0])
            }
            Body::RequestVote { last, .. } => {
                (Kind::RequestVote, [last.index.0, last.term.0, 0, 0, 0])
            }
            Body::RequestVoteReply { granted: true } => (Kind::VoteGranted, [0; 5]),
            Body::RequestVoteReply { granted: false } => (Kind::VoteRefused, [0; 5]),
            Body::AppendEntries(append) => {
                let kind = if append.is_empty() {
                    Kind::Heartbeat
                } else {
                    Kind::Append
                };
                let prev = append.prev;
                let entries = [append.last.0, append.entries_term.0, append.commit.0];
                let [last, term, commit] = entries;
                (kind, [prev.index.0, prev.term.0, last, term, commit])
            }
            Body::AppendEntriesReply(reply) => match reply.outcome {
                Outcome::Accepted { match_index } => (Kind::Accepted, [match_index.0, 0, 0, 0, 0]),
                Outcome::Rejected { prev_index, hint } => {
                    let hint = [hint.index.0, hint.term.0];
                    (Kind::Rejected, [prev_index.0, hint[0], hint[1], 0, 0])
                }
            },
            Body::InstallSnapshot(install) => {
                let last = install.snapshot.last;
                let piece = [install.offset, install.length, install.snapshot.checksum];
                let [offset, length, checksum] = piece;
                (
                    Kind::Piece,
                    [last.index.0, last.term.0, offset, length, checksum],
                )
            }
            Body::InstallSnapshotReply { last, received, .. } => (
                Kind::PieceReply,
                [last.index.0, last.term.0, *received, 0, 0],
            ),
            Body::TimeoutNow => (Kind::TimeoutNow, [0; 5]),
            Body::Sleep { last, .. } => (Kind::Sleep, [last.index.0, last.term.0, 0, 0, 0]),
            Body::SleepReply { agreed, .. } => (Kind::SleepReply, [u64::from(*agreed), 0, 0, 0, 0]),
            Body::WakeUp => (Kind::WakeUp, [0; 5]),
            Body::ReadIndex { .. } => (Kind::ReadIndex, [0; 5]),
            Body::Propose { .. } => (Kind::Propose, [0; 5]),
            Body::ProposeReply { answer, .. } => match answer {
                ProposalAnswer::Accepted(first) => (
                    Kind::ProposeAccepted,
                    [first.index.0, first.term.0, 0, 0, 0],
                ),
                ProposalAnswer::Refused { .. } => (Kind::ProposeRefused, [0; 5]),
            },
            Body::ReadIndexReply { index, .. } => (
                Kind::ReadIndexReply,
                [index.unwrap_or_default().0, 0, 0, 0, 0],
            ),
        };
        Self::new(kind, message.term.0, numbers)
    }

    fn new(kind: Kind, term: u64, numbers: [u64; 5]) -> Self {
        Self {
            kind,
            term,
            numbers,
        }
    }
}
