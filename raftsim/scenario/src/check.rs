//! Checks a well-formed file and makes a scenario of it. Every mistake is found, not only the first.

use super::checker::{Checker, MAX_STEPS};
use super::codes::Code;
use super::diagnostic::{Finding, Span};
use super::resolved::{Course, Resolved};
use super::select::{NodeName, PARTITIONS, WORDS};
use super::settings::{Clients, Machine, Raft};
use super::stepped::{self, Script};
use super::tree::Tree;
use super::units::{Nanos, Size};
use super::written::{Mode, Nodes, Written, WrittenPhase};
use super::{check_expect, lower, modes, program};

const MAX_NODES: usize = 9;
const MAX_NAME: usize = 16;
const MAX_CLIENTS: u32 = 64;
const _: () = assert!(MAX_CLIENTS <= sut::FIRST_OPERATOR);
/// The space that a command needs in a message besides its value.
const COMMAND_OVERHEAD: u64 = 256;

impl Checker<'_> {
    fn node_names(&mut self, written: &Nodes) {
        let names = match written {
            Nodes::Names(names) => names.clone(),
            Nodes::Counted(counted) => {
                let count = counted.count.min(10);
                (1..=count)
                    .map(|n| NodeName(format!("{}{n}", counted.prefix)))
                    .collect()
            }
        };
        let counted = matches!(written, Nodes::Counted(_));
        if names.is_empty() || names.len() > MAX_NODES {
            let at = if counted { "nodes/count" } else { "nodes" };
            self.wrong(
                Code::SC026,
                at,
                format!("a cluster has 1 to {MAX_NODES} nodes"),
            );
        }
        for (i, name) in names.iter().enumerate() {
            let at = if counted {
                "nodes/prefix".to_owned()
            } else {
                format!("nodes/{i}")
            };
            let shown: String = name.0.chars().take(40).collect();
            if names[..i].contains(name) {
                self.wrong(
                    Code::SC025,
                    &at,
                    format!("two nodes are called \"{shown}\""),
                );
            } else if WORDS.contains(&&*name.0) || PARTITIONS.contains(&&*name.0) {
                self.wrong(
                    Code::SC025,
                    &at,
                    format!("\"{shown}\" is a selector and cannot be a node's name"),
                );
            } else if !is_name(&name.0) {
                let message = format!("\"{shown}\" cannot be a node's name");
                let help = "use at most 16 letters, digits, - and _, starting with a letter";
                self.wrong_with_help(Code::SC025, &at, message, Some(help.to_owned()));
                // With a wrong prefix every name is wrong. One report is enough.
                if counted {
                    break;
                }
            }
        }
        self.nodes = names;
    }

    /// The nodes that found the cluster, in order.
    fn founders(&mut self, written: Option<Vec<NodeName>>) -> Vec<NodeName> {
        let Some(named) = written else {
            return self.nodes.clone();
        };
        for (i, name) in named.iter().enumerate() {
            let at = format!("founders/{i}");
            if self.node(&at, name).is_some() && named[..i].contains(name) {
                self.wrong(Code::SC025, &at, format!("{name} is listed twice"));
            }
        }
        let nodes = self.nodes.iter();
        nodes.filter(|name| named.contains(name)).cloned().collect()
    }

    /// The founders that hold no data, in order.
    fn witnesses(&mut self, named: &[NodeName], founders: &[NodeName]) -> Vec<NodeName> {
        for (i, name) in named.iter().enumerate() {
            let at = format!("witnesses/{i}");
            if self.node(&at, name).is_none() {
                continue;
            }
            if named[..i].contains(name) {
                self.wrong(Code::SC025, &at, format!("{name} is listed twice"));
            } else if !founders.contains(name) {
                let message = format!("{name} is not a founder");
                let help = "an add_witness action can make it a witness later".to_owned();
                self.wrong_with_help(Code::SC027, &at, message, Some(help));
            }
        }
        let found = founders.iter().filter(|name| named.contains(name));
        let witnesses: Vec<_> = found.cloned().collect();
        if !witnesses.is_empty() && 2 * witnesses.len() >= founders.len() {
            let (some, all) = (witnesses.len(), founders.len());
            let message = format!("{some} of {all} founders are witnesses, which store no data");
            let help = "founders that store data must be the majority of the founders".to_owned();
            self.wrong_with_help(Code::SC027, "witnesses", message, Some(help));
        }
        witnesses
    }

    fn raft(&mut self, raft: &Raft) {
        let shortest = raft.election_timeout.low();
        if raft.heartbeat == Nanos::ZERO {
            self.wrong(
                Code::SC026,
                "raft/heartbeat",
                "the interval between heartbeats must be longer than 0ms",
            );
        }
        if raft.heartbeat >= shortest {
            let message = format!(
                "the heartbeat ({}) is not shorter than the shortest election timeout ({shortest})",
                raft.heartbeat
            );
            let help = "otherwise followers start elections although their leader is healthy";
            self.wrong_with_help(
                Code::SC027,
                "raft/heartbeat",
                message,
                Some(help.to_owned()),
            );
        }
        self.bounds("raft/window/messages", raft.window.messages, 1, 1024);
        let (least, most) = (Size::kib(1), Size::kib(16 * 1024));
        self.bounds("raft/max_message", raft.max_message, least, most);
        let least = Size::bytes(16);
        self.bounds("raft/snapshot_piece", raft.snapshot_piece, least, most);
        if raft.window.bytes < raft.max_message {
            let message = format!(
                "the window ({}) does not hold one full message ({})",
                raft.window.bytes, raft.max_message
            );
            self.wrong(Code::SC027, "raft/window/bytes", message);
        }
        let most = Size::kib(1024 * 1024);
        self.bounds("raft/uncommitted", raft.uncommitted, Size::kib(1), most);
        self.bounds("raft/reads_waiting", raft.reads_waiting, 1, 65_536);
        if let Some(error) = raft.clock_error.filter(|error| *error >= shortest) {
            let message = format!(
                "the clock error ({error}) is not shorter than the shortest election timeout ({shortest})"
            );
            self.wrong(Code::SC027, "raft/clock_error", message);
        }
        if raft.quiescence && !raft.pre_vote {
            let message = "quiescence requires pre_vote";
            let help = Some("set raft.pre_vote to true".to_owned());
            self.wrong_with_help(Code::SC027, "raft/quiescence", message, help);
        }
        self.disk_timeout(raft);
        for (name, priority) in &raft.priority {
            let at = format!("raft/priority/{name}");
            if !self.nodes.contains(name) {
                self.unknown_node(&at, name);
            }
            self.bounds(&at, *priority, 0, u32::from(u8::MAX));
        }
    }

    /// Checks the policy for snapshots, and when sessions expire.
    fn machine(&mut self, machine: &Machine) {
        if let Some(timeout) = machine.session_timeout {
            let (least, most) = (Nanos::millis(1), Nanos::MAX);
            self.bounds("machine/session_timeout", timeout, least, most);
        }
        let Some(policy) = &machine.snapshot else {
            return;
        };
        if policy.entries.is_none() && policy.bytes.is_none() {
            let message =
                "this policy never takes a snapshot: it has neither \"entries\" nor \"bytes\""
                    .to_owned();
            let help =
                Some("add \"entries\", such as 100, or \"bytes\", such as \"8KiB\"".to_owned());
            self.wrong_with_help(Code::SC029, "machine/snapshot", message, help);
        }
        let most = 1_000_000;
        if let Some(entries) = policy.entries {
            self.bounds("machine/snapshot/entries", entries, 1, most);
        }
        if let Some(bytes) = policy.bytes {
            let (least, most) = (Size::bytes(1), Size::MAX);
            self.bounds("machine/snapshot/bytes", bytes, least, most);
        }
        self.bounds("machine/snapshot/keep", policy.keep, 0, most);
    }

    fn disk_timeout(&mut self, raft: &Raft) {
        let longest = raft.election_timeout.high();
        if let Some(timeout) = raft.disk_timeout.filter(|timeout| *timeout <= longest) {
            let message = format!(
                "the disk timeout ({timeout}) is not longer than the longest election timeout ({longest})"
            );
            self.wrong(Code::SC027, "raft/disk_timeout", message);
        }
    }

    /// Checks the weights of the ways to serve a get, and the settings that leases need.
    fn reads(&mut self, clients: &Clients, raft: &Raft) {
        let weights = clients.reads.weights();
        for (way, weight) in weights {
            self.bounds(&format!("clients/reads/{way}"), weight, 0, 1_000);
        }
        if weights.iter().all(|(_, weight)| *weight == 0) {
            self.wrong(
                Code::SC029,
                "clients/reads",
                "at least one weight must be above 0",
            );
        }
        let missing = match raft {
            Raft {
                clock_error: None, ..
            } => Some("raft.clock_error is not set"),
            Raft {
                stickiness: false, ..
            } => Some("raft.stickiness is off"),
            _ => None,
        };
        if let Some(missing) = missing.filter(|_| clients.reads.lease > 0) {
            let message = format!("lease reads are not possible: {missing}");
            let help =
                "a lease needs nodes that withhold their votes, and a bound on the error of clocks";
            self.wrong_with_help(
                Code::SC027,
                "clients/reads/lease",
                message,
                Some(help.to_owned()),
            );
        }
    }

    fn clients(&mut self, clients: &Clients, raft: &Raft) {
        self.bounds("clients/count", clients.count, 0, MAX_CLIENTS);
        self.clients = clients.count.min(MAX_CLIENTS);
        self.bounds("clients/keys", clients.keys, 1, 10_000);
        self.bounds(
            "clients/value_size",
            clients.value_size,
            Size::default(),
            Size::kib(16),
        );
        self.reads(clients, raft);
        let mix = &clients.mix;
        let weights = [
            ("put", mix.put),
            ("append", mix.append),
            ("get", mix.get),
            ("cas", mix.cas),
            ("delete", mix.delete),
        ];
        for (kind, weight) in weights {
            self.bounds(&format!("clients/mix/{kind}"), weight, 0, 1_000);
        }
        if mix.total() == 0 {
            self.wrong(
                Code::SC029,
                "clients/mix",
                "at least one weight must be above 0",
            );
        }
        if clients.request_timeout == Nanos::ZERO {
            self.wrong(
                Code::SC026,
                "clients/request_timeout",
                "the request timeout must be longer than 0ms",
            );
        }
        if clients.give_up < clients.request_timeout {
            let message = format!(
                "clients give a request up ({}) before its first attempt times out ({})",
                clients.give_up, clients.request_timeout
            );
            self.wrong(Code::SC027, "clients/give_up", message);
        }
        if clients.value_size.get() + COMMAND_OVERHEAD > raft.max_message.get() {
            let message = format!(
                "a value of {} and its command do not fit into a message of {}",
                clients.value_size, raft.max_message
            );
            self.wrong(Code::SC027, "clients/value_size", message);
        }
    }

    fn links_and_clocks(&mut self, written: &Written) {
        for (i, rule) in written.links.iter().enumerate() {
            let at = format!("links/{i}");
            self.static_selector(&format!("{at}/from"), &rule.from);
            self.static_selector(&format!("{at}/to"), &rule.to);
            if rule.change().is_empty() {
                self.wrong(Code::SC029, &at, "this rule changes nothing");
            }
        }
        for (i, clock) in written.clocks.iter().enumerate() {
            self.static_selector(&format!("clocks/{i}/node"), &clock.node);
        }
    }

    fn phases(&mut self, phases: &[WrittenPhase]) {
        if phases.is_empty() {
            self.wrong(
                Code::SC029,
                "phases",
                "a timed scenario needs at least one phase",
            );
        }
        let script = |p: &WrittenPhase| p.script.as_deref().map_or(0, program::count);
        let steps = phases.iter();
        let steps: usize = steps
            .map(|p| p.steps.len() + p.faults.len() + script(p))
            .sum();
        if steps > MAX_STEPS {
            let message =
                format!("the file has {steps} steps and faults; the maximum is {MAX_STEPS}");
            self.wrong(Code::SC026, "phases", message);
        }
        let total: u128 = phases
            .iter()
            .map(|phase| u128::from(phase.lasts.get()))
            .sum();
        if total > u128::from(Nanos::MAX.get()) {
            self.wrong(
                Code::SC026,
                "phases",
                "all phases together last longer than 24h",
            );
        }
        for (i, phase) in phases.iter().enumerate() {
            if phase.lasts == Nanos::ZERO {
                self.wrong(
                    Code::SC026,
                    &format!("phases/{i}/for"),
                    "a phase must be longer than 0ms",
                );
            }
            if phases[..i].iter().any(|earlier| earlier.name == phase.name) {
                let shown: String = phase.name.chars().take(40).collect();
                let message = format!("two phases are called \"{shown}\"");
                self.wrong(Code::SC025, &format!("phases/{i}/name"), message);
            }
        }
    }
}

