//! Raft, the state machine and the payload log as one pure machine. What is simulated is what a
//! server runs: the same inputs, the same effects.

use alloc::boxed::Box;
use core::fmt;

use raft_core::{
    AppendEntries, Base, Body, Boot, Broken, Configuration, Durable, Effect, EntryId, EntryMeta,
    HardState, Index, Instant, NodeId, Raft, ReadFailure, ReadMode, Refusal, Rules, Source, Span,
    WriteId,
};

use crate::apply::Applying;
use crate::codec::DecodeError;
use crate::command::{ClientId, Command, Op, Serial};
use crate::disk::Disk;
use crate::duties::{Duties, Standard};
use crate::event::{Came, Event, Observer};
use crate::keeping::{Compaction, Keeping};
use crate::machine::{Applied, Machine};
use crate::operator::Operator;
use crate::payload::{Payload, PayloadLog, Payloads};
use crate::reads::{Asked, ReadBy, Reads, Request};
use crate::session::Outcome;
use crate::snapshot::Piece;
use crate::stream::{Own, Stream};
use crate::waiting::{Waiter, Waiting};
use crate::wire::{LogWrite, Message, Outbox, Response, Write};

/// A server of the replicated key-value store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Node<R = raft_core::Standard, D: Duties = Standard> {
    pub(crate) raft: Raft<R>,
    pub(crate) machine: Machine<D>,
    pub(crate) payloads: PayloadLog,
    pub(crate) waiting: Waiting,
    pub(crate) reads: Reads,
    pub(crate) applying: Applying,
    pub(crate) keeping: Keeping<D>,
    pub(crate) stream: Stream,
}

/// What an operator chooses about a server besides how it does Raft.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Options {
    /// How much later than it commits an entry is applied.
    pub apply_after: Span,
    /// When snapshots are taken.
    pub compaction: Compaction,
}

/// Why a node cannot start from what was found on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestoreError {
    /// Its core cannot.
    Core(raft_core::RestoreError),
    /// The log begins after entries that no snapshot covers.
    NoSnapshot {
        /// The last of them.
        base: EntryId,
    },
    /// The snapshot's bytes are not those of its name.
    SnapshotDamaged,
    /// The snapshot describes no state.
    SnapshotUnreadable(DecodeError),
}

impl core::error::Error for RestoreError {}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Core(error) => write!(f, "{error}"),
            Self::NoSnapshot { base } => {
                write!(
                    f,
                    "the log begins after {base}, and no snapshot covers that"
                )
            }
            Self::SnapshotDamaged => f.write_str("the snapshot does not fit its checksum"),
            Self::SnapshotUnreadable(error) => write!(f, "the snapshot cannot be read: {error}"),
        }
    }
}

/// A node at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Status {
    /// Its consensus part.
    pub raft: raft_core::Status,
    /// The index of the last entry applied.
    pub applied: u64,
    /// When the next entries are due to be applied, if some wait for that.
    pub apply_at: Option<Instant>,
    /// How many clients wait for an answer.
    pub waiting: usize,
}

/// One thing that happens to a node.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// A message of another node.
    Receive {
        /// Its sender.
        from: NodeId,
        /// What it says.
        message: &'a Message,
    },
    /// The deadline has come.
    Wake,
    /// All writes up to this one are durable.
    Written {
        /// The last of them.
        write: WriteId,
    },
    /// A client asks. A retry carries the serial of the first try.
    Request {
        /// Who asks.
        client: ClientId,
        /// The client's number of the request.
        serial: Serial,
        /// For what, and how.
        request: &'a Request,
    },
    /// The operator commands.
    Operator(Operator),
}

