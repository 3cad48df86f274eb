//! Histories that were recorded from real systems.

use linearize::{Budget, Checker, Verdict};

#[test]
fn every_recorded_history_gets_its_verdict() {
    let Some(folder) = crate::porcupine::folder() else {
        return;
    };
    let recorded = crate::porcupine::all(&folder);
    assert!(!recorded.is_empty(), "the folder has no histories");
    let mut checker = Checker::new();
    for it in recorded {
        let operations = it.history.operations();
        let unknown = operations
            .iter()
            .filter(|operation| operation.ret.is_none())
            .filter(|operation| operation.action.name() != "get");
        assert_eq!(unknown.count(), it.pending, "{}", it.name);
        let checked = checker.check(&it.history, Budget::default());
        let (name, nodes, porcupine) = (&it.name, checked.nodes, &it.porcupine_ms);
        println!("{name:24} {nodes:7} nodes; porcupine: {porcupine} ms");
        // The hardest takes 5,000. If a rule of the search stops working, it takes millions.
        assert!(nodes < 20_000, "{name}: {nodes} nodes");
        match checked.verdict {
            Verdict::Linearizable(_) => assert!(it.linearizable, "{}", it.name),
            Verdict::NotLinearizable { .. } => assert!(!it.linearizable, "{}", it.name),
            Verdict::Inconclusive => panic!("{}: inconclusive", it.name),
        }
    }
}
