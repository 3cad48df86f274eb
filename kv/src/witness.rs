//! Members without data: they vote, and acknowledge entries without their content (see
//! [`raft_core::Raft::is_witness`]).
//!
//! A leader leaves the content out of its messages to a witness. Such an entry still has its index
//! and its term. Its payload says that the content is missing, so that no server mistakes it for an
//! empty one. A witness applies nothing, takes no snapshot, and refuses its clients.
//!
//! A server never receives the left-out content later, so a server that lacks data does not become
//! a member that must hold data. It must come back with an empty disk.

use raft_core::{Body, Input, Instant, NodeId, Rules};

use crate::attachments::Carried;
use crate::duties::Duties;
use crate::event::{Event, Observer};
use crate::left_out::{is_left_out, must_hold_data};
use crate::node::Node;
use crate::wire::{Message, Outbox};

impl<R: Rules, D: Duties> Node<R, D> {
    /// Whether this server lacks the data of an entry that it holds, or that its log begins after.
    #[must_use]
    pub fn lacks_data(&self) -> bool {
        self.missing.through().0 > self.machine.applied()
    }

    /// Whether it has a state for clients.
    pub(crate) fn holds_data(&self) -> bool {
        !self.raft.is_witness() && !self.lacks_data()
    }

    /// Whether a message fits the data that this server holds. If not, the server drops it.
    pub(crate) fn fits<O: Observer>(
        &self,
        from: NodeId,
        message: &Message,
        observer: &mut O,
    ) -> bool {
        let Body::AppendEntries(append) = &message.raft.body else {
            return true;
        };
        let (id, lacks) = (self.raft.id(), self.lacks_data());
        let mut payloads = message.payloads.iter();
        let left_out = payloads.any(|payload| is_left_out(payload.bytes()));
        if left_out && !lacks && must_hold_data(self.raft.configuration(), id) {
            observer.event(Event::PayloadsMissing { from });
            return false;
        }
        // A sender that takes this server for a witness sends it an old configuration.
        let given = append.configuration.as_deref();
        let given = given.is_some_and(|next| must_hold_data(next, id)) && !message.to_witness;
        let duties = self.machine.duties();
        if given && lacks && duties.role_waits_for_data() {
            observer.event(Event::DataMissing { from });
            return false;
        }
        true
    }

    /// Cuts the log of a witness. Its commit index limits the cut, because it has no snapshot.
    pub(crate) fn cut_as_witness<X: Outbox, O: Observer>(
        &mut self,
        now: Instant,
        out: &mut X,
        observer: &mut O,
    ) {
        self.snapshots.begun();
        let through = self.snapshots.behind(self.missing.passed());
        let cut = Input::Compact { through };
        self.core(now, cut, Carried::Nothing, out, observer);
    }
}
