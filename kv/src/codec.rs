//! The parts of the payload encoding: bytes, varints and length-prefixed fields.
//!
//! Decoding is strict: each value has exactly one encoding, and no encoding is a prefix of another.
//! So decoding notices a lost or an extra byte.

use alloc::vec::Vec;
use core::fmt;

use smallvec::SmallVec;

/// Why a payload is not a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DecodeError {
    /// The payload ends inside a value.
    Truncated,
    /// The first byte names no operation.
    UnknownTag(u8),
    /// Items that must be in order are not.
    OutOfOrder,
    /// A number has a longer encoding than it needs, or does not fit 64 bits.
    BadNumber,
    /// Bytes follow the command.
    Trailing {
        /// The number of extra bytes.
        bytes: usize,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::Truncated => write!(f, "it ends too early"),
            DecodeError::UnknownTag(tag) => write!(f, "nothing has the tag {tag}"),
            DecodeError::OutOfOrder => write!(f, "keys or clients are not in order"),
            DecodeError::BadNumber => {
                write!(f, "a number is not in its shortest form or exceeds 64 bits")
            }
            DecodeError::Trailing { bytes } => write!(f, "{bytes} bytes follow what was asked for"),
        }
    }
}

impl core::error::Error for DecodeError {}

/// A payload under construction. Commands of usual size need no allocation until they are shared.
#[derive(Default)]
pub(crate) struct Writer(SmallVec<[u8; 96]>);

impl Writer {
    pub(crate) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    /// Writes seven bits a byte, the lowest first; a set high bit means that more bytes follow.
    #[inline]
    pub(crate) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push((number & 0x7f) as u8);
    }

    /// Writes the length, then the bytes.
    #[inline]
    pub(crate) fn field(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0.into_vec()
    }
}

/// The unread rest of a payload. Its results borrow from the payload.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(payload: &'a [u8]) -> Self {
        Reader(payload)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, DecodeError> {
        let (&byte, rest) = self.0.split_first().ok_or(DecodeError::Truncated)?;
        self.0 = rest;
        Ok(byte)
    }

    #[inline]
    pub(crate) fn number(&mut self) -> Result<u64, DecodeError> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            let placed = bits << shift;
            if placed >> shift != bits || (byte == 0 && shift > 0) {
                return Err(DecodeError::BadNumber);
            }
            number |= placed;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(DecodeError::BadNumber)
    }

    #[inline]
    pub(crate) fn field(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = usize::try_from(self.number()?).map_err(|_| DecodeError::Truncated)?;
        let (field, rest) = self
            .0
            .split_at_checked(length)
            .ok_or(DecodeError::Truncated)?;
        self.0 = rest;
        Ok(field)
    }

    /// Whether all bytes are read.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks that all bytes are read.
    pub(crate) fn end(self) -> Result<(), DecodeError> {
        match self.0.len() {
            0 => Ok(()),
            bytes => Err(DecodeError::Trailing { bytes }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> Result<u64, DecodeError> {
        let mut reader = Reader::new(bytes);
        let number = reader.number()?;
        reader.end().map(|()| number)
    }

    #[test]
    fn small_numbers_take_one_byte_and_the_largest_ten() {
        let length = |number| {
            let mut writer = Writer::default();
            writer.number(number);
            writer.bytes().len()
        };
        assert_eq!([0, 127, 128, u64::MAX].map(length), [1, 1, 2, 10]);
    }

    #[test]
    fn a_number_has_one_encoding() {
        assert_eq!(read(&[0x80, 0x00]), Err(DecodeError::BadNumber));
        assert_eq!(read(&[0xff, 0x80, 0x00]), Err(DecodeError::BadNumber));
    }

    #[test]
    fn a_number_beyond_64_bits_is_refused() {
        let mut bytes = [0xff; 10];
        bytes[9] = 0x01;
        assert_eq!(read(&bytes), Ok(u64::MAX));
        bytes[9] = 0x02;
        assert_eq!(read(&bytes), Err(DecodeError::BadNumber));
        bytes[9] = 0x81;
        assert_eq!(read(&bytes), Err(DecodeError::BadNumber));
    }

    #[test]
    fn a_field_longer_than_the_payload_is_truncated() {
        let mut writer = Writer::default();
        writer.number(u64::MAX);
        assert_eq!(
            Reader::new(writer.bytes()).field(),
            Err(DecodeError::Truncated)
        );
    }

    proptest! {
        #[test]
        fn numbers_survive_the_round_trip(number: u64, shift in 0u32..64) {
            let number = number >> shift;
            let mut writer = Writer::default();
            writer.number(number);
            prop_assert_eq!(read(writer.bytes()), Ok(number));
        }
    }
}
