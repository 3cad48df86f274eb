//! Counts instructions with valgrind, if it is present. This program runs itself under valgrind,
//! once with few units of work and once with many. The difference is the cost.
//!
//! A copy of some kilobytes counts as one instruction per byte here (`rep movsb`), although it
//! takes less time.

use std::io;
use std::process::Command;

use clap::Subcommand;

use crate::core::Subject;
use crate::load::{COMPACT_EVERY, Load};
use crate::measure::Milli;
use crate::world::{Plan, World};

/// The work of a counted run: the arguments of the hidden command.
#[derive(Subcommand, Clone, Copy, Debug)]
pub(crate) enum Counted {
    /// A cluster in memory.
    Cluster {
        #[arg(value_enum)]
        subject: Subject,
        nodes: usize,
        bytes: usize,
        in_flight: usize,
        entries: u64,
        heartbeats: u64,
    },
    /// A simulated world.
    World {
        #[arg(value_enum)]
        world: World,
        clients: u32,
        simulated_ms: u64,
    },
}

impl Counted {
    pub(crate) fn run(self) {
        match self {
            Self::Cluster {
                subject,
                nodes,
                bytes,
                in_flight,
                entries,
                heartbeats,
            } => {
                let mut cluster = subject.build(Load {
                    nodes,
                    bytes,
                    in_flight,
                });
                cluster.commit(entries);
                (0..heartbeats).for_each(|_| cluster.heartbeat());
            }
            Self::World {
                world,
                clients,
                simulated_ms,
            } => {
                world.run(Plan {
                    clients,
                    simulated_ms,
                });
            }
        }
    }
}

#[derive(Debug)]
pub(crate) struct Counter {
    program: std::path::PathBuf,
}

impl Counter {
    /// Creates a counter, if valgrind is present.
    ///
    /// # Errors
    /// If it is not, or if this program cannot find its own executable.
    pub(crate) fn new() -> io::Result<Self> {
        let program = std::env::current_exe()?;
        let version = Command::new("valgrind").arg("--version").output()?;
        if !version.status.success() {
            return Err(io::Error::other("valgrind does not run"));
        }
        Ok(Self { program })
    }

    /// Instructions for one entry: whole batches, and exactly one compaction.
    ///
    /// # Errors
    /// If valgrind fails.
    pub(crate) fn per_entry(&self, subject: Subject, load: Load) -> io::Result<Milli> {
        let few = COMPACT_EVERY / 4;
        let count = |entries| self.count(&cluster(subject, load, entries, 0));
        let extra = count(few + COMPACT_EVERY)?.saturating_sub(count(few)?);
        Ok(Milli::ratio(extra, COMPACT_EVERY))
    }

    /// Instructions for one heartbeat round.
    ///
    /// # Errors
    /// If valgrind fails.
    pub(crate) fn per_heartbeat(&self, subject: Subject, load: Load) -> io::Result<Milli> {
        let count = |heartbeats| self.count(&cluster(subject, load, 64, heartbeats));
        let extra = count(1100)?.saturating_sub(count(100)?);
        Ok(Milli::ratio(extra, 1000))
    }

    /// Instructions for one simulated second, after a leader is elected.
    ///
    /// # Errors
    /// If valgrind fails.
    pub(crate) fn per_simulated_second(&self, world: World, clients: u32) -> io::Result<u64> {
        let count = |ms: u64| {
            let arguments = [
                "world",
                &world.name(),
                &clients.to_string(),
                &ms.to_string(),
            ];
            self.count(&arguments.map(str::to_owned))
        };
        Ok(count(3000)?.saturating_sub(count(1000)?) / 2)
    }

    /// Instructions of a whole run.
    fn count(&self, arguments: &[String]) -> io::Result<u64> {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(&self.program)
            .arg("count")
            .args(arguments)
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        collected(&said)
            .filter(|_| output.status.success())
            .ok_or_else(|| io::Error::other(format!("valgrind did not count:\n{said}")))
    }
}

/// The arguments of a counted cluster.
fn cluster(subject: Subject, load: Load, entries: u64, heartbeats: u64) -> Vec<String> {
    let sizes = [load.nodes, load.bytes, load.in_flight].map(|size| size.to_string());
    let done = [entries, heartbeats].map(|count| count.to_string());
    let name = ["cluster".to_owned(), subject.name()];
    name.into_iter().chain(sizes).chain(done).collect()
}

/// The count in the last output of callgrind.
fn collected(said: &str) -> Option<u64> {
    let line = said.lines().find(|line| line.contains("Collected :"))?;
    line.rsplit(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_read_from_what_callgrind_says() {
        let said = "==7== Events    : Ir\n==7== Collected : 126543\n==7== \n";
        assert_eq!(collected(said), Some(126_543));
        assert_eq!(collected("==7== no such tool"), None);
    }
}
