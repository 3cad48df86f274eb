//! The director carries out a scenario on a world, phase by phase.
//!
//! It keeps an agenda of its own beside the world's: phases, steps at given times, faults at drawn
//! times and their ends. Each step and each fault draws from a stream named by its path in the
//! file, so that a new step or fault shifts no other draws.

mod announcements;
mod await_until;
mod bind;
mod budget;
mod carry_out;
mod committed;
mod draws;
mod membership;
mod operate;
mod propose;
mod script;
mod targets;
mod triggers;
mod undo;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use checks::Violation;
use rand_chacha::ChaCha8Rng;
use scenario::{Fault, Phase, Resolved, Trigger, When};
use simulator::{NodeId, Pair, Span, Time};

use crate::convert::{span, spans};
use crate::spectator::Watching;
use crate::world::KvWorld;

use announcements::Announcements;
use draws::{Draw, hits, within};
use script::Program;
use undo::Undo;

pub(crate) use triggers::Watch;

/// An entry of the director's agenda.
#[derive(Clone, Debug)]
enum Item {
    Begin(usize),
    Step {
        phase: usize,
        place: usize,
    },
    /// The drawn time of a fault has come. Chance decides whether it strikes.
    Due {
        phase: usize,
        place: usize,
    },
    /// A fault strikes after its drawn wait.
    Strike {
        phase: usize,
        place: usize,
        draw: Draw,
    },
    End(Undo),
    /// A thread of a script continues.
    Thread {
        phase: usize,
        thread: usize,
    },
}

/// Carries out one scenario on one world.
#[derive(Clone, Debug)]
pub(crate) struct Director<'s> {
    scenario: &'s Resolved,
    /// Ordered by time; entries of the same time in the order of planning.
    agenda: BinaryHeap<Reverse<(Time, u64)>>,
    items: BTreeMap<u64, Item>,
    planned: u64,
    phase: usize,
    begins: Vec<Time>,
    /// One stream per fault of the present phase, and one for its steps.
    faults: Vec<ChaCha8Rng>,
    steps: Vec<ChaCha8Rng>,
    /// The cuts of each link. The link heals when the last one ends.
    cuts: BTreeMap<Pair, Vec<u64>>,
    /// The isolated nodes, until they are connected again or one of their links is healed.
    isolated: BTreeSet<NodeId>,
    /// The nodes whose state machines were slowed down.
    slow: BTreeMap<NodeId, operate::Slow>,
    /// The state of the present phase's script.
    program: Program<'s>,
    /// The nodes' names.
    labels: Vec<String>,
    announcements: Announcements,
}

impl<'s> Director<'s> {
    /// A director at the start of a scenario. It builds texts for observers if `announces` is set.
    #[must_use]
    pub(crate) fn new(scenario: &'s Resolved, announces: bool) -> Self {
        let mut begins = Vec::new();
        let mut begin = Time::START;
        for phase in scenario.phases() {
            begins.push(begin);
            begin = begin.after(span(phase.lasts));
        }
        let mut director = Self {
            scenario,
            agenda: BinaryHeap::new(),
            items: BTreeMap::new(),
            planned: 0,
            phase: 0,
            begins,
            faults: Vec::new(),
            steps: Vec::new(),
            cuts: BTreeMap::new(),
            isolated: BTreeSet::new(),
            slow: BTreeMap::new(),
            program: Program::default(),
            labels: scenario.nodes.iter().map(|name| name.0.clone()).collect(),
            announcements: Announcements::new(announces),
        };
        for phase in 0..scenario.phases().len() {
            director.plan(director.begins[phase], Item::Begin(phase));
        }
        director
    }

    /// The time of its next act.
    #[must_use]
    pub(crate) fn next_time(&self) -> Option<Time> {
        self.agenda.peek().map(|Reverse((time, _))| *time)
    }

