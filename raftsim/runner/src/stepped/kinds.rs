//! The kinds of messages in flight.

use raft_core::Body;
use scenario::MessageKind;
use simulator::{Content, Flight};
use sut::Server;

/// A message between nodes, if it is one.
pub(super) fn core(flight: &Flight<Server>) -> Option<&raft_core::Message> {
    match &flight.content {
        Content::Message(message) => Some(&message.raft),
        Content::Request { .. } | Content::Reply { .. } => None,
    }
}

/// Whether a message is of this kind. A heartbeat is also an AppendEntries.
pub(super) fn is(flight: &Flight<Server>, kind: MessageKind) -> bool {
    let body = core(flight).map(|message| &message.body);
    match kind {
        MessageKind::PreVote => matches!(body, Some(Body::PreVote { .. })),
        MessageKind::PreVoteReply => matches!(body, Some(Body::PreVoteReply { .. })),
        MessageKind::RequestVote => matches!(body, Some(Body::RequestVote { .. })),
        MessageKind::RequestVoteReply => matches!(body, Some(Body::RequestVoteReply { .. })),
        MessageKind::AppendEntries => matches!(body, Some(Body::AppendEntries(_))),
        MessageKind::AppendEntriesReply => matches!(body, Some(Body::AppendEntriesReply(_))),
        MessageKind::Heartbeat => {
            matches!(body, Some(Body::AppendEntries(append)) if append.is_empty())
        }
        MessageKind::TimeoutNow => matches!(body, Some(Body::TimeoutNow)),
        MessageKind::Sleep => matches!(body, Some(Body::Sleep { .. })),
        MessageKind::SleepReply => matches!(body, Some(Body::SleepReply { .. })),
        MessageKind::WakeUp => matches!(body, Some(Body::WakeUp)),
        MessageKind::ReadIndex => matches!(body, Some(Body::ReadIndex { .. })),
        MessageKind::ReadIndexReply => matches!(body, Some(Body::ReadIndexReply { .. })),
        MessageKind::Propose => matches!(body, Some(Body::Propose { .. })),
        MessageKind::ProposeReply => matches!(body, Some(Body::ProposeReply { .. })),
        MessageKind::InstallSnapshot => matches!(body, Some(Body::InstallSnapshot(_))),
        MessageKind::InstallSnapshotReply => {
            matches!(body, Some(Body::InstallSnapshotReply { .. }))
        }
        MessageKind::Request => matches!(flight.content, Content::Request { .. }),
        MessageKind::Reply => matches!(flight.content, Content::Reply { .. }),
    }
}
