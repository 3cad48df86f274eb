//! Voters that hold no data. Not in the paper; dragonboat has them, and TiKV around its core.
//!
//! A witness makes a third vote cheap: two servers hold the data, the witness breaks the tie. The core
//! never sees a payload, so for it a witness is a voter like others, with five differences:
//!
//! - It never campaigns, and is never told to ([`Rules::witness_may_stand`]).
//! - It is sent the *name* of a snapshot in place of the bytes ([`InstallSnapshot::is_name`]), and cuts
//!   its own log without one.
//! - In each half of a configuration those with data are a majority
//!   ([`Configuration::with_witnesses`]): every quorum holds the data of what it commits at least once,
//!   and they can elect one of them without any witness.
//! - A member that holds data does not become a witness, nor the other way round: its log says that it
//!   holds what it may not have. It leaves first, and comes back with an empty disk.
//! - A leader sends it only what is durable on its own disk, though others may be sent that before
//!   (dissertation §10.2.1). Else a crash could leave an entry on the witness alone, which would refuse
//!   its vote to every server with data; where that is needed nobody could ever win again.
//!
//! The driver does the rest. It attaches no payload to what it sends to a witness of
//! [`Effects::configuration`]; as a witness it keeps none, applies nothing and stores no snapshot.
//!
//! # What it costs
//!
//! With two servers and a witness, an entry commits when the leader and the witness hold it: one copy
//! of the data. If that leader is lost for good the other server cannot win, since the witness has the
//! newer log: the cluster stands still. That is right, for the entry was promised; only a cluster with
//! more servers that hold data can go on.
//!
//! [`Effects::configuration`]: crate::Effects::configuration
//! [`InstallSnapshot::is_name`]: crate::InstallSnapshot::is_name
//! [`Configuration::with_witnesses`]: crate::Configuration::with_witnesses

use crate::event::Observer;
use crate::raft::Raft;
use crate::rules::Rules;
use crate::types::{Index, NodeId};

impl<R: Rules + ?Sized> Raft<R> {
    /// Whether this server votes, or will, and holds no data.
    #[must_use]
    pub fn is_witness(&self) -> bool {
        self.configuration().is_witness(self.id)
    }

    /// Up to where the server in this place of the peers may be sent the log.
    pub(crate) fn may_be_told_through(&self, place: usize) -> Index {
        let witness = self.configuration().is_witness(self.progress()[place].id);
        let last = self.log.last_index();
        match witness {
            true => last.min(self.durable_index()),
            false => last,
        }
    }

    /// Sends witnesses what has become durable.
    pub(crate) fn tell_witnesses<O: Observer>(&mut self, observer: &mut O) {
        if self.configuration().witnesses().is_empty() {
            return;
        }
        for place in 0..self.progress().len() {
            if self.configuration().is_witness(self.progress()[place].id) {
                self.send_to(place, false, observer);
            }
        }
    }

    /// Whether a transfer, or the leaving of a leader, may put this voter in its place.
    pub(crate) fn may_be_told_to_campaign(&self, id: NodeId) -> bool {
        let now = self.configuration();
        let fit = !now.is_witness(id) || self.rules.witness_may_stand();
        now.is_voter(id) && fit
    }

    /// Whether a snapshot's name does in place of its data: not for a member that must hold them. One
    /// that does not know of its membership yet believes the leader.
    pub(crate) fn takes_names(&self) -> bool {
        self.is_witness() || !self.configuration().is_member(self.id)
    }
}
