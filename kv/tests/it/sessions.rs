//! Claims about sessions that clients open (dissertation, section 6.3): they expire by the log's
//! own time, at the same entry everywhere, and a client with an expired session gets an error.

use std::collections::BTreeMap;

use crate::common::{Cluster, append, found, plain, put, written};
use kv::{
    Answer, Applied, ClientId, ClusterTime, Command, Compaction, Entry, Machine, Op, OpRef,
    Options, Outcome, ReadBy, Request, Response, Serial, SessionId, Snapshot,
};
use proptest::prelude::*;
use raft_core::{EntryId, Index, NodeId, Settings, Span, Term};

const MS: u64 = 1_000_000;

/// A cluster led by node 1, with sessions that expire after 1 s without use.
fn cluster() -> Cluster {
    let options = Options {
        session_timeout: Some(Span(1000 * MS)),
        ..Options::default()
    };
    let mut cluster = Cluster::with(plain(), options);
    cluster.elect(1, &[1, 2, 3]);
    cluster
}

fn run(cluster: &mut Cluster, leader: u64, serial: u64, request: &Request) -> Response {
    cluster.request(leader, serial, request);
    cluster.deliver(&[1, 2, 3]);
    let (answered, response) = cluster.replies.last().expect("it is answered").clone();
    assert_eq!(answered, serial);
    response
}

fn open(cluster: &mut Cluster, leader: u64, serial: u64) -> SessionId {
    match run(cluster, leader, serial, &Request::OpenSession) {
        Response::SessionOpened { session, lasts } => {
            assert_eq!(lasts, cluster.options.session_timeout);
            session
        }
        other => panic!("no session was opened: {other:?}"),
    }
}

fn within(session: SessionId, op: Op) -> Request {
    Request::Operation {
        op,
        read: ReadBy::Log,
        session: Some(session),
    }
}

fn later(cluster: &mut Cluster, ms: u64) {
    cluster.now = cluster.now.after(Span(ms * MS));
}

#[test]
fn a_retry_in_a_session_is_answered_and_not_executed_again_also_by_the_next_leader() {
    let mut cluster = cluster();
    let session = open(&mut cluster, 1, 1);
    let request = within(session, append("x"));
    assert_eq!(run(&mut cluster, 1, 2, &request), written(1, 3));
    assert_eq!(run(&mut cluster, 1, 2, &request), written(1, 4));
    cluster.elect(2, &[1, 2, 3]);
    assert_eq!(run(&mut cluster, 2, 2, &request), written(1, 6));
    assert_eq!(cluster.value(2).answer, Answer::Value(Some("x".into())));
}

#[test]
fn a_command_whose_session_expired_gets_an_error_and_is_not_executed_in_a_new_one() {
    let mut cluster = cluster();
    let session = open(&mut cluster, 1, 1);
    let request = within(session, append("x"));
    assert_eq!(run(&mut cluster, 1, 2, &request), written(1, 3));
    later(&mut cluster, 1000);
    // The same request again: a second execution would append twice.
    let answer = run(&mut cluster, 1, 2, &request);
    assert_eq!(answer, Response::SessionExpired);
    let answer = run(&mut cluster, 1, 3, &Request::KeepSession { session });
    assert_eq!(answer, Response::SessionExpired);
    assert_eq!(cluster.value(1).answer, Answer::Value(Some("x".into())));
    let session = open(&mut cluster, 1, 4);
    let request = within(session, append("y"));
    assert_eq!(run(&mut cluster, 1, 5, &request), written(2, 7));
}

#[test]
fn a_client_keeps_its_session_while_it_is_idle() {
    let mut cluster = cluster();
    let session = open(&mut cluster, 1, 1);
    for serial in 2..6 {
        later(&mut cluster, 900);
        let answer = run(&mut cluster, 1, serial, &Request::KeepSession { session });
        assert_eq!(answer, Response::SessionKept);
    }
    later(&mut cluster, 900);
    let request = within(session, put("x"));
    assert_eq!(run(&mut cluster, 1, 6, &request), written(1, 7));
}

