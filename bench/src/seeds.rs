//! Whole runs: seeds per second, with every fault and every check.

use std::io;

use fuzz::{Generator, Profile, Ran};
use runner::run_with_bug;
use runner::{Unobserved, Verdict};
use scenario::{Overrides, Resolved, parse};

use crate::figure::{Figure, Form, Unit, print};
use crate::measure::{Milli, Work, ns_per_unit};

/// Ten simulated seconds of five servers and five clients, with four operations a second each,
/// under all kinds of faults.
const TEN_SECONDS: &str = include_str!("../seeds.json");

/// Measures scenarios run from their text to their verdict.
///
/// # Errors
/// If standard output cannot be written.
pub(crate) fn run(form: Form) -> io::Result<()> {
    let everything = Profile::named("everything").expect("this profile is built in");
    let generator = Generator::new(everything);
    let (mut one, mut other) = (0, 0);
    let mut works: [Work<'_>; 2] = [
        Box::new(|| {
            one += 1;
            let outcome = run_with_bug(&ten_seconds(one), None, &mut Unobserved);
            assert!(
                matches!(outcome.verdict, Verdict::Ok | Verdict::Inconclusive(_)),
                "{:?}",
                outcome.verdict
            );
            1
        }),
        Box::new(|| {
            other += 1;
            let ran = Ran::of(generator.scenario(other), None);
            assert!(!ran.failed(), "{:?}", ran.outcome.verdict);
            1
        }),
    ];
    let ns = ns_per_unit(&mut works);
    drop(works);
    let names = [
        "ten seconds, 5 servers, 5 clients, all faults",
        "drawn from the profile everything",
    ];
    let figure = |(name, ns): (&str, &Milli)| Figure {
        name: format!("seeds: {name}"),
        ours: Milli::ratio(1_000_000_000_000, ns.0),
        peer: None,
        unit: Unit::PerSecond,
    };
    let figures: Vec<_> = names.into_iter().zip(&ns).map(figure).collect();
    print("whole runs, all checks on", "raft-rs", &figures, form)
}

fn ten_seconds(seed: u64) -> Resolved {
    let overrides = Overrides {
        seed: Some(seed),
        ..Overrides::default()
    };
    parse("seeds.json", TEN_SECONDS, &overrides).expect("a sound scenario")
}
