//! The node under test: `kv::Node` behind the engine's `Node` trait. This module makes no
//! decisions. It converts ids and times, and folds messages and writes into the trace hash.

use std::fmt;

use raft_core::{Body, Configuration, Index, Instant, Settings, WriteId};
use simulator::{Boot, ClientId, Input, Local, Output, TraceHash, Verdict};

use crate::ids::{engine_id, raft_id};
use crate::out::Out;
use crate::trace_hash;
use crate::variant::{Machine, Variant};

/// A replicated KV server in the simulated world, of any [`Variant`].
pub struct Server {
    node: Box<dyn Machine>,
    applied: Vec<(Index, u64)>,
    answers: Vec<(ClientId, u64, kv::Response)>,
}

impl Clone for Server {
    fn clone(&self) -> Self {
        Self {
            node: self.node.boxed(),
            applied: self.applied.clone(),
            answers: self.answers.clone(),
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Server").field(&self.node.status()).finish()
    }
}

/// The configuration of a server, except its disk; the same for every server and every start.
#[derive(Clone, Debug)]
pub struct Config {
    /// The options of the state machine.
    pub options: kv::Options,
    /// The rules of Raft and the duties of the KV layer in force.
    pub variant: Variant,
    /// Raft's settings.
    pub settings: Settings,
    /// The members of the cluster when it was founded.
    pub configuration: Configuration,
}

/// The durable image of one server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image(pub kv::Disk);

impl simulator::Disk for Image {
    type Write = kv::Write;

    fn apply(&mut self, write: kv::Write) {
        self.0.apply(write);
    }

    fn parts(write: &kv::Write) -> u32 {
        kv::parts(write)
    }

    fn apply_parts(&mut self, write: &kv::Write, parts: u32) {
        self.0.apply_parts(write, parts);
    }
}

/// A command of the operator. It reaches one server without the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operator {
    /// Propose an operation to this server, whether it leads or not.
    Propose(Box<Proposal>),
    /// Give the server an operator's command.
    Command(kv::Operator),
}

/// An operation that an operator proposes. If it is proposed again, it keeps its client and its
/// serial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// A client number that only this operation uses, from
    /// [`FIRST_OPERATOR`](crate::FIRST_OPERATOR) up.
    pub client: ClientId,
    /// The number of the operation.
    pub serial: u64,
    /// The operation.
    pub op: kv::Op,
}

impl Server {
    /// The machine itself.
    #[must_use]
    #[inline]
    pub fn node(&self) -> &dyn Machine {
        &*self.node
    }

    /// The entries that the last step applied: each index with the state hash after it.
    #[must_use]
    #[inline]
    pub fn applied(&self) -> &[(Index, u64)] {
        &self.applied
    }

    /// The last step's answers to operators: the client, the serial and the response of each
    /// operation.
    #[must_use]
    #[inline]
    pub fn answers(&self) -> &[(ClientId, u64, kv::Response)] {
        &self.answers
    }
}

impl simulator::Node for Server {
    type Config = Config;
    type Message = kv::Message;
    type Request = kv::Request;
    type Reply = kv::Response;
    type Operator = Operator;
    type Event = kv::Event;
    type Disk = Image;

    fn boot(config: &Self::Config, boot: Boot, disk: &Image) -> Self {
        let raft = raft_core::Boot {
            id: raft_id(boot.id),
            settings: config.settings,
            now: Instant(boot.now.0),
            seed: boot.seed,
            incarnation: u64::from(boot.incarnation),
        };
        let members = config.configuration.clone();
        let node = config
            .variant
            .boot(boot.id, raft, config.options, members, &disk.0);
        let node = node.unwrap_or_else(|error| {
            panic!("a server cannot start from what its own writes left on disk: {error}")
        });
        Self {
            node,
            applied: Vec::new(),
            answers: Vec::new(),
        }
    }

