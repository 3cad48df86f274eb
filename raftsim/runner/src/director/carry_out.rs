//! The effects of steps and faults on the world, and their ends.

use checks::Violation;
use scenario::{
    Action, ClockChange, Condition, DiskFault, NetworkChange, Partition, Route, Selector,
};
use simulator::{Endpoint, FaultKind, NodeId, Pair, Rate, Span};

use super::draws::{Draw, within};
use super::operate::Slow;
use super::undo::{Undo, is_down, is_up};
use super::{Director, targets};
use crate::convert::{quality, rate, spans, unsynced};
use crate::spectator::Watching;
use crate::world::KvWorld;

impl Director<'_> {
    /// Carries out an action. Returns the action's end, if it has one.
    pub(super) fn carry_out(
        &mut self,
        action: &Action,
        draw: Draw,
        world: &mut KvWorld,
        observer: &mut Watching<'_>,
    ) -> Result<Option<Undo>, Box<Violation>> {
        match action {
            Action::Crash(who) => self.crash(who, draw, world, observer).map(Some),
            Action::Pause(who) => {
                let up = self.who(who, draw, world, is_up);
                world.ledger_mut().schedule(FaultKind::Pause);
                for id in &up {
                    world.pause(*id, observer)?;
                }
                Ok(Some(Undo::Resume(up)))
            }
            Action::Restart(who) => {
                let down = self.who(who, draw, world, is_down);
                self.undo(Undo::Restart(down), world, observer)
                    .map(|()| None)
            }
            Action::Resume(who) => {
                let paused = self.who(who, draw, world, |world, id| world.cluster().is_paused(id));
                self.undo(Undo::Resume(paused), world, observer)
                    .map(|()| None)
            }
            Action::Recover(who) => {
                let cut = self.cut_off();
                let ailing = self.who(who, draw, world, |world, id| {
                    !is_up(world, id) || cut.contains(&id)
                });
                self.announce_nodes("recover", &ailing);
                self.recover(&ailing, world, observer).map(|()| None)
            }
            Action::Clock(change) => self.clock(change, draw, world, observer).map(Some),
            Action::Disk(fault) => Ok(self.disk(fault, draw, world)),
            Action::Transfer(_)
            | Action::Campaign(_)
            | Action::StepDown(_)
            | Action::Apply(_)
            | Action::Snapshot(_)
            | Action::Compact(_)
            | Action::RequestSnapshot(_)
            | Action::Bootstrap(_)
            | Action::ForceNewCluster(_) => self.operate(action, draw, world, observer),
            Action::AddServer(_)
            | Action::AddWitness(_)
            | Action::Promote(_)
            | Action::Demote(_)
            | Action::RemoveServer(_)
            | Action::Replace(_)
            | Action::Members(_)
            | Action::LeaveJoint(_)
            | Action::Join(_) => self
                .change_members(action, draw, world, observer)
                .map(|()| None),
            _ => Ok(self.rewire(action, draw, world)),
        }
    }

    /// Changes links. This makes no node step, so no observer can object.
    fn rewire(&mut self, action: &Action, draw: Draw, world: &mut KvWorld) -> Option<Undo> {
        let topology = world.cluster().topology();
        let all: Vec<_> = topology.nodes().collect();
        match action {
            Action::Isolate(who) => {
                let nodes = self.who(who, draw, world, is_up);
                let links = topology.between(&nodes, &all);
                self.isolated.extend(nodes);
                Some(self.cut_links(links, FaultKind::Cut, world))
            }
            Action::Partition(partition) => {
                let links = self.links_between_groups(partition, draw, world);
                Some(self.cut_links(links, FaultKind::Cut, world))
            }
            Action::Cut(route) => {
                let links = self.links_of(route, draw, world);
                let both = links.iter().all(|(from, to)| links.contains(&(*to, *from)));
                let kind = if both {
                    FaultKind::Cut
                } else {
                    FaultKind::OneWayCut
                };
                Some(self.cut_links(links, kind, world))
            }
            Action::Hold(route) => {
                let links = self.links_of(route, draw, world);
                self.announce_links("hold", &links);
                world.ledger_mut().schedule(FaultKind::Hold);
                world.hold(&links);
                Some(Undo::Release(links))
            }
            Action::Release(route) => {
                let links = self.links_of(route, draw, world);
                self.announce_links("release", &links);
                world.release(&links);
                None
            }
            Action::Heal(Selector::All) => {
                self.announce(|| "heal all links".to_owned());
                self.heal_links(&topology.node_links(), world);
                None
            }
            Action::Heal(who) => {
                let nodes = self.who(who, draw, world, |_, _| true);
                self.announce_nodes("heal all links of", &nodes);
                self.heal_links(&topology.between(&nodes, &all), world);
                None
            }
            Action::Link(change) => {
                let route = Route {
                    from: change.from.clone(),
                    to: change.to.clone(),
                };
                let links = self.links_of(&route, draw, world);
                self.announce_links("change", &links);
                self.overlay(&links, &change.change(), world);
                Some(Undo::Links(links))
            }
            Action::Network(change) => {
                let links = topology.node_links();
                self.announce_links("change", &links);
                self.overlay(&links, change, world);
                Some(Undo::Links(links))
            }
            _ => unreachable!("actions that step a node are carried out elsewhere"),
        }
    }

    /// The links from each group of a partition to all others.
    fn links_between_groups(
        &self,
        partition: &Partition,
        draw: Draw,
        world: &KvWorld,
    ) -> Vec<Pair> {
        let groups = targets::groups(self.scenario, world.cluster(), partition, draw.who);
        let mut placed = groups.groups.iter().flatten();
        assert!(
            !placed.any(|id| Some(*id) == groups.bridge),
            "the bridge stands in no group"
        );
        let topology = world.cluster().topology();
        let mut links = Vec::new();
        for (place, group) in groups.groups.iter().enumerate() {
            for other in &groups.groups[place + 1..] {
                links.extend(topology.between(group, other));
            }
        }
        links
    }

    pub(super) fn undo(
        &mut self,
        undo: Undo,
        world: &mut KvWorld,
        observer: &mut Watching<'_>,
    ) -> Result<(), Box<Violation>> {
        match undo {
            Undo::Restart(nodes) => {
                for id in nodes {
                    world.ledger_mut().schedule(FaultKind::Restart);
                    world.restart(id, observer)?;
                }
            }
            Undo::Resume(nodes) => {
                for id in nodes {
                    world.resume(id, observer)?;
                    if self.slow.get(&id) == Some(&Slow::Over) {
                        self.apply_as_usual(&[id], world, observer)?;
                    }
                }
            }
            Undo::Heal(cut, links) => {
                let healed: Vec<_> = links
                    .into_iter()
                    .filter(|link| self.uncut(*link, cut))
                    .collect();
                self.announce_links("heal", &healed);
                world.heal(&healed);
                self.forget_connected();
            }
            Undo::Release(links) => {
                self.announce_links("release", &links);
                world.release(&links);
            }
            Undo::Links(links) => {
                self.announce_links("as usual again:", &links);
                self.standing_links(&links, world);
            }
            Undo::Clock(nodes) => {
                for id in nodes {
                    let rate = self.standing_rate(id);
                    if world.cluster().clock(id).rate() != rate {
                        world.set_clock(id, rate, Span(0), observer)?;
                    }
                }
            }
            Undo::Disk(nodes) => {
                self.announce_nodes("as usual again: disk of", &nodes);
                nodes.into_iter().for_each(|id| world.restore_disk(id));
            }
            Undo::Apply(nodes) => self.apply_as_usual(&nodes, world, observer)?,
        }
        Ok(())
    }

    fn crash(
        &self,
        who: &Selector,
        draw: Draw,
        world: &mut KvWorld,
        observer: &mut Watching<'_>,
    ) -> Result<Undo, Box<Violation>> {
        let up = self.who(who, draw, world, |world, id| !is_down(world, id));
        world.ledger_mut().schedule(FaultKind::Crash);
        let phase = self.phase().disk.as_ref().and_then(|disk| disk.on_crash);
        let fate = unsynced(phase.unwrap_or(self.scenario.disk.on_crash));
        for id in &up {
            world.crash(*id, fate, observer)?;
        }
        Ok(Undo::Restart(up))
    }

    fn clock(
        &self,
        change: &ClockChange,
        draw: Draw,
        world: &mut KvWorld,
        observer: &mut Watching<'_>,
    ) -> Result<Undo, Box<Violation>> {
        let nodes = self.who(&change.node, draw, world, |_, _| true);
        let jump = change
            .jump
            .map_or(Span(0), |jump| within(draw.jump, spans(jump)));
        for id in &nodes {
            let now = world.cluster().clock(*id).rate();
            let rate = change.rate.map_or(now, rate);
            if rate != now {
                world.ledger_mut().schedule(FaultKind::ClockRate);
            }
            if jump > Span(0) {
                world.ledger_mut().schedule(FaultKind::ClockJump);
            }
            world.set_clock(*id, rate, jump, observer)?;
        }
        Ok(Undo::Clock(nodes))
    }

    fn disk(&mut self, fault: &DiskFault, draw: Draw, world: &mut KvWorld) -> Option<Undo> {
        let nodes = self.who(&fault.node, draw, world, |_, _| true);
        match fault.stall {
            Some(true) => self.announce_nodes("stall the disk of", &nodes),
            _ => self.announce_nodes("change the disk of", &nodes),
        }
        for id in &nodes {
            if fault.stall == Some(false) {
                world.restore_disk(*id);
            }
            if let Some(sync) = fault.sync {
                world.ledger_mut().schedule(FaultKind::DiskSlow);
                world.slow_disk(*id, spans(sync));
            }
            if fault.stall == Some(true) {
                world.ledger_mut().schedule(FaultKind::DiskStall);
                world.stall_disk(*id);
            }
        }
        Some(Undo::Disk(nodes))
    }

    fn recover(
        &mut self,
        nodes: &[NodeId],
        world: &mut KvWorld,
        observer: &mut Watching<'_>,
    ) -> Result<(), Box<Violation>> {
        let topology = world.cluster().topology();
        let all: Vec<_> = topology.nodes().collect();
        self.heal_links(&topology.between(nodes, &all), world);
        nodes.iter().for_each(|id| world.restore_disk(*id));
        self.undo(Undo::Clock(nodes.to_vec()), world, observer)?;
        self.undo(Undo::Resume(nodes.to_vec()), world, observer)?;
        let slow = nodes
            .iter()
            .copied()
            .filter(|id| self.slow.contains_key(id));
        let slow: Vec<_> = slow.collect();
        self.apply_as_usual(&slow, world, observer)?;
        let down: Vec<_> = nodes
            .iter()
            .copied()
            .filter(|id| is_down(world, *id))
            .collect();
        self.undo(Undo::Restart(down), world, observer)
    }

    /// Ends every fault, because a calm phase begins.
    pub(super) fn heal_all(
        &mut self,
        world: &mut KvWorld,
        observer: &mut Watching<'_>,
    ) -> Result<(), Box<Violation>> {
        let all: Vec<_> = world.cluster().nodes().collect();
        self.announce(|| "heal everything".to_owned());
        self.recover(&all, world, observer)
    }

    /// Sets the state of links, disks and clients for the phase that begins.
    pub(super) fn set_the_stage(&mut self, world: &mut KvWorld) {
        let (scenario, phase) = (self.scenario, self.phase());
        let topology = world.cluster().topology();
        self.standing_links(&topology.node_links(), world);
        let clients = match &phase.client_network {
            Some(change) => scenario.client_network.with(change),
            None => scenario.client_network.clone(),
        };
        schedule_quality(&clients, world);
        world.set_links(&topology.client_links(), quality(&clients));
        let sync = phase
            .disk
            .as_ref()
            .and_then(|disk| disk.sync)
            .unwrap_or(scenario.disk.sync);
        for id in topology.nodes() {
            world.set_disk(id, spans(sync));
        }
        if phase.clients {
            world.start_clients();
        } else {
            world.stop_clients();
        }
    }

    /// Sets the clocks that run at another rate.
    pub(super) fn set_clocks(
        &mut self,
        world: &mut KvWorld,
        observer: &mut Watching<'_>,
    ) -> Result<(), Box<Violation>> {
        let all: Vec<_> = world.cluster().nodes().collect();
        for id in &all {
            if self.standing_rate(*id) != Rate::REAL {
                world.ledger_mut().schedule(FaultKind::ClockRate);
            }
        }
        self.undo(Undo::Clock(all), world, observer)
    }

    /// Gives links the quality that the scenario and its phase specify, and ends changes by faults.
    fn standing_links(&self, links: &[Pair], world: &mut KvWorld) {
        let nothing = NetworkChange::default();
        self.overlay(links, &nothing, world);
    }

    fn overlay(&self, links: &[Pair], change: &NetworkChange, world: &mut KvWorld) {
        let scenario = self.scenario;
        let mut network = scenario.network.clone();
        if let Some(phase) = &self.phase().network {
            network = network.with(phase);
        }
        // Links without a rule of their own are set together, so that they are one fault of the
        // ledger.
        let mut plain = Vec::new();
        for link in links {
            let mut own = network.clone();
            for rule in &scenario.links {
                let route = Route {
                    from: rule.from.clone(),
                    to: rule.to.clone(),
                };
                if self.static_links(&route, world).contains(link) {
                    own = own.with(&rule.change());
                }
            }
            if own == network {
                plain.push(*link);
                continue;
            }
            let own = own.with(change);
            schedule_quality(&own, world);
            world.set_links(&[*link], quality(&own));
        }
        if !plain.is_empty() {
            let network = network.with(change);
            schedule_quality(&network, world);
            world.set_links(&plain, quality(&network));
        }
    }

    fn static_links(&self, route: &Route, world: &KvWorld) -> Vec<Pair> {
        let cluster = world.cluster();
        let ends = |end| targets::nodes(self.scenario, cluster, end, &|_| true, 0);
        cluster
            .topology()
            .one_way(&ends(&route.from), &ends(&route.to))
    }

    fn links_of(&self, route: &Route, draw: Draw, world: &KvWorld) -> Vec<Pair> {
        let from = self.who(&route.from, draw, world, |_, _| true);
        // The drawn receiver differs from the drawn sender.
        let to = Draw {
            who: draw.who.rotate_left(23),
            ..draw
        };
        let to = self.who(&route.to, to, world, |_, id| !from.contains(&id));
        world.cluster().topology().one_way(&from, &to)
    }

    pub(super) fn who(
        &self,
        selector: &Selector,
        draw: Draw,
        world: &KvWorld,
        fit: impl Fn(&KvWorld, NodeId) -> bool,
    ) -> Vec<NodeId> {
        targets::nodes(
            self.scenario,
            world.cluster(),
            selector,
            &|id| fit(world, id),
            draw.who,
        )
    }

    fn cut_links(&mut self, links: Vec<Pair>, kind: FaultKind, world: &mut KvWorld) -> Undo {
        self.announce_links("cut", &links);
        world.ledger_mut().schedule(kind);
        self.planned += 1;
        for link in &links {
            self.cuts.entry(*link).or_default().push(self.planned);
        }
        world.cut(&links);
        Undo::Heal(self.planned, links)
    }

    /// Ends this cut of a link, unless the link was already healed. Returns whether no cut is left.
    fn uncut(&mut self, link: Pair, cut: u64) -> bool {
        let Some(cuts) = self.cuts.get_mut(&link) else {
            return false;
        };
        cuts.retain(|other| *other != cut);
        let last = cuts.is_empty();
        if last {
            self.cuts.remove(&link);
        }
        last
    }

    fn heal_links(&mut self, links: &[Pair], world: &mut KvWorld) {
        for link in links {
            self.cuts.remove(link);
        }
        self.forget_connected();
        world.heal(links);
        world.release(links);
        self.standing_links(links, world);
    }

    /// A node is no longer isolated if one of its links is not cut.
    fn forget_connected(&mut self) {
        let (cuts, links) = (&self.cuts, 2 * (self.scenario.nodes.len() - 1));
        self.isolated.retain(|id| {
            let own = |end: &Endpoint| *end == Endpoint::Node(*id);
            let cut = cuts.keys().filter(|(from, to)| own(from) || own(to));
            cut.count() == links
        });
    }

    /// Whether a condition holds now.
    pub(super) fn holds(&self, condition: Condition, world: &KvWorld) -> bool {
        let (cuts, isolated) = (self.cuts.len() as u64, self.isolated.len() as u64);
        targets::holds(condition, world.cluster(), cuts, isolated)
    }

    /// Nodes at either end of a cut link.
    fn cut_off(&self) -> Vec<NodeId> {
        let ends = self.cuts.keys().flat_map(|(from, to)| [*from, *to]);
        let nodes = ends.filter_map(|end| match end {
            simulator::Endpoint::Node(id) => Some(id),
            simulator::Endpoint::Client(_) => None,
        });
        nodes.collect()
    }

    pub(crate) fn standing_rate(&self, id: NodeId) -> Rate {
        let name = &self.scenario.nodes[id.0 as usize];
        let named = |selector: &Selector| match selector {
            Selector::Nodes(names) => names.contains(name),
            _ => true,
        };
        let last = self
            .scenario
            .clocks
            .iter()
            .rev()
            .find(|clock| named(&clock.node));
        last.map_or(Rate::REAL, |clock| rate(clock.rate))
    }
}

fn schedule_quality(network: &scenario::Network, world: &mut KvWorld) {
    let kinds = [
        (network.drop.num() > 0, FaultKind::Loss),
        (network.duplicate.num() > 0, FaultKind::Duplicate),
        (network.reorder.chance.num() > 0, FaultKind::Reorder),
    ];
    for (_, kind) in kinds.into_iter().filter(|(on, _)| *on) {
        world.ledger_mut().schedule(kind);
    }
}
