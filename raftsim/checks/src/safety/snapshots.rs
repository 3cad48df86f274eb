//! Checks the replacement of the start of a log by a snapshot (§7). It covers only committed
//! entries, never less than was promised, and there is always a snapshot for it.

use kv::LogWrite;
use raft_core::EntryId;
use simulator::NodeId;
use sut::{Property, Server};

use super::{Found, Safety};
use crate::subject::Subject;

impl Safety {
    /// A log is replaced by a snapshot up to this entry.
    pub(super) fn replaced(&mut self, id: NodeId, base: EntryId) -> Result<(), Found> {
        self.count(Property::SnapshotSafety);
        self.sightings.installs += 1;
        self.stands_for_committed(id, base)?;
        let watched = &self.nodes[id.0 as usize];
        let index = base.index.0;
        let matches = watched.log.agrees(&self.committed, index);
        if matches && watched.acknowledged > index {
            let facts = [
                format!(
                    "{} acknowledged its log up to #{}, and its entry {base} is that of the snapshot",
                    self.name(id),
                    watched.acknowledged
                ),
                format!("it throws away what follows {base}"),
            ];
            let index = index + 1;
            let subject = Subject::Copy { node: id, index };
            self.object(Property::SnapshotSafety, subject, facts)?;
        }
        let given = self.committed.prefix(index);
        let watched = self.watched(id);
        watched.may_lack_data = true;
        // Until the write is durable, a crash brings the old log back. This is the common part of
        // both.
        let common = watched.log.first_difference(&given) - 1;
        watched.acknowledged = watched.acknowledged.min(common);
        watched.durable = watched.durable.min(common);
        watched.log = given;
        Ok(())
    }

    /// A log was compacted, if the write says so. State Machine Safety has already checked that it
    /// agreed with the committed log up to there, when the node committed it.
    pub(super) fn cut(&mut self, id: NodeId, write: &LogWrite) -> Result<(), Found> {
        let Some(rebase) = write.raft.rebase.as_ref().filter(|rebase| !rebase.whole) else {
            return Ok(());
        };
        self.count(Property::SnapshotSafety);
        self.stands_for_committed(id, rebase.base.last)
    }

    fn stands_for_committed(&self, id: NodeId, base: EntryId) -> Result<(), Found> {
        // A new cluster starts here, so no entry lies before.
        if base == EntryId::default() {
            return Ok(());
        }
        let committed = self.committed.get(base.index.0);
        let known = match committed {
            Some(entry) if entry.term == base.term => return Ok(()),
            Some(entry) => format!("entry {}{} is committed", base.index, entry.term),
            None => format!("the cluster has committed up to #{}", self.committed.last()),
        };
        let begins = format!("{}'s log begins after {base} now", self.name(id));
        let facts = [known, begins];
        self.object(Property::SnapshotSafety, Subject::Node(id), facts)
    }

    /// A node crashed. A snapshot on its disk must cover the compacted part of its log, unless no
    /// member relies on the node for data.
    pub(super) fn covered(&mut self, id: NodeId, disk: &kv::Disk) -> Result<(), Found> {
        self.count(Property::SnapshotSafety);
        let base = disk.base();
        let snapshot = disk.snapshot.as_ref();
        let covers = snapshot.map_or(0, |snapshot| snapshot.id.last.index.0);
        if covers >= base.index.0 || !self.counted_on(id, disk) {
            return Ok(());
        }
        let name = self.name(id);
        let facts = [
            format!("after its crash {name}'s log begins after {base}"),
            match covers {
                0 => "no snapshot is on its disk".to_owned(),
                _ => format!("the snapshot on its disk ends at #{covers}"),
            },
        ];
        self.object(Property::SnapshotSafety, Subject::Node(id), facts)
    }

    /// A node started from a snapshot. Its state must equal the state of nodes that applied the
    /// entries.
    pub(crate) fn started(&mut self, id: NodeId, server: &Server) -> Result<(), Found> {
        let machine = server.node();
        let (index, state) = (machine.applied(), machine.state_hash());
        if index == 0 {
            return Ok(());
        }
        self.count(Property::SnapshotSafety);
        let place = usize::try_from(index - 1).expect("a log fits in memory");
        let known = self.states.get(place).copied();
        if known == Some(state) {
            return Ok(());
        }
        let facts = [
            match known {
                Some(known) => format!("the state after #{index} has the hash {known:016x}"),
                None => format!("nobody has applied #{index}"),
            },
            format!(
                "{} starts from a snapshot of #{index} with {state:016x}",
                self.name(id)
            ),
        ];
        let subject = Subject::State { node: id, index };
        self.object(Property::SnapshotSafety, subject, facts)
    }
}