impl<R: Rules, D: Duties> Node<R, D> {
    /// A node that starts from what its disk holds; its state machine begins with the snapshot, or
    /// empty, and is rebuilt as the log commits again. `configuration` is the one that the cluster was
    /// founded with.
    ///
    /// # Errors
    /// When the settings cannot work or the disk contradicts itself.
    pub fn restore(
        rules: R,
        duties: D,
        boot: Boot,
        options: Options,
        configuration: Configuration,
        disk: &Disk,
    ) -> Result<Self, RestoreError> {
        let HardState {
            current_term,
            voted_for,
        } = disk.hard_state;
        let base = disk.base.clone().unwrap_or(Base {
            last: EntryId::default(),
            configuration,
        });
        let machine = restored_machine(duties, disk)?;
        let mut keeping = Keeping::new(options.compaction);
        let incoming = keeping.found(disk, machine.duties());
        let mut payloads = PayloadLog::new(base.last.index);
        for (term, payload) in &disk.entries {
            payloads.push(*term, payload.clone());
        }
        let entries = disk.entries.iter().map(|(term, payload)| EntryMeta {
            term: *term,
            bytes: payload.bytes().len() as u64,
            configuration: None,
        });
        let durable = Durable {
            hard_state: HardState {
                current_term,
                voted_for,
            },
            base,
            entries,
            intact: payloads.last_index(),
            snapshot: disk.snapshot.as_ref().map(|snapshot| snapshot.id),
            incoming,
            may_vote: true,
        };
        let raft = Raft::restore(rules, boot, durable).map_err(RestoreError::Core)?;
        Ok(Self {
            raft,
            machine,
            payloads,
            waiting: Waiting::default(),
            reads: Reads::default(),
            applying: Applying::after(options.apply_after),
            keeping,
            stream: Stream::default(),
        })
    }

    /// The consensus part.
    #[inline]
    pub fn raft(&self) -> &Raft<R> {
        &self.raft
    }

    /// The replicated state.
    #[inline]
    pub fn machine(&self) -> &Machine<D> {
        &self.machine
    }

    /// An entry of the log, if the node holds it.
    pub fn entry(&self, index: Index) -> Option<(EntryId, &Payload)> {
        self.payloads.get(index)
    }

    /// How many clients wait for an answer.
    pub fn waiting(&self) -> usize {
        self.waiting.len() + self.reads.len()
    }

    /// The node as it is now.
    pub fn status(&self) -> Status {
        Status {
            raft: self.raft.status(),
            applied: self.machine.applied(),
            apply_at: self.applying.next(),
            waiting: self.waiting(),
        }
    }

    /// When the node wants [`Input::Wake`].
    #[inline]
    pub fn deadline(&self) -> Option<Instant> {
        match (self.raft.deadline(), self.applying.next()) {
            (Some(raft), Some(apply)) => Some(raft.min(apply)),
            (raft, apply) => raft.or(apply),
        }
    }

    /// Checks the node against itself.
    ///
    /// # Errors
    /// The first invariant that does not hold.
    pub fn invariants(&self) -> Result<(), Broken> {
        self.raft.invariants()?;
        if self.machine.applied() > self.raft.commit_index().0 {
            return Err(Broken("more is applied than is committed"));
        }
        if self.machine.applied() < self.raft.log().base().last.index.0 {
            return Err(Broken("the log begins after entries that are not applied"));
        }
        if self.payloads.last_index() != self.raft.log().last_index() {
            return Err(Broken(
                "the payload log and the log end at different entries",
            ));
        }
        if self.reads.asked() > self.raft.reads_waiting() {
            return Err(Broken("a client waits for a read that was forgotten"));
        }
        if self
            .waiting
            .terms()
            .any(|term| term > self.raft.current_term())
        {
            return Err(Broken("a client waits for an entry of a future term"));
        }
        Ok(())
    }

