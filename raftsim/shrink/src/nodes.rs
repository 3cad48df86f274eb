//! Fewer nodes and clients, numbered in order.

use simulator::{ClientId, NodeId};

use super::case::Case;
use super::search::Reducer;

/// A smaller cluster shows little of Raft.
const FEWEST: u32 = 3;

/// Removes nodes from the cluster, one or two at a time. The moves of a removed node go, or another
/// node makes them.
pub(super) fn fewer_nodes(reducer: &mut Reducer<'_>) {
    while reducer.best.world.nodes > FEWEST {
        let one = |reducer: &mut Reducer<'_>| {
            instead(reducer).any(|(gone, by)| attempt(reducer, &[(gone, by)]))
        };
        let two = |reducer: &mut Reducer<'_>| {
            reducer.best.world.nodes >= FEWEST + 2
                && instead(reducer).any(|first| {
                    instead(reducer).any(|second| {
                        first.0 < second.0
                            && first.1 != Some(second.0)
                            && second.1 != Some(first.0)
                            && attempt(reducer, &[first, second])
                    })
                })
        };
        if !one(reducer) && !two(reducer) {
            return;
        }
    }
}

/// A removed node, and the node that makes its moves instead.
type Gone = (NodeId, Option<NodeId>);

fn instead(reducer: &Reducer<'_>) -> impl Iterator<Item = Gone> + use<> {
    let nodes = reducer.best.world.nodes;
    (0..nodes).flat_map(move |gone| {
        let others = (0..nodes).filter(move |other| *other != gone);
        std::iter::once(None)
            .chain(others.map(|other| Some(NodeId(other))))
            .map(move |by| (NodeId(gone), by))
    })
}

fn attempt(reducer: &mut Reducer<'_>, gone: &[Gone]) -> bool {
    let is_gone = |node: NodeId| gone.iter().find(|(other, _)| *other == node);
    let closed = |node: NodeId| {
        let before = gone.iter().filter(|(other, _)| *other < node).count();
        NodeId(node.0 - u32::try_from(before).expect("at most all nodes are gone"))
    };
    let successor = |node: NodeId| match is_gone(node) {
        Some((_, Some(by))) => closed(*by),
        _ => closed(node),
    };
    let mut candidate = reducer.best.with(|_, made| {
        !gone
            .iter()
            .any(|(node, by)| by.is_none() && made.kind.concerns(*node))
    });
    candidate.world.nodes = closed(NodeId(candidate.world.nodes)).0;
    renumber(&mut candidate, successor, |client| client);
    // A message from a node to its successor has no link.
    candidate.moves.retain(|made| {
        made.kind
            .message()
            .is_none_or(|message| message.from != message.to)
    });
    reducer.attempt(candidate)
}

/// Removes clients, or lets the first client make their moves.
pub(super) fn fewer_clients(reducer: &mut Reducer<'_>) {
    let mut position = 0;
    while position < reducer.best.world.clients {
        let gone = ClientId(position);
        let closed = |client: ClientId| ClientId(client.0 - u32::from(client.0 > gone.0));
        let mut without = reducer
            .best
            .with(|_, made| made.kind.client() != Some(gone));
        without.world.clients -= 1;
        renumber(&mut without, |node| node, closed);
        if reducer.attempt(without) {
            continue;
        }
        position += 1;
        if gone.0 > 0 {
            let mut merged = reducer.best.clone();
            merged.world.clients -= 1;
            let first = |client| {
                if client == gone {
                    ClientId(0)
                } else {
                    closed(client)
                }
            };
            renumber(&mut merged, |node| node, first);
            if reducer.attempt(merged) {
                position -= 1;
            }
        }
    }
}

/// Numbers nodes in the order of their first moves.
pub(super) fn in_order(reducer: &mut Reducer<'_>) {
    let mut order: Vec<NodeId> = Vec::new();
    let mut meet = |node: NodeId| {
        if !order.contains(&node) {
            order.push(node);
        }
    };
    for made in &reducer.best.moves {
        made.kind.nodes().for_each(&mut meet);
    }
    (0..reducer.best.world.nodes).map(NodeId).for_each(meet);
    let position = |node: NodeId| {
        let position = order.iter().position(|known| *known == node);
        let position = position.expect("every node of the world was met");
        NodeId(u32::try_from(position).expect("a world has few nodes"))
    };
    let mut candidate = reducer.best.clone();
    renumber(&mut candidate, position, |client| client);
    if candidate != reducer.best {
        reducer.attempt(candidate);
    }
}

fn renumber(
    case: &mut Case,
    node: impl Fn(NodeId) -> NodeId,
    client: impl Fn(ClientId) -> ClientId,
) {
    for made in &mut case.moves {
        made.kind.renumber(&node, &client);
    }
    let founders = case.world.founders;
    case.world.founders = founders.renumbered(&node, case.world.nodes);
}
