//! The contents that the core does not see: they arrive with messages and requests, and leave with
//! messages and writes.

use alloc::boxed::Box;

use raft_core::{AppendEntries, Body, SnapshotAttempt, SnapshotId, Source};

use crate::command::{ClientId, Serial};
use crate::duties::Duties;
use crate::left_out::leave_out;
use crate::members;
use crate::payload::{Payload, PayloadLog, Payloads};
use crate::snapshot::Piece;
use crate::snapshot_store::SnapshotStore;
use crate::stream::{Own, Stream};
use crate::wire::{LogWrite, Message, Write};

/// The kind of server that receives a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Receiver {
    /// A server that holds the data, or is going to.
    Holder,
    /// A server without data.
    Witness,
}

/// The contents of an input that the core does not see.
pub(crate) enum Carried<'a> {
    Nothing,
    Append {
        append: &'a AppendEntries,
        payloads: &'a Payloads,
    },
    Request {
        client: ClientId,
        serial: Serial,
        payload: Payload,
    },
    /// A request that another node passes on.
    Forwarded {
        payload: Payload,
    },
    Piece(Option<&'a Piece>),
}

impl Carried<'_> {
    /// The entry that this node would make of the input's request, if the input has one.
    fn proposal(&self) -> Option<&Payload> {
        match self {
            Carried::Request { payload, .. } | Carried::Forwarded { payload } => Some(payload),
            _ => None,
        }
    }
}

/// Applies a write to the payload log and attaches its payloads.
pub(crate) fn record(
    log: &mut PayloadLog,
    raft: raft_core::Write,
    carried: &Carried<'_>,
) -> LogWrite {
    if let Some(from) = raft.truncate_from {
        log.truncate(from);
    }
    if let Some(rebase) = &raft.rebase {
        log.rebase(rebase.base.last.index, rebase.whole);
    }
    let mut payloads = Payloads::new();
    if let Some(append) = &raft.append {
        match (append.source, carried) {
            (
                Source::Message,
                Carried::Append {
                    append: sent,
                    payloads: brought,
                },
            ) => {
                let skip = append.first.0 - sent.prev.index.0 - 1;
                let skip = usize::try_from(skip).expect("a message's entries fit in memory");
                payloads.extend(brought[skip..].iter().cloned());
            }
            (
                Source::Proposals,
                Carried::Request { payload, .. } | Carried::Forwarded { payload },
            ) => payloads.push(payload.clone()),
            (Source::Noop, _) => payloads.push(Payload::default()),
            (Source::Configuration, _) => {
                let held = append.configuration.as_deref();
                let held = held.expect("an entry of that source holds a configuration");
                payloads.push(members::encode(held));
            }
            (source, _) => panic!("the core appends {source:?}, but that input brought nothing"),
        }
        let mut index = append.first;
        for payload in &payloads {
            log.put(index, append.term, payload.clone());
            index = index.next();
        }
        assert!(
            index == append.last.next(),
            "each appended entry has a payload"
        );
    }
    LogWrite { raft, payloads }
}

/// A message with its contents, unless this node no longer holds them.
#[inline]
pub(crate) fn attached<D: Duties>(
    log: &PayloadLog,
    snapshots: &SnapshotStore<D>,
    (to, raft): (Receiver, raft_core::Message),
    carried: &Carried<'_>,
) -> Option<Message> {
    let mut message = Message::bare(raft);
    match &message.raft.body {
        Body::AppendEntries(append) if !append.is_empty() => {
            let first = append.prev.index.next();
            message.payloads = log.slice(first, append.last, append.entries_term)?;
            if to == Receiver::Witness {
                message.to_witness = true;
                leave_out(&mut message.payloads);
            }
        }
        Body::InstallSnapshot(install) => {
            message.piece = Some(Box::new(snapshots.piece(install)?));
        }
        Body::Propose { .. } => {
            message.proposal = Some(Box::new(carried.proposal()?.clone()));
        }
        _ => {}
    }
    Some(message)
}

/// The piece that has just arrived.
pub(crate) fn arrived_piece<'a>(carried: &Carried<'a>) -> &'a Piece {
    let Carried::Piece(Some(piece)) = carried else {
        panic!("a piece is taken when it comes");
    };
    piece
}

/// Stores the next piece: a waiting one, or else the one that has just arrived.
pub(crate) fn store_piece<D: Duties>(
    snapshots: &mut SnapshotStore<D>,
    stream: &mut Stream,
    (reception, snapshot, offset): (SnapshotAttempt, SnapshotId, u64),
    carried: &Carried<'_>,
) -> Write {
    let waits = snapshots.pieces.take(reception, offset);
    let bytes = waits.unwrap_or_else(|| arrived_piece(carried).bytes.clone());
    snapshots.receive(reception, snapshot, offset, &bytes);
    stream.own(Own::Piece {
        reception,
        snapshot,
        received: offset + bytes.len() as u64,
    });
    Write::Piece {
        snapshot,
        offset,
        bytes,
    }
}
