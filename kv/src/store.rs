//! The keys with their values and versions, and the effect of each operation on them.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::bytes::Bytes;
use crate::command::{Op, OpRef};
use crate::digest::{Digest, mix};
use crate::duties::Duties;
use crate::key::Key;
use crate::reply::{Answer, Reply, Version};

/// All keys ever written. A deleted key stays, to keep its version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Store {
    entries: BTreeMap<Key, Entry>,
    /// The sum of the entries' digests. It depends on the entries, not on their history.
    digest: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    version: Version,
    value: Option<Value>,
    key_digest: u64,
    digest: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Value {
    bytes: Bytes,
    digest: Digest,
}

/// The effect of a write on a value.
#[derive(Clone, Copy)]
enum Change<'a> {
    Set(&'a [u8]),
    Append(&'a [u8]),
    Remove,
}

impl Store {
    /// A store of these keys, which must be distinct and in order.
    pub(crate) fn of_sorted(all: Vec<(Bytes, Version, Option<Bytes>)>) -> Self {
        let mut digest = 0_u64;
        let entries = all.into_iter().map(|(key, version, value)| {
            let mut entry = Entry::never_written(&key);
            entry.version = version;
            entry.value = value.map(|bytes| Value::new(&bytes));
            entry.digest = entry.current_digest();
            digest = digest.wrapping_add(entry.digest);
            (Key::new(&key), entry)
        });
        let entries = entries.collect();
        Self { entries, digest }
    }

    /// The number of keys, including deleted ones.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// All keys in order, with versions and values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Vec<u8>, Version, Option<&Bytes>)> {
        self.entries.iter().map(|(key, entry)| {
            let value = entry.value.as_ref().map(|value| &value.bytes);
            (key.bytes(), entry.version, value)
        })
    }

    pub(crate) fn execute<D: Duties>(&mut self, duties: &D, op: &OpRef<'_>) -> Reply {
        let written = |(version, _)| Reply {
            version,
            answer: Answer::Written,
        };
        match *op {
            Op::Get { key } => self.read(key),
            Op::Put { key, value } => written(self.write(duties, key, Change::Set(value))),
            Op::Append { key, value } => written(self.write(duties, key, Change::Append(value))),
            Op::Cas { key, expect, value } => {
                let (version, actual) = self.look_up(key);
                if duties.cas_succeeds(expect, actual.map(|bytes| &**bytes)) {
                    written(self.write(duties, key, Change::Set(value)))
                } else {
                    Reply {
                        version,
                        answer: Answer::Mismatch(actual.cloned()),
                    }
                }
            }
            Op::Delete { key } => {
                let (version, existed) = self.write(duties, key, Change::Remove);
                Reply {
                    version,
                    answer: Answer::Deleted { existed },
                }
            }
        }
    }

    pub(crate) fn read(&self, key: &[u8]) -> Reply {
        let (version, value) = self.look_up(key);
        Reply {
            version,
            answer: Answer::Value(value.cloned()),
        }
    }

    fn look_up(&self, key: &[u8]) -> (Version, Option<&Bytes>) {
        self.entries
            .get(&Key::new(key))
            .map_or((Version(0), None), |entry| {
                (
                    entry.version,
                    entry.value.as_ref().map(|value| &value.bytes),
                )
            })
    }

    /// The new version, and whether the key had a value before.
    fn write<D: Duties>(&mut self, duties: &D, key: &[u8], change: Change<'_>) -> (Version, bool) {
        let write = |entry: &mut Entry| {
            let existed = entry.value.is_some();
            entry.version = duties.next_version(entry.version, existed);
            entry.change(change);
            entry.digest = entry.current_digest();
            (entry.version, existed)
        };
        let entry = self.entries.entry(Key::new(key));
        let entry = entry.or_insert_with(|| Entry::never_written(key));
        self.digest = self.digest.wrapping_sub(entry.digest);
        let result = write(entry);
        self.digest = self.digest.wrapping_add(entry.digest);
        result
    }

    pub(crate) fn digest(&self) -> u64 {
        self.digest
    }

    /// The digest, recomputed from keys, versions and values alone.
    #[cfg(test)]
    pub(crate) fn recomputed_digest(&self) -> u64 {
        self.entries.iter().fold(0, |sum: u64, (key, stored)| {
            let mut entry = Entry::never_written(&key.bytes());
            entry.version = stored.version;
            entry.value = stored.value.as_ref().map(|value| Value::new(&value.bytes));
            sum.wrapping_add(entry.current_digest())
        })
    }
}

