//! A cluster that a test controls: the test moves every message, write and clock.

pub mod card;
pub mod model;
pub mod rules;
pub mod schedule;

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;

use raft_core::{
    Append, Base, Body, Boot, Change, ChangeFailure, ChangeOptions, Configuration, Durable, Effect,
    EntryId, EntryMeta, Event, HardState, Index, Input, Instant, Message, NodeId, Outcome, Raft,
    ReadFailure, ReadMode, ReadToken, RestoreError, RoleKind, Rules, Settings, SnapshotAttempt,
    SnapshotId, Standard, Term, Write, WriteId,
};

use rules::AnyRules;

/// A server of a cluster.
pub type Server = Raft<AnyRules>;

pub const MS: u64 = 1_000_000;

/// A message in flight.
#[derive(Clone, Debug)]
pub struct Envelope {
    pub from: NodeId,
    pub to: NodeId,
    pub message: Message,
}

/// The disk of one server: its durable content, and writes in flight.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    pub hard_state: HardState,
    /// The base of the log.
    pub base: EntryId,
    /// The newest complete snapshot, and the one received in part.
    pub snapshot: Option<SnapshotId>,
    pub incoming: Option<(SnapshotId, u64)>,
    pub terms: Vec<Term>,
    /// The configurations that entries hold, and the base's.
    pub configurations: BTreeMap<Index, Configuration>,
    pub base_configuration: Option<Configuration>,
    /// The members at the newest whole snapshot, which holds them.
    pub snapshot_configuration: Option<Configuration>,
    /// The pieces of a snapshot that are not reported yet.
    pub pieces: Option<(SnapshotAttempt, u64)>,
    pub in_flight: VecDeque<Write>,
    /// The last readable entry; `None`: all are readable, as usual.
    pub intact: Option<Index>,
}

impl Disk {
    pub fn apply(&mut self, write: &Write) {
        if let Some(hard_state) = write.hard_state {
            self.hard_state = hard_state;
        }
        if let Some(from) = write.truncate_from {
            self.terms.truncate(self.place(from));
            self.configurations.retain(|index, _| *index < from);
        }
        if let Some(rebase) = &write.rebase {
            let last = rebase.base.last;
            let gone = last.index.0.saturating_sub(self.base.index.0) as usize;
            let gone = gone.min(self.terms.len());
            let gone = if rebase.whole { self.terms.len() } else { gone };
            self.terms.drain(..gone);
            self.base = last;
            self.base_configuration = Some(rebase.base.configuration.clone());
            self.configurations
                .retain(|index, _| *index > last.index && !rebase.whole);
        }
        if let Some(Append {
            first,
            last,
            term,
            configuration,
            ..
        }) = &write.append
        {
            self.configurations
                .retain(|index, _| index < first || index > last);
            if let Some(configuration) = configuration {
                self.configurations
                    .insert(*last, configuration.as_ref().clone());
            }
            let (from, through) = (self.place(*first), self.place(*last) + 1);
            assert!(from <= self.terms.len(), "writes leave no hole");
            self.terms.resize(self.terms.len().max(through), *term);
            self.terms[from..through].fill(*term);
        }
    }

    /// Makes a snapshot durable, and all earlier pieces with it. The write that begins the log
    /// after it is in flight.
    fn install(&mut self, snapshot: SnapshotId) {
        while self.in_flight.len() > 1
            && let Some(write) = self.in_flight.pop_front()
        {
            self.apply(&write);
        }
        let write = self.in_flight.back().expect("the log begins elsewhere");
        self.hard_state = write.hard_state.unwrap_or(self.hard_state);
        let rebase = write.rebase.as_ref();
        self.snapshot_configuration = rebase.map(|rebase| rebase.base.configuration.clone());
        self.snapshot = Some(snapshot);
    }

    fn term_at(&self, index: Index) -> Option<Term> {
        if index == self.base.index {
            return Some(self.base.term);
        }
        let place = index.0.checked_sub(self.base.index.0 + 1)?;
        self.terms.get(place as usize).copied()
    }

