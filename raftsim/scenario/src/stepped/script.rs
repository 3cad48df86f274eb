//! The steps of a stepped run. Nodes, clients and rules have numbers instead of names.

use kv::Request;
use raft_core::RuleId;
use serde::{Deserialize, Serialize};
use simulator::{ClientId, NodeId};
use sut::{NodeSet, Operator};

use super::ends::{Ends, Who};
use super::expected::Expected;
use super::recorded::Recorded;
use crate::units::{ClockRate, Nanos};

/// The maximum number of choices.
pub(crate) const MAX_CHOICES: usize = 9;

/// A stepped course: the trunk, and branches that begin at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// The steps, in order.
    pub steps: Vec<ScriptStep>,
    /// Alternative endings: each branch is a separate run.
    pub branches: Vec<Branch>,
    /// The outcome of a step that is impossible.
    pub impossible: Impossible,
    /// The run that it records, if it is a recording.
    pub recorded: Option<Recorded>,
}

/// The outcome of a step that is impossible: there is no such message, a node is down, or a node refuses
/// its vote. An `expect` that fails always fails the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Impossible {
    /// The run fails.
    #[default]
    Fail,
    /// The run continues without the step. Correct servers need not repeat the effects of a bug.
    Skip,
}

impl Impossible {
    /// Whether it is the default.
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// One alternative ending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// Its name, unlike that of every other branch.
    pub name: String,
    /// The steps, in order.
    pub steps: Vec<ScriptStep>,
}

/// A step: at most one verb, and texts about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScriptStep {
    /// The time since the start of the run. If it is `None`, no time passes before the step.
    pub at: Option<Nanos>,
    /// The verb. A step may also have only a text.
    pub verb: Option<Verb>,
    /// A sentence for people who watch the run.
    pub say: Option<String>,
    /// The rule that the step shows.
    pub why: Option<RuleId>,
    /// A remark for readers of the file.
    pub note: Option<String>,
    /// The place of the step.
    pub place: Place,
}

impl From<Verb> for ScriptStep {
    fn from(verb: Verb) -> Self {
        Self {
            verb: Some(verb),
            ..Self::default()
        }
    }
}

impl ScriptStep {
    /// The same step at a time.
    #[must_use]
    pub fn at(mut self, time: Nanos) -> Self {
        self.at = Some(time);
        self
    }
}

/// The place of a step in its file, for messages. All places are equal, so that equal steps are equal at
/// any place.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The branch; `None` on the trunk.
    pub branch: Option<std::sync::Arc<str>>,
    /// The number of the step in it, from 0.
    pub index: u32,
    /// The line in the file, from 1; 0 if there is no file.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// The byte of the file at which it begins. Line and column are computed from it.
    pub(crate) start: u32,
}

impl PartialEq for Place {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Place {}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.branch {
            Some(branch) => write!(f, "branches.{branch}[{}]", self.index)?,
            None => write!(f, "steps[{}]", self.index)?,
        }
        match self.line {
            0 => Ok(()),
            line => write!(f, " (line {line}:{})", self.column),
        }
    }
}

/// The verb of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Messages are delivered.
    Deliver(Letters),
    /// Messages are dropped.
    Drop(Letters),
    /// Copies of messages are delivered. The messages stay in flight.
    Duplicate(Letters),
    /// Links hold their messages in flight until they are released.
    Hold(Links),
    /// Links stop holding their messages.
    Release(Links),
    /// Links are cut, in one direction.
    Cut(Links),
    /// Every link between each of these nodes and any other node is cut in both directions.
    Isolate(Who),
    /// Links between different groups are cut; nodes in none of them form one more.
    Partition(Vec<Who>),
    /// Cuts and holds of these nodes end; all: of every link, those of clients included.
    Heal(Who),
    /// The time moves to a node's next deadline.
    Timeout(NodeId),
    /// A node's writes up to a number become durable; without a number, all its writes.
    Written {
        /// The node.
        node: NodeId,
        /// The number of the last one.
        through: Option<u64>,
    },
    /// Disks stall, and no write becomes durable; or a stall ends.
    Disk {
        /// The nodes.
        who: Who,
        /// Whether they stall from now on.
        stall: bool,
    },
    /// Nodes stop and lose their memory.
    Crash {
        /// The nodes.
        who: Who,
        /// The unfinished writes that survive.
        keep: Keep,
    },
    /// Crashed nodes start again from their disks.
    Restart(Who),
    /// Nodes pause and keep their memory.
    Pause(Who),
    /// Paused nodes resume.
    Resume(Who),
    /// Clocks jump forward, then run at a rate.
    Clock {
        /// The nodes.
        who: Who,
        /// The new rate; without one, the present rate stays.
        rate: Option<ClockRate>,
        /// How far they jump.
        jump: Nanos,
    },
    /// A client begins an operation.
    Call(Box<Call>),
    /// A client sends the request of its open operation again.
    Retry {
        /// The client.
        client: ClientId,
        /// The node that receives the request.
        to: NodeId,
    },
    /// A client ends its open operation without an answer.
    GiveUp {
        /// The client.
        client: ClientId,
    },
    /// The operator gives a node a command.
    Operator {
        /// The node.
        node: NodeId,
        /// The command.
        command: Operator,
    },
    /// The cluster runs by itself until this much time has passed.
    Settle(Nanos),
    /// Only time passes.
    Advance(Nanos),
    /// A node starts an election and must win it with these votes.
    Elect {
        /// The node.
        node: NodeId,
        /// The nodes that vote for it, besides itself.
        votes: NodeSet,
    },
    /// A node starts an election and must not win it.
    Campaign {
        /// The node.
        node: NodeId,
        /// The nodes that vote for it, besides itself.
        granted_by: NodeSet,
        /// The nodes that refuse their vote.
        refused_by: NodeSet,
    },
    /// A leader replicates its log to nodes, up to an index.
    Replicate {
        /// The leader.
        from: NodeId,
        /// The nodes.
        to: NodeSet,
        /// The last index; without one, the leader's last.
        through: Option<u64>,
    },
    /// The cluster is as expected.
    Expect(Box<Expected>),
    /// A question for people who watch the run.
    Ask(Box<Ask>),
    /// A phase begins. Expectations refer to its name.
    Phase(String),
}

