//! Lowers one verb: names of nodes and clients become numbers.

use kv::{Op, ReadBy, Request, SessionId};
use raft_core::Index;
use simulator::{ClientId, Endpoint, NodeId};
use sut::{FIRST_OPERATOR, NodeSet, Operator, Proposal, raft_id};

use super::crash::{WrittenCrash, WrittenKeep};
use super::ends::{Ends, Who};
use super::script::{Ask, Call, Keep, Letters, Links, MAX_CHOICES, Verb};
use super::written::{
    OpName, Way, WrittenCall, WrittenCampaign, WrittenClock, WrittenElect, WrittenMessages,
    WrittenOperator, WrittenProposal, WrittenReplicate, WrittenSession, WrittenVerb,
};
use super::{lower_change, lower_expect};
use crate::action::Route;
use crate::checker::Checker;
use crate::codes::Code;
use crate::select::{NodeName, Partition, Selector};
use crate::units::Nanos;

/// The maximum length of a value, in bytes.
const MAX_VALUE: usize = 16 << 10;
/// The maximum length of a key, in bytes.
const MAX_KEY: usize = 64;
/// The maximum number of different operations that an operator proposes.
pub const MAX_PROPOSALS: u32 = 100_000;

/// The verb of a step; `None` after a mistake without a usable result.
pub(super) fn verb(checker: &mut Checker<'_>, at: &str, written: WrittenVerb) -> Option<Verb> {
    Some(match written {
        WrittenVerb::Deliver(these) => Verb::Deliver(letters(checker, at, &these)?),
        WrittenVerb::Drop(these) => Verb::Drop(letters(checker, at, &these)?),
        WrittenVerb::Duplicate(these) => Verb::Duplicate(letters(checker, at, &these)?),
        WrittenVerb::Hold(route) => Verb::Hold(links(checker, at, &route)?),
        WrittenVerb::Release(route) => Verb::Release(links(checker, at, &route)?),
        WrittenVerb::Cut(route) => Verb::Cut(links(checker, at, &route)?),
        WrittenVerb::Isolate(nodes) => Verb::Isolate(who(checker, at, &nodes)?),
        WrittenVerb::Partition(partition) => Verb::Partition(groups(checker, at, &partition)?),
        WrittenVerb::Heal(nodes) => Verb::Heal(who(checker, at, &nodes)?),
        WrittenVerb::Timeout(name) => Verb::Timeout(checker.node(at, &name)?),
        WrittenVerb::Written(writes) => Verb::Written {
            node: checker.node(&format!("{at}/node"), &writes.node)?,
            through: writes.through,
        },
        WrittenVerb::Disk(disk) => Verb::Disk {
            who: who(checker, &format!("{at}/node"), &disk.node)?,
            stall: disk.stall,
        },
        WrittenVerb::Crash(crash) => self::crash(checker, at, &crash)?,
        WrittenVerb::Restart(nodes) => Verb::Restart(who(checker, at, &nodes)?),
        WrittenVerb::Pause(nodes) => Verb::Pause(who(checker, at, &nodes)?),
        WrittenVerb::Resume(nodes) => Verb::Resume(who(checker, at, &nodes)?),
        WrittenVerb::Clock(change) => clock(checker, at, &change)?,
        WrittenVerb::Call(written) => Verb::Call(Box::new(call(checker, at, &written)?)),
        WrittenVerb::OpenSession(written) => {
            Verb::Call(Box::new(open_session(checker, at, &written)?))
        }
        WrittenVerb::KeepSession(written) => {
            Verb::Call(Box::new(keep_session(checker, at, &written)?))
        }
        WrittenVerb::Retry(written) => Verb::Retry {
            client: client(checker, at, written.client.as_ref())?,
            to: checker.node(&format!("{at}/to"), &written.to)?,
        },
        WrittenVerb::GiveUp(written) => Verb::GiveUp {
            client: client(checker, at, written.client.as_ref())?,
        },
        WrittenVerb::Operator(written) => operator(checker, at, written)?,
        WrittenVerb::Settle(span) => Verb::Settle(span),
        WrittenVerb::Advance(span) => Verb::Advance(span),
        WrittenVerb::Elect(written) => elect(checker, at, &written)?,
        WrittenVerb::Campaign(written) => campaign(checker, at, &written)?,
        WrittenVerb::Replicate(written) => replicate(checker, at, &written)?,
        WrittenVerb::Expect(written) => {
            Verb::Expect(Box::new(lower_expect::expected(checker, at, written)?))
        }
        WrittenVerb::Ask(question) => Verb::Ask(Box::new(ask(checker, at, question))),
        WrittenVerb::Phase(name) => Verb::Phase(name),
    })
}