    #[inline]
    fn step(
        &mut self,
        now: Local,
        input: Input<'_, Self>,
        out: &mut Output<Self>,
        events: Option<&mut Vec<kv::Event>>,
    ) {
        let offered;
        let input = match input {
            Input::Receive { from, message } => kv::Input::Receive {
                from: raft_id(from),
                message,
            },
            Input::Wake => kv::Input::Wake,
            Input::Written { through } => kv::Input::Written {
                write: WriteId(through),
            },
            Input::Request {
                client,
                serial,
                request,
            } => kv::Input::Request {
                client: kv::ClientId(u64::from(client.0)),
                serial: kv::Serial(serial),
                request,
            },
            Input::Operator(Operator::Propose(proposal)) => {
                offered = kv::Request::from(proposal.op.clone());
                kv::Input::Request {
                    client: kv::ClientId(u64::from(proposal.client.0)),
                    serial: kv::Serial(proposal.serial),
                    request: &offered,
                }
            }
            Input::Operator(Operator::Command(command)) => kv::Input::Operator(command),
        };
        self.applied.clear();
        self.answers.clear();
        let mut outbox = Out {
            sends: &mut out.sends,
            writes: &mut out.writes,
            replies: &mut out.replies,
            applied: &mut self.applied,
            answers: &mut self.answers,
        };
        self.node.step(Instant(now.0), input, &mut outbox, events);
    }

    #[inline]
    fn deadline(&self) -> Option<Local> {
        self.node.deadline().map(|deadline| Local(deadline.0))
    }

    fn is_reply(message: &kv::Message) -> bool {
        match message.raft.body {
            Body::PreVoteReply { .. }
            | Body::RequestVoteReply { .. }
            | Body::AppendEntriesReply(_)
            | Body::InstallSnapshotReply { .. }
            | Body::SleepReply { .. }
            | Body::ProposeReply { .. }
            | Body::ReadIndexReply { .. } => true,
            Body::PreVote { .. }
            | Body::RequestVote { .. }
            | Body::AppendEntries(_)
            | Body::InstallSnapshot(_)
            | Body::TimeoutNow
            | Body::Sleep { .. }
            | Body::WakeUp
            | Body::Propose { .. }
            | Body::ReadIndex { .. } => false,
        }
    }

    fn fold_message(message: &kv::Message, hash: &mut TraceHash) {
        trace_hash::message(message, hash);
    }

    fn fold_request(request: &kv::Request, hash: &mut TraceHash) {
        trace_hash::request(request, hash);
    }

    fn fold_reply(reply: &kv::Response, hash: &mut TraceHash) {
        trace_hash::response(reply, hash);
    }

    fn fold_write(write: &kv::Write, hash: &mut TraceHash) {
        trace_hash::write(write, hash);
    }

    fn fold_operator(operator: &Operator, hash: &mut TraceHash) {
        match operator {
            Operator::Propose(proposal) => {
                hash.word(1 << 32 | u64::from(proposal.client.0));
                hash.word(proposal.serial);
                trace_hash::op(&proposal.op, hash);
            }
            Operator::Command(command) => trace_hash::operator(command, hash),
        }
    }

    fn reply_verdict(reply: &kv::Response) -> Verdict {
        match reply {
            kv::Response::Done { .. }
            | kv::Response::SessionOpened { .. }
            | kv::Response::SessionKept => Verdict::Done,
            kv::Response::SessionExpired => Verdict::Failed,
            kv::Response::NotLeader { leader } => Verdict::Elsewhere(leader.map(engine_id)),
            kv::Response::Lost | kv::Response::Superseded => Verdict::Unknown,
            // The operation was not executed, so the client may ask again, here or elsewhere.
            kv::Response::Busy
            | kv::Response::ReadFailed
            | kv::Response::Behind { .. }
            | kv::Response::NoLease(_) => Verdict::Elsewhere(None),
        }
    }
}