/// Whether a text can be the name of a file: no path, not hidden, no invisible characters.
pub fn is_file_name(text: &str) -> bool {
    let fits = |c: char| !c.is_control() && !"/\\:*?\"<>|".contains(c);
    (1..=100).contains(&text.len()) && !text.starts_with('.') && text.chars().all(fits)
}

/// The message about a name that cannot be a file name.
pub fn not_a_file_name(text: &str) -> String {
    let shown: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
    format!(
        "\"{shown}\" cannot be the name of a file: use at most 100 bytes, no slash or colon, and no \
         dot at the beginning"
    )
}

pub(crate) fn is_name(text: &str) -> bool {
    text.len() <= MAX_NAME
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Checks a well-formed file and makes it concrete.
pub(crate) fn resolve(
    tree: &Tree,
    mut written: Written,
    default_name: &str,
    seed: u64,
    params: Vec<(String, String)>,
) -> Result<Resolved, Vec<Finding>> {
    let mut checker = Checker {
        tree,
        nodes: Vec::new(),
        clients: 0,
        names: Vec::new(),
        room: written
            .raft
            .max_message
            .get()
            .saturating_sub(COMMAND_OVERHEAD),
        findings: Vec::new(),
    };
    modes::check(&mut checker, &mut written);
    if let Some(name) = written.name.as_ref().filter(|name| !is_file_name(name)) {
        checker.wrong(Code::SC025, "name", not_a_file_name(name));
    }
    checker.node_names(&written.nodes);
    let founders = checker.founders(written.founders.take());
    let witnesses = checker.witnesses(&written.witnesses, &founders);
    checker.raft(&written.raft);
    checker.machine(&written.machine);
    checker.clients(&written.clients, &written.raft);
    checker.links_and_clocks(&written);
    let course = course(&mut checker, &mut written);
    check_expect::expect(&mut checker, &written.expect, &course);
    let Checker {
        nodes,
        mut findings,
        ..
    } = checker;
    if !findings.is_empty() {
        findings.sort_by_key(|finding| Span {
            end: 0,
            ..finding.span
        });
        return Err(findings);
    }
    Ok(Resolved {
        format: 1,
        name: written.name.unwrap_or_else(|| default_name.to_owned()),
        title: written.title,
        source: written.source,
        note: written.note,
        seed,
        params,
        nodes,
        founders,
        witnesses,
        raft: written.raft,
        machine: written.machine,
        network: written.network,
        links: written.links,
        client_network: written.client_network,
        disk: written.disk,
        clocks: written.clocks,
        clients: written.clients,
        course,
        expect: written.expect,
    })
}

/// The course of the run.
fn course(checker: &mut Checker<'_>, written: &mut Written) -> Course {
    match written.mode {
        Mode::Timed => {
            let phases = written.phases.take().unwrap_or_default();
            checker.phases(&phases);
            Course::Timed(lower::phases(checker, phases))
        }
        Mode::Stepped => {
            let steps = written.steps.take().unwrap_or_default();
            let branches = std::mem::take(&mut written.branches);
            let recorded = written.recorded.take();
            let script = stepped::script(checker, steps, branches, recorded);
            Course::Stepped(Script {
                impossible: written.impossible.unwrap_or_default(),
                ..script
            })
        }
    }
}
