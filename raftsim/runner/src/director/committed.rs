//! What is committed, entry by entry: a node that has cut its log no longer tells what stood there.

use checks::asker;
use kv::Payload;
use raft_core::Index;
use sut::Server;

/// The committed log, as far as scripts ask about it.
#[derive(Clone, Debug, Default)]
pub(super) struct CommittedLog {
    entries: Vec<Committed>,
}

#[derive(Clone, Copy, Debug)]
struct Committed {
    /// Who asked for what it carries, if it carries a command.
    client: Option<u64>,
    /// How many commands there are up to here.
    commands: u64,
}

impl CommittedLog {
    /// Learns what was committed since it learned last.
    pub(super) fn learn(&mut self, committed: &[Payload]) {
        let new = committed.get(self.entries.len()..).unwrap_or_default();
        for payload in new {
            let client = asker(payload.bytes()).map(|(client, _)| client);
            let commands = self.commands_up_to(Index(self.entries.len() as u64));
            self.entries.push(Committed {
                client,
                commands: commands + u64::from(!payload.bytes().is_empty()),
            });
        }
    }

    /// How many commands stand in a node's log up to an index, or stood there before it was cut.
    pub(super) fn commands(&self, server: &Server, through: Index) -> u64 {
        let node = server.node();
        let base = node.raft().log().base().last.index.min(through);
        let entries = (base.0 + 1..=through.0).filter_map(|index| node.entry(Index(index)));
        let commands = entries.filter(|(_, payload)| !payload.bytes().is_empty());
        self.commands_up_to(base) + commands.count() as u64
    }

    /// Who asked for the command at an index of a node's log, or of what was cut off from it.
    pub(super) fn asker(&self, server: &Server, index: Index) -> Option<u64> {
        let node = server.node();
        if index <= node.raft().log().base().last.index {
            return self.get(index)?.client;
        }
        let (_, payload) = node.entry(index)?;
        asker(payload.bytes()).map(|(client, _)| client)
    }

    fn commands_up_to(&self, index: Index) -> u64 {
        self.get(index).map_or(0, |entry| entry.commands)
    }

    fn get(&self, index: Index) -> Option<Committed> {
        let place = usize::try_from(index.0.checked_sub(1)?).ok()?;
        self.entries.get(place).copied()
    }
}
