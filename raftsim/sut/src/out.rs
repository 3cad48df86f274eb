//! The output of a machine on its way to the engine: Raft's ids become nodes of the engine.

use kv::Outbox;
use raft_core::Index;
use simulator::{ClientId, NodeId};

use crate::ids::engine_id;

/// The first client number of operations that an operator proposes. It is beyond the clients of
/// every scenario, which have links to the servers and get their answers over them.
pub const FIRST_OPERATOR: u32 = 100;

/// Converts the output of a machine to the engine's output.
pub struct Out<'a> {
    pub(crate) sends: &'a mut Vec<(NodeId, kv::Message)>,
    pub(crate) writes: &'a mut Vec<kv::Write>,
    pub(crate) replies: &'a mut Vec<(ClientId, u64, kv::Response)>,
    pub(crate) applied: &'a mut Vec<(Index, u64)>,
    pub(crate) answers: &'a mut Vec<(ClientId, u64, kv::Response)>,
}

impl Outbox for Out<'_> {
    #[inline]
    fn send(&mut self, to: raft_core::NodeId, message: kv::Message) {
        self.sends.push((engine_id(to), message));
    }

    #[inline]
    fn write(&mut self, write: kv::Write) {
        self.writes.push(write);
    }

    #[inline]
    fn reply(&mut self, client: kv::ClientId, serial: kv::Serial, response: kv::Response) {
        let client = u32::try_from(client.0).expect("the engine's clients have small numbers");
        let answer = (ClientId(client), serial.0, response);
        // An operator has no link to the server, so its answer does not travel.
        if client < FIRST_OPERATOR {
            self.replies.push(answer);
        } else {
            self.answers.push(answer);
        }
    }

    #[inline]
    fn applied(&mut self, index: Index, state_hash: u64) {
        self.applied.push((index, state_hash));
    }
}
