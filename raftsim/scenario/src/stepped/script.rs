//! What happens in a stepped run, step by step, with everything named by number.

use kv::Request;
use raft_core::RuleId;
use serde::{Deserialize, Serialize};
use simulator::{ClientId, NodeId};
use sut::{NodeSet, Operator};

use super::ends::{Ends, Who};
use super::expected::Expected;
use super::recorded::Recorded;
use crate::units::{ClockRate, Nanos};

/// The most answers to choose from.
pub(crate) const MAX_CHOICES: usize = 9;

/// A stepped course: the trunk, and branches that each go on from its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// What happens, in order.
    pub steps: Vec<ScriptStep>,
    /// How it may go on: each branch is a run of its own.
    pub branches: Vec<Branch>,
    /// What becomes of the run at a step that is impossible.
    pub impossible: Impossible,
    /// The run it was recorded from, if it was.
    pub recorded: Option<Recorded>,
}

/// What becomes of a run at a step that is impossible: no such message, a node that is down, a vote
/// that is refused. An `expect` that is not met always fails the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Impossible {
    /// It fails.
    #[default]
    Fail,
    /// It goes on without the step: what a bug made possible is no duty of servers without it.
    Skip,
}

impl Impossible {
    /// Whether it is what a file that says nothing means.
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// One way to go on from the trunk's end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// Its name, unlike that of every other branch.
    pub name: String,
    /// What happens, in order.
    pub steps: Vec<ScriptStep>,
}

/// One step: at most one thing that happens, and words about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScriptStep {
    /// When, counted from the start of the run. Without it no time passes before the step.
    pub at: Option<Nanos>,
    /// What happens; a step may also just say something.
    pub verb: Option<Verb>,
    /// A sentence shown to whoever watches the run.
    pub say: Option<String>,
    /// The rule that the step is about.
    pub why: Option<RuleId>,
    /// A remark for readers of the file.
    pub note: Option<String>,
    /// Where the step stands.
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

/// Where a step stands in its file, for messages. Steps are equal wherever they stand.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The branch; `None` on the trunk.
    pub branch: Option<std::sync::Arc<str>>,
    /// Which step of it, counted from 0.
    pub index: u32,
    /// The line in the file, from 1; 0 if there is no file.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// The byte in the file at which it begins, until line and column are known.
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

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Receivers get messages.
    Deliver(Letters),
    /// Messages are lost.
    Drop(Letters),
    /// Receivers get copies of messages, which stay in flight.
    Duplicate(Letters),
    /// Links keep their messages in flight until they are released.
    Hold(Links),
    /// Links no longer keep their messages.
    Release(Links),
    /// Links lose their messages, one way.
    Cut(Links),
    /// Every link between each of these nodes and any other node is cut, both ways.
    Isolate(Who),
    /// Links between different groups are cut; nodes in none of them form one more.
    Partition(Vec<Who>),
    /// Cuts and holds of these nodes end; all: of every link, those of clients included.
    Heal(Who),
    /// A node's deadline is reached: the world's time moves there.
    Timeout(NodeId),
    /// A node's writes up to a number become durable; without one, all it handed over.
    Written {
        /// The node.
        node: NodeId,
        /// The number of the last one.
        through: Option<u64>,
    },
    /// Disks complete nothing until they no longer stall.
    Disk {
        /// Whose.
        who: Who,
        /// Whether they stall from now on.
        stall: bool,
    },
    /// Nodes lose their memory and stop.
    Crash {
        /// Which.
        who: Who,
        /// What survives of the writes on their way to the disk.
        keep: Keep,
    },
    /// Crashed nodes start again from their disks.
    Restart(Who),
    /// Nodes stand still and keep their memory.
    Pause(Who),
    /// Paused nodes go on.
    Resume(Who),
    /// Clocks jump forward, then run at a rate.
    Clock {
        /// Whose.
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
        /// The node it asks.
        to: NodeId,
    },
    /// A client ends its open operation without an answer.
    GiveUp {
        /// The client.
        client: ClientId,
    },
    /// The operator commands a node.
    Operator {
        /// The node.
        node: NodeId,
        /// What it is to do.
        command: Operator,
    },
    /// The cluster runs by itself until so much time has passed.
    Settle(Nanos),
    /// Only time passes.
    Advance(Nanos),
    /// A node stands for election and must win with these votes.
    Elect {
        /// The node.
        node: NodeId,
        /// Who votes for it, besides itself.
        votes: NodeSet,
    },
    /// A node stands for election and must not win.
    Campaign {
        /// The node.
        node: NodeId,
        /// Who votes for it, besides itself.
        granted_by: NodeSet,
        /// Who refuses it.
        refused_by: NodeSet,
    },
    /// A leader brings the logs of nodes up to an index.
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
    /// A question for whoever watches.
    Ask(Box<Ask>),
    /// A phase begins, which expectations refer to.
    Phase(String),
}

/// Messages in flight: on each of these links, those that fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Letters {
    /// The senders: one, unless all that fit are meant.
    pub from: Ends,
    /// The receivers: likewise.
    pub to: Ends,
    /// What they say; `None`: anything.
    pub kind: Option<MessageKind>,
    /// The place among the messages sent on the link, from 1; `None`: the oldest that fits.
    pub ordinal: Option<u64>,
    /// All that fit, the oldest of each link first.
    pub all: bool,
}

/// Directed links: from each of some ends to each of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Links {
    /// The senders.
    pub from: Ends,
    /// The receivers.
    pub to: Ends,
}

/// What a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum MessageKind {
    /// Would you vote for me?
    PreVote,
    /// The answer to it.
    PreVoteReply,
    /// Vote for me.
    RequestVote,
    /// The answer to it.
    RequestVoteReply,
    /// Entries of the leader's log, or none.
    AppendEntries,
    /// The answer to it.
    AppendEntriesReply,
    /// AppendEntries without entries.
    Heartbeat,
    /// Campaign now, from the leader.
    TimeoutNow,
    /// I would be silent, from a leader with nothing to do.
    Sleep,
    /// The answer to it.
    SleepReply,
    /// I am awake, from who slept or hears of no leader.
    WakeUp,
    /// From which index on may I answer reads?
    ReadIndex,
    /// The answer to it.
    ReadIndexReply,
    /// Append this, from a follower that was asked.
    Propose,
    /// The answer to it.
    ProposeReply,
    /// A piece of a snapshot.
    InstallSnapshot,
    /// The answer to it.
    InstallSnapshotReply,
    /// A client's request.
    Request,
    /// The answer to it.
    Reply,
}

/// What survives of the writes that a crash finds on their way to the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// So many of them survive whole, the oldest first.
    pub writes: u64,
    /// So many parts of the next one survive.
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
    /// The operation's number; without one, the next after the client's last.
    pub serial: Option<u64>,
    /// The node it asks.
    pub to: NodeId,
    /// What it asks, and how.
    pub request: Request,
}

/// A question with one right answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// The question.
    pub q: String,
    /// What can be answered: 2 to 9 texts.
    pub choices: Vec<String>,
    /// The right one of them.
    pub answer: String,
    /// Why it is right.
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
