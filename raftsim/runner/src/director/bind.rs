//! Names that scripts give to nodes.

use std::collections::{BTreeMap, BTreeSet};

use scenario::{
    Action, ApplyChange, ClockChange, DiskFault, LinkChange, MembersChange, NodeName, Partition,
    Replacement, Route, Selector, Statement,
};
use simulator::{Endpoint, NodeId};

use super::{Director, targets};
use crate::world::KvWorld;

impl<'s> Director<'s> {
    /// The nodes with this name; none while the name is not given.
    pub(super) fn named_nodes(&self, name: &str) -> Vec<NodeId> {
        self.given(&NodeName(name.to_owned()))
    }

    /// The nodes of a name. It is the name of a node or a given name, possibly with an offset that
    /// moves on by a number of nodes.
    fn given(&self, name: &NodeName) -> Vec<NodeId> {
        if let Some(node) = self.scenario.index_of(name) {
            return vec![NodeId(node)];
        }
        let count = self.scenario.nodes.len();
        let (base, offset) = name.offset(count);
        let named = self.program.names.get(base).into_iter().flatten();
        let place = |id: &NodeId| (id.0 as usize + offset) % count;
        named
            .map(|id| NodeId(u32::try_from(place(id)).expect("there are few nodes")))
            .collect()
    }

    /// A selector in which given names are replaced by nodes.
    fn plain(&self, selector: &Selector) -> Selector {
        let Selector::Nodes(names) = selector else {
            return selector.clone();
        };
        let nodes: BTreeSet<_> = names.iter().flat_map(|name| self.given(name)).collect();
        let name = |id: NodeId| self.scenario.nodes[id.0 as usize].clone();
        Selector::Nodes(nodes.into_iter().map(name).collect())
    }

    /// An action in which given names are replaced by nodes.
    fn bound(&self, action: &Action) -> Action {
        let plain = |selector: &Selector| self.plain(selector);
        let route = |route: &Route| Route {
            from: plain(&route.from),
            to: plain(&route.to),
        };
        match action {
            Action::Crash(who) => Action::Crash(plain(who)),
            Action::Restart(who) => Action::Restart(plain(who)),
            Action::Recover(who) => Action::Recover(plain(who)),
            Action::Pause(who) => Action::Pause(plain(who)),
            Action::Resume(who) => Action::Resume(plain(who)),
            Action::Isolate(who) => Action::Isolate(plain(who)),
            Action::Heal(who) => Action::Heal(plain(who)),
            Action::Cut(which) => Action::Cut(route(which)),
            Action::Hold(which) => Action::Hold(route(which)),
            Action::Release(which) => Action::Release(route(which)),
            Action::Partition(Partition::Groups(groups)) => {
                Action::Partition(Partition::Groups(groups.iter().map(plain).collect()))
            }
            Action::Link(change) => Action::Link(LinkChange {
                from: plain(&change.from),
                to: plain(&change.to),
                ..change.clone()
            }),
            Action::Clock(change) => Action::Clock(ClockChange {
                node: plain(&change.node),
                ..change.clone()
            }),
            Action::Disk(fault) => Action::Disk(DiskFault {
                node: plain(&fault.node),
                ..fault.clone()
            }),
            Action::Transfer(who) => Action::Transfer(plain(who)),
            Action::Campaign(who) => Action::Campaign(plain(who)),
            Action::StepDown(who) => Action::StepDown(plain(who)),
            Action::Snapshot(who) => Action::Snapshot(plain(who)),
            Action::Compact(who) => Action::Compact(plain(who)),
            Action::RequestSnapshot(who) => Action::RequestSnapshot(plain(who)),
            Action::AddServer(who) => Action::AddServer(plain(who)),
            Action::AddWitness(who) => Action::AddWitness(plain(who)),
            Action::Promote(who) => Action::Promote(plain(who)),
            Action::Demote(who) => Action::Demote(plain(who)),
            Action::RemoveServer(who) => Action::RemoveServer(plain(who)),
            Action::LeaveJoint(who) => Action::LeaveJoint(plain(who)),
            Action::Join(who) => Action::Join(plain(who)),
            Action::Bootstrap(who) => Action::Bootstrap(plain(who)),
            Action::ForceNewCluster(who) => Action::ForceNewCluster(plain(who)),
            Action::Replace(replacement) => Action::Replace(Replacement {
                old: plain(&replacement.old),
                new: plain(&replacement.new),
            }),
            Action::Members(change) => Action::Members(MembersChange {
                voters: plain(&change.voters),
                learners: change.learners.as_ref().map(plain),
                ..change.clone()
            }),
            Action::Apply(change) => Action::Apply(ApplyChange {
                node: plain(&change.node),
                ..change.clone()
            }),
            Action::Partition(_) | Action::Network(_) => action.clone(),
        }
    }

