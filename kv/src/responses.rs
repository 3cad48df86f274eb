//! Responses to clients.

use raft_core::{Index, NodeId, ReadFailure, Refusal};

use crate::duties::Duties;
use crate::event::{Event, Observer};
use crate::machine::{Applied, Machine};
use crate::reads::Asked;
use crate::session::Outcome;
use crate::wire::{Outbox, Response};

/// Answers a read from the present state.
pub(crate) fn answer<D: Duties, X: Outbox, O: Observer>(
    machine: &Machine<D>,
    read: &Asked,
    needs: Option<Index>,
    out: &mut X,
    observer: &mut O,
) {
    let applied = Index(machine.applied());
    let (client, serial) = (read.client, read.serial);
    observer.event(Event::ReadAnswered {
        client,
        serial,
        needs,
        applied,
    });
    let reply = machine.read(&read.key);
    let index = applied;
    out.reply(client, serial, Response::Done { reply, index });
}

/// The response to a refused proposal.
pub(crate) fn refused(leader: Option<NodeId>, why: Refusal) -> Response {
    match why {
        Refusal::NotLeader => Response::NotLeader { leader },
        Refusal::Transferring { to } => Response::NotLeader { leader: Some(to) },
        Refusal::TooMuchUncommitted => Response::Busy,
    }
}

/// The response to a failed read.
pub(crate) fn not_read(why: ReadFailure) -> Response {
    match why {
        ReadFailure::NotLeader { leader } => Response::NotLeader { leader },
        ReadFailure::RoleChanged | ReadFailure::Refused => Response::ReadFailed,
        ReadFailure::TooMany => Response::Busy,
        ReadFailure::NoLease(why) => Response::NoLease(why),
    }
}

/// The response for an applied entry.
pub(crate) fn response(applied: &Applied<'_>, index: Index) -> Response {
    let Applied::Command { outcome, .. } = *applied else {
        // Only another leader's entry can be here, and no client waits for that.
        return Response::Lost;
    };
    match outcome {
        Outcome::Executed(reply) | Outcome::Repeated(reply) => Response::Done {
            reply: reply.clone(),
            index,
        },
        Outcome::Superseded => Response::Superseded,
        Outcome::Expired => Response::SessionExpired,
        Outcome::Opened { session, lasts } => Response::SessionOpened { session, lasts },
        Outcome::Kept => Response::SessionKept,
    }
}
