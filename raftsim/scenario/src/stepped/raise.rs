//! Raises a script: turns it back into steps as written.

use std::collections::BTreeMap;

use kv::{Bytes, Op, ReadBy, Request, SessionId};
use raft_core::RuleId;
use simulator::{ClientId, Endpoint, NodeId};
use sut::{NodeSet, Operator, engine_id};

use super::crash::{WrittenCrash, WrittenCut, WrittenKeep};
use super::ends::{Ends, Who};
use super::expected::Expected;
use super::lower_expect::NOBODY;
use super::script::{Call, Keep, Letters, Links, ScriptStep, Verb};
use super::written::{
    OpName, Way, WrittenCall, WrittenCampaign, WrittenChange, WrittenClock, WrittenElect,
    WrittenExpected, WrittenGiveUp, WrittenMessages, WrittenOperator, WrittenProposal,
    WrittenReplicate, WrittenRetry, WrittenScriptStep, WrittenSession, WrittenStall, WrittenVerb,
    WrittenWrites,
};
use crate::action::Route;
use crate::select::{NodeName, Partition, Selector};
use crate::units::Nanos;

/// The steps as written, for nodes with these names.
pub(crate) fn steps<'a>(
    steps: &'a [ScriptStep],
    names: &'a [NodeName],
) -> impl Iterator<Item = WrittenScriptStep> + 'a {
    steps.iter().map(|step| {
        let verb = step.verb.as_ref().map(|verb| Names(names).verb(verb));
        WrittenScriptStep {
            at: step.at,
            say: step.say.clone(),
            why: step.why.map(|rule: RuleId| rule.card().name.to_owned()),
            note: step.note.clone(),
            ..verb.map(WrittenScriptStep::from).unwrap_or_default()
        }
    })
}

struct Names<'a>(&'a [NodeName]);

