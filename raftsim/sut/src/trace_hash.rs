//! The messages and writes of nodes as explicit words for the trace hash. A change here changes the
//! trace version.

use kv::{Answer, LogWrite, Op, Operator, ReadBy, Reply, Request, Response, Write};
use raft_core::{
    AppendEntries, Body, Change, ChangeOptions, Configuration, EntryId, LeaseRefusal, NodeId,
    Outcome, ProposalAnswer, Refusal, SnapshotId,
};
use simulator::TraceHash;

use crate::changes::named;

pub(crate) fn message(message: &kv::Message, hash: &mut TraceHash) {
    let raft = &message.raft;
    hash.word(raft.term.0);
    match &raft.body {
        Body::PreVote { last, priority } => {
            hash.word(u64::from(priority.0) << 16 | 1);
            entry(*last, hash);
        }
        Body::PreVoteReply { asked_in, granted } => {
            hash.word(2 << 8 | u64::from(*granted));
            hash.word(asked_in.0);
        }
        Body::RequestVote {
            last,
            priority,
            transfer,
        } => {
            hash.word(u64::from(priority.0) << 16 | 3 << 8 | u64::from(*transfer));
            entry(*last, hash);
        }
        Body::RequestVoteReply { granted } => hash.word(4 << 8 | u64::from(*granted)),
        Body::AppendEntries(append) => {
            hash.word(5);
            append_entries(append, hash);
            payloads(&message.payloads, hash);
            if message.to_witness {
                hash.word(17);
            }
        }
        Body::AppendEntriesReply(reply) => {
            hash.word(6);
            hash.word(reply.seq);
            hash.word(reply.sent_at.0);
            match reply.outcome {
                Outcome::Accepted { match_index } => hash.word(match_index.0 << 1),
                Outcome::Rejected { prev_index, hint } => {
                    hash.word(prev_index.0 << 1 | 1);
                    entry(hint, hash);
                }
            }
        }
        Body::TimeoutNow => hash.word(7),
        Body::ReadIndex { number } => {
            hash.word(8);
            hash.word(*number);
        }
        Body::InstallSnapshot(install) => {
            hash.word(10);
            snapshot_id(install.snapshot, hash);
            hash.word(install.offset);
            hash.word(install.length);
            hash.word(install.seq);
            hash.word(install.sent_at.0);
            configuration(Some(&install.configuration), hash);
            let piece = message.piece.as_ref();
            hash.word(piece.map_or(0, |piece| piece.checksum));
        }
        Body::InstallSnapshotReply {
            last,
            received,
            seq,
            sent_at,
        } => {
            hash.word(11);
            entry(*last, hash);
            hash.word(*received);
            hash.word(*seq);
            hash.word(sent_at.0);
        }
        Body::Propose { token, sizes } => {
            hash.word(12);
            hash.word(token.0);
            for bytes in sizes {
                hash.word(*bytes);
            }
            let command = message.proposal.as_deref();
            payloads(command.map_or(&[], std::slice::from_ref), hash);
        }
        Body::ProposeReply { token, answer } => {
            hash.word(13);
            hash.word(token.0);
            proposal_answer(*answer, hash);
        }
        Body::Sleep { last, seq, sent_at } => {
            hash.word(14);
            entry(*last, hash);
            hash.word(*seq);
            hash.word(sent_at.0);
        }
        Body::SleepReply {
            agreed,
            seq,
            sent_at,
        } => {
            hash.word(15 << 8 | u64::from(*agreed));
            hash.word(*seq);
            hash.word(sent_at.0);
        }
        Body::WakeUp => hash.word(16),
        Body::ReadIndexReply { number, index } => {
            hash.word(9 << 8 | u64::from(index.is_some()));
            hash.word(*number);
            hash.word(index.unwrap_or_default().0);
        }
    }
}