    fn place(&self, index: Index) -> usize {
        // Servers with a wrong rule may write before their base.
        (index.0.max(self.base.index.0 + 1) - self.base.index.0) as usize - 1
    }
}

/// A server with the published rules that starts from this disk.
///
/// # Errors
/// When it cannot start.
pub fn restored_server<E: IntoIterator<Item = EntryMeta>>(
    boot: Boot,
    durable: Durable<E>,
) -> Result<Server, RestoreError> {
    Server::restore(AnyRules::new(Standard), boot, durable)
}

#[derive(Clone)]
pub struct Cluster {
    pub rules: AnyRules,
    pub nodes: BTreeMap<NodeId, Server>,
    pub disks: BTreeMap<NodeId, Disk>,
    pub wire: VecDeque<Envelope>,
    pub events: Vec<(NodeId, Event)>,
    /// The results of reads and transfers.
    pub answers: Vec<(NodeId, Effect)>,
    pub settings: Settings,
    pub now: u64,
    /// Whether writes become durable at once.
    pub instant_disk: bool,
    /// Whether every server's invariants must hold after every step.
    pub checked: bool,
    pub configuration: Configuration,
    /// The last attempt of any server at receiving a snapshot.
    pub reception: SnapshotAttempt,
    incarnation: u64,
}

pub fn n(id: u64) -> NodeId {
    NodeId(id)
}

impl Cluster {
    pub fn new(size: u64, settings: Settings) -> Self {
        Self::with_rules(Standard, size, settings)
    }

    pub fn with_rules(rules: impl Rules + 'static, size: u64, settings: Settings) -> Self {
        Self::with_spares(rules, size, 0, settings)
    }

    /// `size` servers that found a cluster, and `spares` that know no other server.
    pub fn with_spares(
        rules: impl Rules + 'static,
        size: u64,
        spares: u64,
        settings: Settings,
    ) -> Self {
        Self::begun(AnyRules::new(rules), size, spares, settings)
    }

    fn begun(rules: AnyRules, size: u64, spares: u64, settings: Settings) -> Self {
        let voters: Vec<_> = (1..=size).map(NodeId).collect();
        let all = 1..=size + spares;
        let mut cluster = Self {
            configuration: match size {
                0 => Configuration::empty(),
                _ => Configuration::of_voters(&voters).unwrap(),
            },
            rules,
            nodes: BTreeMap::new(),
            disks: all.clone().map(|id| (n(id), Disk::default())).collect(),
            wire: VecDeque::new(),
            events: Vec::new(),
            answers: Vec::new(),
            settings,
            now: 0,
            instant_disk: true,
            checked: true,
            reception: SnapshotAttempt(0),
            incarnation: 0,
        };
        for id in all {
            cluster.start(id);
        }
        cluster
    }

    /// Gives every server this durable log, all in `term`.
    pub fn with_logs(mut self, term: u64, logs: &[&[u64]]) -> Self {
        for (place, log) in logs.iter().enumerate() {
            let id = place as u64 + 1;
            let disk = self.disks.get_mut(&n(id)).unwrap();
            disk.hard_state = HardState {
                current_term: Term(term),
                voted_for: None,
            };
            disk.terms = log.iter().map(|term| Term(*term)).collect();
            self.start(id);
        }
        self
    }

