//! The terms that the whole testbed uses for requests, commands, changes of role and counts.
//! Traces, explanations, summaries and the sentences of scripts use them, so that the same thing
//! has the same name everywhere.

use kv::{Answer, Bytes, Op, Operator, ReadBy, Request, Response, SessionId};
use raft_core::RoleKind;

use crate::ids::engine_id;
use crate::{changes, time_text};

/// The maximum number of bytes shown of a value.
const SHOWN: usize = 14;

/// `#5` or `#5..7`.
#[must_use]
pub fn range(first: u64, last: u64) -> String {
    match first == last {
        true => format!("#{first}"),
        false => format!("#{first}..{last}"),
    }
}

/// `1 node`, `3 nodes`.
#[must_use]
pub fn count(number: u64, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

/// `S2 and S3`, `S2, S3 and S4`; nothing for an empty list.
#[must_use]
pub fn list(names: &[&str]) -> String {
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// The writes that a crash loses: `one unsynced write is lost`.
#[must_use]
pub fn lost_writes(lost: u64) -> String {
    match lost {
        0 => "no write is lost".to_owned(),
        1 => "one unsynced write is lost".to_owned(),
        lost => format!("{lost} unsynced writes are lost"),
    }
}

/// A change of role, as a sentence without its subject: `is elected leader of term 2`. `None` for
/// changes that only prepare another one.
#[must_use]
pub fn role_change(was: RoleKind, role: RoleKind, term: u64) -> Option<String> {
    match (was, role) {
        (RoleKind::Leader, RoleKind::Leader) => None,
        (_, RoleKind::Leader) => Some(format!("is elected leader of term {term}")),
        (_, RoleKind::Candidate) => Some(format!("stands for election in term {term}")),
        (RoleKind::Leader, _) => Some(format!("steps down in term {term}")),
        _ => None,
    }
}

/// A request of a client: `get x by lease`.
#[must_use]
pub fn request(request: &Request) -> String {
    match request {
        Request::Operation { op, read, session } => {
            let session = session.map_or(String::new(), |SessionId(id)| format!(" in s{id}"));
            format!("{}{}{session}", operation(op), by(*read))
        }
        Request::OpenSession => "open session".to_owned(),
        Request::KeepSession { session } => format!("keep s{}", session.0),
    }
}

/// An operation of a client: `put x=1`.
#[must_use]
pub fn operation(op: &Op) -> String {
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

/// The response to a request: `not leader, ask S2`.
#[must_use]
pub fn response(response: &Response, names: &[impl AsRef<str>]) -> String {
    match response {
        Response::Done { reply, .. } => {
            format!("{} v{}", answer(&reply.answer), reply.version.0)
        }
        Response::NotLeader { leader: None } => "not leader".to_owned(),
        Response::NotLeader {
            leader: Some(leader),
        } => {
            format!("not leader, ask {}", name(*leader, names))
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
    }
}

fn answer(answer: &Answer) -> String {
    let show = |value: &Option<Bytes>| {
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

/// A command of the operator: `hand leadership to S2`.
#[must_use]
pub fn command(command: &Operator, names: &[impl AsRef<str>]) -> String {
    match command {
        Operator::Transfer { to } => {
            format!("hand leadership to {}", name(*to, names))
        }
        Operator::Campaign => "campaign".to_owned(),
        Operator::StepDown => "step down".to_owned(),
        Operator::Snapshot => "take a snapshot".to_owned(),
        Operator::Compact => "cut the log".to_owned(),
        Operator::RequestSnapshot => "ask for a snapshot".to_owned(),
        Operator::ApplyAfter { delay } if delay.0 == 0 => "apply at once".to_owned(),
        Operator::ApplyAfter { delay } => {
            format!("apply {} later", time_text::brief(delay.0))
        }
        Operator::Change { change, how } => changes::words(change, *how, names),
        Operator::Bootstrap => "found a cluster".to_owned(),
        Operator::ForceNewCluster => "FORCE A NEW CLUSTER".to_owned(),
    }
}

fn name(id: raft_core::NodeId, names: &[impl AsRef<str>]) -> &str {
    names[engine_id(id).0 as usize].as_ref()
}

/// Bytes as text: the end of a long value, without the dots that pad values.
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
