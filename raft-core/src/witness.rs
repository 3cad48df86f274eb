//! Voters that hold no data. They are not in the paper. Dragonboat has them, and TiKV builds them
//! around its core.
//!
//! A witness makes a third vote cheap: two servers hold the data, and the witness breaks the tie.
//! The core never sees a payload, so it treats a witness as a voter like others, with five
//! differences:
//!
//! - It never campaigns, and no leader tells it to ([`Rules::witness_may_stand`]).
//! - The leader sends it the *name* of a snapshot in place of the bytes
//!   ([`InstallSnapshot::is_name`]), and it cuts its own log without a snapshot.
//! - In each half of a configuration the voters with data are a majority
//!   ([`Configuration::with_witnesses`]). So every quorum holds at least one copy of the data that
//!   it commits, and the voters with data can elect one of them without any witness.
//! - A member with data cannot become a witness, and the reverse is also forbidden: its log would
//!   claim data that it may not have. It leaves first, and comes back with an empty disk.
//! - A leader sends it only entries that are durable on the leader's own disk, though it may send
//!   them to others earlier (dissertation §10.2.1). Otherwise a crash could leave an entry on the
//!   witness alone. The witness would then refuse its vote to every server with data, and if an
//!   election needed that vote, no server could ever win again.
//!
//! The driver does the rest. It attaches no payload to messages for a witness of
//! [`Effects::configuration`]. As a witness it keeps no payload, applies nothing and stores no
//! snapshot.
//!
//! # The cost
//!
//! With two servers and a witness, an entry commits when the leader and the witness hold it: one
//! copy of the data. If that leader is lost for good, the other server cannot win, because the
//! witness has the newer log, and the cluster stops. This is correct, because the entry was
//! promised. A cluster can only continue if it has more servers that hold data.
//!
//! [`Effects::configuration`]: crate::Effects::configuration
//! [`InstallSnapshot::is_name`]: crate::InstallSnapshot::is_name
//! [`Configuration::with_witnesses`]: crate::Configuration::with_witnesses

use crate::event::Observer;
use crate::raft::Raft;
use crate::rules::Rules;
use crate::types::{Index, NodeId};

impl<R: Rules + ?Sized> Raft<R> {
    /// Whether this server is or will be a voter without data.
    #[must_use]
    pub fn is_witness(&self) -> bool {
        self.configuration().is_witness(self.id)
    }

    /// The last entry that the leader may send to the peer at this place.
    pub(crate) fn may_be_told_through(&self, place: usize) -> Index {
        let witness = self.configuration().is_witness(self.progress()[place].id);
        let last = self.log.last_index();
        match witness {
            true => last.min(self.durable_index()),
            false => last,
        }
    }

    /// Sends witnesses the entries that have become durable.
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

    /// Whether a transfer, or a leader that leaves, may choose this voter as the next leader.
    pub(crate) fn may_be_told_to_campaign(&self, id: NodeId) -> bool {
        let now = self.configuration();
        let fit = !now.is_witness(id) || self.rules.witness_may_stand();
        now.is_voter(id) && fit
    }

    /// Whether a snapshot's name is enough in place of its data. It is not for a member that must
    /// hold data. A server that does not know of its membership yet believes the leader.
    pub(crate) fn takes_names(&self) -> bool {
        self.is_witness() || !self.configuration().is_member(self.id)
    }
}