    pub fn start(&mut self, id: u64) {
        let disk = self.disks.get_mut(&n(id)).unwrap();
        // A snapshot that is newer than the log, or contradicts it, replaces it.
        if let Some(snapshot) = disk.snapshot
            && disk.term_at(snapshot.last.index) != Some(snapshot.last.term)
        {
            disk.base = snapshot.last;
            disk.base_configuration = disk.snapshot_configuration.clone();
            disk.configurations.clear();
            disk.terms.clear();
        }
        let disk = &self.disks[&n(id)];
        let founds = self.configuration.is_voter(n(id));
        let founding = match founds {
            true => self.configuration.clone(),
            false => Configuration::empty(),
        };
        let base = disk.base_configuration.clone().unwrap_or(founding);
        let first = disk.base.index.0 + 1;
        let entries = disk.terms.iter().zip(first..).map(|(term, index)| {
            let configuration = disk.configurations.get(&Index(index)).cloned();
            EntryMeta {
                term: *term,
                bytes: configuration
                    .as_ref()
                    .map_or(10, |configuration| configuration.bytes()),
                configuration,
            }
        });
        let durable = Durable {
            hard_state: disk.hard_state,
            base: Base {
                last: disk.base,
                configuration: base,
            },
            entries,
            intact: disk
                .intact
                .unwrap_or(Index(disk.base.index.0 + disk.terms.len() as u64)),
            snapshot: disk.snapshot,
            incoming: disk.incoming,
            may_vote: true,
        };
        let boot = Boot {
            id: n(id),
            settings: self.settings,
            now: Instant(self.now),
            seed: 7,
            incarnation: self.incarnation,
        };
        self.incarnation += 1;
        let raft = Raft::restore(self.rules.clone(), boot, durable).unwrap();
        self.nodes.insert(n(id), raft);
    }

    pub fn crash(&mut self, id: u64) {
        self.nodes.remove(&n(id));
        let disk = self.disks.get_mut(&n(id)).unwrap();
        disk.in_flight.clear();
        disk.pieces = None;
    }

    pub fn node(&self, id: u64) -> &Server {
        &self.nodes[&n(id)]
    }

    pub fn advance(&mut self, ms: u64) {
        self.now += ms * MS;
    }

    pub fn step(&mut self, id: u64, input: Input<'_>) -> Vec<Effect> {
        let id = n(id);
        let mut seen = Vec::new();
        let node = self.nodes.get_mut(&id).unwrap();
        let effects: Vec<_> = node
            .step_observed(Instant(self.now), input, &mut seen)
            .collect();
        assert!(!self.checked || node.invariants() == Ok(()));
        self.events
            .extend(seen.into_iter().map(|event| (id, event)));
        let mut written = None;
        let mut stored = None;
        for effect in &effects {
            match effect {
                Effect::Send { to, message } => {
                    self.wire.push_back(Envelope {
                        from: id,
                        to: *to,
                        message: message.clone(),
                    });
                }
                Effect::Write(write) => {
                    self.disks
                        .get_mut(&id)
                        .unwrap()
                        .in_flight
                        .push_back(write.clone());
                    written = Some(write.id);
                }
                Effect::StorePiece {
                    reception,
                    snapshot,
                    offset,
                    length,
                } => stored = Some((*reception, *snapshot, offset + length)),
                Effect::Installed { snapshot } => {
                    self.disks.get_mut(&id).unwrap().install(*snapshot);
                    self.answers.push((id, effect.clone()));
                }
                Effect::ReadReady { .. }
                | Effect::ReadFailed { .. }
                | Effect::ProposalAnswered { .. }
                | Effect::ProposalLost { .. }
                | Effect::Changed { .. }
                | Effect::ChangeFailed { .. }
                | Effect::TransferFailed { .. } => self.answers.push((id, effect.clone())),
                _ => {}
            }
        }
        if let Some(write) = written
            && self.instant_disk
        {
            self.durable(id.0, write.0);
        }
        if let Some((reception, snapshot, received)) = stored {
            self.reception = reception;
            let disk = self.disks.get_mut(&id).unwrap();
            disk.incoming = Some((snapshot, received));
            disk.pieces = Some((reception, received));
            if self.instant_disk {
                self.stored(id.0, received);
            }
        }
        effects
    }

    /// Reports the pieces of the last attempt at a snapshot, up to this byte.
    pub fn stored(&mut self, id: u64, received: u64) -> Vec<Effect> {
        let reception = self.reception;
        self.step(
            id,
            Input::PieceStored {
                reception,
                received,
            },
        )
    }

    /// Reports the pieces of a snapshot that this server had to store, unless they are reported
    /// already.
    pub fn sync_pieces(&mut self, id: u64) {
        let pieces = self.disks.get_mut(&n(id)).unwrap().pieces.take();
        if let Some((reception, received)) = pieces {
            self.step(
                id,
                Input::PieceStored {
                    reception,
                    received,
                },
            );
        }
    }

