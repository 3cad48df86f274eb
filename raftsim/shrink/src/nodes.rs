//! Fewer nodes and clients, and plain names for those that stay.

use simulator::{ClientId, Endpoint, NodeId};

use super::case::Case;
use super::moves::Deed;
use super::search::Hunt;

/// A cluster of fewer nodes shows little of what people know as Raft.
const FEWEST: u32 = 3;

/// Takes nodes out of the cluster, one or two at a time. What a node did is left out or done by
/// another one.
pub(super) fn fewer_nodes(hunt: &mut Hunt<'_>) {
    while hunt.best.world.nodes > FEWEST {
        let one =
            |hunt: &mut Hunt<'_>| instead(hunt).any(|(gone, by)| attempt(hunt, &[(gone, by)]));
        let two = |hunt: &mut Hunt<'_>| {
            hunt.best.world.nodes >= FEWEST + 2
                && instead(hunt).any(|first| {
                    instead(hunt).any(|second| {
                        first.0 < second.0
                            && first.1 != Some(second.0)
                            && second.1 != Some(first.0)
                            && attempt(hunt, &[first, second])
                    })
                })
        };
        if !one(hunt) && !two(hunt) {
            return;
        }
    }
}

/// A node that goes, and the one that does instead what it did.
type Gone = (NodeId, Option<NodeId>);

fn instead(hunt: &Hunt<'_>) -> impl Iterator<Item = Gone> + use<> {
    let nodes = hunt.best.world.nodes;
    (0..nodes).flat_map(move |gone| {
        let others = (0..nodes).filter(move |other| *other != gone);
        std::iter::once(None)
            .chain(others.map(|other| Some(NodeId(other))))
            .map(move |by| (NodeId(gone), by))
    })
}

fn attempt(hunt: &mut Hunt<'_>, gone: &[Gone]) -> bool {
    let is_gone = |node: NodeId| gone.iter().find(|(other, _)| *other == node);
    let closed = |node: NodeId| {
        let before = gone.iter().filter(|(other, _)| *other < node).count();
        NodeId(node.0 - u32::try_from(before).expect("at most all nodes are gone"))
    };
    let heir = |node: NodeId| match is_gone(node) {
        Some((_, Some(by))) => closed(*by),
        _ => closed(node),
    };
    let mut candidate = hunt.best.with(|_, made| {
        !gone
            .iter()
            .any(|(node, by)| by.is_none() && made.deed.concerns(*node))
    });
    candidate.world.nodes = closed(NodeId(candidate.world.nodes)).0;
    renumber(&mut candidate, heir, |client| client);
    // What a node said to its heir is not said at all.
    candidate.moves.retain(|made| {
        made.deed
            .letter()
            .is_none_or(|letter| letter.from != letter.to)
    });
    hunt.attempt(candidate)
}

/// Takes clients out, or lets the first one do what they did.
pub(super) fn fewer_clients(hunt: &mut Hunt<'_>) {
    let mut place = 0;
    while place < hunt.best.world.clients {
        let gone = ClientId(place);
        let closed = |client: ClientId| ClientId(client.0 - u32::from(client.0 > gone.0));
        let mut without = hunt.best.with(|_, made| made.deed.client() != Some(gone));
        without.world.clients -= 1;
        renumber(&mut without, |node| node, closed);
        if hunt.attempt(without) {
            continue;
        }
        place += 1;
        if gone.0 > 0 {
            let mut merged = hunt.best.clone();
            merged.world.clients -= 1;
            let first = |client| {
                if client == gone {
                    ClientId(0)
                } else {
                    closed(client)
                }
            };
            renumber(&mut merged, |node| node, first);
            if hunt.attempt(merged) {
                place -= 1;
            }
        }
    }
}

/// Numbers nodes in the order in which they appear: first those that do something by themselves.
pub(super) fn in_order(hunt: &mut Hunt<'_>) {
    let mut order: Vec<NodeId> = Vec::new();
    let mut meet = |node: NodeId| {
        if !order.contains(&node) {
            order.push(node);
        }
    };
    for made in &hunt.best.moves {
        match &made.deed {
            Deed::Deliver(letter) | Deed::Drop(letter) | Deed::Duplicate(letter) => {
                for end in [letter.from, letter.to] {
                    if let Endpoint::Node(node) = end {
                        meet(node);
                    }
                }
            }
            Deed::Timeout(node)
            | Deed::Written { node, .. }
            | Deed::Disk { node, .. }
            | Deed::Crash { node, .. }
            | Deed::Restart(node)
            | Deed::Pause(node)
            | Deed::Resume(node)
            | Deed::Clock { node, .. }
            | Deed::Call { to: node, .. }
            | Deed::Retry { to: node, .. }
            | Deed::Operator { node, .. } => meet(*node),
            Deed::GiveUp(_) => {}
        }
    }
    (0..hunt.best.world.nodes).map(NodeId).for_each(meet);
    let place = |node: NodeId| {
        let place = order.iter().position(|known| *known == node);
        let place = place.expect("every node of the world was met");
        NodeId(u32::try_from(place).expect("a world has few nodes"))
    };
    let mut candidate = hunt.best.clone();
    renumber(&mut candidate, place, |client| client);
    if candidate != hunt.best {
        hunt.attempt(candidate);
    }
}

fn renumber(
    case: &mut Case,
    node: impl Fn(NodeId) -> NodeId,
    client: impl Fn(ClientId) -> ClientId,
) {
    for made in &mut case.moves {
        made.deed.renumber(&node, &client);
    }
    let founders = case.world.founders;
    case.world.founders = founders.renumbered(&node, case.world.nodes);
}
