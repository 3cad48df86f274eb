//! The order in which a case is made smaller: whole groups of moves first, then chunks, then single
//! moves, over and over until nothing helps.

use simulator::{ClientId, Cut, NodeId};

use super::case::{Case, World};
use super::message_key::Kind;
use super::moves::{Deed, Letter, Move, Pick};
use super::search::Hunt;
use super::suffix::leap;
use super::{nodes, shorten_values};

/// Leaps are for cases longer than this.
const LONG: usize = 64;
/// Moves are removed by two in cases up to this size.
const SHORT: usize = 40;

/// Makes the best case as small as the budget allows.
pub(super) fn minimise(hunt: &mut Hunt<'_>) {
    let mut grain = (hunt.best.moves.len() / 8).max(1);
    loop {
        let before = hunt.best.clone();
        if hunt.best.moves.len() > LONG {
            leap(hunt);
        }
        free_time(hunt);
        settings(hunt);
        groups(hunt);
        episodes(hunt);
        hunt.reduce(grain);
        nodes::fewer_clients(hunt);
        if grain <= 4 {
            fine(hunt);
        }
        if hunt.is_over() || (grain == 1 && hunt.best == before) {
            break;
        }
        grain = grain.min(hunt.best.moves.len() / 8).max(4) / 4;
    }
    nodes::in_order(hunt);
}

/// What pays off only when few moves are left.
fn fine(hunt: &mut Hunt<'_>) {
    nodes::fewer_nodes(hunt);
    completions(hunt);
    later_stalls(hunt);
    picks(hunt);
    crashes(hunt);
    once(hunt);
    directly(hunt);
    shorten_values::shorter(hunt);
    pairs(hunt);
}

/// Lets time stand still but for timers.
fn free_time(hunt: &mut Hunt<'_>) {
    if !hunt.best.world.timed {
        return;
    }
    let mut candidate = hunt.best.clone();
    candidate.world.timed = false;
    if hunt.attempt(candidate.clone()) {
        return;
    }
    candidate.world.raft.stickiness = false;
    candidate.world.raft.check_quorum = false;
    hunt.attempt(candidate);
}

/// Switches off what makes elections longer, and gives the other knobs their usual values.
fn settings(hunt: &mut Hunt<'_>) {
    let changes: [fn(&mut World); 6] = [
        World::make_plain,
        |world| (world.raft.pre_vote, world.raft.quiescence) = (false, false),
        |world| world.raft.stickiness = false,
        |world| world.raft.check_quorum = false,
        |world| world.raft.priority.clear(),
        World::make_usual,
    ];
    for change in changes {
        let mut candidate = hunt.best.clone();
        change(&mut candidate.world);
        if candidate.world != hunt.best.world {
            hunt.attempt(candidate);
        }
    }
}

/// Leaves out whatever a failure seldom needs, kind by kind.
fn groups(hunt: &mut Hunt<'_>) {
    let kinds: [fn(&Deed) -> bool; 9] = [
        Deed::is_disk,
        |deed| deed.client().is_some(),
        |deed| {
            deed.letter()
                .is_some_and(|letter| letter.says.kind == Kind::Reply)
        },
        |deed| matches!(deed, Deed::Retry { .. } | Deed::GiveUp(_)),
        |deed| matches!(deed, Deed::Clock { .. }),
        |deed| matches!(deed, Deed::Pause(_) | Deed::Resume(_)),
        |deed| matches!(deed, Deed::Crash { .. } | Deed::Restart(_)),
        |deed| matches!(deed, Deed::Duplicate(_)),
        |deed| matches!(deed, Deed::Drop(_)),
    ];
    for goes in kinds {
        hunt.without(|made| goes(&made.deed));
    }
    for client in (0..hunt.best.world.clients).map(ClientId) {
        hunt.without(|made| made.deed.client() == Some(client));
    }
    for node in (0..hunt.best.world.nodes).map(NodeId) {
        hunt.without(|made| made.deed.is_disk() && made.deed.concerns(node));
        hunt.without(|made| made.deed.concerns(node));
    }
}

/// Leaves out whole terms, many at once, then fewer: what happens from one election to the next
/// mostly means something by itself.
fn episodes(hunt: &mut Hunt<'_>) {
    let mut size = begins(&hunt.best).len() / 2;
    while size > 0 && !hunt.is_over() {
        let mut end = begins(&hunt.best).len();
        while end > 0 && !hunt.is_over() {
            let starts = begins(&hunt.best);
            let begin = end.saturating_sub(size);
            let all = hunt.best.moves.len();
            let gone = starts[begin]..starts.get(end).copied().unwrap_or(all);
            hunt.attempt(hunt.best.with(|place, _| !gone.contains(&place)));
            end = begin.min(begins(&hunt.best).len());
        }
        size /= 2;
    }
}

