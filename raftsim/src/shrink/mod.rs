//! From a failing run to the few moves that it takes.
//!
//! A failing run is recorded as a list of actions, and the list is made smaller as long as the same
//! property fails: the failure is known by the property, never by its text. What makes this work:
//!
//! 1. *Moves instead of actions* (`moves`): a message is named by what it says, not by its place on
//!    its link, so that the rest of a list still means something when a part of it is gone. A move
//!    that is impossible is skipped, and time passes only where a timer fires.
//! 2. *Leaps* (`leap`): the end of a long run in a fresh cluster that has just elected the leader of
//!    that time. One that fails saves hundreds of replays.
//! 3. *Delta debugging* (`hunt`) of groups, chunks, single moves and pairs, between changes that
//!    make a case plainer: settings, completions of disks, fewer nodes and clients, short words
//!    (`passes`).
//!
//! The budget counts replays, not seconds: the same run comes down to the same moves anywhere.

mod case;
mod hunt;
mod leap;
mod moves;
mod nodes;
mod passes;
mod replay;
mod result;
mod say;
mod says;
mod script;
mod sugar;
mod tape;
mod timed;
mod words;

use std::ops::ControlFlow;

use kv::Duties;
use raft_core::Rules;
use simulator::NodeId;

use crate::bugs::{Bug, Planted};
use crate::check::Broken;
use crate::format::{Course, Resolved};
use crate::missed::Missed;
use crate::run::{Outcome, Unobserved, Verdict, run_cast};
use crate::server::Server;

use case::{Case, World};
use hunt::Hunt;
use replay::Replayer;
use sugar::Line;
use tape::Tape;

/// How much work may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The most replays.
    pub replays: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { replays: 20_000 }
    }
}

/// How a run fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A property does not hold.
    Broken(Broken),
    /// This did not come true in time.
    NotLive(Missed),
    /// This limit was passed, or a step found something else than it expects.
    Limit(Missed),
}

impl Failure {
    /// How a run failed, if it did.
    #[must_use]
    pub fn of(outcome: &Outcome) -> Option<Failure> {
        match &outcome.verdict {
            Verdict::Safety(violation) => Some(Failure::Broken(violation.broken)),
            Verdict::Liveness(unmet) => Some(Failure::NotLive(unmet.missed.clone())),
            Verdict::Expectation(unmet) => Some(Failure::Limit(unmet.missed.clone())),
            Verdict::Ok | Verdict::Inconclusive(_) => None,
        }
    }

    /// Its name in reports: the property or the verdict.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Failure::Broken(broken) => broken.name(),
            Failure::NotLive(_) => "liveness",
            Failure::Limit(_) => "expectation",
        }
    }
}

/// What a failing run came down to.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// How the run fails, and its small form.
    pub failure: Failure,
    /// The bug that the servers have.
    pub bug: Option<Bug>,
    /// The small form. A stepped scenario, if a property is broken; else a timed one.
    pub scenario: Resolved,
    /// The actions of the run.
    pub actions: u64,
    /// The moves that are left of them; 0 in a timed scenario.
    pub moves: u64,
    /// The steps of the scenario, and in a timed one its faults.
    pub steps: u64,
    /// The replays it took.
    pub replays: u64,
}

/// How far the work has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Replays so far.
    pub replays: u64,
    /// Moves that are left; of a timed scenario, its phases, faults and steps.
    pub left: u64,
}

/// Hears of every replay, and says whether to go on.
pub type Watch<'w> = &'w mut dyn FnMut(Progress) -> ControlFlow<()>;

/// A run that does not fail, and what became of it instead.
#[derive(Clone, Debug)]
pub struct NotFailing(pub Box<Outcome>);

/// Makes a failing run as small as the budget allows. The servers have this bug, or none.
///
/// # Errors
/// When the run does not fail.
///
/// # Panics
/// When the tool itself is broken; never because of the scenario or of what runs in it.
pub fn shrink(scenario: &Resolved, bug: Option<Bug>, budget: Budget) -> Result<Shrunk, NotFailing> {
    shrink_watched(scenario, bug, budget, &mut |_| ControlFlow::Continue(()))
}

/// As [`shrink`]; where `watch` breaks it off, the result is what was reached until then.
///
/// # Errors
/// As [`shrink`].
///
/// # Panics
/// As [`shrink`].
pub fn shrink_watched(
    scenario: &Resolved,
    bug: Option<Bug>,
    budget: Budget,
    watch: Watch<'_>,
) -> Result<Shrunk, NotFailing> {
    let correct = |_| (raft_core::Standard, kv::Standard);
    let Some(bug) = bug else {
        let job = Job {
            scenario,
            cast: correct,
            bug: None,
            budget,
        };
        return job.shrink(&|_| true, watch);
    };
    let mut prepared = scenario.clone();
    bug.prepare(&mut prepared);
    let cast = |node: NodeId| {
        let planted = Planted { bug, node: node.0 };
        (planted, planted)
    };
    // A world in which correct servers fail, too, shows nothing of the bug.
    let passes = |small: &Resolved| {
        let mut cured = small.clone();
        bug.cure(&mut cured);
        Failure::of(&run_cast(&cured, correct, &mut Unobserved)).is_none()
    };
    let job = Job {
        scenario: &prepared,
        cast,
        bug: Some(bug),
        budget,
    };
    let mut shrunk = job.shrink(&passes, watch)?;
    bug.cure(&mut shrunk.scenario);
    Ok(shrunk)
}