/// Messages in flight: on each of these links, those that match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Letters {
    /// The senders: one, unless `all` is set.
    pub from: Ends,
    /// The receivers: one, unless `all` is set.
    pub to: Ends,
    /// The kind of the messages; `None` for any kind.
    pub kind: Option<MessageKind>,
    /// The number of the message on its link, from 1; `None` for the oldest that matches.
    pub ordinal: Option<u64>,
    /// All messages that match, the oldest of each link first.
    pub all: bool,
}

/// Directed links: from each sender to each receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Links {
    /// The senders.
    pub from: Ends,
    /// The receivers.
    pub to: Ends,
}

/// The kind of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum MessageKind {
    /// A request for a pre-vote.
    PreVote,
    /// The reply to it.
    PreVoteReply,
    /// A request for a vote.
    RequestVote,
    /// The reply to it.
    RequestVoteReply,
    /// Entries of the leader's log, or none.
    AppendEntries,
    /// The reply to it.
    AppendEntriesReply,
    /// AppendEntries without entries.
    Heartbeat,
    /// The leader tells a node to start an election now.
    TimeoutNow,
    /// An idle leader announces that it will stop its heartbeats.
    Sleep,
    /// The reply to it.
    SleepReply,
    /// A node that slept, or knows no leader, announces that it is awake.
    WakeUp,
    /// A node asks the leader for an index from which it may answer reads.
    ReadIndex,
    /// The reply to it.
    ReadIndexReply,
    /// A follower forwards a proposal to the leader.
    Propose,
    /// The reply to it.
    ProposeReply,
    /// A piece of a snapshot.
    InstallSnapshot,
    /// The reply to it.
    InstallSnapshotReply,
    /// A client's request.
    Request,
    /// The reply to it.
    Reply,
}

/// The unfinished writes that survive a crash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// The number of writes that survive as a whole, the oldest first.
    pub writes: u64,
    /// The number of parts of the next write that survive.
    pub parts: u32,
}

impl Keep {
    /// None of them survives.
    pub const NONE: Keep = Keep {
        writes: 0,
        parts: 0,
    };
    /// All of them survive.
    pub const ALL: Keep = Keep {
        writes: u64::MAX,
        parts: 0,
    };
}

/// A client's operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The client.
    pub client: ClientId,
    /// The operation's number; `None` for the next number of the client.
    pub serial: Option<u64>,
    /// The node that receives the request.
    pub to: NodeId,
    /// The request.
    pub request: Request,
}

/// A question with one right answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// The question.
    pub q: String,
    /// The choices: 2 to 9 texts.
    pub choices: Vec<String>,
    /// The right choice.
    pub answer: String,
    /// Why this answer is right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

impl Script {
    /// Puts every step into its file.
    pub(crate) fn locate(&mut self, text: &str) {
        let branches = self.branches.iter_mut().map(|branch| &mut branch.steps);
        for steps in branches.chain([&mut self.steps]) {
            let mut lines = Lines::new(text);
            for step in steps {
                (step.place.line, step.place.column) = lines.find(step.place.start);
            }
        }
    }

    /// The names of all branches, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.branches.iter().map(|branch| branch.name.as_str())
    }

    /// The trunk and one branch as a course of its own; `None` if there is no such branch.
    #[must_use]
    pub fn along(&self, branch: &str) -> Option<Script> {
        let branch = self.branches.iter().find(|known| known.name == branch)?;
        let steps = self.steps.iter().chain(&branch.steps).cloned().collect();
        Some(Script {
            steps,
            branches: Vec::new(),
            impossible: self.impossible,
            recorded: None,
        })
    }
}

/// Finds lines of a text, going forward.
struct Lines<'a> {
    text: &'a str,
    line: u32,
    begin: usize,
    seen: usize,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            line: 1,
            begin: 0,
            seen: 0,
        }
    }

    fn find(&mut self, start: u32) -> (u32, u32) {
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        let start = self.text.floor_char_boundary(start);
        for (at, _) in self.text[self.seen..start].match_indices('\n') {
            self.line += 1;
            self.begin = self.seen + at + 1;
        }
        self.seen = start;
        let column = self.text[self.begin..start].chars().count() + 1;
        (self.line, u32::try_from(column).unwrap_or(u32::MAX))
    }
}
