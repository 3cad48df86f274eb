//! The texts of messages and writes in a trace.

use checks::asker;
use kv::{Request, Response};
use raft_core::{Body, Outcome, Priority, ProposalAnswer};
use sut::decisions::Kind;
use sut::words::{self, range};

/// The text of a message, a request, a response or a write.
#[derive(Clone, Debug)]
pub(super) struct Wording {
    /// A few words.
    pub(super) text: String,
    /// More of its content; it continues `text`.
    pub(super) detail: String,
    pub(super) kind: Kind,
    /// The client and serial of the operation that it is about.
    pub(super) about: Option<(u32, u64)>,
    /// Whether it is a heartbeat or an acknowledgement.
    pub(super) idle: bool,
}

/// A message between nodes.
pub(super) fn message(message: &kv::Message) -> Wording {
    let term = message.raft.term;
    let mut detail = String::new();
    let (kind, idle, text) = match &message.raft.body {
        Body::PreVote { last, priority } => {
            detail = wanted(*priority);
            let text = format!("pre-vote? {} log {last}", term.next());
            (Kind::Vote, false, text)
        }
        Body::PreVoteReply { granted, .. } => (
            Kind::Vote,
            false,
            format!("pre-vote {}", if *granted { "yes" } else { "no" }),
        ),
        Body::RequestVote {
            last,
            priority,
            transfer,
        } => {
            detail = wanted(*priority);
            if *transfer {
                detail.push_str(", told by the leader");
            }
            (Kind::Vote, false, format!("vote? {term} log {last}"))
        }
        Body::RequestVoteReply { granted } => (
            Kind::Vote,
            false,
            format!("vote {} {term}", if *granted { "yes" } else { "no" }),
        ),
        Body::Sleep { last, .. } => (Kind::Append, false, format!("sleep? {term} log {last}")),
        Body::SleepReply { agreed, .. } => (
            Kind::Append,
            false,
            format!("sleep {}", if *agreed { "yes" } else { "no" }),
        ),
        Body::WakeUp => (Kind::Append, false, "wake up".to_owned()),
        Body::AppendEntries(append) if append.is_empty() => {
            detail = format!(" after {} commit {}", append.prev, append.commit);
            (Kind::Append, true, format!("heartbeat {term}"))
        }
        Body::AppendEntries(append) => {
            let entries = range(append.prev.index.0 + 1, append.last.0);
            let text = format!("append {entries}{}", append.entries_term);
            detail = format!(" after {} commit {}", append.prev, append.commit);
            if message.to_witness {
                detail.push_str(", without data");
            }
            (Kind::Append, false, text)
        }
        Body::AppendEntriesReply(reply) => match reply.outcome {
            Outcome::Accepted { match_index } => (Kind::Append, true, format!("ack {match_index}")),
            Outcome::Rejected { prev_index, hint } => {
                detail = format!(", could match {hint}");
                (Kind::Append, false, format!("reject {prev_index}"))
            }
        },
        Body::InstallSnapshot(install) if install.is_name() => {
            let text = format!("snapshot {} by name", install.snapshot.last);
            (Kind::Append, false, text)
        }
        Body::InstallSnapshot(install) => {
            let (from, to) = (install.offset, install.offset + install.length);
            detail = format!(" of {}", install.snapshot.bytes);
            let text = format!("snapshot {} bytes {from}..{to}", install.snapshot.last);
            (Kind::Append, false, text)
        }
        Body::InstallSnapshotReply { last, received, .. } => (
            Kind::Append,
            false,
            format!("has {received} bytes of snapshot {last}"),
        ),
        Body::TimeoutNow => (Kind::Vote, false, format!("campaign! after {term}")),
        Body::Propose { .. } => (Kind::Append, false, "propose".to_owned()),
        Body::ProposeReply { answer, .. } => {
            let text = match answer {
                ProposalAnswer::Accepted(first) => format!("taken as {first}"),
                ProposalAnswer::Refused { .. } => "not taken".to_owned(),
            };
            (Kind::Append, false, text)
        }
        Body::ReadIndex { .. } => (Kind::Append, false, "read index?".to_owned()),
        Body::ReadIndexReply { index, .. } => {
            let text = index.map_or("no read".to_owned(), |index| format!("read at {index}"));
            (Kind::Append, false, text)
        }
    };
    Wording {
        text,
        detail,
        kind,
        about: proposed(message),
        idle,
    }
}

/// The operation that a message forwards.
fn proposed(message: &kv::Message) -> Option<(u32, u64)> {
    let (client, serial) = asker(message.proposal.as_ref()?.bytes())?;
    Some((u32::try_from(client).ok()?, serial))
}

/// A candidate's priority, if it has one.
fn wanted(priority: Priority) -> String {
    match priority {
        Priority(0) => String::new(),
        Priority(priority) => format!(", priority {priority}"),
    }
}

/// A client's request.
pub(super) fn request(client: u32, serial: u64, request: &Request) -> Wording {
    about_request(client, serial, &format!(" {}", words::request(request)))
}

/// The response to a request.
pub(super) fn response(client: u32, serial: u64, response: &Response, names: &[String]) -> Wording {
    about_request(
        client,
        serial,
        &format!(" = {}", words::response(response, names)),
    )
}

fn about_request(client: u32, serial: u64, text: &str) -> Wording {
    Wording {
        text: format!("c{client}.{serial}{text}"),
        detail: String::new(),
        kind: Kind::Client,
        about: Some((client, serial)),
        idle: false,
    }
}

/// A write to disk.
pub(super) fn write(write: &kv::Write) -> Wording {
    let text = match write {
        kv::Write::Log(log) => log_write(&log.raft),
        kv::Write::Snapshot(snapshot) => {
            format!("snapshot {} {} B", snapshot.id.last, snapshot.id.bytes)
        }
        kv::Write::Piece {
            snapshot,
            offset,
            bytes,
        } => {
            let end = offset + bytes.len() as u64;
            format!(
                "piece of {} {offset}..{end} of {} B",
                snapshot.last, snapshot.bytes
            )
        }
    };
    Wording {
        text,
        detail: String::new(),
        kind: Kind::Disk,
        about: None,
        idle: false,
    }
}

fn log_write(raft: &raft_core::Write) -> String {
    let mut parts = Vec::new();
    if let Some(hard) = raft.hard_state {
        let vote = if hard.voted_for.is_some() {
            "+vote"
        } else {
            ""
        };
        parts.push(format!("{}{vote}", hard.current_term));
    }
    if let Some(from) = raft.truncate_from {
        parts.push(format!("cut {from}.."));
    }
    if let Some(rebase) = &raft.rebase {
        let how = if rebase.whole { "all" } else { "log" };
        parts.push(format!("{how} after {}", rebase.base.last));
    }
    if let Some(append) = &raft.append {
        parts.push(format!(
            "{}{}",
            range(append.first.0, append.last.0),
            append.term
        ));
    }
    parts.join(" ")
}
