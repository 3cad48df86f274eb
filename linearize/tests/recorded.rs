//! Histories that were recorded from real systems.

mod porcupine;

use linearize::{Budget, Checker, Verdict};

#[test]
fn every_recorded_history_gets_its_verdict() {
    let Some(folder) = porcupine::folder() else {
        return;
    };
    let recorded = porcupine::all(&folder);
    assert!(!recorded.is_empty(), "the folder has no histories");
    let mut checker = Checker::new();
    for it in recorded {
        let operations = it.history.operations();
        let unknown = operations
            .iter()
            .filter(|operation| operation.ret.is_none())
            .filter(|operation| operation.action.name() != "get");
        assert_eq!(unknown.count(), it.pending, "{}", it.name);
        let begun = now();
        let checked = checker.check(&it.history, Budget::default());
        println!(
            "{:24} {:5} operations, {:7} nodes, {} µs",
            it.name,
            operations.len(),
            checked.nodes,
            begun.elapsed().as_micros()
        );
        match checked.verdict {
            Verdict::Linearizable(_) => assert!(it.linearizable, "{}", it.name),
            Verdict::NotLinearizable { .. } => assert!(!it.linearizable, "{}", it.name),
            Verdict::Inconclusive => panic!("{}: inconclusive", it.name),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "shown only"
)]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}
