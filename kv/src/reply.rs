//! Replies to clients.

use crate::bytes::Bytes;
use crate::digest::{Digest, mix};

/// The number of writes to a key: 0 for none, then one more with each put, append, successful
/// compare-and-swap and delete. A deleted key keeps its version, so each version is used only once.
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
    /// The key's version after the operation. A write gives the new one; a read or a failed
    /// compare-and-swap gives the current one; for an absent key it is that of its deletion.
    pub version: Version,
    /// The result of the operation.
    pub answer: Answer,
}

/// The result of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// The result of a get: the value, `None` if the key is absent.
    Value(Option<Bytes>),
    /// The result of a put, an append, or a compare-and-swap that found the expected value.
    Written,
    /// The result of a compare-and-swap that found another value, with that value.
    Mismatch(Option<Bytes>),
    /// The result of a delete.
    Deleted {
        /// Whether there was a value to remove.
        existed: bool,
    },
}

impl Reply {
    /// A digest of the whole reply.
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
