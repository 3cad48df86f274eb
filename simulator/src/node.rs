//! The machine that the engine runs, behind the trait [`Node`].

use crate::disk::{Disk, WriteOf};
use crate::hash::TraceHash;
use crate::time::Local;

/// A node, by its 0-based position in the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// A client, by its 0-based position among the clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u32);

/// The information that a node gets when it starts, besides its configuration and its disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boot {
    /// Its own position.
    pub id: NodeId,
    /// How many nodes the cluster has.
    pub nodes: u32,
    /// The seed of the run. A node that needs randomness derives it from this seed, its id and its
    /// incarnation.
    pub seed: u64,
    /// How many times the node started before: 0 at first, one more after each restart.
    pub incarnation: u32,
    /// The node's local time.
    pub now: Local,
}

/// Whether a reply ends a client's operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The operation has its answer.
    Done,
    /// The operation was definitely not done here. The node may know a better one to ask.
    Elsewhere(Option<NodeId>),
    /// The node cannot say whether the operation was or will be done.
    Unknown,
    /// The operation is over, and it can no longer be known whether it was done. The client must
    /// not ask again.
    Failed,
}

/// One pure, deterministic machine. All its knowledge comes in through its inputs, and all its
/// effects go out through its outputs.
pub trait Node: Clone {
    /// The configuration of a node; the same at every boot.
    type Config: Clone;
    /// Messages between nodes.
    type Message: Clone;
    /// Requests of clients.
    type Request: Clone;
    /// Replies to clients.
    type Reply: Clone;
    /// A command of the operator.
    type Operator: Clone;
    /// A decision the node explains.
    type Event: Clone;
    /// The state that survives a crash.
    type Disk: Disk;

    /// Starts a node from the content of its disk.
    fn boot(config: &Self::Config, boot: Boot, disk: &Self::Disk) -> Self;

    /// Handles one input. `out` is empty before the call. Writes are numbered 1, 2, 3, … in the
    /// order of output, from 1 again after each boot. The node's decisions go to `events`. With
    /// `None` no observer wants them, and the node need not build them.
    fn step(
        &mut self,
        now: Local,
        input: Input<'_, Self>,
        out: &mut Output<Self>,
        events: Option<&mut Vec<Self::Event>>,
    );

    /// The local time at which the node wants [`Input::Wake`]. The engine asks after each step and
    /// each boot. A deadline in the past wakes the node at once.
    fn deadline(&self) -> Option<Local>;

    /// Whether a message answers another. Networks may treat answers differently.
    fn is_reply(message: &Self::Message) -> bool {
        let _ = message;
        false
    }

    /// Folds a message's whole content as explicit words.
    fn fold_message(message: &Self::Message, hash: &mut TraceHash);

    /// Folds a request's whole content as explicit words.
    fn fold_request(request: &Self::Request, hash: &mut TraceHash);

    /// Folds a reply's whole content as explicit words.
    fn fold_reply(reply: &Self::Reply, hash: &mut TraceHash);

    /// Folds a write's whole content as explicit words.
    fn fold_write(write: &WriteOf<Self>, hash: &mut TraceHash);

    /// Folds an operator command's whole content as explicit words.
    fn fold_operator(operator: &Self::Operator, hash: &mut TraceHash);

    /// The meaning of a reply for the client's operation.
    fn reply_verdict(reply: &Self::Reply) -> Verdict;
}

/// One input of a node. The content is borrowed: a message between nodes is copied only if the
/// receiver keeps it.
pub enum Input<'a, N: Node> {
    /// A message of another node.
    Receive {
        /// The sender.
        from: NodeId,
        /// The message.
        message: &'a N::Message,
    },
    /// The deadline the node asked for is reached.
    Wake,
    /// Writes are durable.
    Written {
        /// All writes up to this number, itself included.
        through: u64,
    },
    /// A client's request.
    Request {
        /// The client.
        client: ClientId,
        /// The client's number for the operation; a retry carries the same one.
        serial: u64,
        /// The request.
        request: &'a N::Request,
    },
    /// A command of the operator.
    Operator(&'a N::Operator),
}

/// The output of a node in one step. The engine reuses the vectors in each step, so they keep their
/// capacity.
#[derive(Clone)]
pub struct Output<N: Node> {
    /// Messages to nodes.
    pub sends: Vec<(NodeId, N::Message)>,
    /// Writes, in the order of their numbers.
    pub writes: Vec<WriteOf<N>>,
    /// Answers to clients, each with the serial it answers.
    pub replies: Vec<(ClientId, u64, N::Reply)>,
}

impl<N: Node> Output<N> {
    /// No messages, writes or replies.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sends.is_empty() && self.writes.is_empty() && self.replies.is_empty()
    }
}

impl<N: Node> Default for Output<N> {
    fn default() -> Self {
        Output {
            sends: Vec::new(),
            writes: Vec::new(),
            replies: Vec::new(),
        }
    }
}
