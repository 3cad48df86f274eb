//! Makes one run smaller: records it, reduces the moves, and writes them as a scenario.

use checks::Broken;
use runner::plant;
use runner::stepped::{self, Insist, Played};
use runner::{Outcome, Spectator, Unobserved, run_variant};
use scenario::{Course, Resolved};
use sut::bugs::Bug;
use sut::{Server, Variant};

use super::capture::{self, Capture};
use super::case::{Case, World};
use super::macro_steps::{Line, MacroSteps};
use super::narrate::{self, Narrator};
use super::replay::Replayer;
use super::search::Reducer;
use super::timed::{self, Search};
use super::types::{Budget, Failure, NotFailing, Shrunk, Watch};
use super::{passes, result, script};

/// One of this many replays is kept for macro steps.
const SHARE: u64 = 10;

/// A scenario to make smaller, and the servers that it runs on.
pub(super) struct Job<'s> {
    pub(super) scenario: &'s Resolved,
    pub(super) variant: Variant,
    /// Whether a stepped scenario fails where a step fails.
    pub(super) insist: Insist,
    pub(super) bug: Option<Bug>,
    pub(super) budget: Budget,
    /// Tells whether correct servers pass a scenario, if the caller knows correct servers.
    pub(super) passes: Option<&'s dyn Fn(&Resolved) -> bool>,
}

impl Job<'_> {
    pub(super) fn shrink(&self, watch: Watch<'_>) -> Result<Shrunk, NotFailing> {
        let mut capture: Capture<Server> = Capture::new();
        let outcome = self.run(self.scenario, &mut capture);
        let mut shrunk = match (Failure::of(&outcome), &self.scenario.course) {
            (Some(Failure::Broken(broken)), _) => self.moves(capture, broken, watch),
            (Some(failure), Course::Timed(_)) => self.timed(&outcome, failure, watch),
            _ => return Err(NotFailing(Box::new(outcome))),
        };
        shrunk.passes = self.passes.map(|passes| passes(&shrunk.scenario));
        result::describe(&mut shrunk, self.scenario);
        Ok(shrunk)
    }

    fn run(&self, scenario: &Resolved, observer: &mut dyn Spectator) -> Outcome {
        match scenario.script() {
            Some(script) => {
                stepped::play(scenario, script, &self.variant, self.insist, observer).outcome
            }
            None => run_variant(scenario, &self.variant, observer),
        }
    }

    /// A broken property: removes actions of the run.
    fn moves(&self, mut capture: Capture<Server>, broken: Broken, watch: Watch<'_>) -> Shrunk {
        if broken != Broken::CoreAssertion {
            capture.tried = None;
        }
        let (scenario, budget) = (self.scenario, self.budget.replays);
        let replayer = Replayer::new(scenario, self.variant.clone());
        let whole = recorded(scenario, &capture, &replayer);
        let mut fails = |case: &Case| {
            let played = replayer.play(case);
            (played.broken == Some(broken)).then_some(played.moves)
        };
        let mut reducer = Reducer::new(whole, budget - budget / SHARE, &mut *watch, &mut fails);
        passes::minimise(&mut reducer);
        let (best, runs) = (reducer.best, reducer.runs);
        let lines = script::lines(&replayer, &best);
        let moves = lines.len() as u64;
        let mut macro_steps = MacroSteps {
            runs,
            budget,
            watch,
            reached: &mut |lines| self.reached(&best, lines, broken),
        };
        let lines = macro_steps.compress(lines);
        let replays = macro_steps.runs;
        let lines = self.narrated(&best, lines, broken);
        Shrunk {
            failure: Failure::Broken(broken),
            bug: self.bug,
            actions: capture.actions.len() as u64,
            moves,
            steps: lines.len() as u64,
            replays,
            scenario: result::stepped(scenario, &best, &lines),
            passes: None,
        }
    }

    /// Plays a script.
    fn play(&self, case: &Case, lines: &[Line], observer: &mut dyn Spectator) -> Played {
        let small = result::stepped(self.scenario, case, lines);
        let script = small.script().expect("it is made of steps");
        stepped::play(&small, script, &self.variant, Insist::No, observer)
    }

    /// How many steps the script needs, if it breaks this property and does each of them. A step that
    /// fails would say something that did not happen.
    fn reached(&self, case: &Case, lines: &[Line], broken: Broken) -> Option<usize> {
        let played = self.play(case, lines, &mut Unobserved);
        let same = Failure::of(&played.outcome) == Some(Failure::Broken(broken));
        let asserted = usize::from(broken == Broken::CoreAssertion);
        (same && played.done.iter().all(|done| *done)).then_some(played.done.len() + asserted)
    }

    /// The steps with sentences that say what they did.
    fn narrated(&self, case: &Case, mut lines: Vec<Line>, broken: Broken) -> Vec<Line> {
        let mut narrator = Narrator::new(case.world.nodes as usize);
        let played = self.play(case, &narrate::numbered(&lines), &mut narrator);
        assert_eq!(
            Failure::of(&played.outcome),
            Some(Failure::Broken(broken)),
            "the small form of {}, seed {}, fails as the run does",
            self.scenario.name,
            self.scenario.seed
        );
        narrator.narrate(&mut lines, &self.scenario.nodes);
        lines
    }

    /// A failure that needs time: makes the scenario itself smaller.
    fn timed(&self, outcome: &Outcome, failure: Failure, watch: Watch<'_>) -> Shrunk {
        let mut search = Search {
            best: self.scenario.clone(),
            runs: 0,
            budget: self.budget.replays,
            watch,
            fails: &mut |small| {
                let mut small = small.clone();
                if let Some(bug) = self.bug {
                    plant::prepare(bug, &mut small);
                }
                let outcome = run_variant(&small, &self.variant, &mut Unobserved);
                Failure::of(&outcome).as_ref() == Some(&failure)
            },
            passes: self.passes,
        };
        search.minimise();
        let (scenario, replays) = (search.best, search.runs);
        Shrunk {
            failure,
            bug: self.bug,
            actions: outcome.events,
            moves: 0,
            steps: timed::faults(&scenario),
            replays,
            scenario,
            passes: None,
        }
    }
}

/// The whole run as moves.
fn recorded(scenario: &Resolved, capture: &Capture<Server>, replayer: &Replayer<'_>) -> Case {
    let world = World {
        nodes: u32::try_from(scenario.nodes.len()).expect("a scenario has at most nine nodes"),
        founders: scenario.founders(),
        clients: scenario.clients.count,
        raft: scenario.raft.clone(),
        timed: true,
    };
    let moves = capture::moves(capture, &mut replayer.world(&world));
    Case { world, moves }
}