#[test]
fn whatever_is_asked_in_a_session_keeps_it_but_not_what_others_ask() {
    let mut cluster = cluster();
    let [used, unused] = [1, 2].map(|serial| open(&mut cluster, 1, serial));
    later(&mut cluster, 600);
    // An old request with an old answer still shows that the client is alive.
    let get = within(used, Op::Get { key: "k".into() });
    run(&mut cluster, 1, 3, &get);
    later(&mut cluster, 600);
    assert_eq!(
        run(&mut cluster, 1, 3, &get),
        Response::Done {
            reply: cluster.value(1),
            index: Index(5)
        }
    );
    let answer = run(&mut cluster, 1, 4, &within(unused, put("x")));
    assert_eq!(answer, Response::SessionExpired);
}

#[test]
fn a_sessions_age_is_measured_by_the_logs_time_whatever_the_servers_own_clocks_say() {
    let mut cluster = cluster();
    // No two clocks agree, and some are off by more than the duration of a session.
    cluster.ahead.insert(NodeId(2), Span(3_000 * MS));
    cluster.ahead.insert(NodeId(3), Span(70_000 * MS));
    let session = open(&mut cluster, 1, 1);
    for (serial, leader) in [(2, 2), (3, 3), (4, 1), (5, 3)] {
        cluster.elect(leader, &[1, 2, 3]);
        let answer = run(&mut cluster, leader, serial, &within(session, put("x")));
        assert_eq!(
            answer,
            written(serial - 1, cluster.node(leader).machine().applied())
        );
    }
    // `Cluster` compares the state after every entry, including sessions and their times.
    cluster.calm();
    let times = [1, 2, 3].map(|id| cluster.node(id).machine().time());
    assert!(times.iter().all(|time| *time == times[0]), "{times:?}");
}

#[test]
fn a_request_that_a_follower_passes_on_is_stamped_by_the_leader() {
    let mut cluster = Cluster::with(
        Settings {
            forward_proposals: true,
            ..plain()
        },
        Options {
            session_timeout: Some(Span(1000 * MS)),
            ..Options::default()
        },
    );
    cluster.elect(1, &[1, 2, 3]);
    let session = open(&mut cluster, 1, 1);
    // The follower's clock is set forward, so that by this clock the session expired long ago.
    cluster.ahead.insert(NodeId(2), Span(3_600_000 * MS));
    cluster.request(2, 2, &within(session, put("x")));
    cluster.deliver(&[1, 2, 3]);
    cluster.wake(1, &[1, 2, 3]);
    assert_eq!(cluster.replies.last(), Some(&(2, written(1, 3))));
    assert!(cluster.node(1).machine().time() < ClusterTime(10_000 * MS));
}

#[test]
fn how_long_a_session_lasts_is_the_leaders_word_whoever_was_asked_for_it() {
    let settings = Settings {
        forward_proposals: true,
        ..plain()
    };
    let lasts = |ms| Options {
        session_timeout: Some(Span(ms * MS)),
        ..Options::default()
    };
    let mut cluster = Cluster::with(settings, lasts(1000));
    cluster.options = lasts(7000);
    cluster.start(2);
    cluster.elect(1, &[1, 2, 3]);
    cluster.request(2, 1, &Request::OpenSession);
    cluster.deliver(&[1, 2, 3]);
    cluster.wake(1, &[1, 2, 3]);
    let opened = Response::SessionOpened {
        session: SessionId(2),
        lasts: Some(Span(1000 * MS)),
    };
    assert_eq!(cluster.replies.last(), Some(&(1, opened)));
}

