//! The peer: raft-rs, driven as its documentation recommends. The core's benchmark and the bare
//! loop of the world's benchmark share this.

use raft::eraftpb::{ConfState, Entry, Message};
use raft::storage::MemStorage;
use raft::{Config, RawNode, ReadState};

use crate::load::{COMPACT_EVERY, MESSAGE_BYTES};

/// One node with its storage.
pub(crate) struct PeerNode {
    pub(crate) raw: RawNode<MemStorage>,
    applied: u64,
    compacted: u64,
}

/// The application of a node.
pub(crate) trait Application {
    /// A message leaves.
    fn send(&mut self, message: Message);
    /// An entry is committed.
    fn apply(&mut self, entry: &Entry);
    /// A read may be answered from this state.
    fn read(&mut self, state: &ReadState) {
        panic!("nobody asked for {state:?}");
    }
}

/// The settings that both sides share. The caller sets the rest.
pub(crate) fn config(id: u64) -> Config {
    Config {
        id,
        election_tick: 10,
        heartbeat_tick: 1,
        max_size_per_msg: MESSAGE_BYTES,
        max_inflight_msgs: 256,
        check_quorum: true,
        pre_vote: true,
        ..Config::default()
    }
}

impl PeerNode {
    /// A node of a new cluster with the members `1..=nodes`.
    pub(crate) fn new(config: &Config, nodes: u64) -> Self {
        let voters: Vec<u64> = (1..=nodes).collect();
        let storage = MemStorage::new_with_conf_state(ConfState::from((voters, Vec::new())));
        let logger = slog::Logger::root(slog::Discard, slog::o!());
        let raw = RawNode::new(config, storage, &logger).expect("the peer accepts its settings");
        Self {
            raw,
            applied: 0,
            compacted: 0,
        }
    }

    /// Performs all requests of the node: stores, sends, applies, and compacts now and then.
    pub(crate) fn drain<A: Application>(&mut self, application: &mut A) {
        while self.raw.has_ready() {
            let mut ready = self.raw.ready();
            send_all(application, ready.take_messages());
            for state in ready.take_read_states() {
                application.read(&state);
            }
            self.apply_all(application, &ready.take_committed_entries());
            let storage = self.raw.store();
            if !ready.entries().is_empty() {
                let stored = storage.wl().append(ready.entries());
                stored.expect("entries follow each other");
            }
            if let Some(state) = ready.hs() {
                storage.wl().set_hardstate(state.clone());
            }
            send_all(application, ready.take_persisted_messages());
            let mut light = self.raw.advance(ready);
            if let Some(commit) = light.commit_index() {
                self.raw.store().wl().mut_hard_state().commit = commit;
            }
            send_all(application, light.take_messages());
            self.apply_all(application, &light.take_committed_entries());
            self.raw.advance_apply();
        }
        if self.applied - self.compacted >= COMPACT_EVERY {
            self.compacted = self.applied;
            let compacted = self.raw.store().wl().compact(self.applied);
            compacted.expect("applied entries may go");
        }
    }

    fn apply_all<A: Application>(&mut self, application: &mut A, entries: &[Entry]) {
        for entry in entries {
            application.apply(entry);
            self.applied = entry.index;
        }
    }
}

fn send_all<A: Application>(application: &mut A, messages: Vec<Message>) {
    for message in messages {
        application.send(message);
    }
}
