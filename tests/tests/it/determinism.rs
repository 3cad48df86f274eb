//! The same scenario and seed give the same run: repeatedly in one process, and from a copy of a
//! world in the middle of the run. The golden hashes and `run --twice` compare other processes and
//! other builds.

use crate::corpus::{corpus, scenario};
use checks::Violation;
use runner::{Outcome, Spectator, Verdict, build, run, run_variant};
use simulator::{Cluster, Observer, Step, Time};
use sut::{Property, Server, Variant};

#[test]
fn the_same_seed_gives_the_same_run() {
    for name in corpus() {
        for seed in 1..=3 {
            let (one, other) = (run(&scenario(&name, seed)), run(&scenario(&name, seed)));
            assert_eq!(one.trace_hash, other.trace_hash, "{name} seed {seed}");
            assert_eq!(one.events, other.events, "{name} seed {seed}");
            assert_eq!(
                one.history.operations(),
                other.history.operations(),
                "{name} seed {seed}"
            );
        }
    }
}

#[test]
fn another_seed_gives_another_run() {
    for name in corpus() {
        let (one, other) = (run(&scenario(&name, 1)), run(&scenario(&name, 2)));
        assert_ne!(one.trace_hash, other.trace_hash, "{name}");
    }
}

#[test]
fn a_copy_of_a_world_goes_the_same_way() {
    let scenario = scenario("lossy-network.json", 7);
    let mut world = build(&scenario, &Variant::published());
    let Ok(()) = world.run_until(Time(1_000_000_000), &mut ());
    let mut copy = world.clone();
    let Ok(()) = world.run_until(Time(3_000_000_000), &mut ());
    let Ok(()) = copy.run_until(Time(3_000_000_000), &mut ());
    assert_eq!(world.cluster().trace_hash(), copy.cluster().trace_hash());
    assert!(world.cluster().counters().events() > 1_000);
}

#[test]
fn whoever_watches_changes_nothing() {
    let scenario = scenario("churn.json", 3);
    let mut recorder = Recorder::default();
    let watched = run_variant(&scenario, &Variant::published(), &mut recorder);
    assert_eq!(watched.trace_hash, run(&scenario).trace_hash);
    assert!(
        recorder.decisions > 1_000,
        "the nodes explained {} decisions",
        recorder.decisions
    );
}

/// Records every decision.
#[derive(Default)]
struct Recorder {
    decisions: usize,
}

impl Observer<Server> for Recorder {
    type Violation = Box<Violation>;

    fn wants_events(&self) -> bool {
        true
    }

    fn after(
        &mut self,
        _: &Cluster<Server>,
        step: &Step<'_, Server>,
    ) -> Result<(), Box<Violation>> {
        self.decisions += step.events.len();
        Ok(())
    }
}

impl Spectator for Recorder {}

#[test]
fn two_hundred_seeds_of_churn_hold_every_property() {
    for seed in 1..=200 {
        let outcome = run(&scenario("churn.json", seed));
        assert_eq!(outcome.verdict, Verdict::Ok, "seed {seed}");
        // Clients of churn read through the log.
        let idle = idle(&outcome, Property::ReadsMatchTheirIndex);
        assert_eq!(idle, None, "seed {seed}");
    }
}

#[test]
fn fifty_seeds_of_reads_hold_every_property() {
    for seed in 1..=50 {
        let outcome = run(&scenario("reads.json", seed));
        assert_eq!(outcome.verdict, Verdict::Ok, "seed {seed}");
        // Logs are not compacted here, and not every seed has a crash.
        let idle = idle(&outcome, Property::SnapshotSafety);
        assert_eq!(idle, None, "seed {seed}");
    }
}

/// The first property that was never evaluated, except this one and the properties that need
/// changes of members.
fn idle(outcome: &Outcome, but: Property) -> Option<Property> {
    let idle = outcome.checks.iter().filter(|(_, looked)| *looked == 0);
    let mut idle = idle.map(|(property, _)| *property);
    let still = [Property::ConfigurationSafety, Property::MembersAsAsked];
    idle.find(|property| *property != but && !still.contains(property))
}