#[test]
fn time_goes_on_when_the_leader_changes() {
    let mut cluster = cluster();
    let session = open(&mut cluster, 1, 1);
    later(&mut cluster, 500);
    cluster.crash(1);
    cluster.elect(2, &[2, 3]);
    later(&mut cluster, 600);
    cluster.request(2, 2, &within(session, put("x")));
    cluster.deliver(&[2, 3]);
    let last = cluster.replies.last();
    assert_eq!(last, Some(&(2, Response::SessionExpired)));
}

#[test]
fn time_stands_still_while_no_server_runs() {
    let mut cluster = cluster();
    let session = open(&mut cluster, 1, 1);
    cluster.calm();
    (1..=3).for_each(|id| cluster.crash(id));
    later(&mut cluster, 5000);
    (1..=3).for_each(|id| cluster.start(id));
    cluster.elect(2, &[1, 2, 3]);
    let answer = run(&mut cluster, 2, 2, &within(session, put("x")));
    assert_eq!(answer, written(1, 4));
}

#[test]
fn a_server_that_starts_counts_on_from_its_log() {
    let mut cluster = cluster();
    later(&mut cluster, 50_000);
    let session = open(&mut cluster, 1, 1);
    cluster.calm();
    let all = [NodeId(1), NodeId(2), NodeId(3)];
    for id in all {
        cluster.crash(id.0);
        cluster.ahead.insert(id, Span(7 * id.0 * MS));
        cluster.start(id.0);
    }
    cluster.elect(2, &[1, 2, 3]);
    later(&mut cluster, 1000);
    let answer = run(&mut cluster, 2, 2, &within(session, put("x")));
    assert_eq!(answer, Response::SessionExpired);
}

#[test]
fn a_server_that_was_given_a_snapshot_counts_on_from_it() {
    let mut cluster = cluster();
    cluster.crash(3);
    later(&mut cluster, 50_000);
    let session = open(&mut cluster, 1, 1);
    cluster.operate(1, kv::Operator::Snapshot);
    cluster.operate(1, kv::Operator::Compact);
    cluster.calm();
    assert!(
        cluster.node(3).raft().snapshot().is_some(),
        "it was sent one"
    );
    cluster.elect(3, &[1, 2, 3]);
    later(&mut cluster, 1000);
    let answer = run(&mut cluster, 3, 2, &within(session, put("x")));
    assert_eq!(answer, Response::SessionExpired);
}

#[test]
fn a_snapshot_brings_sessions_and_their_times() {
    let mut cluster = cluster();
    cluster.options.compaction = Compaction {
        entries: Some(4),
        ..Compaction::default()
    };
    (1..=3).for_each(|id| cluster.start(id));
    cluster.elect(1, &[1, 2, 3]);
    cluster.crash(3);
    let session = open(&mut cluster, 1, 1);
    for serial in 2..9 {
        later(&mut cluster, 100);
        let request = within(session, append("x"));
        cluster.request(1, serial, &request);
        cluster.deliver(&[1, 2]);
    }
    cluster.calm();
    assert!(
        cluster.node(3).raft().snapshot().is_some(),
        "it was sent one"
    );
    let sessions = |id| {
        cluster
            .node(id)
            .machine()
            .open_sessions()
            .collect::<Vec<_>>()
    };
    assert_eq!(sessions(3), sessions(1));
    assert_eq!(
        cluster.node(3).machine().time(),
        cluster.node(1).machine().time()
    );
    cluster.elect(3, &[1, 2, 3]);
    let retried = run(&mut cluster, 3, 8, &within(session, append("x")));
    assert_eq!(retried, written(7, cluster.node(3).machine().applied()));
}

#[test]
fn a_session_is_its_clients_alone_and_a_retry_of_opening_opens_another() {
    let mut cluster = cluster();
    let session = open(&mut cluster, 1, 1);
    let again = open(&mut cluster, 1, 1);
    assert_ne!(session, again);
    cluster.request_of(8, 1, 2, &within(session, put("x")));
    cluster.deliver(&[1, 2, 3]);
    assert_eq!(cluster.replies.last(), Some(&(2, Response::SessionExpired)));
    assert_eq!(
        run(&mut cluster, 1, 2, &within(session, put("x"))),
        written(1, 5)
    );
}

