//! A rule card: a server, the messages to it, and a correct server's behaviour. The card is played
//! on server S2 of three, once plainly and once with a crash directly after its answer.

use std::fmt::Write as _;

use raft_core::{
    AppendEntries, AppendEntriesReply, Body, Effect, EntryId, HardState, Index, Instant, Message,
    NodeId, Outcome, RoleKind, Rules, Term,
};

use super::{Cluster, Envelope, MS, n, plain};

/// The server that every card is about.
const OWN: u64 = 2;

/// One row of the table.
pub struct Card {
    pub name: &'static str,
    pub section: &'static str,
    /// The state before, as [`Cluster::begin`] reads it, such as `F t3 v1 [1 1 2]`.
    pub before: &'static str,
    pub messages: Vec<(u64, Message)>,
    /// The result, as [`play`] writes it: the answers, the state, and whether the timer still runs.
    pub after: &'static str,
}

fn message(term: u64, body: Body) -> Message {
    let term = Term(term);
    Message { term, body }
}

fn entry(index: u64, term: u64) -> EntryId {
    EntryId {
        index: Index(index),
        term: Term(term),
    }
}

/// RequestVote from a candidate with this log.
pub fn vote(from: u64, term: u64, log: &[u64]) -> (u64, Message) {
    let last = entry(log.len() as u64, log.last().copied().unwrap_or(0));
    (
        from,
        message(
            term,
            Body::RequestVote {
                last,
                priority: raft_core::Priority(0),
                transfer: false,
            },
        ),
    )
}

pub fn grant(from: u64, term: u64) -> (u64, Message) {
    let body = Body::RequestVoteReply { granted: true };
    (from, message(term, body))
}

/// AppendEntries that follow entry `prev` (index, term) and hold entries of these terms.
pub fn append(
    from: u64,
    term: u64,
    prev: (u64, u64),
    terms: &[u64],
    commit: u64,
) -> (u64, Message) {
    let append = AppendEntries {
        prev: entry(prev.0, prev.1),
        last: Index(prev.0 + terms.len() as u64),
        entries_term: Term(terms.first().copied().unwrap_or(term)),
        bytes: 10 * terms.len() as u64,
        configuration: None,
        commit: Index(commit),
        seq: 1,
        sent_at: Instant(0),
    };
    (from, message(term, Body::AppendEntries(append)))
}

fn answer(from: u64, term: u64, outcome: Outcome) -> (u64, Message) {
    let reply = AppendEntriesReply {
        seq: 1,
        sent_at: Instant(0),
        outcome,
    };
    (from, message(term, Body::AppendEntriesReply(reply)))
}

pub fn accepted(from: u64, term: u64, match_index: u64) -> (u64, Message) {
    let match_index = Index(match_index);
    answer(from, term, Outcome::Accepted { match_index })
}

pub fn rejected(from: u64, term: u64, prev: u64, hint: (u64, u64)) -> (u64, Message) {
    let (prev_index, hint) = (Index(prev), entry(hint.0, hint.1));
    answer(from, term, Outcome::Rejected { prev_index, hint })
}

impl Cluster {
    /// S2 alone, in the state `role term vote [terms of its log]`; a dash is no vote. A candidate
    /// and a leader begin in the term before. The leader has S1's vote, and its last entry opens
    /// its term.
    pub fn begin(rules: impl Rules + 'static, before: &str) -> Self {
        let mut cluster = Self::with_rules(rules, 3, plain());
        let (words, log) = before.split_once(" [").unwrap();
        let mut log: Vec<u64> = log
            .trim_end_matches(']')
            .split_whitespace()
            .map(|term| term.parse().unwrap())
            .collect();
        let words: Vec<_> = words.split(' ').collect();
        let [role, term, vote] = words[..] else {
            panic!("{before} is no server");
        };
        let mut term: u64 = term[1..].parse().unwrap();
        let mut voted_for = vote[1..].parse().ok().map(NodeId);
        if role != "F" {
            (term, voted_for) = (term - 1, None);
        }
        if role == "L" {
            log.pop();
        }
        let disk = cluster.disks.get_mut(&n(OWN)).unwrap();
        disk.hard_state = HardState {
            current_term: Term(term),
            voted_for,
        };
        disk.terms = log.into_iter().map(Term).collect();
        cluster.start(OWN);
        if role != "F" {
            cluster.timeout(OWN);
        }
        if role == "L" {
            let (from, grant) = grant(1, term + 1);
            cluster.receive(from, OWN, term + 1, grant.body);
        }
        cluster.drop_all();
        cluster.instant_disk = false;
        cluster
    }

    fn shown(&self) -> String {
        let raft = self.node(OWN);
        let role = match raft.role() {
            RoleKind::Follower => "F",
            RoleKind::PreCandidate => "P",
            RoleKind::Candidate => "C",
            RoleKind::Leader => "L",
        };
        let vote = raft.voted_for().map_or("-".to_owned(), |v| v.0.to_string());
        let log: Vec<_> = self.terms(OWN).iter().map(u64::to_string).collect();
        let (term, commit, log) = (raft.current_term(), raft.commit_index(), log.join(" "));
        let mut text = format!("{role} {term} v{vote} [{log}] commit {commit}");
        for peer in raft.progress() {
            write!(text, ", S{} match {}", peer.id.0, peer.match_index).unwrap();
        }
        text
    }
}