fn letters(checker: &mut Checker<'_>, at: &str, written: &WrittenMessages) -> Option<Letters> {
    let from = checker.ends(&format!("{at}/from"), &written.from);
    let to = checker.ends(&format!("{at}/to"), &written.to);
    let (from, to) = (from?, to?);
    if !written.all {
        for (field, ends) in [("from", from), ("to", to)] {
            if ends.only().is_none() {
                let help = Some("add \"all\": true, or write one step for each".to_owned());
                let message = "one message has one sender and one receiver";
                checker.wrong_with_help(Code::SC034, &format!("{at}/{field}"), message, help);
            }
        }
    }
    if written.all && written.ordinal.is_some() {
        let message = "\"ordinal\" selects one message, but \"all\" selects several";
        checker.wrong(Code::SC027, &format!("{at}/ordinal"), message);
    }
    some_link(checker, at, from, to);
    Some(Letters {
        from,
        to,
        kind: written.kind,
        ordinal: written.ordinal,
        all: written.all,
    })
}

/// Reports a mistake if no link exists between these ends.
fn some_link(checker: &mut Checker<'_>, at: &str, from: Ends, to: Ends) {
    let joined = |(from, to): (Endpoint, Endpoint)| match (from, to) {
        (Endpoint::Client(_), Endpoint::Client(_)) => false,
        // The core never sends to itself.
        (from, to) => from != to,
    };
    let mut pairs = from
        .iter()
        .flat_map(|from| to.iter().map(move |to| (from, to)));
    if !pairs.any(joined) {
        let message = "there is no link between these ends";
        checker.wrong(Code::SC029, &format!("{at}/to"), message);
    }
}

fn links(checker: &mut Checker<'_>, at: &str, route: &Route) -> Option<Links> {
    let from = checker.ends(&format!("{at}/from"), &route.from);
    let to = checker.ends(&format!("{at}/to"), &route.to);
    let (from, to) = (from?, to?);
    some_link(checker, at, from, to);
    Some(Links { from, to })
}

fn who(checker: &mut Checker<'_>, at: &str, selector: &Selector) -> Option<Who> {
    Some(match selector {
        Selector::Nodes(_) => Who::These(checker.only_nodes(at, selector)?),
        Selector::All => Who::All,
        Selector::Leader => Who::Leader,
        Selector::Followers => Who::Followers,
        Selector::Down => Who::Down,
        Selector::Up => Who::Up,
        Selector::Voters => Who::Voters,
        Selector::Learners => Who::Learners,
        Selector::Witnesses => Who::Witnesses,
        Selector::Removed => Who::Removed,
        Selector::Random(_)
        | Selector::Minority
        | Selector::Majority
        | Selector::MinorityWithLeader
        | Selector::Dispensable => {
            checker.chance(at, &format!("\"{selector}\""));
            return None;
        }
    })
}

fn groups(checker: &mut Checker<'_>, at: &str, partition: &Partition) -> Option<Vec<Who>> {
    let Partition::Groups(groups) = partition else {
        checker.chance(at, "this partition");
        return None;
    };
    if groups.is_empty() {
        checker.wrong(Code::SC029, at, "this changes nothing");
    }
    let mut seen = NodeSet::EMPTY;
    let mut lowered = Vec::new();
    for (i, group) in groups.iter().enumerate() {
        let at = format!("{at}/{i}");
        let group = who(checker, &at, group)?;
        if let Who::These(nodes) = group {
            if let Some(twice) = nodes.iter().find(|node| seen.contains(*node)) {
                let name = &checker.nodes[twice.0 as usize];
                let message = format!("{name} is listed twice in this partition");
                checker.wrong(Code::SC031, &at, message);
            }
            nodes.iter().for_each(|node| seen.insert(node));
        }
        lowered.push(group);
    }
    Some(lowered)
}

fn crash(checker: &mut Checker<'_>, at: &str, written: &WrittenCrash) -> Option<Verb> {
    let keep = match &written.keep {
        WrittenKeep::None => Keep::NONE,
        WrittenKeep::All => Keep::ALL,
        WrittenKeep::Cut(cut) => Keep {
            writes: cut.writes,
            parts: cut.parts,
        },
    };
    let who = who(checker, at, &written.node)?;
    Some(Verb::Crash { who, keep })
}

