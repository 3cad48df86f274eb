//! Weaker guarantees than linearizability, for reads that are not meant to be linearizable.
//!
//! Reads from a follower, or under a lease that may have ended, have weaker guarantees: a client
//! sees its own writes, it never sees an older state than before, and a read sees the state at some
//! index. Each of these is a function here. A session is the operations of one process on one key.
//! Overlapping operations in it have no order and prove nothing.

use std::collections::BTreeMap;

use crate::history::{Action, History, Operation};
use crate::replay::Plain;

/// A guarantee that a session's reads broke. Operations are places in the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lapse {
    /// The operation that taught the process a version.
    pub earlier: usize,
    /// The read that returned an older version.
    pub read: usize,
}

/// Checks that every process sees at least its own writes: a read that is called after a write of
/// its own returned reports its version or a later one.
///
/// Returns the number of reads that had a comparison. Operations that report no version prove
/// nothing.
///
/// ```
/// use linearize::{History, Lapse, read_your_writes};
///
/// let history = History::parse(
///     r#"{"process": 7, "call": 1, "return": 2, "op": "put", "key": "x", "value": "a", "version": 4}
///        {"process": 7, "call": 3, "return": 4, "op": "get", "key": "x", "result": null, "version": 3}
///        {"process": 8, "call": 5, "return": 6, "op": "get", "key": "x", "result": null, "version": 3}"#,
/// )?;
/// assert_eq!(read_your_writes(&history), Err(Lapse { earlier: 0, read: 1 }));
/// # Ok::<(), linearize::Malformed>(())
/// ```
///
/// # Errors
/// The first read, in the order of calls, that breaks this.
pub fn read_your_writes(history: &History) -> Result<usize, Lapse> {
    knows_at_least(history, |operation| !operation.only_looks())
}

/// Checks that no process sees an older state than it saw before: of two consecutive reads, the
/// later one reports the same version or a later one.
///
/// Returns the number of reads that had a comparison. Operations that report no version prove
/// nothing.
///
/// # Errors
/// The first read, in the order of calls, that breaks this.
pub fn monotonic_reads(history: &History) -> Result<usize, Lapse> {
    knows_at_least(history, Operation::only_looks)
}

/// Compares each read with the versions that its process knew from operations of one kind.
fn knows_at_least(history: &History, teaches: impl Fn(&Operation) -> bool) -> Result<usize, Lapse> {
    let operations = history.operations();
    let mut sessions: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (place, operation) in operations.iter().enumerate() {
        if operation.ret.is_some() && operation.version.is_some() {
            let session = (operation.process.as_str(), operation.key.as_str());
            sessions.entry(session).or_default().push(place);
        }
    }
    let (mut compared, mut lapses) = (0, Vec::new());
    for mut places in sessions.into_values() {
        places.sort_unstable_by_key(|place| operations[*place].call);
        let mut open: Vec<usize> = Vec::new();
        let mut known: Option<usize> = None;
        for place in places {
            let operation = &operations[place];
            // The process knows operations that returned before this call. Later returns prove
            // nothing.
            open.retain(|earlier| {
                let returned = operations[*earlier].ret < Some(operation.call);
                let more =
                    known.is_none_or(|it| operations[it].version < operations[*earlier].version);
                if returned && more {
                    known = Some(*earlier);
                }
                !returned
            });
            if operation.only_looks() && known.is_some() {
                compared += 1;
            }
            if operation.only_looks()
                && let Some(earlier) = known
                && operation.version < operations[earlier].version
            {
                let read = place;
                lapses.push(Lapse { earlier, read });
            }
            if teaches(operation) {
                open.push(place);
            }
        }
    }
    match lapses
        .into_iter()
        .min_by_key(|lapse| operations[lapse.read].call)
    {
        Some(lapse) => Err(lapse),
        None => Ok(compared),
    }
}

/// The states of a store, one for each index of its log. A read that reports an index must have
/// seen the state at that index.
///
/// ```
/// use linearize::{Action, States};
///
/// let mut states = States::default();
/// states.apply(3, "x", &Action::Put { value: "a".to_owned() });
/// states.apply(5, "x", &Action::Delete { existed: None });
/// assert_eq!(states.at(2, "x"), None);
/// assert_eq!(states.at(4, "x"), Some("a"));
/// assert_eq!(states.at(9, "x"), None);
/// ```
#[derive(Clone, Debug, Default)]
pub struct States {
    /// For each key, its values, each with the first index at which the key has it.
    keys: BTreeMap<String, Vec<(u64, Option<String>)>>,
    last: u64,
}

impl States {
    /// Applies the entry at an index. Indices never fall, and a skipped index changes nothing.
    pub fn apply(&mut self, index: u64, key: &str, action: &Action) {
        assert!(index >= self.last, "a log is applied in its order");
        self.last = index;
        let values = match self.keys.get_mut(key) {
            Some(values) => values,
            None => self.keys.entry(key.to_owned()).or_default(),
        };
        let held = values.last().and_then(|(_, value)| value.clone());
        let mut plain = Plain::with(held);
        plain.apply(action);
        values.push((index, plain.value));
    }