    /// Takes a snapshot of this many bytes of the committed state, and cuts the log after
    /// `through`.
    pub fn snapshot(&mut self, id: u64, bytes: u64, through: u64) -> SnapshotId {
        let index = self.node(id).commit_index();
        let term = self.node(id).log().term_at(index).unwrap();
        let last = EntryId { index, term };
        let checksum = index.0 * 31 + bytes;
        let snapshot = SnapshotId {
            last,
            bytes,
            checksum,
        };
        let members = self.node(id).log().configuration_in_force_at(index).clone();
        let disk = self.disks.get_mut(&n(id)).unwrap();
        disk.snapshot = Some(snapshot);
        disk.snapshot_configuration = Some(members);
        self.step(id, Input::SnapshotTaken { snapshot });
        let through = Index(through);
        self.step(id, Input::Compact { through });
        snapshot
    }

    /// Makes writes up to `write` durable and reports them.
    pub fn durable(&mut self, id: u64, write: u64) -> Vec<Effect> {
        let disk = self.disks.get_mut(&n(id)).unwrap();
        while disk
            .in_flight
            .front()
            .is_some_and(|flying| flying.id.0 <= write)
        {
            let flying = disk.in_flight.pop_front().unwrap();
            disk.apply(&flying);
        }
        self.step(
            id,
            Input::Written {
                write: WriteId(write),
            },
        )
    }

    /// Makes everything in flight on this disk durable.
    pub fn sync(&mut self, id: u64) {
        let last = self.disks[&n(id)].in_flight.back().map(|write| write.id.0);
        if let Some(last) = last {
            self.durable(id, last);
        }
    }

    /// Lets the election timeout (or heartbeat) of a server pass.
    pub fn timeout(&mut self, id: u64) -> Vec<Effect> {
        let deadline = self.node(id).deadline().expect("it waits for something");
        self.now = self.now.max(deadline.0);
        self.step(id, Input::Wake)
    }

    pub fn propose(&mut self, id: u64) -> Vec<Effect> {
        self.propose_sizes(id, &[10])
    }

    pub fn propose_sizes(&mut self, id: u64, sizes: &[u64]) -> Vec<Effect> {
        self.step(id, Input::Propose { sizes })
    }

    /// Asks a server to change the members.
    pub fn change(&mut self, id: u64, change: &Change) -> Vec<Effect> {
        let how = ChangeOptions::default();
        self.step(id, Input::Change { change, how })
    }

    /// Asks for a change without regard for the next members.
    pub fn force(&mut self, id: u64, change: &Change) -> Vec<Effect> {
        let how = ChangeOptions {
            forced: true,
            ..ChangeOptions::default()
        };
        self.step(id, Input::Change { change, how })
    }

    /// Delivers all messages and sends heartbeats, `times` times.
    pub fn beats(&mut self, id: u64, times: u64) {
        for _ in 0..times {
            if self.node(id).role() == RoleKind::Leader {
                self.timeout(id);
            }
            self.deliver_all();
        }
    }

    /// The same among these only; messages to others are lost.
    pub fn beats_among(&mut self, id: u64, ids: &[u64], times: u64) {
        self.deliver_among(ids);
        for _ in 0..times {
            if self.node(id).role() == RoleKind::Leader {
                self.timeout(id);
            }
            self.deliver_among(ids);
            self.drop_all();
        }
    }

    /// Delivers all messages until the change under way has ended.
    pub fn beats_until_settled(&mut self, id: u64) {
        for _ in 0..100 {
            if !self.is_changing(id) {
                break;
            }
            self.beats(id, 1);
        }
        self.beats(id, 2);
    }

    /// Whether a change is under way at a server.
    pub fn is_changing(&self, id: u64) -> bool {
        self.node(id).is_changing()
    }

    /// The members in force at a server, as `{1 2}->{2 3} learners {4}`.
    pub fn members(&self, id: u64) -> String {
        self.node(id).configuration().describe()
    }

