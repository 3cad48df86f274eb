//! The histories of runs are linearizable for a checker that knows nothing about the store.

use checks::history_export::operations;
use fuzz::{Generator, Profile, Ran};
use linearize::{Budget, Checker, History, Tier, Verdict};
use runner::Verdict as RunVerdict;
use sut::Property;
use sut::bugs::Bug;

fn generator(name: &str) -> Generator {
    Generator::new(Profile::named(name).expect("it is built in"))
}

#[test]
fn what_correct_servers_tell_is_linearizable_for_whoever_looks_from_outside() {
    let mut checker = Checker::new();
    let (mut searched, mut unknown, mut most) = (0, 0, 0);
    for name in ["quick", "storage", "liveness", "everything"] {
        let generator = generator(name);
        for seed in 0..400 {
            let ran = Ran::of(generator.scenario(seed), None);
            let operations = operations(&ran.outcome.history);
            unknown += operations.iter().filter(|it| it.ret.is_none()).count();
            let history = History::new(operations).expect("events are a clock");
            let checked = checker.check(&history, Budget::default());
            assert!(
                matches!(checked.verdict, Verdict::Linearizable(_)),
                "{name}, seed {seed}: {:?}",
                checked.verdict
            );
            searched += usize::from(checked.tier == Tier::Search);
            most = most.max(checked.nodes);
        }
    }
    println!("{searched} of 1,600 were searched, {most} nodes at most; {unknown} unknown outcomes");
    assert!(searched > 100 && unknown > 100, "{searched} {unknown}");
    assert!(most < 5_000, "{most} nodes for one history");
}

#[test]
fn wrong_answers_may_go_against_the_applied_order_alone_or_against_every_order() {
    let generator = generator("quick");
    let (mut order, mut every) = (false, false);
    for seed in 0..3_000 {
        let ran = Ran::of(generator.scenario(seed), Some(Bug::A05));
        let RunVerdict::Safety(violation) = &ran.outcome.verdict else {
            continue;
        };
        let history = History::new(operations(&ran.outcome.history)).expect("events are a clock");
        let verdict = Checker::new().check(&history, Budget::default()).verdict;
        let name = violation.broken.name();
        if name == Property::AppliedOrderExplainsReplies.name() {
            assert!(matches!(verdict, Verdict::Linearizable(_)), "seed {seed}");
            order = true;
        } else if name == Property::Linearizability.name() {
            assert!(
                matches!(verdict, Verdict::NotLinearizable { .. }),
                "seed {seed}"
            );
            every = true;
        }
        if order && every {
            return;
        }
    }
    panic!("against the applied order: {order}, against every order: {every}");
}

#[test]
fn linearizability_alone_is_what_an_outsider_finds() {
    let generator = generator("quick");
    let mut broken = 0;
    for seed in 0..1_200 {
        let mut scenario = generator.scenario(seed);
        scenario.expect.always = vec![Property::Linearizability];
        let bug = [Bug::A04, Bug::A05][usize::from(seed % 2 == 0)];
        let outcome = Ran::of(scenario, Some(bug)).outcome;
        let history = History::new(operations(&outcome.history)).expect("events are a clock");
        let verdict = Checker::new().check(&history, Budget::default()).verdict;
        let outside = matches!(verdict, Verdict::NotLinearizable { .. });
        let inside = match &outcome.verdict {
            RunVerdict::Safety(violation) => {
                assert_eq!(violation.broken.name(), "linearizability", "seed {seed}");
                true
            }
            _ => false,
        };
        assert_eq!(inside, outside, "seed {seed} with {bug}");
        broken += usize::from(inside);
    }
    assert!(broken > 20, "only {broken} are broken");
}

#[test]
fn what_any_order_does_not_explain_the_applied_one_does_not_either() {
    let generator = generator("quick");
    let asked = |seed, property| {
        let mut scenario = generator.scenario(seed);
        scenario.expect.always = vec![property];
        let verdict = Ran::of(scenario, Some(Bug::A05)).outcome.verdict;
        matches!(verdict, RunVerdict::Safety(_))
    };
    let (mut order, mut every) = (0, 0);
    for seed in 0..600 {
        let explained = asked(seed, Property::AppliedOrderExplainsReplies);
        let lost = asked(seed, Property::NoAcknowledgedWriteLost);
        let twice = asked(seed, Property::ExactlyOnce);
        let linear = asked(seed, Property::Linearizability);
        order += usize::from(explained);
        every += usize::from(linear);
        assert!(!linear || explained || lost || twice, "seed {seed}");
    }
    assert!(order > 0 && every > 0, "{order} {every}");
}