fn clock(checker: &mut Checker<'_>, at: &str, written: &WrittenClock) -> Option<Verb> {
    if written.rate.is_none() && written.jump.is_none() {
        checker.wrong(Code::SC029, at, "this changes nothing");
    }
    Some(Verb::Clock {
        who: who(checker, &format!("{at}/node"), &written.node)?,
        rate: written.rate,
        jump: written.jump.unwrap_or(Nanos::ZERO),
    })
}

fn client(checker: &mut Checker<'_>, at: &str, name: Option<&NodeName>) -> Option<ClientId> {
    match name {
        Some(name) => checker.client(&format!("{at}/client"), name),
        None if checker.clients == 0 => {
            let help = Some("set clients.count".to_owned());
            checker.wrong_with_help(Code::SC014, at, "this scenario has no clients", help);
            None
        }
        None => Some(ClientId(0)),
    }
}

fn call(checker: &mut Checker<'_>, at: &str, written: &WrittenCall) -> Option<Call> {
    let client = client(checker, at, written.client.as_ref());
    let to = checker.node(&format!("{at}/to"), &written.to);
    let op = operation(checker, at, written)?;
    let read = read(checker, at, written);
    if read != ReadBy::Log && written.session.is_some() {
        let message = "only a read through the log belongs to a session";
        checker.wrong(Code::SC027, &format!("{at}/session"), message);
    }
    in_some_session(checker, at, written.session);
    Some(Call {
        client: client?,
        serial: written.serial,
        to: to?,
        request: Request::Operation {
            op,
            read,
            session: written.session.map(SessionId),
        },
    })
}

fn open_session(checker: &mut Checker<'_>, at: &str, written: &WrittenSession) -> Option<Call> {
    if written.session.is_some() {
        let message = "a new session has no number yet: the index of its entry becomes its number";
        checker.wrong(Code::SC027, &format!("{at}/session"), message);
    }
    about_session(checker, at, written, Request::OpenSession)
}

fn keep_session(checker: &mut Checker<'_>, at: &str, written: &WrittenSession) -> Option<Call> {
    let Some(session) = written.session.map(SessionId) else {
        checker.wrong(Code::SC008, at, "the field \"session\" is missing");
        return None;
    };
    in_some_session(checker, at, written.session);
    about_session(checker, at, written, Request::KeepSession { session })
}

fn about_session(
    checker: &mut Checker<'_>,
    at: &str,
    written: &WrittenSession,
    request: Request,
) -> Option<Call> {
    let client = client(checker, at, written.client.as_ref());
    let to = checker.node(&format!("{at}/to"), &written.to);
    numbered(checker, at, written.serial);
    Some(Call {
        client: client?,
        serial: written.serial,
        to: to?,
        request,
    })
}

fn in_some_session(checker: &mut Checker<'_>, at: &str, session: Option<u64>) {
    if session == Some(0) {
        let message = "the number of a session is the index of the entry that opened it, from 1";
        checker.wrong(Code::SC026, &format!("{at}/session"), message);
    }
}

fn numbered(checker: &mut Checker<'_>, at: &str, serial: Option<u64>) {
    if serial == Some(0) {
        let message = "operations are numbered from 1";
        checker.wrong(Code::SC026, &format!("{at}/serial"), message);
    }
}

/// The way to serve a get.
fn read(checker: &mut Checker<'_>, at: &str, written: &WrittenCall) -> ReadBy {
    let by = written.by.unwrap_or_default();
    if by != Way::Log && written.op != OpName::Get {
        let message = "\"by\" is only for gets";
        checker.wrong(Code::SC027, &format!("{at}/by"), message);
    }
    if written.after.is_some() && by != Way::Stale {
        let message = "\"after\" is only for stale reads";
        checker.wrong(Code::SC027, &format!("{at}/after"), message);
    }
    match by {
        Way::Log => ReadBy::Log,
        Way::ReadIndex => ReadBy::ReadIndex,
        Way::Lease => ReadBy::Lease,
        Way::Follower => ReadBy::Follower,
        Way::Stale => ReadBy::Stale {
            after: Index(written.after.unwrap_or(0)),
        },
    }
}

/// The operation, after checks of its bounds.
fn operation(checker: &mut Checker<'_>, at: &str, written: &WrittenCall) -> Option<Op> {
    numbered(checker, at, written.serial);
    let texts = [
        ("key", Some(&written.key), MAX_KEY),
        ("value", written.value.as_ref(), MAX_VALUE),
        ("expect", written.expect.as_ref(), MAX_VALUE),
    ];
    for (field, text, most) in texts {
        if text.is_some_and(|text| text.len() > most) {
            let message = format!("the {field} is longer than {most} bytes");
            checker.wrong(Code::SC026, &format!("{at}/{field}"), message);
        }
    }
    op(checker, at, written)
}

