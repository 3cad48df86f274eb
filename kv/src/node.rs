//! Raft, the state machine and the payload log as one pure machine. The simulation and a real
//! server run the same code, with the same inputs and effects.

use raft_core::{
    Body, Broken, Effect, EntryId, Index, Instant, NodeId, Raft, ReadMode, Rules, Span, WriteId,
};

use crate::apply::Applying;
use crate::attachments::{Carried, Receiver, arrived_piece, attached, record, store_piece};
use crate::cluster_clock::ClusterClock;
use crate::command::{ClientId, Serial};
use crate::duties::{Duties, Standard};
use crate::event::{ApplyOutcome, Event, Observer};
use crate::forwarding::{Forwarding, taken};
use crate::left_out::{is_left_out, must_hold_data};
use crate::machine::Machine;
use crate::missing_data::MissingData;
use crate::operator::Operator;
use crate::payload::{Payload, PayloadLog};
use crate::reads::{Asked, ReadBy, Reads};
use crate::request::Request;
use crate::responses::{answer, not_read, refused, response};
use crate::snapshot_store::{Compaction, SnapshotStore};
use crate::stream::Stream;
use crate::waiting::{Waiter, Waiting};
use crate::wire::{Message, Outbox, Response, Write};

/// A server of the replicated key-value store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Node<R = raft_core::Standard, D: Duties = Standard> {
    pub(crate) raft: Raft<R>,
    pub(crate) machine: Machine<D>,
    pub(crate) payloads: PayloadLog,
    pub(crate) waiting: Waiting,
    pub(crate) reads: Reads,
    pub(crate) forwarding: Forwarding,
    pub(crate) applying: Applying,
    pub(crate) snapshots: SnapshotStore<D>,
    pub(crate) stream: Stream,
    pub(crate) missing: MissingData,
    pub(crate) clock: ClusterClock,
    pub(crate) session_timeout: Option<Span>,
}

/// A server's options besides the settings of Raft.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Options {
    /// The delay between committing and applying an entry.
    pub apply_after: Span,
    /// The times for taking snapshots.
    pub compaction: Compaction,
    /// The unused time after which a session expires, if a client opens it while this server leads;
    /// `None`: never.
    pub session_timeout: Option<Span>,
}

/// The state of a node at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Status {
    /// Its Raft state.
    pub raft: raft_core::Status,
    /// The index of the last entry applied.
    pub applied: u64,
    /// The instant at which the next entries are due for applying, if some wait for that.
    pub apply_at: Option<Instant>,
    /// The number of clients that wait for an answer.
    pub waiting: usize,
    /// The number of open sessions.
    pub sessions: usize,
    /// The cluster's time at the last applied entry, in nanoseconds; 0 while no client opens
    /// sessions.
    pub time: u64,
}

/// One thing that happens to a node, or a request to it.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// A message of another node.
    Receive {
        /// Its sender.
        from: NodeId,
        /// The message.
        message: &'a Message,
    },
    /// The deadline has come.
    Wake,
    /// All writes up to this one are durable.
    Written {
        /// The last of them.
        write: WriteId,
    },
    /// A client's request. A retry carries the serial of the first try.
    Request {
        /// The client.
        client: ClientId,
        /// The client's number of the request.
        serial: Serial,
        /// The request.
        request: &'a Request,
    },
    /// A command of the operator.
    Operator(&'a Operator),
}

impl<R: Rules, D: Duties> Node<R, D> {
    /// The Raft server.
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

    /// The number of clients that wait for an answer.
    pub fn waiting(&self) -> usize {
        self.waiting.len() + self.reads.len() + self.forwarding.len()
    }

    /// The present state for reports.
    pub fn status(&self) -> Status {
        Status {
            raft: self.raft.status(),
            applied: self.machine.applied(),
            apply_at: self.applying.next(),
            waiting: self.waiting(),
            sessions: self.machine.open_sessions().count(),
            time: self.machine.time().0,
        }
    }