#[test]
fn without_a_timeout_sessions_last_for_ever() {
    let mut cluster = cluster();
    cluster.options.session_timeout = None;
    (1..=3).for_each(|id| cluster.start(id));
    cluster.elect(1, &[1, 2, 3]);
    let session = open(&mut cluster, 1, 1);
    later(&mut cluster, 1_000_000);
    cluster.elect(1, &[1, 2, 3]);
    assert!(matches!(
        run(&mut cluster, 1, 2, &within(session, put("x"))),
        Response::Done { .. }
    ));
    assert!(matches!(
        run(&mut cluster, 1, 3, &within(session, Op::Get { key: "k".into() })),
        Response::Done { reply, .. } if found("x", 1, 0) == Response::Done { reply: reply.clone(), index: Index(0) }
    ));
}

/// One entry: its client, its serial, its session among those opened so far, and its delay.
#[derive(Clone, Debug)]
enum Step {
    Open {
        client: u64,
        lasts: Option<u64>,
    },
    Keep {
        client: u64,
        session: u64,
    },
    Append {
        client: u64,
        session: u64,
        serial: u64,
    },
}

fn step() -> impl Strategy<Value = (u64, Step)> {
    let (client, session) = (0..3_u64, 0..12_u64);
    let step = prop_oneof![
        2 => (client.clone(), prop::option::of(1..40_u64))
            .prop_map(|(client, lasts)| Step::Open { client, lasts }),
        1 => (client.clone(), session.clone())
            .prop_map(|(client, session)| Step::Keep { client, session }),
        5 => (client, session, 0..5_u64)
            .prop_map(|(client, session, serial)| Step::Append { client, session, serial }),
    ];
    // Times that mostly grow, and sometimes go back.
    (0..20_u64, step)
}

/// The rules without regard for cost: all sessions ever opened, and their last uses.
#[derive(Default)]
struct Model {
    now: u64,
    sessions: BTreeMap<u64, (u64, Option<u64>, u64, Option<u64>)>,
    value: String,
}

#[derive(Debug, PartialEq)]
enum Came {
    Executed,
    Repeated,
    Superseded,
    Expired,
    Opened,
    Kept,
}

impl Model {
    fn alive(&self, client: u64, session: u64) -> bool {
        let found = self.sessions.get(&session);
        found.is_some_and(|(whose, lasts, used, _)| {
            *whose == client && lasts.is_none_or(|lasts| self.now - used < lasts)
        })
    }

    fn apply(&mut self, index: u64, time: u64, step: &Step) -> Came {
        // An expired session stays expired, even if a later stamp is smaller.
        self.now = self.now.max(time);
        match *step {
            Step::Open { client, lasts } => {
                self.sessions.insert(index, (client, lasts, self.now, None));
                Came::Opened
            }
            Step::Keep { client, session }
            | Step::Append {
                client, session, ..
            } if !self.alive(client, session) => Came::Expired,
            Step::Keep { session, .. } => {
                self.sessions.get_mut(&session).expect("it is alive").2 = self.now;
                Came::Kept
            }
            Step::Append {
                session, serial, ..
            } => {
                let (_, _, used, newest) = self.sessions.get_mut(&session).expect("it is alive");
                *used = self.now;
                match newest {
                    Some(newest) if *newest == serial => Came::Repeated,
                    Some(newest) if *newest > serial => Came::Superseded,
                    _ => {
                        *newest = Some(serial);
                        self.value.push('x');
                        Came::Executed
                    }
                }
            }
        }
    }
}