    /// Steps the node. `now` is its own clock.
    pub fn step<X: Outbox, O: Observer>(
        &mut self,
        now: Instant,
        input: Input<'_>,
        out: &mut X,
        observer: &mut O,
    ) {
        match input {
            Input::Receive { from, message } => self.receive(now, from, message, out, observer),
            Input::Wake => self.core(now, raft_core::Input::Wake, Carried::Nothing, out, observer),
            Input::Operator(command) => self.operate(now, command, out, observer),
            Input::Written { write } => self.written(now, write, out, observer),
            Input::Request {
                client,
                serial,
                request,
            } => match request.read_without_entry() {
                Some((key, by)) => {
                    let read = Asked {
                        client,
                        serial,
                        key: key.clone(),
                    };
                    self.read(now, read, by, out, observer);
                }
                None => self.propose(now, (client, serial), &request.op, out, observer),
            },
        }
        if self.keeping.is_due() {
            self.take_snapshot(now, out, observer);
        }
    }

    fn propose<X: Outbox, O: Observer>(
        &mut self,
        now: Instant,
        (client, serial): (ClientId, Serial),
        op: &Op,
        out: &mut X,
        observer: &mut O,
    ) {
        let op = op.as_ref();
        let payload = Payload::new(Command { client, serial, op }.encode());
        let sizes = [payload.bytes().len() as u64];
        let input = raft_core::Input::Propose { sizes: &sizes };
        let carried = Carried::Request {
            client,
            serial,
            payload,
        };
        self.core(now, input, carried, out, observer);
    }

    fn read<X: Outbox, O: Observer>(
        &mut self,
        now: Instant,
        read: Asked,
        by: ReadBy,
        out: &mut X,
        observer: &mut O,
    ) {
        let mode = match by {
            ReadBy::Log => panic!("a read through the log is an entry"),
            ReadBy::ReadIndex => ReadMode::ReadIndex,
            ReadBy::Lease => ReadMode::Lease,
            ReadBy::Follower => ReadMode::Follower,
            ReadBy::Stale { after } => {
                self.read_stale(&read, after, out, observer);
                return;
            }
        };
        let token = self.reads.ask(read);
        let input = raft_core::Input::Read { token, mode };
        self.core(now, input, Carried::Nothing, out, observer);
    }

    fn read_stale<X: Outbox, O: Observer>(
        &self,
        read: &Asked,
        after: Index,
        out: &mut X,
        observer: &mut O,
    ) {
        let applied = self.machine.applied();
        let duties = self.machine.duties();
        if duties.stale_read_is_late_enough(applied, after.0) {
            answer(&self.machine, read, None, out, observer);
            return;
        }
        let applied = Index(applied);
        observer.event(Event::ReadBehind {
            client: read.client,
            after,
            applied,
        });
        out.reply(read.client, read.serial, Response::Behind { applied });
    }

    fn operate<X: Outbox, O: Observer>(
        &mut self,
        now: Instant,
        command: Operator,
        out: &mut X,
        observer: &mut O,
    ) {
        let input = match command {
            Operator::Transfer { to } => raft_core::Input::Transfer { to },
            Operator::Campaign => raft_core::Input::Campaign,
            Operator::StepDown => raft_core::Input::StepDown,
            Operator::Snapshot => return self.take_snapshot(now, out, observer),
            Operator::Compact => {
                let through = Index(self.machine.applied());
                raft_core::Input::Compact { through }
            }
            Operator::RequestSnapshot => raft_core::Input::RequestSnapshot,
            Operator::ApplyAfter { delay } => return self.applying.delay_by(delay),
        };
        self.core(now, input, Carried::Nothing, out, observer);
    }

    fn receive<X: Outbox, O: Observer>(
        &mut self,
        now: Instant,
        from: NodeId,
        message: &Message,
        out: &mut X,
        observer: &mut O,
    ) {
        if !message.is_complete() {
            observer.event(Event::PayloadsMissing { from });
            return;
        }
        let carried = match &message.raft.body {
            Body::AppendEntries(append) => Carried::Append {
                append,
                payloads: &message.payloads,
            },
            Body::InstallSnapshot(_) => Carried::Piece(message.piece.as_deref()),
            _ => Carried::Nothing,
        };
        let input = raft_core::Input::Receive {
            from,
            message: &message.raft,
        };
        self.core(now, input, carried, out, observer);
    }

