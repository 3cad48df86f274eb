//! Carries out the scripts of phases. Steps run one after the other, each for as long as it takes,
//! in as many threads as a script requests.
//!
//! A thread is a stack of lists of steps. It runs until it has to wait, and is then planned again
//! for the time of its next look. So a script uses the director's agenda like all other planned
//! acts.

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

/// The time between two looks of a script at an awaited condition.
const POLL_INTERVAL: Span = Span(10_000_000);
/// The time limit of an `await` without its own limit.
const DEFAULT_AWAIT_TIMEOUT: Span = Span(5_000_000_000);
/// The number of characters of a step that messages show.
const MAX_SHOWN_CHARS: usize = 160;

/// The state of the present phase's script.
#[derive(Clone, Debug, Default)]
pub(super) struct Program<'s> {
    pub(super) threads: Vec<Thread<'s>>,
    /// The nodes with given names.
    pub(super) names: BTreeMap<&'s str, Vec<NodeId>>,
    /// One random stream for each step that ever drew.
    streams: BTreeMap<usize, ChaCha8Rng>,
    /// The operations that later steps may ask about.
    pub(super) offers: Vec<Offered>,
    /// The positions of the named operations.
    pub(super) named: BTreeMap<&'s str, Vec<usize>>,
    /// The number of operations that were proposed in the whole run.
    pub(super) clients: u32,
    /// Counts of the messages that nodes have sent so far.
    pub(super) meter: Meter,
    /// The committed entries.
    pub(super) committed: CommittedLog,
    /// The number of steps done at this time.
    pace: (Time, u32),
    failure: Option<Failure>,
}

/// The reason why a script cannot continue.
#[derive(Clone, Debug)]
struct Failure {
    unmet: Unmet,
    /// Whether a wait timed out.
    late: bool,
}

/// A sequence of steps.
#[derive(Clone, Debug)]
pub(super) struct Thread<'s> {
    pub(super) frames: Vec<Frame<'s>>,
    pub(super) busy: Busy<'s>,
    /// The current step.
    at: Option<&'s Statement>,
    parent: Option<usize>,
    over: bool,
}

/// A list of steps, and the position in it.
#[derive(Clone, Debug)]
pub(super) struct Frame<'s> {
    steps: &'s [Statement],
    pub(super) next: usize,
    pub(super) end: End<'s>,
}

/// The continuation after the end of a list.
#[derive(Clone, Debug)]
pub(super) enum End<'s> {
    /// The steps around it continue.
    Over,
    /// It repeats this number of times.
    Again(u32),
    /// It repeats until this time.
    Until(Time),
    /// It repeats forever.
    Forever,
    /// The messages sent since then are compared with the budget.
    Count(&'s Statement, &'s Budget<Statement>, Meter),
}

