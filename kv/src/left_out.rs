//! The payload in place of content that a message to a witness leaves out. It differs from an empty
//! payload, so that no server mistakes missing content for none.

use alloc::sync::Arc;

use raft_core::{Configuration, NodeId};

use crate::members::is_members;
use crate::payload::{Payload, Payloads};

/// The payload of an entry whose content was left out: this byte alone.
const LEFT_OUT: u8 = 12;

/// Whether the content of an entry was left out.
#[inline]
pub(crate) fn is_left_out(payload: &[u8]) -> bool {
    payload == [LEFT_OUT]
}

/// Leaves out the content that a witness does not need: all entries but configurations and empty
/// ones.
pub(crate) fn leave_out(payloads: &mut Payloads) {
    let left_out = Payload::new(Arc::from([LEFT_OUT]));
    for payload in payloads {
        let bytes = payload.bytes();
        if !bytes.is_empty() && !is_members(bytes) {
            *payload = left_out.clone();
        }
    }
}

/// Whether this configuration relies on a server for its data.
#[inline]
pub(crate) fn must_hold_data(members: &Configuration, id: NodeId) -> bool {
    members.is_member(id) && !members.is_witness(id)
}
