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
mod says;
mod tape;
mod words;

use kv::Duties;
use raft_core::Rules;
use simulator::NodeId;

use crate::bugs::{Bug, Planted};
use crate::check::Broken;
use crate::format::Resolved;
use crate::run::{Outcome, Verdict, run_cast};
use crate::server::Server;

use case::{Case, World};
use hunt::Hunt;
use replay::Replayer;
use tape::Tape;

/// How much work may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The most replays.
    pub replays: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { replays: 5_000 }
    }
}

/// What a failing run came down to.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// What does not hold, in the run and in its small form.
    pub broken: Broken,
    /// The actions of the run, up to the violation.
    pub actions: u64,
    /// The moves that are left of them.
    pub moves: u64,
    /// The replays it took.
    pub replays: u64,
}

/// A run that breaks no property, and what became of it instead.
#[derive(Clone, Debug)]
pub struct NotFailing(pub Box<Outcome>);

/// Makes a failing run as small as the budget allows. The servers have this bug, or none.
///
/// # Errors
/// When the run breaks no property.
///
/// # Panics
/// When the tool itself is broken; never because of the scenario or of what runs in it.
pub fn shrink(scenario: &Resolved, bug: Option<Bug>, budget: Budget) -> Result<Shrunk, NotFailing> {
    let Some(bug) = bug else {
        return shrink_cast(scenario, |_| (raft_core::Standard, kv::Standard), budget);
    };
    let mut scenario = scenario.clone();
    bug.prepare(&mut scenario);
    let cast = |node: NodeId| {
        let planted = Planted { bug, node: node.0 };
        (planted, planted)
    };
    shrink_cast(&scenario, cast, budget)
}

/// As [`shrink`], with servers whose rules and duties `cast` gives.
///
/// # Errors
/// As [`shrink`].
///
/// # Panics
/// As [`shrink`].
pub fn shrink_cast<R, D, C>(
    scenario: &Resolved,
    cast: C,
    budget: Budget,
) -> Result<Shrunk, NotFailing>
where
    R: Rules + Clone,
    D: Duties,
    C: Fn(NodeId) -> (R, D),
{
    let mut tape: Tape<Server<R, D>> = Tape {
        actions: Vec::new(),
    };
    let outcome = run_cast(scenario, &cast, &mut tape);
    let broken = match &outcome.verdict {
        Verdict::Safety(violation) => violation.broken,
        _ => return Err(NotFailing(Box::new(outcome))),
    };
    let replayer = Replayer::new(scenario, cast);
    let whole = recorded(scenario, &tape, &replayer, broken);
    let mut fails = |case: &Case| {
        let played = replayer.play(case);
        (played.broken == Some(broken)).then_some(played.moves)
    };
    let mut hunt = Hunt::new(whole, budget.replays, &mut fails);
    passes::minimise(&mut hunt);
    Ok(Shrunk {
        broken,
        actions: tape.actions.len() as u64,
        moves: hunt.best.moves.len() as u64,
        replays: hunt.runs,
    })
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
