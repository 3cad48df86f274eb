//! The state of links that steps do not name.

use scenario::{Links, Verb, Who};
use simulator::{Endpoint, FaultKind, Gate, NodeId, Pair, Topology};

use super::Player;
use super::observers::Halt;
use crate::link_text;

impl Player<'_> {
    /// Cuts, holds and heals links.
    pub(super) fn gates(&mut self, verb: &Verb) -> Result<(), Halt> {
        let topology = self.world.cluster().topology();
        match verb {
            Verb::Hold(links) => self.set("hold", joined(*links), Gate::Held, FaultKind::Hold),
            Verb::Cut(links) => {
                self.set("cut", joined(*links), Gate::Cut, FaultKind::OneWayCut);
            }
            Verb::Release(links) => {
                let mut links = joined(*links);
                links.retain(|link| self.world.gate(*link) == Gate::Held);
                self.open("release", &links);
            }
            Verb::Isolate(who) => {
                let all: Vec<_> = topology.nodes().collect();
                let links = topology.between(&self.who(*who)?, &all);
                self.set("cut", links, Gate::Cut, FaultKind::Cut);
            }
            Verb::Partition(groups) => {
                let links = self.across(groups)?;
                self.set("cut", links, Gate::Cut, FaultKind::Cut);
            }
            Verb::Heal(who) => {
                let links = match who {
                    Who::All => every(topology, |_| true),
                    who => {
                        let nodes = self.who(*who)?;
                        every(topology, |node| nodes.contains(&node))
                    }
                };
                self.open("heal", &links);
            }
            _ => unreachable!("only verbs about links are done here"),
        }
        Ok(())
    }

    fn set(&mut self, announcement: &str, links: Vec<Pair>, gate: Gate, kind: FaultKind) {
        self.world.set_gates(&links, gate);
        self.observers.faults.note(kind);
        self.announce_links(announcement, &links);
    }

    fn open(&mut self, announcement: &str, links: &[Pair]) {
        let closed: Vec<_> = links
            .iter()
            .copied()
            .filter(|link| self.world.gate(*link) != Gate::Open)
            .collect();
        self.world.set_gates(&closed, Gate::Open);
        self.announce_links(announcement, &closed);
    }

    fn announce_links(&mut self, announcement: &str, links: &[Pair]) {
        let between = link_text::describe(links, &self.scenario.nodes);
        if !between.is_empty() {
            self.announce(&format!("{announcement} {between}"));
        }
    }

    /// The links between different groups, both ways. Nodes outside all groups form one more group.
    fn across(&self, groups: &[Who]) -> Result<Vec<Pair>, Halt> {
        let topology = self.world.cluster().topology();
        let mut nodes = Vec::new();
        for who in groups {
            nodes.push(self.who(*who)?);
        }
        let named = |node: &NodeId| nodes.iter().flatten().any(|named| named == node);
        let rest = topology.nodes().filter(|node| !named(node)).collect();
        nodes.push(rest);
        let mut links = Vec::new();
        for (place, group) in nodes.iter().enumerate() {
            for other in &nodes[place + 1..] {
                links.extend(topology.between(group, other));
            }
        }
        Ok(links)
    }
}

/// The links from each source to each target.
pub(super) fn joined(links: Links) -> Vec<Pair> {
    let pairs = links
        .from
        .iter()
        .flat_map(|from| links.to.iter().map(move |to| (from, to)));
    let exists = |(from, to): &Pair| match (from, to) {
        (Endpoint::Client(_), Endpoint::Client(_)) => false,
        (from, to) => from != to,
    };
    pairs.filter(exists).collect()
}

/// All links with a selected node at either end.
fn every(topology: Topology, meant: impl Fn(NodeId) -> bool) -> Vec<Pair> {
    let node = |end: &Endpoint| matches!(end, Endpoint::Node(node) if meant(*node));
    let links = [topology.node_links(), topology.client_links()].concat();
    let links = links.into_iter();
    links.filter(|(from, to)| node(from) || node(to)).collect()
}