    /// An action with given names replaced by nodes, and without a restart of nodes that are up. A
    /// script may restart nodes that a loop has not crashed this time.
    pub(super) fn possible(&self, action: &Action, world: &KvWorld) -> Action {
        let action = self.bound(action);
        let Action::Restart(who @ (Selector::Nodes(_) | Selector::All)) = &action else {
            return action;
        };
        let nodes = self.meant_by(who, 0, world).into_iter();
        let down = nodes.filter(|id| world.cluster().node(*id).is_none());
        let name = |id: NodeId| self.scenario.nodes[id.0 as usize].clone();
        Action::Restart(Selector::Nodes(down.map(name).collect()))
    }

    /// The nodes that a script's selector selects now.
    pub(super) fn meant(
        &mut self,
        step: &Statement,
        selector: &Selector,
        world: &KvWorld,
    ) -> Vec<NodeId> {
        let word = self.draw(step).who;
        self.meant_by(selector, word, world)
    }

    /// The same, with `word` for random choices.
    pub(super) fn meant_by(&self, selector: &Selector, word: u64, world: &KvWorld) -> Vec<NodeId> {
        let selector = self.plain(selector);
        targets::nodes(self.scenario, world.cluster(), &selector, &|_| true, word)
    }

    /// The named nodes, or else every node that is up and not isolated.
    pub(super) fn among(
        &self,
        selector: Option<&Selector>,
        word: u64,
        world: &KvWorld,
    ) -> Vec<NodeId> {
        match selector {
            Some(selector) => self.meant_by(selector, word, world),
            None => {
                let up = self.meant_by(&Selector::Up, word, world);
                let reachable = up.into_iter().filter(|id| !self.isolated.contains(id));
                reachable.collect()
            }
        }
    }

    /// Gives names to nodes. A name for the leader needs a leader.
    pub(super) fn name(
        &mut self,
        step: &'s Statement,
        names: &'s BTreeMap<String, Selector>,
        world: &KvWorld,
    ) {
        let word = self.draw(step).who;
        // Names that are given together are drawn separately.
        let words = (0..).map(|place| word.rotate_left(7 * place));
        let meant: Vec<_> = names
            .iter()
            .zip(words)
            .map(|((name, who), word)| (name, who, self.meant_by(who, word, world)))
            .collect();
        for (name, who, nodes) in meant {
            if nodes.is_empty() && *who == Selector::Leader {
                self.fail(step, false, "no node leads".to_owned(), world);
            }
            self.announce_nodes(&format!("{name} stands for"), &nodes);
            self.program.names.insert(name, nodes);
        }
    }

    /// Heals the links of nodes to all nodes that are not isolated themselves.
    pub(super) fn connect(&mut self, nodes: &[NodeId], world: &mut KvWorld) {
        for id in nodes {
            self.isolated.remove(id);
        }
        let reachable = |end: Endpoint| match end {
            Endpoint::Node(id) => !self.isolated.contains(&id),
            Endpoint::Client(_) => false,
        };
        let topology = world.cluster().topology();
        let all: Vec<_> = topology.nodes().collect();
        let mut links = topology.between(nodes, &all);
        links.retain(|(from, to)| reachable(*from) && reachable(*to));
        for link in &links {
            self.cuts.remove(link);
        }
        self.announce_links("connect", &links);
        world.heal(&links);
    }
}
