//! A recorded run is played again: the same states at every action, the same end.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use kv::Duties;
use raft_core::Rules;
use raftsim::bugs::{self, Bug};
use raftsim::check::Violation;
use raftsim::format::{Overrides, Resolved, parse, render};
use raftsim::recording::Recording;
use raftsim::run::{Outcome, Spectator};
use raftsim::server::Server;
use simulator::{Cluster, Observer, Step, Time};

/// What every action left behind: its time, the trace hash, and the state of its node.
#[derive(Default)]
struct States(Vec<(Time, u64, u64)>);

impl<R: Rules + Clone + Hash, D: Duties> Observer<Server<R, D>> for States {
    const EVENTS: bool = false;
    type Violation = Box<Violation>;

    fn after(
        &mut self,
        cluster: &Cluster<Server<R, D>>,
        step: &Step<'_, Server<R, D>>,
    ) -> Result<(), Box<Violation>> {
        let mut state = DefaultHasher::new();
        if let Some(server) = step.node.and_then(|node| cluster.node(node)) {
            server.node().raft().hash(&mut state);
            server.node().machine().hash().hash(&mut state);
        }
        if let Some(node) = step.node {
            cluster.disk(node).0.hash(&mut state);
        }
        self.0
            .push((step.time, cluster.trace_hash(), state.finish()));
        Ok(())
    }
}

impl<R: Rules + Clone + Hash, D: Duties> Spectator<R, D> for States {}

fn scenario(name: &str, seed: u64) -> Resolved {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let text = std::fs::read_to_string(path.join(name)).expect(name);
    resolved(name, &text, Some(seed))
}

fn resolved(name: &str, text: &str, seed: Option<u64>) -> Resolved {
    let overrides = Overrides {
        seed,
        ..Overrides::default()
    };
    parse(name, text, &overrides).unwrap_or_else(|found| panic!("{}", render(&found, text, false)))
}

fn recorded(scenario: &Resolved, bug: Option<Bug>) -> (States, Outcome, Resolved) {
    let mut states = States::default();
    let mut recording = Recording::new(&mut states);
    let outcome = bugs::run(scenario, bug, &mut recording);
    let again = recording.into_scenario(scenario, bug, &outcome);
    (states, outcome, again)
}

/// Records a run, writes the recording, reads it, and plays it.
fn plays_again(scenario: &Resolved, bug: Option<Bug>) -> Outcome {
    let (states, outcome, recording) = recorded(scenario, bug);
    let again = resolved("recorded.json", &recording.to_json(), None);
    assert!(again == recording, "a recording is read as it is written");
    let (played, replay, third) = recorded(&again, bug);
    let about = format!("{} seed {} {bug:?}", scenario.name, scenario.seed);
    if let Some(place) =
        (0..states.0.len()).find(|place| states.0.get(*place) != played.0.get(*place))
    {
        panic!(
            "{about}: action {} differs: {:?}, played {:?}",
            place + 1,
            states.0.get(place),
            played.0.get(place)
        );
    }
    assert_eq!(states.0.len(), played.0.len(), "{about}");
    assert_eq!(outcome.verdict, replay.verdict, "{about}");
    assert_eq!(outcome.trace_hash, replay.trace_hash, "{about}");
    assert_eq!(outcome.sim_ns, replay.sim_ns, "{about}");
    assert_eq!(outcome.metrics, replay.metrics, "{about}");
    assert_eq!(outcome.faults, replay.faults, "{about}");
    assert_eq!(outcome.committed, replay.committed, "{about}");
    assert!(
        third == again,
        "a recording of a recording is the same: {about}"
    );
    outcome
}

#[test]
fn a_recorded_run_reaches_the_same_states_and_the_same_end() {
    let files = [
        "churn.json",
        "clock-drift.json",
        "first-tour.json",
        "long-reordering.json",
        "lossy-network.json",
        "one-way-cut.json",
        "rolling-crashes.json",
        "slow-disk.json",
        "split-brain.json",
    ];
    for name in files {
        for seed in 1..=4 {
            plays_again(&scenario(name, seed), None);
        }
    }
}

#[test]
fn a_recorded_failure_fails_again_at_the_same_property() {
    let mut verdicts = std::collections::BTreeSet::new();
    for bug in Bug::ALL {
        for seed in 1..=2 {
            let outcome = plays_again(&scenario("churn.json", seed), Some(*bug));
            verdicts.insert(outcome.verdict.name());
        }
    }
    assert!(
        verdicts.contains("safety") && verdicts.contains("liveness"),
        "{verdicts:?}"
    );
}
