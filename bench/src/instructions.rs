//! Instructions, counted by valgrind where it is present: this program runs itself under it, once
//! for few and once for many, and the difference is the cost.

use std::io;
use std::process::Command;

use clap::Args;

use crate::core::Subject;
use crate::load::{COMPACT_EVERY, Load};
use crate::measure::Milli;

/// What a counted run does: the arguments of the hidden command.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Counted {
    #[arg(value_enum)]
    subject: Subject,
    nodes: usize,
    bytes: usize,
    in_flight: usize,
    entries: u64,
    heartbeats: u64,
}

impl Counted {
    /// Does it.
    pub(crate) fn run(self) {
        let mut cluster = self.subject.build(Load {
            nodes: self.nodes,
            bytes: self.bytes,
            in_flight: self.in_flight,
        });
        cluster.commit(self.entries);
        for _ in 0..self.heartbeats {
            cluster.heartbeat();
        }
    }
}

/// Counts instructions.
#[derive(Debug)]
pub(crate) struct Counter {
    program: std::path::PathBuf,
}

impl Counter {
    /// A counter, if valgrind is there.
    ///
    /// # Errors
    /// When it is not, or this program does not know where it is itself.
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
    /// When valgrind fails.
    pub(crate) fn per_entry(&self, subject: Subject, load: Load) -> io::Result<Milli> {
        let few = COMPACT_EVERY / 4;
        let more = few + COMPACT_EVERY;
        let extra = self.count(subject, load, [more, 0])? - self.count(subject, load, [few, 0])?;
        Ok(Milli::ratio(extra, COMPACT_EVERY))
    }

    /// Instructions for one heartbeat round.
    ///
    /// # Errors
    /// When valgrind fails.
    pub(crate) fn per_heartbeat(&self, subject: Subject, load: Load) -> io::Result<Milli> {
        let (few, more) = (100, 1100);
        let extra =
            self.count(subject, load, [64, more])? - self.count(subject, load, [64, few])?;
        Ok(Milli::ratio(extra, more - few))
    }

    /// Instructions of a whole run.
    fn count(&self, subject: Subject, load: Load, done: [u64; 2]) -> io::Result<u64> {
        let [entries, heartbeats] = done.map(|number| number.to_string());
        let numbers = [load.nodes, load.bytes, load.in_flight].map(|number| number.to_string());
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(&self.program)
            .args(["count", &subject.name()])
            .args(numbers)
            .args([entries, heartbeats])
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        collected(&said)
            .filter(|_| output.status.success())
            .ok_or_else(|| io::Error::other(format!("valgrind did not count:\n{said}")))
    }
}

/// The count in what callgrind says at its end.
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
