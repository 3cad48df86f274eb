//! The checker agrees with the definition, on histories of every kind.

use crate::random::{Random, Style};
use linearize::{Action, Budget, Checker, History, Operation, Swap, Tier, Verdict};

fn verdict(checker: &mut Checker, operations: &[Operation]) -> (bool, Tier) {
    let history = History::new(operations.to_vec()).expect("it is a history");
    let checked = checker.check(&history, Budget::default());
    match checked.verdict {
        Verdict::Linearizable(_) => (true, checked.tier),
        Verdict::NotLinearizable { .. } => (false, checked.tier),
        Verdict::Inconclusive => panic!("a small history was too much: {operations:#?}"),
    }
}

fn told(operations: &[Operation]) -> String {
    let line = |it: &Operation| format!("{:>8} {:>8} {it}\n", it.call, it.ret.unwrap_or(-1));
    operations.iter().map(line).collect()
}

/// Whether it is certain which write each operation saw.
fn unambiguous(style: &Style, operations: &[Operation]) -> bool {
    let clear = |it: &Operation| match &it.action {
        Action::Delete { .. } => false,
        Action::Cas { told, .. } => *told != Some(Swap::Failed { actual: None }),
        _ => true,
    };
    let plain = |it: &Operation| it.version.is_none() && clear(it);
    style.unique && operations.iter().all(plain)
}

/// Checks `count` histories from this seed on.
fn agree(first: u64, count: u64) {
    let mut checker = Checker::new();
    let mut met = [[0_u64; 2]; 3];
    for seed in first..first + count {
        let mut random = Random::new(seed);
        let style = random.style(8);
        let operations = random.history(&style);
        let (ours, tier) = verdict(&mut checker, &operations);
        let right = crate::reference::linearizable(&operations);
        assert_eq!(
            ours,
            right,
            "seed {seed}, by {tier:?}, expected {right}:\n{}",
            told(&operations)
        );
        assert!(
            tier <= Tier::Zones || !unambiguous(&style, &operations),
            "seed {seed}: a search for what can be read off:\n{}",
            told(&operations)
        );
        met[usize::from(tier.number())][usize::from(right)] += 1;
    }
    println!("of {count}, per tier [not linearizable, linearizable]: {met:?}");
    assert!(met[1..].iter().flatten().all(|met| *met > count / 100));
}

#[test]
fn the_checker_agrees_with_the_definition() {
    agree(0, 50_000);
}

#[test]
#[ignore = "a million take some ten seconds"]
fn the_checker_agrees_with_the_definition_a_million_times() {
    agree(1 << 32, 1_000_000);
}

#[test]
fn versions_tell_the_order_of_values_that_are_written_twice() {
    let lines = [
        r#"{"process":0,"call":1,"return":9,"op":"put","key":"x","value":"a","version":1}"#,
        r#"{"process":1,"call":2,"return":10,"op":"put","key":"x","value":"a","version":3}"#,
        r#"{"process":2,"call":3,"return":11,"op":"delete","key":"x","existed":true,"version":2}"#,
        r#"{"process":3,"call":12,"return":20,"op":"get","key":"x","result":null,"version":5}"#,
        r#"{"process":0,"call":13,"return":18,"op":"delete","key":"x","existed":true,"version":4}"#,
        r#"{"process":1,"call":14,"return":19,"op":"delete","key":"x","existed":false,"version":5}"#,
    ];
    let history = History::parse(lines.join("\n")).expect("it is a history");
    let checked = Checker::new().check(&history, Budget::default());
    let order = vec![vec![0, 2, 1, 4, 5, 3]];
    assert_eq!(
        (checked.verdict, checked.tier),
        (Verdict::Linearizable(order), Tier::Zones)
    );
}
