//! Failures that need time: an unmet expectation or an exceeded limit. A list of actions cannot show
//! them, so the search makes the scenario itself smaller: fewer phases, faults, steps and clients, then
//! plain parameters. A small change shifts every later draw of a run, so each candidate is tried with
//! several seeds.

use scenario::{
    Action, Clients, Course, Disk, DurationRange, Eventually, Fault, Nanos, Network, Operator,
    Overrides, Phase, Raft, Ratio, Resolved, Step, parse,
};

use super::types::{Progress, Watch};

/// A candidate is tried with this many seeds besides the one that failed last.
const SEEDS: u64 = 20;

/// Makes scenarios smaller.
pub(super) struct Search<'f> {
    pub(super) best: Resolved,
    /// The runs so far, those of correct servers included, and their limit.
    pub(super) runs: u64,
    pub(super) budget: u64,
    pub(super) watch: Watch<'f>,
    /// Whether a scenario still shows the failure.
    pub(super) fails: &'f mut dyn FnMut(&Resolved) -> bool,
    /// Whether correct servers pass it, if the caller knows correct servers. Without them the search must
    /// keep everything that gives servers a chance, because no servers could pass the scenario without it.
    pub(super) passes: Option<&'f dyn Fn(&Resolved) -> bool>,
}

/// The number of faults and steps in a scenario.
pub(super) fn faults(scenario: &Resolved) -> u64 {
    let phases = scenario.phases().iter();
    let strikes = phases.map(|phase| phase.faults.len() + phase.steps.len());
    strikes.sum::<usize>() as u64
}

impl Search<'_> {
    /// Makes the scenario as small as the budget allows.
    pub(super) fn minimise(&mut self) {
        self.tighter();
        loop {
            let before = self.best.clone();
            self.fewer();
            self.plainer();
            if self.best == before || self.runs >= self.budget {
                return;
            }
        }
    }

    /// Tries a changed scenario with several seeds, if it is sound. One of them must fail, and correct
    /// servers must pass all of them: that they pass one seed may be luck.
    fn attempt(&mut self, change: impl FnOnce(&mut Resolved)) -> bool {
        let mut candidate = self.best.clone();
        change(&mut candidate);
        wait_for_something(&mut candidate);
        if candidate == self.best || !is_sound(&candidate) {
            return false;
        }
        let others = (1..=SEEDS).filter(|seed| *seed != self.best.seed);
        let seeds: Vec<_> = std::iter::once(self.best.seed).chain(others).collect();
        let found = seeds.iter().find(|seed| {
            candidate.seed = **seed;
            self.run() && (self.fails)(&candidate)
        });
        let Some(found) = found.copied() else {
            return false;
        };
        if !self.is_fair(&mut candidate, &seeds) {
            return false;
        }
        candidate.seed = found;
        self.best = candidate;
        true
    }

    /// Whether correct servers pass all of these seeds; the last one that was tried comes first.
    fn is_fair(&mut self, candidate: &mut Resolved, seeds: &[u64]) -> bool {
        let Some(passes) = self.passes else {
            return true;
        };
        let found = candidate.seed;
        let others = seeds.iter().copied().filter(|seed| *seed != found);
        std::iter::once(found).chain(others).all(|seed| {
            candidate.seed = seed;
            self.run() && passes(candidate)
        })
    }

    /// Counts one more run, unless the budget is used up.
    fn run(&mut self) -> bool {
        if self.runs >= self.budget {
            return false;
        }
        self.runs += 1;
        let seen = Progress {
            replays: self.runs,
            left: self.best.phases().len() as u64 + faults(&self.best),
        };
        if (self.watch)(seen).is_break() {
            self.budget = self.runs;
            return false;
        }
        true
    }

    /// Whether correct servers tell a scenario that shows the failure from one that no servers can pass.
    fn is_judged(&self) -> bool {
        self.passes.is_some()
    }

    /// Lowers the limit of events while the run exceeds it and correct servers keep it: a run without
    /// end takes as long as the limit allows.
    fn tighter(&mut self) {
        let halved = |scenario: &mut Resolved| {
            let limit = scenario.expect.limits.events.as_mut();
            if let Some(limit) = limit.filter(|limit| limit.operator == Operator::AtMost) {
                limit.value = (limit.value / 2).max(1);
            }
        };
        while self.is_judged() && self.attempt(halved) {}
    }

    /// Removes phases, faults, steps, expectations, nodes and clients.
    fn fewer(&mut self) {
        for phase in (0..self.best.phases().len()).rev() {
            if self.is_judged() || !gives_a_chance(&self.best, phase) {
                self.attempt(|scenario| drop(phases(scenario).remove(phase)));
            }
        }
        for phase in 0..phases(&mut self.best).len() {
            self.each(move |scenario| &mut phases(scenario)[phase].faults);
            self.each(move |scenario| &mut phases(scenario)[phase].steps);
        }
        self.each(|scenario| &mut scenario.expect.eventually);
        self.attempt(|scenario| scenario.expect.sometimes.clear());
        while self.best.nodes.len() > 3 && self.attempt(|scenario| drop(scenario.nodes.pop())) {}
        self.attempt(|scenario| scenario.clients.count = 0);
        self.attempt(|scenario| scenario.clients.count = 1);
        while self.attempt(|scenario| scenario.clients.count = scenario.clients.count.div_ceil(2)) {
        }
    }

    /// Gives parameters plain values.
    fn plainer(&mut self) {
        self.attempt(|scenario| scenario.links.clear());
        self.attempt(|scenario| scenario.clocks.clear());
        for which in 0..2 {
            self.attempt(|scenario| *networks(scenario)[which] = calm());
            self.attempt(|scenario| networks(scenario)[which].drop = Ratio::NEVER);
            self.attempt(|scenario| networks(scenario)[which].duplicate = Ratio::NEVER);
            self.attempt(|scenario| networks(scenario)[which].reorder = calm().reorder);
            self.attempt(|scenario| networks(scenario)[which].delay = calm().delay);
        }
        self.attempt(|scenario| {
            scenario.disk = Disk {
                sync: DurationRange::millis(1, 1),
                ..Disk::default()
            };
        });
        if self.is_judged() {
            self.attempt(|scenario| scenario.raft = Raft::default());
        }
        self.attempt(|scenario| {
            scenario.clients = Clients {
                count: scenario.clients.count,
                ..Clients::default()
            };
        });
        self.attempt(|scenario| scenario.clients.keys = 1);
        for phase in 0..phases(&mut self.best).len() {
            self.attempt(|scenario| phases(scenario)[phase].network = None);
            self.attempt(|scenario| phases(scenario)[phase].client_network = None);
            self.attempt(|scenario| phases(scenario)[phase].disk = None);
            if self.is_judged() || !gives_a_chance(&self.best, phase) {
                self.shorter(phase);
            }
        }
    }

    /// Halves a phase as often as possible.
    fn shorter(&mut self, phase: usize) {
        let halved = |scenario: &mut Resolved| {
            let phase = &mut phases(scenario)[phase];
            let half = phase.lasts.get() / 2 / 1_000_000;
            phase.lasts = Nanos::millis(half.max(1));
        };
        while self.attempt(halved) {}
    }

    /// Tries to remove each item of a list, from the back.
    fn each<T: Mends>(&mut self, list: impl Fn(&mut Resolved) -> &mut Vec<T>) {
        for position in (0..list(&mut self.best).len()).rev() {
            if self.is_judged() || !list(&mut self.best)[position].mends() {
                self.attempt(|scenario| drop(list(scenario).remove(position)));
            }
        }
    }
}

