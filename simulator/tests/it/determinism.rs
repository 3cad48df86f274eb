//! The same scenario and seed give the same run, and a replay of its recording gives it again.

use std::collections::BTreeMap;

use proptest::prelude::*;
use simulator::*;

use crate::toy::*;

fn tormented(seed: u64) -> (Toys, Vec<Stamped<Toy>>) {
    let mut world = chaos(seed);
    let mut recorder = Recorder::default();
    let Ok(()) = torment(&mut world, &mut recorder);
    (world, recorder.actions)
}

#[test]
fn a_run_is_pinned() {
    let (world, actions) = tormented(7);
    let found = (world.cluster().trace_hash(), actions.len());
    assert_eq!(
        found,
        (1864046051253684538, 332),
        "runs changed: bump the trace version"
    );
}

#[test]
fn torment_uses_every_fault() {
    let mut effective = BTreeMap::new();
    for seed in 0..20 {
        for (kind, count) in tormented(seed).0.ledger().iter() {
            assert!(count.effective <= count.applied, "{kind:?}: {count:?}");
            *effective.entry(kind).or_insert(0) += count.effective;
        }
    }
    // The caller that gives a command counts it.
    effective.remove(&FaultKind::Operator);
    let idle: Vec<_> = effective.iter().filter(|(_, count)| **count == 0).collect();
    assert!(idle.is_empty(), "never had an effect: {idle:?}");
}

#[test]
fn observers_do_not_change_a_run() {
    let (recorded, _) = tormented(3);
    let mut alone = chaos(3);
    let Ok(()) = torment(&mut alone, &mut ());
    assert_eq!(
        alone.cluster().trace_hash(),
        recorded.cluster().trace_hash()
    );
    assert_eq!(alone.cluster().counters(), recorded.cluster().counters());
}

#[test]
fn a_clone_goes_the_same_way_and_leaves_the_original_alone() {
    let mut world = chaos(5);
    run(&mut world, 500);
    let before = world.cluster().trace_hash();
    let mut twin = world.clone();
    run(&mut twin, 1_000);
    assert_eq!(world.cluster().trace_hash(), before);
    run(&mut world, 1_000);
    assert_eq!(world.cluster().trace_hash(), twin.cluster().trace_hash());
}

/// Performs recorded actions on a fresh cluster without a scheduler and without chance.
fn replay(actions: &[Stamped<Toy>], seed: u64) -> Cluster<Toy> {
    let mut cluster = Cluster::new(vec![(PINGING, Counted::default()); 3], 2, seed);
    for stamped in actions {
        let applied = cluster.apply(stamped.time, &stamped.action, None, None);
        let applied = applied.expect("what happened once can happen again");
        assert_eq!((applied.id, applied.cause), (stamped.id, stamped.cause));
        assert_eq!(applied.node.map(|(_, local)| local), stamped.local);
        cluster.dispatch();
    }
    cluster
}

/// Objects to an action if its cause is not an earlier action that explains it.
#[derive(Default)]
struct Causes {
    sent: BTreeMap<MessageId, EventId>,
    last: EventId,
}

impl Observer<Toy> for Causes {
    type Violation = String;

    fn after(&mut self, cluster: &Cluster<Toy>, step: &Step<'_, Toy>) -> Result<(), String> {
        let Step { id, cause, .. } = *step;
        if id.0 != self.last.0 + 1 || cause >= id {
            return Err(format!(
                "{id:?} follows {:?}, caused by {cause:?}",
                self.last
            ));
        }
        self.last = id;
        if let Some(node) = step.node {
            let replies = step
                .output
                .replies
                .iter()
                .map(|(to, ..)| Endpoint::from(*to));
            let sends = step.output.sends.iter().map(|(to, _)| Endpoint::from(*to));
            let mut next = BTreeMap::new();
            for to in sends.chain(replies) {
                let from = node.into();
                let ordinal = next.entry(to).or_insert_with(|| cluster.sent(from, to));
                *ordinal += 1;
                self.sent.insert(
                    MessageId {
                        from,
                        to,
                        ordinal: *ordinal,
                    },
                    id,
                );
            }
        }
        match step.action {
            Action::Call { client, target, .. } | Action::Retry { client, target, .. } => {
                let (from, to) = ((*client).into(), (*target).into());
                let ordinal = cluster.sent(from, to) + 1;
                self.sent.insert(MessageId { from, to, ordinal }, id);
            }
            Action::Deliver(message) | Action::Drop(message, _) => {
                let sent = self.sent.remove(message);
                if sent != Some(cause) {
                    return Err(format!("{message:?} of {cause:?} was sent by {sent:?}"));
                }
            }
            Action::Duplicate(message) if self.sent.get(message) != Some(&cause) => {
                return Err(format!("a copy of {message:?}, which is not in flight"));
            }
            _ => {}
        }
        Ok(())
    }
}