    /// The phase that begins with its next act, if any.
    #[must_use]
    pub(crate) fn next_phase(&self) -> Option<&'s str> {
        let Reverse((_, number)) = self.agenda.peek()?;
        match self.items.get(number)? {
            Item::Begin(phase) => Some(&self.scenario.phases()[*phase].name),
            _ => None,
        }
    }

    fn plan(&mut self, time: Time, item: Item) {
        self.planned += 1;
        self.agenda.push(Reverse((time, self.planned)));
        self.items.insert(self.planned, item);
    }

    fn phase(&self) -> &'s Phase {
        &self.scenario.phases()[self.phase]
    }

    /// Whether the present phase may end early because its steps are done.
    pub(crate) fn may_end_early(&self) -> bool {
        let mut planned = self.items.values();
        let phase = self.phase();
        let may = phase.until_met || !phase.script.is_empty();
        may && !self.is_scripted() && !planned.any(|item| matches!(item, Item::Step { .. }))
    }

    /// Ends the present phase now. The next phase begins, and all later ones move forward by the
    /// same time. Returns that time.
    pub(crate) fn end_phase(&mut self, now: Time) -> Span {
        let end = self.end_of_phase();
        assert!(now <= end, "a phase that is over cannot end early");
        let saved = Span(end.0 - now.0);
        let earlier = |time: Time| Time(time.0 - saved.0);
        for begin in &mut self.begins[self.phase + 1..] {
            *begin = earlier(*begin);
        }
        let items = &self.items;
        let agenda = std::mem::take(&mut self.agenda).into_iter();
        self.agenda = agenda
            .map(|Reverse((time, number))| match items[&number] {
                Item::Begin(_) => Reverse((earlier(time), number)),
                _ => Reverse((time, number)),
            })
            .collect();
        saved
    }

    fn end_of_phase(&self) -> Time {
        self.begins[self.phase].after(span(self.phase().lasts))
    }

    /// Performs the acts that are due at the world's time.
    ///
    /// # Errors
    /// The observer's objection.
    pub(crate) fn act(
        &mut self,
        world: &mut KvWorld,
        observer: &mut Watching<'_>,
    ) -> Result<(), Box<Violation>> {
        let Some(Reverse((time, number))) = self.agenda.pop() else {
            return Ok(());
        };
        assert!(time == world.now(), "the director acts at the world's time");
        let item = self
            .items
            .remove(&number)
            .expect("each entry of the agenda has its item");
        match item {
            Item::Begin(phase) => self.begin(phase, world, observer),
            Item::Step { phase, place } => {
                assert!(phase == self.phase, "a step happens within its phase");
                let scenario = self.scenario;
                let step = &scenario.phases()[phase].steps[place];
                if let Some(say) = &step.say {
                    self.announce(|| say.clone());
                }
                let draw = Draw::next(&mut self.steps[place]);
                self.carry_out(&step.action, draw, world, observer)
                    .map(|_| ())
            }
            Item::Due { phase, place } => {
                if phase == self.phase {
                    let draw = self.due(place, time);
                    self.consider(place, draw, time);
                }
                Ok(())
            }
            Item::Strike { phase, place, draw } if phase == self.phase => {
                self.strike(place, draw, world, observer)
            }
            Item::Strike { .. } => Ok(()),
            Item::End(undo) => self.undo(undo, world, observer),
            Item::Thread { phase, thread } if phase == self.phase => {
                self.run_thread(thread, world, observer)
            }
            Item::Thread { .. } => Ok(()),
        }
    }

    /// Handles an event that faults may wait for.
    pub(crate) fn notice(&mut self, trigger: Trigger, now: Time) {
        let phase = self.phase();
        for (place, fault) in phase.faults.iter().enumerate() {
            if fault.when == When::On(trigger) {
                let draw = Draw::next(&mut self.faults[place]);
                self.consider(place, draw, now);
            }
        }
    }

    /// Whether any fault of the scenario waits for an event.
    pub(crate) fn waits(&self) -> bool {
        let mut faults = self
            .scenario
            .phases()
            .iter()
            .flat_map(|phase| &phase.faults);
        faults.any(|fault| matches!(fault.when, When::On(_)))
    }

    fn begin(
        &mut self,
        phase: usize,
        world: &mut KvWorld,
        observer: &mut Watching<'_>,
    ) -> Result<(), Box<Violation>> {
        self.phase = phase;
        let scenario = self.scenario;
        let (phase_now, begin) = (self.phase(), self.begins[phase]);
        let name = &phase_now.name;
        self.announce(|| format!("phase {name} begins"));
        let stream =
            |kind: &str, place: usize| scenario.stream(&format!("phases/{name}/{kind}/{place}"));
        self.faults = (0..phase_now.faults.len())
            .map(|place| stream("faults", place))
            .collect();
        self.steps = (0..phase_now.steps.len())
            .map(|place| stream("steps", place))
            .collect();
        if phase_now.heal {
            self.items.retain(|_, item| !matches!(item, Item::End(_)));
            let items = &self.items;
            self.agenda
                .retain(|Reverse((_, number))| items.contains_key(number));
            self.heal_all(world, observer)?;
        }
        self.set_the_stage(world);
        if phase == 0 {
            self.set_clocks(world, observer)?;
        }
        self.begin_script(begin);
        for (place, step) in phase_now.steps.iter().enumerate() {
            self.plan(begin.after(span(step.at)), Item::Step { phase, place });
        }
        for (place, fault) in phase_now.faults.iter().enumerate() {
            if let When::Every(_) = fault.when {
                let draw = Draw::next(&mut self.faults[place]);
                self.plan_due(place, fault, draw, begin);
            }
        }
        Ok(())
    }

    fn plan_due(&mut self, place: usize, fault: &Fault, draw: Draw, now: Time) {
        let When::Every(every) = fault.when else {
            return;
        };
        let next = now.after(within(draw.every, spans(every)));
        if next < self.end_of_phase() {
            self.plan(
                next,
                Item::Due {
                    phase: self.phase,
                    place,
                },
            );
        }
    }

    /// A fault's time has come. Draws its decisions and the time of its next occurrence.
    fn due(&mut self, place: usize, now: Time) -> Draw {
        let draw = Draw::next(&mut self.faults[place]);
        let fault = &self.phase().faults[place];
        self.plan_due(place, fault, draw, now);
        draw
    }

    /// Plans the strike of a fault, if its chance hits.
    fn consider(&mut self, place: usize, draw: Draw, now: Time) {
        let fault = &self.phase().faults[place];
        if !hits(draw.chance, fault.chance) {
            return;
        }
        let strike = now.after(within(draw.after, spans(fault.after)));
        if strike < self.end_of_phase() {
            self.plan(
                strike,
                Item::Strike {
                    phase: self.phase,
                    place,
                    draw,
                },
            );
        }
    }

    fn strike(
        &mut self,
        place: usize,
        draw: Draw,
        world: &mut KvWorld,
        observer: &mut Watching<'_>,
    ) -> Result<(), Box<Violation>> {
        let fault = &self.phase().faults[place];
        let holds = |condition| self.holds(condition, world);
        if fault.unless.is_some_and(holds) || !fault.only_if.is_none_or(holds) {
            return Ok(());
        }
        let undo = self.carry_out(&fault.action, draw, world, observer)?;
        if let (Some(lasts), Some(undo)) = (fault.lasts, undo) {
            let end = world.now().after(within(draw.lasts, spans(lasts)));
            self.plan(end, Item::End(undo));
        }
        Ok(())
    }
}
