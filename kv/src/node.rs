//! Raft, the state machine and the payload log as one pure machine. What is simulated is what a
//! server runs: the same inputs, the same effects.

use raft_core::{
    AppendEntries, Base, Body, Boot, Broken, Configuration, Durable, Effect, EntryId, EntryMeta,
    HardState, Index, Instant, NodeId, Raft, ReadFailure, ReadMode, Refusal, RestoreError, Rules,
    Source, Span, WriteId,
};

use crate::apply::Applying;
use crate::command::{ClientId, Command, Op, Serial};
use crate::duties::{Duties, Standard};
use crate::event::{Came, Event, Observer};
use crate::machine::{Applied, Machine};
use crate::operator::Operator;
use crate::payload::{Payload, PayloadLog, Payloads};
use crate::reads::{Asked, ReadBy, Reads, Request};
use crate::session::Outcome;
use crate::waiting::{Waiter, Waiting};
use crate::wire::{Disk, Message, Outbox, Response, Write};

/// A server of the replicated key-value store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Node<R = raft_core::Standard, D: Duties = Standard> {
    raft: Raft<R>,
    machine: Machine<D>,
    payloads: PayloadLog,
    waiting: Waiting,
    reads: Reads,
    applying: Applying,
}

/// What an operator chooses about a server besides how it does Raft.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Options {
    /// How much later than it commits an entry is applied.
    pub apply_after: Span,
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
    /// A node that starts from what its disk holds; its state machine begins empty and is rebuilt
    /// as the log commits again.
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
        let base = Base {
            last: EntryId::default(),
            configuration,
        };
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
            snapshot: None,
            incoming: None,
            may_vote: true,
        };
        let raft = Raft::restore(rules, boot, durable)?;
        Ok(Self {
            raft,
            machine: Machine::new(duties),
            payloads,
            waiting: Waiting::default(),
            reads: Reads::default(),
            applying: Applying::after(options.apply_after),
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
            Input::Written { write } => {
                let input = raft_core::Input::Written { write };
                self.core(now, input, Carried::Nothing, out, observer);
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
                None => self.propose(now, (client, serial), &request.op, out, observer),
            },
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
            Operator::ApplyAfter { delay } => {
                self.applying.delay_by(delay);
                return;
            }
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
            _ => Carried::Nothing,
        };
        let input = raft_core::Input::Receive {
            from,
            message: &message.raft,
        };
        self.core(now, input, carried, out, observer);
    }

    /// Steps the core and carries out its effects.
    fn core<X: Outbox, O: Observer>(
        &mut self,
        now: Instant,
        input: raft_core::Input<'_>,
        carried: Carried<'_>,
        out: &mut X,
        observer: &mut O,
    ) {
        let Self {
            raft,
            machine,
            payloads,
            waiting,
            reads,
            applying,
        } = self;
        for effect in raft.step_observed(now, input, &mut Core(observer)) {
            match effect {
                Effect::Write(write) => out.write(record(payloads, write, &carried)),
                Effect::Send { to, message } => match attached(payloads, &message) {
                    Some(payloads) => out.send(
                        to,
                        Message {
                            raft: message,
                            payloads,
                        },
                    ),
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
                // No node of this store takes snapshots yet, so none is ever sent; a piece that
                // comes all the same is not stored, and so never acknowledged.
                Effect::StorePiece { .. } => {}
                Effect::Installed { .. } => panic!("a snapshot of which no piece was stored"),
            }
        }
        if let Some(through) = applying.take_due(now) {
            apply(machine, payloads, waiting, through, out, observer);
        }
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
enum Carried<'a> {
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
}

/// Follows a write in the payload log and gives it its payloads.
fn record(log: &mut PayloadLog, raft: raft_core::Write, carried: &Carried<'_>) -> Write {
    if let Some(from) = raft.truncate_from {
        log.truncate(from);
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
    Write { raft, payloads }
}

/// The payloads a message needs, unless the log no longer holds them.
#[inline]
fn attached(log: &PayloadLog, message: &raft_core::Message) -> Option<Payloads> {
    match &message.body {
        Body::AppendEntries(append) if !append.is_empty() => {
            log.slice(append.prev.index.next(), append.last, append.entries_term)
        }
        _ => Some(Payloads::new()),
    }
}

/// Applies what is committed and answers whoever waits for it.
fn apply<D: Duties, X: Outbox, O: Observer>(
    machine: &mut Machine<D>,
    log: &PayloadLog,
    waiting: &mut Waiting,
    through: Index,
    out: &mut X,
    observer: &mut O,
) {
    while machine.applied() < through.0 {
        let index = Index(machine.applied() + 1);
        let (id, payload) = log.get(index).expect("the log holds every committed entry");
        let duties = machine.duties().clone();
        let applied = machine.apply(index.0, payload.bytes());
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
