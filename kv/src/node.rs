//! Raft, the state machine and the payload log as one pure machine. What is simulated is what a
//! server runs: the same inputs, the same effects.

use raft_core::{
    AppendEntries, Base, Body, Boot, Broken, Configuration, Durable, Effect, EntryId, EntryMeta,
    HardState, Index, Instant, NodeId, Raft, RestoreError, Rules, Source, WriteId,
};

use crate::command::{ClientId, Command, Op, Serial};
use crate::duties::{Duties, Standard};
use crate::event::{Came, Event, Observer};
use crate::machine::{Applied, Machine};
use crate::payload::{Payload, PayloadLog, Payloads};
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
        /// For what.
        op: &'a Op,
    },
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
            may_vote: true,
        };
        let raft = Raft::restore(rules, boot, durable)?;
        Ok(Self {
            raft,
            machine: Machine::new(duties),
            payloads,
            waiting: Waiting::default(),
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
        self.waiting.len()
    }

    /// When the node wants [`Input::Wake`].
    #[inline]
    pub fn deadline(&self) -> Option<Instant> {
        self.raft.deadline()
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
            Input::Written { write } => {
                let input = raft_core::Input::Written { write };
                self.core(now, input, Carried::Nothing, out, observer);
            }
            Input::Request { client, serial, op } => {
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
        }
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
        } = self;
        let mut committed = None;
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
                Effect::Committed { through } => committed = Some(through),
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
                Effect::ProposalRefused { leader } => {
                    if let Carried::Request { client, serial, .. } = carried {
                        out.reply(client, serial, Response::NotLeader { leader });
                    }
                }
            }
        }
        if let Some(through) = committed {
            apply(machine, payloads, waiting, through, out, observer);
        }
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
                response(&applied)
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

fn response(applied: &Applied<'_>) -> Response {
    match applied {
        Applied::Command {
            outcome: Outcome::Executed(reply) | Outcome::Repeated(reply),
            ..
        } => Response::Done((*reply).clone()),
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
