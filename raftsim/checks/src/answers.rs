//! The answers that clients received, as text and in the form of the model.

use super::history::Operation;
use super::model::{Answer, Result as Came};
use super::subject::Subject;
use kv::{Answer as Told, Reply};

pub(super) fn seen(reply: &Reply) -> Came {
    let owned = |value: &Option<kv::Bytes>| value.as_ref().map(|value| value.to_vec());
    let answer = match &reply.answer {
        Told::Value(value) => Answer::Value(owned(value)),
        Told::Written => Answer::Written,
        Told::Mismatch(actual) => Answer::Mismatch(owned(actual)),
        Told::Deleted { existed } => Answer::Deleted(*existed),
    };
    Came {
        version: reply.version.0,
        answer,
    }
}

pub(super) fn about(operation: &Operation) -> Subject {
    Subject::Request {
        client: operation.client,
        serial: operation.serial,
    }
}

pub(super) fn told(operation: &Operation) -> String {
    let key = String::from_utf8_lossy(operation.op.key());
    let kind = match operation.op {
        kv::Op::Get { .. } => "get",
        kv::Op::Put { .. } => "put",
        kv::Op::Append { .. } => "append",
        kv::Op::Cas { .. } => "cas",
        kv::Op::Delete { .. } => "delete",
    };
    format!(
        "request {} of client {} ({kind} {key})",
        operation.serial, operation.client.0
    )
}

pub(super) fn text(came: &Came) -> String {
    let value = |value: &Option<Vec<u8>>| match value {
        None => "absent".to_owned(),
        Some(bytes) => format!("\"{}\"", String::from_utf8_lossy(bytes)),
    };
    let answer = match &came.answer {
        Answer::Value(found) => value(found),
        Answer::Written => "written".to_owned(),
        Answer::Mismatch(found) => format!("mismatch, found {}", value(found)),
        Answer::Deleted(true) => "deleted".to_owned(),
        Answer::Deleted(false) => "nothing to delete".to_owned(),
    };
    format!("{answer} at version {}", came.version)
}
