//! The history of clients, in a form that `raftsim linearize` and other checkers can read: one JSON
//! object per operation, in the order of their calls.

use std::io::{self, Write};

use kv::{Answer, Bytes, Op};
use linearize::{Action, Swap};
use simulator::EventId;

use super::history::{End, History, Operation};

/// Writes a history in the format of `docs/linearizability.md`. Bytes that are not UTF-8 are
/// replaced.
///
/// # Errors
/// The writer's error.
pub fn write(history: &History, to: &mut impl Write) -> io::Result<()> {
    for operation in operations(history) {
        writeln!(to, "{}", operation.to_line())?;
    }
    Ok(())
}

/// The operations, in the order of their calls. The clock has two points for each event: an
/// operation that returned in one event did so before the next call of the same client, which may
/// be in the same event. Reads that may be stale are left out, because no store promises anything
/// about them.
#[must_use]
pub fn operations(history: &History) -> Vec<linearize::Operation> {
    fresh(history).map(entry).collect()
}

/// The operations, with stale reads treated as if they had to be fresh.
#[must_use]
pub fn with_stale(history: &History) -> Vec<linearize::Operation> {
    history.operations().iter().map(entry).collect()
}

/// The operations that a history for `linearize` contains, in the same order.
pub(crate) fn fresh(history: &History) -> impl Iterator<Item = &Operation> {
    let operations = history.operations().iter();
    operations.filter(|operation| !operation.may_be_stale())
}

fn call(event: EventId) -> i128 {
    2 * i128::from(event.0) + 1
}

fn ret(event: EventId) -> i128 {
    2 * i128::from(event.0)
}

fn entry(operation: &Operation) -> linearize::Operation {
    let reply = match &operation.end {
        End::Answered { event, reply, .. } if understood(&operation.op, &reply.answer) => {
            Some((ret(*event), reply))
        }
        // A reply that the client cannot understand carries no information.
        End::Answered { .. } | End::Expired | End::Unknown => None,
    };
    let told = reply.map(|(_, reply)| &reply.answer);
    let action = match (&operation.op, told) {
        (Op::Get { .. }, Some(Answer::Value(value))) => Action::Get {
            result: maybe(value),
        },
        (Op::Get { .. }, _) => Action::Get { result: None },
        (Op::Put { value, .. }, _) => Action::Put { value: text(value) },
        (Op::Append { value, .. }, _) => Action::Append { value: text(value) },
        (Op::Cas { expect, value, .. }, told) => Action::Cas {
            expect: maybe(expect),
            value: text(value),
            told: told.map(|answer| match answer {
                Answer::Mismatch(actual) => Swap::Failed {
                    actual: Some(maybe(actual)),
                },
                _ => Swap::Done,
            }),
        },
        (Op::Delete { .. }, told) => Action::Delete {
            existed: match told {
                Some(Answer::Deleted { existed }) => Some(*existed),
                _ => None,
            },
        },
    };
    linearize::Operation {
        process: operation.client.0.to_string(),
        key: text(operation.op.key()),
        call: call(operation.call),
        ret: reply.map(|(ret, _)| ret),
        action,
        version: reply.map(|(_, reply)| reply.version.0),
    }
}

/// Whether an answer fits the operation.
fn understood(op: &Op, answer: &Answer) -> bool {
    match op {
        Op::Get { .. } => matches!(answer, Answer::Value(_)),
        Op::Put { .. } | Op::Append { .. } => matches!(answer, Answer::Written),
        Op::Cas { .. } => matches!(answer, Answer::Written | Answer::Mismatch(_)),
        Op::Delete { .. } => matches!(answer, Answer::Deleted { .. }),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn maybe(bytes: &Option<Bytes>) -> Option<String> {
    bytes.as_ref().map(|bytes| text(bytes))
}

#[cfg(test)]
mod tests {
    use kv::{ReadBy, Reply, Version};
    use raft_core::Index;
    use serde_json::{Value, json};
    use simulator::{ClientId, EventId, NodeId, Time};

    use super::*;

    fn written(op: Op, end: End) -> Value {
        let operation = Operation {
            client: ClientId(2),
            serial: 1,
            op,
            read: ReadBy::Log,
            call: EventId(5),
            called_at: Time(1),
            end,
        };
        serde_json::to_value(entry(&operation)).unwrap()
    }

    fn answered(answer: Answer) -> End {
        let reply = Reply {
            version: Version(3),
            answer,
        };
        End::Answered {
            event: EventId(9),
            time: Time(2),
            by: NodeId(0),
            reply,
            index: Index(7),
        }
    }

    #[test]
    fn an_absent_value_is_null_and_an_unknown_outcome_has_no_return() {
        let get = || Op::Get { key: "k".into() };
        let expected = json!({
            "process": 2, "call": 11, "return": 18, "op": "get", "key": "k", "result": null,
            "version": 3
        });
        assert_eq!(written(get(), answered(Answer::Value(None))), expected);
        let expected = json!({"process": 2, "call": 11, "return": null, "op": "get", "key": "k"});
        assert_eq!(written(get(), End::Unknown), expected);
    }

    #[test]
    fn a_failed_compare_and_swap_says_what_it_found() {
        let cas = Op::Cas {
            key: "k".into(),
            expect: None,
            value: "b".into(),
        };
        let expected = json!({
            "process": 2, "call": 11, "return": 18, "op": "cas", "key": "k", "expect": null,
            "value": "b", "ok": false, "actual": "a", "version": 3
        });
        assert_eq!(
            written(cas, answered(Answer::Mismatch(Some("a".into())))),
            expected
        );
    }
}
