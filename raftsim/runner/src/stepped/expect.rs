//! `expect` steps compare the cluster with the step's expectation.

use std::fmt;

use checks::End;
use kv::{Answer, Bytes};
use raft_core::{Index, RoleKind};
use scenario::{Expected, RoleName};
use simulator::{ClientId, Endpoint, NodeId};
use sut::{MemberSets, NodeSet, Server, engine_id};

use super::Player;
use super::observers::Halt;
use super::step_failure::StepFailure;

impl Player<'_> {
    pub(super) fn expect(&mut self, expected: &Expected) -> Result<(), Halt> {
        self.roles(expected)?;
        let cluster = self.world.cluster();
        let raft =
            |server: &Server, what: &dyn Fn(&raft_core::Raft<dyn raft_core::Rules>) -> u64| {
                what(server.node().raft())
            };
        let term = |server: &_| raft(server, &|raft| raft.current_term().0);
        self.each_node("terms", &expected.terms, term)?;
        let commit = |server: &_| raft(server, &|raft| raft.commit_index().0);
        self.each_node("commit", &expected.commit, commit)?;
        let applied = |server: &Server| server.node().applied();
        self.each_node("applied", &expected.applied, applied)?;
        let base = |server: &_| raft(server, &|raft| raft.log().base().last.index.0);
        self.each_node("begins_after", &expected.begins_after, base)?;
        self.each_node("logs", &expected.logs, terms)?;
        for (node, wanted) in &expected.members {
            let raft = self.up("members", *node)?.node().raft();
            let was = MemberSets::from(raft.configuration());
            if was != *wanted {
                let show = |members: MemberSets| members.show(self.observers.names);
                let (wanted, was) = (show(*wanted), show(was));
                return Err(differs("members", (*node).into(), &wanted, &was));
            }
        }
        for (node, wanted) in &expected.durable {
            let entries = cluster.disk(*node).0.entries.iter();
            let was: Vec<u64> = entries.map(|(term, _)| term.0).collect();
            same("durable", (*node).into(), wanted, &was)?;
        }
        for (node, values) in &expected.values {
            let server = self.up("values", *node)?;
            for (key, wanted) in values {
                let reply = server.node().read(key);
                let was = match &reply.answer {
                    Answer::Value(value) => value.clone().unwrap_or_default(),
                    _ => Bytes::default(),
                };
                same_text("values", (*node).into(), wanted, &was)?;
            }
        }
        self.clients(expected)
    }

    fn roles(&self, expected: &Expected) -> Result<(), Halt> {
        let role = |server: &Server| server.node().raft().role();
        for node in expected.leader.iter() {
            let was = role(self.up("role", node)?);
            same("role", node.into(), &RoleKind::Leader, &was)?;
        }
        for node in expected.not_leader.iter() {
            let server = self.world.cluster().node(node);
            if server.is_some_and(|server| role(server) == RoleKind::Leader) {
                return Err(differs("role", node.into(), "not leader", "leader"));
            }
        }
        self.down(expected.down)?;
        for (node, wanted) in &expected.roles {
            let was = role(self.up("role", *node)?);
            same("role", (*node).into(), &kind(*wanted), &was)?;
        }
        for (node, wanted) in &expected.voted_for {
            let voted = self.up("voted_for", *node)?.node().raft().voted_for();
            let name = |node: Option<NodeId>| match node {
                Some(node) => self.observers.names[node.0 as usize].as_str(),
                None => "nobody",
            };
            let was = voted.map(engine_id);
            if was != *wanted {
                let whose = Endpoint::from(*node);
                return Err(differs("voted_for", whose, name(*wanted), name(was)));
            }
        }
        Ok(())
    }

    fn down(&self, wanted: NodeSet) -> Result<(), Halt> {
        let up = |node: &NodeId| self.world.cluster().node(*node).is_some();
        match wanted.iter().find(up) {
            Some(node) => Err(differs("state", node.into(), "down", "up")),
            None => Ok(()),
        }
    }

    fn clients(&self, expected: &Expected) -> Result<(), Halt> {
        let history = self.observers.checks.history();
        let reply = |client: ClientId| match &history.last(client)?.end {
            End::Answered { reply, .. } => Some(reply),
            End::Expired | End::Unknown => None,
        };
        for (client, wanted) in &expected.replied {
            let was = reply(*client).is_some();
            same("replied", (*client).into(), wanted, &was)?;
        }
        for (client, wanted) in &expected.expired {
            let last = history.last(*client);
            let was = last.is_some_and(|last| last.end == End::Expired);
            same("expired", (*client).into(), wanted, &was)?;
        }
        for (client, wanted) in &expected.read {
            let whose = Endpoint::from(*client);
            match reply(*client).map(|reply| &reply.answer) {
                Some(Answer::Value(value)) => {
                    let was = value.clone().unwrap_or_default();
                    same_text("read", whose, wanted, &was)?;
                }
                Some(_) => return Err(differs("read", whose, &text(wanted), "no get")),
                None => return Err(differs("read", whose, &text(wanted), "no answer")),
            }
        }
        Ok(())
    }

    fn each_node<T: PartialEq + fmt::Debug>(
        &self,
        field: &'static str,
        wanted: &[(NodeId, T)],
        is: impl Fn(&Server) -> T,
    ) -> Result<(), Halt> {
        for (node, wanted) in wanted {
            let was = is(self.up(field, *node)?);
            same(field, (*node).into(), wanted, &was)?;
        }
        Ok(())
    }

    /// A node that must be up, because the step asks for its state.
    fn up(&self, field: &'static str, node: NodeId) -> Result<&Server, Halt> {
        let server = self.world.cluster().node(node);
        server.ok_or_else(|| differs(field, node.into(), "a node that is up", "down"))
    }
}

/// The terms of all entries in a log.
fn terms(server: &Server) -> Vec<u64> {
    let log = server.node().raft().log();
    let entries = log.base().last.index.0 + 1..=log.last_index().0;
    entries
        .map_while(|index| Some(log.term_at(Index(index)).ok()?.0))
        .collect()
}

fn kind(role: RoleName) -> RoleKind {
    match role {
        RoleName::Follower => RoleKind::Follower,
        RoleName::PreCandidate => RoleKind::PreCandidate,
        RoleName::Candidate => RoleKind::Candidate,
        RoleName::Leader => RoleKind::Leader,
    }
}

fn same<T: PartialEq + fmt::Debug>(
    field: &'static str,
    whose: Endpoint,
    wanted: &T,
    was: &T,
) -> Result<(), Halt> {
    if wanted == was {
        return Ok(());
    }
    let (wanted, was) = (format!("{wanted:?}"), format!("{was:?}"));
    Err(differs(field, whose, &wanted, &was))
}

fn same_text(
    field: &'static str,
    whose: Endpoint,
    wanted: &Bytes,
    was: &Bytes,
) -> Result<(), Halt> {
    if wanted == was {
        return Ok(());
    }
    Err(differs(field, whose, &text(wanted), &text(was)))
}

fn text(bytes: &Bytes) -> String {
    format!("\"{}\"", String::from_utf8_lossy(bytes))
}

fn differs(field: &'static str, whose: Endpoint, wanted: &str, was: &str) -> Halt {
    StepFailure::Differs {
        field,
        whose,
        wanted: wanted.to_owned(),
        was: was.to_owned(),
    }
    .into()
}
