//! What a client is told.

use crate::bytes::Bytes;
use crate::digest::{Digest, mix};

/// How often a key was written: 0 for never, then one more with each put, append, successful
/// compare-and-swap and delete. A deleted key keeps its version, so none is ever used twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

impl Version {
    /// The version after one more write.
    #[must_use]
    pub fn next(self) -> Version {
        Version(self.0 + 1)
    }
}

/// The answer to an operation, with the key's version after it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reply {
    /// The key's version once the operation was done: for writes the new one, for reads and
    /// failed compare-and-swaps the current one, for an absent key that of its deletion.
    pub version: Version,
    /// What came out.
    pub answer: Answer,
}

/// What came out of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Of a get: the value, `None` if the key is absent.
    Value(Option<Bytes>),
    /// Of a put, an append, or a compare-and-swap that found what it expected.
    Written,
    /// Of a compare-and-swap that did not: the value it found.
    Mismatch(Option<Bytes>),
    /// Of a delete.
    Deleted {
        /// Whether there was a value to remove.
        existed: bool,
    },
}

impl Reply {
    /// One word that stands for the whole reply.
    pub(crate) fn digest(&self) -> u64 {
        let (tag, content) = match &self.answer {
            Answer::Value(value) => (1, optional(value)),
            Answer::Written => (2, 0),
            Answer::Mismatch(actual) => (3, optional(actual)),
            Answer::Deleted { existed } => (4, u64::from(*existed)),
        };
        mix(mix(tag, self.version.0), content)
    }
}

fn optional(value: &Option<Bytes>) -> u64 {
    value
        .as_ref()
        .map_or(0, |value| Digest::of(value).finish(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;

    #[test]
    fn the_digest_tells_all_replies_apart() {
        let values = [
            None,
            Some(Bytes::default()),
            Some("a".into()),
            Some("b".into()),
        ];
        let reads = values.clone().map(Answer::Value);
        let mismatches = values.map(Answer::Mismatch);
        let deletes = [false, true].map(|existed| Answer::Deleted { existed });
        let digests: BTreeSet<u64> = [Answer::Written]
            .into_iter()
            .chain(reads)
            .chain(mismatches)
            .chain(deletes)
            .flat_map(|answer| {
                [0, 1].map(|version| Reply {
                    version: Version(version),
                    answer: answer.clone(),
                })
            })
            .map(|reply| reply.digest())
            .collect();
        assert_eq!(digests.len(), 22);
    }
}