/// The moves with which a term is heard of for the first time.
fn begins(case: &Case) -> Vec<usize> {
    let mut highest = 0;
    let mut begins = Vec::new();
    for (place, made) in case.moves.iter().enumerate() {
        let says = made.deed.letter().map(|letter| letter.says);
        let Some(term) = says.and_then(|says| says.is_known().then_some(says.term)) else {
            continue;
        };
        if term > highest {
            highest = term;
            begins.push(place);
        }
    }
    begins
}

/// Lets each completion cover all that the node handed over.
fn completions(hunt: &mut Hunt<'_>) {
    hunt.change(1, |made| match made.deed {
        Deed::Written { node, .. } => Some(made.with(Deed::Written {
            node,
            through: None,
        })),
        _ => None,
    });
}

/// Lets disks stall as late as possible, so that less has to be completed by hand.
fn later_stalls(hunt: &mut Hunt<'_>) {
    let mut place = 0;
    while place < hunt.best.moves.len() && !hunt.is_over() {
        if stalls(&hunt.best.moves[place]) {
            // Stalls that only change places would do so for ever.
            let passed = hunt.best.moves[place..].iter();
            let nearest = place + passed.take_while(|made| stalls(made)).count();
            for later in (nearest..hunt.best.moves.len()).rev() {
                let mut candidate = hunt.best.clone();
                let stall = candidate.moves.remove(place);
                candidate.moves.insert(later, stall);
                if hunt.attempt(candidate) {
                    break;
                }
            }
        }
        place += 1;
    }
}

fn stalls(made: &Move) -> bool {
    matches!(made.deed, Deed::Disk { stall: true, .. })
}

/// Names messages by their kind alone: the oldest one, else the newest one.
fn picks(hunt: &mut Hunt<'_>) {
    let pass = |hunt: &mut Hunt<'_>, from: fn(Pick) -> bool, pick| {
        hunt.change(1, |made| {
            let mut freed = made.clone();
            let letter: &mut Letter = freed.deed.letter_mut()?;
            if !from(letter.pick) {
                return None;
            }
            letter.pick = pick;
            Some(freed)
        });
    };
    pass(hunt, |pick| pick != Pick::Oldest, Pick::Oldest);
    pass(hunt, |pick| pick == Pick::Like, Pick::Newest);
}

/// Lets crashes lose all or nothing.
fn crashes(hunt: &mut Hunt<'_>) {
    for whole in [Cut::LOSE_ALL, Cut::KEEP_ALL] {
        hunt.change(1, |made| match made.deed {
            Deed::Crash { node, cut } if cut != Cut::LOSE_ALL && cut != Cut::KEEP_ALL => {
                Some(made.with(Deed::Crash { node, cut: whole }))
            }
            _ => None,
        });
    }
}

/// Lets a message that need not arrive twice arrive once.
fn once(hunt: &mut Hunt<'_>) {
    hunt.change(1, |made| match made.deed {
        Deed::Duplicate(letter) => Some(made.with(Deed::Deliver(letter))),
        _ => None,
    });
}

/// Lets clients ask at first whom they ask in the end.
fn directly(hunt: &mut Hunt<'_>) {
    let mut place = 0;
    while place < hunt.best.moves.len() {
        let Deed::Retry { client, to } = hunt.best.moves[place].deed else {
            place += 1;
            continue;
        };
        let mut candidate = hunt.best.clone();
        candidate.moves.remove(place);
        let asked = candidate.moves[..place].iter_mut().rev();
        let call = asked
            .map(|made| &mut made.deed)
            .find_map(|deed| match deed {
                Deed::Call { client: by, to, .. } if *by == client => Some(to),
                _ => None,
            });
        if let Some(first) = call {
            *first = to;
        }
        if !hunt.attempt(candidate) {
            place += 1;
        }
    }
}

/// Removes moves by two: some are of use only to each other.
fn pairs(hunt: &mut Hunt<'_>) {
    let mut first = 0;
    while first < hunt.best.moves.len() && hunt.best.moves.len() <= SHORT && !hunt.is_over() {
        let mut second = first + 1;
        while second < hunt.best.moves.len() {
            let candidate = hunt.best.with(|place, _| place != first && place != second);
            if !hunt.attempt(candidate) {
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
        let stall = |node| Deed::Disk {
            node: NodeId(node),
            stall: true,
        };
        let deeds = [stall(0), stall(1), Deed::Timeout(NodeId(0))];
        let at = Time::START;
        let best = Case {
            world: World {
                nodes: 3,
                founders: NodeSet::first(3).into(),
                clients: 0,
                raft: Raft::default(),
                timed: false,
            },
            moves: deeds.map(|deed| Move { at, deed }).into(),
        };
        // Both disks stall before the time is up.
        let mut fails = |case: &Case| (!stalls(case.moves.last()?)).then_some(case.moves.clone());
        let mut watch = |_| ControlFlow::Continue(());
        let mut hunt = Hunt::new(best.clone(), 100, &mut watch, &mut fails);
        later_stalls(&mut hunt);
        assert_eq!((hunt.best, hunt.runs), (best, 2));
    }
}