/// As [`shrink`], with servers whose rules and duties `cast` gives.
///
/// # Errors
/// As [`shrink`].
///
/// # Panics
/// As [`shrink`].
pub fn shrink_cast<R, D>(
    scenario: &Resolved,
    cast: impl Fn(NodeId) -> (R, D),
    budget: Budget,
) -> Result<Shrunk, NotFailing>
where
    R: Rules + Clone,
    D: Duties,
{
    let job = Job {
        scenario,
        cast,
        bug: None,
        budget,
    };
    job.shrink(&|_| true, &mut |_| ControlFlow::Continue(()))
}

/// A scenario to make smaller.
struct Job<'s, C> {
    scenario: &'s Resolved,
    cast: C,
    bug: Option<Bug>,
    budget: Budget,
}

impl<C> Job<'_, C> {
    /// `passes` says whether correct servers pass a timed scenario.
    fn shrink<R, D>(
        &self,
        passes: &dyn Fn(&Resolved) -> bool,
        watch: Watch<'_>,
    ) -> Result<Shrunk, NotFailing>
    where
        R: Rules + Clone,
        D: Duties,
        C: Fn(NodeId) -> (R, D),
    {
        let mut tape: Tape<Server<R, D>> = Tape {
            actions: Vec::new(),
        };
        let outcome = run_cast(self.scenario, &self.cast, &mut tape);
        let mut shrunk = match (Failure::of(&outcome), &self.scenario.course) {
            (Some(Failure::Broken(broken)), _) => self.moves(&tape, broken, watch),
            (Some(failure), Course::Timed(_)) => self.timed(&outcome, failure, passes, watch),
            _ => return Err(NotFailing(Box::new(outcome))),
        };
        result::describe(
            &mut shrunk.scenario,
            self.scenario,
            &shrunk.failure,
            self.bug,
        );
        Ok(shrunk)
    }

    /// A broken property: the run's actions are made fewer.
    fn moves<R, D>(&self, tape: &Tape<Server<R, D>>, broken: Broken, watch: Watch<'_>) -> Shrunk
    where
        R: Rules + Clone,
        D: Duties,
        C: Fn(NodeId) -> (R, D),
    {
        let scenario = self.scenario;
        let replayer = Replayer::new(scenario, &self.cast);
        let whole = recorded(scenario, tape, &replayer, broken);
        let mut fails = |case: &Case| {
            let played = replayer.play(case);
            (played.broken == Some(broken)).then_some(played.moves)
        };
        let mut hunt = Hunt::new(whole, self.budget.replays, watch, &mut fails);
        passes::minimise(&mut hunt);
        let (best, mut replays) = (hunt.best, hunt.runs);
        let mut fails = |lines: &[Line]| {
            replays += 1;
            let small = result::stepped(scenario, &best, lines);
            let outcome = run_cast(&small, &self.cast, &mut Unobserved);
            Failure::of(&outcome) == Some(Failure::Broken(broken))
        };
        let lines = script::lines(&replayer, &best, &scenario.nodes);
        let moves = lines.len() as u64;
        let lines = sugar::sweeten(lines, &scenario.nodes, &mut fails);
        assert!(
            fails(&lines),
            "the small form of {}, seed {}, breaks {broken}",
            scenario.name,
            scenario.seed
        );
        Shrunk {
            failure: Failure::Broken(broken),
            bug: self.bug,
            actions: tape.actions.len() as u64,
            moves,
            steps: lines.len() as u64,
            replays,
            scenario: result::stepped(scenario, &best, &lines),
        }
    }

    /// A failure that needs time: the scenario is made smaller.
    fn timed<R, D>(
        &self,
        outcome: &Outcome,
        failure: Failure,
        passes: &dyn Fn(&Resolved) -> bool,
        watch: Watch<'_>,
    ) -> Shrunk
    where
        R: Rules + Clone,
        D: Duties,
        C: Fn(NodeId) -> (R, D),
    {
        let (scenario, replays) =
            timed::minimise(self.scenario, self.budget.replays, watch, &mut |small| {
                let outcome = run_cast(small, &self.cast, &mut Unobserved);
                Failure::of(&outcome).as_ref() == Some(&failure) && passes(small)
            });
        Shrunk {
            failure,
            bug: self.bug,
            actions: outcome.events,
            moves: 0,
            steps: timed::faults(&scenario),
            replays,
            scenario,
        }
    }
}

/// The whole run as moves.
fn recorded<R, D, C>(
    scenario: &Resolved,
    tape: &Tape<Server<R, D>>,
    replayer: &Replayer<'_, C>,
    broken: Broken,
) -> Case
where
    R: Rules + Clone,
    D: Duties,
    C: Fn(NodeId) -> (R, D),
{
    let world = World {
        nodes: u32::try_from(scenario.nodes.len()).expect("a scenario has at most nine nodes"),
        clients: scenario.clients.count,
        raft: scenario.raft.clone(),
        timed: true,
    };
    let mut stepped = replayer.world(&world);
    let moves = tape::moves(&tape.actions, &mut stepped);
    let whole = Case { world, moves };
    let fails = |case: &Case| replayer.play(case).broken == Some(broken);
    if fails(&whole) {
        return whole;
    }
    // An action that broke an assertion was never seen to the end, nor recorded.
    let longer = tape::next(&stepped).into_iter().map(|next| {
        let mut longer = whole.clone();
        longer.moves.push(next);
        longer
    });
    longer
        .into_iter()
        .find(fails)
        .unwrap_or_else(|| panic!("a replay of {} does not show {broken}", scenario.name))
}