impl Entry {
    fn never_written(key: &[u8]) -> Self {
        let key_digest = Digest::of(key).finish(key);
        Entry {
            version: Version(0),
            value: None,
            key_digest,
            digest: 0,
        }
    }

    fn change(&mut self, change: Change<'_>) {
        match (&mut self.value, change) {
            (Some(value), Change::Set(bytes)) => value.set(bytes),
            (Some(value), Change::Append(bytes)) => value.append(bytes),
            (value @ None, Change::Set(bytes) | Change::Append(bytes)) => {
                *value = Some(Value::new(bytes));
            }
            (value, Change::Remove) => *value = None,
        }
    }

    fn current_digest(&self) -> u64 {
        // An absent value and an empty one must differ.
        let value = self
            .value
            .as_ref()
            .map_or(0, |value| mix(value.digest.finish(&value.bytes), 1));
        mix(mix(self.key_digest, self.version.0), value)
    }
}

impl Value {
    fn new(bytes: &[u8]) -> Self {
        Value {
            bytes: bytes.into(),
            digest: Digest::of(bytes),
        }
    }

    fn set(&mut self, bytes: &[u8]) {
        self.bytes.assign(bytes);
        self.digest = Digest::of(bytes);
    }

    fn append(&mut self, bytes: &[u8]) {
        let old_length = self.bytes.len();
        self.bytes.append(bytes);
        self.digest.grow(&self.bytes, old_length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::duties::Standard;

    const KEY: &[u8] = b"k";

    fn run(store: &mut Store, op: OpRef<'_>) -> (u64, Answer) {
        let reply = store.execute(&Standard, &op);
        assert_eq!(store.digest(), store.recomputed_digest());
        (reply.version.0, reply.answer)
    }

    fn put(store: &mut Store, value: &[u8]) -> (u64, Answer) {
        run(store, Op::Put { key: KEY, value })
    }

    fn append(store: &mut Store, value: &[u8]) -> (u64, Answer) {
        run(store, Op::Append { key: KEY, value })
    }

    fn cas(store: &mut Store, expect: Option<&[u8]>, value: &[u8]) -> (u64, Answer) {
        run(
            store,
            Op::Cas {
                key: KEY,
                expect,
                value,
            },
        )
    }

    fn get(store: &mut Store) -> (u64, Answer) {
        run(store, Op::Get { key: KEY })
    }

    fn delete(store: &mut Store) -> (u64, Answer) {
        run(store, Op::Delete { key: KEY })
    }

    fn value(bytes: &[u8]) -> Answer {
        Answer::Value(Some(bytes.into()))
    }

    #[test]
    fn a_key_never_written_is_absent_at_version_0_and_reading_it_leaves_no_trace() {
        let mut store = Store::default();
        assert_eq!(get(&mut store), (0, Answer::Value(None)));
        assert_eq!(
            cas(&mut store, Some(b"1"), b"2"),
            (0, Answer::Mismatch(None))
        );
        assert_eq!(store, Store::default());
    }

    #[test]
    fn each_write_raises_the_version_by_one_and_a_read_does_not() {
        let mut store = Store::default();
        assert_eq!(put(&mut store, b"1"), (1, Answer::Written));
        assert_eq!(append(&mut store, b"2"), (2, Answer::Written));
        assert_eq!(cas(&mut store, Some(b"12"), b"3"), (3, Answer::Written));
        assert_eq!(get(&mut store), (3, value(b"3")));
        assert_eq!(delete(&mut store), (4, Answer::Deleted { existed: true }));
    }

    #[test]
    fn a_failed_cas_tells_the_actual_value_and_changes_nothing() {
        let mut store = Store::default();
        put(&mut store, b"1");
        let before = store.clone();
        assert_eq!(
            cas(&mut store, Some(b"2"), b"3"),
            (1, Answer::Mismatch(Some(b"1".into())))
        );
        assert_eq!(
            cas(&mut store, None, b"3"),
            (1, Answer::Mismatch(Some(b"1".into())))
        );
        assert_eq!(store, before);
    }

    #[test]
    fn a_cas_from_absent_creates_the_key_before_and_after_a_delete() {
        let mut store = Store::default();
        assert_eq!(cas(&mut store, None, b"1"), (1, Answer::Written));
        delete(&mut store);
        assert_eq!(cas(&mut store, None, b"2"), (3, Answer::Written));
        assert_eq!(get(&mut store), (3, value(b"2")));
    }

    #[test]
    fn an_append_to_an_absent_key_is_a_put() {
        let mut store = Store::default();
        assert_eq!(append(&mut store, b"1"), (1, Answer::Written));
        delete(&mut store);
        append(&mut store, b"2");
        assert_eq!(get(&mut store), (3, value(b"2")));
    }

    #[test]
    fn a_deleted_key_keeps_its_version() {
        let mut store = Store::default();
        put(&mut store, b"1");
        assert_eq!(delete(&mut store), (2, Answer::Deleted { existed: true }));
        assert_eq!(get(&mut store), (2, Answer::Value(None)));
        assert_eq!(put(&mut store, b"1"), (3, Answer::Written));
    }

    #[test]
    fn a_delete_of_nothing_is_a_write_too() {
        let mut store = Store::default();
        assert_eq!(delete(&mut store), (1, Answer::Deleted { existed: false }));
        assert_eq!(delete(&mut store), (2, Answer::Deleted { existed: false }));
    }

    #[test]
    fn an_empty_value_is_not_absent() {
        let mut store = Store::default();
        put(&mut store, b"");
        assert_eq!(get(&mut store), (1, value(b"")));
        assert_eq!(delete(&mut store), (2, Answer::Deleted { existed: true }));
    }

    #[test]
    fn an_overwritten_value_keeps_its_buffer() {
        let mut store = Store::default();
        put(&mut store, &[1; 200]);
        let buffer = |store: &Store| {
            store.entries[&Key::new(KEY)]
                .value
                .as_ref()
                .unwrap()
                .bytes
                .as_ptr()
        };
        let before = buffer(&store);
        put(&mut store, &[2; 150]);
        append(&mut store, &[3; 50]);
        assert_eq!(buffer(&store), before);
    }

    #[test]
    fn the_digest_tells_keys_versions_and_values_apart() {
        let digest = |ops: &[OpRef<'_>]| {
            let mut store = Store::default();
            for op in ops {
                run(&mut store, *op);
            }
            store.digest()
        };
        let put = |key: &'static str, value: &'static str| Op::Put {
            key: key.as_bytes(),
            value: value.as_bytes(),
        };
        let one = digest(&[put("a", "1")]);
        assert_ne!(one, digest(&[]));
        assert_ne!(one, digest(&[put("b", "1")]));
        assert_ne!(one, digest(&[put("a", "2")]));
        assert_ne!(one, digest(&[put("a", "1"), put("a", "1")]));
        assert_ne!(digest(&[put("a", "")]), digest(&[Op::Delete { key: b"a" }]));
        assert_eq!(
            digest(&[put("a", "1"), put("b", "2")]),
            digest(&[put("b", "2"), put("a", "1")])
        );
        assert_eq!(
            digest(&[put("a", "0"), put("a", "12345678901")]),
            digest(&[
                put("a", "1234567"),
                Op::Append {
                    key: b"a",
                    value: b"8901"
                }
            ])
        );
    }
}
