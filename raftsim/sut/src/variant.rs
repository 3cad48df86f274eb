//! Which rules and duties servers decide by: as published, with a planted bug, or somebody's own.
//!
//! The choice is made at run time, so that the world, the checks and everything that watches them
//! are compiled once. Only the core and the KV layer are compiled per type of rules.

use std::any::type_name;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use kv::Duties;
use raft_core::{Broken, Configuration, EntryId, Index, Instant, Raft, Rules};
use simulator::NodeId;

use crate::out::Out;

/// A `kv::Node` of any rules and duties.
pub trait Machine {
    /// The consensus part.
    fn raft(&self) -> &Raft<dyn Rules>;

    /// The index of the last entry applied.
    fn applied(&self) -> u64;

    /// The hash of the replicated state.
    fn state_hash(&self) -> u64;

    /// What a key holds.
    fn read(&self, key: &[u8]) -> kv::Reply;

    /// Whether clients have sessions open.
    fn has_sessions(&self) -> bool;

    /// An entry of the log, if the node holds it.
    fn entry(&self, index: Index) -> Option<(EntryId, &kv::Payload)>;

    /// Whether data of the log is missing, since the server was a witness.
    fn lacks_data(&self) -> bool;

    /// The node as it is now.
    fn status(&self) -> kv::Status;

    /// Checks the node against itself.
    ///
    /// # Errors
    /// The first invariant that does not hold.
    fn invariants(&self) -> Result<(), Broken>;

    /// When the node wants to be woken.
    fn deadline(&self) -> Option<Instant>;

    /// Steps the node; the decisions behind the step go to `events`, if somebody wants them.
    fn step(
        &mut self,
        now: Instant,
        input: kv::Input<'_>,
        out: &mut Out<'_>,
        events: Option<&mut Vec<kv::Event>>,
    );

    /// Folds the whole state.
    fn fold(&self, hasher: &mut dyn Hasher);

    /// A copy.
    fn boxed(&self) -> Box<dyn Machine>;
}

/// What rules of a [`Variant`] must be.
pub trait AnyRules: Rules + Clone + Hash + Send + Sync + 'static {}
impl<R: Rules + Clone + Hash + Send + Sync + 'static> AnyRules for R {}

/// What duties of a [`Variant`] must be.
pub trait AnyDuties: Duties + Send + Sync + 'static {}
impl<D: Duties + Send + Sync + 'static> AnyDuties for D {}

impl<R: AnyRules, D: AnyDuties> Machine for kv::Node<R, D> {
    #[inline]
    fn raft(&self) -> &Raft<dyn Rules> {
        let raft: &Raft<R> = kv::Node::raft(self);
        raft
    }

    #[inline]
    fn applied(&self) -> u64 {
        self.machine().applied()
    }

    fn state_hash(&self) -> u64 {
        self.machine().hash()
    }

    fn read(&self, key: &[u8]) -> kv::Reply {
        self.machine().read(key)
    }

    fn has_sessions(&self) -> bool {
        self.machine().open_sessions().next().is_some()
    }

    fn entry(&self, index: Index) -> Option<(EntryId, &kv::Payload)> {
        kv::Node::entry(self, index)
    }

    fn lacks_data(&self) -> bool {
        kv::Node::lacks_data(self)
    }

    fn status(&self) -> kv::Status {
        kv::Node::status(self)
    }

    fn invariants(&self) -> Result<(), Broken> {
        kv::Node::invariants(self)
    }

    #[inline]
    fn deadline(&self) -> Option<Instant> {
        kv::Node::deadline(self)
    }

    fn step(
        &mut self,
        now: Instant,
        input: kv::Input<'_>,
        out: &mut Out<'_>,
        events: Option<&mut Vec<kv::Event>>,
    ) {
        match events {
            Some(events) => kv::Node::step(self, now, input, out, &mut Explained(events)),
            None => kv::Node::step(self, now, input, out, &mut Unexplained),
        }
    }

    fn fold(&self, mut hasher: &mut dyn Hasher) {
        self.hash(&mut hasher);
    }

    fn boxed(&self) -> Box<dyn Machine> {
        Box::new(self.clone())
    }
}

/// Keeps each decision.
struct Explained<'a>(&'a mut Vec<kv::Event>);

impl kv::Observer for Explained<'_> {
    #[inline]
    fn event(&mut self, event: kv::Event) {
        self.0.push(event);
    }
}

/// Nobody wants them, so that none is built.
struct Unexplained;

impl kv::Observer for Unexplained {
    #[inline]
    fn event(&mut self, _: kv::Event) {}
}

/// The rules and duties of each server of a run.
#[derive(Clone)]
pub struct Variant(Arc<dyn Boots + Send + Sync>);

impl Variant {
    /// The algorithm as published, and the KV layer as it should be.
    #[must_use]
    pub fn published() -> Self {
        Self::of(raft_core::Standard, kv::Standard)
    }

    /// The same rules and duties on each server.
    #[must_use]
    pub fn of<R: AnyRules, D: AnyDuties>(rules: R, duties: D) -> Self {
        Self::by_server(move |_| (rules.clone(), duties.clone()))
    }

    /// Rules and duties that differ from server to server.
    #[must_use]
    pub fn by_server<R: AnyRules, D: AnyDuties>(
        choose: impl Fn(NodeId) -> (R, D) + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(choose))
    }

    /// Starts a node from what is on its disk.
    ///
    /// # Errors
    /// When it refuses the disk.
    pub fn boot(
        &self,
        node: NodeId,
        boot: raft_core::Boot,
        options: kv::Options,
        members: Configuration,
        disk: &kv::Disk,
    ) -> Result<Box<dyn Machine>, kv::RestoreError> {
        self.0.boot(node, boot, options, members, disk)
    }
}

impl Default for Variant {
    fn default() -> Self {
        Self::published()
    }
}

impl fmt::Debug for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

/// Starts nodes of one type of rules and duties.
trait Boots {
    fn boot(
        &self,
        node: NodeId,
        boot: raft_core::Boot,
        options: kv::Options,
        members: Configuration,
        disk: &kv::Disk,
    ) -> Result<Box<dyn Machine>, kv::RestoreError>;

    fn name(&self) -> &'static str;
}

impl<R: AnyRules, D: AnyDuties, F: Fn(NodeId) -> (R, D)> Boots for F {
    fn boot(
        &self,
        node: NodeId,
        boot: raft_core::Boot,
        options: kv::Options,
        members: Configuration,
        disk: &kv::Disk,
    ) -> Result<Box<dyn Machine>, kv::RestoreError> {
        let (rules, duties) = self(node);
        let node = kv::Node::restore(rules, duties, boot, options, members, disk)?;
        Ok(Box::new(node))
    }

    fn name(&self) -> &'static str {
        type_name::<(R, D)>()
    }
}
