//! The committed log, entry by entry. A node that has compacted its log does not know the entries
//! any more.

use checks::asker;
use kv::Payload;
use raft_core::Index;
use sut::Server;

/// The part of the committed log that scripts ask about.
#[derive(Clone, Debug, Default)]
pub(super) struct CommittedLog {
    entries: Vec<Committed>,
}

#[derive(Clone, Copy, Debug)]
struct Committed {
    /// The client of the command, if the entry carries one.
    client: Option<u64>,
    /// The number of commands up to this entry.
    commands: u64,
}

impl CommittedLog {
    /// Adds the entries that were committed since the last call.
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

    /// The number of commands in a node's log up to an index, including compacted ones.
    pub(super) fn commands(&self, server: &Server, through: Index) -> u64 {
        let node = server.node();
        let base = node.raft().log().base().last.index.min(through);
        let entries = (base.0 + 1..=through.0).filter_map(|index| node.entry(Index(index)));
        let commands = entries.filter(|(_, payload)| !payload.bytes().is_empty());
        self.commands_up_to(base) + commands.count() as u64
    }

    /// The client of the command at an index of a node's log, including compacted entries.
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
