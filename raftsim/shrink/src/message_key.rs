//! The content of a message, as far as it helps to find the same message in another run.

use kv::Response;
use raft_core::{Body, Outcome, ProposalAnswer};
use scenario::MessageKind;
use simulator::{Content, Flight};
use sut::Server;

/// A message without its sequence number and the time at which it was sent: these differ in each run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MessageKey {
    pub(crate) kind: Kind,
    /// The sender's term; 0 between clients and nodes.
    pub(crate) term: u64,
    /// Indexes and terms of entries, or a client's serial.
    numbers: [u64; 5],
}

/// The kind of a message, and whether a reply that can refuse something refuses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) message: MessageKind,
    pub(crate) refuses: bool,
}

impl Kind {
    /// A request, or a reply that grants it.
    pub(crate) fn of(message: MessageKind) -> Self {
        Self {
            message,
            refuses: false,
        }
    }
}

impl MessageKey {
    pub(crate) fn of(flight: &Flight<Server>) -> Self {
        match &flight.content {
            Content::Message(message) => Self::between_nodes(&message.raft),
            Content::Request { serial, .. } => {
                Self::new(Kind::of(MessageKind::Request), 0, [*serial, 0, 0, 0, 0])
            }
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
                Self::new(Kind::of(MessageKind::Reply), 0, [*serial, how, 0, 0, 0])
            }
        }
    }

    /// A key that no message has, for a move that means any message of this kind.
    pub(crate) fn any(kind: Kind) -> Self {
        Self::new(kind, u64::MAX, [0; 5])
    }

    /// Whether it is the key of a message.
    pub(crate) fn is_known(&self) -> bool {
        self.term != u64::MAX
    }

    /// First and last index of the entries of AppendEntries, and their term.
    pub(crate) fn entries(&self) -> (u64, u64, u64) {
        let [previous, _, last, term, _] = self.numbers;
        (previous + 1, last, term)
    }

    /// The index in a reply to AppendEntries, in a message about a snapshot, and in a reply to ReadIndex
    /// or to a forwarded proposal.
    pub(crate) fn index(&self) -> u64 {
        self.numbers[0]
    }

    fn between_nodes(message: &raft_core::Message) -> Self {
        let mut refuses = false;
        let (kind, numbers) = match &message.body {
            Body::PreVote { last, .. } => {
                (MessageKind::PreVote, [last.index.0, last.term.0, 0, 0, 0])
            }
            Body::PreVoteReply { asked_in, granted } => {
                refuses = !granted;
                (MessageKind::PreVoteReply, [asked_in.0, 0, 0, 0, 0])
            }
            Body::RequestVote { last, .. } => (
                MessageKind::RequestVote,
                [last.index.0, last.term.0, 0, 0, 0],
            ),
            Body::RequestVoteReply { granted } => {
                refuses = !granted;
                (MessageKind::RequestVoteReply, [0; 5])
            }
            Body::AppendEntries(append) => {
                let kind = match append.is_empty() {
                    true => MessageKind::Heartbeat,
                    false => MessageKind::AppendEntries,
                };
                let (prev, last) = (append.prev, append.last.0);
                let (term, commit) = (append.entries_term.0, append.commit.0);
                (kind, [prev.index.0, prev.term.0, last, term, commit])
            }
            Body::AppendEntriesReply(reply) => {
                let numbers = match reply.outcome {
                    Outcome::Accepted { match_index } => [match_index.0, 0, 0, 0, 0],
                    Outcome::Rejected { prev_index, hint } => {
                        refuses = true;
                        [prev_index.0, hint.index.0, hint.term.0, 0, 0]
                    }
                };
                (MessageKind::AppendEntriesReply, numbers)
            }
            Body::InstallSnapshot(install) => {
                let (last, checksum) = (install.snapshot.last, install.snapshot.checksum);
                let (offset, length) = (install.offset, install.length);
                (
                    MessageKind::InstallSnapshot,
                    [last.index.0, last.term.0, offset, length, checksum],
                )
            }
            Body::InstallSnapshotReply { last, received, .. } => (
                MessageKind::InstallSnapshotReply,
                [last.index.0, last.term.0, *received, 0, 0],
            ),
            Body::TimeoutNow => (MessageKind::TimeoutNow, [0; 5]),
            Body::Sleep { last, .. } => (MessageKind::Sleep, [last.index.0, last.term.0, 0, 0, 0]),
            Body::SleepReply { agreed, .. } => {
                (MessageKind::SleepReply, [u64::from(*agreed), 0, 0, 0, 0])
            }
            Body::WakeUp => (MessageKind::WakeUp, [0; 5]),
            Body::ReadIndex { .. } => (MessageKind::ReadIndex, [0; 5]),
            Body::ReadIndexReply { index, .. } => (
                MessageKind::ReadIndexReply,
                [index.unwrap_or_default().0, 0, 0, 0, 0],
            ),
            Body::Propose { .. } => (MessageKind::Propose, [0; 5]),
            Body::ProposeReply { answer, .. } => {
                let numbers = match answer {
                    ProposalAnswer::Accepted(first) => [first.index.0, first.term.0, 0, 0, 0],
                    ProposalAnswer::Refused { .. } => {
                        refuses = true;
                        [0; 5]
                    }
                };
                (MessageKind::ProposeReply, numbers)
            }
        };
        let kind = Kind {
            message: kind,
            refuses,
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
