//! What the engine runs: a pure machine behind [`Node`].

use crate::disk::{Disk, WriteOf};
use crate::hash::TraceHash;
use crate::time::Local;

/// A node, by its 0-based position in the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// A client, by its 0-based position among the clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u32);

/// What a node is told when it starts, besides its configuration and its disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boot {
    /// Its own position.
    pub id: NodeId,
    /// How many nodes the cluster has.
    pub nodes: u32,
    /// The seed of the run; a node that needs randomness derives it from this, its id and its
    /// incarnation.
    pub seed: u64,
    /// How many times the node started before: 0 at first, one more after each restart.
    pub incarnation: u32,
    /// What its clock shows.
    pub now: Local,
}

/// Whether a reply ends a client's operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The operation has its answer.
    Done,
    /// Definitely not done here; the node may know a better one to ask.
    Elsewhere(Option<NodeId>),
    /// The node cannot say whether the operation was or will be done.
    Unknown,
    /// The operation is over, and whether it was done cannot be known any more: the client is not to
    /// ask again.
    Failed,
}

/// One pure, deterministic machine: all it knows comes in through its inputs, and all it does goes
/// out through its outputs.
pub trait Node: Clone {
    /// What a node is configured with; the same at every boot.
    type Config: Clone;
    /// What nodes say to each other.
    type Message: Clone;
    /// What a client asks.
    type Request: Clone;
    /// What a client is told.
    type Reply: Clone;
    /// A command of the operator.
    type Operator: Clone;
    /// A decision the node explains.
    type Event: Clone;
    /// What outlives a crash.
    type Disk: Disk;

    /// Starts a node from what its disk holds.
    fn boot(config: &Self::Config, boot: Boot, disk: &Self::Disk) -> Self;

    /// Handles one input. `out` is empty before the call. Writes are numbered 1, 2, 3, … in the
    /// order they are put out, from 1 again after each boot. The decisions behind it go to `events`;
    /// with `None` nobody wants them, and a node need not even build them.
    fn step(
        &mut self,
        now: Local,
        input: Input<'_, Self>,
        out: &mut Output<Self>,
        events: Option<&mut Vec<Self::Event>>,
    );

    /// When the node wants [`Input::Wake`]. It is asked after each step and each boot; a deadline
    /// in the past wakes the node at once.
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

    /// What a reply means for the client's operation.
    fn reply_verdict(reply: &Self::Reply) -> Verdict;
}

/// One thing that happens to a node. What comes with it is lent, not given: nothing is copied on
/// the way from one node to another that the receiver does not keep.
pub enum Input<'a, N: Node> {
    /// A message of another node.
    Receive {
        /// Who sent it.
        from: NodeId,
        /// What it says.
        message: &'a N::Message,
    },
    /// The deadline the node asked for is reached.
    Wake,
    /// Writes are durable.
    Written {
        /// All writes up to this number, itself included.
        through: u64,
    },
    /// A client asks.
    Request {
        /// Who asks.
        client: ClientId,
        /// The client's number for the operation; a retry carries the same one.
        serial: u64,
        /// What it asks.
        request: &'a N::Request,
    },
    /// The operator commands.
    Operator(&'a N::Operator),
}

/// What a node does in one step. The vectors are used again at each step and keep their capacity.
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