/// An item that may be removed.
trait Mends {
    /// Whether it ends a fault: without it servers may have no chance.
    fn mends(&self) -> bool;
}

impl Mends for Step {
    fn mends(&self) -> bool {
        mends(&self.action)
    }
}

impl Mends for Fault {
    fn mends(&self) -> bool {
        mends(&self.action)
    }
}

impl Mends for Eventually {
    fn mends(&self) -> bool {
        false
    }
}

fn mends(action: &Action) -> bool {
    matches!(
        action,
        Action::Restart(_)
            | Action::Recover(_)
            | Action::Resume(_)
            | Action::Release(_)
            | Action::Heal(_)
    )
}

/// Whether a phase ends faults, or there is an expectation of it or of a later one.
fn gives_a_chance(scenario: &Resolved, position: usize) -> bool {
    let expected = |phase: &Phase| {
        let mut wanted = scenario.expect.eventually.iter();
        wanted.any(|wanted| wanted.phase == phase.name)
    };
    let phases = scenario.phases();
    phases[position].heal || phases[position..].iter().any(expected)
}

fn phases(scenario: &mut Resolved) -> &mut Vec<Phase> {
    match &mut scenario.course {
        Course::Timed(phases) => phases,
        Course::Stepped(_) => unreachable!("only timed scenarios are searched"),
    }
}

fn networks(scenario: &mut Resolved) -> [&mut Network; 2] {
    [&mut scenario.network, &mut scenario.client_network]
}

/// A network without loss and with a constant delay.
fn calm() -> Network {
    Network {
        delay: DurationRange::millis(5, 5),
        ..Network::default()
    }
}

/// A phase without expectations cannot wait for one: it lasts its full time.
fn wait_for_something(scenario: &mut Resolved) {
    let wanted = scenario.expect.eventually.clone();
    for phase in phases(scenario) {
        phase.until_met &= wanted.iter().any(|wanted| wanted.phase == phase.name);
    }
}

/// Whether the format's own checks find no mistake.
fn is_sound(scenario: &Resolved) -> bool {
    parse(&scenario.name, &scenario.to_json(), &Overrides::default()).is_ok()
}
