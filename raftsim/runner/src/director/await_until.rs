//! The conditions that scripts await and check.

use checks::{log_bytes, snapshot_bytes};
use kv::Answer;
use raft_core::{Index, RoleKind};
use scenario::{Asked, Comparison, Statement};
use simulator::{Cluster, NodeId};
use sut::Server;

use super::Director;
use crate::predicates;
use crate::world::KvWorld;

/// The text of an unmet condition, if there is one.
type Missing = Option<String>;

impl Director<'_> {
    /// The first unmet condition, if there is one.
    pub(super) fn missing(&mut self, step: &Statement, asked: &Asked, world: &KvWorld) -> Missing {
        let word = self.draw(step).who;
        let among = self.among(asked.among.as_ref(), word, world);
        let cluster = world.cluster();
        self.about_leaders(asked, &among, cluster)
            .or_else(|| self.about_commands(asked, &among, cluster))
            .or_else(|| self.about_operations(asked, cluster))
            .or_else(|| self.about_state(asked, &among, cluster))
    }

    fn about_leaders(&self, asked: &Asked, among: &[NodeId], cluster: &Cluster<Server>) -> Missing {
        let names = &self.labels;
        let all = || among.iter().copied().collect();
        if asked.one_leader
            && let Err(reason) = predicates::one_leader(cluster, all())
        {
            return Some(reason.show(names));
        }
        let raft = |id: &NodeId| Some(cluster.node(*id)?.node().raft());
        let leads = |id: &&NodeId| raft(id).is_some_and(|raft| raft.role() == RoleKind::Leader);
        if asked.no_leader
            && let Some(leader) = among.iter().find(leads)
        {
            return Some(format!("{} leads", self.label(*leader)));
        }
        if asked.same_term {
            let terms = among
                .iter()
                .filter_map(|id| Some((id, raft(id)?.current_term())));
            let terms: Vec<_> = terms.collect();
            let differs = terms.windows(2).find(|pair| pair[0].1 != pair[1].1);
            if let Some([(one, its), (other, theirs)]) = differs {
                let (one, other) = (self.label(**one), self.label(**other));
                return Some(format!("{one} is in {its}, {other} in {theirs}"));
            }
        }
        asked
            .applied_equal
            .then(|| predicates::applied_equal(cluster, all()))
            .flatten()
            .map(|reason| reason.show(names))
    }

    fn about_commands(
        &self,
        asked: &Asked,
        among: &[NodeId],
        cluster: &Cluster<Server>,
    ) -> Missing {
        if let Some(wanted) = asked.applied {
            let has = |id: &NodeId| self.applied_commands(cluster, *id) >= wanted;
            if let Some(missing) = too_few(asked, among, has) {
                return Some(format!("command {wanted} is applied by {missing}"));
            }
        }
        let unwanted = asked.not_applied?;
        let has = |id: &NodeId| self.applied_commands(cluster, *id) >= unwanted;
        let found = cluster.nodes().find(has)?;
        Some(format!(
            "{} has applied command {unwanted}",
            self.label(found)
        ))
    }

    fn about_operations(&self, asked: &Asked, cluster: &Cluster<Server>) -> Missing {
        let nodes = cluster.nodes().count();
        let on = asked.on.map_or(nodes, |on| on as usize);
        for (place, offered) in self.offers_named(asked.done.as_deref()) {
            let most = offered
                .accepted
                .iter()
                .map(|entry| offered.applied_at(*entry, &self.program.committed, cluster))
                .max();
            match most {
                None => return Some(format!("nobody accepted operation {place}")),
                Some(count) if count < on => {
                    return Some(format!("operation {place} is applied by {count}, not {on}"));
                }
                Some(_) => {}
            }
        }
        let named = self.offers_named(asked.answered.as_deref());
        let open = named
            .filter(|(_, offered)| offered.answer.is_none())
            .count();
        if open > 0 {
            return Some(format!("{open} operations have no answer"));
        }
        let mut named = self.offers_named(asked.unanswered.as_deref());
        let (place, _) = named.find(|(_, offered)| offered.answer.is_some())?;
        Some(format!("operation {place} was answered"))
    }

    fn about_state(&self, asked: &Asked, among: &[NodeId], cluster: &Cluster<Server>) -> Missing {
        let read = |id: &NodeId, key: &str| {
            let server = cluster.node(*id)?;
            Some(server.node().read(key.as_bytes()))
        };
        for (key, wanted) in &asked.values {
            let is = |id: &NodeId| {
                let reply = read(id, key);
                let value = reply.map(|reply| reply.answer);
                matches!(value, Some(Answer::Value(value))
                    if value.as_deref().unwrap_or_default() == wanted.as_bytes())
            };
            if let Some(missing) = too_few(asked, among, is) {
                return Some(format!("\"{key}\" is \"{wanted}\" on {missing}"));
            }
        }
        for (key, wanted) in &asked.versions {
            let is = |id: &NodeId| read(id, key).is_some_and(|reply| wanted.holds(reply.version.0));
            if let Some(missing) = too_few(asked, among, is) {
                return Some(format!("the writes of \"{key}\" are {wanted} on {missing}"));
            }
        }
        self.about_disks("log", asked.log_bytes, log_bytes, among, cluster)
            .or_else(|| {
                let wanted = asked.snapshot_bytes;
                self.about_disks("snapshot", wanted, snapshot_bytes, among, cluster)
            })
    }

    fn about_disks(
        &self,
        of: &str,
        wanted: Option<Comparison>,
        size: fn(&kv::Disk) -> u64,
        among: &[NodeId],
        cluster: &Cluster<Server>,
    ) -> Missing {
        let wanted = wanted?;
        let sizes = among.iter().map(|id| (id, size(&cluster.disk(*id).0)));
        let (id, size) = sizes.into_iter().find(|(_, size)| !wanted.holds(*size))?;
        let name = self.label(*id);
        Some(format!(
            "{name} has {size} bytes of {of} on its disk, not {wanted}"
        ))
    }

    /// The number of commands that a node has applied. Entries without a command, which leaders
    /// append at the start of their terms, do not count.
    fn applied_commands(&self, cluster: &Cluster<Server>, id: NodeId) -> u64 {
        let commands = |server: &Server| {
            let applied = Index(server.node().applied());
            self.program.committed.commands(server, applied)
        };
        cluster.node(id).map_or(0, commands)
    }

    fn label(&self, id: NodeId) -> &str {
        &self.labels[id.0 as usize]
    }
}

/// A text with the number of nodes for which `is` holds, if they are too few.
fn too_few(asked: &Asked, among: &[NodeId], is: impl Fn(&NodeId) -> bool) -> Missing {
    let wanted = asked.on.map_or(among.len(), |on| on as usize);
    let count = among.iter().filter(|id| is(id)).count();
    (count < wanted).then(|| format!("{count} nodes, not {wanted}"))
}