    /// Steps the core and carries out its effects.
    pub(crate) fn core<X: Outbox, O: Observer>(
        &mut self,
        now: Instant,
        input: raft_core::Input<'_>,
        carried: Carried<'_>,
        out: &mut X,
        observer: &mut O,
    ) {
        let Self {
            raft,
            payloads,
            waiting,
            reads,
            applying,
            keeping,
            stream,
            ..
        } = self;
        let mut installed = None;
        for effect in raft.step_observed(now, input, &mut Core(observer)) {
            match effect {
                Effect::Write(write) => {
                    stream.core(write.id);
                    out.write(Write::Log(record(payloads, write, &carried)));
                }
                Effect::Send { to, message } => match attached(payloads, keeping, message) {
                    Some(message) => out.send(to, message),
                    None => observer.event(Event::PayloadsMissing { from: to }),
                },
                Effect::Committed { through } => applying.committed(now, through),
                Effect::Proposed { first, term, .. } => {
                    if let Carried::Request { client, serial, .. } = carried {
                        let entry = EntryId { index: first, term };
                        waiting.push(Waiter {
                            entry,
                            client,
                            serial,
                        });
                    }
                }
                Effect::ProposalRefused { leader, why } => {
                    if let Carried::Request { client, serial, .. } = carried {
                        out.reply(client, serial, refused(leader, why));
                    }
                }
                Effect::ReadReady { token, index } => reads.named(token, index),
                Effect::ReadFailed { token, why } => {
                    if let Some(read) = reads.failed(token) {
                        out.reply(read.client, read.serial, not_read(why));
                    }
                }
                // The operator sees who leads; the event says why it is not whom it wanted.
                Effect::TransferFailed { .. } => {}
                Effect::StorePiece {
                    reception,
                    snapshot,
                    offset,
                    ..
                } => {
                    let Carried::Piece(Some(piece)) = carried else {
                        panic!("a piece is stored when it comes");
                    };
                    let bytes = piece.bytes.clone();
                    keeping.receive(reception, snapshot, offset, &bytes);
                    stream.own(Own::Piece {
                        reception,
                        snapshot,
                        received: offset + bytes.len() as u64,
                    });
                    out.write(Write::Piece {
                        snapshot,
                        offset,
                        bytes,
                    });
                }
                Effect::Installed { snapshot } => installed = Some(snapshot),
            }
        }
        if let Some(snapshot) = installed {
            self.install(snapshot, out, observer);
        }
        self.settle(now, out, observer);
    }

    /// Applies what is due and answers whoever waited for it.
    fn settle<X: Outbox, O: Observer>(&mut self, now: Instant, out: &mut X, observer: &mut O) {
        let Self {
            machine,
            payloads,
            waiting,
            reads,
            applying,
            keeping,
            ..
        } = self;
        if let Some(through) = applying.take_due(now) {
            let state = (machine, keeping);
            apply(state, payloads, waiting, through, out, observer);
        }
        let machine = &self.machine;
        let (applied, duties) = (machine.applied(), machine.duties().clone());
        while let Some((index, read)) = reads.pop(|index| duties.read_is_covered(applied, index.0))
        {
            answer(machine, &read, Some(index), out, observer);
        }
    }
}