#[test]
fn timers_and_completions_are_caused_by_the_actions_that_asked_for_them() {
    let mut world = world(&plan(1, 0), 2, PINGING);
    let actions = record(&mut world, 500);
    let mut causes = BTreeMap::new();
    let mut completions = 0;
    for stamped in &actions {
        match stamped.action {
            // Each wake sets the next deadline. The first was set at boot.
            Action::Wake(node) => {
                let asked = causes.insert((node, "wake"), stamped.id);
                assert_eq!(stamped.cause, asked.unwrap_or(EventId::OUTSIDE));
            }
            // A pong causes a write. The last pong before the sync began is the cause of the
            // completion.
            Action::Written { node, .. } => {
                let cause = &actions[usize::try_from(stamped.cause.0 - 1).expect("a place")];
                assert!(matches!(cause.action, Action::Deliver(_)));
                assert_eq!(cause.action.node(), Some(node));
                completions += 1;
            }
            _ => {}
        }
    }
    assert!(causes.len() == 2 && completions > 10);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_same_seed_gives_the_same_run(seed: u64) {
        let ((first, a), (second, b)) = (tormented(seed), tormented(seed));
        prop_assert_eq!(first.cluster().trace_hash(), second.cluster().trace_hash());
        prop_assert_eq!(a.len(), b.len());
    }

    #[test]
    fn another_seed_gives_another_run(seed: u64, other: u64) {
        prop_assume!(seed != other);
        let (first, second) = (tormented(seed).0, tormented(other).0);
        prop_assert_ne!(first.cluster().trace_hash(), second.cluster().trace_hash());
    }

    #[test]
    fn a_recording_replays_to_the_same_hash_and_states(seed: u64) {
        let (world, actions) = tormented(seed);
        let (original, replayed) = (world.cluster(), replay(&actions, seed));
        prop_assert_eq!(original.trace_hash(), replayed.trace_hash());
        prop_assert_eq!(original.counters(), replayed.counters());
        for node in original.nodes() {
            prop_assert_eq!(original.node(node), replayed.node(node));
            prop_assert_eq!(original.disk(node), replayed.disk(node));
        }
    }

    #[test]
    fn a_shuffled_recording_is_refused_here_and_there_but_breaks_nothing(
        seed: u64, keep in any::<u64>()
    ) {
        let (_, actions) = tormented(seed);
        let mut cluster = Cluster::<Toy>::new(vec![(PINGING, Counted::default()); 3], 2, seed);
        let mut choice = Stream::new(keep, Purpose::Scenario, 0);
        let mut refused = 0;
        for stamped in actions.iter().filter(|_| choice.between(0, 9) > 0) {
            let before = cluster.trace_hash();
            match cluster.apply(stamped.time, &stamped.action, None, None) {
                Ok(_) => cluster.dispatch(),
                Err(_) => {
                    refused += 1;
                    prop_assert_eq!(cluster.trace_hash(), before);
                }
            }
        }
        prop_assert!(refused > 0);
    }

    #[test]
    fn every_action_on_a_message_names_one_in_flight_and_its_cause(seed: u64) {
        let mut world = chaos(seed);
        let verdict = torment(&mut world, &mut Causes::default());
        prop_assert_eq!(verdict, Ok(()));
    }
}
