//! Benchmarks of the core and of the world, beside a peer in the same run.
//!
//! `cargo run --release -p bench -- [core|idle|node|reads|snapshot|world|seeds|linearize] [--json]
//! [--instructions]`
//!
//! The peer is raft-rs, the `raft` crate, with its own storage. Both sides run in the same harness:
//! clusters in memory, messages moved from queue to queue, instant disks, one thread. The
//! benchmarks measure processor time, as the median of rounds in which all subjects take turns. It
//! still varies by about a tenth from run to run, so a gate should count instructions.
//!
//! - `load`, `measure`, `memory`, `figure`: the work, the measurement of its time and memory, and
//!   the output.
//! - `core`: proposals and heartbeats; `core::payload` does for our core the work of the peer's
//!   storage.
//! - `core::node`: one idle server and a copy of it.
//! - `core::reads`: reads by ReadIndex and by lease.
//! - `snapshot`: a large state as bytes and back, with the memory that takes.
//! - `world`: the simulated world under load and idle; the peer runs in a bare event loop.
//! - `seeds`: whole runs, from a scenario's text to its verdict; there is no peer for that.
//! - `linearize`: the checker of histories, beside porcupine.
//! - `instructions`: counts by valgrind.
#![forbid(unsafe_code)]

mod core;
mod figure;
mod instructions;
mod linearize;
mod load;
mod measure;
mod memory;
mod peer;
#[path = "../../linearize/tests/it/porcupine/mod.rs"]
mod porcupine;
mod seeds;
mod snapshot;
mod world;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use figure::Form;
use instructions::{Counted, Counter};

/// Benchmarks beside a peer. Without a command: all of them.
#[derive(Parser)]
#[command(name = "bench")]
struct Cli {
    #[command(subcommand)]
    command: Option<Bench>,
    /// One JSON object per figure: name, ours, peer, ratio, unit.
    #[arg(long, global = true)]
    json: bool,
    /// Count instructions too, with valgrind. Takes minutes.
    #[arg(long, global = true)]
    instructions: bool,
}

#[derive(Clone, Copy, Subcommand)]
enum Bench {
    /// An entry, from its proposal until it is committed and applied everywhere.
    Core,
    /// A heartbeat of the whole cluster.
    Idle,
    /// One idle server: its memory, and the cost of a copy.
    Node,
    /// A read, from its question until the leader names an index.
    Reads,
    /// A snapshot of a million keys.
    Snapshot,
    /// The simulated world under load and idle.
    World,
    /// Whole runs, with all faults and checks.
    Seeds,
    /// The linearizability checker, beside porcupine.
    Linearize,
    /// One run to count the instructions of.
    #[command(hide = true, subcommand)]
    Count(Counted),
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> io::Result<()> {
    if let Some(Bench::Count(counted)) = cli.command {
        counted.run();
        return Ok(());
    }
    let form = if cli.json { Form::Json } else { Form::Table };
    let counter = cli.instructions.then(counter).flatten();
    let wanted = |bench: fn(&Bench) -> bool| cli.command.as_ref().is_none_or(bench);
    if wanted(|bench| matches!(bench, Bench::Core)) {
        core::run(form, counter.as_ref())?;
    }
    if wanted(|bench| matches!(bench, Bench::Idle)) {
        core::idle(form, counter.as_ref())?;
    }
    if wanted(|bench| matches!(bench, Bench::Node)) {
        core::node::run(form)?;
    }
    if wanted(|bench| matches!(bench, Bench::Reads)) {
        core::reads::run(form)?;
    }
    if wanted(|bench| matches!(bench, Bench::Snapshot)) {
        snapshot::run(form)?;
    }
    if wanted(|bench| matches!(bench, Bench::World)) {
        world::run(form, counter.as_ref())?;
    }
    if wanted(|bench| matches!(bench, Bench::Seeds)) {
        seeds::run(form)?;
    }
    if wanted(|bench| matches!(bench, Bench::Linearize)) {
        linearize::run(form)?;
    }
    Ok(())
}

fn counter() -> Option<Counter> {
    Counter::new()
        .inspect_err(|error| eprintln!("bench: no instructions are counted: valgrind: {error}"))
        .ok()
}