    /// The results of changes at a server, in order.
    pub fn changes(&self, id: u64) -> Vec<Result<u64, ChangeFailure>> {
        let here = self.answers.iter().filter(|(at, _)| *at == n(id));
        here.filter_map(|(_, answer)| match answer {
            Effect::Changed { at } => Some(Ok(at.0)),
            Effect::ChangeFailed { why } => Some(Err(*why)),
            _ => None,
        })
        .collect()
    }

    /// Delivers a message that the test made up to `to`.
    pub fn receive(&mut self, from: u64, to: u64, term: u64, body: Body) -> Vec<Effect> {
        let term = Term(term);
        let message = &Message { term, body };
        self.step(
            to,
            Input::Receive {
                from: n(from),
                message,
            },
        )
    }

    /// Delivers the oldest message that `wanted` accepts. Returns whether there was one.
    pub fn deliver_one(&mut self, wanted: impl Fn(&Envelope) -> bool) -> bool {
        self.deliver_some(1, &wanted) > 0
    }

    /// Delivers until no message is left that `wanted` accepts.
    pub fn deliver(&mut self, wanted: impl Fn(&Envelope) -> bool) {
        let most = 100_000;
        let delivered = self.deliver_some(most, &wanted);
        assert!(delivered < most, "messages never end");
    }

    /// Delivers at most `most` messages that `wanted` accepts, and returns their number. Compiled
    /// once, not for each test.
    fn deliver_some(&mut self, most: u32, wanted: &dyn Fn(&Envelope) -> bool) -> u32 {
        (0..most)
            .find(|_| !self.deliver_oldest(wanted))
            .unwrap_or(most)
    }

    fn deliver_oldest(&mut self, wanted: &dyn Fn(&Envelope) -> bool) -> bool {
        let Some(place) = self.wire.iter().position(wanted) else {
            return false;
        };
        let Envelope { from, to, message } = self.wire.remove(place).unwrap();
        if self.nodes.contains_key(&to) {
            self.step(
                to.0,
                Input::Receive {
                    from,
                    message: &message,
                },
            );
        }
        true
    }

    pub fn deliver_all(&mut self) {
        self.deliver(|_| true);
    }

    pub fn deliver_among(&mut self, ids: &[u64]) {
        self.deliver(|e| ids.contains(&e.from.0) && ids.contains(&e.to.0));
    }

    pub fn drop_all(&mut self) {
        self.wire.clear();
    }

    /// Makes `id` leader with the votes of `voters`, and drops all other messages, its first entry
    /// included.
    pub fn elect(&mut self, id: u64, voters: &[u64]) {
        self.drop_all();
        self.advance(1_000);
        for _ in 0..2 {
            self.timeout(id);
            let mut all = voters.to_vec();
            all.push(id);
            let among = |e: &Envelope| all.contains(&e.from.0) && all.contains(&e.to.0);
            while self.node(id).role() != RoleKind::Leader && self.deliver_one(among) {}
            if self.node(id).role() == RoleKind::Leader {
                break;
            }
        }
        self.drop_all();
        assert_eq!(
            self.node(id).role(),
            RoleKind::Leader,
            "{id} was not elected"
        );
    }

    /// Elects as [`Self::elect`] and lets all others in `others` catch up and learn the commit
    /// index.
    pub fn lead(&mut self, id: u64, others: &[u64]) {
        self.elect(id, others);
        let mut all = others.to_vec();
        all.push(id);
        for _ in 0..3 {
            self.timeout(id);
            self.deliver_among(&all);
            self.drop_all();
        }
    }

    /// Asks for a read.
    pub fn read(&mut self, id: u64, token: u64, mode: ReadMode) -> Vec<Effect> {
        let token = ReadToken(token);
        self.step(id, Input::Read { token, mode })
    }

    /// The index that answered a read, if it has an answer.
    pub fn ready(&self, token: u64) -> Option<u64> {
        self.answers.iter().find_map(|(_, answer)| match answer {
            Effect::ReadReady { token: of, index } if of.0 == token => Some(index.0),
            _ => None,
        })
    }