impl Names<'_> {
    fn node(&self, node: NodeId) -> NodeName {
        self.0[node.0 as usize].clone()
    }

    fn nodes(&self, nodes: NodeSet) -> Selector {
        if nodes.len() == self.0.len() && nodes.len() > 1 {
            return Selector::All;
        }
        Selector::Nodes(nodes.iter().map(|node| self.node(node)).collect())
    }

    fn ends(&self, ends: Ends) -> Selector {
        let clients = ends.iter().any(|end| matches!(end, Endpoint::Client(_)));
        if !clients {
            return self.nodes(ends.nodes);
        }
        let names = ends.iter().map(|end| match end {
            Endpoint::Node(node) => self.node(node),
            Endpoint::Client(client) => client_name(client),
        });
        Selector::Nodes(names.collect())
    }

    fn who(&self, who: Who) -> Selector {
        match who {
            Who::These(nodes) => {
                Selector::Nodes(nodes.iter().map(|node| self.node(node)).collect())
            }
            Who::All => Selector::All,
            Who::Leader => Selector::Leader,
            Who::Followers => Selector::Followers,
            Who::Down => Selector::Down,
            Who::Up => Selector::Up,
            Who::Voters => Selector::Voters,
            Who::Learners => Selector::Learners,
            Who::Witnesses => Selector::Witnesses,
            Who::Removed => Selector::Removed,
        }
    }

    fn verb(&self, verb: &Verb) -> WrittenVerb {
        match verb {
            Verb::Deliver(letters) => WrittenVerb::Deliver(self.letters(letters)),
            Verb::Drop(letters) => WrittenVerb::Drop(self.letters(letters)),
            Verb::Duplicate(letters) => WrittenVerb::Duplicate(self.letters(letters)),
            Verb::Hold(links) => WrittenVerb::Hold(self.links(*links)),
            Verb::Release(links) => WrittenVerb::Release(self.links(*links)),
            Verb::Cut(links) => WrittenVerb::Cut(self.links(*links)),
            Verb::Isolate(who) => WrittenVerb::Isolate(self.who(*who)),
            Verb::Partition(groups) => {
                let groups = groups.iter().map(|who| self.who(*who)).collect();
                WrittenVerb::Partition(Partition::Groups(groups))
            }
            Verb::Heal(who) => WrittenVerb::Heal(self.who(*who)),
            Verb::Timeout(node) => WrittenVerb::Timeout(self.node(*node)),
            Verb::Written { node, through } => WrittenVerb::Written(WrittenWrites {
                node: self.node(*node),
                through: *through,
            }),
            Verb::Disk { who, stall } => WrittenVerb::Disk(WrittenStall {
                node: self.who(*who),
                stall: *stall,
            }),
            Verb::Crash { who, keep } => WrittenVerb::Crash(WrittenCrash {
                node: self.who(*who),
                keep: kept(*keep),
            }),
            Verb::Restart(who) => WrittenVerb::Restart(self.who(*who)),
            Verb::Pause(who) => WrittenVerb::Pause(self.who(*who)),
            Verb::Resume(who) => WrittenVerb::Resume(self.who(*who)),
            Verb::Clock { who, rate, jump } => WrittenVerb::Clock(WrittenClock {
                node: self.who(*who),
                rate: *rate,
                jump: (*jump > Nanos::ZERO || rate.is_none()).then_some(*jump),
            }),
            Verb::Phase(name) => WrittenVerb::Phase(name.clone()),
            _ => self.longer(verb),
        }
    }

    /// The verbs of clients, and the verbs that stand for several actions.
    fn longer(&self, verb: &Verb) -> WrittenVerb {
        match verb {
            Verb::Call(call) => self.call(call),
            Verb::Retry { client, to } => WrittenVerb::Retry(WrittenRetry {
                client: Some(client_name(*client)),
                to: self.node(*to),
            }),
            Verb::GiveUp { client } => WrittenVerb::GiveUp(WrittenGiveUp {
                client: Some(client_name(*client)),
            }),
            Verb::Operator { node, command } => {
                WrittenVerb::Operator(self.operator(*node, command))
            }
            Verb::Settle(span) => WrittenVerb::Settle(*span),
            Verb::Advance(span) => WrittenVerb::Advance(*span),
            Verb::Elect { node, votes } => WrittenVerb::Elect(WrittenElect {
                node: self.node(*node),
                votes: self.nodes(*votes),
            }),
            Verb::Campaign {
                node,
                granted_by,
                refused_by,
            } => {
                let side = |nodes: NodeSet| (!nodes.is_empty()).then(|| self.nodes(nodes));
                WrittenVerb::Campaign(WrittenCampaign {
                    node: self.node(*node),
                    granted_by: side(*granted_by),
                    refused_by: side(*refused_by),
                })
            }
            Verb::Replicate { from, to, through } => WrittenVerb::Replicate(WrittenReplicate {
                from: self.node(*from),
                to: self.nodes(*to),
                through: *through,
            }),
            Verb::Expect(expected) => WrittenVerb::Expect(self.expected(expected)),
            Verb::Ask(question) => WrittenVerb::Ask((**question).clone()),
            _ => unreachable!("every other verb is written above"),
        }
    }

    fn letters(&self, letters: &Letters) -> WrittenMessages {
        WrittenMessages {
            from: self.ends(letters.from),
            to: self.ends(letters.to),
            kind: letters.kind,
            ordinal: letters.ordinal,
            all: letters.all,
        }
    }

    fn links(&self, links: Links) -> Route {
        Route {
            from: self.ends(links.from),
            to: self.ends(links.to),
        }
    }

    fn operator(&self, node: NodeId, command: &Operator) -> WrittenOperator {
        let nothing = WrittenOperator::nothing(self.node(node));
        let proposal = match command {
            Operator::Propose(proposal) => proposal,
            Operator::Command(command) => return self.command(command, nothing),
        };
        let (op, value, expect) = words(&proposal.op);
        WrittenOperator {
            propose: Some(WrittenProposal {
                client: proposal.client.0,
                serial: proposal.serial,
                op,
                key: text(proposal.op.key()),
                value,
                expect,
            }),
            ..nothing
        }
    }

    fn command(&self, command: &kv::Operator, nothing: WrittenOperator) -> WrittenOperator {
        match command {
            kv::Operator::Transfer { to } => WrittenOperator {
                transfer: Some(self.node(engine_id(*to))),
                ..nothing
            },
            kv::Operator::Campaign => WrittenOperator {
                campaign: Some(true),
                ..nothing
            },
            kv::Operator::StepDown => WrittenOperator {
                step_down: Some(true),
                ..nothing
            },
            kv::Operator::Snapshot => WrittenOperator {
                snapshot: Some(true),
                ..nothing
            },
            kv::Operator::Compact => WrittenOperator {
                compact: Some(true),
                ..nothing
            },
            kv::Operator::RequestSnapshot => WrittenOperator {
                request_snapshot: Some(true),
                ..nothing
            },
            kv::Operator::ApplyAfter { delay } => WrittenOperator {
                apply_after: Some(Nanos::new(delay.0).unwrap_or(Nanos::MAX)),
                ..nothing
            },
            kv::Operator::Change { change, how } => WrittenOperator {
                change: Some(self.change(change, *how)),
                ..nothing
            },
            kv::Operator::Bootstrap => WrittenOperator {
                bootstrap: Some(true),
                ..nothing
            },
            kv::Operator::ForceNewCluster => WrittenOperator {
                force_new_cluster: Some(true),
                ..nothing
            },
        }
    }

    fn change(&self, change: &raft_core::Change, how: raft_core::ChangeOptions) -> WrittenChange {
        use raft_core::Change;
        let name = |id: &raft_core::NodeId| Some(self.node(engine_id(*id)));
        let names = |ids: &raft_core::Members| ids.iter().filter_map(name).collect();
        let nothing = WrittenChange {
            forced: how.forced,
            stays_joint: how.stays_joint,
            ..WrittenChange::default()
        };
        match change {
            Change::Add(id) => WrittenChange {
                add: name(id),
                ..nothing
            },
            Change::AddWitness(id) => WrittenChange {
                add_witness: name(id),
                ..nothing
            },
            Change::Promote(id) => WrittenChange {
                promote: name(id),
                ..nothing
            },
            Change::Demote(id) => WrittenChange {
                demote: name(id),
                ..nothing
            },
            Change::Remove(id) => WrittenChange {
                remove: name(id),
                ..nothing
            },
            Change::Replace { old, new } => WrittenChange {
                replace: name(old),
                by: name(new),
                ..nothing
            },
            Change::To { voters, learners } => WrittenChange {
                voters: Some(names(voters)),
                learners: Some(names(learners)).filter(|_| !learners.is_empty()),
                ..nothing
            },
            Change::Leave => WrittenChange {
                leave: true,
                ..nothing
            },
        }
    }

    fn call(&self, call: &Call) -> WrittenVerb {
        let about = |session: Option<SessionId>| WrittenSession {
            client: Some(client_name(call.client)),
            serial: call.serial,
            to: self.node(call.to),
            session: session.map(|SessionId(id)| id),
        };
        match &call.request {
            Request::Operation { op, read, session } => {
                WrittenVerb::Call(self.operation(call, op, *read, *session))
            }
            Request::OpenSession => WrittenVerb::OpenSession(about(None)),
            Request::KeepSession { session } => WrittenVerb::KeepSession(about(Some(*session))),
        }
    }

    fn operation(
        &self,
        call: &Call,
        asked: &Op,
        read: ReadBy,
        session: Option<SessionId>,
    ) -> WrittenCall {
        let (op, value, expect) = words(asked);
        let (by, after) = match read {
            ReadBy::Log => (Way::Log, None),
            ReadBy::ReadIndex => (Way::ReadIndex, None),
            ReadBy::Lease => (Way::Lease, None),
            ReadBy::Follower => (Way::Follower, None),
            ReadBy::Stale { after } => (Way::Stale, Some(after.0)),
        };
        WrittenCall {
            client: Some(client_name(call.client)),
            serial: call.serial,
            to: self.node(call.to),
            op,
            key: text(asked.key()),
            value,
            expect,
            by: (by != Way::Log).then_some(by),
            after,
            session: session.map(|SessionId(id)| id),
        }
    }

    fn expected(&self, expected: &Expected) -> WrittenExpected {
        let set = |nodes: NodeSet| (!nodes.is_empty()).then(|| self.nodes(nodes));
        let voted = |vote: &Option<NodeId>| match vote {
            Some(node) => self.node(*node),
            None => NodeName(NOBODY.to_owned()),
        };
        let values = |values: &Vec<(Bytes, Bytes)>| -> BTreeMap<String, String> {
            let mut map = BTreeMap::new();
            for (key, value) in values {
                map.insert(text(key), text(value));
            }
            map
        };
        WrittenExpected {
            leader: set(expected.leader),
            not_leader: set(expected.not_leader),
            down: set(expected.down),
            roles: self.map(&expected.roles, |role| *role),
            terms: self.map(&expected.terms, |term| *term),
            voted_for: self.map(&expected.voted_for, voted),
            commit: self.map(&expected.commit, |index| *index),
            applied: self.map(&expected.applied, |index| *index),
            begins_after: self.map(&expected.begins_after, |index| *index),
            logs: self.map(&expected.logs, Clone::clone),
            members: self.map(&expected.members, |members| members.show(self.0)),
            durable: self.map(&expected.durable, Clone::clone),
            values: self.map(&expected.values, values),
            replied: by_client(&expected.replied, |replied| *replied),
            expired: by_client(&expected.expired, |expired| *expired),
            read: by_client(&expected.read, |read| text(read)),
        }
    }

    // Not `collect`, which sorts: a sort would be compiled for each type.
    fn map<T, U>(&self, pairs: &[(NodeId, T)], show: impl Fn(&T) -> U) -> BTreeMap<String, U> {
        let mut map = BTreeMap::new();
        for (node, what) in pairs {
            map.insert(self.node(*node).0, show(what));
        }
        map
    }
}

fn by_client<T, U>(pairs: &[(ClientId, T)], show: impl Fn(&T) -> U) -> BTreeMap<String, U> {
    let mut map = BTreeMap::new();
    for (client, what) in pairs {
        map.insert(client_name(*client).0, show(what));
    }
    map
}

fn client_name(client: ClientId) -> NodeName {
    NodeName(format!("c{}", client.0))
}

fn kept(keep: Keep) -> WrittenKeep {
    match keep {
        Keep::NONE => WrittenKeep::None,
        Keep::ALL => WrittenKeep::All,
        Keep { writes, parts } => WrittenKeep::Cut(WrittenCut { writes, parts }),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The name of an operation, its value, and the value that it expects.
fn words(op: &Op) -> (OpName, Option<String>, Option<String>) {
    match op {
        Op::Get { .. } => (OpName::Get, None, None),
        Op::Put { value, .. } => (OpName::Put, Some(text(value)), None),
        Op::Append { value, .. } => (OpName::Append, Some(text(value)), None),
        Op::Cas { expect, value, .. } => {
            let expect = expect.as_ref().map(|expect| text(expect));
            (OpName::Cas, Some(text(value)), expect)
        }
        Op::Delete { .. } => (OpName::Delete, None, None),
    }
}
