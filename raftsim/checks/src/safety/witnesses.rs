//! Members that hold no data: they never campaign. A committed entry is stored with its data on at
//! least one disk.

use raft_core::{Index, RoleKind, Term};
use simulator::{Cluster, NodeId};
use sut::{Property, Server};

use super::{Found, Safety};
use crate::configurations::{MembersLog, Sets};
use crate::left_out::{holds_data_of, lacks_data};
use crate::subject::Subject;

impl Safety {
    /// A node campaigns or leads, so by its own members it must hold the data.
    pub(super) fn stands_with_data(&mut self, id: NodeId, role: RoleKind) -> Result<(), Found> {
        let members = self.nodes[id.0 as usize].members.latest();
        if members.witnesses.is_empty() {
            return Ok(());
        }
        self.count(Property::ConfigurationSafety);
        if !members.witnesses.contains(id) {
            return Ok(());
        }
        let (name, shown) = (self.name(id), members.show(&self.names));
        let facts = [
            format!("the members that {name} goes by are {shown}: it holds no data"),
            format!("{name} is a {role} of {}", self.nodes[id.0 as usize].term),
        ];
        self.object(Property::ConfigurationSafety, Subject::Node(id), facts)
    }

    /// Checks that newly committed entries, up to this one, are stored with their data on some
    /// disk.
    pub(super) fn data_is_somewhere(
        &mut self,
        cluster: &Cluster<Server>,
        id: NodeId,
        commit: u64,
    ) -> Result<(), Found> {
        if !self.had_witnesses {
            return Ok(());
        }
        self.count(Property::CommitQuorum);
        for index in self.committed.last() + 1..=commit {
            let entry = self.nodes[id.0 as usize].log.get(index);
            let term = entry.map_or(Term(0), |entry| entry.term);
            let holds = |node| holds_data_of(&cluster.disk(node).0, index, term);
            if entry.is_none() || cluster.nodes().any(holds) {
                continue;
            }
            let facts = [
                format!("{} commits #{index}{term}", self.name(id)),
                "no disk holds its data".to_owned(),
            ];
            let node = id;
            let subject = Subject::Commit { node, index, term };
            self.object(Property::CommitQuorum, subject, facts)?;
        }
        Ok(())
    }

    /// Whether the members on a disk rely on this server for data.
    pub(super) fn counted_on(&self, id: NodeId, disk: &kv::Disk) -> bool {
        let founding = self.founding[id.0 as usize];
        MembersLog::of_disk(disk, founding).latest().holds_data(id)
    }

    /// A node that holds this entry and does not count because it misses data.
    pub(super) fn lacking(
        &self,
        cluster: &Cluster<Server>,
        term: Term,
        index: Index,
        members: Sets,
    ) -> Option<NodeId> {
        cluster.nodes().find(|id| {
            let disk = &cluster.disk(*id).0;
            disk.term_at(index) == Some(term)
                && members.voters().contains(*id)
                && !self.holds_enough(*id, disk, members)
        })
    }

    /// Whether the node's part of the log is enough for its vote to commit it, by these members. A
    /// witness needs no data; a member that has to hold data must hold all of it.
    pub(super) fn holds_enough(&self, id: NodeId, disk: &kv::Disk, members: Sets) -> bool {
        let complete = !self.had_witnesses || !self.nodes[id.0 as usize].may_lack_data;
        complete || members.witnesses.contains(id) || !lacks_data(disk)
    }
}
