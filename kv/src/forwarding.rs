//! Requests that this node passes on to the leader, and requests that other nodes pass on to it.
//!
//! The leader appends every request that arrives. The network may duplicate a request, and a client
//! without an answer asks again at another node; sessions ensure that each request is executed
//! once. The node forwards the entry that it would append itself. The leader puts its own time on
//! it, and sets the duration of a session.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;

use raft_core::{Body, Index, ProposalAnswer, ProposalToken, Span};

use crate::attachments::Carried;
use crate::command::{ClientId, Serial};
use crate::entry::{ClusterTime, Entry};
use crate::event::{Event, Observer};
use crate::payload::Payload;
use crate::responses::refused;
use crate::waiting::{Waiter, Waiting};
use crate::wire::{Message, Outbox, Response};

/// Prepares a request that another node passes on, if the message holds one. Returns the core's
/// message, with the size of the entry that this node makes of it at `time`, and the entry.
#[inline]
pub(crate) fn taken(
    message: &Message,
    time: ClusterTime,
    session_timeout: Option<Span>,
) -> Option<(raft_core::Message, Carried<'static>)> {
    let Body::Propose { token, .. } = message.raft.body else {
        return None;
    };
    let proposal = message.proposal.as_deref()?;
    let entry = Entry::decode(proposal.bytes()).ok()?;
    let payload = match entry.taken_up(time, session_timeout) {
        // This entry has no stamp.
        same if same == entry => proposal.clone(),
        stamped => Payload::new(stamped.encode()),
    };
    let sizes = Box::new([payload.bytes().len() as u64]);
    let proposal = raft_core::Message {
        term: message.raft.term,
        body: Body::Propose { token, sizes },
    };
    Some((proposal, Carried::Forwarded { payload }))
}

/// Clients whose requests were passed on and have no answer yet. The core limits their number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Forwarding {
    asked: BTreeMap<ProposalToken, (ClientId, Serial)>,
}

impl Forwarding {
    /// Notes that the request of this step was passed on.
    pub(crate) fn ask(&mut self, token: ProposalToken, carried: &Carried<'_>) {
        if let Carried::Request { client, serial, .. } = *carried {
            self.asked.insert(token, (client, serial));
        }
    }

    /// Handles the leader's answer. If the request became an entry, its client waits for it as the
    /// leader's own clients do. If another entry is already applied at that index, this node cannot
    /// tell the outcome any more; the session answers the client's retry.
    pub(crate) fn answered<X: Outbox, O: Observer>(
        &mut self,
        (token, answer): (ProposalToken, ProposalAnswer),
        applied: Index,
        waiting: &mut Waiting,
        out: &mut X,
        observer: &mut O,
    ) {
        let Some((client, serial)) = self.asked.remove(&token) else {
            return;
        };
        match answer {
            ProposalAnswer::Accepted(entry) if entry.index <= applied => {
                observer.event(Event::AcceptedTooLate {
                    client,
                    serial,
                    entry,
                });
                out.reply(client, serial, Response::Lost);
            }
            ProposalAnswer::Accepted(entry) => waiting.push(Waiter {
                entry,
                client,
                serial,
            }),
            ProposalAnswer::Refused { why, leader } => {
                out.reply(client, serial, refused(leader, why));
            }
        }
    }

    /// Notes that no answer will arrive.
    pub(crate) fn lost<X: Outbox>(&mut self, token: ProposalToken, out: &mut X) {
        if let Some((client, serial)) = self.asked.remove(&token) {
            out.reply(client, serial, Response::Lost);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.asked.len()
    }
}