fn operator(checker: &mut Checker<'_>, at: &str, written: WrittenOperator) -> Option<Verb> {
    let node = checker.node(&format!("{at}/to"), &written.to);
    check_only_one(checker, at, &written)?;
    let command = match written.propose {
        Some(proposal) => propose(checker, &format!("{at}/propose"), written.to, proposal)?,
        None => Operator::Command(command(checker, at, &written)?),
    };
    let node = node?;
    Some(Verb::Operator { node, command })
}

/// Reports a mistake unless there is exactly one command.
fn check_only_one(checker: &mut Checker<'_>, at: &str, written: &WrittenOperator) -> Option<()> {
    let given = [
        ("propose", written.propose.is_some()),
        ("transfer", written.transfer.is_some()),
        ("campaign", written.campaign == Some(true)),
        ("step_down", written.step_down == Some(true)),
        ("apply_after", written.apply_after.is_some()),
        ("snapshot", written.snapshot == Some(true)),
        ("compact", written.compact == Some(true)),
        ("request_snapshot", written.request_snapshot == Some(true)),
        ("change", written.change.is_some()),
        ("bootstrap", written.bootstrap == Some(true)),
        ("force_new_cluster", written.force_new_cluster == Some(true)),
    ];
    let names: Vec<_> = given
        .iter()
        .filter(|(_, is)| *is)
        .map(|(name, _)| *name)
        .collect();
    let message = match names.len() {
        1 => return Some(()),
        0 => "there is no command here".to_owned(),
        _ => format!("there are several commands here: {}", names.join(", ")),
    };
    let known = given.map(|(name, _)| name).join(", ");
    let help = Some(format!("give one of {known}"));
    checker.wrong_with_help(Code::SC029, at, message, help);
    None
}

/// A command other than a proposal.
fn command(checker: &mut Checker<'_>, at: &str, written: &WrittenOperator) -> Option<kv::Operator> {
    if let Some(wanted) = &written.change {
        return lower_change::command(checker, &format!("{at}/change"), wanted);
    }
    match (&written.transfer, written.apply_after) {
        (Some(to), _) => {
            let to = checker.node(&format!("{at}/transfer"), to)?;
            Some(kv::Operator::Transfer { to: raft_id(to) })
        }
        (None, Some(after)) => Some(kv::Operator::ApplyAfter {
            delay: raft_core::Span(after.get()),
        }),
        _ if written.campaign == Some(true) => Some(kv::Operator::Campaign),
        _ if written.step_down == Some(true) => Some(kv::Operator::StepDown),
        _ if written.snapshot == Some(true) => Some(kv::Operator::Snapshot),
        _ if written.compact == Some(true) => Some(kv::Operator::Compact),
        _ if written.request_snapshot == Some(true) => Some(kv::Operator::RequestSnapshot),
        _ if written.bootstrap == Some(true) => Some(kv::Operator::Bootstrap),
        _ if written.force_new_cluster == Some(true) => Some(kv::Operator::ForceNewCluster),
        _ => None,
    }
}

fn propose(
    checker: &mut Checker<'_>,
    at: &str,
    to: NodeName,
    proposal: WrittenProposal,
) -> Option<Operator> {
    let client = proposal.client;
    if !(FIRST_OPERATOR..FIRST_OPERATOR + MAX_PROPOSALS).contains(&client) {
        let message = format!(
            "{client} is out of bounds: from {FIRST_OPERATOR} to {}",
            FIRST_OPERATOR + MAX_PROPOSALS - 1
        );
        checker.wrong(Code::SC026, &format!("{at}/client"), message);
        return None;
    }
    let written = WrittenCall {
        client: None,
        serial: Some(proposal.serial),
        to,
        op: proposal.op,
        key: proposal.key,
        value: proposal.value,
        expect: proposal.expect,
        by: None,
        after: None,
        session: None,
    };
    Some(Operator::Propose(Box::new(Proposal {
        client: ClientId(client),
        serial: proposal.serial,
        op: operation(checker, at, &written)?,
    })))
}

