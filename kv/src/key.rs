//! Keys in the order of byte strings. One word nearly always decides a comparison.

use crate::bytes::Bytes;

/// A key. The derived order of its fields is that of the byte strings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    /// The first eight bytes as a big-endian number, with zeros for missing ones.
    head: u64,
    /// The bytes after those.
    rest: Bytes,
    /// Distinguishes zeros in the key from missing bytes.
    length: usize,
}

impl Key {
    /// Keys up to 32 bytes need no allocation.
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let (head, rest) = match bytes.split_first_chunk() {
            Some((head, rest)) => (u64::from_be_bytes(*head), Bytes::from(rest)),
            None => (short(bytes), Bytes::default()),
        };
        Self {
            head,
            rest,
            length: bytes.len(),
        }
    }

    pub(crate) fn bytes(&self) -> alloc::vec::Vec<u8> {
        let mut bytes = self.head.to_be_bytes().to_vec();
        bytes.truncate(self.length);
        bytes.extend_from_slice(&self.rest);
        bytes
    }
}

fn short(bytes: &[u8]) -> u64 {
    let mut head = [0; 8];
    for (place, byte) in head.iter_mut().zip(bytes) {
        *place = *byte;
    }
    u64::from_be_bytes(head)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    fn any_key() -> impl Strategy<Value = Vec<u8>> {
        // Few different bytes, zero among them: equal heads and padding are the hard cases.
        prop::collection::vec(
            prop_oneof![4 => Just(0), 2 => Just(1), 1 => any::<u8>()],
            0..14,
        )
    }

    proptest! {
        #[test]
        fn keys_are_ordered_as_slices_are(a in any_key(), b in any_key()) {
            prop_assert_eq!(Key::new(&a).cmp(&Key::new(&b)), a.cmp(&b));
        }

        #[test]
        fn a_key_keeps_its_bytes(bytes in prop::collection::vec(any::<u8>(), 0..50)) {
            prop_assert_eq!(Key::new(&bytes).bytes(), bytes);
        }
    }
}
