//! The order of the passes: whole groups of moves first, then chunks, then single moves, again and again
//! until no pass helps.

use scenario::{Keep, MessageKind, Verb};
use simulator::{ClientId, NodeId};

use super::case::{Case, World};
use super::message_key::MessageKey;
use super::moves::{Handling, Move, MoveKind, Pick};
use super::search::Reducer;
use super::suffix::replay_suffix;
use super::{nodes, shorten_values};

/// Longer cases are first tried by their suffixes.
const LONG: usize = 64;
/// Pairs of moves are removed in cases up to this size.
const SHORT: usize = 40;

/// Makes the best case as small as the budget allows.
pub(super) fn minimise(reducer: &mut Reducer<'_>) {
    let mut grain = (reducer.best.moves.len() / 8).max(1);
    loop {
        let before = reducer.best.clone();
        if reducer.best.moves.len() > LONG {
            replay_suffix(reducer);
        }
        free_time(reducer);
        settings(reducer);
        groups(reducer);
        episodes(reducer);
        reducer.reduce(grain);
        nodes::fewer_clients(reducer);
        if grain <= 4 {
            fine(reducer);
        }
        if reducer.is_over() || (grain == 1 && reducer.best == before) {
            break;
        }
        grain = grain.min(reducer.best.moves.len() / 8).max(4) / 4;
    }
    nodes::in_order(reducer);
}

/// The passes that pay off only when few moves are left.
fn fine(reducer: &mut Reducer<'_>) {
    nodes::fewer_nodes(reducer);
    completions(reducer);
    later_stalls(reducer);
    picks(reducer);
    crashes(reducer);
    once(reducer);
    directly(reducer);
    shorten_values::shorter(reducer);
    pairs(reducer);
}

/// Lets time pass only where a timer fires.
fn free_time(reducer: &mut Reducer<'_>) {
    if !reducer.best.world.timed {
        return;
    }
    let mut candidate = reducer.best.clone();
    candidate.world.timed = false;
    if reducer.attempt(candidate.clone()) {
        return;
    }
    candidate.world.raft.stickiness = false;
    candidate.world.raft.check_quorum = false;
    reducer.attempt(candidate);
}

/// Switches off the settings that make elections longer, and gives the others their usual values.
fn settings(reducer: &mut Reducer<'_>) {
    let changes: [fn(&mut World); 6] = [
        World::make_plain,
        |world| (world.raft.pre_vote, world.raft.quiescence) = (false, false),
        |world| world.raft.stickiness = false,
        |world| world.raft.check_quorum = false,
        |world| world.raft.priority.clear(),
        World::make_usual,
    ];
    for change in changes {
        let mut candidate = reducer.best.clone();
        change(&mut candidate.world);
        if candidate.world != reducer.best.world {
            reducer.attempt(candidate);
        }
    }
}

/// Removes the moves that a failure seldom needs, kind by kind.
fn groups(reducer: &mut Reducer<'_>) {
    let kinds: [fn(&MoveKind) -> bool; 9] = [
        MoveKind::is_disk,
        |kind| kind.client().is_some(),
        |kind| {
            let reply = |key: MessageKey| key.kind.message == MessageKind::Reply;
            kind.message().is_some_and(|message| reply(message.key))
        },
        |kind| {
            is_step(kind, |verb| {
                matches!(verb, Verb::Retry { .. } | Verb::GiveUp { .. })
            })
        },
        |kind| is_step(kind, |verb| matches!(verb, Verb::Clock { .. })),
        |kind| {
            is_step(kind, |verb| {
                matches!(verb, Verb::Pause(_) | Verb::Resume(_))
            })
        },
        |kind| {
            is_step(kind, |verb| {
                matches!(verb, Verb::Crash { .. } | Verb::Restart(_))
            })
        },
        |kind| matches!(kind, MoveKind::Message(Handling::Duplicate, _)),
        |kind| matches!(kind, MoveKind::Message(Handling::Drop, _)),
    ];
    for goes in kinds {
        reducer.without(|made| goes(&made.kind));
    }
    for client in (0..reducer.best.world.clients).map(ClientId) {
        reducer.without(|made| made.kind.client() == Some(client));
    }
    for node in (0..reducer.best.world.nodes).map(NodeId) {
        reducer.without(|made| made.kind.is_disk() && made.kind.concerns(node));
        reducer.without(|made| made.kind.concerns(node));
    }
}

fn is_step(kind: &MoveKind, is: fn(&Verb) -> bool) -> bool {
    matches!(kind, MoveKind::Step(verb) if is(verb))
}

/// Removes whole terms, many at once, then fewer: the moves from one election to the next mostly belong
/// together.
fn episodes(reducer: &mut Reducer<'_>) {
    let mut size = begins(&reducer.best).len() / 2;
    while size > 0 && !reducer.is_over() {
        let mut end = begins(&reducer.best).len();
        while end > 0 && !reducer.is_over() {
            let starts = begins(&reducer.best);
            let begin = end.saturating_sub(size);
            let all = reducer.best.moves.len();
            let gone = starts[begin]..starts.get(end).copied().unwrap_or(all);
            reducer.attempt(reducer.best.with(|position, _| !gone.contains(&position)));
            end = begin.min(begins(&reducer.best).len());
        }
        size /= 2;
    }
}