    /// The reason why a read failed, if it did.
    pub fn failed(&self, token: u64) -> Option<ReadFailure> {
        self.answers.iter().find_map(|(_, answer)| match answer {
            Effect::ReadFailed { token: of, why } if of.0 == token => Some(*why),
            _ => None,
        })
    }

    /// Whether an event of this kind was seen at `id`.
    pub fn saw(&self, id: u64, wanted: impl Fn(&Event) -> bool) -> bool {
        self.saw_some(id, &wanted)
    }

    fn saw_some(&self, id: u64, wanted: &dyn Fn(&Event) -> bool) -> bool {
        let mut events = self.events.iter();
        events.any(|(at, event)| *at == n(id) && wanted(event))
    }

    pub fn terms(&self, id: u64) -> Vec<u64> {
        let log = self.node(id).log();
        (log.base().last.index.0 + 1..=log.last_index().0)
            .map(|i| log.term_at(Index(i)).unwrap().0)
            .collect()
    }

    /// One line per server, as dense as possible.
    pub fn status(&self) -> String {
        let mut text = String::new();
        for (id, node) in &self.nodes {
            write!(
                text,
                "{id} {} {} log {:?} commit {} durable {}",
                node.current_term(),
                node.role(),
                self.terms(id.0),
                node.commit_index(),
                node.durable_index()
            )
            .unwrap();
            for peer in node.progress() {
                write!(
                    text,
                    " {}:{}→{}",
                    peer.id, peer.match_index, peer.next_index
                )
                .unwrap();
            }
            text.push('\n');
        }
        text
    }

    /// The messages in flight, one per line.
    pub fn wire(&self) -> String {
        self.wire.iter().map(|e| describe(e) + "\n").collect()
    }
}

pub fn describe(envelope: &Envelope) -> String {
    let Envelope { from, to, message } = envelope;
    let body = match &message.body {
        Body::PreVote { last, .. } => format!("PreVote last {last}"),
        Body::PreVoteReply { granted, .. } => format!("PreVoteReply granted {granted}"),
        Body::RequestVote { last, .. } => format!("RequestVote last {last}"),
        Body::Propose { sizes, .. } => format!("Propose {sizes:?}"),
        Body::ProposeReply { answer, .. } => format!("ProposeReply {answer:?}"),
        Body::RequestVoteReply { granted } => format!("RequestVoteReply granted {granted}"),
        Body::AppendEntries(a) if a.is_empty() => {
            format!("AppendEntries after {} commit {}", a.prev, a.commit)
        }
        Body::AppendEntries(a) => format!(
            "AppendEntries after {} {}..{}{} commit {}",
            a.prev,
            a.prev.index.next(),
            a.last,
            a.entries_term,
            a.commit
        ),
        Body::InstallSnapshot(piece) => format!(
            "InstallSnapshot {} bytes {}..{} of {}",
            piece.snapshot.last,
            piece.offset,
            piece.offset + piece.length,
            piece.snapshot.bytes
        ),
        Body::InstallSnapshotReply { last, received, .. } => {
            format!("InstallSnapshotReply {last} received {received}")
        }
        Body::TimeoutNow => "TimeoutNow".to_owned(),
        Body::Sleep { last, .. } => format!("Sleep after {last}"),
        Body::SleepReply { agreed, .. } => format!("SleepReply agreed {agreed}"),
        Body::WakeUp => "WakeUp".to_owned(),
        Body::ReadIndex { .. } => "ReadIndex".to_owned(),
        Body::ReadIndexReply { index, .. } => match index {
            Some(index) => format!("ReadIndexReply {index}"),
            None => "ReadIndexReply refused".to_owned(),
        },
        Body::AppendEntriesReply(r) => match r.outcome {
            Outcome::Accepted { match_index } => format!("AppendEntriesReply match {match_index}"),
            Outcome::Rejected { prev_index, hint } => {
                format!("AppendEntriesReply refused {prev_index} hint {hint}")
            }
        },
    };
    format!("{from}→{to} {} {body}", message.term)
}

/// Settings under which only the paper's own rules decide.
pub fn plain() -> Settings {
    Settings {
        pre_vote: false,
        stickiness: false,
        check_quorum: false,
        ..Settings::default()
    }
}
