//! Links and nodes by name.

use std::collections::BTreeMap;

use scenario::NodeName;
use simulator::{Endpoint, NodeId, Pair};

/// Directed links between nodes as few groups: `S1 S2 ⇄ S3`, `S1 → S2`.
pub(crate) fn describe(links: &[Pair], names: &[NodeName]) -> String {
    let mut receivers: BTreeMap<NodeId, Vec<NodeId>> = BTreeMap::new();
    for (from, to) in links {
        if let (Endpoint::Node(from), Endpoint::Node(to)) = (from, to) {
            receivers.entry(*from).or_default().push(*to);
        }
    }
    if links.len() == names.len() * (names.len() - 1) && receivers.len() == names.len() {
        return "all links".to_owned();
    }
    let mut groups: Vec<(Vec<NodeId>, Vec<NodeId>)> = Vec::new();
    for (from, mut to) in receivers {
        to.sort_unstable();
        // A link between two nodes of the same isolated group is listed twice.
        to.dedup();
        match groups.iter_mut().find(|(_, known)| *known == to) {
            Some((senders, _)) => senders.push(from),
            None => groups.push((vec![from], to)),
        }
    }
    let mut texts = Vec::new();
    while !groups.is_empty() {
        let (senders, receivers) = groups.remove(0);
        let back = groups
            .iter()
            .position(|(from, to)| (from, to) == (&receivers, &senders));
        let arrow = if back.is_some() { "⇄" } else { "→" };
        if let Some(back) = back {
            groups.remove(back);
        }
        texts.push(format!(
            "{} {arrow} {}",
            list(&senders, names),
            list(&receivers, names)
        ));
    }
    texts.join(", ")
}

pub(crate) fn list(nodes: &[NodeId], names: &[NodeName]) -> String {
    let names: Vec<_> = nodes
        .iter()
        .map(|id| names[id.0 as usize].0.as_str())
        .collect();
    names.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(pairs: &[(u32, u32)]) -> String {
        let names: Vec<_> = (1..=4).map(|n| NodeName(format!("S{n}"))).collect();
        let links: Vec<Pair> = pairs
            .iter()
            .map(|(a, b)| (NodeId(*a).into(), NodeId(*b).into()))
            .collect();
        describe(&links, &names)
    }

    #[test]
    fn links_are_told_as_groups_with_their_direction() {
        assert_eq!(shown(&[(0, 1)]), "S1 → S2");
        assert_eq!(shown(&[(0, 1), (1, 0)]), "S1 ⇄ S2");
        let split: Vec<_> = [(0, 2), (0, 3), (1, 2), (1, 3)]
            .into_iter()
            .flat_map(|(a, b)| [(a, b), (b, a)])
            .collect();
        assert_eq!(shown(&split), "S1 S2 ⇄ S3 S4");
        assert_eq!(shown(&[(0, 1), (0, 2), (3, 1)]), "S1 → S2 S3, S4 → S2");
        let all: Vec<_> = (0..4)
            .flat_map(|a| (0..4).filter(move |b| *b != a).map(move |b| (a, b)))
            .collect();
        assert_eq!(shown(&all), "all links");
    }
}
