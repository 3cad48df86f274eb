//! Counting: what a majority holds, and what a majority says (§5.2, §5.3; both halves in §6).

use smallvec::SmallVec;

use crate::configuration::Configuration;
use crate::rules::Rules;
use crate::types::NodeId;

/// How an election stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tally {
    Won,
    Lost,
    Open,
}

/// The largest value that a quorum has reached, given what each voter has reached. In a joint
/// configuration a quorum of each half is needed (§6).
pub(crate) fn reached<T: Ord + Copy, R: Rules>(
    rules: &R,
    configuration: &Configuration,
    value_of: impl Fn(NodeId) -> T,
) -> T {
    let incoming = reached_by(rules, configuration.incoming(), &value_of);
    if configuration.is_joint() && rules.outgoing_must_agree() {
        incoming.min(reached_by(rules, configuration.outgoing(), &value_of))
    } else {
        incoming
    }
}

fn reached_by<T: Ord + Copy, R: Rules>(
    rules: &R,
    voters: &[NodeId],
    value_of: &impl Fn(NodeId) -> T,
) -> T {
    let quorum = quorum_of(rules, voters.len());
    let mut values: SmallVec<[T; 7]> = voters.iter().map(|id| value_of(*id)).collect();
    values.sort_unstable();
    values[voters.len() - quorum]
}

/// How many voters decide: at least one and at most all, whatever the rule says.
fn quorum_of<R: Rules>(rules: &R, voters: usize) -> usize {
    assert!(voters > 0, "a configuration has voters");
    rules.quorum(voters).clamp(1, voters)
}

/// How an election stands, given each voter's answer so far, and how many grants count besides.
pub(crate) fn tally<R: Rules>(
    rules: &R,
    configuration: &Configuration,
    besides: usize,
    answer_of: impl Fn(NodeId) -> Option<bool>,
) -> Tally {
    let incoming = tally_of(rules, configuration.incoming(), besides, &answer_of);
    if !configuration.is_joint() || !rules.outgoing_must_agree() {
        return incoming;
    }
    match (
        incoming,
        tally_of(rules, configuration.outgoing(), besides, &answer_of),
    ) {
        (Tally::Won, Tally::Won) => Tally::Won,
        (Tally::Lost, _) | (_, Tally::Lost) => Tally::Lost,
        _ => Tally::Open,
    }
}

fn tally_of<R: Rules>(
    rules: &R,
    voters: &[NodeId],
    besides: usize,
    answer_of: &impl Fn(NodeId) -> Option<bool>,
) -> Tally {
    let quorum = quorum_of(rules, voters.len());
    let granted = voters
        .iter()
        .filter(|id| answer_of(**id) == Some(true))
        .count();
    let refused = voters
        .iter()
        .filter(|id| answer_of(**id) == Some(false))
        .count();
    assert!(granted + refused <= voters.len(), "a voter answers once");
    if granted + besides >= quorum {
        Tally::Won
    } else if refused > voters.len() - quorum {
        Tally::Lost
    } else {
        Tally::Open
    }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "test values are small")]
mod tests {
    use alloc::collections::BTreeMap;
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;
    use crate::rules::Standard;

    fn set() -> impl Strategy<Value = Vec<NodeId>> {
        proptest::sample::subsequence((1..=9).map(NodeId).collect::<Vec<_>>(), 1..=9)
    }

    fn is_quorum(voters: &[NodeId], who: impl Fn(NodeId) -> bool) -> bool {
        2 * voters.iter().filter(|id| who(**id)).count() > voters.len()
    }

    proptest! {
        /// The fast count equals trying every value: the largest that a strict majority of each
        /// half has reached.
        #[test]
        fn what_a_quorum_reached_equals_a_naive_count(
            incoming in set(),
            outgoing in proptest::option::of(set()),
            values in proptest::collection::vec(0_u64..6, 9),
        ) {
            let outgoing = outgoing.unwrap_or_default();
            let configuration = Configuration::new(&incoming, &outgoing, &[]).unwrap();
            let value_of = |id: NodeId| values[id.0 as usize - 1];
            let naive = (0..6).rev().find(|value| {
                is_quorum(&incoming, |id| value_of(id) >= *value)
                    && (outgoing.is_empty() || is_quorum(&outgoing, |id| value_of(id) >= *value))
            });
            prop_assert_eq!(Some(reached(&Standard, &configuration, value_of)), naive);
        }

        /// An election is won exactly when a majority of each half granted, lost exactly when that
        /// can no longer happen.
        #[test]
        fn an_election_is_decided_exactly_when_it_must_be(
            incoming in set(),
            outgoing in proptest::option::of(set()),
            answers in proptest::collection::vec(proptest::option::of(any::<bool>()), 9),
        ) {
            let outgoing = outgoing.unwrap_or_default();
            let configuration = Configuration::new(&incoming, &outgoing, &[]).unwrap();
            let answers: BTreeMap<_, _> =
                answers.into_iter().enumerate().map(|(i, a)| (NodeId(i as u64 + 1), a)).collect();
            let both = |who: &dyn Fn(NodeId) -> bool| {
                is_quorum(&incoming, who) && (outgoing.is_empty() || is_quorum(&outgoing, who))
            };
            let expected = if both(&|id| answers[&id] == Some(true)) {
                Tally::Won
            } else if both(&|id| answers[&id] != Some(false)) {
                Tally::Open
            } else {
                Tally::Lost
            };
            prop_assert_eq!(tally(&Standard, &configuration, 0, |id| answers[&id]), expected);
        }
    }
}
