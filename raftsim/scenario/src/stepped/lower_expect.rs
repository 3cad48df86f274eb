//! Lowers the expectations of a step: names of nodes and clients become numbers.

use std::collections::BTreeMap;

use simulator::{ClientId, NodeId};
use sut::{MemberSets, NodeSet};

use super::expected::Expected;
use super::written::WrittenExpected;
use crate::checker::Checker;
use crate::codes::Code;
use crate::select::{NodeName, Selector};

/// The word for a voter that has not voted.
pub(super) const NOBODY: &str = "nobody";

/// The expectations of a step; `None` if a name is wrong.
pub(super) fn expected(
    checker: &mut Checker<'_>,
    at: &str,
    written: WrittenExpected,
) -> Option<Expected> {
    let mut set = |field: &str, selector: Option<&Selector>| {
        let at = format!("{at}/{field}");
        selector.map_or(Some(NodeSet::EMPTY), |them| checker.only_nodes(&at, them))
    };
    let leader = set("leader", written.leader.as_ref());
    let not_leader = set("not_leader", written.not_leader.as_ref());
    let down = set("down", written.down.as_ref());
    let expected = Expected {
        leader: leader?,
        not_leader: not_leader?,
        down: down?,
        roles: by_node(checker, at, "roles", written.roles)?,
        terms: by_node(checker, at, "terms", written.terms)?,
        voted_for: voted_for(checker, at, written.voted_for)?,
        commit: by_node(checker, at, "commit", written.commit)?,
        applied: by_node(checker, at, "applied", written.applied)?,
        begins_after: by_node(checker, at, "begins_after", written.begins_after)?,
        logs: by_node(checker, at, "logs", written.logs)?,
        durable: by_node(checker, at, "durable", written.durable)?,
        members: members(checker, at, written.members)?,
        values: by_node(checker, at, "values", written.values)?
            .into_iter()
            .map(|(node, values)| (node, texts(values)))
            .collect(),
        replied: by_client(checker, at, "replied", written.replied)?,
        expired: by_client(checker, at, "expired", written.expired)?,
        read: by_client(checker, at, "read", written.read)?
            .into_iter()
            .map(|(client, text)| (client, text.as_bytes().into()))
            .collect(),
    };
    if expected == Expected::default() {
        checker.wrong(Code::SC029, at, "this expectation has no condition");
    }
    Some(expected)
}

fn texts(values: BTreeMap<String, String>) -> Vec<(kv::Bytes, kv::Bytes)> {
    let pair = |(key, value): (String, String)| (key.as_bytes().into(), value.as_bytes().into());
    values.into_iter().map(pair).collect()
}

/// Inserts at the place of the key. The lists are short, and a sort would be compiled for each type.
fn insert<K: Ord, T>(list: &mut Vec<(K, T)>, key: K, value: T) {
    let place = list.partition_point(|(known, _)| *known < key);
    list.insert(place, (key, value));
}

fn by_node<T>(
    checker: &mut Checker<'_>,
    at: &str,
    field: &str,
    written: BTreeMap<String, T>,
) -> Option<Vec<(NodeId, T)>> {
    let mut known = Vec::new();
    for (name, what) in written {
        let at = format!("{at}/{field}/{name}");
        insert(&mut known, checker.node(&at, &NodeName(name))?, what);
    }
    Some(known)
}

fn by_client<T>(
    checker: &mut Checker<'_>,
    at: &str,
    field: &str,
    written: BTreeMap<String, T>,
) -> Option<Vec<(ClientId, T)>> {
    let mut known = Vec::new();
    for (name, what) in written {
        let at = format!("{at}/{field}/{name}");
        insert(&mut known, checker.client(&at, &NodeName(name))?, what);
    }
    Some(known)
}

fn members(
    checker: &mut Checker<'_>,
    at: &str,
    written: BTreeMap<String, String>,
) -> Option<Vec<(NodeId, MemberSets)>> {
    let mut known = Vec::new();
    for (node, text) in by_node(checker, at, "members", written)? {
        match MemberSets::read(&text, &checker.nodes) {
            Ok(members) => known.push((node, members)),
            Err(message) => {
                let name = checker.nodes[node.0 as usize].0.clone();
                checker.wrong(Code::SC029, &format!("{at}/members/{name}"), message);
            }
        }
    }
    Some(known)
}

fn voted_for(
    checker: &mut Checker<'_>,
    at: &str,
    written: BTreeMap<String, NodeName>,
) -> Option<Vec<(NodeId, Option<NodeId>)>> {
    let mut known = Vec::new();
    for (voter, candidate) in by_node(checker, at, "voted_for", written)? {
        let name = checker.nodes[voter.0 as usize].0.clone();
        let candidate = match candidate.0.as_str() {
            NOBODY => None,
            _ => Some(checker.node(&format!("{at}/voted_for/{name}"), &candidate)?),
        };
        known.push((voter, candidate));
    }
    Some(known)
}