fn proposal_answer(answer: ProposalAnswer, hash: &mut TraceHash) {
    match answer {
        ProposalAnswer::Accepted(first) => entry(first, hash),
        ProposalAnswer::Refused { why, leader } => {
            let (kind, to) = match why {
                Refusal::NotLeader => (1, 0),
                Refusal::Transferring { to } => (2, to.0),
                Refusal::TooMuchUncommitted => (3, 0),
            };
            hash.word(kind << 60 | to);
            hash.word(leader.map_or(0, |NodeId(id)| id));
        }
    }
}

fn append_entries(append: &AppendEntries, hash: &mut TraceHash) {
    entry(append.prev, hash);
    hash.word(append.last.0);
    hash.word(append.entries_term.0);
    hash.word(append.bytes);
    hash.word(append.commit.0);
    hash.word(append.seq);
    hash.word(append.sent_at.0);
    configuration(append.configuration.as_deref(), hash);
}

fn snapshot_id(id: SnapshotId, hash: &mut TraceHash) {
    entry(id.last, hash);
    hash.word(id.bytes);
    hash.word(id.checksum);
}

pub(crate) fn write(write: &kv::Write, hash: &mut TraceHash) {
    let LogWrite {
        raft,
        payloads: all,
    } = match write {
        Write::Log(log) => log,
        Write::Snapshot(snapshot) => {
            hash.word(1 << 62);
            return snapshot_id(snapshot.id, hash);
        }
        Write::Piece {
            snapshot,
            offset,
            bytes,
        } => {
            hash.word(1 << 63);
            snapshot_id(*snapshot, hash);
            hash.word(*offset);
            return hash.bytes(bytes);
        }
    };
    hash.word(raft.id.0);
    match raft.hard_state {
        None => hash.word(0),
        Some(hard_state) => {
            hash.word(1);
            hash.word(hard_state.current_term.0);
            hash.word(hard_state.voted_for.map_or(0, |NodeId(id)| id));
        }
    }
    hash.word(raft.truncate_from.map_or(0, |from| from.0));
    if let Some(rebase) = &raft.rebase {
        hash.word(1 << 61 | u64::from(rebase.whole));
        entry(rebase.base.last, hash);
        configuration(Some(&rebase.base.configuration), hash);
    }
    match &raft.append {
        None => hash.word(0),
        Some(append) => {
            hash.word(append.first.0);
            hash.word(append.last.0);
            hash.word(append.term.0);
            configuration(append.configuration.as_deref(), hash);
        }
    }
    payloads(all, hash);
}

pub(crate) fn request(request: &Request, hash: &mut TraceHash) {
    let (asked, read, session) = match request {
        Request::Operation { op, read, session } => (op, read, session),
        Request::OpenSession => return hash.word(5 << 56),
        Request::KeepSession { session } => {
            hash.word(6 << 56);
            return hash.word(session.0);
        }
    };
    if let Some(session) = session {
        hash.word(7 << 56);
        hash.word(session.0);
    }
    let (by, after) = match read {
        ReadBy::Log => (0, 0),
        ReadBy::ReadIndex => (1, 0),
        ReadBy::Lease => (2, 0),
        ReadBy::Follower => (3, 0),
        ReadBy::Stale { after } => (4, after.0),
    };
    hash.word(by << 56 | after);
    op(asked, hash);
}

pub(crate) fn operator(command: &Operator, hash: &mut TraceHash) {
    let (kind, what) = match command {
        Operator::Transfer { to } => (2, to.0),
        Operator::Campaign => (3, 0),
        Operator::StepDown => (4, 0),
        Operator::ApplyAfter { delay } => (5, delay.0),
        Operator::Snapshot => (6, 0),
        Operator::Compact => (7, 0),
        Operator::RequestSnapshot => (8, 0),
        Operator::Change { .. } => (9, 0),
        Operator::Bootstrap => (10, 0),
        Operator::ForceNewCluster => (11, 0),
    };
    hash.word(kind << 32);
    hash.word(what);
    if let Operator::Change { change, how } = command {
        change_of_members(change, *how, hash);
    }
}

