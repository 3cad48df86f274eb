//! Counting: the entries that a majority holds, and the answers that it gives (§5.2, §5.3; both
//! halves in §6).

use smallvec::SmallVec;

use crate::configuration::Configuration;
use crate::rules::Rules;
use crate::types::NodeId;

/// The state of an election.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tally {
    Won,
    Lost,
    Open,
}

/// The largest value that a quorum has reached, given each voter's value. A joint configuration
/// needs a quorum of each half (§6).
pub(crate) fn reached<T: Ord + Copy, R: Rules + ?Sized>(
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

fn reached_by<T: Ord + Copy, R: Rules + ?Sized>(
    rules: &R,
    voters: &[NodeId],
    value_of: &impl Fn(NodeId) -> T,
) -> T {
    let quorum = quorum_of(rules, voters.len());
    let mut values: SmallVec<[T; 7]> = voters.iter().map(|id| value_of(*id)).collect();
    values.sort_unstable();
    values[voters.len() - quorum]
}

/// The number of voters in a quorum: at least one and at most all, even if a rule returns another
/// number.
fn quorum_of<R: Rules + ?Sized>(rules: &R, voters: usize) -> usize {
    assert!(voters > 0, "a configuration has voters");
    rules.quorum(voters).clamp(1, voters)
}

/// The state of an election, given each voter's answer so far and the number of extra grants.
pub(crate) fn tally<R: Rules + ?Sized>(
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

fn tally_of<R: Rules + ?Sized>(
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
        /// The fast count equals a trial of every value: the largest that a strict majority of each
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

        /// An election is won exactly when a majority of each half has granted, and lost exactly
        /// when that is no longer possible.
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

    /// Servers by bits: bit 0 is server 1.
    fn servers(bits: u16) -> Vec<NodeId> {
        let all = (0..16).filter(|bit| bits >> bit & 1 == 1);
        all.map(|bit| NodeId(bit + 1)).collect()
    }

    fn holds(bits: u16, id: NodeId) -> bool {
        bits >> (id.0 - 1) & 1 == 1
    }

    fn configuration(incoming: u16, outgoing: u16) -> Configuration {
        Configuration::new(&servers(incoming), &servers(outgoing), &[]).unwrap()
    }

    /// Every set of the members whose votes can elect a leader.
    fn vote_quorums(of: &Configuration) -> Vec<u16> {
        let members = bits_of(of);
        let wins = |grants: u16| {
            let granted = |id| holds(grants, id).then_some(true);
            tally(&Standard, of, 0, granted) == Tally::Won
        };
        let sets = 1..=members;
        sets.filter(|set| set & !members == 0 && wins(*set))
            .collect()
    }

    /// Every set of the members whose copies can commit an entry.
    fn write_quorums(of: &Configuration) -> Vec<u16> {
        let members = bits_of(of);
        let commits = |copies: u16| reached(&Standard, of, |id| u8::from(holds(copies, id))) == 1;
        let sets = 1..=members;
        sets.filter(|set| set & !members == 0 && commits(*set))
            .collect()
    }

    fn bits_of(of: &Configuration) -> u16 {
        let members = of.members();
        let bits = members.iter().map(|id| 1 << (id.0 - 1));
        bits.fold(0, |all, bit: u16| all | bit)
    }

    /// Two of these sets that share no server, if there are any.
    fn apart(some: &[u16], others: &[u16]) -> Option<(u16, u16)> {
        let pairs = some
            .iter()
            .flat_map(|one| others.iter().map(|other| (*one, *other)));
        pairs.into_iter().find(|(one, other)| one & other == 0)
    }

    /// Figure 9: an elected leader has heard from a server that holds every committed entry.
    #[test]
    fn any_quorum_of_copies_and_any_quorum_of_votes_share_a_server() {
        for size in 1..=9 {
            let all = configuration((1 << size) - 1, 0);
            let (votes, copies) = (vote_quorums(&all), write_quorums(&all));
            assert_eq!(votes, copies, "{size} servers");
            assert_eq!(apart(&votes, &copies), None, "{size} servers");
        }
    }

    #[test]
    fn two_majorities_of_voters_that_differ_by_one_share_a_server() {
        for size in 1..=8 {
            let all: u16 = (1 << (size + 1)) - 1;
            for gone in 0..=size {
                let (more, less) = (configuration(all, 0), configuration(all & !(1 << gone), 0));
                assert_eq!(more.voters_apart(&less), 1);
                assert_eq!(apart(&vote_quorums(&more), &write_quorums(&less)), None);
                assert_eq!(apart(&vote_quorums(&less), &write_quorums(&more)), None);
            }
        }
    }

    #[test]
    fn two_quorums_on_the_way_through_a_joint_configuration_share_a_server() {
        for old in 1_u16..32 {
            for new in 1..32 {
                let joint = configuration(new, old);
                for half in [configuration(old, 0), configuration(new, 0), joint.clone()] {
                    assert_eq!(apart(&vote_quorums(&joint), &write_quorums(&half)), None);
                    assert_eq!(apart(&vote_quorums(&half), &write_quorums(&joint)), None);
                }
            }
        }
    }

    /// Figure 10: why a cluster cannot simply replace one set of voters by another.
    #[test]
    fn majorities_of_three_servers_and_of_five_may_share_none() {
        let (three, five) = (configuration(0b111, 0), configuration(0b1_1111, 0));
        let found = apart(&vote_quorums(&three), &vote_quorums(&five));
        assert_eq!(found, Some((0b011, 0b1_1100)));
    }

    /// The erratum of 2015: two leaders change the same configuration, and neither knows the
    /// other's change.
    #[test]
    fn two_changes_of_one_server_each_share_a_server_where_the_number_of_voters_is_odd_only() {
        for size in 2..=7_u16 {
            let all: u16 = (1 << size) - 1;
            let less = (0..size).map(|gone| all & !(1 << gone));
            let more = (size..size + 2).map(|new| all | 1 << new);
            let changed: Vec<_> = less
                .chain(more)
                .map(|bits| configuration(bits, 0))
                .collect();
            for one in &changed {
                for other in changed.iter().filter(|other| *other != one) {
                    let share = apart(&vote_quorums(one), &vote_quorums(other)).is_none();
                    assert_eq!(
                        share,
                        size % 2 == 1,
                        "{} {}",
                        one.describe(),
                        other.describe()
                    );
                }
            }
        }
    }
}