fn payload(index: u64, time: u64, step: &Step) -> std::sync::Arc<[u8]> {
    let time = ClusterTime(time);
    match *step {
        Step::Open { client, lasts } => Entry::Open {
            time,
            client: ClientId(client),
            serial: Serial(index),
            lasts: lasts.map(Span),
        },
        Step::Keep { client, session } => Entry::Keep {
            time,
            client: ClientId(client),
            serial: Serial(index),
            session: SessionId(session),
        },
        Step::Append {
            client,
            session,
            serial,
        } => Entry::InSession {
            time,
            session: SessionId(session),
            command: Command {
                client: ClientId(client),
                serial: Serial(serial),
                op: OpRef::Append {
                    key: b"k",
                    value: b"x",
                },
            },
        },
    }
    .encode()
}

fn came(applied: Applied<'_>) -> Came {
    let Applied::Command { outcome, .. } = applied else {
        panic!("it was a request");
    };
    match outcome {
        Outcome::Executed(_) => Came::Executed,
        Outcome::Repeated(_) => Came::Repeated,
        Outcome::Superseded => Came::Superseded,
        Outcome::Expired => Came::Expired,
        Outcome::Opened { .. } => Came::Opened,
        Outcome::Kept => Came::Kept,
    }
}

proptest! {
    #[test]
    fn all_servers_expire_a_session_at_the_same_place_of_the_log(
        steps in prop::collection::vec(step(), 1..60), cut: prop::sample::Index,
    ) {
        let (mut machine, mut model): (Machine, _) = (Machine::default(), Model::default());
        // Another server, which installs a snapshot on the way and continues from there.
        let mut other = machine.clone();
        let cut = cut.index(steps.len()) as u64 + 1;
        let mut now = 0;
        for (index, (later, step)) in (1..).zip(&steps) {
            let time = match later {
                0 => now / 2,
                later => now + later,
            };
            now = now.max(time);
            let payload = payload(index, time, step);
            let expected = model.apply(index, time, step);
            prop_assert_eq!(came(machine.apply(index, &payload)), expected, "at index {}", index);
            if index > cut {
                other.apply(index, &payload);
                prop_assert_eq!(&other, &machine);
                prop_assert_eq!(other.hash(), machine.hash());
            }
            if index == cut {
                let last = EntryId { index: Index(index), term: Term(1) };
                let snapshot = Snapshot::of(&machine, last);
                other = Machine::decode(kv::Standard, &snapshot.bytes).unwrap();
                prop_assert_eq!(&other, &machine);
                prop_assert_eq!(Snapshot::of(&other, last), snapshot);
            }
            let alive = model.sessions.iter().filter(|(id, session)| model.alive(session.0, **id));
            let alive: Vec<_> = alive.map(|(id, s)| (SessionId(*id), ClientId(s.0), ClusterTime(s.2))).collect();
            prop_assert_eq!(machine.open_sessions().collect::<Vec<_>>(), alive);
        }
        let value = machine.read(b"k").answer;
        let expected = (!model.value.is_empty()).then(|| model.value.as_str().into());
        prop_assert_eq!(value, Answer::Value(expected));
    }

    #[test]
    fn no_bytes_after_a_snapshots_sessions_break_the_reader(
        steps in prop::collection::vec(step(), 1..20), place: prop::sample::Index, change in 1u8..=255,
    ) {
        let mut machine: Machine = Machine::default();
        for (index, (time, step)) in (1..).zip(&steps) {
            machine.apply(index, &payload(index, time + 1, step));
        }
        let last = EntryId { index: Index(machine.applied()), term: Term(1) };
        let mut bytes = Snapshot::of(&machine, last).bytes.to_vec();
        let place = place.index(bytes.len());
        bytes[place] ^= change;
        if let Ok(mut other) = Machine::decode(kv::Standard, &bytes) {
            let last = EntryId { index: Index(other.applied()), term: Term(1) };
            if other.applied() > 0 {
                prop_assert_eq!(Snapshot::of(&other, last).bytes.to_vec(), bytes, "each state has one form");
            }
            if let Some(next) = other.applied().checked_add(1) {
                other.apply(next, &payload(next, u64::MAX, &Step::Open { client: 1, lasts: Some(1) }));
            }
        }
    }
}
