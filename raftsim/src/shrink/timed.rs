//! Failures that need time: something did not come true, or a limit was passed. A list of actions
//! cannot show that, so the scenario itself is made smaller: its phases, faults and steps, its
//! clients, then its parameters towards plain values. A small change shifts every later draw of a
//! run, so each candidate is tried with several seeds.

use super::{Progress, Watch};
use crate::format::{
    Clients, Course, Disk, DurationRange, Eventually, Fault, Nanos, Network, Operator, Overrides,
    Phase, Raft, Ratio, Resolved, parse,
};

/// With so many seeds a candidate is tried besides the one that failed last.
const SEEDS: u64 = 20;

/// What may be done to a run: whether the result still shows the failure, and nothing else.
pub(super) type Fails<'f> = &'f mut dyn FnMut(&Resolved) -> bool;

/// Makes scenarios smaller.
struct Search<'f> {
    best: Resolved,
    runs: u64,
    budget: u64,
    watch: Watch<'f>,
    fails: Fails<'f>,
}

/// How many faults and steps strike in it.
pub(super) fn faults(scenario: &Resolved) -> u64 {
    let phases = scenario.phases().iter();
    let strikes = phases.map(|phase| phase.faults.len() + phase.steps.len());
    strikes.sum::<usize>() as u64
}

/// The smallest scenario found, and how many runs that took.
pub(super) fn minimise(
    scenario: &Resolved,
    budget: u64,
    watch: Watch<'_>,
    fails: Fails<'_>,
) -> (Resolved, u64) {
    let mut search = Search {
        best: scenario.clone(),
        runs: 0,
        budget,
        watch,
        fails,
    };
    search.tighter();
    loop {
        let before = search.best.clone();
        search.fewer();
        search.plainer();
        if search.best == before || search.runs >= budget {
            return (search.best, search.runs);
        }
    }
}

impl Search<'_> {
    /// Tries a changed scenario with several seeds, if it is a scenario at all.
    fn attempt(&mut self, change: impl FnOnce(&mut Resolved)) -> bool {
        let mut candidate = self.best.clone();
        change(&mut candidate);
        wait_for_something(&mut candidate);
        if candidate == self.best || !is_sound(&candidate) {
            return false;
        }
        let seeds = std::iter::once(self.best.seed).chain(1..=SEEDS);
        for seed in seeds {
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
            candidate.seed = seed;
            if (self.fails)(&candidate) {
                self.best = candidate;
                return true;
            }
        }
        false
    }

    /// Lowers the limit of events while it is passed and correct servers keep it: a run that never
    /// rests takes as long as it may.
    fn tighter(&mut self) {
        let halved = |scenario: &mut Resolved| {
            let limit = scenario.expect.limits.events.as_mut();
            if let Some(limit) = limit.filter(|limit| limit.operator == Operator::AtMost) {
                limit.value = (limit.value / 2).max(1);
            }
        };
        while self.attempt(halved) {}
    }

    /// Leaves out phases, faults, steps, expectations, nodes and clients.
    fn fewer(&mut self) {
        self.each(phases, |phases, place| drop(phases.remove(place)));
        for phase in 0..phases(&mut self.best).len() {
            self.each(
                move |scenario| &mut phases(scenario)[phase].faults,
                |faults: &mut Vec<Fault>, place| drop(faults.remove(place)),
            );
            self.each(
                move |scenario| &mut phases(scenario)[phase].steps,
                |steps, place| drop(steps.remove(place)),
            );
        }
        self.each(
            |scenario| &mut scenario.expect.eventually,
            |eventually: &mut Vec<Eventually>, place| drop(eventually.remove(place)),
        );
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
        self.attempt(|scenario| scenario.raft = Raft::default());
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
            while self.attempt(|scenario| {
                let phase = &mut phases(scenario)[phase];
                let half = phase.lasts.get() / 2 / 1_000_000;
                phase.lasts = Nanos::millis(half.max(1));
            }) {}
        }
    }

    /// Tries to leave out each thing of a list, from the back.
    fn each<T>(
        &mut self,
        list: impl Fn(&mut Resolved) -> &mut Vec<T>,
        remove: impl Fn(&mut Vec<T>, usize),
    ) {
        for place in (0..list(&mut self.best).len()).rev() {
            self.attempt(|scenario| remove(list(scenario), place));
        }
    }
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

/// A network that loses nothing and always takes as long.
fn calm() -> Network {
    Network {
        delay: DurationRange::millis(5, 5),
        ..Network::default()
    }
}

/// Phases of which nothing is expected any more last their time.
fn wait_for_something(scenario: &mut Resolved) {
    let wanted = scenario.expect.eventually.clone();
    for phase in phases(scenario) {
        phase.until_met &= wanted.iter().any(|wanted| wanted.phase == phase.name);
    }
}

/// Whether the format's own checks find nothing wrong.
fn is_sound(scenario: &Resolved) -> bool {
    parse(&scenario.name, &scenario.to_json(), &Overrides::default()).is_ok()
}
