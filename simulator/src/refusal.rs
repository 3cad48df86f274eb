//! Tests whether an action is possible. A list of actions may hold impossible ones.

use std::fmt;

use crate::action::{Action, MessageId};
use crate::cluster::Cluster;
use crate::flight::find;
use crate::node::{Node, NodeId};
use crate::slab::Slot;
use crate::time::Time;
use crate::topology::Endpoint;

/// The reason why an action is impossible in the current state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The action lies in the past.
    Past,
    /// There is no such message in flight.
    NoSuchMessage,
    /// There is no such node.
    NoSuchNode,
    /// There is no such client.
    NoSuchClient,
    /// The node is down.
    Down,
    /// The node is up.
    Up,
    /// The node is paused.
    Paused,
    /// The node is not paused.
    NotPaused,
    /// The write is not on its way.
    NoSuchWrite,
    /// The node's deadline is not reached, or it has none.
    NotDue,
    /// The client has an open operation.
    Busy,
    /// The serial does not follow the client's earlier ones.
    OldSerial,
    /// The client has no such open operation.
    NoSuchOperation,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::Past => "it lies in the past",
            Refusal::NoSuchMessage => "there is no such message in flight",
            Refusal::NoSuchNode => "there is no such node",
            Refusal::NoSuchClient => "there is no such client",
            Refusal::Down => "the node is down",
            Refusal::Up => "the node is up",
            Refusal::Paused => "the node is paused",
            Refusal::NotPaused => "the node is not paused",
            Refusal::NoSuchWrite => "the write is not on its way to the disk",
            Refusal::NotDue => "the node's deadline is not reached",
            Refusal::Busy => "the client has an open operation",
            Refusal::OldSerial => "the serial does not follow the client's earlier ones",
            Refusal::NoSuchOperation => "the client has no such open operation",
        })
    }
}

impl std::error::Error for Refusal {}

impl<N: Node> Cluster<N> {
    /// Tests whether the action is possible, and returns the slot of its message.
    #[inline]
    pub(crate) fn check(
        &self,
        time: Time,
        action: &Action<N>,
        hint: Option<Slot>,
    ) -> Result<Option<Slot>, Refusal> {
        if time < self.now {
            return Err(Refusal::Past);
        }
        match action {
            Action::Deliver(message) | Action::Duplicate(message) => {
                if let Endpoint::Node(node) = message.to {
                    self.check_awake(node)?;
                }
                return self.check_message(*message, hint);
            }
            Action::Drop(message, _) => return self.check_message(*message, hint),
            Action::Wake(node) => {
                self.check_awake(*node)?;
                let due = self.due(*node).is_some_and(|due| due <= time);
                due.then_some(()).ok_or(Refusal::NotDue)?;
            }
            Action::Written { node, through } => {
                self.check_awake(*node)?;
                let disk = &self.members[node.0 as usize].disk;
                disk.cause(*through).ok_or(Refusal::NoSuchWrite)?;
            }
            Action::Crash { node, .. } => self.check_up(*node)?,
            Action::Restart(node) => match self.check_up(*node) {
                Err(Refusal::Down) => {}
                up => return up.and(Err(Refusal::Up)),
            },
            Action::Clock { node, .. } => {
                self.members
                    .get(node.0 as usize)
                    .ok_or(Refusal::NoSuchNode)?;
            }
            Action::Pause(node) | Action::Operator { node, .. } => self.check_awake(*node)?,
            Action::Resume(node) => {
                self.check_up(*node)?;
                self.is_paused(*node)
                    .then_some(())
                    .ok_or(Refusal::NotPaused)?;
            }
            Action::Call { .. } | Action::Retry { .. } | Action::GiveUp { .. } => {
                self.check_client(action)?;
            }
        }
        Ok(None)
    }

    fn check_message(&self, id: MessageId, hint: Option<Slot>) -> Result<Option<Slot>, Refusal> {
        find(&self.flights, id, hint)
            .map(Some)
            .ok_or(Refusal::NoSuchMessage)
    }

    fn check_up(&self, node: NodeId) -> Result<(), Refusal> {
        let member = self
            .members
            .get(node.0 as usize)
            .ok_or(Refusal::NoSuchNode)?;
        member.node.is_some().then_some(()).ok_or(Refusal::Down)
    }

    fn check_awake(&self, node: NodeId) -> Result<(), Refusal> {
        self.check_up(node)?;
        if self.is_paused(node) {
            Err(Refusal::Paused)
        } else {
            Ok(())
        }
    }

    fn check_client(&self, action: &Action<N>) -> Result<(), Refusal> {
        let (client, serial, target) = match action {
            Action::Call {
                client,
                serial,
                target,
                ..
            }
            | Action::Retry {
                client,
                serial,
                target,
            } => (client, *serial, Some(target)),
            Action::GiveUp { client, serial } => (client, *serial, None),
            _ => unreachable!("only actions of clients are checked here"),
        };
        let session = self
            .sessions
            .get(client.0 as usize)
            .ok_or(Refusal::NoSuchClient)?;
        if target.is_some_and(|target| target.0 >= self.topology().node_count()) {
            return Err(Refusal::NoSuchNode);
        }
        if !matches!(action, Action::Call { .. }) {
            return session
                .is_open(serial)
                .then_some(())
                .ok_or(Refusal::NoSuchOperation);
        }
        if session.open.is_some() {
            return Err(Refusal::Busy);
        }
        (serial > session.serial)
            .then_some(())
            .ok_or(Refusal::OldSerial)
    }
}
