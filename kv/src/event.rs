//! What a node decides besides what its core decides.

use raft_core::{EntryId, NodeId};

use crate::command::{ClientId, Serial};

/// Something that a node decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// Its core decided.
    Core(raft_core::Event),
    /// An entry was applied to the state machine.
    Applied {
        /// Which one.
        entry: EntryId,
    },
    /// A waiting client was answered by the entry applied at its index.
    Answered {
        /// Who.
        client: ClientId,
        /// Its request.
        serial: Serial,
        /// The entry applied.
        entry: EntryId,
        /// Whether that is another leader's entry, so that the request is lost.
        lost: bool,
    },
    /// A message was put aside because the payloads of its entries are missing.
    PayloadsMissing {
        /// The other end of the link.
        from: NodeId,
    },
}

/// Receives events as they happen. With `()` they compile to nothing.
pub trait Observer {
    /// Something was decided.
    fn event(&mut self, event: Event);
}

impl Observer for () {
    #[inline(always)]
    fn event(&mut self, _event: Event) {}
}

impl Observer for alloc::vec::Vec<Event> {
    fn event(&mut self, event: Event) {
        self.push(event);
    }
}