/// The event that a thread waits for.
#[derive(Clone, Debug)]
pub(super) enum Busy<'s> {
    Free,
    /// Its planned time.
    Waiting,
    /// An operation.
    One(Pending<'s>),
    /// A condition.
    Asking(&'s Asked, Time),
    /// Other threads.
    Joining(Vec<usize>, ParallelEnds),
    /// The count of its last messages.
    Counting,
}

/// The continuation of a thread.
pub(super) enum Flow {
    /// It continues with its next step.
    On,
    /// It continues at this time.
    At(Time),
    /// It continues when another thread wakes it.
    Sleep,
    /// It does not continue.
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
    /// Begins the script of the new phase, if it has one.
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

    /// Whether the present phase has an unfinished script.
    pub(super) fn is_scripted(&self) -> bool {
        self.program.threads.first().is_some_and(|main| !main.over)
    }

    /// Whether the next act is a step of a script.
    fn script_is_next(&self) -> bool {
        let next = self.agenda.peek();
        next.is_some_and(|next| matches!(self.items.get(&next.0.1), Some(Item::Thread { .. })))
    }

    /// Takes information that only the checks have, before the next act.
    pub(crate) fn learn(&mut self, checks: &Checks) {
        if self.script_is_next() {
            self.program.meter = checks.meter();
            self.program.committed.learn(checks.committed());
            let open = self.program.offers.iter_mut();
            open.for_each(|offered| offered.learn(checks.history()));
        }
    }

    /// Returns the reason why the script stopped early, if it did.
    pub(crate) fn take_failure(&mut self) -> Option<Stop> {
        let Failure { unmet, late } = self.program.failure.take()?;
        Some(if late {
            Stop::Late(unmet)
        } else {
            Stop::Unmet(unmet)
        })
    }

    /// The phase ends. An unfinished script has then failed.
    pub(crate) fn overdue(&mut self, world: &KvWorld) -> Option<Stop> {
        if !self.is_scripted() {
            return None;
        }
        let waits =
            |thread: &&Thread<'_>| !thread.over && !matches!(thread.busy, Busy::Joining(..));
        let hangs = self.program.threads.iter().find(waits);
        if let Some(step) = hangs.and_then(|thread| thread.at) {
            let lasts = self.phase().lasts;
            let missing = format!("the script is not done when the phase has lasted {lasts}");
            self.fail(step, true, missing, world);
        }
        self.take_failure()
    }

    fn wake(&mut self, thread: usize, time: Time) {
        let phase = self.phase;
        self.plan(time, Item::Thread { phase, thread });
    }

    /// Stores the reason why the script cannot continue.
    pub(super) fn fail(&mut self, step: &Statement, late: bool, missing: String, world: &KvWorld) {
        let phase = &self.phase().name;
        let unmet = Unmet {
            missed: Missed::script(phase, &step.place.path),
            time: world.now(),
            event: world.cluster().last_event().0,
            facts: [
                format!("phase {phase}, {}: {}", step.place, shown(step)),
                missing,
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

    /// Runs one step of a thread, or checks once on the event that it waits for.
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
                    let missing =
                        format!("more than {ACTION_LIMIT} steps at one moment: no end is in sight");
                    self.fail(step, false, missing, world);
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

    /// Handles the end of the list on top of a thread's stack.
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
                // The messages sent at this moment are counted at the next act.
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

    /// Ends a thread. Threads that wait for it continue.
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

    /// Stops a thread and all threads that it waits for.
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
                let deadline = now.after(asked.within.map_or(DEFAULT_AWAIT_TIMEOUT, span));
                return Ok(self.look(thread, step, asked, deadline, world));
            }
            Own::Check(asked) => {
                if let Some(missing) = self.missing(step, asked, world) {
                    self.fail(step, false, missing, world);
                }
            }
            Own::Repeat(repeat) => self.repeat(thread, step, repeat, now),
            Own::If(choice) => self.choose(thread, step, choice, world),
            Own::Parallel(parallel) => return Ok(self.fork(thread, parallel, now)),
            Own::Budget(budget) => {
                self.count(thread, step, budget);
                // The messages sent at this moment so far are counted at the next act.
                self.program.threads[thread].busy = Busy::Counting;
                return Ok(Flow::At(now));
            }
        }
        Ok(Flow::On)
    }

    /// Checks once on the event that a thread waits for.
    fn look(
        &mut self,
        thread: usize,
        step: &'s Statement,
        asked: &'s Asked,
        deadline: Time,
        world: &KvWorld,
    ) -> Flow {
        let now = world.now();
        let Some(missing) = self.missing(step, asked, world) else {
            return Flow::On;
        };
        if now >= deadline {
            if !asked.optional {
                self.fail(step, true, missing, world);
            }
            return Flow::On;
        }
        self.program.threads[thread].busy = Busy::Asking(asked, deadline);
        Flow::At(now.after(POLL_INTERVAL).min(deadline))
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

    /// Draws the random words of a step for this time.
    pub(super) fn draw(&mut self, step: &Statement) -> Draw {
        let (scenario, phase) = (self.scenario, &self.phase().name);
        let stream = self.program.streams.entry(step.number);
        let path = || format!("phases/{phase}/{}", step.place.path);
        Draw::next(stream.or_insert_with(|| scenario.stream(&path())))
    }
}

/// The text of a step. A long text is cut off.
fn shown(step: &Statement) -> String {
    let text = serde_json::to_string(&step.what).expect("a step is always JSON");
    match text.char_indices().nth(MAX_SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