/// Answers a read from the state as it is.
fn answer<D: Duties, X: Outbox, O: Observer>(
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

fn refused(leader: Option<NodeId>, why: Refusal) -> Response {
    match why {
        Refusal::NotLeader => Response::NotLeader { leader },
        Refusal::Transferring { to } => Response::NotLeader { leader: Some(to) },
        Refusal::TooMuchUncommitted => Response::Busy,
    }
}

fn not_read(why: ReadFailure) -> Response {
    match why {
        ReadFailure::NotLeader { leader } => Response::NotLeader { leader },
        ReadFailure::RoleChanged | ReadFailure::Refused => Response::ReadFailed,
        ReadFailure::TooMany => Response::Busy,
        ReadFailure::NoLease(why) => Response::NoLease(why),
    }
}

/// What came with an input that the core does not see.
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
    Piece(Option<&'a Piece>),
}

/// The state that a node starts with.
fn restored_machine<D: Duties>(duties: D, disk: &Disk) -> Result<Machine<D>, RestoreError> {
    let base = disk.base();
    let Some(snapshot) = &disk.snapshot else {
        return match base.index.0 {
            0 => Ok(Machine::new(duties)),
            _ => Err(RestoreError::NoSnapshot { base }),
        };
    };
    if snapshot.id.last.index < base.index {
        return Err(RestoreError::NoSnapshot { base });
    }
    if !snapshot.is_sound() {
        return Err(RestoreError::SnapshotDamaged);
    }
    Machine::decode(duties, &snapshot.bytes).map_err(RestoreError::SnapshotUnreadable)
}

/// Follows a write in the payload log and gives it its payloads.
fn record(log: &mut PayloadLog, raft: raft_core::Write, carried: &Carried<'_>) -> LogWrite {
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
            (Source::Proposals, Carried::Request { payload, .. }) => payloads.push(payload.clone()),
            (Source::Noop, _) => payloads.push(Payload::default()),
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

/// A message with what it needs, unless that is no longer held here.
#[inline]
fn attached<D: Duties>(
    log: &PayloadLog,
    keeping: &Keeping<D>,
    raft: raft_core::Message,
) -> Option<Message> {
    let mut message = Message::bare(raft);
    match &message.raft.body {
        Body::AppendEntries(append) if !append.is_empty() => {
            let first = append.prev.index.next();
            message.payloads = log.slice(first, append.last, append.entries_term)?;
        }
        Body::InstallSnapshot(install) => {
            message.piece = Some(Box::new(keeping.piece(install)?));
        }
        _ => {}
    }
    Some(message)
}

/// Applies what is committed and answers whoever waits for it.
fn apply<D: Duties, X: Outbox, O: Observer>(
    (machine, keeping): (&mut Machine<D>, &mut Keeping<D>),
    log: &PayloadLog,
    waiting: &mut Waiting,
    through: Index,
    out: &mut X,
    observer: &mut O,
) {
    while machine.applied() < through.0 {
        let index = Index(machine.applied() + 1);
        // A snapshot of a wrong index cuts off what is not applied: `invariants` reports it.
        let Some((id, payload)) = log.get(index) else {
            return;
        };
        let duties = machine.duties().clone();
        let applied = machine.apply(index.0, payload.bytes());
        keeping.applied(payload.bytes().len());
        observer.event(Event::Applied {
            entry: id,
            came: Came::from(&applied),
        });
        while let Some(waiter) = waiting.pop(index) {
            let matches = duties.reply_matches(waiter.entry.term.0, id.term.0);
            let response = if matches {
                response(&applied, index)
            } else {
                Response::Lost
            };
            observer.event(Event::Answered {
                client: waiter.client,
                serial: waiter.serial,
                entry: id,
                lost: !matches,
            });
            out.reply(waiter.client, waiter.serial, response);
        }
        out.applied(index, machine.hash());
    }
}

fn response(applied: &Applied<'_>, index: Index) -> Response {
    match applied {
        Applied::Command {
            outcome: Outcome::Executed(reply) | Outcome::Repeated(reply),
            ..
        } => Response::Done {
            reply: (*reply).clone(),
            index,
        },
        Applied::Command {
            outcome: Outcome::Superseded,
            ..
        } => Response::Superseded,
        // Only another leader's entry can be here, and that answers nobody.
        Applied::Empty | Applied::Undecodable(_) => Response::Lost,
    }
}

struct Core<'a, O>(&'a mut O);

impl<O: Observer> raft_core::Observer for Core<'_, O> {
    #[inline]
    fn event(&mut self, event: raft_core::Event) {
        self.0.event(Event::Core(event));
    }
}