fn op(checker: &mut Checker<'_>, at: &str, written: &WrittenCall) -> Option<Op> {
    let writes = matches!(written.op, OpName::Put | OpName::Append | OpName::Cas);
    if writes && written.value.is_none() {
        checker.wrong(Code::SC008, at, "the field \"value\" is missing");
        return None;
    }
    let stray = [
        ("value", written.value.is_some() && !writes),
        (
            "expect",
            written.expect.is_some() && written.op != OpName::Cas,
        ),
    ];
    for (field, _) in stray.into_iter().filter(|(_, is)| *is) {
        let message = format!("this operation has no \"{field}\"");
        checker.wrong(Code::SC027, &format!("{at}/{field}"), message);
    }
    let key = written.key.as_bytes().into();
    let value = written
        .value
        .as_deref()
        .unwrap_or_default()
        .as_bytes()
        .into();
    Some(match written.op {
        OpName::Get => Op::Get { key },
        OpName::Put => Op::Put { key, value },
        OpName::Append => Op::Append { key, value },
        OpName::Cas => Op::Cas {
            key,
            expect: written.expect.as_deref().map(|text| text.as_bytes().into()),
            value,
        },
        OpName::Delete => Op::Delete { key },
    })
}

fn elect(checker: &mut Checker<'_>, at: &str, written: &WrittenElect) -> Option<Verb> {
    let node = checker.node(&format!("{at}/node"), &written.node);
    let votes = voters(checker, &format!("{at}/votes"), &written.votes);
    let (node, votes) = (node?, votes?);
    others(checker, &format!("{at}/votes"), node, votes);
    Some(Verb::Elect { node, votes })
}

/// Nodes, or an empty list.
fn voters(checker: &mut Checker<'_>, at: &str, selector: &Selector) -> Option<NodeSet> {
    match selector {
        Selector::Nodes(names) if names.is_empty() => Some(NodeSet::EMPTY),
        _ => checker.only_nodes(at, selector),
    }
}

/// Reports the candidate among its own voters: its own vote is implied.
fn others(checker: &mut Checker<'_>, at: &str, node: NodeId, voters: NodeSet) {
    if voters.contains(node) && voters.len() < checker.nodes.len() {
        let name = &checker.nodes[node.0 as usize];
        let message = format!("{name} always votes for itself: leave it out");
        checker.wrong(Code::SC029, at, message);
    }
}

fn campaign(checker: &mut Checker<'_>, at: &str, written: &WrittenCampaign) -> Option<Verb> {
    let node = checker.node(&format!("{at}/node"), &written.node);
    let mut side = |field: &str, selector: Option<&Selector>| {
        let at = format!("{at}/{field}");
        selector.map_or(Some(NodeSet::EMPTY), |them| voters(checker, &at, them))
    };
    let granted_by = side("granted_by", written.granted_by.as_ref());
    let refused_by = side("refused_by", written.refused_by.as_ref());
    let (node, granted_by, refused_by) = (node?, granted_by?, refused_by?);
    others(checker, &format!("{at}/granted_by"), node, granted_by);
    others(checker, &format!("{at}/refused_by"), node, refused_by);
    if let Some(both) = granted_by.iter().find(|node| refused_by.contains(*node)) {
        let name = &checker.nodes[both.0 as usize];
        let message = format!("{name} cannot both grant and refuse");
        checker.wrong(Code::SC027, &format!("{at}/refused_by"), message);
    }
    Some(Verb::Campaign {
        node,
        granted_by,
        refused_by,
    })
}

fn replicate(checker: &mut Checker<'_>, at: &str, written: &WrittenReplicate) -> Option<Verb> {
    let from = checker.node(&format!("{at}/from"), &written.from);
    let to = checker.only_nodes(&format!("{at}/to"), &written.to);
    let (from, to) = (from?, to?);
    if to == NodeSet::from(from) {
        let name = &checker.nodes[from.0 as usize];
        let message = format!("{name} does not replicate to itself");
        checker.wrong(Code::SC029, &format!("{at}/to"), message);
    }
    Some(Verb::Replicate {
        from,
        to,
        through: written.through,
    })
}

fn ask(checker: &mut Checker<'_>, at: &str, question: Ask) -> Ask {
    let count = question.choices.len();
    if !(2..=MAX_CHOICES).contains(&count) {
        let message = format!("a question has 2 to {MAX_CHOICES} choices, not {count}");
        checker.wrong(Code::SC026, &format!("{at}/choices"), message);
    }
    if !question.choices.contains(&question.answer) {
        let message = "the answer is not one of the choices";
        checker.wrong(Code::SC027, &format!("{at}/answer"), message);
    }
    question
}