fn said(Envelope { to, message, .. }: &Envelope) -> String {
    let (to, term) = (to.0, message.term);
    match &message.body {
        Body::RequestVoteReply { granted: true } => format!("grants S{to} {term}"),
        Body::RequestVoteReply { granted: false } => format!("refuses S{to} {term}"),
        Body::AppendEntriesReply(reply) => match reply.outcome {
            Outcome::Accepted { match_index } => format!("accepts {match_index} {term}"),
            Outcome::Rejected { prev_index, hint } if reply.seq > 0 => {
                format!("rejects {prev_index}, has {hint}, {term}")
            }
            Outcome::Rejected { .. } => format!("rejects {term}"),
        },
        Body::AppendEntries(append) if append.is_empty() => {
            format!("tells S{to} commit {}", append.commit)
        }
        Body::AppendEntries(append) => {
            let (first, last) = (append.prev.index.next(), append.last);
            format!("sends S{to} {first}..{last} after {}", append.prev)
        }
        other => panic!("no card makes a server say {other:?}"),
    }
}

/// Plays a card and writes down the result: each message's answers (those after `disk,` left only
/// after the disk had finished), the entries that may be applied, the server at the end, its timer.
pub fn play(rules: impl Rules + 'static, card: &Card) -> String {
    let mut cluster = Cluster::begin(rules, card.before);
    cluster.checked = false;
    let follower = cluster.node(OWN).role() == RoleKind::Follower;
    let timer = cluster.node(OWN).deadline();
    let mut text = String::new();
    for (from, message) in &card.messages {
        let mut answers = react(&mut cluster, *from, message);
        if answers.is_empty() {
            answers.push("silent".to_owned());
        }
        write!(text, "{}; ", answers.join(", ")).unwrap();
    }
    text.push_str(&cluster.shown());
    if follower {
        let same = cluster.node(OWN).deadline() == timer;
        text.push_str(if same {
            "; timer runs on"
        } else {
            "; timer reset"
        });
    }
    text
}

fn react(cluster: &mut Cluster, from: u64, message: &Message) -> Vec<String> {
    cluster.now += MS;
    let before = cluster.node(OWN).commit_index();
    let effects = cluster.receive(from, OWN, message.term.0, message.body.clone());
    let mut answers: Vec<_> = cluster.wire.drain(..).map(|e| said(&e)).collect();
    cluster.sync(OWN);
    let late: Vec<_> = cluster.wire.drain(..).map(|e| said(&e)).collect();
    if !late.is_empty() {
        answers.push("disk".to_owned());
        answers.extend(late);
    }
    for effect in effects {
        if let Effect::Committed { through } = effect {
            answers.push(format!("applies {}..{through}", before.next()));
        }
    }
    answers
}

/// Plays a card and crashes the server as soon as its last answer has left, with no more on disk
/// than that answer needed. Its promise must hold after the restart. Then the function crashes it
/// again with all of its writes done: it must be the same as before.
///
/// # Errors
/// The promise that does not hold.
pub fn crash_after_reply(rules: impl Rules + Clone + 'static, card: &Card) -> Result<(), String> {
    let mut cluster = Cluster::begin(rules.clone(), card.before);
    cluster.checked = false;
    let mut promises = Vec::new();
    for (from, message) in &card.messages {
        cluster.receive(*from, OWN, message.term.0, message.body.clone());
        while cluster.wire.is_empty() {
            let Some(next) = cluster.disks[&n(OWN)].in_flight.front() else {
                break;
            };
            cluster.durable(OWN, next.id.0);
        }
        promises.extend(cluster.wire.drain(..));
    }
    let held = cluster.terms(OWN);
    restart(&mut cluster);
    for promise in &promises {
        keeps(&cluster, promise, &held)?;
    }
    let mut cluster = Cluster::begin(rules, card.before);
    cluster.checked = false;
    for (from, message) in &card.messages {
        react(&mut cluster, *from, message);
    }
    let of = |cluster: &Cluster| {
        let raft = cluster.node(OWN);
        (raft.current_term(), raft.voted_for(), cluster.terms(OWN))
    };
    let was = of(&cluster);
    restart(&mut cluster);
    let is = of(&cluster);
    (was == is)
        .then_some(())
        .ok_or_else(|| format!("was {was:?}, is {is:?} after the crash"))
}

fn restart(cluster: &mut Cluster) {
    cluster.crash(OWN);
    cluster.start(OWN);
}

/// Whether the restarted server still keeps its promise, which it made when its log was `held`.
fn keeps(cluster: &Cluster, said_before: &Envelope, held: &[u64]) -> Result<(), String> {
    let (raft, log) = (cluster.node(OWN), cluster.terms(OWN));
    let Envelope { to, message, .. } = said_before;
    let kept = match &message.body {
        Body::RequestVoteReply { granted: true } => {
            let later = raft.current_term() > message.term;
            later || (raft.current_term(), raft.voted_for()) == (message.term, Some(*to))
        }
        Body::AppendEntriesReply(AppendEntriesReply {
            outcome: Outcome::Accepted { match_index },
            ..
        }) => {
            let promised = match_index.0 as usize;
            log.len() >= promised && log[..promised] == held[..promised]
        }
        _ => true,
    };
    let lost = || format!("{}, then forgets: {}", said(said_before), cluster.shown());
    kept.then_some(()).ok_or_else(lost)
}
