//! Carries out the scripts of phases: steps that are done one after the other, each for as long as
//! it takes, in as many threads as a script asks for.
//!
//! A thread is a stack of lists of steps. It runs until it has to wait, and is planned again for the
//! time at which it looks next; so a script takes part in the director's agenda like everything
//! else that is planned.

use std::collections::BTreeMap;

use checks::{Checks, Meter, Violation};
use rand_chacha::ChaCha8Rng;
use scenario::{
    ACTION_LIMIT, Asked, Budget, If, Own, Parallel, ParallelEnds, Repeat, Statement, What,
};
use simulator::{NodeId, Span, Time};

use super::committed::CommittedLog;
use super::draws::{Draw, count_within, hits, within};
use super::propose::{Offered, Pending};
use super::{Director, Item};
use crate::convert::{span, spans};
use crate::spectator::Watching;
use crate::unmet::{Missed, Unmet};
use crate::verdict::Stop;
use crate::world::KvWorld;

/// How often a script looks whether what it waits for is so.
const LOOK: Span = Span(10_000_000);
/// How long an `await` waits that does not say.
const PATIENCE: Span = Span(5_000_000_000);
/// So many characters of a step are shown in messages.
const SHOWN: usize = 160;

/// How the script of the present phase stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Program<'s> {
    pub(super) threads: Vec<Thread<'s>>,
    /// The nodes that have names.
    pub(super) names: BTreeMap<&'s str, Vec<NodeId>>,
    /// One stream for the draws of each step that ever drew.
    streams: BTreeMap<usize, ChaCha8Rng>,
    /// The operations that later steps may ask about.
    pub(super) offers: Vec<Offered>,
    /// Those that have names.
    pub(super) named: BTreeMap<&'s str, Vec<usize>>,
    /// How many operations were offered in the whole run.
    pub(super) clients: u32,
    /// What nodes have sent so far.
    pub(super) meter: Meter,
    /// What is committed.
    pub(super) committed: CommittedLog,
    /// How many steps were done at this time.
    pace: (Time, u32),
    failure: Option<Failure>,
}

/// Why a script cannot go on.
#[derive(Clone, Debug)]
struct Failure {
    unmet: Unmet,
    /// Whether it waited for something in vain.
    late: bool,
}

/// Steps that are done one after the other.
#[derive(Clone, Debug)]
pub(super) struct Thread<'s> {
    pub(super) frames: Vec<Frame<'s>>,
    pub(super) busy: Busy<'s>,
    /// The step under way.
    at: Option<&'s Statement>,
    parent: Option<usize>,
    over: bool,
}

/// A list of steps, and how far it is done.
#[derive(Clone, Debug)]
pub(super) struct Frame<'s> {
    steps: &'s [Statement],
    pub(super) next: usize,
    pub(super) end: End<'s>,
}

/// What happens when a list is done.
#[derive(Clone, Debug)]
pub(super) enum End<'s> {
    /// The steps around it go on.
    Over,
    /// It begins again so many times.
    Again(u32),
    /// It begins again until then.
    Until(Time),
    /// It begins again.
    Forever,
    /// What was sent since then is compared with what it may be.
    Count(&'s Statement, &'s Budget<Statement>, Meter),
}

