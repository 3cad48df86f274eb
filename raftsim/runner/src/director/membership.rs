//! Changes of members: the selected nodes, and the leaders that get the command.
//!
//! An operator does not know the leader. So it sends the command to every node that considers
//! itself the leader, including a deposed leader that has not noticed it yet.

use checks::Violation;
use raft_core::{Change, ChangeOptions, Configuration, Members, RoleKind};
use scenario::{Action, MembersChange, Selector};
use simulator::{FaultKind, NodeId};
use sut::{Operator, members, raft_id};

use super::Director;
use super::draws::Draw;
use super::undo::{is_down, is_up};
use crate::spectator::Watching;
use crate::world::KvWorld;

impl Director<'_> {
    /// Sends a change of members to every node that considers itself the leader.
    pub(super) fn change_members(
        &mut self,
        action: &Action,
        draw: Draw,
        world: &mut KvWorld,
        observer: &mut Watching<'_>,
    ) -> Result<(), Box<Violation>> {
        let Some((change, how)) = self.change(action, draw, world) else {
            return Ok(());
        };
        if let (Action::Join(_), Change::Promote(newcomer)) = (action, &change) {
            let newcomer = sut::engine_id(*newcomer);
            if is_down(world, newcomer) {
                world.ledger_mut().schedule(FaultKind::Restart);
                world.restart(newcomer, observer)?;
            }
        }
        let told: Vec<_> = match action {
            Action::LeaveJoint(who) => self.who(who, draw, world, is_up),
            _ => world.cluster().nodes().collect(),
        };
        for id in told {
            if !leads(world, id) {
                continue;
            }
            world.ledger_mut().schedule(FaultKind::Operator);
            world.ledger_mut().operated();
            let change = change.clone();
            let command = kv::Operator::Change { change, how };
            world.operator(id, Operator::Command(command), observer)?;
        }
        Ok(())
    }

    /// The change to make; nothing if no node fits.
    fn change(
        &self,
        action: &Action,
        draw: Draw,
        world: &KvWorld,
    ) -> Option<(Change, ChangeOptions)> {
        let now = members::in_force(world.cluster());
        let votes = |_: &KvWorld, id| now.is_some_and(|now| now.is_voter(raft_id(id)));
        let member = |_: &KvWorld, id| now.is_some_and(|now| now.is_member(raft_id(id)));
        let witness = |id| now.is_some_and(|now| now.is_witness(raft_id(id)));
        // A server that was a witness misses the data of its entries.
        let holds = |world: &KvWorld, id| !lacks_data(world, id);
        let no_vote = |world: &KvWorld, id| !votes(world, id) && (witness(id) || holds(world, id));
        let stranger = |world: &KvWorld, id| !member(world, id) && holds(world, id);
        let no_data = |world: &KvWorld, id| match member(world, id) {
            true => witness(id) && !votes(world, id),
            false => lacks_data(world, id) || is_blank(world, id),
        };
        let first = |who: &Selector, fit: &dyn Fn(&KvWorld, NodeId) -> bool| {
            let mut them = self.who(who, draw, world, fit).into_iter();
            // Explicitly named nodes and learners are selected even if the change makes no sense.
            let named = matches!(who, Selector::Nodes(_) | Selector::Learners);
            them.find(|id| named || fit(world, *id)).map(raft_id)
        };
        let change = match action {
            Action::AddServer(who) => Change::Add(first(who, &stranger)?),
            Action::Join(who) => Change::Promote(first(who, &stranger)?),
            Action::AddWitness(who) => Change::AddWitness(first(who, &no_data)?),
            Action::Promote(who) => Change::Promote(first(who, &no_vote)?),
            Action::Demote(who) => Change::Demote(first(who, &votes)?),
            Action::RemoveServer(who) => Change::Remove(first(who, &member)?),
            Action::Replace(replacement) => Change::Replace {
                old: first(&replacement.old, &votes)?,
                new: first(&replacement.new, &no_vote)?,
            },
            Action::Members(wanted) => return self.exactly(wanted, draw, world),
            Action::LeaveJoint(_) => Change::Leave,
            _ => unreachable!("no other action changes the members"),
        };
        Some((change, ChangeOptions::default()))
    }

    fn exactly(
        &self,
        wanted: &MembersChange,
        draw: Draw,
        world: &KvWorld,
    ) -> Option<(Change, ChangeOptions)> {
        let now = members::in_force(world.cluster());
        let fits = |world: &KvWorld, id| {
            let witness = now.is_some_and(|now| now.is_witness(raft_id(id)));
            witness || !lacks_data(world, id)
        };
        let set = |who: &Selector, but: &Members| -> Members {
            let fit = |world: &KvWorld, id| !but.contains(&raft_id(id)) && fits(world, id);
            let them = self.who(who, draw, world, fit);
            them.into_iter().map(raft_id).collect()
        };
        let voters = set(&wanted.voters, &Members::new());
        let learners = wanted.learners.as_ref();
        let learners = learners.map(|who| set(who, &voters)).unwrap_or_default();
        let how = ChangeOptions {
            forced: wanted.forced,
            stays_joint: wanted.stays_joint,
        };
        Configuration::new(&voters, &[], &learners).ok()?;
        Some((Change::To { voters, learners }, how))
    }
}

/// Whether a node misses the data of entries or of its snapshot, because it was a witness.
fn lacks_data(world: &KvWorld, id: NodeId) -> bool {
    match world.cluster().node(id) {
        Some(server) => server.node().lacks_data(),
        None => world.cluster().disk(id).0.lacks_data(),
    }
}

/// Whether a node has an empty log and no snapshot.
fn is_blank(world: &KvWorld, id: NodeId) -> bool {
    match world.cluster().node(id) {
        Some(server) => server.node().raft().log().last_index().0 == 0,
        None => world.cluster().disk(id).0.last_index().0 == 0,
    }
}

/// Whether a node considers itself the leader.
fn leads(world: &KvWorld, id: NodeId) -> bool {
    let server = world.cluster().node(id).filter(|_| is_up(world, id));
    server.is_some_and(|server| server.node().raft().role() == RoleKind::Leader)
}
