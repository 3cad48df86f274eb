//! Counts the data that nodes send each other.

use raft_core::Body;
use simulator::Node;
use sut::Server;

/// The size of a number in a message or on a disk.
pub(super) const NUMBER: u64 = 8;

/// The amount of data that nodes have sent each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    /// Messages that are not answers.
    pub requests: u64,
    /// The bytes of all messages: eight for each number, plus the payloads of entries.
    pub bytes: u64,
}

impl Meter {
    /// Counts a message.
    #[inline]
    pub(super) fn sent(&mut self, message: &kv::Message) {
        self.requests += u64::from(!<Server as Node>::is_reply(message));
        self.bytes += size(message);
    }
}

/// The term comes first, then the kind of the message, then its content.
#[inline]
fn size(message: &kv::Message) -> u64 {
    let numbers = match &message.raft.body {
        Body::TimeoutNow | Body::WakeUp => 2,
        Body::RequestVoteReply { .. } | Body::ReadIndex { .. } => 3,
        Body::PreVote { .. } | Body::RequestVote { .. } | Body::PreVoteReply { .. } => 4,
        Body::ReadIndexReply { .. } => 4,
        Body::Propose { sizes, .. } => 3 + sizes.len() as u64,
        Body::ProposeReply { .. } => 6,
        Body::AppendEntriesReply(_) | Body::InstallSnapshotReply { .. } => 6,
        Body::Sleep { .. } => 6,
        Body::SleepReply { .. } => 5,
        Body::InstallSnapshot(install) => 10 + install.length.div_ceil(NUMBER),
        Body::AppendEntries(_) => 8 + 2 * message.payloads.len() as u64,
    };
    let payloads = message.payloads.iter().chain(message.proposal.as_deref());
    let carried: u64 = payloads.map(|payload| payload.bytes().len() as u64).sum();
    NUMBER * numbers + carried
}
