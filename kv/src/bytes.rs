//! The byte string type of keys and values.

use alloc::vec::Vec;
use core::borrow::Borrow;
use core::fmt;
use core::ops::Deref;

use smallvec::SmallVec;

/// The longest string that is kept in place; longer strings are allocated on the heap.
const INLINE: usize = 24;

/// A byte string. Up to 24 bytes are stored in place, so that the keys and values of a simulation
/// are cloned without an allocation. It is ordered as slices are.
#[derive(Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(SmallVec<[u8; INLINE]>);

impl Bytes {
    /// Replaces the content and keeps the buffer.
    pub(crate) fn assign(&mut self, bytes: &[u8]) {
        // Most values in a simulation have one length, and a plain copy is much cheaper.
        if self.0.len() == bytes.len() {
            self.0.copy_from_slice(bytes);
        } else {
            self.0.clear();
            self.0.extend_from_slice(bytes);
        }
    }

    /// Adds `bytes` at the end.
    pub(crate) fn append(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

// A derived `Clone` would clone byte by byte.
impl Clone for Bytes {
    #[inline]
    fn clone(&self) -> Self {
        Bytes(SmallVec::from_slice(&self.0))
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Borrow<[u8]> for Bytes {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Bytes(SmallVec::from_slice(bytes))
    }
}

impl<const N: usize> From<&[u8; N]> for Bytes {
    fn from(bytes: &[u8; N]) -> Self {
        Bytes::from(bytes.as_slice())
    }
}

impl From<&str> for Bytes {
    fn from(text: &str) -> Self {
        Bytes::from(text.as_bytes())
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes(SmallVec::from_vec(bytes))
    }
}

/// Prints a byte string literal, with escapes for all but printable ASCII.
impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::vec;
    use proptest::prelude::*;

    #[test]
    fn debug_output_is_readable_and_unambiguous() {
        assert_eq!(format!("{:?}", Bytes::from("x1")), r#"b"x1""#);
        assert_eq!(
            format!("{:?}", Bytes::from(&[0, b'"', 0xff])),
            r#"b"\x00\"\xff""#
        );
    }

    #[test]
    fn assigning_keeps_the_buffer() {
        let mut bytes = Bytes::from(vec![1; 100]);
        let buffer = bytes.as_ptr();
        bytes.assign(&[2; 80]);
        assert_eq!(&*bytes, &[2; 80]);
        assert_eq!(bytes.as_ptr(), buffer);
    }

    proptest! {
        #[test]
        fn order_is_that_of_slices(
            a in prop::collection::vec(any::<u8>(), 0..40),
            b in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            prop_assert_eq!(Bytes::from(&*a).cmp(&Bytes::from(&*b)), a.cmp(&b));
        }

        #[test]
        fn appending_is_concatenation(
            a in prop::collection::vec(any::<u8>(), 0..40),
            b in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let mut bytes = Bytes::from(a.clone());
            bytes.append(&b);
            prop_assert_eq!(&*bytes, [a, b].concat());
        }
    }
}
