//! What clients did and saw, as a file: one JSON object an operation, in the order of their calls.

use std::io::{self, Write};

use kv::{Answer, Bytes, Op};
use serde_json::{Map, Value, json};

use crate::check::{End, History, Operation};

/// Writes a history. Points in time are event numbers, one clock for all clients; `return` is null
/// where the outcome is unknown. Bytes that are not UTF-8 are replaced.
///
/// # Errors
/// What the writer says.
pub fn write(history: &History, to: &mut impl Write) -> io::Result<()> {
    for operation in history.operations() {
        let text = serde_json::to_string(&entry(operation)).expect("an object of plain values");
        to.write_all(text.as_bytes())?;
        to.write_all(b"\n")?;
    }
    Ok(())
}

fn entry(operation: &Operation) -> Value {
    let mut entry = Map::new();
    let mut put = |name: &str, value: Value| {
        entry.insert(name.to_owned(), value);
    };
    put("process", json!(operation.client.0));
    put("call", json!(operation.call.0));
    put("key", text(operation.op.key()));
    match &operation.op {
        Op::Get { .. } => put("op", json!("get")),
        Op::Delete { .. } => put("op", json!("delete")),
        Op::Put { value, .. } => {
            put("op", json!("put"));
            put("value", text(value));
        }
        Op::Append { value, .. } => {
            put("op", json!("append"));
            put("value", text(value));
        }
        Op::Cas { expect, value, .. } => {
            put("op", json!("cas"));
            put("expect", maybe(expect));
            put("value", text(value));
        }
    }
    let End::Answered { event, reply, .. } = &operation.end else {
        put("return", Value::Null);
        return Value::Object(entry);
    };
    put("return", json!(event.0));
    put("version", json!(reply.version.0));
    match &reply.answer {
        Answer::Value(value) => put("result", maybe(value)),
        Answer::Written if matches!(operation.op, Op::Cas { .. }) => put("ok", json!(true)),
        Answer::Written => {}
        Answer::Mismatch(actual) => {
            put("ok", json!(false));
            put("actual", maybe(actual));
        }
        Answer::Deleted { existed } => put("ok", json!(existed)),
    }
    Value::Object(entry)
}

fn text(bytes: &[u8]) -> Value {
    Value::String(String::from_utf8_lossy(bytes).into_owned())
}

fn maybe(bytes: &Option<Bytes>) -> Value {
    bytes.as_ref().map_or(Value::Null, |bytes| text(bytes))
}

#[cfg(test)]
mod tests {
    use kv::{Reply, Version};
    use simulator::{ClientId, EventId, NodeId, Time};

    use super::*;

    fn written(op: Op, end: End) -> Value {
        let operation = Operation {
            client: ClientId(2),
            serial: 1,
            op,
            call: EventId(5),
            called_at: Time(1),
            end,
        };
        entry(&operation)
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
        }
    }

    #[test]
    fn an_absent_value_is_null_and_an_unknown_outcome_has_no_return() {
        let get = || Op::Get { key: "k".into() };
        let expected = json!({
            "process": 2, "call": 5, "return": 9, "op": "get", "key": "k", "result": null,
            "version": 3
        });
        assert_eq!(written(get(), answered(Answer::Value(None))), expected);
        let expected = json!({"process": 2, "call": 5, "return": null, "op": "get", "key": "k"});
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
            "process": 2, "call": 5, "return": 9, "op": "cas", "key": "k", "expect": null,
            "value": "b", "ok": false, "actual": "a", "version": 3
        });
        assert_eq!(
            written(cas, answered(Answer::Mismatch(Some("a".into())))),
            expected
        );
    }
}
