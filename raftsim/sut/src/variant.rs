//! The rules and duties of servers: as published, with a planted bug, or user-defined.
//!
//! The choice is made at run time, so that the world, the checks and all observers are compiled
//! once. Only the core and the KV layer are compiled per type of rules.

use std::any::type_name;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use kv::Duties;
use raft_core::{Broken, Configuration, EntryId, Index, Instant, Raft, Rules};
use simulator::NodeId;

use crate::out::Out;

/// A `kv::Node` with any rules and duties.
pub trait Machine {
    /// The consensus part.
    fn raft(&self) -> &Raft<dyn Rules>;

    /// The index of the last entry applied.
    fn applied(&self) -> u64;

    /// The hash of the replicated state.
    fn state_hash(&self) -> u64;

    /// The value of a key.
    fn read(&self, key: &[u8]) -> kv::Reply;

    /// Whether clients have sessions open.
    fn has_sessions(&self) -> bool;

    /// An entry of the log, if the node holds it.
    fn entry(&self, index: Index) -> Option<(EntryId, &kv::Payload)>;

    /// Whether the node misses data of its log, because it was a witness.
    fn lacks_data(&self) -> bool;

    /// The current status of the node.
    fn status(&self) -> kv::Status;

    /// Checks the node's own invariants.
    ///
    /// # Errors
    /// The first violated invariant.
    fn invariants(&self) -> Result<(), Broken>;

    /// The time of the node's next wake-up.
    fn deadline(&self) -> Option<Instant>;

    /// Steps the node. The decisions of the step go to `events`, if an observer wants them.
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

/// Requirements for the rules of a [`Variant`].
pub trait AnyRules: Rules + Clone + Hash + Send + Sync + 'static {}
impl<R: Rules + Clone + Hash + Send + Sync + 'static> AnyRules for R {}

/// Requirements for the duties of a [`Variant`].
pub trait AnyDuties: Duties + Send + Sync + 'static {}
impl<D: Duties + Send + Sync + 'static> AnyDuties for D {}

/// A node behind [`Machine`]. With `FAST` its step is compiled twice: once with explained
/// decisions, once without.
#[derive(Clone)]
struct Hosted<R, D: Duties, const FAST: bool>(kv::Node<R, D>);

impl<R: AnyRules, D: AnyDuties, const FAST: bool> Machine for Hosted<R, D, FAST> {
    #[inline]
    fn raft(&self) -> &Raft<dyn Rules> {
        let raft: &Raft<R> = self.0.raft();
        raft
    }

    #[inline]
    fn applied(&self) -> u64 {
        self.0.machine().applied()
    }

    fn state_hash(&self) -> u64 {
        self.0.machine().hash()
    }

    fn read(&self, key: &[u8]) -> kv::Reply {
        self.0.machine().read(key)
    }

    fn has_sessions(&self) -> bool {
        self.0.machine().open_sessions().next().is_some()
    }

    fn entry(&self, index: Index) -> Option<(EntryId, &kv::Payload)> {
        self.0.entry(index)
    }

    fn lacks_data(&self) -> bool {
        self.0.lacks_data()
    }

    fn status(&self) -> kv::Status {
        self.0.status()
    }

    fn invariants(&self) -> Result<(), Broken> {
        self.0.invariants()
    }

    #[inline]
    fn deadline(&self) -> Option<Instant> {
        self.0.deadline()
    }

    fn step(
        &mut self,
        now: Instant,
        input: kv::Input<'_>,
        out: &mut Out<'_>,
        events: Option<&mut Vec<kv::Event>>,
    ) {
        if FAST && events.is_none() {
            self.0.step(now, input, out, &mut Unexplained);
        } else {
            self.0.step(now, input, out, &mut Explained(events));
        }
    }

    fn fold(&self, mut hasher: &mut dyn Hasher) {
        self.0.hash(&mut hasher);
    }

    fn boxed(&self) -> Box<dyn Machine> {
        Box::new(self.clone())
    }
}

/// Keeps each decision, if an observer wants them.
struct Explained<'a>(Option<&'a mut Vec<kv::Event>>);

impl kv::Observer for Explained<'_> {
    #[inline]
    fn event(&mut self, event: kv::Event) {
        if let Some(events) = &mut self.0 {
            events.push(event);
        }
    }
}

/// Drops the decisions. No observer wants them, so none is built.
struct Unexplained;

impl kv::Observer for Unexplained {
    #[inline]
    fn event(&mut self, _: kv::Event) {}
}

/// The rules and duties of each server of a run.
#[derive(Clone)]
pub struct Variant(Arc<dyn Boots + Send + Sync>);

impl Variant {
    /// The published algorithm and the correct KV layer.
    #[must_use]
    pub fn published() -> Self {
        let published = |_| (raft_core::Standard, kv::Standard);
        Self(Arc::new(Choose::<_, true>(published)))
    }

    /// The same rules and duties on each server.
    #[must_use]
    pub fn of<R: AnyRules, D: AnyDuties>(rules: R, duties: D) -> Self {
        Self::by_server(move |_| (rules.clone(), duties.clone()))
    }

    /// Rules and duties that differ between servers.
    #[must_use]
    pub fn by_server<R: AnyRules, D: AnyDuties>(
        choose: impl Fn(NodeId) -> (R, D) + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Choose::<_, false>(choose)))
    }

    /// Starts a node from the content of its disk.
    ///
    /// # Errors
    /// If it refuses the disk.
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

/// Gives each server its rules and duties; `FAST` as for [`Hosted`].
struct Choose<F, const FAST: bool>(F);

impl<R, D, F, const FAST: bool> Boots for Choose<F, FAST>
where
    R: AnyRules,
    D: AnyDuties,
    F: Fn(NodeId) -> (R, D),
{
    fn boot(
        &self,
        node: NodeId,
        boot: raft_core::Boot,
        options: kv::Options,
        members: Configuration,
        disk: &kv::Disk,
    ) -> Result<Box<dyn Machine>, kv::RestoreError> {
        let (rules, duties) = self.0(node);
        let node = kv::Node::restore(rules, duties, boot, options, members, disk)?;
        Ok(Box::new(Hosted::<R, D, FAST>(node)))
    }

    fn name(&self) -> &'static str {
        type_name::<(R, D)>()
    }
}