pub(crate) fn op(op: &Op, hash: &mut TraceHash) {
    match op {
        Op::Get { key } => fields(1, &[key], hash),
        Op::Put { key, value } => fields(2, &[key, value], hash),
        Op::Append { key, value } => fields(3, &[key, value], hash),
        Op::Cas {
            key,
            expect: None,
            value,
        } => fields(4, &[key, value], hash),
        Op::Cas {
            key,
            expect: Some(expect),
            value,
        } => fields(5, &[key, expect, value], hash),
        Op::Delete { key } => fields(6, &[key], hash),
    }
}

pub(crate) fn response(response: &Response, hash: &mut TraceHash) {
    match response {
        Response::Done { reply, index } => {
            hash.word(index.0);
            done(reply, hash);
        }
        Response::NotLeader { leader } => {
            hash.word(20);
            hash.word(leader.map_or(0, |NodeId(id)| id));
        }
        Response::Lost => hash.word(21),
        Response::Superseded => hash.word(22),
        Response::Busy => hash.word(23),
        Response::ReadFailed => hash.word(24),
        Response::Behind { applied } => {
            hash.word(25);
            hash.word(applied.0);
        }
        Response::NoLease(LeaseRefusal::ClockErrorUnknown) => hash.word(26),
        Response::NoLease(LeaseRefusal::NoStickiness) => hash.word(27),
        Response::SessionOpened { session, lasts } => {
            hash.word(28);
            hash.word(session.0);
            hash.word(lasts.map_or(u64::MAX, |lasts| lasts.0));
        }
        Response::SessionKept => hash.word(29),
        Response::SessionExpired => hash.word(30),
    }
}

fn done(reply: &Reply, hash: &mut TraceHash) {
    hash.word(reply.version.0);
    match &reply.answer {
        Answer::Value(None) => hash.word(10),
        Answer::Value(Some(value)) => fields(11, &[value], hash),
        Answer::Written => hash.word(12),
        Answer::Mismatch(None) => hash.word(13),
        Answer::Mismatch(Some(actual)) => fields(14, &[actual], hash),
        Answer::Deleted { existed } => hash.word(15 << 8 | u64::from(*existed)),
    }
}

fn fields(tag: u64, fields: &[&kv::Bytes], hash: &mut TraceHash) {
    hash.word(tag);
    for field in fields {
        hash.bytes(field);
    }
}

#[inline]
fn payloads(payloads: &[kv::Payload], hash: &mut TraceHash) {
    hash.word(payloads.len() as u64);
    for payload in payloads {
        hash.bytes(payload.bytes());
    }
}

#[inline]
fn configuration(configuration: Option<&Configuration>, hash: &mut TraceHash) {
    let Some(configuration) = configuration else {
        hash.word(0);
        return;
    };
    let witnesses = configuration.witnesses();
    let leaves = u64::from(configuration.leaves_itself());
    hash.word(1 + leaves + 2 * u64::from(!witnesses.is_empty()));
    let sets = [
        configuration.incoming(),
        configuration.outgoing(),
        configuration.learners(),
    ];
    let witnesses = Some(witnesses).filter(|some| !some.is_empty());
    for set in sets.into_iter().chain(witnesses) {
        hash.word(set.len() as u64);
        for id in set {
            hash.word(id.0);
        }
    }
}

#[inline]
fn entry(id: EntryId, hash: &mut TraceHash) {
    hash.word(id.index.0);
    hash.word(id.term.0);
}

fn change_of_members(change: &Change, how: ChangeOptions, hash: &mut TraceHash) {
    let kind = match change {
        Change::Add(_) => 1,
        Change::Promote(_) => 2,
        Change::Demote(_) => 3,
        Change::Remove(_) => 4,
        Change::Replace { .. } => 5,
        Change::To { .. } => 6,
        Change::Leave => 7,
        Change::AddWitness(_) => 8,
    };
    hash.word(kind | u64::from(how.forced) << 8 | u64::from(how.stays_joint) << 9);
    let learners = match change {
        Change::To { learners, .. } => learners.len(),
        _ => 0,
    };
    let named = named(change);
    hash.word((named.len() as u64) << 32 | learners as u64);
    named.iter().for_each(|id| hash.word(u64::from(id.0)));
}