/// The moves with the first message of a new term.
fn begins(case: &Case) -> Vec<usize> {
    let mut highest = 0;
    let mut begins = Vec::new();
    for (position, made) in case.moves.iter().enumerate() {
        let key = made.kind.message().map(|message| message.key);
        let Some(term) = key.and_then(|key| key.is_known().then_some(key.term)) else {
            continue;
        };
        if term > highest {
            highest = term;
            begins.push(position);
        }
    }
    begins
}

/// Lets each completion cover all writes of the node.
fn completions(reducer: &mut Reducer<'_>) {
    reducer.change(1, |made| match made.kind {
        MoveKind::Step(Verb::Written { node, .. }) => Some(made.with(Verb::Written {
            node,
            through: None,
        })),
        _ => None,
    });
}

/// Lets disks stall as late as possible, so that fewer completions are moves.
fn later_stalls(reducer: &mut Reducer<'_>) {
    let mut position = 0;
    while position < reducer.best.moves.len() && !reducer.is_over() {
        if stalls(&reducer.best.moves[position]) {
            // Two stalls that only swap their places would do so for ever.
            let passed = reducer.best.moves[position..].iter();
            let nearest = position + passed.take_while(|made| stalls(made)).count();
            for later in (nearest..reducer.best.moves.len()).rev() {
                let mut candidate = reducer.best.clone();
                let stall = candidate.moves.remove(position);
                candidate.moves.insert(later, stall);
                if reducer.attempt(candidate) {
                    break;
                }
            }
        }
        position += 1;
    }
}

fn stalls(made: &Move) -> bool {
    matches!(made.kind, MoveKind::Step(Verb::Disk { stall: true, .. }))
}

/// Names messages by their kind alone: the oldest one, or else the newest one.
fn picks(reducer: &mut Reducer<'_>) {
    let pass = |reducer: &mut Reducer<'_>, from: fn(Pick) -> bool, pick| {
        reducer.change(1, |made| {
            let mut freed = made.clone();
            let message = freed.kind.message_mut()?;
            if !from(message.pick) {
                return None;
            }
            message.pick = pick;
            Some(freed)
        });
    };
    pass(reducer, |pick| pick != Pick::Oldest, Pick::Oldest);
    pass(reducer, |pick| pick == Pick::ByKey, Pick::Newest);
}

/// Lets crashes lose all writes or none.
fn crashes(reducer: &mut Reducer<'_>) {
    for whole in [Keep::NONE, Keep::ALL] {
        reducer.change(1, |made| match made.kind {
            MoveKind::Step(Verb::Crash { who, keep })
                if keep != Keep::NONE && keep != Keep::ALL =>
            {
                Some(made.with(Verb::Crash { who, keep: whole }))
            }
            _ => None,
        });
    }
}

/// Lets a message arrive once, if it need not arrive twice.
fn once(reducer: &mut Reducer<'_>) {
    reducer.change(1, |made| match made.kind {
        MoveKind::Message(Handling::Duplicate, message) => {
            Some(made.with(MoveKind::Message(Handling::Deliver, message)))
        }
        _ => None,
    });
}

/// Lets a client ask the node of its retry in its first attempt.
fn directly(reducer: &mut Reducer<'_>) {
    let mut position = 0;
    while position < reducer.best.moves.len() {
        let MoveKind::Step(Verb::Retry { client, to }) = reducer.best.moves[position].kind else {
            position += 1;
            continue;
        };
        let mut candidate = reducer.best.clone();
        candidate.moves.remove(position);
        let asked = candidate.moves[..position].iter_mut().rev();
        let call = asked
            .map(|made| &mut made.kind)
            .find_map(|kind| match kind {
                MoveKind::Step(Verb::Call(call)) if call.client == client => Some(call),
                _ => None,
            });
        if let Some(call) = call {
            call.to = to;
        }
        if !reducer.attempt(candidate) {
            position += 1;
        }
    }
}

/// Removes pairs of moves: some moves only serve each other.
fn pairs(reducer: &mut Reducer<'_>) {
    let mut first = 0;
    while first < reducer.best.moves.len()
        && reducer.best.moves.len() <= SHORT
        && !reducer.is_over()
    {
        let mut second = first + 1;
        while second < reducer.best.moves.len() {
            let candidate = reducer
                .best
                .with(|position, _| position != first && position != second);
            if !reducer.attempt(candidate) {
                second += 1;
            }
        }
        first += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use simulator::Time;

    use super::*;
    use scenario::Raft;
    use sut::NodeSet;

    #[test]
    fn stalls_that_are_both_needed_do_not_change_places() {
        let stall = |node| Verb::Disk {
            who: NodeId(node).into(),
            stall: true,
        };
        let verbs = [stall(0), stall(1), Verb::Timeout(NodeId(0))];
        let at = Time::START;
        let best = Case {
            world: World {
                nodes: 3,
                founders: NodeSet::first(3).into(),
                clients: 0,
                raft: Raft::default(),
                timed: false,
            },
            moves: verbs
                .map(|verb| Move {
                    at,
                    kind: verb.into(),
                })
                .into(),
        };
        // The case fails while its last move is the timeout.
        let mut fails = |case: &Case| (!stalls(case.moves.last()?)).then_some(case.moves.clone());
        let mut watch = |_| ControlFlow::Continue(());
        let mut reducer = Reducer::new(best.clone(), 100, &mut watch, &mut fails);
        later_stalls(&mut reducer);
        assert_eq!((reducer.best, reducer.runs), (best, 2));
    }
}