    /// The instant at which the node needs [`Input::Wake`].
    #[inline]
    pub fn deadline(&self) -> Option<Instant> {
        match (self.raft.deadline(), self.applying.next()) {
            (Some(raft), Some(apply)) => Some(raft.min(apply)),
            (raft, apply) => raft.or(apply),
        }
    }

    /// Checks the node's state for consistency.
    ///
    /// # Errors
    /// The first invariant that does not hold.
    pub fn invariants(&self) -> Result<(), Broken> {
        self.raft.invariants()?;
        if self.machine.applied() > self.raft.commit_index().0 {
            return Err(Broken("more is applied than is committed"));
        }
        let base = self.raft.log().base().last.index;
        if self.machine.applied() < base.0 && !self.missing.reaches(base) {
            return Err(Broken("the log begins after entries that are not applied"));
        }
        if self.payloads.last_index() != self.raft.log().last_index() {
            return Err(Broken(
                "the payload log and the log end at different entries",
            ));
        }
        if self.snapshots.holds_part() && self.raft.incoming().is_none() {
            return Err(Broken("a part of a snapshot is kept that nobody needs"));
        }
        if self.reads.asked() > self.raft.reads_waiting() {
            return Err(Broken("a client waits for a read that was forgotten"));
        }
        if self.forwarding.len() as u64 > self.raft.proposals_forwarded() {
            return Err(Broken("a client waits for an answer that was forgotten"));
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
            Input::Request { client, serial, .. } if !self.holds_data() => {
                let leader = self.raft.leader();
                out.reply(client, serial, Response::NotLeader { leader });
            }
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
                None => self.propose(now, (client, serial), request, out, observer),
            },
        }
        if self.snapshots.is_due() {
            match self.raft.is_witness() {
                true => self.cut_as_witness(now, out, observer),
                false => self.take_snapshot(now, out, observer),
            }
        }
    }

    fn propose<X: Outbox, O: Observer>(
        &mut self,
        now: Instant,
        (client, serial): (ClientId, Serial),
        request: &Request,
        out: &mut X,
        observer: &mut O,
    ) {
        let time = self.clock.read(now);
        let payload = request.payload((client, serial), time, self.session_timeout);
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
        command: &Operator,
        out: &mut X,
        observer: &mut O,
    ) {
        let input = match command {
            Operator::Transfer { to } => raft_core::Input::Transfer { to: *to },
            Operator::Campaign => raft_core::Input::Campaign,
            Operator::StepDown => raft_core::Input::StepDown,
            Operator::Snapshot => return self.take_snapshot(now, out, observer),
            Operator::Compact => {
                let through = match self.raft.is_witness() {
                    true => self.raft.commit_index(),
                    false => Index(self.machine.applied()),
                };
                raft_core::Input::Compact { through }
            }
            Operator::RequestSnapshot => raft_core::Input::RequestSnapshot,
            Operator::ApplyAfter { delay } => return self.applying.delay_by(*delay),
            Operator::Change { change, how } => raft_core::Input::Change { change, how: *how },
            Operator::Bootstrap => raft_core::Input::Bootstrap,
            // The only member must hold the data.
            Operator::ForceNewCluster if self.lacks_data() => return,
            Operator::ForceNewCluster => raft_core::Input::ForceNewCluster,
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
        if !self.fits(from, message, observer) {
            return;
        }
        if let Some((proposal, carried)) =
            taken(message, self.clock.read(now), self.session_timeout)
        {
            let message = &proposal;
            let input = raft_core::Input::Receive { from, message };
            self.core(now, input, carried, out, observer);
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
            forwarding,
            machine,
            applying,
            snapshots,
            stream,
            missing,
            clock,
            ..
        } = self;
        let mut installed = None;
        let id = raft.id();
        let mut effects = raft.step_observed(now, input, &mut Core(observer));
        while let Some(effect) = effects.next() {
            match effect {
                Effect::Write(write) => {
                    stream.core(write.id);
                    let write = record(payloads, write, &carried);
                    let members = effects.configuration();
                    missing.follow(&write, must_hold_data(members, id));
                    clock.hear(now, write.payloads.iter());
                    out.write(Write::Log(write));
                }
                Effect::Send { to, message } => {
                    let receiver = match effects.configuration().is_witness(to) {
                        true => Receiver::Witness,
                        false => Receiver::Holder,
                    };
                    match attached(payloads, snapshots, (receiver, message), &carried) {
                        Some(message) => out.send(to, message),
                        None => observer.event(Event::PayloadsMissing { from: to }),
                    }
                }
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
                Effect::ProposalForwarded { token } => forwarding.ask(token, &carried),
                Effect::ProposalAnswered { token, answer } => {
                    let applied = Index(machine.applied());
                    forwarding.answered((token, answer), applied, waiting, out, observer);
                }
                Effect::ProposalLost { token } => forwarding.lost(token, out),
                Effect::ReadReady { token, index } => reads.named(token, index),
                Effect::ReadFailed { token, why } => {
                    if let Some(read) = reads.failed(token) {
                        out.reply(read.client, read.serial, not_read(why));
                    }
                }
                // The operator sees the leader and the members. Events give the reason if they are
                // not as requested.
                Effect::TransferFailed { .. }
                | Effect::Changed { .. }
                | Effect::ChangeFailed { .. } => {}
                Effect::StorePiece {
                    reception,
                    snapshot,
                    offset,
                    ..
                } => {
                    let place = (reception, snapshot, offset);
                    out.write(store_piece(snapshots, stream, place, &carried));
                }
                Effect::KeepPiece { reception, offset } => {
                    let bytes = arrived_piece(&carried).bytes.clone();
                    snapshots.pieces.keep(reception, offset, bytes);
                }
                Effect::Installed { snapshot } => installed = Some(snapshot),
            }
        }
        if let Some(snapshot) = installed {
            self.install(now, snapshot, out, observer);
        }
        if self.snapshots.holds_part() && self.raft.incoming().is_none() {
            self.snapshots.forget_part();
        }
        self.settle(now, out, observer);
    }

    /// Applies entries that are due and answers the clients that waited for them.
    fn settle<X: Outbox, O: Observer>(&mut self, now: Instant, out: &mut X, observer: &mut O) {
        let Self {
            raft,
            machine,
            payloads,
            waiting,
            reads,
            applying,
            snapshots,
            missing,
            ..
        } = self;
        if let Some(through) = applying.take_due(now) {
            if raft.is_witness() {
                missing.pass(payloads, through, snapshots);
            } else {
                let state = (machine, snapshots);
                apply(state, payloads, waiting, through, out, observer);
            }
        }
        let machine = &self.machine;
        let (applied, duties) = (machine.applied(), machine.duties().clone());
        while let Some((index, read)) = reads.pop(|index| duties.read_is_covered(applied, index.0))
        {
            answer(machine, &read, Some(index), out, observer);
        }
    }
}

/// Applies committed entries and answers the clients that wait for them.
fn apply<D: Duties, X: Outbox, O: Observer>(
    (machine, snapshots): (&mut Machine<D>, &mut SnapshotStore<D>),
    log: &PayloadLog,
    waiting: &mut Waiting,
    through: Index,
    out: &mut X,
    observer: &mut O,
) {
    while machine.applied() < through.0 {
        let index = Index(machine.applied() + 1);
        // A snapshot with a wrong index cuts off entries that are not applied: `invariants` reports
        // it.
        let Some((id, payload)) = log.get(index) else {
            return;
        };
        if is_left_out(payload.bytes()) {
            return;
        }
        let duties = machine.duties().clone();
        let applied = machine.apply(index.0, payload.bytes());
        snapshots.applied(payload.bytes().len());
        observer.event(Event::Applied {
            entry: id,
            outcome: ApplyOutcome::from(&applied),
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

struct Core<'a, O>(&'a mut O);

impl<O: Observer> raft_core::Observer for Core<'_, O> {
    #[inline]
    fn event(&mut self, event: raft_core::Event) {
        self.0.event(Event::Core(event));
    }
}