/// What a thread waits for.
#[derive(Clone, Debug)]
pub(super) enum Busy<'s> {
    Free,
    /// Its time.
    Waiting,
    /// An operation.
    One(Pending<'s>),
    /// Something to be so.
    Asking(&'s Asked, Time),
    /// Other threads.
    Joining(Vec<usize>, ParallelEnds),
    /// What it did last to be counted.
    Counting,
}

/// How a thread goes on.
pub(super) enum Flow {
    /// With its next step.
    On,
    /// At this time.
    At(Time),
    /// When it is woken.
    Sleep,
    /// Not at all.
    Over,
}

impl<'s> Thread<'s> {
    fn new(steps: &'s [Statement], parent: Option<usize>) -> Self {
        Self {
            frames: vec![Frame {
                steps,
                next: 0,
                end: End::Over,
            }],
            busy: Busy::Free,
            at: None,
            parent,
            over: false,
        }
    }
}

impl<'s> Director<'s> {
    /// Begins the script of the phase that begins, if it has one.
    pub(super) fn begin_script(&mut self, now: Time) {
        let script = &self.scenario.phases()[self.phase].script;
        self.program = Program {
            clients: self.program.clients,
            committed: std::mem::take(&mut self.program.committed),
            ..Program::default()
        };
        if !script.is_empty() {
            self.program.threads.push(Thread::new(script, None));
            self.wake(0, now);
        }
    }

    /// Whether the present phase has a script that is not done.
    pub(super) fn is_scripted(&self) -> bool {
        self.program.threads.first().is_some_and(|main| !main.over)
    }

    /// Whether the next act is a step of a script.
    fn script_is_next(&self) -> bool {
        let next = self.agenda.peek();
        next.is_some_and(|next| matches!(self.items.get(&next.0.1), Some(Item::Thread { .. })))
    }

    /// Learns what only the checks know, before the next act.
    pub(crate) fn learn(&mut self, checks: &Checks) {
        if self.script_is_next() {
            self.program.meter = checks.meter();
            self.program.committed.learn(checks.committed());
            let open = self.program.offers.iter_mut();
            open.for_each(|offered| offered.learn(checks.history()));
        }
    }

    /// What ended the script before its time, if something did.
    pub(crate) fn take_failure(&mut self) -> Option<Stop> {
        let Failure { unmet, late } = self.program.failure.take()?;
        Some(if late {
            Stop::Late(unmet)
        } else {
            Stop::Unmet(unmet)
        })
    }

    /// The phase ends: a script that is not done has failed.
    pub(crate) fn overdue(&mut self, world: &KvWorld) -> Option<Stop> {
        if !self.is_scripted() {
            return None;
        }
        let waits =
            |thread: &&Thread<'_>| !thread.over && !matches!(thread.busy, Busy::Joining(..));
        let hangs = self.program.threads.iter().find(waits);
        if let Some(step) = hangs.and_then(|thread| thread.at) {
            let lasts = self.phase().lasts;
            let lack = format!("the script is not done when the phase has lasted {lasts}");
            self.fail(step, true, lack, world);
        }
        self.take_failure()
    }

    fn wake(&mut self, thread: usize, time: Time) {
        let phase = self.phase;
        self.plan(time, Item::Thread { phase, thread });
    }

    /// Notes why the script cannot go on.
    pub(super) fn fail(&mut self, step: &Statement, late: bool, lack: String, world: &KvWorld) {
        let phase = &self.phase().name;
        let unmet = Unmet {
            missed: Missed::script(phase, &step.place.path),
            time: world.now(),
            event: world.cluster().last_event().0,
            facts: [
                format!("phase {phase}, {}: {}", step.place, shown(step)),
                lack,
            ],
            step: None,
        };
        self.program.failure.get_or_insert(Failure { unmet, late });
    }

    /// Runs a thread until it has to wait.
    pub(super) fn run_thread(
        &mut self,
        thread: usize,
        world: &mut KvWorld,
        observer: &mut Watching<'_>,
    ) -> Result<(), Box<Violation>> {
        while !self.program.threads[thread].over && self.program.failure.is_none() {
            match self.advance(thread, world, observer)? {
                Flow::On => {}
                Flow::At(time) => {
                    self.wake(thread, time);
                    return Ok(());
                }
                Flow::Sleep => return Ok(()),
                Flow::Over => self.ends(thread, world.now()),
            }
        }
        Ok(())
    }

    /// One step of a thread, or one look at what it waits for.
    fn advance(
        &mut self,
        thread: usize,
        world: &mut KvWorld,
        observer: &mut Watching<'_>,
    ) -> Result<Flow, Box<Violation>> {
        let now = world.now();
        let busy = std::mem::replace(&mut self.program.threads[thread].busy, Busy::Free);
        let at = self.program.threads[thread].at;
        match (busy, at) {
            (Busy::One(pending), Some(step)) => {
                self.look_at(thread, step, pending, world, observer)
            }
            (Busy::Asking(asked, deadline), Some(step)) => {
                Ok(self.look(thread, step, asked, deadline, world))
            }
            (Busy::Joining(..), _) | (Busy::Waiting, _) => Ok(Flow::On),
            (Busy::Counting, _) => Ok(self.counted(thread, world)),
            (Busy::One(_) | Busy::Asking(..) | Busy::Free, _) => {
                let threads = &mut self.program.threads;
                let Some(frame) = threads[thread].frames.last_mut() else {
                    return Ok(Flow::Over);
                };
                let Some(step) = frame.steps.get(frame.next) else {
                    return Ok(self.list_ends(thread, now));
                };
                frame.next += 1;
                threads[thread].at = Some(step);
                if self.is_restless(now) {
                    let lack =
                        format!("more than {ACTION_LIMIT} steps at one moment: no end is in sight");
                    self.fail(step, false, lack, world);
                    return Ok(Flow::On);
                }
                self.step(thread, step, world, observer)
            }
        }
    }

    fn is_restless(&mut self, now: Time) -> bool {
        let pace = &mut self.program.pace;
        if pace.0 != now {
            *pace = (now, 0);
        }
        pace.1 += 1;
        pace.1 > ACTION_LIMIT
    }

    /// The list on top of a thread's stack is done.
    fn list_ends(&mut self, thread: usize, now: Time) -> Flow {
        let frames = &mut self.program.threads[thread].frames;
        let Some(frame) = frames.last_mut() else {
            return Flow::Over;
        };
        let again = match &mut frame.end {
            End::Over => false,
            End::Again(left) => {
                *left -= 1;
                *left > 0
            }
            End::Until(time) => now < *time,
            End::Forever => true,
            End::Count(..) => {
                // What was sent at this moment is known at the next act.
                self.program.threads[thread].busy = Busy::Counting;
                return Flow::At(now);
            }
        };
        if again {
            frame.next = 0;
        } else {
            frames.pop();
        }
        Flow::On
    }

    /// A thread is done: whoever waits for it goes on.
    fn ends(&mut self, thread: usize, now: Time) {
        let threads = &mut self.program.threads;
        threads[thread].over = true;
        let Some(parent) = threads[thread].parent else {
            return;
        };
        let Busy::Joining(children, until) = &threads[parent].busy else {
            return;
        };
        let over = match until {
            ParallelEnds::All => children.iter().all(|child| threads[*child].over),
            ParallelEnds::First => children.first() == Some(&thread),
        };
        if over {
            for child in children.clone() {
                self.abandon(child);
            }
            self.wake(parent, now);
        }
    }

    /// Stops a thread and all that it waits for.
    fn abandon(&mut self, thread: usize) {
        self.program.threads[thread].over = true;
        if let Busy::Joining(children, _) = self.program.threads[thread].busy.clone() {
            children.into_iter().for_each(|child| self.abandon(child));
        }
    }

    fn step(
        &mut self,
        thread: usize,
        step: &'s Statement,
        world: &mut KvWorld,
        observer: &mut Watching<'_>,
    ) -> Result<Flow, Box<Violation>> {
        if let Some(say) = &step.say {
            self.announce(|| say.clone());
        }
        let own = match &step.what {
            What::Act(action) => {
                let action = self.possible(action, world);
                let draw = self.draw(step);
                self.carry_out(&action, draw, world, observer)?;
                return Ok(Flow::On);
            }
            What::Own(own) => own,
        };
        let now = world.now();
        match own {
            Own::Wait(range) => {
                let lasts = within(self.draw(step).every, spans(*range));
                self.program.threads[thread].busy = Busy::Waiting;
                return Ok(Flow::At(now.after(lasts)));
            }
            Own::Connect(who) => {
                let nodes = self.meant(step, who, world);
                self.connect(&nodes, world);
            }
            Own::Let(names) => self.name(step, names, world),
            Own::Start(start) => self.start(step, start, world, observer)?,
            Own::One(one) => {
                let pending = self.begin_one(one, now);
                return self.look_at(thread, step, pending, world, observer);
            }
            Own::Await(asked) => {
                let deadline = now.after(asked.within.map_or(PATIENCE, span));
                return Ok(self.look(thread, step, asked, deadline, world));
            }
            Own::Check(asked) => {
                if let Some(lack) = self.lacks(step, asked, world) {
                    self.fail(step, false, lack, world);
                }
            }
            Own::Repeat(repeat) => self.repeat(thread, step, repeat, now),
            Own::If(choice) => self.choose(thread, step, choice, world),
            Own::Parallel(parallel) => return Ok(self.fork(thread, parallel, now)),
            Own::Budget(budget) => {
                self.count(thread, step, budget);
                // What was sent at this moment so far is known at the next act.
                self.program.threads[thread].busy = Busy::Counting;
                return Ok(Flow::At(now));
            }
        }
        Ok(Flow::On)
    }

    /// One look at what is waited for.
    fn look(
        &mut self,
        thread: usize,
        step: &'s Statement,
        asked: &'s Asked,
        deadline: Time,
        world: &KvWorld,
    ) -> Flow {
        let now = world.now();
        let Some(lack) = self.lacks(step, asked, world) else {
            return Flow::On;
        };
        if now >= deadline {
            if !asked.optional {
                self.fail(step, true, lack, world);
            }
            return Flow::On;
        }
        self.program.threads[thread].busy = Busy::Asking(asked, deadline);
        Flow::At(now.after(LOOK).min(deadline))
    }

    pub(super) fn push(&mut self, thread: usize, steps: &'s [Statement], end: End<'s>) {
        let next = 0;
        let frames = &mut self.program.threads[thread].frames;
        frames.push(Frame { steps, next, end });
    }

    fn repeat(
        &mut self,
        thread: usize,
        step: &'s Statement,
        repeat: &'s Repeat<Statement>,
        now: Time,
    ) {
        let drawn = repeat.drawn.map(|range| {
            let word = self.draw(step).every;
            count_within(word, range.low(), range.high())
        });
        let end = match (repeat.times.or(drawn), repeat.lasts) {
            (Some(0), _) => return,
            (Some(times), _) => End::Again(times),
            (None, Some(lasts)) => End::Until(now.after(span(lasts))),
            (None, None) => End::Forever,
        };
        self.push(thread, &repeat.steps, end);
    }

    fn choose(
        &mut self,
        thread: usize,
        step: &'s Statement,
        choice: &'s If<Statement>,
        world: &KvWorld,
    ) {
        let word = self.draw(step).chance;
        let is = choice.chance.is_none_or(|chance| hits(word, chance))
            && choice.holds.is_none_or(|holds| self.holds(holds, world))
            && choice
                .named
                .as_ref()
                .is_none_or(|named| !self.named_nodes(named).is_empty())
            && choice
                .same
                .as_ref()
                .is_none_or(|same| self.meant_by(same, word, world).len() == 1);
        let steps = if is { &choice.then } else { &choice.otherwise };
        if let Some(steps) = steps {
            self.push(thread, steps, End::Over);
        }
    }

    fn fork(&mut self, thread: usize, parallel: &'s Parallel<Statement>, now: Time) -> Flow {
        let first = self.program.threads.len();
        for steps in &parallel.scripts {
            let child = self.program.threads.len();
            self.program.threads.push(Thread::new(steps, Some(thread)));
            self.wake(child, now);
        }
        let children = (first..self.program.threads.len()).collect();
        self.program.threads[thread].busy = Busy::Joining(children, parallel.until);
        Flow::Sleep
    }

    /// What chance has in store for a step this time.
    pub(super) fn draw(&mut self, step: &Statement) -> Draw {
        let (scenario, phase) = (self.scenario, &self.phase().name);
        let stream = self.program.streams.entry(step.number);
        let path = || format!("phases/{phase}/{}", step.place.path);
        Draw::next(stream.or_insert_with(|| scenario.stream(&path())))
    }
}

/// A step as it is written, but not all of a long one.
fn shown(step: &Statement) -> String {
    let text = serde_json::to_string(&step.what).expect("a step is always JSON");
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
