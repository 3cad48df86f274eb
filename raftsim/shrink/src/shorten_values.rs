//! Short keys and values, and plain operations.

use std::collections::BTreeMap;

use kv::{Bytes, Op, ReadBy, Request};
use scenario::Verb;

use super::moves::{Move, MoveKind};
use super::search::Reducer;

/// Gives calls short keys and values, then makes them puts of one key, where the case still fails.
pub(super) fn shorter(reducer: &mut Reducer<'_>) {
    let calls = |made: &Move| matches!(made.kind, MoveKind::Step(Verb::Call(_)));
    if !reducer.best.moves.iter().any(calls) {
        return;
    }
    let mut words = Words::default();
    let mut short = reducer.best.clone();
    for made in &mut short.moves {
        if let MoveKind::Step(Verb::Call(call)) = &mut made.kind
            && let Some(op) = call.request.op()
        {
            call.request = call.request.with_op(words.shorten(op));
        }
    }
    if short != reducer.best {
        reducer.attempt(short);
    }
    let plain = |op: &Op| Op::Put {
        key: bytes("x"),
        value: match op {
            Op::Put { value, .. } | Op::Append { value, .. } | Op::Cas { value, .. } => {
                value.clone()
            }
            Op::Get { .. } | Op::Delete { .. } => bytes("a"),
        },
    };
    reducer.change(1, |made| match &made.kind {
        MoveKind::Step(Verb::Call(call)) => {
            let request = call.request.with_op(plain(call.request.op()?));
            let mut call = call.clone();
            call.request = through_the_log(request);
            Some(made.with(Verb::Call(call)))
        }
        _ => None,
    });
}

fn through_the_log(request: Request) -> Request {
    match request {
        Request::Operation { op, session, .. } => Request::Operation {
            op,
            read: ReadBy::Log,
            session,
        },
        about_a_session => about_a_session,
    }
}

/// Short words for long ones: the same for the same.
#[derive(Default)]
struct Words {
    keys: BTreeMap<Vec<u8>, Bytes>,
    values: BTreeMap<Vec<u8>, Bytes>,
}

impl Words {
    fn shorten(&mut self, op: &Op) -> Op {
        let key = word(&mut self.keys, b"xyzwuvpqrs", op.key());
        let mut short = |value: &Bytes| word(&mut self.values, b"abcdefghij", value);
        match op {
            Op::Get { .. } => Op::Get { key },
            Op::Put { value, .. } => Op::Put {
                key,
                value: short(value),
            },
            Op::Append { value, .. } => Op::Append {
                key,
                value: short(value),
            },
            Op::Cas { expect, value, .. } => Op::Cas {
                key,
                expect: expect.as_ref().map(&mut short),
                value: short(value),
            },
            Op::Delete { .. } => Op::Delete { key },
        }
    }
}

/// The short word for `long`: a letter, while there are some left.
fn word(known: &mut BTreeMap<Vec<u8>, Bytes>, letters: &[u8], long: &[u8]) -> Bytes {
    let position = known.len();
    let fresh = || match letters.get(position) {
        Some(letter) => [*letter].as_slice().into(),
        None => bytes(&format!("{}{position}", char::from(letters[0]))),
    };
    known.entry(long.to_vec()).or_insert_with(fresh).clone()
}

fn bytes(text: &str) -> Bytes {
    text.as_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_words_stay_equal_and_others_differ() {
        let mut known = BTreeMap::new();
        let mut short = |long: &str| word(&mut known, b"ab", long.as_bytes()).to_vec();
        let words = ["one", "two", "one", "three", "four", "two"].map(&mut short);
        let words = words.map(|word| String::from_utf8(word).unwrap());
        assert_eq!(words, ["a", "b", "a", "a2", "a3", "b"]);
    }
}
