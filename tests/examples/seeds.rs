//! Runs seeds of a profile and nothing else, for use with a profiler.
//!
//! `valgrind --tool=callgrind target/release/examples/seeds everything 0 30`

use fuzz::{Generator, Profile, Ran};

fn main() -> Result<(), String> {
    let mut words = std::env::args().skip(1);
    let profile = words.next().unwrap_or_else(|| "everything".to_owned());
    let mut number = |usual: u64| match words.next() {
        Some(word) => word.parse().map_err(|error| format!("{word}: {error}")),
        None => Ok(usual),
    };
    let (first, end) = (number(0)?, number(30)?);
    let generator = Generator::new(Profile::named(&profile)?);
    let events: u64 = (first..end)
        .map(|seed| Ran::of(generator.scenario(seed), None).outcome.events)
        .sum();
    println!("{events} events");
    Ok(())
}
