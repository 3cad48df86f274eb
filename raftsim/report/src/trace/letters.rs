//! What travels and what is written, in words, remembered until it arrives.

use checks::asker;
use kv::{Answer, Op, Operator, ReadBy, Request, Response, SessionId};
use raft_core::{Body, Outcome, Priority, ProposalAnswer};
use sut::changes;
use sut::decisions::{Kind, range};

/// So many bytes of a value are shown.
const SHOWN: usize = 14;

/// A message, a request, a reply or a write, in words.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    /// What it is, in a few words.
    pub(super) text: String,
    /// The rest of what it says; it continues `text`.
    pub(super) detail: String,
    pub(super) kind: Kind,
    /// The operation it is about: client and serial.
    pub(super) about: Option<(u32, u64)>,
    /// Whether it carries nothing new: a heartbeat or the answer to one.
    pub(super) idle: bool,
}

/// A message between nodes.
pub(super) fn message(message: &kv::Message) -> Letter {
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
    Letter {
        text,
        detail,
        kind,
        about: proposed(message),
        idle,
    }
}

/// The operation that a message passes on.
fn proposed(message: &kv::Message) -> Option<(u32, u64)> {
    let (client, serial) = asker(message.proposal.as_ref()?.bytes())?;
    Some((u32::try_from(client).ok()?, serial))
}

/// A candidate's priority, where it has one.
fn wanted(priority: Priority) -> String {
    match priority {
        Priority(0) => String::new(),
        Priority(priority) => format!(", priority {priority}"),
    }
}

/// A request of a client.
pub(super) fn request(client: u32, serial: u64, request: &Request) -> Letter {
    let asked = match request {
        Request::Operation { op, read, session } => {
            let session = session.map_or(String::new(), |SessionId(id)| format!(" in s{id}"));
            format!("{}{}{session}", operation(op), by(*read))
        }
        Request::OpenSession => "open session".to_owned(),
        Request::KeepSession { session } => format!("keep s{}", session.0),
    };
    let text = format!("c{client}.{serial} {asked}");
    Letter {
        text,
        detail: String::new(),
        kind: Kind::Client,
        about: Some((client, serial)),
        idle: false,
    }
}

/// The answer to one.
pub(super) fn reply(client: u32, serial: u64, reply: &Response, names: &[String]) -> Letter {
    let said = match reply {
        Response::Done { reply, .. } => {
            format!("{} v{}", answer(&reply.answer), reply.version.0)
        }
        Response::NotLeader { leader: None } => "not leader".to_owned(),
        Response::NotLeader {
            leader: Some(leader),
        } => {
            let place = sut::engine_id(*leader).0 as usize;
            format!("not leader, ask {}", names[place])
        }
        Response::Lost => "lost".to_owned(),
        Response::Superseded => "superseded".to_owned(),
        Response::Busy => "busy".to_owned(),
        Response::ReadFailed => "not read".to_owned(),
        Response::Behind { applied } => format!("behind, at {applied}"),
        Response::NoLease(why) => format!("no lease: {why}"),
        Response::SessionOpened { session, .. } => format!("opened s{}", session.0),
        Response::SessionKept => "kept".to_owned(),
        Response::SessionExpired => "session expired".to_owned(),
    };
    let text = format!("c{client}.{serial} = {said}");
    Letter {
        text,
        detail: String::new(),
        kind: Kind::Client,
        about: Some((client, serial)),
        idle: false,
    }
}

/// A command of the operator.
pub(super) fn command(command: &Operator, names: &[String]) -> String {
    match command {
        Operator::Transfer { to } => {
            let place = sut::engine_id(*to).0 as usize;
            format!("operator: hand leadership to {}", names[place])
        }
        Operator::Campaign => "operator: campaign".to_owned(),
        Operator::StepDown => "operator: step down".to_owned(),
        Operator::Snapshot => "operator: take a snapshot".to_owned(),
        Operator::Compact => "operator: cut the log".to_owned(),
        Operator::RequestSnapshot => "operator: ask for a snapshot".to_owned(),
        Operator::ApplyAfter { delay } if delay.0 == 0 => "operator: apply at once".to_owned(),
        Operator::ApplyAfter { delay } => {
            format!("operator: apply {} later", sut::time_text::brief(delay.0))
        }
        Operator::Change { change, how } => {
            format!("operator: {}", changes::words(change, *how, names))
        }
        Operator::Bootstrap => "operator: found a cluster".to_owned(),
        Operator::ForceNewCluster => "operator: FORCE A NEW CLUSTER".to_owned(),
    }
}

/// A write to disk.
pub(super) fn write(write: &kv::Write) -> Letter {
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
    Letter {
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

/// Bytes as text: the end of long ones, without the dots that fill values up.
fn show(bytes: &[u8]) -> String {
    let full = bytes.len();
    let bytes = match bytes.iter().rposition(|byte| *byte != b'.') {
        Some(last) => &bytes[..=last],
        None => bytes,
    };
    match bytes.len().checked_sub(SHOWN) {
        Some(hidden @ 1..) => format!("..{}", bytes[hidden..].escape_ascii()),
        _ if full > bytes.len() => format!("{}..", bytes.escape_ascii()),
        _ => bytes.escape_ascii().to_string(),
    }
}

fn operation(op: &Op) -> String {
    match op {
        Op::Get { key } => format!("get {}", show(key)),
        Op::Put { key, value } => format!("put {}={}", show(key), show(value)),
        Op::Append { key, value } => format!("append {}+={}", show(key), show(value)),
        Op::Cas { key, expect, value } => {
            let expect = expect
                .as_ref()
                .map_or("absent".to_owned(), |expect| show(expect));
            format!("cas {} {expect}->{}", show(key), show(value))
        }
        Op::Delete { key } => format!("delete {}", show(key)),
    }
}

fn by(read: ReadBy) -> String {
    match read {
        ReadBy::Log => String::new(),
        ReadBy::ReadIndex => " by read index".to_owned(),
        ReadBy::Lease => " by lease".to_owned(),
        ReadBy::Follower => " by follower".to_owned(),
        ReadBy::Stale { after } => format!(" stale, after {after}"),
    }
}

fn answer(answer: &Answer) -> String {
    let show = |value: &Option<kv::Bytes>| {
        value
            .as_ref()
            .map_or("absent".to_owned(), |bytes| show(bytes))
    };
    match answer {
        Answer::Value(value) => show(value),
        Answer::Written => "written".to_owned(),
        Answer::Mismatch(actual) => format!("mismatch, is {}", show(actual)),
        Answer::Deleted { existed: true } => "deleted".to_owned(),
        Answer::Deleted { existed: false } => "nothing to delete".to_owned(),
    }
}
