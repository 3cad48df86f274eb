//! Members that hold no data: they vote, and acknowledge entries whose content they never see (see
//! [`raft_core::Raft::is_witness`]).
//!
//! A leader leaves the content out of what it sends to a witness. Such an entry still has its index and
//! its term; its payload says that something is missing, so that nobody takes it for an empty one. A
//! witness applies nothing, takes no snapshot, and refuses its clients.
//!
//! What was left out never comes by itself: a server that lacks data does not become a member that
//! must hold them. It must come back with an empty disk.

use alloc::sync::Arc;

use raft_core::{Body, Configuration, Index, Input, Instant, NodeId, Rules};

use crate::carry::Carried;
use crate::disk::Disk;
use crate::duties::Duties;
use crate::event::{Event, Observer};
use crate::keeping::Keeping;
use crate::members::is_members;
use crate::node::Node;
use crate::payload::{Payload, PayloadLog, Payloads};
use crate::wire::{LogWrite, Message, Outbox};

/// The payload of an entry whose content was left out: this byte alone.
const LEFT_OUT: u8 = 12;

/// Whether the content of an entry was left out.
#[inline]
pub(crate) fn is_left_out(payload: &[u8]) -> bool {
    payload == [LEFT_OUT]
}

/// Leaves out what a witness needs not see: everything but members, and entries that are empty.
pub(crate) fn leave_out(payloads: &mut Payloads) {
    let left_out = Payload::new(Arc::from([LEFT_OUT]));
    for payload in payloads {
        let bytes = payload.bytes();
        if !bytes.is_empty() && !is_members(bytes) {
            *payload = left_out.clone();
        }
    }
}

/// Whether these members count on a server for its data.
#[inline]
pub(crate) fn must_hold_data(members: &Configuration, id: NodeId) -> bool {
    members.is_member(id) && !members.is_witness(id)
}

/// What a server has of its log without the data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Lack {
    /// The last entry whose data is not in the log: it was left out, or lies before the log.
    through: Index,
    /// The last committed entry that it has passed over as a witness.
    passed: Index,
}

impl Lack {
    /// After a start.
    pub(crate) fn found(disk: &Disk) -> Self {
        let base = disk.base().index;
        let covered = disk.covering_snapshot().is_some();
        let mut lack = Self {
            through: if covered { Index(0) } else { base },
            passed: base,
        };
        lack.appended(base.next(), disk.entries.iter().map(|(_, payload)| payload));
        lack
    }

    /// The log changes so. `holds_data` says whether what lies before it must be applied here.
    #[inline]
    pub(crate) fn follow(&mut self, write: &LogWrite, holds_data: bool) {
        let raft = &write.raft;
        if let Some(from) = raft.truncate_from {
            self.through = self.through.min(from.previous());
        }
        if let Some(rebase) = &raft.rebase {
            let base = rebase.base.last.index;
            if rebase.whole {
                self.through = Index(0);
            }
            if !holds_data {
                self.through = self.through.max(base);
            }
            self.passed = self.passed.max(base);
        }
        if let Some(append) = &raft.append {
            self.appended(append.first, write.payloads.iter());
        }
    }

    fn appended<'a>(&mut self, first: Index, payloads: impl Iterator<Item = &'a Payload>) {
        let mut index = first;
        for payload in payloads {
            if is_left_out(payload.bytes()) {
                self.through = index;
            }
            index = index.next();
        }
    }

    /// Whether the data up to this entry are known to be missing.
    pub(crate) fn reaches(&self, index: Index) -> bool {
        self.through >= index
    }

    /// A witness passes over what others apply; it counts for when a log is cut as it does for them.
    pub(crate) fn pass<D: Duties>(
        &mut self,
        log: &PayloadLog,
        through: Index,
        keeping: &mut Keeping<D>,
    ) {
        while self.passed < through {
            self.passed = self.passed.next();
            if let Some((_, payload)) = log.get(self.passed) {
                keeping.applied(payload.bytes().len());
            }
        }
    }
}

impl Disk {
    /// Whether a server that starts from here lacks the data of an entry that it holds, or that its log
    /// begins after.
    #[must_use]
    pub fn lacks_data(&self) -> bool {
        let covering = self.covering_snapshot();
        let applied = covering.map_or(Index(0), |snapshot| snapshot.id.last.index);
        Lack::found(self).through > applied
    }
}

impl<R: Rules, D: Duties> Node<R, D> {
    /// Whether this server lacks the data of an entry that it holds, or that its log begins after.
    #[must_use]
    pub fn lacks_data(&self) -> bool {
        self.lack.through.0 > self.machine.applied()
    }

    /// Whether it has a state that clients may ask for.
    pub(crate) fn holds_data(&self) -> bool {
        !self.raft.is_witness() && !self.lacks_data()
    }

    /// Whether a message fits what this server holds; it is put aside else.
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
        // To a witness it is history what it was before.
        let given = append.configuration.as_deref();
        let given = given.is_some_and(|next| must_hold_data(next, id)) && !message.to_witness;
        let duties = self.machine.duties();
        if given && lacks && duties.role_waits_for_data() {
            observer.event(Event::DataMissing { from });
            return false;
        }
        true
    }

    /// A witness has nothing that a log must be cut behind but its commit index.
    pub(crate) fn cut_as_witness<X: Outbox, O: Observer>(
        &mut self,
        now: Instant,
        out: &mut X,
        observer: &mut O,
    ) {
        self.keeping.begun();
        let through = self.keeping.behind(self.lack.passed);
        let cut = Input::Compact { through };
        self.core(now, cut, Carried::Nothing, out, observer);
    }
}