    /// The value of a key after everything up to `index` was applied.
    #[must_use]
    pub fn at(&self, index: u64, key: &str) -> Option<&str> {
        let values = self.keys.get(key)?;
        let behind = values.partition_point(|(from, _)| *from <= index);
        values[..behind].last()?.1.as_deref()
    }

    /// Checks that reads saw the state at their reported index, and that no process saw an older
    /// state than before.
    ///
    /// # Errors
    /// The first read that breaks this.
    pub fn check(&self, reads: &[IndexedRead<'_>]) -> Result<(), WrongRead> {
        let mut latest: BTreeMap<&str, u64> = BTreeMap::new();
        for (read, told) in reads.iter().enumerate() {
            let known = latest.entry(told.process).or_insert(0);
            if told.index < *known {
                let known = *known;
                return Err(WrongRead::WentBack { read, known });
            }
            *known = told.index;
            let held = self.at(told.index, told.key);
            if held != told.value {
                let held = held.map(str::to_owned);
                return Err(WrongRead::Value { read, held });
            }
        }
        Ok(())
    }
}

/// A read that reports the index of its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexedRead<'a> {
    /// The process; its reads are in the order in which it made them.
    pub process: &'a str,
    /// The key.
    pub key: &'a str,
    /// The last applied index of the state that it read.
    pub index: u64,
    /// The answer; `None` for an absent key.
    pub value: Option<&'a str>,
}

/// The error of a read that reports the index of its state. Reads are places in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WrongRead {
    /// The state at its index has another value.
    Value {
        /// The read.
        read: usize,
        /// The value in the state.
        held: Option<String>,
    },
    /// Its process had seen a later state.
    WentBack {
        /// The read.
        read: usize,
        /// The index that the process had seen.
        known: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Operations of processes on one key: process, call, return, whether it writes, version.
    fn history(operations: &[(&str, i128, i128, bool, u64)]) -> History {
        let operation = |(process, call, ret, writes, version): &(&str, i128, i128, bool, u64)| {
            let value = "a".to_owned();
            Operation {
                process: (*process).to_owned(),
                key: "x".to_owned(),
                call: *call,
                ret: Some(*ret),
                action: match writes {
                    true => Action::Put { value },
                    false => Action::Get {
                        result: Some(value),
                    },
                },
                version: Some(*version),
            }
        };
        History::new(operations.iter().map(operation).collect()).expect("it is a history")
    }

    #[test]
    fn a_read_knows_its_own_writes_and_reads_but_not_those_of_others() {
        let others = history(&[("a", 1, 2, true, 5), ("b", 3, 4, false, 4)]);
        assert_eq!(read_your_writes(&others), Ok(0));
        assert_eq!(monotonic_reads(&others), Ok(0));
        let own = history(&[("a", 1, 2, true, 5), ("a", 3, 4, false, 4)]);
        let lapse = Lapse {
            earlier: 0,
            read: 1,
        };
        assert_eq!(read_your_writes(&own), Err(lapse));
        assert_eq!(monotonic_reads(&own), Ok(0));
        let reads = history(&[("a", 1, 2, false, 5), ("a", 3, 4, false, 4)]);
        assert_eq!(read_your_writes(&reads), Ok(0));
        assert_eq!(monotonic_reads(&reads), Err(lapse));
        let fine = history(&[("a", 1, 2, false, 5), ("a", 3, 4, false, 5)]);
        assert_eq!(monotonic_reads(&fine), Ok(1));
    }

    #[test]
    fn what_overlaps_in_a_session_proves_nothing() {
        let overlap = history(&[("a", 1, 4, true, 5), ("a", 2, 3, false, 4)]);
        assert_eq!(read_your_writes(&overlap), Ok(0));
    }

    #[test]
    fn a_read_at_an_index_saw_the_state_there_and_none_older_than_before() {
        let mut states = States::default();
        let put = |value: &str| Action::Put {
            value: value.to_owned(),
        };
        states.apply(1, "x", &put("a"));
        states.apply(4, "x", &put("b"));
        let read = |process, index, value| IndexedRead {
            process,
            key: "x",
            index,
            value,
        };
        let fine = [
            read("p", 0, None),
            read("q", 5, Some("b")),
            read("p", 3, Some("a")),
        ];
        assert_eq!(states.check(&fine), Ok(()));
        let held = Some("b".to_owned());
        assert_eq!(
            states.check(&[read("p", 4, Some("a"))]),
            Err(WrongRead::Value { read: 0, held })
        );
        let back = [read("p", 4, Some("b")), read("p", 3, Some("a"))];
        assert_eq!(
            states.check(&back),
            Err(WrongRead::WentBack { read: 1, known: 4 })
        );
    }
}
