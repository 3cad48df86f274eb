//! The entries that hold a configuration. The core knows their content, the disk keeps them as
//! payloads, and the state machine skips them.

use alloc::sync::Arc;
use alloc::vec::Vec;

use raft_core::{Configuration, NodeId};

use crate::codec::{DecodeError, Reader, Writer};
use crate::payload::Payload;

/// The first byte of a configuration's payload.
const MEMBERS: u8 = 11;

/// Whether a payload is a configuration.
#[inline]
pub(crate) fn is_members(payload: &[u8]) -> bool {
    payload.first() == Some(&MEMBERS)
}

/// A flag in the second byte: the configuration leaves itself.
const LEAVES_ITSELF: u8 = 1;
/// A flag in the second byte: some of its members are witnesses.
const HAS_WITNESSES: u8 = 2;

/// The payload of an entry that holds this configuration: a tag byte, a byte of flags, then each of
/// its three sets as its size and its servers, and the witnesses, if there are any.
pub(crate) fn encode(configuration: &Configuration) -> Payload {
    let mut writer = Writer::default();
    writer.byte(MEMBERS);
    let witnesses = configuration.witnesses();
    let leaves_itself = u8::from(configuration.leaves_itself()) * LEAVES_ITSELF;
    let has_witnesses = u8::from(!witnesses.is_empty()) * HAS_WITNESSES;
    writer.byte(leaves_itself | has_witnesses);
    let sets = [
        configuration.incoming(),
        configuration.outgoing(),
        configuration.learners(),
    ];
    let witnesses = Some(witnesses).filter(|some| !some.is_empty());
    for set in sets.into_iter().chain(witnesses) {
        writer.number(set.len() as u64);
        set.iter().for_each(|id| writer.number(id.0));
    }
    Payload::new(Arc::from(writer.bytes()))
}

/// The configuration that an entry holds, if it holds one.
///
/// # Errors
/// When the tag announces a configuration and the rest is none.
pub(crate) fn decode(payload: &[u8]) -> Result<Option<Configuration>, DecodeError> {
    if !is_members(payload) {
        return Ok(None);
    }
    let mut reader = Reader::new(&payload[1..]);
    let flags = reader.byte()?;
    if flags > LEAVES_ITSELF | HAS_WITNESSES {
        return Err(DecodeError::UnknownTag(flags));
    }
    let mut set = || -> Result<Vec<NodeId>, DecodeError> {
        let count = reader.number()?;
        let mut ids = Vec::new();
        for _ in 0..count {
            ids.push(NodeId(reader.number()?));
        }
        match ids.is_sorted() {
            true => Ok(ids),
            false => Err(DecodeError::OutOfOrder),
        }
    };
    let (incoming, outgoing, learners) = (set()?, set()?, set()?);
    let witnesses = match flags & HAS_WITNESSES {
        0 => None,
        _ => Some(set()?),
    };
    reader.end()?;
    if witnesses.as_ref().is_some_and(Vec::is_empty) {
        return Err(DecodeError::OutOfOrder);
    }
    let senseless = |_| DecodeError::OutOfOrder;
    let members = Configuration::new(&incoming, &outgoing, &learners)
        .and_then(|members| members.with_witnesses(&witnesses.unwrap_or_default()))
        .map_err(senseless)?;
    Ok(Some(match flags & LEAVES_ITSELF {
        0 => members,
        _ => members.that_leaves_itself().map_err(senseless)?,
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ids(numbers: &[u64]) -> Vec<NodeId> {
        numbers.iter().map(|number| NodeId(*number)).collect()
    }

    proptest! {
        #[test]
        fn a_configuration_survives_the_round_trip(
            incoming in prop::collection::btree_set(1u64..300, 1..6),
            outgoing in prop::collection::btree_set(1u64..300, 0..6),
            learners in prop::collection::btree_set(300u64..400, 0..6),
            witnesses in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
            leaves in any::<bool>(),
        ) {
            let sets = [incoming, outgoing, learners].map(|set| ids(&Vec::from_iter(set)));
            let mut members = Configuration::new(&sets[0], &sets[1], &sets[2]).unwrap();
            let all = members.members();
            let drawn: std::collections::BTreeSet<_> =
                witnesses.iter().map(|place| all[place.index(all.len())]).collect();
            // Few enough witnesses that voters with data stay a majority.
            if let Ok(some) = members.clone().with_witnesses(&Vec::from_iter(drawn)) {
                members = some;
            }
            if leaves && members.is_joint() {
                members = members.that_leaves_itself().unwrap();
            }
            let payload = encode(&members);
            let bytes = payload.bytes();
            for length in 1..bytes.len() {
                prop_assert!(decode(&bytes[..length]).is_err());
            }
            prop_assert_eq!(decode(bytes), Ok(Some(members)));
        }

        #[test]
        fn whatever_decodes_is_its_own_encoding(body in prop::collection::vec(0u8..4, 0..12)) {
            let payload: Vec<u8> = [alloc::vec![MEMBERS], body].concat();
            if let Ok(Some(members)) = decode(&payload) {
                let again = encode(&members);
                prop_assert_eq!(again.bytes(), &*payload);
            }
        }
    }
}
