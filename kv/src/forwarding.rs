//! Requests that this node has passed on to the leader, and those that other nodes pass on to it.
//!
//! The leader appends whatever arrives. The network may double a request on its way, and a client
//! that hears nothing asks again elsewhere: sessions see to it that each is executed once. What is
//! passed on is the entry that this node would make of it; the leader puts its own time on it, and says how
//! long a session lasts.

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

/// A request that another node passes on, if this message is one: the core's message, with the size
/// of the entry that this node makes of it at `time`, and the entry.
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
        // Nothing is stamped on it.
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

/// Clients whose requests were passed on and not answered yet. How many there may be is the core's
/// decision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Forwarding {
    asked: BTreeMap<ProposalToken, (ClientId, Serial)>,
}

impl Forwarding {
    /// The request just stepped was passed on.
    pub(crate) fn ask(&mut self, token: ProposalToken, carried: &Carried<'_>) {
        if let Carried::Request { client, serial, .. } = *carried {
            self.asked.insert(token, (client, serial));
        }
    }

    /// The leader has answered. A client whose request became an entry waits for it as the leader's
    /// own clients do, unless something is applied there already: then what became of the request is
    /// no longer known here, and its retry is answered by its session.
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

    /// Nobody will answer any more.
    pub(crate) fn lost<X: Outbox>(&mut self, token: ProposalToken, out: &mut X) {
        if let Some((client, serial)) = self.asked.remove(&token) {
            out.reply(client, serial, Response::Lost);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.asked.len()
    }
}
